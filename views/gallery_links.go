package views

import (
	"time"

	"fairlead"
)

func (c canned) orders() fairlead.Project {
	return fairlead.Project{ID: "pr_orders", Name: "Orders", Key: "ORDERS", CreatedAt: c.now.Add(-30 * 24 * time.Hour)}
}

func (c canned) ana() fairlead.Person {
	return fairlead.Person{ID: "pe_ana", Email: "ana@acme.example", Name: "Ana Brandt", Role: fairlead.RoleMember}
}

func (c canned) provider() fairlead.GitProvider {
	return fairlead.GitProvider{ID: "gp_example", Kind: c.kind().ID, InstanceURL: "https://bitbucket.org", DisplayName: "Bitbucket.org", ApplicationID: cannedID}
}

func (c canned) connection(person fairlead.Person, state fairlead.ConnectionState) fairlead.Connection {
	connection := fairlead.Connection{ID: "co_" + person.ID, ProviderID: "gp_example", Person: person, Account: fairlead.Account{Name: person.Name}, State: state,
		CreatedAt: c.now.Add(-12 * 24 * time.Hour)}
	switch state {
	case fairlead.ConnectionDead:
		connection.Diagnosis = &fairlead.Diagnosis{Code: fairlead.DiagnosisConnectionExpired, Title: "Bitbucket no longer takes the authorization of " + person.Name, At: c.now}
	case fairlead.ConnectionRenew:
		connection.Diagnosis = &fairlead.Diagnosis{Code: fairlead.DiagnosisConnectionReplaced, Title: "The Application ID of Bitbucket.org was replaced", At: c.now}
	}
	return connection
}

const (
	cannedLink    = "rl_h4kq7wz2mvx9cbnt"
	cannedWebhook = cannedURL + "/hooks/" + cannedLink
	cannedHead    = "9b1c07d2f4e86a3b5c7d9e0f1a2b3c4d5e6f7a8b"
)

func (c canned) repositories() []fairlead.Repository {
	changed := c.now.Add(-50 * time.Hour)
	return []fairlead.Repository{
		{ID: "{orders-db}", FullName: "acme-data/orders-db", MainBranch: "main", Private: true, Access: fairlead.AccessAdmin, WebURL: "https://bitbucket.org/acme-data/orders-db", UpdatedAt: changed},
		{ID: "{orders-reports}", FullName: "acme-data/orders-reports", MainBranch: "main", Private: true, Access: fairlead.AccessAdmin, UpdatedAt: changed},
		{ID: "{billing-db}", FullName: "acme-data/billing-db", MainBranch: "master", Private: true, Access: fairlead.AccessWrite, UpdatedAt: changed},
		{ID: "{empty}", FullName: "acme-data/a-repository-with-a-rather-long-name-that-has-no-commit", Access: fairlead.AccessAdmin, UpdatedAt: changed},
		{ID: "{style-guide}", FullName: "acme-data/style-guide", MainBranch: "main", Access: fairlead.AccessRead, UpdatedAt: changed},
	}
}

// link is a healthy link that Priya made.
func (c canned) link() fairlead.RepositoryLink {
	return fairlead.RepositoryLink{ID: cannedLink, Project: c.orders(), ProviderID: "gp_example", Connection: c.connection(c.owner(), fairlead.ConnectionAlive),
		Repository: c.repositories()[0], Rule: fairlead.LinkRule{Branch: "main", Paths: fairlead.PathFilter{"migrations", "seeds/**/*.sql"}},
		Webhook: fairlead.Webhook{ID: "{hook}", URL: cannedWebhook, Active: true, Signed: true, Events: []string{"repo:push"}}, Health: c.health(),
		CreatedBy: c.owner(), CreatedAt: c.now.Add(-10 * 24 * time.Hour), LastPushAt: c.now.Add(-4 * time.Minute), SyncedAt: c.now.Add(-3 * time.Minute)}
}

func (c canned) health() fairlead.Health {
	return fairlead.Health{CheckedAt: c.now.Add(-20 * time.Minute), Checks: []fairlead.HealthCheck{
		{Name: "Connection", OK: true, Evidence: "Priya Raman, alive"},
		{Name: "Repository", OK: true, Evidence: "found, admin"},
		{Name: "Branch", OK: true, Evidence: "main"},
		{Name: "Webhook", OK: true, Evidence: "present, active, signed"},
		{Name: "Deliveries", OK: true, Evidence: "arriving"},
	}}
}

// row is a link in a list as Priya sees it, changed.
func (c canned) row(change func(*LinkRow)) LinkRow {
	r := LinkRow{Link: c.link(), Provider: c.provider(), Kind: c.kind(), Reader: c.owner().ID}
	change(&r)
	return r
}

// rows has a link in each state.
func (c canned) rows() []LinkRow {
	named := func(id, name string, change func(*LinkRow)) LinkRow {
		return c.row(func(r *LinkRow) {
			r.Link.ID, r.Link.Repository.FullName = id, name
			change(r)
		})
	}
	return []LinkRow{
		named("rl_1", "acme-data/orders-db", func(*LinkRow) {}),
		named("rl_2", "acme-data/orders-reports", func(r *LinkRow) { r.Link.LastPushAt, r.Link.Rule = time.Time{}, fairlead.LinkRule{Branch: "release/*"} }),
		named("rl_3", "acme-data/orders-archive", c.broken),
		named("rl_4", "acme-data/shop", func(r *LinkRow) { r.Link.Connection = c.connection(c.owner(), fairlead.ConnectionDead) }),
		named("rl_5", "acme-data/shop-assets", func(r *LinkRow) { r.Link.Connection = c.connection(c.ana(), fairlead.ConnectionRenew) }),
		named("rl_6", "acme-data/catalog", func(r *LinkRow) {
			r.Link.Connection, r.Link.Lost = fairlead.Connection{}, "Wes Okafor left the project."
		}),
		named("rl_7", "acme-data/intranet", func(r *LinkRow) { r.Polling, r.Link.Webhook = true, fairlead.Webhook{} }),
	}
}

// broken takes the webhook away at the host.
func (c canned) broken(r *LinkRow) {
	r.Link.Health.Checks[3] = fairlead.HealthCheck{Name: "Webhook", Evidence: "not there", Code: fairlead.DiagnosisWebhookMissing, Repairable: true,
		Text: "Somebody removed it on Bitbucket, so pushes are found by the regular check only. Repair creates it again."}
	r.Link.Health.Checks[4] = fairlead.HealthCheck{Name: "Deliveries", Evidence: "2 caught up", Code: fairlead.DiagnosisWebhookSilent,
		Text: "The webhook missed the last two pushes."}
}

// links shows a project's repositories, one link in its states, and how it ends.
func (c canned) links() []Exhibit {
	orders, archived := c.orders(), c.orders()
	archived.ArchivedAt = c.now
	page := func(name, title string, area Area, e Exhibit) Exhibit {
		e.Name, e.Page.Title, e.Page.Area = name, title+" · Orders", area
		return c.inProject(e, orders)
	}
	list := func(name string, v RepositoryLinks) Exhibit {
		return page(name, "Repositories", AreaRepositories, Exhibit{Content: RepositoryLinksPage(v)})
	}
	unlink := Unlink{Row: c.row(func(*LinkRow) {})}
	handWork := Unlink{Row: c.row(func(r *LinkRow) { r.Link.Connection = fairlead.Connection{} })}
	paused := c.row(func(r *LinkRow) { r.Link.Project = archived })
	asked := Archived{Project: archived, Owners: []string{"Priya Raman", "Ana Brandt"}}
	foreign := c.row(func(r *LinkRow) { r.Link.Connection = c.connection(c.ana(), fairlead.ConnectionDead) })
	return append([]Exhibit{
		list("repositories", RepositoryLinks{Project: orders, Rows: c.rows(), Providers: 1}),
		list("repositories-past", RepositoryLinks{Project: orders, Rows: c.rows()[:1], Past: c.pastLinks(), Providers: 1}),
		list("repositories-none", RepositoryLinks{Project: orders, Providers: 1}),
		list("repositories-no-provider", RepositoryLinks{Project: orders, Owners: []string{"Priya Raman", "Ana Brandt"}}),
		list("repositories-no-provider-owner", RepositoryLinks{Project: orders, MayAdd: true}),
		list("repositories-archived", RepositoryLinks{Project: archived, Archived: Archived{Project: archived, Manages: true}, Providers: 1, Rows: []LinkRow{paused}}),
		list("repositories-archived-developer", RepositoryLinks{Project: archived, Archived: asked, Providers: 1}),
		page("link-archived", "Orders is archived", AreaRepositories, Exhibit{Content: ArchivedPage(Archived{Project: archived, Manages: true})}),
		page("link-archived-developer", "Orders is archived", AreaRepositories, Exhibit{Content: ArchivedPage(asked)}),
		page("link-unlink", "Unlink", AreaRepositories, Exhibit{Content: UnlinkPage(unlink)}),
		page("link-unlink-by-hand", "Unlink", AreaRepositories, Exhibit{Content: UnlinkPage(handWork)}),
		page("link-take-over", "Take over", AreaRepositories, Exhibit{Content: TakeOverPage(TakeOver{Row: foreign, Connection: c.connection(c.owner(), fairlead.ConnectionAlive)})}),
		page("link-take-over-connect", "Take over", AreaRepositories, Exhibit{Content: TakeOverPage(TakeOver{Row: foreign, Connect: c.connect(func(*Connect) {})})}),
	}, append(c.linkPages(page), c.whys(page)...)...)
}

// pastLinks are two that were unlinked, of one of which something is left.
func (c canned) pastLinks() []fairlead.RepositoryLink {
	clean, left := c.link(), c.link()
	clean.RemovedAt, clean.Repository.FullName = c.now.Add(-40*24*time.Hour), "acme-data/orders-archive"
	left.RemovedAt, left.Repository.FullName = c.now.Add(-2*time.Hour), "acme-data/orders-reports"
	left.LeftBehind = "The webhook of acme-data/orders-reports to " + cannedWebhook + " is still there: Bitbucket no longer takes the authorization of Ana Brandt. Remove it at Bitbucket, in the settings of the repository. Fairlead answers its deliveries with 404 now."
	return []fairlead.RepositoryLink{clean, left}
}

// drawPage makes an exhibit of a project's page.
type drawPage func(name, title string, area Area, e Exhibit) Exhibit

func (c canned) linkPages(page drawPage) []Exhibit {
	show := func(name string, v LinkDetail) Exhibit {
		v.WebhookURL, v.External, v.CatchUp = cannedWebhook, cannedURL, 15*time.Minute
		v.Log.Project, v.Log.Link = "ORDERS", cannedLink
		return page(name, "acme-data/orders-db", AreaRepositories, Exhibit{Content: LinkPage(v)})
	}
	log := DeliveryLog{Deliveries: c.deliveries(), Open: "dl_2", Older: fairlead.Cursor{At: c.now, Place: 1}, Newer: 3}
	fresh := func(r *LinkRow) { r.Link.LastPushAt, r.Link.Health = time.Time{}, fairlead.Health{} }
	rejected := c.row(func(r *LinkRow) { r.Link.Rejected = 212 })
	refused := &fairlead.Diagnosis{Code: fairlead.DiagnosisRepositoryNotAdmin, Title: "Priya Raman no longer administers acme-data/orders-db", At: c.now,
		Because: "Bitbucket answered that the account may not read its webhooks.", Fix: []string{"Ask an admin of the repository to give the account **admin** again.", "Or let somebody who administers it **take the link over**."}}
	return []Exhibit{
		show("link", LinkDetail{Row: c.row(func(*LinkRow) {}), Log: log}),
		show("link-first-push", LinkDetail{Row: c.row(fresh)}),
		show("link-polling", LinkDetail{Row: c.row(func(r *LinkRow) {
			fresh(r)
			r.Polling, r.Link.Webhook = true, fairlead.Webhook{}
		})}),
		show("link-broken", LinkDetail{Row: c.row(c.broken), Log: log, Rejections: c.rejections()}),
		show("link-branch-missing", LinkDetail{Row: c.row(func(r *LinkRow) {
			r.Link.Health.Checks[2] = fairlead.HealthCheck{Name: "Branch", Code: fairlead.DiagnosisBranchMissing, Text: "The branch main is not there any more. Change the link to follow another one, or push the branch again."}
		}), Log: log}),
		show("link-rejected", LinkDetail{Row: rejected, Log: log, Rejections: c.rejections(), Alarming: true}),
		show("link-rotated", LinkDetail{Row: c.row(func(r *LinkRow) { r.Link.OldSecret = fairlead.NewSecret("example") }), Log: log}),
		show("link-reconnect", LinkDetail{Row: c.row(func(r *LinkRow) { r.Link.Connection = c.connection(c.owner(), fairlead.ConnectionDead) }), Log: log}),
		show("link-paused", LinkDetail{Row: c.row(func(r *LinkRow) {
			r.Link.Connection, r.Link.Lost = fairlead.Connection{}, "Wes Okafor left the project."
		}), Log: log}),
		show("link-of-archived", LinkDetail{Row: c.row(func(r *LinkRow) {
			r.Link.Project.ArchivedAt, r.Manages = c.now, true
		}), Log: log}),
		show("link-of-archived-developer", LinkDetail{Row: c.row(func(r *LinkRow) { r.Link.Project.ArchivedAt = c.now }), Log: log}),
		show("link-problem", LinkDetail{Row: c.row(func(*LinkRow) {}), Log: log, Diagnosis: refused, Failed: "The webhook secret was not rotated"}),
	}
}

func (c canned) rejections() []fairlead.Rejection {
	return []fairlead.Rejection{
		{At: c.now.Add(-time.Minute), Code: fairlead.DiagnosisSignatureWrong, Source: "104.192.136.3", Reason: "The signature does not match this link’s secret."},
		{At: c.now.Add(-26 * time.Hour), Code: fairlead.DiagnosisSignatureMissing, Source: "2001:db8:85a3:8d3:1319:8a2e:370:7348", Reason: "There was no signature."},
		{At: c.now.Add(-27 * time.Hour), Code: fairlead.DiagnosisDeliveryTooLarge, Source: "198.51.100.7", Reason: "It was larger than 1 MB."},
	}
}

func (c canned) whys(page drawPage) []Exhibit {
	show := func(name string, v Why) Exhibit {
		v.Link, v.Kind = c.link(), c.kind()
		return page(name, v.Errors.Title("Did a push do nothing?"), AreaRepositories, Exhibit{Content: WhyPage(v)})
	}
	commit := fairlead.Commit{Hash: cannedHead, Message: "Add the index of invoices", Author: "Tomás Vidal", At: c.now}
	steps := []WhyStep{
		{"Link", WhyOK, "The link is in use."},
		{"Commit", WhyOK, "Bitbucket has it."},
		{"Branch", WhyOK, "It is on main, which this link follows."},
		{"Delivery", WhyUnknown, "No delivery contains it."},
		{"Webhook", WhyStop, "It is not on Bitbucket any more."},
	}
	missing := &fairlead.Diagnosis{Code: fairlead.DiagnosisWebhookMissing, Title: "The webhook is not on Bitbucket any more", At: c.now,
		Because: "The repository’s webhooks were listed. None leads to `" + cannedWebhook + "`.", Fix: []string{"Open the link and choose **Repair**.", "Choose **Ask now**, or wait for the regular check, at most 15 minutes."}}
	ignored := &fairlead.Diagnosis{Code: fairlead.DiagnosisNotFollowed, Title: "The link’s rule does not want this push", At: c.now,
		Because: "This link follows main. The push was to feature/invoice-index.", Fix: []string{"If it should, choose **Change the rule** and let it follow `feature/invoice-index`.", "Then choose **Reprocess** at the delivery."}}
	branch := []WhyStep{{"Link", WhyOK, "The link is in use."}, {"Delivery", WhyOK, "It arrived with a push to feature/invoice-index."},
		{"Verdict", WhyStop, "This link follows main. The push was to feature/invoice-index."}}
	return []Exhibit{
		show("why-stopped", Why{Typed: cannedHead[:12], Commit: commit, CommitURL: "https://bitbucket.org/acme-data/orders-db/commits/" + cannedHead, Steps: steps, Stopped: missing}),
		show("why-ignored", Why{Typed: cannedHead, Commit: commit, Steps: branch, Stopped: ignored, Verdict: fairlead.VerdictBranch, Delivery: "dl_2"}),
		show("why-recorded", Why{Typed: cannedHead, Commit: commit, Verdict: fairlead.VerdictRecorded, Delivery: "dl_1",
			Steps: append(branch[:1:1], WhyStep{"Delivery", WhyOK, "It arrived with a push to main."}, WhyStep{"Verdict", WhyOK, "It is recorded. 2 of its 3 files match."})}),
		show("why-error", Why{Typed: "abc", Errors: Errors{{Field: "commit", Message: "Enter a hash of 7 characters or more, or the address of a commit"}}}),
	}
}
