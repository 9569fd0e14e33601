package bitbucketsim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"fairlead/bitbucketsim"
)

func TestConsentLeadsBackWithACodeAndTheState(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	anonymous := s.browser()
	toSignIn := anonymous.get(authorizePath(c))
	wantStatus(t, toSignIn, http.StatusSeeOther)
	account := bitbucketsim.Accounts()[0]
	next := toSignIn.query(t).Get("next")
	signedIn := anonymous.post("/account/signin", url.Values{"email": {account.Email}, "password": {account.Password}, "next": {next}})
	consent := anonymous.get(signedIn.location())
	wantStatus(t, consent, http.StatusOK)
	wantText(t, consent, "Fairlead", "Priya Raman", "Account: Read", "Repositories: Write", "Webhooks: Read and write", "Grant access", "Cancel")
	granted := anonymous.post(signedIn.location(), url.Values{"decision": {"grant"}})
	wantStatus(t, granted, http.StatusFound)
	if !strings.HasPrefix(granted.location(), callback+"?") || granted.query(t).Get("state") != "st" || granted.query(t).Get("code") == "" {
		t.Errorf("leads to %q", granted.location())
	}
}

func TestCancelLeadsBackWithAccessDenied(t *testing.T) {
	s := start(t)
	a := s.as(priya).post(authorizePath(s.client("Fairlead")), url.Values{"decision": {"cancel"}})
	wantStatus(t, a, http.StatusFound)
	query := a.query(t)
	if query.Get("error") != "access_denied" || query.Get("error_description") == "" || query.Get("state") != "st" || query.Has("code") {
		t.Errorf("leads to %q", a.location())
	}
}

func TestAnUnknownClientIsToldToThePersonOnly(t *testing.T) {
	s := start(t)
	for _, method := range []string{"GET", "POST"} {
		path := authorizePath(bitbucketsim.Client{ID: "unknown"})
		a := s.as(priya).get(path)
		if method == "POST" {
			a = s.as(priya).post(path, url.Values{"decision": {"grant"}})
		}
		wantStatus(t, a, http.StatusBadRequest)
		wantText(t, a, "Invalid client id")
		if a.location() != "" {
			t.Errorf("redirects to %q", a.location())
		}
	}
}

func TestACallbackThatDiffersIsToldToThePersonOnly(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	b := s.as(priya)
	for _, differing := range []string{
		callback + "/", callback + "/more", callback + "?a=b", "https://localhost:9999/oauth/callback",
		"http://localhost:9998/oauth/callback", "http://LOCALHOST:9999/oauth/callback", "http://localhost:9999/oauth", "nonsense",
	} {
		a := b.get(authorizePath(c, "redirect_uri", differing))
		wantStatus(t, a, http.StatusBadRequest)
		wantText(t, a, "Invalid redirect_uri", "This integration is misconfigured. Contact the vendor for assistance.")
		if a.location() != "" {
			t.Errorf("%s: redirects to %q", differing, a.location())
		}
	}
}

func TestAClientWithoutCallbackShowsTheSamePage(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead", func(c *bitbucketsim.Client) { c.CallbackURL = "" })
	for _, redirect := range []string{callback, ""} {
		a := s.as(priya).get(authorizePath(c, "redirect_uri", redirect))
		wantStatus(t, a, http.StatusBadRequest)
		wantText(t, a, "Invalid redirect_uri")
	}
}

func TestWithoutRedirectURITheRegisteredCallbackIsUsed(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead", func(c *bitbucketsim.Client) { c.CallbackURL = callback + "?tenant=1" })
	a := s.as(priya).post(authorizePath(c, "redirect_uri", "", "state", ""), url.Values{"decision": {"grant"}})
	query := a.query(t)
	if !strings.HasPrefix(a.location(), callback+"?") || query.Get("tenant") != "1" || query.Has("state") {
		t.Errorf("leads to %q", a.location())
	}
	wantStatus(t, s.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", query.Get("code")), http.StatusOK)
}

func TestAWrongRequestIsToldToTheApplication(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	for meaning, test := range map[string]struct {
		pairs []string
		code  string
	}{
		"a scope that does not exist":         {[]string{"scope", "account everything"}, "invalid_scope"},
		"a scope that the client lacks":       {[]string{"scope", "pullrequest"}, "invalid_scope"},
		"admin, which write does not bring":   {[]string{"scope", "repository:admin"}, "invalid_scope"},
		"the implicit grant":                  {[]string{"response_type", "token"}, "unsupported_response_type"},
		"a plain challenge":                   {[]string{"code_challenge", "x", "code_challenge_method", "plain"}, "invalid_request"},
		"a challenge without its method name": {[]string{"code_challenge", "x"}, "invalid_request"},
	} {
		a := s.as(priya).get(authorizePath(c, test.pairs...))
		if a.status != http.StatusFound || a.query(t).Get("error") != test.code || a.query(t).Get("state") != "st" {
			t.Errorf("%s: %d to %q, want error %s", meaning, a.status, a.location(), test.code)
		}
	}
}

func TestAScopeSubsetIsWhatTheTokenGets(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	code := s.code(priya, c, "scope", "repository account")
	a := s.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", code, "redirect_uri", callback)
	if got := a.json(t)["scopes"]; got != "account repository" {
		t.Errorf("scopes %q", got)
	}
}

func TestTheSameConsentIsNotAskedTwiceUntilItIsRevoked(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	b := s.as(priya)
	access, refresh := s.tokens(priya, c)
	if a := b.get(authorizePath(c)); a.status != http.StatusFound || a.query(t).Get("code") == "" {
		t.Errorf("asked again: %d %q", a.status, a.location())
	}
	if a := s.as(wes).get(authorizePath(c)); a.status != http.StatusOK {
		t.Errorf("another person was not asked: %d", a.status)
	}
	wantText(t, b.get("/account/settings/app-authorizations"), "Fairlead", c.ID, "Repositories: Write")
	wantStatus(t, b.post("/account/settings/app-authorizations/revoke", url.Values{"client_id": {c.ID}}), http.StatusSeeOther)
	wantText(t, b.get("/account/settings/app-authorizations"), "You have not granted anything.")
	wantStatus(t, b.get(authorizePath(c)), http.StatusOK)
	wantStatus(t, s.api(access, "/user"), http.StatusUnauthorized)
	wantError(t, s.token(c.ID, c.Secret, "grant_type", "refresh_token", "refresh_token", refresh), 400, "invalid_request", "Invalid refresh_token")
}

func TestMorePermissionsAreAskedFor(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	s.code(priya, c, "scope", "account")
	wantStatus(t, s.as(priya).get(authorizePath(c)), http.StatusOK)
	s.code(priya, c)
	wantStatus(t, s.as(priya).get(authorizePath(c, "scope", "repository")), http.StatusFound)
}
