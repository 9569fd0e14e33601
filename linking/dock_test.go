package linking_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/db"
	"fairlead/gitprovider"
	"fairlead/linking"
)

// TestMain keeps a proxy of the machine out of the tests, and fails if code of ours still runs after them.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		_ = os.Unsetenv(name)
	}
	code := m.Run()
	stacks := make([]byte, 1<<20)
	for _, one := range strings.Split(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if strings.Contains(one, "fairlead/") && !strings.Contains(one, "TestMain") {
			fmt.Println("a goroutine is left over:", one)
			code = 1
		}
	}
	os.Exit(code)
}

// The accounts at the host.
const (
	hostPriya = "priya@acme.example" // administers repositories
	hostWes   = "wes@acme.example"   // may only write
	hostNora  = "nora@acme.example"  // belongs to no Bitbucket workspace
)

const (
	externalURL = "https://fairlead.example"
	ordersDB    = "acme-data/orders-db"
)

func external(t testing.TB) *url.URL {
	t.Helper()
	u, err := url.Parse(externalURL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// clock begins at the real time, because hosts date their answers by it, and only the test moves it.
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

// dock is a yard with a simulated Bitbucket at the other end of the wire, a Git provider for it, and Ana, who owns the
// project Orders and administers repositories there.
type dock struct {
	*yard
	clock    *clock
	sim      *bitbucketsim.Sim
	host     *gitprovider.BitbucketCloud
	client   bitbucketsim.Client
	provider fairlead.GitProvider
	ana      fairlead.Person
	orders   fairlead.Project
	log      *bytes.Buffer
}

// newDock takes changes to how Fairlead is registered at the host.
func newDock(t *testing.T, alter ...func(*bitbucketsim.Client)) *dock {
	t.Helper()
	d := &dock{clock: &clock{now: time.Now().UTC().Truncate(time.Millisecond)}, log: &bytes.Buffer{}}
	sim, err := bitbucketsim.New(bitbucketsim.Options{Clock: d.clock.Now})
	if err == nil {
		err = sim.Start("127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	d.sim = sim
	t.Cleanup(func() { _ = sim.Close(context.Background()) })
	d.host = &gitprovider.BitbucketCloud{
		Client: gitprovider.NewClient(gitprovider.ClientOptions{AllowLoopback: true, RootCAs: sim.CertPool(), Clock: d.clock.Now, Random: rand.Reader}),
		Web:    sim.WebURL(), Site: sim.BackendURL(), API: sim.BackendURL() + "/2.0",
	}
	store, err := db.Open(t.Context(), db.Options{Dir: t.TempDir(), Clock: d.clock.Now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	d.yard = &yard{t: t, db: store}
	d.wire(externalURL, store)
	d.founded()
	d.client = bitbucketsim.Client{
		Workspace: "acme-data", Name: "Fairlead", CallbackURL: externalURL + "/oauth/callback", Permissions: []string{"account", "repository:write", "webhook"},
	}
	for _, f := range alter {
		f(&d.client)
	}
	d.client, err = sim.CreateClient(d.client)
	d.must(err)
	d.provider = d.confirmed(d.client.ID, d.client.Secret)
	d.ana = d.member("Ana")
	d.orders = d.project(d.ana, "Orders")
	d.deliveriesGoNowhere()
	return d
}

// wire makes the flow anew, as a restart with this external URL does.
func (d *dock) wire(externalURL string, store linking.Store) {
	d.t.Helper()
	u, err := url.Parse(externalURL)
	d.must(err)
	d.Flow = linking.New(linking.Options{
		Store: store, Hosts: gitprovider.Registry{d.host}, ExternalURL: u, Clock: d.clock.Now, Random: rand.Reader, Log: slog.New(slog.NewTextHandler(d.log, nil)),
	})
}

// confirmed makes the Git provider, as the wizard does.
func (d *dock) confirmed(id, secret string) fairlead.GitProvider {
	d.t.Helper()
	ctx := d.t.Context()
	s, _, err := d.db.CreateSetup(ctx, as(d.priya), fairlead.Setup{
		ID: "su_one", DraftID: "dr_one", Kind: fairlead.KindBitbucketCloud, InstanceURL: d.host.Web, DisplayName: "Bitbucket.org", ApplicationID: id,
		Secret: fairlead.NewSecret(secret), State: fairlead.SetupChecking, CreatedBy: d.priya,
	})
	d.must(err)
	s.State, s.Proof = fairlead.SetupVerified, &fairlead.Proof{At: d.clock.Now()}
	d.must(d.db.UpdateState(ctx, fairlead.System(), s))
	g, err := d.db.ConfirmSetup(ctx, as(d.priya), s.ID)
	d.must(err)
	return g
}

func (d *dock) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *dock) faults(f bitbucketsim.Faults) {
	d.t.Helper()
	f.DropDeliveries = true // nobody listens at the external URL
	d.must(d.sim.SetFaults(f))
}

func (d *dock) deliveriesGoNowhere() { d.t.Helper(); d.faults(bitbucketsim.Faults{}) }

func session(p fairlead.Person) fairlead.Session {
	return fairlead.Session{ID: "se_" + p.ID, PersonID: p.ID, Address: "203.0.113.7"}
}

// window opens the host's window for a person.
func (d *dock) window(p fairlead.Person) string {
	d.t.Helper()
	address, err := d.Authorize(d.t.Context(), session(p), d.provider.ID, "/projects/ORDERS/repositories/new", true)
	d.must(err)
	return address
}

// trip is what a person does in the host's window: signs in and decides. It returns what the host calls back with.
func (d *dock) trip(email, address, decision string) linking.Callback {
	d.t.Helper()
	jar, err := cookiejar.New(nil)
	d.must(err)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	browser := &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	all := bitbucketsim.Accounts()
	account := all[slices.IndexFunc(all, func(a bitbucketsim.Account) bool { return a.Email == email })]
	d.send(browser.PostForm(d.sim.WebURL()+"/account/signin", url.Values{"email": {email}, "password": {account.Password}}))
	location := d.send(browser.Get(address))
	if location == "" { // not granted before: the page asks
		location = d.send(browser.PostForm(address, url.Values{"decision": {decision}}))
	}
	if !strings.HasPrefix(location, externalURL+"/oauth/callback") {
		d.t.Fatalf("the host did not call back but went to %q", location)
	}
	back, err := url.Parse(location)
	d.must(err)
	q := back.Query()
	return linking.Callback{State: q.Get("state"), Code: fairlead.NewSecret(q.Get("code")), Error: q.Get("error"), ErrorDescription: q.Get("error_description")}
}

// send returns where an answer leads, "" if it stays.
func (d *dock) send(response *http.Response, err error) string {
	d.t.Helper()
	d.must(err)
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.Header.Get("Location")
}

// connected connects a person with an account at the host.
func (d *dock) connected(p fairlead.Person, email string) fairlead.Connection {
	d.t.Helper()
	since := d.clock.Now()
	_, err := d.Complete(d.t.Context(), session(p), d.trip(email, d.window(p), "grant"))
	d.must(err)
	status, err := d.ConnectStatus(d.t.Context(), session(p), p, d.provider.ID, since)
	d.must(err)
	if !status.Done || status.Diagnosis != nil || !status.Connection.IsAlive() {
		d.t.Fatalf("not connected: %+v", status)
	}
	return status.Connection
}

// stored is the connection as the database has it, with its tokens.
func (d *dock) stored(id string) fairlead.Connection {
	d.t.Helper()
	c, err := d.db.FindConnection(d.t.Context(), id)
	d.must(err)
	return c
}

// rule follows main.
func rule(branch string, paths ...string) fairlead.LinkRule {
	return fairlead.LinkRule{Branch: branch, Paths: paths}
}

// linked links a repository with the project Orders, by Ana's connection.
func (d *dock) linked(c fairlead.Connection, name string) fairlead.RepositoryLink {
	d.t.Helper()
	repo, err := d.FindRepository(d.t.Context(), c, name)
	d.must(err)
	person, err := d.db.FindPerson(d.t.Context(), c.Person.ID)
	d.must(err)
	l, err := d.Link(d.t.Context(), as(person), d.access(person, d.orders), d.NewLinkID(), c, repo, rule(repo.MainBranch))
	d.must(err)
	return l
}

// found is the link as the database has it.
func (d *dock) found(id string) fairlead.RepositoryLink {
	d.t.Helper()
	l, err := d.db.FindRepositoryLink(d.t.Context(), id)
	d.must(err)
	return l
}

// hooks are the webhooks of a repository, as the host has them.
func (d *dock) hooks(c fairlead.Connection, repository string) (hooks []fairlead.Webhook) {
	d.t.Helper()
	d.must(d.Call(d.t.Context(), c.ID, false, func(ctx context.Context, access fairlead.Secret) (err error) {
		hooks, err = d.host.ListWebhooks(ctx, access, repository)
		return err
	}))
	return hooks
}

// api is a call of somebody else at the host, with the connection's rights.
func (d *dock) api(c fairlead.Connection, method, path string, body any) {
	d.t.Helper()
	text, err := json.Marshal(body)
	d.must(err)
	d.must(d.Call(d.t.Context(), c.ID, false, func(ctx context.Context, access fairlead.Secret) error {
		req, err := http.NewRequestWithContext(ctx, method, d.sim.WebURL()+"/2.0"+path, bytes.NewReader(text))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+access.Reveal())
		req.Header.Set("Content-Type", "application/json")
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		response, err := (&http.Client{Transport: transport}).Do(req)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if said, _ := io.ReadAll(response.Body); response.StatusCode/100 != 2 {
			return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, said)
		}
		return nil
	}))
}

func hookPath(repository, id string) string {
	return "/repositories/" + repository + "/hooks/" + url.PathEscape(id)
}

// refreshes counts the calls for new tokens that the host got.
func (d *dock) refreshes() (n int) {
	for _, r := range d.sim.Requests() {
		if r.GrantType == "refresh_token" {
			n++
		}
	}
	return n
}

// asked counts the calls to the host's API.
func (d *dock) asked() (n int) {
	for _, r := range d.sim.Requests() {
		if r.GrantType == "" {
			n++
		}
	}
	return n
}

func wantDiagnosis(t testing.TB, err error, want fairlead.DiagnosisCode) *fairlead.Diagnosis {
	t.Helper()
	d, ok := errors.AsType[*fairlead.Diagnosis](err)
	if !ok {
		t.Fatalf("got %v, want the diagnosis %s", err, want)
	}
	if d.Code != want {
		t.Errorf("got %s (%s), want %s", d.Code, d.Title, want)
	}
	if d.Title == "" || d.Because == "" || len(d.Fix) == 0 {
		t.Errorf("title, because or fix is missing in %+v", *d)
	}
	return d
}

// row finds a row of a link's health.
func row(t testing.TB, h fairlead.Health, name string) fairlead.HealthCheck {
	t.Helper()
	i := slices.IndexFunc(h.Checks, func(c fairlead.HealthCheck) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no row %s in %+v", name, h)
	}
	return h.Checks[i]
}

// wantHealthy checks that nothing is wrong; what nobody can know yet may be.
func wantHealthy(t testing.TB, h fairlead.Health) {
	t.Helper()
	if problems := h.Problems(); len(problems) > 0 || h.CheckedAt.IsZero() {
		t.Errorf("not healthy: %+v", h)
	}
}
