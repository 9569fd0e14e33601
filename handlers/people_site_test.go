package handlers_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"html"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/securecookie"

	"fairlead"
	"fairlead/accounts"
	"fairlead/db"
	"fairlead/handlers"
	"fairlead/linking"
	"fairlead/setup"
)

const (
	externalURL    = "http://fairlead.test"
	priyasEmail    = "priya@acme.example"
	priyasPassword = "fair winds, priya"
	anasEmail      = "ana@acme.example"
	anasPassword   = "following seas, ana"
	firefox        = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
)

// peopleSite is the whole router on a real database, with a clock that the test moves. When the test ends, no secret that
// it sent or was given may be in a page, in the log or in the database file.
type peopleSite struct {
	t        *testing.T
	handler  http.Handler
	accounts *accounts.Flow
	db       *db.DB
	dir      string
	now      time.Time
	log      bytes.Buffer
	secrets  []string
}

func newPeopleSite(t *testing.T) *peopleSite {
	t.Helper()
	s := &peopleSite{t: t, dir: t.TempDir(), now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), secrets: []string{priyasPassword, anasPassword}}
	clock := func() time.Time { return s.now }
	var err error
	s.db, err = db.Open(context.Background(), db.Options{Dir: s.dir, Clock: clock, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	s.accounts = accounts.New(s.db, clock, rand.Reader)
	external, _ := url.Parse(externalURL)
	s.handler = handlers.New(handlers.Options{
		Accounts: s.accounts, Setup: setup.New(setup.Options{Store: s.db, Clock: clock, Random: rand.Reader}), Linking: linking.New(linking.Options{Store: s.db, ExternalURL: external, Clock: clock, Random: rand.Reader}), Audit: s.db, Ready: s.db, ExternalURL: external,
		CookieAuthKey: s.db.Keyring().Derive("cookie auth", 64), CookieSealKey: s.db.Keyring().Derive("cookie seal", 32),
		Clock: clock, Random: rand.Reader, Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	}).Handler()
	t.Cleanup(s.close)
	return s
}

func (s *peopleSite) close() {
	if err := s.db.Close(); err != nil && !errors.Is(err, os.ErrClosed) { // a test may have closed it
		s.t.Error(err)
	}
	s.wantNoSecret("the log", s.log.String())
	files, _ := filepath.Glob(filepath.Join(s.dir, db.FileName+"*"))
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			s.t.Error(err)
		}
		s.wantNoSecret(filepath.Base(file), string(content))
	}
}

func (s *peopleSite) wantNoSecret(where, text string) {
	s.t.Helper()
	for _, secret := range s.secrets {
		if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) || strings.Contains(text, html.EscapeString(secret)) {
			s.t.Errorf("%s tells the secret %q", where, secret)
		}
	}
}

// visitor is a browser with its cookies. Each has an address of its own.
type visitor struct {
	site    *peopleSite
	jar     http.CookieJar
	address string
}

func (s *peopleSite) visitor(address string) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &visitor{site: s, jar: jar, address: address}
}

// answer is what came back.
type answer struct {
	t        *testing.T
	status   int
	location string
	body     string
	header   http.Header
}

func (v *visitor) get(path string) answer {
	v.site.t.Helper()
	return v.send(httptest.NewRequest(http.MethodGet, externalURL+path, nil))
}

// post sends a form: names and values in turn.
func (v *visitor) post(path string, pairs ...string) answer {
	v.site.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, externalURL+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.send(r)
}

// decoded is what a cookie holds, in the clear.
func (s *peopleSite) decoded(cookie *http.Cookie) string {
	s.t.Helper()
	if cookie.Value == "" { // it is being removed
		return ""
	}
	codec := securecookie.New(s.db.Keyring().Derive("cookie auth", 64), s.db.Keyring().Derive("cookie seal", 32))
	codec.MaxAge(0).SetSerializer(securecookie.NopEncoder{}) // the clock of these tests is not the codec's; any serializer leaves texts whole
	var text []byte
	if err := codec.Decode(cookie.Name, cookie.Value, &text); err != nil {
		s.t.Fatalf("%s does not decode: %v", cookie.Name, err)
	}
	return string(text)
}

func (v *visitor) send(r *http.Request) answer {
	v.site.t.Helper()
	r.RemoteAddr = v.address + ":40000"
	r.Header.Set("User-Agent", firefox)
	for _, cookie := range v.jar.Cookies(r.URL) {
		r.AddCookie(cookie)
	}
	recorder := httptest.NewRecorder()
	v.site.handler.ServeHTTP(recorder, r)
	response := recorder.Result()
	v.jar.SetCookies(r.URL, response.Cookies())
	a := answer{t: v.site.t, status: recorder.Code, location: recorder.Header().Get("Location"), body: recorder.Body.String(), header: recorder.Header()}
	for _, cookie := range response.Cookies() {
		v.site.wantNoSecret("a cookie of "+r.Method, v.site.decoded(cookie))
	}
	v.site.wantNoSecret("the page of "+r.Method, a.body)
	v.site.wantNoSecret("the redirect of "+r.Method, a.location)
	return a
}

// follow gets the page that an answer redirects to.
func (v *visitor) follow(a answer) answer {
	v.site.t.Helper()
	if a.status != http.StatusSeeOther {
		v.site.t.Fatalf("got status %d, want a redirect; page: %s", a.status, a.text())
	}
	return v.get(a.location)
}

// signedIn reports whether this browser may see pages of its own.
func (v *visitor) signedIn() bool {
	v.site.t.Helper()
	return v.get("/account/profile").status == http.StatusOK
}

func (v *visitor) signIn(email, password string) answer {
	v.site.t.Helper()
	return v.post("/sign-in", "email", email, "password", password)
}

var (
	inlineTags = regexp.MustCompile(`</?(?:span|time|strong|code|a|small|wbr)\b[^>]*>`)
	tags       = regexp.MustCompile(`<[^>]*>`)
	spaces     = regexp.MustCompile(`\s+`)
)

// text is what a page says, without its tags. Tags inside a line leave no space: a missing one must show.
func (a answer) text() string {
	text := tags.ReplaceAllString(inlineTags.ReplaceAllString(a.body, ""), " ")
	return strings.TrimSpace(spaces.ReplaceAllString(html.UnescapeString(text), " "))
}

// want expects a status and words on the page.
func (a answer) want(status int, words ...string) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Errorf("got status %d, want %d; page: %s", a.status, status, a.text())
	}
	for _, w := range words {
		if !strings.Contains(a.text(), w) {
			a.t.Errorf("the page does not say %q: %s", w, a.text())
		}
	}
	return a
}

// not expects none of these words on the page.
func (a answer) not(words ...string) answer {
	a.t.Helper()
	for _, word := range words {
		if strings.Contains(a.text(), word) {
			a.t.Errorf("the page says %q: %s", word, a.text())
		}
	}
	return a
}

// wantHTML expects markup on the page.
func (a answer) wantHTML(parts ...string) answer {
	a.t.Helper()
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			a.t.Errorf("the page does not have %s: %s", part, a.body)
		}
	}
	return a
}

// wantTo expects a redirect.
func (a answer) wantTo(path string) answer {
	a.t.Helper()
	if a.status != http.StatusSeeOther || a.location != path {
		a.t.Errorf("got %d to %q, want 303 to %q; page: %s", a.status, a.location, path, a.text())
	}
	return a
}

// founded has Priya create the workspace by the first-owner link.
func (s *peopleSite) founded() *visitor {
	s.t.Helper()
	path := s.firstOwnerPath()
	priya := s.visitor("192.0.2.1")
	priya.post(path, "workspace", "Acme Data", "email", priyasEmail, "name", "Priya Raman", "password", priyasPassword).wantTo("/")
	return priya
}

func (s *peopleSite) firstOwnerPath() string {
	s.t.Helper()
	link, needed, err := s.accounts.NewFirstOwnerLink(context.Background())
	if err != nil || !needed {
		s.t.Fatal(needed, err)
	}
	return s.path(link)
}

// path is a link's address; from now on its token must not leak.
func (s *peopleSite) path(link accounts.NewLink) string {
	s.secrets = append(s.secrets, link.Token.Reveal())
	return handlers.LinkPath(link)
}

// invitePath has an owner invite somebody, past the page.
func (s *peopleSite) invitePath(email, role string) string {
	s.t.Helper()
	link, err := s.accounts.Invite(context.Background(), s.actor(priyasEmail), email, role)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.path(link)
}

// joined lets Ana in by an invitation.
func (s *peopleSite) joined(role string) *visitor {
	s.t.Helper()
	ana := s.visitor("192.0.2.2")
	ana.post(s.invitePath(anasEmail, role), "name", "Ana Brandt", "password", anasPassword).wantTo("/")
	return ana
}

func (s *peopleSite) person(email string) fairlead.Person {
	s.t.Helper()
	person, err := s.db.FindPersonByEmail(context.Background(), email)
	if err != nil {
		s.t.Fatal(err)
	}
	return person
}

func (s *peopleSite) actor(email string) fairlead.Actor {
	person := s.person(email)
	return fairlead.Actor{PersonID: person.ID, Name: person.Name}
}

// memberPath is a person's page for owners.
func (s *peopleSite) memberPath(email string) string {
	return "/settings/members/" + s.person(email).ID
}

// belongs reports whether the address belongs to somebody in the workspace.
func (s *peopleSite) belongs(email string) bool {
	_, err := s.db.FindPersonByEmail(context.Background(), email)
	return err == nil
}
