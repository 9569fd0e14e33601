package bitbucketsim_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"fairlead/bitbucketsim"
)

func TestAPushThatGitWouldRefuseChangesNothing(t *testing.T) {
	s := start(t)
	before := s.repository(orders)
	type change = bitbucketsim.RefChange
	ok := change{Branch: "main", Commits: []bitbucketsim.NewCommit{file("x", "y")}}
	for name, changes := range map[string][]change{
		"nothing":               {},
		"no commit":             {{Branch: "main"}},
		"neither nor":           {{}},
		"both":                  {{Branch: "a", Tag: "b"}},
		"bad name":              {ok, {Branch: "a..b", From: "main"}},
		"a name as a folder":    {ok, {Branch: "main/x", From: "main"}},
		"the main branch gone":  {ok, {Branch: "main", Delete: true}},
		"an unknown branch":     {ok, {Branch: "nothing", Delete: true}},
		"an unknown start":      {ok, {Branch: "new", From: "nothing"}},
		"too far back":          {ok, {Branch: "new", From: "main~50"}},
		"a tag that exists":     {ok, {Tag: "v1.0"}},
		"moving without force":  {ok, {Branch: "feature/add-region", From: "main"}},
		"merging an ancestor":   {{Branch: "main", Merge: "main~1"}},
		"a path out of the way": {{Branch: "main", Commits: []bitbucketsim.NewCommit{file("../x", "y")}}},
		"a file as a folder":    {{Branch: "main", Commits: []bitbucketsim.NewCommit{file("README.md/x", "y")}}},
		"a folder as a file":    {{Branch: "main", Commits: []bitbucketsim.NewCommit{file("app", "y")}}},
	} {
		if _, err := s.PushMany(orders, changes...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if after := s.repository(orders); !equalRefs(before, after) {
		t.Errorf("refs %v, before %v", after, before)
	}
	if _, err := s.Push("acme-data/nothing", "main", file("x", "y")); err == nil {
		t.Error("pushed to nothing")
	}
	if _, err := s.PushAs("nobody@acme.example", orders, ok); err == nil {
		t.Error("pushed by nobody")
	}
}

func equalRefs(a, b bitbucketsim.Repository) bool {
	if len(a.Branches) != len(b.Branches) || len(a.Tags) != len(b.Tags) {
		return false
	}
	for name, hash := range a.Branches {
		if b.Branches[name] != hash {
			return false
		}
	}
	return true
}

func TestAMergeBringsTheOtherBranchAndShowsBothParents(t *testing.T) {
	s := start(t)
	s.push(orders, "main", file("migrations/0004_main.sql", "main\n"))
	result := s.must(s.Merge(orders, "main", "feature/add-region", ""))
	merged := s.get("/repositories/" + orders + "/commit/" + result.Changes[0].New).json(t)
	if len(at(t, merged, "parents").([]any)) != 2 || result.Changes[0].Forced || merged["message"] != "Merged feature/add-region into main\n" {
		t.Errorf("merged %v", merged)
	}
	wantText(t, s.get("/repositories/"+orders+"/src/main/migrations/0003_add_region.sql"), "ADD COLUMN region")
	wantText(t, s.get("/repositories/"+orders+"/src/main/migrations/0004_main.sql"), "main")
	if got := names(t, s.get("/repositories/"+orders+"/commits/main?exclude=v1.0"), "message"); len(got) != 4 || !slices.Contains(got, "Add a region\n") {
		t.Errorf("log %q", got)
	}
	if got := names(t, s.get("/repositories/"+orders+"/diffstat/"+result.Changes[0].New), "new", "path"); !slices.Equal(got, []string{"migrations/0003_add_region.sql"}) {
		t.Errorf("against its first parent %q", got)
	}
}

func TestAfterAForcedPushTheLostCommitsAreStillFoundByTheirHash(t *testing.T) {
	s := start(t)
	lost := s.repository(orders).Branches["main"]
	result := s.must(s.ForcePush(orders, "main", "main~2", file("x", "y")))
	if !result.Changes[0].Forced || result.Changes[0].Old != lost {
		t.Errorf("result %+v", result)
	}
	wantStatus(t, s.get("/repositories/"+orders+"/commit/"+lost), 200)
	if got := names(t, s.get("/repositories/"+orders+"/commits/main"), "hash"); len(got) != 3 || slices.Contains(got, lost) {
		t.Errorf("log %q", got)
	}
	unrelated := s.must(s.ForcePush(orders, "main", "", file("only", "this")))
	if got := names(t, s.get("/repositories/"+orders+"/commits/"+unrelated.Changes[0].New), "hash"); len(got) != 1 {
		t.Errorf("log of an unrelated history %q", got)
	}
}

func TestTheSamePushesMakeTheSameHashes(t *testing.T) {
	a, b := start(t), start(t)
	first, second := a.push(orders, "main", file("x", "y")), b.push(orders, "main", file("x", "y"))
	if first.Changes[0].New != second.Changes[0].New || len(first.Changes[0].New) != 40 {
		t.Errorf("%s and %s", first.Changes[0].New, second.Changes[0].New)
	}
}

func TestAuthorsAreWhoTheCommitSays(t *testing.T) {
	s := start(t)
	stranger := file("x", "y")
	stranger.Author = "Some Stranger <stranger@elsewhere.example>"
	result, err := s.PushAs(wes, orders, bitbucketsim.RefChange{Branch: "main", Commits: []bitbucketsim.NewCommit{file("w", "w"), stranger}})
	s.must(result, err)
	got := s.get("/repositories/" + orders + "/commits/main").json(t)
	if at(t, got, "values", 0, "author", "user") != nil || at(t, got, "values", 0, "author", "raw") != stranger.Author || at(t, got, "values", 1, "author", "user", "nickname") != "wes" {
		t.Errorf("authors %v", got)
	}
}

func TestARenamedOrMovedRepositoryKeepsItsUUIDContentAndWebhooks(t *testing.T) {
	s := start(t)
	r := newReceiver(t, nil)
	hook := s.hook(orders, r.URL, "")
	before := s.repository(orders)
	renamed, err := s.RenameRepository(orders, "Orders Database")
	if err != nil || renamed.FullName != "acme-data/orders-database" || renamed.UUID != before.UUID || !equalRefs(before, renamed) {
		t.Fatalf("renamed %+v, %v", renamed, err)
	}
	wantStatus(t, s.get("/repositories/"+orders), 404)
	wantStatus(t, s.get("/repositories/acme-data/"+strings.NewReplacer("{", "%7B", "}", "%7D").Replace(before.UUID)), 200)
	moved, err := s.MoveRepository(before.UUID, "acme-web")
	if err != nil || moved.FullName != "acme-web/orders-database" || !slices.Equal(moved.Hooks, []string{hook}) {
		t.Fatalf("moved %+v, %v", moved, err)
	}
	s.push(before.UUID, "main", file("x", "y"))
	got := r.settled(s)
	if len(got) != 1 || at(t, got[0].json(t), "repository", "full_name") != "acme-web/orders-database" || at(t, got[0].json(t), "repository", "uuid") != before.UUID {
		t.Errorf("%d deliveries", len(got))
	}
	if got := names(t, s.get("/repositories/acme-web?role=admin"), "slug"); !slices.Contains(got, "orders-database") {
		t.Errorf("listing %q", got)
	}
	if _, err := s.RenameRepository(billing, "customers-db"); err == nil {
		t.Error("two repositories have one name")
	}
}

func TestADeletedRepositoryIsGoneAndItsWebhooksHearOfIt(t *testing.T) {
	s := start(t)
	r := newReceiver(t, nil)
	wantStatus(t, s.call("POST", s.priya(), ordersHooks, hookJSON(map[string]any{"url": r.URL, "events": []string{"repo:push", "repo:deleted"}})), 201)
	if err := s.DeleteRepository(orders); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, s.get("/repositories/"+orders), 404)
	if got := r.settled(s); len(got) != 1 || got[0].header.Get("X-Event-Key") != "repo:deleted" {
		t.Errorf("%d deliveries", len(got))
	}
	if err := s.DeleteRepository(orders); err == nil || errors.Unwrap(err) == nil && err.Error() == "" {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestARoleDecidesAtOnce(t *testing.T) {
	s := start(t)
	token := accessToken(s, wes)
	for _, step := range []struct {
		role              string
		repository, hooks int
	}{{"admin", 200, 200}, {"read", 200, 403}, {"", 404, 404}, {"write", 200, 403}} {
		if err := s.SetRole(orders, wes, step.role); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, s.api(token, "/repositories/"+orders), step.repository)
		wantStatus(t, s.api(token, ordersHooks), step.hooks)
	}
	if s.SetRole(orders, wes, "king") == nil || s.SetRole(orders, "nobody", "read") == nil {
		t.Error("no error")
	}
}
