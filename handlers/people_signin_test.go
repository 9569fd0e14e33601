package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestSignInLeadsBackToThePageThatAsked(t *testing.T) {
	s := newPeopleSite(t)
	s.founded()
	browser := s.visitor("192.0.2.3")
	asked := browser.get("/account/sessions?from=mail").wantTo("/sign-in?next=%2Faccount%2Fsessions%3Ffrom%3Dmail")
	form := browser.follow(asked).want(200, "Sign in", "E-mail", "Password")
	form.wantHTML(`name="next" value="/account/sessions?from=mail"`, `autocomplete="username"`, `autocomplete="current-password"`)
	browser.post("/sign-in", "email", priyasEmail, "password", priyasPassword, "next", "/account/sessions?from=mail").wantTo("/account/sessions?from=mail")
	if !browser.signedIn() {
		t.Error("not signed in")
	}
}

func TestSignInLeadsToNoOtherSite(t *testing.T) {
	s := newPeopleSite(t)
	s.founded()
	for _, next := range []string{
		"//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, `/ok\..\evil`, "https://evil.example/", "evil.example",
		"/\t/evil.example", "\t//evil.example", " //evil.example", "javascript:alert(1)", "", "?x=/", "/sign-in", "/sign-in?next=/sign-in", "/%zz",
	} {
		browser := s.visitor("192.0.2.3")
		browser.get("/sign-in?next=" + url.QueryEscape(next)).wantHTML(`name="next" value="/"`)
		browser.post("/sign-in", "email", priyasEmail, "password", priyasPassword, "next", next).wantTo("/")
	}
	for _, next := range []string{"/account/profile", "/settings/gitops/setups/su_x?step=2#ladder", "/a%20b?c=d%2F%2Fe"} {
		s.visitor("192.0.2.3").post("/sign-in", "email", priyasEmail, "password", priyasPassword, "next", next).wantTo(next)
	}
}

func TestWhoIsSignedInGoesOnAtOnce(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	priya.get("/sign-in").wantTo("/")
	priya.get("/sign-in?next=%2Faccount%2Fsessions").wantTo("/account/sessions")
	priya.get("/sign-in?next=%2F%2Fevil.example").wantTo("/")
}

func TestAWrongPasswordKeepsTheEmailAndNothingElse(t *testing.T) {
	s := newPeopleSite(t)
	s.founded()
	browser := s.visitor("192.0.2.3")
	s.secrets = append(s.secrets, "wrong horse battery")
	page := browser.post("/sign-in", "email", priyasEmail, "password", "wrong horse battery", "next", "/account/sessions")
	page.want(422, "Error: Sign in · Fairlead", "There is a problem", "Fairlead does not know this e-mail and password together. Check the e-mail and enter the password again")
	page.wantHTML(`value="`+priyasEmail+`"`, `href="#password"`, `aria-invalid="true"`, `name="next" value="/account/sessions"`)
	if strings.Count(page.body, "autofocus") != 1 {
		t.Error("exactly one field has the focus")
	}
	if browser.signedIn() {
		t.Error("signed in")
	}
	unknown := browser.post("/sign-in", "email", "nobody@acme.example", "password", "wrong horse battery", "next", "/account/sessions")
	if strings.ReplaceAll(unknown.body, "nobody@acme.example", priyasEmail) != page.body {
		t.Error("the page tells whether an account exists")
	}
	browser.post("/sign-in").want(422, "Enter an e-mail", "Enter your password")
}

func TestTooManyWrongPasswordsSayWhenToTryAgain(t *testing.T) {
	s := newPeopleSite(t)
	s.founded()
	for i := range 10 {
		s.visitor(fmt.Sprintf("198.51.100.%d", i)).signIn(priyasEmail, "guess").want(422)
	}
	browser := s.visitor("192.0.2.3")
	browser.signIn(priyasEmail, priyasPassword).want(429, "Error: Sign in", "Too many attempts. Try again in 15 minutes.").wantHTML(`value="` + priyasEmail + `"`)
	if browser.signedIn() {
		t.Error("signed in")
	}
	s.now = s.now.Add(15 * time.Minute)
	browser.signIn(priyasEmail, priyasPassword).wantTo("/")
}

func TestSignOutEndsThisSessionOnly(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	phone := s.visitor("192.0.2.3")
	phone.signIn(priyasEmail, priyasPassword).wantTo("/")
	stolen := *phone // somebody who copied the cookie
	stolen.jar = copyOf(s, phone)
	page := phone.follow(phone.post("/sign-out").wantTo("/sign-in"))
	page.want(200, "You are signed out.", "Sign in")
	if phone.signedIn() || stolen.signedIn() || !priya.signedIn() {
		t.Error("the phone's session and no other is over")
	}
	phone.post("/sign-out").wantTo("/sign-in")
}

func copyOf(s *peopleSite, v *visitor) http.CookieJar {
	other := s.visitor(v.address)
	site, _ := url.Parse(externalURL)
	other.jar.SetCookies(site, v.jar.Cookies(site))
	return other.jar
}

func TestSigningInAsSomebodyElseEndsTheFirstSession(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.joined("member")
	before := *priya
	before.jar = copyOf(s, priya)
	priya.signIn(anasEmail, anasPassword).wantTo("/")
	priya.get("/account/profile").want(200, "Account: Ana Brandt")
	if before.signedIn() {
		t.Error("Priya's session goes on without a browser")
	}
}

func TestAnUnfoundedWorkspaceSaysHowToBegin(t *testing.T) {
	s := newPeopleSite(t)
	page := s.visitor("192.0.2.3").get("/sign-in").want(200, "Nobody belongs to this workspace yet", "first-owner link")
	if strings.Contains(page.body, "<form") {
		t.Error("there is nobody who could sign in")
	}
}

func TestAFormOfAnotherSiteSignsNobodyIn(t *testing.T) {
	s := newPeopleSite(t)
	s.founded()
	browser := s.visitor("192.0.2.3")
	form := url.Values{"email": {priyasEmail}, "password": {priyasPassword}}
	r, err := http.NewRequest(http.MethodPost, externalURL+"/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://evil.example")
	browser.send(r).want(403, "sent from another site")
	if browser.signedIn() {
		t.Error("signed in")
	}
}

func TestAnOverlongFormIsRefused(t *testing.T) {
	s := newPeopleSite(t)
	s.founded()
	s.visitor("192.0.2.3").signIn(priyasEmail, strings.Repeat("x", 100_000)).want(422, "more than this form takes")
}
