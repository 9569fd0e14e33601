package bitbucketsim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

func TestSigningInShowsWhoIsSignedInAndSigningOutForgetsIt(t *testing.T) {
	s := start(t)
	b := s.as(priya)
	if got := byID(t, b.get("/"), "signed-in-as"); got != "Priya Raman" {
		t.Errorf("signed in as %q", got)
	}
	a := b.post("/account/signout", nil)
	wantStatus(t, a, http.StatusSeeOther)
	if strings.Contains(b.get("/").body, "signed-in-as") {
		t.Error("still signed in after signing out")
	}
}

func TestAWrongPasswordIsRefusedAndTheEmailStays(t *testing.T) {
	s := start(t)
	a := s.browser().post("/account/signin", url.Values{"email": {priya}, "password": {"wrong"}})
	wantStatus(t, a, http.StatusUnprocessableEntity)
	wantText(t, a, `value="`+priya+`"`, `id="problem"`)
	if len(a.header["Set-Cookie"]) > 0 {
		t.Error("a cookie was set")
	}
}

func TestTheSignInPageShowsTheSimulatedAccountsWithPasswords(t *testing.T) {
	s := start(t)
	a := s.browser().get("/account/signin")
	for _, account := range bitbucketsim.Accounts() {
		wantText(t, a, account.Name, account.Email, account.Password)
	}
}

func TestTheSignInCookieIsHTTPOnlyAndLax(t *testing.T) {
	s := start(t)
	account := bitbucketsim.Accounts()[0]
	a := s.browser().post("/account/signin", url.Values{"email": {account.Email}, "password": {account.Password}})
	cookie := a.header.Get("Set-Cookie")
	if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("cookie %q", cookie)
	}
}

func TestASignInEndsAfterThirtyDays(t *testing.T) {
	s := start(t)
	b := s.as(priya)
	s.clock.forward(31 * 24 * time.Hour)
	if strings.Contains(b.get("/").body, "signed-in-as") {
		t.Error("still signed in")
	}
}

func TestAfterSignInOnlyAddressesOfThisSiteAreFollowed(t *testing.T) {
	s := start(t)
	account := bitbucketsim.Accounts()[0]
	for next, want := range map[string]string{
		"/acme-data/workspace/settings": "/acme-data/workspace/settings",
		"/a?b=%2F%2Fc":                  "/a?b=%2F%2Fc",
		"https://evil.example/":         "/",
		"//evil.example/":               "/",
		`/\evil.example/`:               "/",
		"/\t/evil.example":              "/",
		"javascript:alert(1)":           "/",
		"":                              "/",
	} {
		a := s.browser().post("/account/signin", url.Values{"email": {account.Email}, "password": {account.Password}, "next": {next}})
		if a.location() != want {
			t.Errorf("next %q leads to %q, want %q", next, a.location(), want)
		}
	}
}

func TestHomeListsTheWorkspacesOfTheAccount(t *testing.T) {
	s := start(t)
	wantText(t, s.as(priya).get("/"), "workspace-acme-data", "14 repositories", "workspace-acme-web", "3 repositories", "workspace-priya-raman")
	wantText(t, s.as(nora).get("/"), "Nora Lindqvist does not belong to any workspace.")
}

func TestPagesOfRepositoriesFollowTheRulesOfTheAPI(t *testing.T) {
	s := start(t)
	wantStatus(t, s.as(wes).get("/acme-data/orders-db"), http.StatusOK)
	wantStatus(t, s.as(wes).get("/acme-data/schema-tools"), http.StatusNotFound)
	wantStatus(t, s.as(nora).get("/acme-data"), http.StatusNotFound)
	wantStatus(t, s.browser().get("/acme-web/design-system"), http.StatusOK)
	wantText(t, s.as(wes).get("/acme-data"), "orders-db", "you have write permission")
}
