package linking_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/gitprovider"
	"fairlead/linking"
)

func TestThePickersFirstPageTakesTwoRoundTrips(t *testing.T) {
	d := newDock(t)
	d.must(d.sim.AddRepositories("acme-data", 10_000))
	c := d.connected(d.ana, hostPriya)
	before := d.asked()
	owners, err := d.Owners(t.Context(), c)
	d.must(err)
	page, err := d.Repositories(t.Context(), c, gitprovider.RepositoryQuery{Owner: owners[0].Slug})
	d.must(err)
	if n := d.asked() - before; n > 2 || len(page.Repositories) == 0 || page.Next == "" {
		t.Errorf("%d round trips for %d repositories", n, len(page.Repositories))
	}
	found, err := d.Repositories(t.Context(), c, gitprovider.RepositoryQuery{Owner: "acme-data", Search: "service-09999"})
	if err != nil || len(found.Repositories) != 1 || !found.Repositories[0].CanHook() {
		t.Errorf("got %+v, %v", found, err)
	}
	next, err := d.Repositories(t.Context(), c, gitprovider.RepositoryQuery{Owner: "acme-data", Page: page.Next})
	if err != nil || len(next.Repositories) == 0 || next.Repositories[0].ID == page.Repositories[0].ID {
		t.Errorf("got %d repositories, %v", len(next.Repositories), err)
	}
}

func TestPickingTakesTwoRoundTripsAndOneWhileSomebodyTypes(t *testing.T) {
	d := newDock(t)
	c, noras := d.connected(d.ana, hostPriya), d.connected(d.member("Cleo"), hostNora)
	for name, w := range map[string]struct {
		query  linking.RepositoryQuery
		brief  bool
		owner  string
		first  string
		owners int
		trips  int
	}{
		"the first page":         {owner: "acme-data", first: "acme-data/analytics-warehouse", owners: 3, trips: 2},
		"another owner":          {query: linking.RepositoryQuery{Owner: "acme-web"}, owner: "acme-web", first: "acme-web/checkout", owners: 3, trips: 2},
		"while somebody types":   {query: linking.RepositoryQuery{Owner: "acme-data", Search: " order "}, brief: true, owner: "acme-data", first: ordersDB, owners: 1, trips: 1},
		"an address is pasted":   {query: linking.RepositoryQuery{Owner: "acme-web", Search: d.host.Web + "/" + ordersDB}, owner: "acme-web", first: ordersDB, owners: 3, trips: 3},
		"nothing is called that": {query: linking.RepositoryQuery{Owner: "acme-data", Search: "nothing"}, owner: "acme-data", owners: 3, trips: 2},
	} {
		before := d.asked()
		picked, err := d.Pick(t.Context(), c, w.query, w.brief)
		first := ""
		if len(picked.Repositories) > 0 {
			first = picked.Repositories[0].FullName
		}
		if n := d.asked() - before; err != nil || picked.Owner != w.owner || first != w.first || len(picked.Owners) != w.owners || n != w.trips {
			t.Errorf("%s: got %s, first %s, %d owners, %d round trips, %v", name, picked.Owner, first, len(picked.Owners), n, err)
		}
	}
	if picked, err := d.Pick(t.Context(), noras, linking.RepositoryQuery{}, false); err != nil || picked.Owner != "" || len(picked.Repositories) != 0 {
		t.Errorf("got %+v, %v", picked, err)
	}
	repo, err := d.FindRepository(t.Context(), c, ordersDB)
	d.must(err)
	if branches, err := d.Branches(t.Context(), c, repo); err != nil || len(branches) != 2 {
		t.Errorf("got %+v, %v", branches, err)
	}
	if address := d.CommitURL(d.provider.Kind, repo, "abc"); address != d.host.Web+"/"+ordersDB+"/commits/abc" || d.CommitURL("other", repo, "abc") != "" || d.CommitURL(d.provider.Kind, repo, "") != "" {
		t.Errorf("got %q", address)
	}
}

func TestARepositoryIsFoundByWhatPeoplePaste(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	known, err := d.sim.Repository(ordersDB)
	d.must(err)
	for _, typed := range []string{
		ordersDB, known.UUID, " " + d.host.Web + "/" + ordersDB + " ", d.host.Web + "/" + ordersDB + "/src/main/", d.host.Web + "/" + ordersDB + ".git",
	} {
		repo, err := d.FindRepository(t.Context(), c, typed)
		if err != nil || repo.ID != known.UUID || repo.MainBranch != "main" || !repo.CanHook() {
			t.Errorf("%q: got %+v, %v", typed, repo, err)
		}
	}
	_, err = d.FindRepository(t.Context(), c, " ")
	wantField(t, err, "repository", "Enter a repository")
	_, err = d.FindRepository(t.Context(), c, "acme-data/nothing")
	wantDiagnosis(t, err, fairlead.DiagnosisRepositoryGone)
}

func TestWhyARepositoryIsMissingIsTold(t *testing.T) {
	d := newDock(t)
	ben, cleo := d.member("Ben"), d.member("Cleo")
	priyas, wess, noras := d.connected(d.ana, hostPriya), d.connected(ben, hostWes), d.connected(cleo, hostNora)
	for name, c := range map[string]struct {
		by          fairlead.Connection
		typed, last string
		ok          bool
		code        fairlead.DiagnosisCode
		words       string
	}{
		"it is there":                    {by: priyas, typed: ordersDB, last: "Role", ok: true},
		"the account may only write":     {by: wess, typed: ordersDB, last: "Role", code: fairlead.DiagnosisRepositoryNotAdmin, words: "The account has write there. Webhooks need the admin role"},
		"the account may not see it":     {by: wess, typed: d.host.Web + "/acme-data/schema-tools", last: "Repository", code: fairlead.DiagnosisRepositoryGone, words: "Wes Okafor"},
		"there is none":                  {by: priyas, typed: "acme-data/nothing", last: "Repository", code: fairlead.DiagnosisRepositoryGone, words: "Compare the address"},
		"the account is no member there": {by: noras, typed: ordersDB, last: "Repository", code: fairlead.DiagnosisRepositoryGone, words: "Nora"},
	} {
		t.Run(name, func(t *testing.T) {
			checks, err := d.WhyMissing(t.Context(), c.by, c.typed)
			if err != nil || len(checks) < 3 {
				t.Fatalf("got %+v, %v", checks, err)
			}
			if checks[1].OK != (c.by.ID != noras.ID) {
				t.Errorf("got %+v", checks[1])
			}
			if last := checks[len(checks)-1]; last.Name != c.last || last.OK != c.ok || last.Code != c.code || !strings.Contains(last.Text, c.words) {
				t.Errorf("got %+v", last)
			}
		})
	}
	_, err := d.WhyMissing(t.Context(), priyas, "what?")
	wantField(t, err, "repository", "Enter a repository")
	_, err = d.sim.KillConnections("")
	d.must(err)
	_, err = d.sim.ExpireAccessTokens("")
	d.must(err)
	if checks, err := d.WhyMissing(t.Context(), priyas, ordersDB); err != nil || len(checks) != 1 || checks[0].Code != fairlead.DiagnosisConnectionExpired {
		t.Errorf("got %+v, %v", checks, err)
	}
}

func TestARuleIsPreviewedAgainstTheRepository(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	for _, branch := range []string{"release/1.0", "release/1.1", "release/old/0.9"} {
		_, err := d.sim.CreateBranch(ordersDB, branch, "main")
		d.must(err)
	}
	repo, err := d.FindRepository(t.Context(), c, ordersDB)
	d.must(err)
	for _, w := range []struct {
		rule     fairlead.LinkRule
		branches []string
		filesOf  string
		files    []string
		total    int
	}{
		{rule("main"), []string{"main"}, "main", []string{"README.md", "app/queries/recent.sql", "migrations/0001_create.sql", "migrations/0002_index.sql"}, 4},
		{rule("main", "migrations"), []string{"main"}, "main", []string{"migrations/0001_create.sql", "migrations/0002_index.sql"}, 4},
		{rule("*", "**/*.sql"), []string{"main"}, "main", []string{"app/queries/recent.sql", "migrations/0001_create.sql", "migrations/0002_index.sql"}, 4},
		{rule("release/*"), []string{"release/1.0", "release/1.1"}, "release/1.0", []string{"README.md", "app/queries/recent.sql", "migrations/0001_create.sql", "migrations/0002_index.sql"}, 4},
		{rule("**/old/*", "nothing"), []string{"release/old/0.9"}, "release/old/0.9", nil, 4},
		{rule("none"), nil, "", nil, 0},
	} {
		shown, err := d.PreviewRule(t.Context(), c, repo, w.rule)
		var branches []string
		for _, b := range shown.Branches {
			branches = append(branches, b.Name)
		}
		slices.Sort(shown.Files)
		if err != nil || !slices.Equal(branches, w.branches) || shown.FilesOf != w.filesOf || !slices.Equal(shown.Files, w.files) || shown.FilesTotal != w.total || shown.FilesMatched != len(w.files) {
			t.Errorf("%+v: got %+v, %v", w.rule, shown, err)
		}
	}
}

func TestALargeRepositoryIsPreviewedInPart(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	files := map[string]string{}
	for i := range 200 {
		files["migrations/"+strings.Repeat("x", i/26)+string(rune('a'+i%26))+".sql"] = "SELECT 1;\n"
	}
	_, err := d.sim.Push(ordersDB, "main", bitbucketsim.NewCommit{Files: files})
	d.must(err)
	repo, err := d.FindRepository(t.Context(), c, ordersDB)
	d.must(err)
	shown, err := d.PreviewRule(t.Context(), c, repo, rule("main", "migrations"))
	if err != nil || len(shown.Files) != 50 || shown.FilesMatched != 202 || shown.FilesTotal != 204 {
		t.Errorf("got %d of %d of %d files, %v", len(shown.Files), shown.FilesMatched, shown.FilesTotal, err)
	}
}

func TestARuleThatIsTypedIsChecked(t *testing.T) {
	d := newYard(t)
	rule, err := d.ParseRule(" refs/heads/release/* ", "migrations/\n\n/app/*.sql", true, false)
	if err != nil || rule.Branch != "release/*" || !slices.Equal(rule.Paths, fairlead.PathFilter{"migrations", "app/*.sql"}) || !rule.Tags || rule.Deletions {
		t.Errorf("got %+v, %v", rule, err)
	}
	_, err = d.ParseRule("a b", "../etc", false, false)
	if fields := fairlead.FieldsOf(err); len(fields) != 2 || fields[0].Field != "branch" || fields[1].Field != "paths" {
		t.Errorf("got %v", err)
	}
}

func TestAPreviewWhileSomebodyTypesDoesNotAskTheHostEachTime(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	repo, err := d.FindRepository(t.Context(), c, ordersDB)
	d.must(err)
	before := d.asked()
	_, err = d.Branches(t.Context(), c, repo) // the suggestions of the page
	d.must(err)
	for _, typed := range []fairlead.LinkRule{rule("m"), rule("ma"), rule("main"), rule("main", "m"), rule("main", "mi"), rule("main", "mig")} {
		_, err = d.PreviewRule(t.Context(), c, repo, typed)
		d.must(err)
	}
	if n := d.asked() - before; n != 2 { // the branches and the files
		t.Errorf("%d calls", n)
	}
	_, err = d.sim.Push(ordersDB, "main", bitbucketsim.NewCommit{Files: map[string]string{"migrations/0003.sql": "SELECT 1;\n"}})
	d.must(err)
	_, err = d.Branches(t.Context(), c, repo) // the page, loaded again
	d.must(err)
	if shown, err := d.PreviewRule(t.Context(), c, repo, rule("main", "migrations/0003.sql")); err != nil || shown.FilesMatched != 1 {
		t.Errorf("loading the page again does not show what was pushed: %+v, %v", shown, err)
	}
	_, err = d.sim.Push(ordersDB, "main", bitbucketsim.NewCommit{Files: map[string]string{"migrations/0004.sql": "SELECT 1;\n"}})
	d.must(err)
	d.clock.forward(time.Minute)
	if shown, err := d.PreviewRule(t.Context(), c, repo, rule("main", "migrations/0004.sql")); err != nil || shown.FilesMatched != 1 {
		t.Errorf("what was pushed a minute ago is not seen: %+v, %v", shown, err)
	}
	if other := d.connected(d.member("Nora"), hostNora); other.ID != "" {
		_, err = d.PreviewRule(t.Context(), other, repo, rule("main"))
		wantDiagnosis(t, err, fairlead.DiagnosisRepositoryGone) // what one account may see is not shown to another
	}
}
