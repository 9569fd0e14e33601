package bitbucketsim_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

func TestACodeBecomesTokens(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	a := s.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", s.code(priya, c), "redirect_uri", callback)
	wantStatus(t, a, http.StatusOK)
	body := a.json(t)
	for name, want := range map[string]any{
		"token_type": "bearer", "expires_in": 7200.0, "scopes": "account repository:write webhook", "state": "authorization_code",
	} {
		if body[name] != want {
			t.Errorf("%s is %v, want %v", name, body[name], want)
		}
	}
	if _, newer := body["scope"]; newer || body["refresh_token"] == "" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %s %v", a.body, a.header)
	}
}

func TestTheTokenAnswerOf2026HasScopeAndLongTokens(t *testing.T) {
	s := start(t)
	s.set(bitbucketsim.Faults{Backend2026: true})
	c := s.client("Fairlead")
	a := s.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", s.code(priya, c), "redirect_uri", callback)
	body := a.json(t)
	access, _ := body["access_token"].(string)
	refresh, _ := body["refresh_token"].(string)
	_, older := body["scopes"]
	if body["scope"] != "account repository:write webhook" || older || len(access) <= 2500 || len(refresh) <= 2500 {
		t.Errorf("got scope %v, lengths %d and %d", body["scope"], len(access), len(refresh))
	}
	wantStatus(t, s.api(access, "/user"), http.StatusOK)
}

func TestScopesCanBeGranularOrMissing(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	exchange := func() map[string]any {
		return s.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", s.code(priya, c), "redirect_uri", callback).json(t)
	}
	s.set(bitbucketsim.Faults{GranularScopes: true})
	want := "read:user:bitbucket read:workspace:bitbucket write:repository:bitbucket read:repository:bitbucket read:webhook:bitbucket write:webhook:bitbucket delete:webhook:bitbucket"
	if got := exchange()["scopes"]; got != want {
		t.Errorf("scopes %q, want %q", got, want)
	}
	for _, f := range []bitbucketsim.Faults{{NoScopes: true}, {NoScopes: true, Backend2026: true}} {
		s.set(f)
		body := exchange()
		if _, has := body["scopes"]; has {
			t.Error("scopes is there")
		}
		if _, has := body["scope"]; has {
			t.Error("scope is there")
		}
	}
}

func TestWrongCredentialsAreAnsweredBeforeAnythingElse(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead", func(c *bitbucketsim.Client) { c.CallbackURL = "" })
	other := s.client("Other")
	wrong := [][2]string{{c.ID, "wrong"}, {"unknown", c.Secret}, {c.ID, other.Secret}, {c.Secret, c.ID}, {c.ID, c.Secret + "\n"}, {c.ID, strings.ToLower(c.Secret)}}
	for _, grant := range []string{"authorization_code", "refresh_token", "client_credentials", "nonsense", ""} {
		for _, pair := range wrong {
			s.set(bitbucketsim.Faults{})
			wantError(t, s.token(pair[0], pair[1], "grant_type", grant), 400, "unauthorized_client", "Invalid OAuth client credentials")
			s.set(bitbucketsim.Faults{Backend2026: true})
			a := s.token(pair[0], pair[1], "grant_type", grant)
			if body := a.json(t); a.status != 401 || body["error"] != "invalid_client" || a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("2026: %d %s", a.status, a.body)
			}
		}
	}
}

func TestMissingCredentialsAreSaidSo(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	inBody := []string{"grant_type", "refresh_token", "refresh_token", "x", "client_id", c.ID, "client_secret", c.Secret}
	const missing = "Client credentials missing; this request needs to be authenticated with the OAuth client id and secret"
	wantError(t, s.token("", "", inBody...), 400, "unauthorized_client", missing)
	wantError(t, s.token(c.ID, "", "grant_type", "refresh_token"), 400, "unauthorized_client", missing)
	s.set(bitbucketsim.Faults{Backend2026: true})
	if a := s.token("", "", inBody...); a.status != 401 || a.json(t)["error"] != "invalid_client" {
		t.Errorf("2026: %d %s", a.status, a.body)
	}
}

func TestABodyThatIsNoFormHasNoGrantType(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	post := func(kind, body string) answer {
		return s.send(http.MethodPost, "/site/oauth2/access_token?grant_type=client_credentials", strings.NewReader(body), func(r *http.Request) {
			r.Header.Set("Content-Type", kind)
			r.SetBasicAuth(c.ID, c.Secret)
		})
	}
	wantError(t, post("application/json", `{"grant_type":"refresh_token","refresh_token":"x"}`), 400, "invalid_grant", "Unsupported grant type: None")
	wantError(t, post("application/x-www-form-urlencoded", ""), 400, "invalid_grant", "Unsupported grant type: None")
	wantError(t, post("application/x-www-form-urlencoded", "grant_type=password"), 400, "invalid_grant", "Unsupported grant type: password")
	s.set(bitbucketsim.Faults{Backend2026: true})
	wantError(t, post("application/x-www-form-urlencoded", "grant_type=password"), 400, "unsupported_grant_type", "Unsupported grant type: password")
}

func TestABearerHeaderAtTheTokenEndpointIsAnsweredWithAPage(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	a := s.send(http.MethodPost, "/site/oauth2/access_token", nil, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+c.ID+":"+c.Secret) })
	wantStatus(t, a, http.StatusOK)
	wantText(t, a, "OpenID transaction in progress")
	wantStatus(t, s.send(http.MethodGet, "/site/oauth2/access_token", nil, nil), http.StatusMethodNotAllowed)
}

func TestEscapedCredentialsAreTolerated(t *testing.T) {
	s := start(t)
	c := s.client("Odd", func(c *bitbucketsim.Client) { c.ID, c.Secret = "id with/odd=", "a+b/c=%41&d" })
	for _, pair := range [][2]string{{c.ID, c.Secret}, {url.QueryEscape(c.ID), url.QueryEscape(c.Secret)}} {
		wantError(t, s.token(pair[0], pair[1], "grant_type", "refresh_token"), 400, "invalid_request", "Invalid refresh_token")
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	code := s.code(priya, c)
	exchange := func() answer {
		return s.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", code, "redirect_uri", callback)
	}
	wantStatus(t, exchange(), http.StatusOK)
	wantError(t, exchange(), 400, "invalid_grant", "The specified code is not valid.")
}

func TestACodeLivesTenMinutes(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	for age, want := range map[time.Duration]int{10*time.Minute - time.Second: 200, 10 * time.Minute: 400} {
		code := s.code(priya, c)
		s.clock.forward(age)
		wantStatus(t, s.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", code, "redirect_uri", callback), want)
	}
}

func TestAWrongExchangeIsRefusedAndSpendsTheCode(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	sum := sha256.Sum256([]byte("the-verifier"))
	challenge := []string{"code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method", "S256"}
	const redirect = "The redirect_uri does not match the one of the authorization request."
	const verifier = "The code_verifier does not match the code_challenge."
	for meaning, test := range map[string]struct {
		authorize   []string
		exchange    []string
		description string
	}{
		"another redirect_uri": {nil, []string{"redirect_uri", callback + "/"}, redirect},
		"no redirect_uri":      {nil, nil, redirect},
		"a redirect_uri that differs from the registered one": {[]string{"redirect_uri", ""}, []string{"redirect_uri", "http://other"}, redirect},
		"a wrong verifier": {challenge, []string{"redirect_uri", callback, "code_verifier", "wrong"}, verifier},
		"no verifier":      {challenge, []string{"redirect_uri", callback}, verifier},
	} {
		code := s.code(priya, c, test.authorize...)
		send := append([]string{"grant_type", "authorization_code", "code", code}, test.exchange...)
		t.Log(meaning)
		wantError(t, s.token(c.ID, c.Secret, send...), 400, "invalid_grant", test.description)
		wantError(t, s.token(c.ID, c.Secret, send...), 400, "invalid_grant", "The specified code is not valid.")
	}
	good := s.code(priya, c, challenge...)
	wantStatus(t, s.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", good, "redirect_uri", callback, "code_verifier", "the-verifier"), 200)
}

func TestACodeOfAnotherClientIsRefusedAndStaysGoodForItsOwn(t *testing.T) {
	s := start(t)
	c, other := s.client("Fairlead"), s.client("Other")
	code := s.code(priya, c)
	wantError(t, s.token(other.ID, other.Secret, "grant_type", "authorization_code", "code", code, "redirect_uri", callback), 400, "invalid_grant", "The specified code is not valid.")
	wantStatus(t, s.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", code, "redirect_uri", callback), 200)
}

func TestExpireCodesMakesEveryExchangeTooLate(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	s.set(bitbucketsim.Faults{ExpireCodes: true})
	a := s.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", s.code(priya, c), "redirect_uri", callback)
	wantError(t, a, 400, "invalid_grant", "The specified code is not valid.")
}

func TestTheLegacyRefreshTokenNeitherRotatesNorExpires(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	access, refresh := s.tokens(priya, c)
	s.clock.forward(400 * 24 * time.Hour)
	a := s.token(c.ID, c.Secret, "grant_type", "refresh_token", "refresh_token", refresh)
	wantStatus(t, a, 200)
	body := a.json(t)
	if body["refresh_token"] != refresh || body["access_token"] == access || body["state"] != "refresh_token" {
		t.Errorf("got %s", a.body)
	}
}

func TestARefreshTokenOf2026RotatesAndTheOldOneLivesTenMoreMinutes(t *testing.T) {
	s := start(t)
	s.set(bitbucketsim.Faults{Backend2026: true})
	c := s.client("Fairlead")
	_, first := s.tokens(priya, c)
	refresh := func(token string) answer {
		return s.token(c.ID, c.Secret, "grant_type", "refresh_token", "refresh_token", token)
	}
	second, _ := refresh(first).json(t)["refresh_token"].(string)
	if second == "" || second == first {
		t.Fatal("the refresh token did not rotate")
	}
	s.clock.forward(9 * time.Minute)
	wantStatus(t, refresh(first), 200)
	s.clock.forward(time.Minute)
	wantError(t, refresh(first), 400, "invalid_grant", "The refresh token is invalid or expired")
	wantStatus(t, refresh(second), 200)
	third, _ := refresh(second).json(t)["refresh_token"].(string)
	s.clock.forward(91 * 24 * time.Hour)
	wantError(t, refresh(third), 400, "invalid_grant", "The refresh token is invalid or expired")
}

func TestARefreshTokenOfAnotherClientIsRefused(t *testing.T) {
	s := start(t)
	c, other := s.client("Fairlead"), s.client("Other")
	_, refresh := s.tokens(priya, c)
	wantError(t, s.token(other.ID, other.Secret, "grant_type", "refresh_token", "refresh_token", refresh), 400, "invalid_request", "Invalid refresh_token")
}

func TestClientCredentialsNeedACallbackAndThePrivateBox(t *testing.T) {
	s := start(t)
	public := s.client("Public")
	without := s.client("Without", func(c *bitbucketsim.Client) { c.CallbackURL, c.Private = "", true })
	const noCallback = "No callback uri defined for the OAuth client."
	wantError(t, s.token(public.ID, public.Secret, "grant_type", "client_credentials"), 400, "invalid_grant",
		`Cannot use client_credentials with a consumer marked as "public". Calls for auto generated consumers should use urn:bitbucket:oauth2:jwt instead.`)
	wantError(t, s.token(without.ID, without.Secret, "grant_type", "client_credentials"), 400, "invalid_request", noCallback)
	s.set(bitbucketsim.Faults{Backend2026: true})
	wantError(t, s.token(public.ID, public.Secret, "grant_type", "client_credentials"), 400, "unauthorized_client",
		"The client is not authorized for the grant type client_credentials")
	wantError(t, s.token(without.ID, without.Secret, "grant_type", "client_credentials"), 400, "invalid_request", noCallback)
}

func TestClientCredentialsActAsAnAppUserWithoutRefreshToken(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead", func(c *bitbucketsim.Client) { c.Private = true })
	a := s.token(c.ID, c.Secret, "grant_type", "client_credentials")
	wantStatus(t, a, 200)
	body := a.json(t)
	if _, has := body["refresh_token"]; has {
		t.Error("there is a refresh token")
	}
	access, _ := body["access_token"].(string)
	user := s.api(access, "/user").json(t)
	if user["type"] != "app_user" || user["display_name"] != "Fairlead" {
		t.Errorf("user %v", user)
	}
	workspaces := s.api(access, "/user/workspaces")
	wantText(t, workspaces, `"slug":"acme-data"`)
	if strings.Contains(workspaces.body, "acme-web") {
		t.Error("an app_user sees a workspace that does not own its client")
	}
	if got := s.api(access, "/repositories/acme-data?role=contributor").json(t)["size"]; got != 14.0 {
		t.Errorf("the app_user may write %v repositories", got)
	}
	wantText(t, s.api(access, "/repositories/acme-web"), "design-system")
}
