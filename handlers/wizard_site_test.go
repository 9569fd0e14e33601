package handlers_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/gorilla/securecookie"

	"fairlead"
	"fairlead/accounts"
	"fairlead/bitbucketsim"
	"fairlead/gitprovider"
	"fairlead/handlers"
	"fairlead/inbox"
	"fairlead/linking"
	"fairlead/setup"
)

// wizardSite is the whole router with a simulated Bitbucket at the other end of the wire, and Priya signed in as owner.
type wizardSite struct {
	*peopleSite
	sim     *bitbucketsim.Sim
	flow    *setup.Flow
	linking *linking.Flow
	inbox   *inbox.Flow
	host    *gitprovider.BitbucketCloud
	router  chi.Router
	priya   *visitor

	clients int       // registered at the host
	scene   *linkSite // what routes of the contract speak of, once it is made
}

func newWizardSite(t *testing.T) *wizardSite {
	t.Helper()
	s := &wizardSite{peopleSite: newPeopleSite(t)}
	s.now = time.Now().UTC() // the host dates its answers by the real time
	clock := func() time.Time { return s.now }
	s.accounts = accounts.New(s.db, clock, rand.Reader)
	var err error
	if s.sim, err = bitbucketsim.New(bitbucketsim.Options{Clock: clock}); err != nil {
		t.Fatal(err)
	}
	if err := s.sim.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.sim.Close(context.Background()) })
	log := slog.New(slog.NewTextHandler(&s.log, nil))
	client := gitprovider.NewClient(gitprovider.ClientOptions{AllowLoopback: true, RootCAs: s.sim.CertPool(), Clock: clock, Random: rand.Reader})
	s.host = &gitprovider.BitbucketCloud{Client: client, Web: s.sim.WebURL(), Site: s.sim.BackendURL(), API: s.sim.BackendURL() + "/2.0", ReachesPrivate: true}
	s.flow = setup.New(setup.Options{Store: s.db, Hosts: gitprovider.Registry{s.host}, CallbackURL: externalURL + "/oauth/callback", Clock: clock, Random: rand.Reader, Log: log})
	external, _ := url.Parse(externalURL)
	s.linking = linking.New(linking.Options{Store: s.db, Hosts: gitprovider.Registry{s.host}, ExternalURL: external, Clock: clock, Random: rand.Reader, Log: log})
	s.inbox = inbox.New(inbox.Options{Store: s.db, Hosts: gitprovider.Registry{s.host}, Caller: s.linking, CheckHealth: s.linking.Check, Clock: clock, Random: rand.Reader, Log: log})
	s.router = handlers.New(handlers.Options{
		Accounts: s.accounts, Setup: s.flow, Linking: s.linking, Inbox: s.inbox, Audit: s.db, Ready: s.db, ExternalURL: external,
		CookieAuthKey: s.db.Keyring().Derive("cookie auth", 64), CookieSealKey: s.db.Keyring().Derive("cookie seal", 32),
		Clock: clock, Random: rand.Reader, Log: log,
	}).Router()
	s.handler = s.router
	s.priya = s.founded()
	return s
}

// register makes another OAuth client at the host; its secret must not leak from now on.
func (s *wizardSite) register() bitbucketsim.Client {
	s.t.Helper()
	s.clients++
	client, err := s.sim.CreateClient(bitbucketsim.Client{Workspace: "acme-data", Name: fmt.Sprintf("Fairlead %d", s.clients), CallbackURL: externalURL + "/oauth/callback",
		Permissions: []string{"account", "webhook", "repository:write"}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.secrets = append(s.secrets, client.Secret)
	return client
}

// draft goes through step 1 and returns the path of step 2.
func (s *wizardSite) draft(v *visitor, name string) string {
	s.t.Helper()
	step1 := v.get("/settings/gitops/new").location
	a := v.post(step1, "kind", "bitbucket-cloud", "display_name", name)
	if a.status != http.StatusSeeOther {
		s.t.Fatalf("step 1: %d %s", a.status, a.text())
	}
	return a.location
}

// begun goes on to a setup with these values and returns its path.
func (s *wizardSite) begun(v *visitor, name, id, secret string) string {
	s.t.Helper()
	a := v.post(s.draft(v, name), "application_id", id, "secret", secret)
	if a.status != http.StatusSeeOther {
		s.t.Fatalf("step 2: %d %s", a.status, a.text())
	}
	return a.location
}

// waiting is a setup with good values.
func (s *wizardSite) waiting(v *visitor, name string) string {
	s.t.Helper()
	client := s.register()
	return s.begun(v, name, client.ID, client.Secret)
}

// grant walks from the setup to the host, signs in there as Priya, grants access, and returns where the host sends the
// browser back to.
func (s *wizardSite) grant(v *visitor, authorizePath string) string {
	s.t.Helper()
	toHost := v.get(authorizePath)
	if toHost.status != http.StatusFound {
		s.t.Fatalf("to the host: %d %s", toHost.status, toHost.text())
	}
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == "fairlead.test" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	signIn, err := browser.PostForm(s.sim.WebURL()+"/account/signin", url.Values{"email": {priyasEmail}, "password": {"priya-keeps-bees"}, "next": {"/"}})
	if err != nil {
		s.t.Fatal(err)
	}
	_ = signIn.Body.Close()
	consent, err := browser.Get(toHost.location)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = consent.Body.Close()
	if consent.StatusCode == http.StatusFound { // granted before
		return s.own(consent.Header.Get("Location"))
	}
	query, _ := url.Parse(toHost.location)
	back, err := browser.PostForm(s.sim.WebURL()+"/site/oauth2/authorize?"+query.RawQuery, url.Values{"decision": {"grant"}})
	if err != nil {
		s.t.Fatal(err)
	}
	_ = back.Body.Close()
	return s.own(back.Header.Get("Location"))
}

func (s *wizardSite) own(address string) string {
	s.t.Helper()
	path, ok := strings.CutPrefix(address, externalURL)
	if !ok {
		s.t.Fatalf("the host sends the browser to %q", address)
	}
	return path
}

// verified takes a setup through the host.
func (s *wizardSite) verified(v *visitor, name string) string {
	s.t.Helper()
	path := s.waiting(v, name)
	v.get(s.grant(v, path+"/authorize")).wantTo(path)
	return path
}

// added confirms a verified setup and returns the path of the Git provider.
func (s *wizardSite) added(name string) string {
	s.t.Helper()
	s.priya.post(s.verified(s.priya, name) + "/confirm").wantTo("/settings/gitops")
	providers, err := s.flow.ListGitProviders(context.Background())
	if err != nil || len(providers) == 0 {
		s.t.Fatal(len(providers), err)
	}
	return "/settings/gitops/providers/" + providers[len(providers)-1].ID
}

// htmx sends as htmx 4 does for a part of the page.
func (v *visitor) htmx(method, path string, pairs ...string) answer {
	v.site.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(method, externalURL+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("HX-Request", "true")
	r.Header.Set("HX-Request-Type", "partial")
	r.Header.Set("HX-Current-URL", externalURL+"/settings/gitops")
	return v.send(r)
}

// wantHeader expects a header.
func (a answer) wantHeader(name, value string) answer {
	a.t.Helper()
	if got := a.header.Get(name); got != value {
		a.t.Errorf("got %s %q, want %q", name, got, value)
	}
	return a
}

var dataCode = regexp.MustCompile(`data-code="([^"]*)"`)

// wantDiagnosis expects exactly this diagnosis on the page.
func (a answer) wantDiagnosis(code fairlead.DiagnosisCode) answer {
	a.t.Helper()
	found := dataCode.FindAllStringSubmatch(a.body, -1)
	if len(found) != 1 || found[0][1] != string(code) {
		a.t.Errorf("got diagnoses %q, want %s; page: %s", found, code, a.text())
	}
	return a
}

// cookieTexts decodes everything that this browser keeps.
func (s *wizardSite) cookieTexts(v *visitor) string {
	s.t.Helper()
	codec := securecookie.New(s.db.Keyring().Derive("cookie auth", 64), s.db.Keyring().Derive("cookie seal", 32))
	codec.MaxAge(0).SetSerializer(securecookie.JSONEncoder{})
	address, _ := url.Parse(externalURL)
	var all bytes.Buffer
	for _, cookie := range v.jar.Cookies(address) {
		values := map[string]string{}
		if err := codec.Decode(cookie.Name, cookie.Value, &values); err != nil {
			s.t.Fatalf("%s does not decode: %v", cookie.Name, err)
		}
		for key, value := range values {
			text, _ := json.Marshal([]any{key, value})
			all.Write(text)
		}
	}
	return all.String()
}

// clone is the same browser, as it was at this moment.
func (v *visitor) clone() *visitor {
	v.site.t.Helper()
	address, _ := url.Parse(externalURL)
	other := v.site.visitor(v.address)
	other.jar.SetCookies(address, v.jar.Cookies(address))
	return other
}

// at asks for a page under another host name.
func (v *visitor) at(host, path string) answer {
	v.site.t.Helper()
	r := httptest.NewRequest(http.MethodGet, externalURL+path, nil)
	r.Host = host
	return v.send(r)
}
