package bitbucketsim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"fairlead/bitbucketsim"
)

func TestSeededRepositoriesHaveAHistoryAndOneIsEmpty(t *testing.T) {
	s := start(t)
	for name, main := range map[string]string{orders: "main", billing: "master", "acme-data/audit-archive": "master"} {
		if got := s.get("/repositories/" + name).json(t); at(t, got, "mainbranch", "name") != main {
			t.Errorf("%s: main branch %v", name, got["mainbranch"])
		}
		log := names(t, s.get("/repositories/"+name+"/commits/"+main), "message")
		if len(log) != 4 || log[0] != "Index by time\n" || log[3] != "Start\n" {
			t.Errorf("%s: log %q", name, log)
		}
	}
	if got := s.get("/repositories/" + empty).json(t); got["mainbranch"] != nil {
		t.Errorf("main branch %v", got["mainbranch"])
	}
	for _, path := range []string{"/refs/branches", "/refs", "/commits"} {
		wantText(t, s.get("/repositories/"+empty+path), `"values":[]`)
	}
	wantStatus(t, s.get("/repositories/"+empty+"/commits/main"), 404)
	if start(t).repository(orders).Branches["main"] != s.repository(orders).Branches["main"] {
		t.Error("another run has other hashes")
	}
}

func TestTheFirstPushMakesTheMainBranch(t *testing.T) {
	s := start(t)
	s.push(empty, "trunk", file("a.sql", "1"))
	if got := s.get("/repositories/" + empty).json(t); at(t, got, "mainbranch", "name") != "trunk" {
		t.Errorf("main branch %v", got["mainbranch"])
	}
}

func TestBranchesAreFoundBySlashNamesAndFilters(t *testing.T) {
	s := start(t)
	for _, name := range []string{"branch10", "branch2", "Release/9"} {
		s.must(s.CreateBranch(orders, name, "main"))
	}
	base := "/repositories/" + orders + "/refs"
	for _, path := range []string{"/branches/feature/add-region", "/branches/feature%2Fadd-region"} {
		got := s.get(base + path).json(t)
		if got["name"] != "feature/add-region" || at(t, got, "target", "hash") != s.repository(orders).Branches["feature/add-region"] {
			t.Errorf("%s: %v", path, got)
		}
	}
	for path, want := range map[string][]string{
		"/branches":           {"Release/9", "branch10", "branch2", "feature/add-region", "main"},
		"/branches?sort=name": {"Release/9", "branch2", "branch10", "feature/add-region", "main"},
		"/branches?q=" + url.QueryEscape(`name~"REGI"`): {"feature/add-region"},
		"/tags": {"v1.0"},
		"":      {"Release/9", "branch10", "branch2", "feature/add-region", "main", "v1.0"},
	} {
		if got := names(t, s.get(base+path), "name"); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	wantStatus(t, s.get(base+"/branches/nothing"), 404)
	wantStatus(t, s.get(base+"/tags/v1.0"), 200)
	wantStatus(t, s.get(base+"/tags/main"), 404)
}

func TestCommitsAreListedNewestFirstWithoutTheExcludedOnesByFollowingNext(t *testing.T) {
	s := start(t)
	before := s.repository(orders).Branches["main"]
	if _, err := s.PushBulk(orders, "main", 45, 1); err != nil {
		t.Fatal(err)
	}
	tip := s.repository(orders).Branches["main"]
	base := "/repositories/" + orders + "/commits/"
	first := s.get(base + "main?exclude=" + before)
	body := first.json(t)
	if len(names(t, first, "hash")) != 30 || body["size"] != nil || names(t, first, "hash")[0] != tip {
		t.Errorf("first page %v", body["pagelen"])
	}
	second := s.get(strings.TrimPrefix(body["next"].(string), s.BackendURL()+"/2.0"))
	all := append(names(t, first, "hash"), names(t, second, "hash")...)
	if len(all) != 45 || slices.Contains(all, before) || second.json(t)["next"] != nil {
		t.Errorf("%d commits", len(all))
	}
	if got := names(t, s.get(base+"feature/add-region?exclude=main"), "message"); !slices.Equal(got, []string{"Add a region\n"}) {
		t.Errorf("of the branch alone %q", got)
	}
	if got := names(t, s.get(base+tip+"?path=app"), "message"); !slices.Equal(got, []string{"Read it\n"}) {
		t.Errorf("of a folder %q", got)
	}
	form := s.send(http.MethodPost, "/2.0"+strings.TrimSuffix(base, "/"), strings.NewReader(url.Values{"include": {tip}, "exclude": {before}}.Encode()), func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+s.priya())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	})
	if got := names(t, form, "hash"); len(got) != 30 || got[0] != tip {
		t.Errorf("by form %d", len(got))
	}
	wantStatus(t, s.get(base+"main?exclude=nothing"), 404)
}

func TestACommitIsFoundByItsHashAndByAPrefix(t *testing.T) {
	s := start(t)
	hash := s.repository(orders).Branches["main"]
	base := "/repositories/" + orders + "/commit/"
	for _, id := range []string{hash, hash[:12]} {
		got := s.get(base + id).json(t)
		if got["hash"] != hash || at(t, got, "author", "user", "nickname") != "priya" || len(at(t, got, "parents").([]any)) != 1 {
			t.Errorf("%s: %v", id, got)
		}
	}
	for _, id := range []string{"main", hash[:4], strings.Repeat("0", 40)} {
		wantStatus(t, s.get(base+id), 404)
	}
}

func TestFilesAreReadRawAndFoldersByOpaquePages(t *testing.T) {
	s := start(t)
	if _, err := s.PushBulk(orders, "main", 1, 25); err != nil {
		t.Fatal(err)
	}
	hash := s.repository(orders).Branches["main"]
	base := "/repositories/" + orders + "/src/"
	raw := s.get(base + hash + "/app/queries/recent.sql")
	if !strings.HasPrefix(raw.body, "SELECT id") || raw.header.Get("Content-Type") != "text/plain" {
		t.Errorf("raw %v %s", raw.header, raw.body)
	}
	if got := s.get(base + hash + "/app/queries/recent.sql?format=meta").json(t); got["size"] != float64(len(raw.body)) {
		t.Errorf("meta %v", got)
	}
	if got := names(t, s.get(base+hash+"/"), "path"); !slices.Equal(got, []string{"README.md", "app", "migrations"}) {
		t.Errorf("root %q", got)
	}
	if got := names(t, s.get(base+hash+"/app?max_depth=5"), "path"); !slices.Equal(got, []string{"app/queries", "app/queries/recent.sql"}) {
		t.Errorf("deep %q", got)
	}
	var all []string
	pages := 0
	for path := base + hash + "/migrations/"; path != ""; pages++ {
		page := s.get(path)
		all = append(all, names(t, page, "path")...)
		next, _ := page.json(t)["next"].(string)
		path = strings.TrimPrefix(next, s.BackendURL()+"/2.0")
	}
	if len(all) != 27 || pages != 3 || !slices.IsSorted(all) {
		t.Errorf("%d files on %d pages", len(all), pages)
	}
	wantStatus(t, s.get(base+hash+"/migrations/?page=2"), 400)
	for _, path := range []string{hash, hash + "/nothing", "feature%2Fadd-region/", strings.Repeat("0", 40) + "/"} {
		wantStatus(t, s.get(base+path), 404)
	}
	wantStatus(t, s.get(base+"main/README.md"), 200)
	if a := s.get("/repositories/" + billing + "/src"); a.status != 200 || !strings.Contains(a.body, "commit_directory") { // the client follows the redirect
		t.Errorf("src %d %s", a.status, a.body)
	}
}

func TestDiffstatComparesTheFirstWithTheSecond(t *testing.T) {
	s := start(t)
	before := s.repository(orders).Branches["main"]
	result := s.push(orders, "main", bitbucketsim.NewCommit{
		Files:   map[string]string{"migrations/0002_index.sql": "SELECT 2;\n", "migrations/0003_new.sql": "a\nb\n", "app/renamed.sql": "SELECT id, created_at FROM orders ORDER BY created_at DESC LIMIT 20;\n"},
		Deletes: []string{"app/queries/recent.sql", "README.md"},
	})
	after := result.Changes[0].New
	base := "/repositories/" + orders + "/diffstat/"
	say := func(a answer) (lines []string) {
		t.Helper()
		for _, v := range a.json(t)["values"].([]any) {
			path := func(side string) string {
				if at(t, v, side) == nil {
					return "-"
				}
				return at(t, v, side, "path").(string)
			}
			lines = append(lines, fmt.Sprintf("%v %s %s", at(t, v, "status"), path("old"), path("new")))
		}
		return lines
	}
	want := []string{
		"removed README.md -", "renamed app/queries/recent.sql app/renamed.sql",
		"modified migrations/0002_index.sql migrations/0002_index.sql", "added - migrations/0003_new.sql",
	}
	for _, spec := range []string{after + ".." + before + "?topic=false", after + ".." + before, after, "main.." + before[:12]} {
		if got := say(s.get(base + spec)); !slices.Equal(got, want) {
			t.Errorf("%s: %q", spec, got)
		}
	}
	if got := say(s.get(base + before + ".." + after + "?topic=false")); got[0] != "added - README.md" || len(got) != 4 {
		t.Errorf("the other way round %q", got)
	}
	if got := say(s.get(base + before + ".." + after)); len(got) != 0 {
		t.Errorf("three dots to an ancestor %q", got)
	}
	if got := say(s.get(base + after + "?path=app")); !slices.Equal(got, want[1:2]) {
		t.Errorf("of a folder %q", got)
	}
	page := s.get(base + after + "?pagelen=2").json(t)
	if at(t, page, "values", 0, "lines_removed") != 3.0 || page["next"] == nil || page["size"] != 4.0 {
		t.Errorf("page %v", page)
	}
	wantStatus(t, s.get(base+"nothing"), 404)
}

func TestContentsAreForThoseWhoMaySeeTheRepository(t *testing.T) {
	s := start(t)
	outsider, account := accessToken(s, nora), accessToken(s, wes, "account")
	hash := s.repository(orders).Branches["main"]
	for _, path := range []string{"/refs", "/refs/branches", "/refs/branches/main", "/refs/tags", "/commits", "/commit/" + hash, "/src/" + hash + "/README.md", "/diffstat/" + hash} {
		wantStatus(t, s.api(outsider, "/repositories/"+orders+path), 404)
		wantStatus(t, s.api(account, "/repositories/"+orders+path), 403)
		wantStatus(t, s.get("/repositories/"+orders+path), 200)
	}
}
