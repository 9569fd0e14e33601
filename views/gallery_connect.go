package views

import (
	"time"

	"fairlead"
)

func (c canned) connect(change func(*Connect)) Connect {
	v := Connect{Provider: c.provider(), Kind: c.kind(), Return: "/projects/ORDERS/repositories/new/gp_example"}
	change(&v)
	return v
}

func (c canned) denied() *fairlead.Diagnosis {
	return &fairlead.Diagnosis{Code: fairlead.DiagnosisDenied, Title: "Access was not granted", Because: "Someone chose Cancel in the Bitbucket window.", At: c.now,
		Fix: []string{"Choose **Try again** and then **Grant access** on Bitbucket."}}
}

func (c canned) noCallback() *fairlead.Diagnosis {
	return &fairlead.Diagnosis{Code: fairlead.DiagnosisNoCallback, Title: "Bitbucket did not come back", At: c.now,
		Because: "Nothing reached `" + cannedCallback + "` in 2 minutes. Fairlead goes on waiting."}
}

// connections shows a person's connections, and where one is made.
func (c canned) connections() []Exhibit {
	use := func(state fairlead.ConnectionState, links ...fairlead.RepositoryLink) ConnectionRow {
		return ConnectionRow{ConnectionUse: fairlead.ConnectionUse{Connection: c.connection(c.owner(), state), Links: links}, Provider: c.provider(), Kind: c.kind()}
	}
	reports := c.link()
	reports.ID, reports.Repository.FullName, reports.Project.Name = "rl_2", "acme-data/orders-reports", "Billing"
	page := func(name, title string, e Exhibit) Exhibit {
		e.Name, e.Page.Title, e.Page.Area = name, title, AreaConnections
		return e
	}
	list := func(name string, v Connections) Exhibit {
		return page(name, "Connections", Exhibit{Content: ConnectionsPage(v)})
	}
	waiting := c.connect(func(v *Connect) { v.Since, v.Return = c.now, ConnectionsPath })
	second := c.provider()
	second.DisplayName = "Bitbucket.org 2"
	disconnect := func(name string, links ...fairlead.RepositoryLink) Exhibit {
		return page(name, "Disconnect", Exhibit{Content: DisconnectPage(Disconnect{Connection: c.connection(c.owner(), fairlead.ConnectionAlive), Provider: c.provider(), Kind: c.kind(), Links: links})})
	}
	window := bare("window-connect-checking", "Opening Bitbucket.org", ConnectCheckingWindow(c.kind()))
	back := bare("window-connect-returned", "Back from Bitbucket.org", ReturnedWindow(Returned{Kind: c.kind(), Continue: waiting.Return, Account: true}))
	window.Page.Layout, back.Page.Layout = LayoutWindow, LayoutWindow
	return []Exhibit{
		list("connections", Connections{Rows: []ConnectionRow{use(fairlead.ConnectionAlive, c.link(), reports)}, Others: []ProviderChoice{{Provider: second, Kind: c.kind()}}}),
		list("connections-dead", Connections{Rows: []ConnectionRow{use(fairlead.ConnectionDead, c.link(), reports)}}),
		list("connections-renew", Connections{Rows: []ConnectionRow{use(fairlead.ConnectionRenew, c.link())}}),
		list("connections-unused", Connections{Rows: []ConnectionRow{use(fairlead.ConnectionAlive)}}),
		list("connections-none", Connections{MayAdd: true}),
		list("connections-none-member", Connections{Owners: []string{"Priya Raman", "Ana Brandt"}}),
		disconnect("connection-disconnect", c.link(), reports),
		disconnect("connection-disconnect-unused"),
		page("connect", "Connect an account", Exhibit{Content: ConnectPage(waiting)}),
		window, back,
	}
}

// linking shows the four steps of linking a repository.
func (c canned) linking() []Exhibit {
	step := func(n int, name string, e Exhibit) Exhibit {
		e.Name, e.Page.Title, e.Page.Area = name, LinkStepTitle(n), AreaRepositories
		return c.inProject(e, c.orders())
	}
	choose := func(name string, v LinkProvider) Exhibit {
		v.Project = c.orders()
		return step(1, name, Exhibit{Content: LinkProviderStep(v)})
	}
	connect := func(name string, change func(*Connect)) Exhibit {
		return step(1, name, Exhibit{Content: LinkConnectStep(LinkConnect{Project: c.orders(), Connect: c.connect(change), Multiple: name == "link-new-connected"})})
	}
	choices := []ProviderChoice{{Provider: c.provider(), Kind: c.kind(), Connection: c.connection(c.owner(), fairlead.ConnectionAlive)},
		{Provider: fairlead.GitProvider{ID: "gp_other", DisplayName: "Bitbucket.org 2"}, Kind: c.kind()}}
	return append([]Exhibit{
		choose("link-new", LinkProvider{Choices: choices, Chosen: "gp_example"}),
		choose("link-new-error", LinkProvider{Choices: choices, Errors: Errors{{Field: "provider", Message: "Choose a Git provider"}}}),
		choose("link-new-no-provider", LinkProvider{Owners: []string{"Priya Raman"}}),
		connect("link-new-connect", func(*Connect) {}),
		connect("link-new-waiting", func(v *Connect) { v.Since = c.now }),
		connect("link-new-waiting-help", func(v *Connect) { v.Since, v.Stage = c.now, 1 }),
		connect("link-new-no-callback", func(v *Connect) { v.Since, v.Stage, v.Diagnosis = c.now, 2, c.noCallback() }),
		connect("link-new-denied", func(v *Connect) { v.Diagnosis = c.denied() }),
		connect("link-new-again", func(v *Connect) { v.Connection = c.connection(c.owner(), fairlead.ConnectionDead) }),
		connect("link-new-connected", func(v *Connect) { v.Connection = c.connection(c.owner(), fairlead.ConnectionAlive) }),
	}, append(c.picking(step), append(c.following(step), c.confirming(step)...)...)...)
}

// drawStep makes an exhibit of a step.
type drawStep func(n int, name string, e Exhibit) Exhibit

func (c canned) picking(step drawStep) []Exhibit {
	show := func(name string, change func(*LinkRepository)) Exhibit {
		v := LinkRepository{Project: c.orders(), Provider: c.provider(), Kind: c.kind(), Connection: c.connection(c.owner(), fairlead.ConnectionAlive), Owner: "acme-data",
			Owners:       []fairlead.RepositoryOwner{{Slug: "acme-data", Name: "Acme Data"}, {Slug: "acme-web"}},
			Repositories: c.repositories(), Linked: map[string]fairlead.RepositoryLink{"{orders-reports}": c.link()}, Next: "2"}
		for i := range v.Repositories {
			v.Repositories[i].UpdatedAt = time.Time{} // Bitbucket's list does not tell
		}
		change(&v)
		return step(2, name, Exhibit{Content: LinkRepositoryStep(v)})
	}
	down := &fairlead.Diagnosis{Code: fairlead.DiagnosisHostError, Title: "Bitbucket.org has a problem", Because: "It answered 503 three times.", At: c.now, Fix: []string{"Wait a moment and choose **Try again**."},
		Answers: []fairlead.Answer{{Request: "GET https://api.bitbucket.org/2.0/repositories/acme-data", Status: "503 Service Unavailable", Text: "upstream connect error"}}}
	checks := []fairlead.HealthCheck{
		{Name: "The address", OK: true, Evidence: "acme-data/secret-db"},
		{Name: "The Bitbucket workspace", OK: true, Evidence: "acme-data, member"},
		{Name: "The repository", Code: fairlead.DiagnosisRepositoryGone, Evidence: "not found", Text: "Bitbucket says that there is none, or that Priya Raman may not see it. It does not tell which. Check the name, or ask an admin of the repository for access."},
		{Name: "Admin rights", Evidence: "not tried"},
	}
	return []Exhibit{
		show("link-pick", func(*LinkRepository) {}),
		show("link-pick-second-page", func(v *LinkRepository) { v.Page, v.Next = "2", "" }),
		show("link-pick-pasted", func(v *LinkRepository) {
			v.Search, v.Repositories, v.Next = "https://bitbucket.org/acme-data/orders-db", c.repositories()[:1], ""
		}),
		show("link-pick-nothing", func(v *LinkRepository) { v.Repositories, v.Next, v.Search = nil, "", "invoices" }),
		show("link-pick-empty", func(v *LinkRepository) { v.Repositories, v.Next = nil, "" }),
		show("link-pick-no-owner", func(v *LinkRepository) { v.Owners, v.Owner, v.Repositories, v.Next = nil, "", nil, "" }),
		show("link-pick-failed", func(v *LinkRepository) { v.Diagnosis, v.Repositories = down, nil }),
		show("link-pick-error", func(v *LinkRepository) {
			v.Search, v.Repositories, v.Next = "https://bitbucket.org/acme-data/secret-db", nil, ""
			v.Errors = Errors{{Field: "q", Message: "Bitbucket knows no acme-data/secret-db, or Priya Raman may not see it"}}
		}),
		show("link-pick-missing", func(v *LinkRepository) {
			v.Missing = &MissingRepository{Typed: "acme-data/secret-db", Checks: checks}
		}),
	}
}

func (c canned) rule(change func(*LinkRule)) LinkRule {
	branches := []fairlead.Branch{{Name: "main", Head: cannedHead}, {Name: "release/2.1", Head: cannedHead}, {Name: "feature/invoice-index", Head: cannedHead}}
	files := []string{".gitattributes", "README.md", "migrations/0001_orders.sql"}
	v := LinkRule{Project: c.orders(), Provider: c.provider(), Kind: c.kind(), Repository: c.repositories()[0], Branch: "main", Branches: branches,
		Preview: &RulePreview{Rule: fairlead.LinkRule{Branch: "main"}, Branches: branches[:1], FilesOf: "main", Files: files, FilesMatched: 312, FilesTotal: 312}}
	change(&v)
	return v
}

func (c canned) following(step drawStep) []Exhibit {
	files := []string{"migrations/0001_orders.sql", "migrations/0002_invoices.sql", "migrations/2026/0003_a_rather_long_name_of_a_migration_that_adds_an_index.sql"}
	filtered := fairlead.LinkRule{Branch: "release/*", Paths: fairlead.PathFilter{"migrations"}}
	show := func(name string, change func(*LinkRule)) Exhibit {
		return step(3, name, Exhibit{Content: LinkRuleStep(c.rule(change))})
	}
	edit := c.rule(func(v *LinkRule) {
		v.Link, v.Paths, v.Tags = cannedLink, "migrations", true
		v.Preview.Rule, v.Preview.Files, v.Preview.FilesMatched = fairlead.LinkRule{Branch: "main", Paths: fairlead.PathFilter{"migrations"}}, files, len(files)
	})
	edited := step(3, "link-edit", Exhibit{Content: EditLinkPage(edit)})
	edited.Page.Title = "Edit · acme-data/orders-db"
	wrong := Errors{{Field: "branch", Message: "Enter a branch"}, {Field: "paths", Message: "Enter a/../b as a plain path, without //, ./ or ../"}}
	return []Exhibit{
		show("link-rule", func(*LinkRule) {}),
		show("link-rule-looking", func(v *LinkRule) { v.Preview = nil }),
		show("link-rule-pattern", func(v *LinkRule) {
			v.Branch, v.Paths = "release/*", "migrations"
			v.Preview = &RulePreview{Rule: filtered, Branches: v.Branches[1:2], MoreBranches: true, FilesOf: "release/2.1", Files: files, FilesMatched: 41, FilesTotal: 2000, MoreFiles: true}
		}),
		show("link-rule-no-file", func(v *LinkRule) {
			v.Paths = "migration"
			v.Preview = &RulePreview{Rule: fairlead.LinkRule{Branch: "main", Paths: fairlead.PathFilter{"migration"}}, Branches: v.Branches[:1], FilesOf: "main", FilesTotal: 312}
		}),
		show("link-rule-no-branch", func(v *LinkRule) {
			v.Branch = "trunk"
			v.Preview = &RulePreview{Rule: fairlead.LinkRule{Branch: "trunk"}}
		}),
		show("link-rule-error", func(v *LinkRule) {
			v.Branch, v.Paths, v.Errors = "", "a/../b", wrong
			v.Preview = &RulePreview{Errors: wrong}
		}),
		show("link-rule-failed", func(v *LinkRule) {
			v.Preview = &RulePreview{Diagnosis: &fairlead.Diagnosis{Code: fairlead.DiagnosisTimeout, Title: "Bitbucket.org did not answer in 10 seconds"}}
		}),
		edited,
	}
}

func (c canned) confirming(step drawStep) []Exhibit {
	show := func(name string, change func(*LinkConfirm)) Exhibit {
		v := LinkConfirm{ID: cannedLink, Project: c.orders(), Provider: c.provider(), Kind: c.kind(), Connection: c.connection(c.owner(), fairlead.ConnectionAlive),
			Repository: c.repositories()[0], Rule: fairlead.LinkRule{Branch: "main", Paths: fairlead.PathFilter{"migrations", "seeds/**/*.sql"}, Tags: true}, Head: cannedHead,
			WebhookURL: cannedWebhook, Events: []string{"repo:push"}, External: cannedURL, CatchUp: 15 * time.Minute}
		change(&v)
		return step(4, name, Exhibit{Content: LinkConfirmStep(v)})
	}
	refused := &fairlead.Diagnosis{Code: fairlead.DiagnosisWebhookRefused, Title: "Bitbucket did not accept the webhook’s address", At: c.now,
		Because: "It answered that `" + cannedWebhook + "` is not a public address.", Fix: []string{"Start Fairlead with a public address as `--external-url`."}}
	return []Exhibit{
		show("link-confirm", func(*LinkConfirm) {}),
		show("link-confirm-polling", func(v *LinkConfirm) { v.Polling, v.External = true, "http://fairlead.lan" }),
		show("link-confirm-existing", func(v *LinkConfirm) { v.Existing = []fairlead.RepositoryLink{c.link()} }),
		show("link-confirm-problem", func(v *LinkConfirm) { v.Diagnosis = refused }),
	}
}
