package gitprovider_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/gitprovider"
)

// linkerSite is the other side of a Linker. Every host tells the same story: Priya Raman administers acme-data/orders-db, an
// empty repository beside it, and some more. It says what the promises below need to arrange; the promises are the same for
// every host.
type linkerSite interface {
	linker() gitprovider.Linker
	app() gitprovider.App
	grant() (code, verifier fairlead.Secret)
	revoke() // everything that was granted
	expire() // access tokens, not what renews them

	repository() (id, fullName string) // has a main branch called main, with migrations/0001_create.sql, and feature/add-region
	empty() (id string)
	fill(n int) (owner string)          // adds repositories whose name contains "service-"
	rename(id string) (fullName string) // and moves
	remove(id string)
	role(id, role string)
	push(id string, c push) pushed
	webAddress(fullName string) string

	answer(status int, retryAfter time.Duration) // to every call from now on
	refuseAddresses()                            // of webhooks, when they are private
	delivered(got *inbox) []received
	calls() int // that the host has got
}

// push is what somebody pushes. In a commit, a path with an empty text is removed.
type push struct {
	branch, tag, from string
	force, remove     bool
	commits           []map[string]string
}

type pushed struct {
	fairlead.RefChange
	made     []string // hashes, newest first
	delivery string   // the host's id of what it sent
}

// linkerSites are the hosts that projects can be linked with. A new host adds a line here.
var linkerSites = map[string]func(*testing.T) linkerSite{
	"bitbucket-cloud": func(t *testing.T) linkerSite { return newBitbucketSite(t) },
}

// linked is a connection at a host.
type linked struct {
	linkerSite
	gitprovider.Linker
	t      *testing.T
	tokens fairlead.Tokens
	access fairlead.Secret
	id     string
}

// everyLinker runs a promise against every host.
func everyLinker(t *testing.T, promise func(*testing.T, *linked)) {
	t.Helper()
	for name, site := range linkerSites {
		t.Run(name, func(t *testing.T) {
			l := &linked{linkerSite: site(t), t: t}
			l.Linker = l.linker()
			code, verifier := l.grant()
			tokens, _, err := l.Connect(t.Context(), l.app(), code, verifier)
			l.must(err)
			l.tokens, l.access = tokens, tokens.Access
			l.id, _ = l.repository()
			promise(t, l)
		})
	}
}

func (l *linked) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *linked) find(id string) fairlead.Repository {
	l.t.Helper()
	r, err := l.FindRepository(l.t.Context(), l.access, id)
	l.must(err)
	return r
}

func (l *linked) compare(id string, c fairlead.RefChange) fairlead.Comparison {
	l.t.Helper()
	found, err := l.Compare(l.t.Context(), l.access, fairlead.Repository{ID: id}, c)
	l.must(err)
	return found
}

// everyCall is each call of a connection: what the host does to one it does to all.
func (l *linked) everyCall() map[string]func() error {
	ctx, repo := l.t.Context(), fairlead.Repository{ID: l.id}
	hash := strings.Repeat("ab", 20)
	spec := gitprovider.WebhookSpec{URL: "https://fairlead.example/hooks/rl_1", Secret: fairlead.NewSecret("signs deliveries")}
	return map[string]func() error{
		"owners": func() error { _, err := l.RepositoryOwners(ctx, l.access); return err },
		"repositories": func() error {
			_, err := l.ListRepositories(ctx, l.access, gitprovider.RepositoryQuery{Owner: "acme-data"})
			return err
		},
		"repository": func() error { _, err := l.FindRepository(ctx, l.access, l.id); return err },
		"no role":    func() error { _, err := l.ReadRepository(ctx, l.access, l.id); return err },
		"branches":   func() error { _, _, err := l.ListBranches(ctx, l.access, l.id, ""); return err },
		"tags":       func() error { _, _, err := l.ListTags(ctx, l.access, l.id, ""); return err },
		"files":      func() error { _, _, err := l.ListFiles(ctx, l.access, l.id, hash); return err },
		"commit":     func() error { _, err := l.FindCommit(ctx, l.access, l.id, hash); return err },
		"reaches":    func() error { _, err := l.Reaches(ctx, l.access, l.id, hash, hash); return err },
		"compare": func() error {
			_, err := l.Compare(ctx, l.access, repo, fairlead.RefChange{Type: fairlead.RefBranch, Name: "main", Old: hash, New: hash})
			return err
		},
		"new branch": func() error {
			_, err := l.Compare(ctx, l.access, repo, fairlead.RefChange{Type: fairlead.RefBranch, Name: "x", New: hash})
			return err
		},
		"webhooks":       func() error { _, err := l.ListWebhooks(ctx, l.access, l.id); return err },
		"create webhook": func() error { _, err := l.CreateWebhook(ctx, l.access, l.id, spec); return err },
		"update webhook": func() error { _, err := l.UpdateWebhook(ctx, l.access, l.id, "{1}", spec); return err },
		"remove webhook": func() error { return l.RemoveWebhook(ctx, l.access, l.id, "{1}") },
	}
}

func (l *linked) everyCallIs(code fairlead.DiagnosisCode, except ...string) {
	l.t.Helper()
	for name, call := range l.everyCall() {
		if slices.Contains(except, name) {
			continue
		}
		l.t.Run(name, func(t *testing.T) {
			d := wantDiagnosis(t, call(), code)
			if text := strings.Join(append(d.Fix, d.Hints...), " "); d.Title == "" || d.Because == "" || len(d.Fix) == 0 || strings.Contains(text, "**Next**") {
				t.Errorf("got %+v", *d)
			}
		})
	}
}

func TestConnectingTellsWhoAndKeepsWhatRenews(t *testing.T) {
	for name, site := range linkerSites {
		t.Run(name, func(t *testing.T) {
			s := site(t)
			code, verifier := s.grant()
			tokens, account, err := s.linker().Connect(t.Context(), s.app(), code, verifier)
			if err != nil || account.ID == "" || account.Name != "Priya Raman" || tokens.Access.IsZero() || tokens.Refresh.IsZero() || len(tokens.Scopes) == 0 {
				t.Fatalf("got %+v, %+v, %v", tokens, account, err)
			}
			if tokens.ExpiresAt.IsZero() {
				t.Error("when the token ends was not kept")
			}
			_, _, err = s.linker().Connect(t.Context(), s.app(), code, verifier)
			d := wantDiagnosis(t, err, fairlead.DiagnosisCodeRejected)
			if strings.Contains(strings.Join(d.Fix, ""), "Next") {
				t.Errorf("got %q", d.Fix)
			}
		})
	}
}

func TestARefreshGivesATokenThatWorks(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		l.expire()
		_, err := l.RepositoryOwners(t.Context(), l.access)
		wantDiagnosis(t, err, fairlead.DiagnosisTokenRejected)
		fresh, err := l.Refresh(t.Context(), l.app(), l.tokens)
		l.must(err)
		if fresh.Refresh.IsZero() || fresh.Access.Equal(l.access) || fresh.ExpiresAt.Before(l.tokens.ExpiresAt) || len(fresh.Scopes) == 0 {
			t.Errorf("got %+v", fresh)
		}
		_, err = l.RepositoryOwners(t.Context(), fresh.Access)
		l.must(err)
	})
}

func TestARevokedConnectionHasExpired(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		l.revoke()
		_, err := l.Refresh(t.Context(), l.app(), l.tokens)
		wantDiagnosis(t, err, fairlead.DiagnosisConnectionExpired)
		_, err = l.Refresh(t.Context(), l.app(), fairlead.Tokens{Access: l.access})
		wantDiagnosis(t, err, fairlead.DiagnosisConnectionExpired)
	})
}

func TestAnApplicationThatIsRefusedDoesNotEndTheConnection(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		other := l.app()
		other.Secret = fairlead.NewSecret("another secret")
		_, err := l.Refresh(t.Context(), other, l.tokens)
		wantDiagnosis(t, err, fairlead.DiagnosisCredentials)
		_, err = l.Refresh(t.Context(), l.app(), l.tokens)
		l.must(err)
	})
}

func TestATokenThatIsRefusedIsSaidSoByEveryCall(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		l.expire()
		l.everyCallIs(fairlead.DiagnosisTokenRejected)
	})
}

func TestWhatTheHostDoesToEveryCallHasItsNameInEach(t *testing.T) {
	for status, code := range map[int]fairlead.DiagnosisCode{
		410: fairlead.DiagnosisEndpointRemoved, 429: fairlead.DiagnosisRateLimited, 500: fairlead.DiagnosisHostError, 503: fairlead.DiagnosisHostError,
	} {
		everyLinker(t, func(t *testing.T, l *linked) {
			l.answer(status, 0)
			l.everyCallIs(code)
		})
	}
}

func TestAHostThatAsksForPatienceIsHeard(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		for status, wait := range map[int]time.Duration{429: 42 * time.Second, 503: 5 * time.Minute, 500: 0} {
			l.answer(status, wait)
			_, err := l.RepositoryOwners(t.Context(), l.access)
			if d := diagnosis(t, err); d.RetryAfter != wait {
				t.Errorf("%d: got %v, want %v", status, d.RetryAfter, wait)
			}
		}
	})
}

func TestTheFirstPageOfThePickerTakesTwoCalls(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		owner := l.fill(120)
		before := l.calls()
		owners, err := l.RepositoryOwners(t.Context(), l.access)
		l.must(err)
		page, err := l.ListRepositories(t.Context(), l.access, gitprovider.RepositoryQuery{Owner: owner})
		l.must(err)
		if n := l.calls() - before; n > 2 {
			t.Errorf("%d calls", n)
		}
		if !slices.ContainsFunc(owners, func(o fairlead.RepositoryOwner) bool { return o.Slug == owner && o.ID != "" }) {
			t.Errorf("got %+v", owners)
		}
		if len(page.Repositories) == 0 || page.Next == "" || page.Repositories[0].Access == "" || page.Repositories[0].ID == "" {
			t.Errorf("got %+v", page)
		}
	})
}

func TestAllPagesTogetherAreEveryRepositoryOnce(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		query := gitprovider.RepositoryQuery{Owner: l.fill(120), Search: "SERVICE-"}
		var names []string
		for range 100 {
			page, err := l.ListRepositories(t.Context(), l.access, query)
			l.must(err)
			for _, r := range page.Repositories {
				names = append(names, r.FullName)
			}
			if query.Page = page.Next; query.Page == "" {
				break
			}
		}
		if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != 120 || len(names) != 120 {
			t.Errorf("got %d: %q", len(names), names)
		}
	})
}

func TestNothingThatIsSearchedForBreaksTheList(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		for _, search := range []string{`"`, `\`, `a" AND permission="admin`, `a\" b`, "a and b", "ü", "' or 1", "%", " ", "orders"} {
			page, err := l.ListRepositories(t.Context(), l.access, gitprovider.RepositoryQuery{Owner: "acme-data", Search: search})
			l.must(err)
			if found := len(page.Repositories) > 0; found != (search == " " || search == "orders") {
				t.Errorf("%q found %d", search, len(page.Repositories))
			}
		}
	})
}

func TestARepositoryIsFoundByIDAndByName(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		id, name := l.repository()
		for _, by := range []string{id, name} {
			r := l.find(by)
			if r.ID != id || r.FullName != name || r.MainBranch != "main" || !r.Private || !r.CanHook() || r.WebURL != l.webAddress(name) || r.UpdatedAt.IsZero() {
				t.Errorf("by %s: got %+v", by, r)
			}
		}
		if r := l.find(l.empty()); r.MainBranch != "" {
			t.Errorf("got %+v", r)
		}
		for _, role := range []string{fairlead.AccessWrite, fairlead.AccessRead} {
			l.role(id, role)
			if r := l.find(id); r.Access != role || r.CanHook() {
				t.Errorf("got %+v, want %s", r, role)
			}
		}
	})
}

func TestRenamingAndMovingLosesNothing(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		hook, err := l.CreateWebhook(t.Context(), l.access, l.id, gitprovider.WebhookSpec{URL: "https://fairlead.example/hooks/rl_1"})
		l.must(err)
		name := l.rename(l.id)
		if r := l.find(l.id); r.FullName != name || r.ID != l.id || !r.CanHook() {
			t.Errorf("got %+v", r)
		}
		done := l.push(l.id, push{branch: "main", commits: []map[string]string{{"a.sql": "1"}}})
		if got := l.compare(l.id, done.RefChange); len(got.Files) != 1 {
			t.Errorf("got %+v", got)
		}
		hooks, err := l.ListWebhooks(t.Context(), l.access, l.id)
		if err != nil || len(hooks) != 1 || hooks[0].ID != hook.ID {
			t.Errorf("got %+v, %v", hooks, err)
		}
	})
}

func TestARepositoryThatIsGoneIsNotFoundByEveryCall(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		l.remove(l.id)
		l.everyCallIs(fairlead.DiagnosisRepositoryGone, "owners", "repositories", "remove webhook")
		l.must(l.RemoveWebhook(t.Context(), l.access, l.id, "{1}"))
		for _, typed := range []string{"", "nothing", "a/b/c", "..", "acme-data/..", "acme-data/no-such", "{}", "acme-data/?q=1"} {
			_, err := l.FindRepository(t.Context(), l.access, typed)
			wantDiagnosis(t, err, fairlead.DiagnosisRepositoryGone)
		}
		_, err := l.ListRepositories(t.Context(), l.access, gitprovider.RepositoryQuery{Owner: "no-such-place"})
		wantDiagnosis(t, err, fairlead.DiagnosisRepositoryGone)
	})
}

func TestAnOwnerThatIsNoneIsNotAskedFor(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		before := l.calls()
		for _, typed := range []string{"", ".", "..", "a/b", "acme data", "acme-data?q=1", "%2e%2e"} {
			_, err := l.ListRepositories(t.Context(), l.access, gitprovider.RepositoryQuery{Owner: typed})
			wantDiagnosis(t, err, fairlead.DiagnosisRepositoryGone)
		}
		if n := l.calls() - before; n != 0 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestRequestsAreCountedAndNotCalls(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		ctx, asked := gitprovider.Counted(t.Context())
		before := l.calls()
		_, err := l.ReadRepository(ctx, l.access, l.id)
		l.must(err)
		if asked() != 1 {
			t.Errorf("%d requests for a repository", asked())
		}
		_, err = l.FindRepository(ctx, l.access, l.id)
		l.must(err)
		if n := l.calls() - before; asked() != int64(n) || n < 3 {
			t.Errorf("counted %d of %d requests", asked(), n)
		}
	})
}

func TestBranchesAreSearchedAtTheHost(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		all, more, err := l.ListBranches(t.Context(), l.access, l.id, "")
		if err != nil || more || len(all) < 2 {
			t.Fatalf("got %+v, %v, %v", all, more, err)
		}
		l.push(l.id, push{branch: "domain", from: "main"})
		found, _, err := l.ListBranches(t.Context(), l.access, l.id, "main")
		if err != nil || len(found) != 2 || found[0].Name != "main" || len(found[0].Head) < 40 {
			t.Errorf("got %+v, %v", found, err)
		}
		for _, search := range []string{`"`, `\`, "no-such-branch", "../x", "a b"} {
			if found, _, err := l.ListBranches(t.Context(), l.access, l.id, search); err != nil || len(found) != 0 {
				t.Errorf("%q: got %+v, %v", search, found, err)
			}
		}
		if found, more, err := l.ListBranches(t.Context(), l.access, l.empty(), ""); err != nil || more || len(found) != 0 {
			t.Errorf("got %+v, %v, %v", found, more, err)
		}
	})
}

func TestFilesOfACommitAreListedWithTheirWholePaths(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		done := l.push(l.id, push{branch: "main", commits: []map[string]string{{"a/b/c/d/e/f.sql": "1", "with space/ü.sql": "2"}}})
		paths, more, err := l.ListFiles(t.Context(), l.access, l.id, done.New)
		if err != nil || more {
			t.Fatalf("got %v, %v", more, err)
		}
		for _, want := range []string{"a/b/c/d/e/f.sql", "with space/ü.sql", "migrations/0001_create.sql", "README.md"} {
			if !slices.Contains(paths, want) {
				t.Errorf("%s is not in %q", want, paths)
			}
		}
		if slices.Contains(paths, "a/b") || slices.Contains(paths, "migrations") {
			t.Errorf("there are folders in %q", paths)
		}
	})
}

func TestACommitIsFoundByTheBeginningOfItsHash(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		done := l.push(l.id, push{branch: "main", commits: []map[string]string{{"a.sql": "1"}}})
		for _, hash := range []string{done.New, done.New[:12], strings.ToUpper(done.New)} {
			c, err := l.FindCommit(t.Context(), l.access, l.id, hash)
			if err != nil || c.Hash != done.New || c.Message != "Change" || c.Author != "Priya Raman" || c.At.IsZero() {
				t.Errorf("%s: got %+v, %v", hash, c, err)
			}
		}
		for _, hash := range []string{"", "main", "abc", "../../../user", strings.Repeat("0", 40), done.New + "?x=1"} {
			_, err := l.FindCommit(t.Context(), l.access, l.id, hash)
			wantDiagnosis(t, err, fairlead.DiagnosisCommitMissing)
		}
	})
}

func TestWhatAHistoryReachesIsAskedOfTheHost(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		first := l.push(l.id, push{branch: "main", commits: []map[string]string{{"a.sql": "1"}}})
		second := l.push(l.id, push{branch: "main", commits: []map[string]string{{"a.sql": "2"}}})
		side := l.push(l.id, push{branch: "side", from: first.New, commits: []map[string]string{{"b.sql": "2"}}})
		for _, c := range []struct {
			from, commit string
			want         bool
		}{
			{second.New, first.New, true}, {second.New, second.New, true}, {first.New, second.New, false}, {second.New, side.New, false}, {side.New, first.New, true},
		} {
			if got, err := l.Reaches(t.Context(), l.access, l.id, c.from, c.commit); err != nil || got != c.want {
				t.Errorf("%s from %s: got %v, %v", c.commit, c.from, got, err)
			}
		}
		_, err := l.Reaches(t.Context(), l.access, l.id, second.New, strings.Repeat("0", 40))
		wantDiagnosis(t, err, fairlead.DiagnosisCommitMissing)
	})
}

func TestAPastedAddressOfARepositoryIsItsName(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		_, name := l.repository()
		web := l.webAddress(name)
		for _, typed := range []string{name, web, web + "/", web + "/src/main/README.md?x=1#y", web + ".git", "  " + web + "  ", strings.ToUpper(name)} {
			if got, ok := l.ParseRepositoryURL(typed); !ok || got != name {
				t.Errorf("%q: got %q, %v", typed, got, ok)
			}
		}
		for _, typed := range []string{"", "orders", "https://elsewhere.example/" + name, "javascript:alert(1)", "a/b/c", "/etc/passwd", "acme-data/..", "./.", "ftp://" + strings.TrimPrefix(web, "http://")} {
			if got, ok := l.ParseRepositoryURL(typed); ok {
				t.Errorf("%q: got %q", typed, got)
			}
		}
		r := l.find(name)
		if got := l.CommitURL(r, strings.Repeat("ab", 20)); got != web+"/commits/"+strings.Repeat("ab", 20) {
			t.Errorf("got %s", got)
		}
	})
}

func TestAPrivateAddressCannotBeReachedFromTheCloud(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		for host, want := range map[string]bool{
			"fairlead.example": true, "fairlead.acme.com:8443": true, "203.0.113.7": true, "[2001:db8::7]": true, "FAIRLEAD.acme.com.": true, "8.8.8.8:80": true,
			"localhost": false, "localhost:8080": false, "fairlead": false, "fairlead.local": false, "fairlead.corp.internal": false, "x.LOCALHOST": false, "fairlead.internal.": false,
			"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1:80": false, "169.254.1.1": false, "100.64.0.1": false, "0.0.0.0": false, "224.0.0.1": false, "127.1": false,
			"[::1]": false, "[fd00::1]": false, "[fe80::1]": false, "[::ffff:10.0.0.1]": false, "": false,
		} {
			if got := l.CanReach(&url.URL{Scheme: "https", Host: host}); got != want {
				t.Errorf("%s: got %v", host, got)
			}
		}
	})
}
