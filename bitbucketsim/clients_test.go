package bitbucketsim_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"fairlead/bitbucketsim"
)

const oauthClients = "/acme-data/workspace/settings/oauth-clients"

func clientForm(pairs ...string) url.Values {
	form := url.Values{
		"name": {"Fairlead"}, "authorization_code": {"on"}, "callback_url": {callback},
		"permission": {"account", "repository:write", "webhook"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

func TestCreatingAnOAuthClientShowsItsIDAndSecret(t *testing.T) {
	s := start(t)
	b := s.as(priya)
	wantText(t, b.get(oauthClients), "OAuth clients", "Create OAuth client")
	wantText(t, b.get(oauthClients+"/new"), "Details", "Authorization", "Scopes", `id="permission-repository-write"`, `id="callback-url"`)
	created := b.post(oauthClients, clientForm())
	wantStatus(t, created, http.StatusSeeOther)
	page := b.get(created.location())
	id, secret := byID(t, page, "client-id"), byID(t, page, "client-secret")
	if len(id) != 18 || len(secret) != 32 {
		t.Errorf("id %q has %d characters and secret %q has %d, want 18 and 32", id, len(id), secret, len(secret))
	}
	wantText(t, page, "Key", callback, "Repositories: Write", "Webhooks: Read and write")
	wantText(t, b.get(oauthClients), id, "Fairlead")
	wantError(t, s.token(id, secret, "grant_type", "refresh_token", "refresh_token", "bogus"), 400, "invalid_request", "Invalid refresh_token")
}

func TestCredentialsSince2026AreLonger(t *testing.T) {
	s := start(t)
	s.set(bitbucketsim.Faults{Backend2026: true})
	c := s.client("New")
	if len(c.ID) != 32 || len(c.Secret) != 76 {
		t.Errorf("id has %d characters and secret %d, want 32 and 76", len(c.ID), len(c.Secret))
	}
}

func TestOnlyAdminsSeeTheSettingsOfAWorkspace(t *testing.T) {
	s := start(t)
	for _, email := range []string{wes, nora} {
		for _, path := range []string{"/acme-data/workspace/settings", oauthClients, oauthClients + "/new"} {
			a := s.as(email).get(path)
			wantStatus(t, a, http.StatusForbidden)
			wantText(t, a, "You are not an admin of this workspace")
		}
		wantStatus(t, s.as(email).post(oauthClients, clientForm()), http.StatusForbidden)
	}
	wantStatus(t, s.as(priya).get("/acme-web/workspace/settings"), http.StatusForbidden)
	wantStatus(t, s.as(priya).get("/no-such/workspace/settings"), http.StatusNotFound)
	wantText(t, s.as(priya).get("/acme-data/workspace/settings"), "Apps and features", `href="`+oauthClients+`"`)
}

func TestSettingsAskForSignInAndComeBack(t *testing.T) {
	s := start(t)
	a := s.browser().get(oauthClients)
	if want := "/account/signin?next=" + url.QueryEscape(oauthClients); a.location() != want {
		t.Errorf("leads to %q, want %q", a.location(), want)
	}
}

func TestTheOlderAddressLeadsToTheList(t *testing.T) {
	s := start(t)
	a := s.as(priya).get("/acme-data/workspace/settings/api")
	if a.status != http.StatusSeeOther || a.location() != oauthClients {
		t.Errorf("got %d %q", a.status, a.location())
	}
}

func TestAMistakeInTheClientFormKeepsWhatWasTyped(t *testing.T) {
	s := start(t)
	b := s.as(priya)
	s.client("Taken")
	withoutBox := clientForm()
	withoutBox.Del("authorization_code")
	unknown := clientForm()
	unknown.Add("permission", "everything")
	for meaning, form := range map[string]url.Values{
		"no name":                      clientForm("name", " "),
		"a name that exists":           clientForm("name", "taken"),
		"a callback that is no URL":    clientForm("callback_url", "localhost:8080/x"),
		"a callback with a fragment":   clientForm("callback_url", "https://a.example/#x"),
		"a callback without the grant": withoutBox,
		"an unknown permission":        unknown,
	} {
		a := b.post(oauthClients, form)
		if a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d, want 422", meaning, a.status)
		}
		wantText(t, a, `id="problem"`, `value="repository:write" checked`)
	}
}

func TestAClientMayBeSavedWithoutACallback(t *testing.T) {
	s := start(t)
	a := s.as(priya).post(oauthClients, clientForm("callback_url", ""))
	wantStatus(t, a, http.StatusSeeOther)
}

func TestEditingAClientChangesCallbackAndPermissionsAndKeepsTheSecret(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	b := s.as(priya)
	wantText(t, b.get(oauthClients+"/"+c.ID+"/edit"), `value="`+callback+`"`, `value="webhook" checked`)
	form := clientForm("callback_url", callback+"/other", "permission", "email")
	wantStatus(t, b.post(oauthClients+"/"+c.ID, form), http.StatusSeeOther)
	page := b.get(oauthClients + "/" + c.ID)
	wantText(t, page, callback+"/other", "Account: Email")
	if strings.Contains(page.body, "Webhooks") || byID(t, page, "client-secret") != c.Secret {
		t.Error("the old permissions are still there or the secret changed")
	}
}

func TestTokensKeepThePermissionsTheyWereGivenWhenTheClientIsEdited(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	access, refresh := s.tokens(priya, c)
	wantStatus(t, s.as(priya).post(oauthClients+"/"+c.ID, clientForm("permission", "email")), http.StatusSeeOther)
	wantStatus(t, s.api(access, "/user"), http.StatusOK)
	if got := s.token(c.ID, c.Secret, "grant_type", "refresh_token", "refresh_token", refresh).json(t)["scopes"]; got != "account repository:write webhook" {
		t.Errorf("scopes %q", got)
	}
}

func TestARegeneratedSecretReplacesTheOldOne(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	b := s.as(priya)
	wantStatus(t, b.post(oauthClients+"/"+c.ID+"/regenerate-secret", nil), http.StatusSeeOther)
	fresh := byID(t, b.get(oauthClients+"/"+c.ID), "client-secret")
	wantError(t, s.token(c.ID, c.Secret, "grant_type", "x"), 400, "unauthorized_client", "Invalid OAuth client credentials")
	wantError(t, s.token(c.ID, fresh, "grant_type", "x"), 400, "invalid_grant", "Unsupported grant type: x")
}

func TestADeletedClientIsUnknownAndItsTokensAreDead(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	access, _ := s.tokens(priya, c)
	b := s.as(priya)
	wantStatus(t, b.post(oauthClients+"/"+c.ID+"/delete", nil), http.StatusSeeOther)
	wantStatus(t, b.get(oauthClients+"/"+c.ID), http.StatusNotFound)
	wantError(t, s.token(c.ID, c.Secret, "grant_type", "client_credentials"), 400, "unauthorized_client", "Invalid OAuth client credentials")
	wantStatus(t, s.api(access, "/user"), http.StatusUnauthorized)
	wantStatus(t, b.post(oauthClients+"/"+c.ID+"/delete", nil), http.StatusNotFound)
}

func TestAClientOfAnotherWorkspaceCannotBeTouched(t *testing.T) {
	s := start(t)
	c := s.client("Elsewhere", func(c *bitbucketsim.Client) { c.Workspace = "acme-web" })
	b := s.as(priya)
	for _, path := range []string{"", "/regenerate-secret", "/delete"} {
		wantStatus(t, b.post(oauthClients+"/"+c.ID+path, clientForm()), http.StatusNotFound)
	}
	wantStatus(t, b.get(oauthClients+"/"+c.ID), http.StatusNotFound)
}

func TestCreateClientKeepsGivenCredentialsAndRefusesWhatTheFormRefuses(t *testing.T) {
	s := start(t)
	c := s.client("Fixed", func(c *bitbucketsim.Client) {
		c.ID, c.Secret, c.Permissions = "fixed-id", "fixed-secret", []string{"webhook", "account", "account"}
	})
	if c.ID != "fixed-id" || c.Secret != "fixed-secret" || !slices.Equal(c.Permissions, []string{"account", "webhook"}) {
		t.Errorf("got %+v", c)
	}
	for meaning, wrong := range map[string]bitbucketsim.Client{
		"unknown workspace":  {Workspace: "nowhere", Name: "A"},
		"no name":            {Workspace: "acme-data"},
		"taken id":           {Workspace: "acme-data", Name: "B", ID: "fixed-id"},
		"unknown permission": {Workspace: "acme-data", Name: "C", Permissions: []string{"all"}},
	} {
		if _, err := s.CreateClient(wrong); err == nil {
			t.Errorf("%s: no error", meaning)
		}
	}
}
