package gitprovider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/gitprovider"
)

// What Bitbucket alone does, beyond the promises of linker_test.go.

func TestPeopleSeeWhatTheyMayAndNothingElse(t *testing.T) {
	s := newBitbucketSite(t)
	id, _ := s.repository()
	access := s.connectedAs(wes).Access
	r, err := s.FindRepository(t.Context(), access, id)
	if err != nil || r.Access != fairlead.AccessWrite {
		t.Errorf("got %+v, %v", r, err)
	}
	access = s.connectedAs(nora).Access
	if owners, err := s.RepositoryOwners(t.Context(), access); err != nil || len(owners) != 0 {
		t.Errorf("got %+v, %v", owners, err)
	}
	_, err = s.FindRepository(t.Context(), access, id)
	wantDiagnosis(t, err, fairlead.DiagnosisRepositoryGone)
	_, err = s.ListRepositories(t.Context(), access, gitprovider.RepositoryQuery{Owner: "acme-data"})
	wantDiagnosis(t, err, fairlead.DiagnosisRepositoryGone)
	// A public repository can be read by everybody; what somebody from outside may do there is not told.
	r, err = s.FindRepository(t.Context(), access, "acme-web/design-system")
	if err != nil || r.Access != "" || r.Private {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestTenThousandRepositoriesAreSearchedAtTheHost(t *testing.T) {
	s := newBitbucketSite(t, func(o *bitbucketsim.Options) { o.ManyRepositories = 10_000 })
	access := s.connectedAs(priya).Access
	before := s.calls()
	page, err := s.ListRepositories(t.Context(), access, gitprovider.RepositoryQuery{Owner: "acme-fleet", Search: "09999"})
	s.must(err)
	if n := s.calls() - before; n != 1 || len(page.Repositories) != 1 || page.Repositories[0].FullName != "acme-fleet/service-09999-db" || page.Next != "" {
		t.Errorf("%d calls, got %+v", n, page)
	}
}

func TestTheHostsOwnWordsAboutARemovedCallAreShown(t *testing.T) {
	s := newBitbucketSite(t)
	access := s.connectedAs(priya).Access
	s.set(bitbucketsim.Faults{Status: http.StatusGone, Where: "api"})
	_, err := s.RepositoryOwners(t.Context(), access)
	if d := wantDiagnosis(t, err, fairlead.DiagnosisEndpointRemoved); !strings.Contains(d.Because, "CHANGE-2770 - Functionality has been deprecated") {
		t.Errorf("got %q", d.Because)
	}
}

func TestAListingThatTakesTooLongIsAskedForLessDeep(t *testing.T) {
	s := newBitbucketSite(t)
	access := s.connectedAs(priya).Access
	id, name := s.repository()
	done := s.push(id, push{branch: "main", commits: []map[string]string{{"a/b/c.sql": "1"}}})
	for times, more := range map[int]bool{1: false, 2: false, 3: true} { // with a depth of 1 the folders stay closed
		s.set(bitbucketsim.Faults{Status: 555, Times: times, PathPrefix: "/2.0/repositories/{}/" + id + "/src/"})
		paths, cut, err := s.ListFiles(t.Context(), access, id, done.New)
		if err != nil || cut != more || len(paths) == 0 {
			t.Errorf("%d times: got %q, %v, %v", times, paths, cut, err)
		}
	}
	s.set(bitbucketsim.Faults{Status: 555})
	_, _, err := s.ListFiles(t.Context(), access, name, done.New)
	wantDiagnosis(t, err, fairlead.DiagnosisHostError)
}

func TestAPageOfAListCanOnlyLeadFurtherInIt(t *testing.T) {
	s := newBitbucketSite(t)
	access := s.connectedAs(priya).Access
	for _, page := range []string{"https://elsewhere.example/2.0", "../../../user", "%zz", "a=b&page=1#x", "?", "/2.0/user"} {
		_, _ = s.ListRepositories(t.Context(), access, gitprovider.RepositoryQuery{Owner: "acme-data", Page: page})
		all := s.sim.Requests()
		if last := all[len(all)-1]; last.Path != "/2.0/user/workspaces/acme-data/permissions/repositories" {
			t.Errorf("%q asked for %s", page, last.Path)
		}
	}
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	date := time.Date(2026, 9, 10, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"30": 30 * time.Second, date.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second, "": 0, "soon": 0, "-5": 0, "0": 0, "99999999999": 24 * time.Hour,
		date.Add(-time.Hour).Format(http.TimeFormat): 0, date.AddDate(1, 0, 0).Format(http.TimeFormat): 24 * time.Hour,
	} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", date.Format(http.TimeFormat))
			w.Header().Set("Retry-After", text)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		_, err := hostAt(server).RepositoryOwners(t.Context(), fairlead.NewSecret(plantedToken))
		if d := wantDiagnosis(t, err, fairlead.DiagnosisRateLimited); d.RetryAfter != want {
			t.Errorf("%q: got %v, want %v", text, d.RetryAfter, want)
		}
	}
}

func TestALinksNextPageAtAnotherHostIsNotAskedFor(t *testing.T) {
	other, calls := counted(t)
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, 200, map[string]any{"uuid": "{1}", "full_name": "acme-data/orders-db", "values": []any{}, "next": other.URL + "/2.0/more"})
	})
	for name, call := range callsOf(t, server) {
		if _ = call(); calls.Load() != 0 {
			t.Errorf("%s asked the other host", name)
		}
	}
	page, err := hostAt(server).ListRepositories(t.Context(), fairlead.NewSecret(plantedToken), gitprovider.RepositoryQuery{Owner: "acme-data"})
	if err != nil || page.Next != "" {
		t.Errorf("got %+v, %v", page, err)
	}
}

func TestEndlessPagesComeToAnEnd(t *testing.T) {
	var server *httptest.Server
	server = serve(t, func(w http.ResponseWriter, r *http.Request) {
		answerJSON(w, 200, map[string]any{"values": []any{map[string]any{"name": "main"}}, "next": server.URL + r.URL.Path})
	})
	host, access := hostAt(server), fairlead.NewSecret(plantedToken)
	branches, more, err := host.ListBranches(t.Context(), access, "{1}", "")
	if err != nil || !more || len(branches) != 5 {
		t.Errorf("got %d, %v, %v", len(branches), more, err)
	}
	if tags, more, err := host.ListTags(t.Context(), access, "{1}", ""); err != nil || !more || len(tags) != 5 {
		t.Errorf("got %d, %v, %v", len(tags), more, err)
	}
}

func TestTagsOfTheNewestCommitsComeFirst(t *testing.T) {
	s := newBitbucketSite(t)
	access := s.connectedAs(priya).Access
	id, name := s.repository()
	var want []fairlead.Tag
	for i := range 3 {
		s.clock.forward(time.Minute)
		done, err := s.sim.PushMany(id, bitbucketsim.RefChange{Branch: "main", Commits: []bitbucketsim.NewCommit{{Message: "Go on", Files: map[string]string{fmt.Sprint(i): "1"}}}})
		s.must(err)
		tag := fairlead.Tag{Name: fmt.Sprintf("t%d", i), Head: done.Changes[0].New}
		_, err = s.sim.PushMany(id, bitbucketsim.RefChange{Tag: tag.Name, From: "main", Message: "An annotated one has its commit as its target"})
		s.must(err)
		want = append([]fairlead.Tag{tag}, want...)
	}
	tags, more, err := s.ListTags(t.Context(), access, id, "")
	if err != nil || more || len(tags) < 3 || !slices.Equal(tags[:3], want) {
		t.Errorf("%s: got %+v, %v, %v", name, tags, more, err)
	}
	for _, asked := range []string{"t1", "t", `"`, "../x"} {
		tags, more, err := s.ListTags(t.Context(), access, id, asked)
		if found := slices.Equal(tags, want[1:2]); err != nil || more || found != (asked == "t1") || !found && len(tags) > 0 {
			t.Errorf("%s: got %+v, %v, %v", asked, tags, more, err)
		}
	}
}

func TestABranchThatIsCalledLikeTheSearchIsFoundAmongThousands(t *testing.T) {
	s := newBitbucketSite(t)
	access := s.connectedAs(priya).Access
	id, _ := s.repository()
	changes := []bitbucketsim.RefChange{{Branch: "zz/fix", From: "main"}}
	for i := range 600 {
		changes = append(changes, bitbucketsim.RefChange{Branch: fmt.Sprintf("aa/zz/fix-%d", i), From: "main"})
	}
	_, err := s.sim.PushMany(id, changes...)
	s.must(err)
	branches, more, err := s.ListBranches(t.Context(), access, id, "zz/fix")
	if err != nil || !more || branches[0].Name != "zz/fix" || len(branches) != 501 {
		t.Errorf("got %d, %v, %v", len(branches), more, err)
	}
}

func TestPrivateAddressesAreReachedWhereTheHostIsOnThisMachine(t *testing.T) {
	host := &gitprovider.BitbucketCloud{ReachesPrivate: true}
	if !host.CanReach(&url.URL{Scheme: "http", Host: "localhost:8080"}) {
		t.Error("it does not reach this machine")
	}
}

func TestAddressesOfBitbucketAreReadInEveryForm(t *testing.T) {
	host := gitprovider.NewBitbucketCloud(nil)
	for _, typed := range []string{
		"https://bitbucket.org/acme-data/orders-db", "http://bitbucket.org/acme-data/orders-db/", "https://www.bitbucket.org/acme-data/orders-db/src/main/", "bitbucket.org/acme-data/orders-db",
		"https://priya@bitbucket.org/acme-data/orders-db.git", "https://priya:token@bitbucket.org/Acme-Data/orders-db.git", "git@bitbucket.org:acme-data/orders-db.git", "bitbucket.org:acme-data/orders-db",
		"ssh://git@bitbucket.org/acme-data/orders-db.git", "ssh://git@altssh.bitbucket.org:443/acme-data/orders-db.git", "git clone git@bitbucket.org:acme-data/orders-db.git", "acme-data/orders-db.git",
		"git clone https://priya@bitbucket.org/acme-data/orders-db.git", "https://bitbucket.org/acme-data/orders-db/commits/abc?at=main#chg",
	} {
		if got, ok := host.ParseRepositoryURL(typed); !ok || got != "acme-data/orders-db" {
			t.Errorf("%q: got %q, %v", typed, got, ok)
		}
	}
	for _, typed := range []string{
		"https://bitbucket.org.evil.example/acme-data/orders-db", "https://evil.example/bitbucket.org/acme-data/orders-db", "https://bitbucket.org/acme-data", "https://bitbucket.org/",
		"https://bitbucket.org/acme-data/workspace/repositories", "git@github.com:acme-data/orders-db.git", "bitbucket.org", "acme data/orders", "%%", "://", "git clone",
	} {
		if got, ok := host.ParseRepositoryURL(typed); ok {
			t.Errorf("%q: got %q", typed, got)
		}
	}
}
