package gitprovider_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/gitprovider"
)

const (
	priya = "priya@acme.example" // administers acme-data
	wes   = "wes@acme.example"   // may write there
	nora  = "nora@acme.example"  // belongs nowhere

	orders = "acme-data/orders-db"
)

// clock is a time that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bitbucketSite is a simulated Bitbucket and the host that talks to it.
type bitbucketSite struct {
	*gitprovider.BitbucketCloud
	t      *testing.T
	sim    *bitbucketsim.Sim
	clock  *clock
	client bitbucketsim.Client
}

func newBitbucketSite(t *testing.T, alter ...func(*bitbucketsim.Options)) *bitbucketSite {
	t.Helper()
	s := &bitbucketSite{t: t, clock: &clock{now: time.Date(2026, 9, 10, 12, 0, 0, 0, time.UTC)}}
	options := bitbucketsim.Options{Clock: s.clock.Now}
	for _, f := range alter {
		f(&options)
	}
	var err error
	s.sim, err = bitbucketsim.New(options)
	s.must(err)
	s.must(s.sim.Start("127.0.0.1:0"))
	t.Cleanup(func() { _ = s.sim.Close(context.Background()) })
	s.client, err = s.sim.CreateClient(bitbucketsim.Client{
		Workspace: "acme-data", Name: "Fairlead", CallbackURL: callbackURL, Permissions: []string{"account", "repository:write", "webhook"},
	})
	s.must(err)
	s.BitbucketCloud = &gitprovider.BitbucketCloud{
		Client: gitprovider.NewClient(gitprovider.ClientOptions{AllowLoopback: true, RootCAs: s.sim.CertPool(), Clock: s.clock.Now, Random: rand.Reader}),
		Web:    s.sim.WebURL(), Site: s.sim.BackendURL(), API: s.sim.BackendURL() + "/2.0",
	}
	return s
}

func (s *bitbucketSite) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *bitbucketSite) set(f bitbucketsim.Faults) {
	s.t.Helper()
	s.must(s.sim.SetFaults(f))
}

func (s *bitbucketSite) linker() gitprovider.Linker { return s.BitbucketCloud }

func (s *bitbucketSite) app() gitprovider.App {
	return gitprovider.App{ID: s.client.ID, Secret: fairlead.NewSecret(s.client.Secret), CallbackURL: callbackURL}
}

// grantBy is what a person does in the host's window.
func (s *bitbucketSite) grantBy(email string) (code, verifier fairlead.Secret) {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	s.must(err)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	browser := &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	accounts := bitbucketsim.Accounts()
	who := accounts[slices.IndexFunc(accounts, func(a bitbucketsim.Account) bool { return a.Email == email })]
	verifier = fairlead.NewSecret("a-verifier-of-this-test-with-43-characters-0")
	address := s.AuthorizeURL(s.app(), "state", verifier)
	s.send(browser.PostForm(s.sim.WebURL()+"/account/signin", url.Values{"email": {email}, "password": {who.Password}}))
	location := s.send(browser.Get(address))
	if location == "" { // not granted before: the page asks
		location = s.send(browser.PostForm(address, url.Values{"decision": {"grant"}}))
	}
	back, err := url.Parse(location)
	s.must(err)
	return fairlead.NewSecret(back.Query().Get("code")), verifier
}

func (s *bitbucketSite) grant() (code, verifier fairlead.Secret) { return s.grantBy(priya) }

// send returns where an answer leads, "" if it stays.
func (s *bitbucketSite) send(response *http.Response, err error) string {
	s.t.Helper()
	s.must(err)
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.Header.Get("Location")
}

func (s *bitbucketSite) connectedAs(email string) fairlead.Tokens {
	s.t.Helper()
	code, verifier := s.grantBy(email)
	tokens, _, err := s.Connect(s.t.Context(), s.app(), code, verifier)
	s.must(err)
	return tokens
}

func (s *bitbucketSite) repository() (id, fullName string) {
	s.t.Helper()
	r, err := s.sim.Repository(orders)
	s.must(err)
	return r.UUID, r.FullName
}

func (s *bitbucketSite) empty() (id string) {
	r, err := s.sim.Repository("acme-data/search-index") // nobody has pushed to it
	s.must(err)
	return r.UUID
}

func (s *bitbucketSite) push(id string, c push) pushed {
	s.t.Helper()
	change := bitbucketsim.RefChange{Branch: c.branch, Tag: c.tag, From: c.from, Force: c.force, Delete: c.remove}
	for _, files := range c.commits {
		made := bitbucketsim.NewCommit{Message: "Change\n\nwith a second paragraph", Files: map[string]string{}}
		for path, text := range files {
			if text == "" {
				made.Deletes = append(made.Deletes, path)
			} else {
				made.Files[path] = text
			}
		}
		change.Commits = append(change.Commits, made)
	}
	result, err := s.sim.PushMany(id, change)
	s.must(err)
	done := result.Changes[0]
	out := pushed{RefChange: fairlead.RefChange{Type: fairlead.RefType(done.Type), Name: done.Name, Old: done.Old, New: done.New, Forced: done.Forced}}
	out.made = append(out.made, done.Commits...)
	slices.Reverse(out.made)
	if len(result.Deliveries) > 0 {
		out.delivery = result.Deliveries[0]
	}
	return out
}

func (s *bitbucketSite) rename(id string) (fullName string) {
	s.t.Helper()
	r, err := s.sim.RenameRepository(id, "Renamed db")
	s.must(err)
	r, err = s.sim.MoveRepository(r.UUID, "acme-web")
	s.must(err)
	return r.FullName
}

func (s *bitbucketSite) remove(id string) { s.must(s.sim.DeleteRepository(id)) }

func (s *bitbucketSite) role(id, role string) { s.must(s.sim.SetRole(id, priya, role)) }

func (s *bitbucketSite) answer(status int, retryAfter time.Duration) {
	s.set(bitbucketsim.Faults{Status: status, RetryAfter: retryAfter})
}

func (s *bitbucketSite) refuseAddresses() { s.set(bitbucketsim.Faults{RefuseLocalHooks: true}) }

func (s *bitbucketSite) revoke() {
	_, err := s.sim.KillConnections("")
	s.must(err)
}

func (s *bitbucketSite) expire() {
	_, err := s.sim.ExpireAccessTokens("")
	s.must(err)
}

func (s *bitbucketSite) fill(n int) (owner string) {
	s.must(s.sim.AddRepositories("acme-data", n))
	return "acme-data"
}

func (s *bitbucketSite) calls() int { return len(s.sim.Requests()) }

func (s *bitbucketSite) webAddress(fullName string) string { return s.sim.WebURL() + "/" + fullName }

// delivered returns what came, once nothing is on its way any more.
func (s *bitbucketSite) delivered(got *inbox) []received {
	s.t.Helper()
	s.must(s.sim.Settle(s.t.Context()))
	return got.all()
}

// received is one request to a webhook.
type received struct {
	header http.Header
	body   []byte
}

// inbox is where webhooks are sent to.
type inbox struct {
	*httptest.Server
	mu  sync.Mutex
	got []received
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	in := &inbox{}
	in.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		in.mu.Lock()
		defer in.mu.Unlock()
		in.got = append(in.got, received{r.Header.Clone(), body})
	}))
	t.Cleanup(in.Close)
	return in
}

func (in *inbox) all() []received {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.got)
}
