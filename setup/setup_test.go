package setup_test

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
	"regexp"
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
	"fairlead/setup"
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

const (
	callbackURL = "https://fairlead.example/oauth/callback"
	priya       = "priya@acme.example" // administers repositories
	wes         = "wes@acme.example"   // may only write
	nora        = "nora@acme.example"  // belongs to no Bitbucket workspace
)

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

// world is the flow on a real database, with a simulated Bitbucket at the other end of the wire.
type world struct {
	*setup.Flow
	t       testing.TB
	clock   *clock
	sim     *bitbucketsim.Sim
	host    *gitprovider.BitbucketCloud
	db      *db.DB
	dir     string
	by      fairlead.Actor
	session fairlead.Session
	log     *bytes.Buffer
	states  []string // of every attempt that was minted
}

// newWorld takes changes to how the client to the host is made.
func newWorld(t testing.TB, alter ...func(*gitprovider.ClientOptions)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Now().UTC().Truncate(time.Millisecond)}, dir: t.TempDir(), log: &bytes.Buffer{}}
	var err error
	w.sim, err = bitbucketsim.New(bitbucketsim.Options{Clock: w.clock.Now})
	w.must(err)
	w.must(w.sim.Start("127.0.0.1:0"))
	t.Cleanup(func() { _ = w.sim.Close(context.Background()) })
	options := gitprovider.ClientOptions{AllowLoopback: true, RootCAs: w.sim.CertPool(), Clock: w.clock.Now, Random: rand.Reader}
	for _, f := range alter {
		f(&options)
	}
	w.host = &gitprovider.BitbucketCloud{
		Client: gitprovider.NewClient(options),
		Web:    w.sim.WebURL(), Site: w.sim.BackendURL(), API: w.sim.BackendURL() + "/2.0",
	}
	w.open(w.dir)
	w.found()
	return w
}

// open wires the flow to the database in this folder.
func (w *world) open(dir string) {
	w.t.Helper()
	d, err := db.Open(context.Background(), db.Options{Dir: dir, Clock: w.clock.Now, Random: rand.Reader})
	w.must(err)
	w.t.Cleanup(func() { w.must(d.Close()) })
	w.db = d
	w.Flow = setup.New(setup.Options{
		Store: d, Hosts: gitprovider.Registry{w.host}, CallbackURL: callbackURL, Clock: w.clock.Now, Random: rand.Reader,
		Log: slog.New(slog.NewTextHandler(w.log, nil)),
	})
}

// found makes the first owner, who does everything here.
func (w *world) found() {
	w.t.Helper()
	_, err := w.db.CreateLink(context.Background(), fairlead.System(), fairlead.Link{
		Purpose: fairlead.LinkFirstOwner, Role: fairlead.RoleOwner, ExpiresAt: w.clock.Now().Add(time.Hour),
	}, fairlead.HashToken("first"))
	w.must(err)
	ana, err := w.db.CreateWorkspace(context.Background(), fairlead.Actor{}, fairlead.HashToken("first"), "Acme",
		fairlead.Person{Email: "ana@acme.example", Name: "Ana Brandt"}, "hash")
	w.must(err)
	w.by = fairlead.Actor{PersonID: ana.ID, Name: ana.Name}
	w.session = fairlead.Session{ID: "se_ana", PersonID: ana.ID}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) faults(f bitbucketsim.Faults) {
	w.t.Helper()
	w.must(w.sim.SetFaults(f))
}

// register makes an OAuth client at the host, with everything ticked unless told otherwise.
func (w *world) register(alter ...func(*bitbucketsim.Client)) bitbucketsim.Client {
	w.t.Helper()
	c := bitbucketsim.Client{
		Workspace: "acme-data", Name: "Fairlead " + fairlead.NewID(rand.Reader, ""), CallbackURL: callbackURL,
		Permissions: []string{"account", "repository:write", "webhook"},
	}
	for _, f := range alter {
		f(&c)
	}
	c, err := w.sim.CreateClient(c)
	w.must(err)
	return c
}

// start enters ID and secret in a fresh wizard.
func (w *world) start(id, secret string) fairlead.Setup {
	w.t.Helper()
	draft, err := w.NewDraft(context.Background())
	w.must(err)
	s, err := w.Start(context.Background(), w.by, draft, id, secret)
	w.must(err)
	return s
}

// window opens the host's window and returns the address that it is sent to.
func (w *world) window(id string) string {
	w.t.Helper()
	address, err := w.Authorize(context.Background(), w.session, id, true)
	w.must(err)
	u, err := url.Parse(address)
	w.must(err)
	w.states = append(w.states, u.Query().Get("state"))
	return address
}

// trip is what a person does in the host's window: signs in and decides. It returns what the host calls back with.
func (w *world) trip(email, address, decision string) setup.Callback {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	w.must(err)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	browser := &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	account := accountOf(email)
	w.send(browser.PostForm(w.sim.WebURL()+"/account/signin", url.Values{"email": {email}, "password": {account.Password}}))
	location := w.send(browser.Get(address))
	if location == "" { // not granted before: the page asks
		location = w.send(browser.PostForm(address, url.Values{"decision": {decision}}))
	}
	if !strings.HasPrefix(location, callbackURL) {
		w.t.Fatalf("the host did not call back but went to %q", location)
	}
	back, err := url.Parse(location)
	w.must(err)
	q := back.Query()
	return setup.Callback{State: q.Get("state"), Code: fairlead.NewSecret(q.Get("code")), Error: q.Get("error"), ErrorDescription: q.Get("error_description")}
}

// send returns where an answer leads, "" if it stays.
func (w *world) send(response *http.Response, err error) string {
	w.t.Helper()
	w.must(err)
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.Header.Get("Location")
}

func accountOf(email string) bitbucketsim.Account {
	all := bitbucketsim.Accounts()
	return all[slices.IndexFunc(all, func(a bitbucketsim.Account) bool { return a.Email == email })]
}

func (w *world) find(id string) fairlead.Setup {
	w.t.Helper()
	s, err := w.Find(context.Background(), id)
	w.must(err)
	return s
}

// granted goes to the host with a setup and grants access there.
func (w *world) granted(id string) setup.Callback {
	w.t.Helper()
	return w.trip(priya, w.window(id), "grant")
}

// finish brings a callback back and returns where the setup stands then.
func (w *world) finish(c setup.Callback) fairlead.Setup {
	w.t.Helper()
	result, err := w.Complete(context.Background(), w.session, c)
	w.must(err)
	return w.find(result.SetupID)
}

// verified is a setup that was proven.
func (w *world) verified() (fairlead.Setup, bitbucketsim.Client) {
	w.t.Helper()
	c := w.register()
	s := w.finish(w.granted(w.start(c.ID, c.Secret).ID))
	if s.State != fairlead.SetupVerified {
		w.t.Fatalf("state %s, want verified; diagnosis %+v", s.State, s.Diagnosis)
	}
	return s, c
}

var codeInJSON = regexp.MustCompile(`"Code":"([a-z_]*)"`)

// wantDiagnosis checks that a setup has this diagnosis, and that no other code is in it, in its attempts or in the log.
func (w *world) wantDiagnosis(s fairlead.Setup, code fairlead.DiagnosisCode, rung fairlead.Rung, field string) {
	w.t.Helper()
	if s.Diagnosis == nil {
		w.t.Fatalf("state %s without a diagnosis, want %s", s.State, code)
	}
	if d := s.Diagnosis; d.Code != code || d.Rung != rung || d.Field != field {
		w.t.Errorf("got code %q, rung %q, field %q\nwant     %q,      %q,       %q\nin %+v", d.Code, d.Rung, d.Field, code, rung, field, *d)
	}
	text, err := json.Marshal(w.find(s.ID))
	w.must(err)
	for _, match := range codeInJSON.FindAllStringSubmatch(string(text), -1) {
		if match[1] != string(code) {
			w.t.Errorf("the setup also says %q", match[1])
		}
	}
	for _, state := range w.states {
		a, err := w.db.FindAttempt(context.Background(), fairlead.HashToken(state))
		w.must(err)
		if a.Outcome != code && a.Outcome != "" {
			w.t.Errorf("an attempt says %q", a.Outcome)
		}
	}
	wantReadable(w.t, s.Diagnosis)
}

// wantReadable holds what every diagnosis owes to the person who reads it.
func wantReadable(t testing.TB, d *fairlead.Diagnosis) {
	t.Helper()
	if d.Title == "" || d.Because == "" || len(d.Fix) == 0 || d.At.IsZero() {
		t.Errorf("title, because, fix or time is missing in %+v", *d)
	}
	if !slices.Contains(fairlead.DiagnosisCodes(), d.Code) {
		t.Errorf("the code %q is not documented", d.Code)
	}
	for _, text := range slices.Concat([]string{d.Title, d.Because, d.FieldError}, d.Fix, d.Hints) {
		if strings.Contains(strings.ToLower(text), "please") || regexp.MustCompile(`(^|\s)[Ii]nvalid\b`).MatchString(quoted.ReplaceAllString(text, "")) {
			t.Errorf("not how we speak: %s", text)
		}
	}
}

var quoted = regexp.MustCompile("“[^”]*”|`[^`]*`")

// wantAstray checks that a callback belonged to no good attempt, for this reason.
func (w *world) wantAstray(session fairlead.Session, c setup.Callback, want fairlead.DiagnosisCode) setup.Result {
	w.t.Helper()
	result, err := w.Complete(context.Background(), session, c)
	var d *fairlead.Diagnosis
	if !errors.As(err, &d) {
		w.t.Fatalf("got %+v, %v, want the diagnosis %s", result, err, want)
	}
	if d.Code != want {
		w.t.Errorf("got %s, want %s", d.Code, want)
	}
	wantReadable(w.t, d)
	return result
}

func (w *world) wantCode(err error, want fairlead.ErrorCode) {
	w.t.Helper()
	if got := fairlead.CodeOf(err); got != want {
		w.t.Errorf("got code %q (%v), want %q", got, err, want)
	}
}
