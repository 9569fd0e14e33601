package bitbucketsim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// simulator calls the simulator's own API, as a test in another process would.
func (s *site) simulator(method, path, body string) answer {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.WebURL()+"/simulator/api"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := s.browser().http.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	return read(s.t, response)
}

func TestTheSimulatorsAPIDoesWhatTheGoAPIDoes(t *testing.T) {
	s := start(t)
	r := newReceiver(t, nil)
	s.hook(orders, r.URL, "")
	uuid := s.repository(orders).UUID
	repo := "/repositories/" + orders
	for _, step := range []struct{ method, path, body string }{
		{"POST", repo + "/push", `{"branch":"main","commits":[{"message":"one","files":{"a.sql":"1"}}]}`},
		{"POST", repo + "/push", `{"actor":"` + wes + `","changes":[{"branch":"b/c","from":"main~1"},{"tag":"t","message":"x"}]}`},
		{"POST", repo + "/branches", `{"name":"d/e","from":"b/c"}`},
		{"POST", repo + "/push", `{"branch":"d/e","commits":[{"files":{"z.sql":"1"}}]}`},
		{"POST", repo + "/push", `{"branch":"main","merge":"d/e"}`},
		{"POST", repo + "/push", `{"branch":"main","from":"main~1","force":true}`},
		{"DELETE", repo + "/branches/b/c", ``},
		{"POST", repo + "/tags", `{"name":"v/2"}`},
		{"DELETE", repo + "/tags/v%2F2", ``},
		{"POST", repo + "/bulk", `{"branch":"main","pushes":3,"commits":2}`},
		{"POST", "/repositories/x/" + url.PathEscape(uuid) + "/push", `{"branch":"main","commits":[{"files":{"u.sql":"1"}}]}`},
	} {
		wantStatus(t, s.simulator(step.method, step.path, step.body), 200)
	}
	wantStatus(t, s.simulator("POST", "/settle", ""), 200)
	if got := len(r.all()); got != 13 {
		t.Errorf("%d deliveries", got)
	}
	wantText(t, s.simulator("GET", "/deliveries", ""), `"state":"delivered"`, "push")
	wantText(t, s.simulator("GET", "/requests", ""), "/2.0"+ordersHooks)
	got := s.simulator("GET", repo, "").json(t)
	if at(t, got, "branches", "d/e") == nil || at(t, got, "branches", "b/c") != nil || got["uuid"] != uuid {
		t.Errorf("repository %v", got)
	}
	for _, step := range []struct{ method, path, body string }{
		{"PUT", repo + "/roles", `{"email":"` + nora + `","role":"read"}`},
		{"POST", repo + "/rename", `{"name":"orders-2"}`},
		{"POST", "/repositories/acme-data/orders-2/move", `{"workspace":"acme-web"}`},
		{"POST", "/workspaces/acme-web/repositories", `{"count":5}`},
		{"POST", "/kill-connections", ``},
		{"POST", "/expire-access-tokens", `{"client_id":"x"}`},
		{"DELETE", "/repositories/acme-web/orders-2", ``},
	} {
		wantStatus(t, s.simulator(step.method, step.path, step.body), 200)
	}
	wantStatus(t, s.simulator("GET", "/repositories/acme-web/orders-2", ""), 404)
}

func TestTheSimulatorsAPINamesMistakes(t *testing.T) {
	s := start(t)
	repo := "/repositories/" + orders
	for _, step := range []struct{ path, body string }{
		{repo + "/push", `{"branch":"main"}`}, {repo + "/push", `{"brunch":"main"}`}, {repo + "/push", `[`}, {repo + "/rename", `{}`},
		{repo + "/move", `{"workspace":"x"}`}, {repo + "/bulk", `{"pushes":-1}`},
	} {
		a := s.simulator("POST", step.path, step.body)
		if wantStatus(t, a, 422); a.json(t)["error"] == "" {
			t.Errorf("%s %s: %s", step.path, step.body, a.body)
		}
	}
	wantStatus(t, s.simulator("POST", "/repositories/acme-data/nothing/push", `{"branch":"main"}`), 404)
	wantStatus(t, s.simulator("POST", "/nothing", ``), 404)
}

func pushForm(action string, pairs ...string) url.Values {
	form := url.Values{"action": {action}, "branch": {"main"}, "path": {"migrations/0009_x.sql"}, "content": {"SELECT 9;\r\n"}, "message": {"Nine"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

func TestThePushPageDoesEverythingThatItsButtonsSay(t *testing.T) {
	s := start(t)
	r := newReceiver(t, nil)
	s.hook(orders, r.URL, "")
	b := s.as(wes) // may write
	page := "/" + orders + "/push"
	for i, form := range []url.Values{
		pushForm("push"), pushForm("push-12"), pushForm("new-branch", "new_name", "hot/fix"), pushForm("push", "branch", "hot/fix", "content", "2"),
		pushForm("merge", "new_name", "hot/fix"), pushForm("tag", "new_name", "v5"), pushForm("force-push", "message", "Forced"), pushForm("delete-branch", "branch", "hot/fix"),
	} {
		a := b.post(page, form)
		wantStatus(t, a, http.StatusSeeOther)
		shown := b.get(a.location())
		wantText(t, shown, `id="pushed"`)
		if got := r.settled(s); len(got) != i+1 || at(t, got[i].json(t), "actor", "nickname") != "wes" {
			t.Fatalf("%s: %d deliveries", form.Get("action"), len(got))
		}
		if i == 0 {
			wantText(t, b.get("/"+orders+"/commits/"+byID(t, shown, "pushed-hash")), "Nine", "added: migrations/0009_x.sql", "SELECT 9;")
		}
	}
	last := r.all()
	if at(t, last[1].json(t), "push", "changes", 0, "truncated") != true || at(t, last[6].json(t), "push", "changes", 0, "forced") != true {
		t.Error("twelve commits or the forced push have another shape")
	}
	wantText(t, b.get("/"+orders+"/branches"), "main</a> (main branch)", "v5")
	wantText(t, b.get("/"+orders+"/commits?branch=main"), "Forced")
	wantStatus(t, b.get("/"+orders+"/branch/feature/add-region"), http.StatusSeeOther)
	wantText(t, s.as(priya).get("/"+empty+"/push"), `value="main"`)
	wantStatus(t, s.as(priya).post("/"+empty+"/push", pushForm("push")), http.StatusSeeOther)
}

func TestAMistakeOnThePushPageKeepsWhatWasTyped(t *testing.T) {
	s := start(t)
	for _, form := range []url.Values{pushForm("push", "path", "../x"), pushForm("new-branch"), pushForm("dance"), pushForm("merge", "new_name", "x"), pushForm("delete-branch")} {
		a := s.as(priya).post("/"+orders+"/push", form)
		wantStatus(t, a, 422)
		wantText(t, a, `id="problem"`, "Nine", "SELECT 9;")
	}
}

func TestPagesOfARepositoryNeedTheirPermission(t *testing.T) {
	s := start(t)
	for path, want := range map[string][3]int{ // Priya, Wes, Nora
		"": {200, 200, 404}, "/branches": {200, 200, 404}, "/commits": {200, 200, 404}, "/push": {200, 200, 404}, "/admin": {200, 403, 404}, "/admin/webhooks": {200, 403, 404},
	} {
		for i, email := range []string{priya, wes, nora} {
			wantStatus(t, s.as(email).get("/"+orders+path), want[i])
		}
	}
	wantStatus(t, s.browser().get("/acme-web/design-system/commits"), 200)
	wantStatus(t, s.browser().get("/acme-web/design-system/push"), 403)
	wantStatus(t, s.as(wes).post("/"+orders+"/admin/delete", nil), 403)
	wantStatus(t, s.as(priya).get("/"+orders+"/commits/nothing"), 404)
	wantStatus(t, s.as(priya).get("/"+orders+"/commits?branch=nothing"), 404)
}

func TestAnAdministratorChangesRolesNameAndPlace(t *testing.T) {
	s := start(t)
	b := s.as(priya)
	wantStatus(t, b.post("/"+orders+"/admin/roles", url.Values{"role-priya": {"admin"}, "role-wes": {"admin"}, "role-nora": {"read"}}), http.StatusSeeOther)
	if got := s.repository(orders).Permissions; got[wes] != "admin" || got[nora] != "read" {
		t.Errorf("permissions %v", got)
	}
	wantText(t, s.as(wes).get("/"+orders+"/admin"), `value="read" selected>read`)
	wantStatus(t, b.post("/"+orders+"/admin/roles", url.Values{"role-priya": {"king"}}), 422)
	wantStatus(t, b.post("/"+orders+"/admin/rename", url.Values{"name": {"!"}}), 422)
	if a := b.post("/"+orders+"/admin/rename", url.Values{"name": {"Orders Two"}}); a.location() != "/acme-data/orders-two" {
		t.Errorf("renamed to %s", a.location())
	}
	if a := b.post("/acme-data/orders-two/admin/move", url.Values{"workspace": {"acme-web"}}); a.location() != "/acme-web/orders-two" {
		t.Errorf("moved to %s", a.location())
	}
	wantStatus(t, b.post("/acme-web/orders-two/admin/delete", nil), http.StatusSeeOther)
	wantStatus(t, b.get("/acme-web/orders-two"), 404)
}

func TestViewRequestsShowsWhatWasSentAndNeverTheSecret(t *testing.T) {
	s := start(t)
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	uuid := s.hook(orders, r.URL, "s3cret")
	result := s.push(orders, "main", file("x", "y"))
	r.settled(s)
	b := s.as(priya)
	list := b.get("/" + orders + "/admin/webhooks")
	wantText(t, list, r.URL, "with a secret", "view-requests-"+strings.Trim(uuid, "{}"))
	link := regexp.MustCompile(`id="view-requests-[^"]*" href="([^"]*)"`).FindStringSubmatch(list.body)
	page := b.get(link[1])
	wantText(t, page, "repo:push", result.Deliveries[0], "failed", "1: 418")
	if strings.Contains(list.body+page.body, "s3cret") {
		t.Error("the secret is on a page")
	}
	wantText(t, b.get("/simulator"), fmt.Sprintf("<td>%s</td>", orders), "1: 418")
	wantStatus(t, b.get("/"+orders+"/admin/webhooks/nothing"), 404)
}
