package bitbucketsim_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

// A delivery is sent only after its push is stored, so the first simulator can be left as a kill -9 leaves it.
func TestARestartCarriesOnWithRepositoriesCommitsAndWebhooks(t *testing.T) {
	file1 := filepath.Join(t.TempDir(), "sim.json")
	clock := newClock()
	first := startWith(t, clock, file1)
	r := newReceiver(t, nil)
	hook := first.hook(orders, r.URL, "s3cret")
	if err := first.SetRole(orders, nora, "read"); err != nil {
		t.Fatal(err)
	}
	if _, err := first.RenameRepository(billing, "Bills"); err != nil {
		t.Fatal(err)
	}
	if err := first.DeleteRepository("acme-data/returns-db"); err != nil {
		t.Fatal(err)
	}
	first.push(orders, "main", file("a", "1"), file("b", "2"), bitbucketsim.NewCommit{Deletes: []string{"README.md"}})
	first.must(first.Merge(orders, "main", "feature/add-region", "")) // the next: written behind
	first.must(first.CreateTag(orders, "v9", ""))
	r.settled(first)
	before := first.repository(orders)

	second := startWith(t, clock, file1)
	after := second.repository(orders)
	if !equalRefs(before, after) || !slices.Equal(after.Hooks, []string{hook}) || after.Permissions[nora] != "read" {
		t.Errorf("after %+v, before %+v", after, before)
	}
	if got := second.repository("acme-data/bills"); got.MainBranch != "master" {
		t.Errorf("renamed %+v", got)
	}
	for _, gone := range []string{billing, "acme-data/returns-db"} {
		if _, err := second.Repository(gone); err == nil {
			t.Errorf("%s is back", gone)
		}
	}
	wantText(t, second.api(first.admin, "/repositories/"+orders+"/src/main/b"), "2")
	wantStatus(t, second.api(first.admin, "/repositories/"+orders+"/src/main/README.md"), 404)
	second.push(orders, "main", file("c", "3"))
	if got := r.settled(second); got[len(got)-1].header.Get("X-Hub-Signature") != signatureOf("s3cret", got[len(got)-1].body) {
		t.Error("the webhook's secret is another one")
	}
}

func TestCloseStoresWhatWasPushedLast(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sim.json")
	first := startWith(t, newClock(), name)
	for i := range 20 {
		first.push(orders, "main", file("x", fmt.Sprint(i)))
	}
	want := first.repository(orders).Branches["main"]
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := startWith(t, newClock(), name).repository(orders).Branches["main"]; got != want {
		t.Errorf("main is %s, want %s", got, want)
	}
	left, _ := os.ReadDir(filepath.Dir(name))
	if len(left) != 1 {
		t.Errorf("%d files, want 1", len(left))
	}
}

func TestAStateFileWithBrokenRepositoriesIsNamed(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sim.json")
	for _, hosting := range []string{`"x"`, `{"Repositories":[{"UUID":"{1}","Branches":{"main":"abc"}}]}`, `{"Repositories":[{"UUID":"{1}","Commits":[{"Hash":"a","Parents":["b"]}]}]}`} {
		if err := os.WriteFile(name, []byte(`{"Format":1,"Hosting":`+hosting+`}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := bitbucketsim.New(bitbucketsim.Options{StateFile: name}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", hosting, err)
		}
	}
}

func TestTenThousandRepositoriesAreListedBySearchAndPage(t *testing.T) {
	s := startOptions(t, bitbucketsim.Options{ManyRepositories: 10_000})
	const list = "/repositories/acme-fleet?role=admin&pagelen=100&sort=name"
	first := s.get(list).json(t)
	if first["size"] != 10_000.0 || at(t, first, "values", 0, "slug") != "service-00001-db" || first["next"] == nil {
		t.Errorf("size %v", first["size"])
	}
	last := s.get(list + "&page=100")
	if got := names(t, last, "slug"); got[99] != "service-10000-db" || last.json(t)["next"] != nil {
		t.Errorf("last page %q", got)
	}
	search := url.QueryEscape(`name~"-0777"`)
	if got := s.get("/repositories/acme-fleet?q=" + search).json(t)["size"]; got != 10.0 {
		t.Errorf("search found %v", got)
	}
	permissions := s.get("/user/workspaces/acme-fleet/permissions/repositories?sort=-repository.name&q=" + url.QueryEscape(`permission="admin" AND repository.name~"service-01"`)).json(t)
	if permissions["size"] != 1000.0 || at(t, permissions, "values", 0, "repository", "name") != "service-01999-db" {
		t.Errorf("permissions %v", permissions["size"])
	}
	one, other := s.repository("acme-fleet/service-00001-db"), s.repository("acme-fleet/service-00002-db")
	s.push(one.FullName, "main", file("x", "y"))
	if s.repository(other.FullName).Branches["main"] != other.Branches["main"] || s.repository(one.FullName).Branches["main"] == one.Branches["main"] {
		t.Error("a push to one repository reached another")
	}
	wantStatus(t, s.get("/repositories/acme-fleet/service-00002-db/commit/"+s.repository(one.FullName).Branches["main"]), 404)
	if page := s.as(priya).get("/acme-fleet"); len(page.body) > 1<<20 || !strings.Contains(page.body, "and 9800 more") {
		t.Errorf("the page has %d bytes", len(page.body))
	}
}

func TestRepositoriesCanBeAddedAnywhereAndSurvive(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sim.json")
	first := startWith(t, newClock(), name)
	if err := first.AddRepositories("acme-web", 30); err != nil {
		t.Fatal(err)
	}
	if first.AddRepositories("nowhere", 1) == nil {
		t.Error("no error")
	}
	tip := first.push("acme-web/service-00007-db", "main", file("x", "y")).Changes[0].New
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Size() > 20_000 {
		t.Errorf("the file has %d bytes", info.Size())
	}
	second := startWith(t, newClock(), name)
	if got := second.get("/repositories/acme-web?role=admin").json(t)["size"]; got != 31.0 {
		t.Errorf("%v repositories", got)
	}
	if got := second.repository("acme-web/service-00007-db").Branches["main"]; got != tip {
		t.Errorf("main is %s, want %s", got, tip)
	}
}

func TestTenThousandPushesAreQuickAlsoWithAStateFile(t *testing.T) {
	s := startWith(t, newClock(), filepath.Join(t.TempDir(), "sim.json"))
	began := time.Now()
	pushes := 10_000
	if testing.Short() {
		pushes = 1000
	}
	if _, err := s.PushBulk(orders, "main", pushes, 1); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > time.Minute { // seconds, really; this is about quadratic mistakes
		t.Errorf("it took %v", took)
	}
	if got := s.get("/repositories/" + orders + "/diffstat/main..v1.0?topic=false").json(t)["size"]; got != float64(pushes+1) {
		t.Errorf("%v files differ", got)
	}
}

func TestPushesRequestsAndRenamesAtTheSameTimeDoNotMeet(t *testing.T) {
	s := startWith(t, newClock(), filepath.Join(t.TempDir(), "sim.json"))
	r := newReceiver(t, nil)
	s.hook(orders, r.URL, "s")
	uuid := s.repository(orders).UUID
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 25 {
				if _, err := s.Push(uuid, "main", file(fmt.Sprintf("w%d/%d", worker, i), "x")); err != nil {
					t.Error(err)
				}
				switch worker {
				case 0:
					if _, err := s.RenameRepository(uuid, fmt.Sprintf("orders-%d", i%3)); err != nil {
						t.Error(err)
					}
				case 1:
					s.get("/repositories/acme-data?q=" + url.QueryEscape(`name~"orders"`))
				case 2:
					s.get("/repositories/acme-data/" + url.PathEscape(uuid) + "/diffstat/main..v1.0?topic=false")
				}
			}
		})
	}
	all.Wait()
	if got := r.settled(s); len(got) != 100 {
		t.Errorf("%d deliveries", len(got))
	}
	if got := s.get("/repositories/acme-data/" + url.PathEscape(uuid) + "/commits/main?exclude=v1.0&pagelen=100"); len(names(t, got, "hash")) != 100 || got.json(t)["next"] == nil {
		t.Error("commits are missing")
	}
}
