package bitbucketsim_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

const callback = "http://localhost:9999/oauth/callback"

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

func newClock() *clock { return &clock{now: time.Date(2026, 9, 10, 12, 0, 0, 0, time.UTC)} }

// site is a running simulator with its clock.
type site struct {
	*bitbucketsim.Sim
	t     *testing.T
	clock *clock
	admin string // Priya's access token, once somebody needed it
}

func start(t *testing.T) *site {
	t.Helper()
	return startWith(t, newClock(), "")
}

func startWith(t *testing.T, c *clock, stateFile string) *site {
	t.Helper()
	return startClocked(t, c, bitbucketsim.Options{StateFile: stateFile})
}

func startOptions(t *testing.T, options bitbucketsim.Options) *site {
	t.Helper()
	return startClocked(t, newClock(), options)
}

func startClocked(t *testing.T, c *clock, options bitbucketsim.Options) *site {
	t.Helper()
	options.Clock = c.Now
	sim, err := bitbucketsim.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close(context.Background()) })
	return &site{Sim: sim, t: t, clock: c}
}

func (s *site) set(f bitbucketsim.Faults) {
	s.t.Helper()
	if err := s.SetFaults(f); err != nil {
		s.t.Fatal(err)
	}
}

// client registers an OAuth client of acme-data with the callback and, unless told otherwise, the usual permissions.
func (s *site) client(name string, alter ...func(*bitbucketsim.Client)) bitbucketsim.Client {
	s.t.Helper()
	c := bitbucketsim.Client{
		Workspace: "acme-data", Name: name, CallbackURL: callback,
		Permissions: []string{"account", "repository:write", "webhook"},
	}
	for _, f := range alter {
		f(&c)
	}
	c, err := s.CreateClient(c)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) location() string { return a.header.Get("Location") }

func (a answer) query(t *testing.T) url.Values {
	t.Helper()
	u, err := url.Parse(a.location())
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	if kind := a.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		t.Fatalf("content type %q, want JSON; status %d, body %s", kind, a.status, a.body)
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return v
}

func read(t *testing.T, response *http.Response) answer {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

// browser keeps cookies and shows redirects instead of following them.
type browser struct {
	t    *testing.T
	http *http.Client
	base string
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	transport := &http.Transport{}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &browser{s.t, &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, s.WebURL()}
}

// as is a browser in which this person has signed in.
func (s *site) as(email string) *browser {
	s.t.Helper()
	b := s.browser()
	for _, account := range bitbucketsim.Accounts() {
		if account.Email == email {
			a := b.post("/account/signin", url.Values{"email": {email}, "password": {account.Password}})
			wantStatus(s.t, a, http.StatusSeeOther)
			return b
		}
	}
	s.t.Fatalf("no account %s", email)
	return nil
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	response, err := b.http.Get(b.absolute(path))
	if err != nil {
		b.t.Fatal(err)
	}
	return read(b.t, response)
}

func (b *browser) post(path string, form url.Values) answer {
	b.t.Helper()
	response, err := b.http.PostForm(b.absolute(path), form)
	if err != nil {
		b.t.Fatal(err)
	}
	return read(b.t, response)
}

func (b *browser) absolute(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	return b.base + path
}

// backend is the client that Fairlead's server would use.
func (s *site) backend() *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.CertPool(), MinVersion: tls.VersionTLS12}}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// token posts to the token endpoint with HTTP Basic.
func (s *site) token(id, secret string, pairs ...string) answer {
	s.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return s.send(http.MethodPost, "/site/oauth2/access_token", strings.NewReader(form.Encode()), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if id != "" {
			r.SetBasicAuth(id, secret)
		}
	})
}

func (s *site) send(method, path string, body io.Reader, alter func(*http.Request)) answer {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.BackendURL()+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if alter != nil {
		alter(request)
	}
	response, err := s.backend().Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	return read(s.t, response)
}

func (s *site) api(token, path string) answer {
	s.t.Helper()
	return s.send(http.MethodGet, "/2.0"+path, nil, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) })
}

// waitForRequests returns when so many have reached the server-side endpoints.
func (s *site) waitForRequests(n int) {
	for len(s.Requests()) < n && s.t.Context().Err() == nil {
		runtime.Gosched()
	}
}

func authorizePath(c bitbucketsim.Client, pairs ...string) string {
	query := url.Values{"client_id": {c.ID}, "response_type": {"code"}, "redirect_uri": {callback}, "state": {"st"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			query.Del(pairs[i])
			continue
		}
		query.Set(pairs[i], pairs[i+1])
	}
	return "/site/oauth2/authorize?" + query.Encode()
}

// code walks this person through consent and returns the authorization code.
func (s *site) code(email string, c bitbucketsim.Client, pairs ...string) string {
	s.t.Helper()
	a := s.as(email).post(authorizePath(c, pairs...), url.Values{"decision": {"grant"}})
	wantStatus(s.t, a, http.StatusFound)
	code := a.query(s.t).Get("code")
	if code == "" {
		s.t.Fatalf("no code in %s", a.location())
	}
	return code
}

// tokens are what a person's consent leads to.
func (s *site) tokens(email string, c bitbucketsim.Client) (access, refresh string) {
	s.t.Helper()
	a := s.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", s.code(email, c), "redirect_uri", callback)
	wantStatus(s.t, a, http.StatusOK)
	access, _ = a.json(s.t)["access_token"].(string)
	refresh, _ = a.json(s.t)["refresh_token"].(string)
	return access, refresh
}

func wantStatus(t *testing.T, a answer, want int) {
	t.Helper()
	if a.status != want {
		t.Fatalf("status %d, want %d; body %s", a.status, want, a.body)
	}
}

func wantText(t *testing.T, a answer, wanted ...string) {
	t.Helper()
	for _, text := range wanted {
		if !strings.Contains(a.body, text) {
			t.Errorf("%q is missing in %s", text, a.body)
		}
	}
}

// wantError checks an OAuth error to the letter.
func wantError(t *testing.T, a answer, status int, code, description string) {
	t.Helper()
	body := a.json(t)
	if a.status != status || body["error"] != code || body["error_description"] != description || len(body) != 2 {
		t.Errorf("got %d %s\nwant %d %s %q", a.status, a.body, status, code, description)
	}
}

// byID reads the text of the element with this id.
func byID(t *testing.T, a answer, id string) string {
	t.Helper()
	match := regexp.MustCompile(`id="` + id + `"[^>]*>([^<]*)<`).FindStringSubmatch(a.body)
	if match == nil {
		t.Fatalf("no element %q in %s", id, a.body)
	}
	return match[1]
}

const (
	priya = "priya@acme.example"
	wes   = "wes@acme.example"
	nora  = "nora@acme.example"
)
