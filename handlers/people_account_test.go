package handlers_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestAProfileIsSavedAndSeen(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	priya.get("/account/profile").want(200, "Profile", "Your name", "Colours", "As the system").wantHTML(`value="Priya Raman"`, `value="`+priyasEmail+`"`, `<html lang="en">`)
	page := priya.follow(priya.post("/account/profile", "name", "Priya R.", "theme", "dark", "email", "x@x.example", "role", "member").wantTo("/account/profile"))
	page.want(200, "Your profile was saved.", "Account: Priya R.").wantHTML(`data-theme="dark"`, `value="dark" checked id="theme-2"`)
	if got := s.person(priyasEmail); got.Name != "Priya R." || got.Theme != "dark" || !got.IsOwner() {
		t.Errorf("got %+v", got)
	}
	if again := priya.get("/account/profile"); strings.Contains(again.body, "was saved") {
		t.Error("the message stays")
	}
	priya.post("/account/profile", "name", " ", "theme", "pink").want(422, "Error: Profile", "Enter your name", "Choose the colours").wantHTML(`href="#theme"`)
}

func TestANewPasswordEndsTheOtherSessionsOfThatPerson(t *testing.T) {
	s := newPeopleSite(t)
	phone := s.founded()
	ana := s.joined("member")
	desk := s.visitor("192.0.2.3")
	desk.signIn(priyasEmail, priyasPassword).wantTo("/")
	s.secrets = append(s.secrets, "a new wind, priya")
	desk.get("/account/password").want(200, "Change password", "Current password", "New password")
	page := desk.follow(desk.post("/account/password", "current_password", priyasPassword, "new_password", "a new wind, priya").wantTo("/account/profile"))
	page.want(200, "Your password was changed.", "Your other sessions have ended.")
	if !desk.signedIn() || phone.signedIn() || !ana.signedIn() {
		t.Error("only Priya's other browser is signed out")
	}
	phone.signIn(priyasEmail, priyasPassword).want(422)
	phone.signIn(priyasEmail, "a new wind, priya").wantTo("/")
}

func TestThePasswordChangesOnlyWithTheCurrentOne(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	before, err := s.db.FindPasswordHash(context.Background(), s.person(priyasEmail).ID)
	if err != nil {
		t.Fatal(err)
	}
	s.secrets = append(s.secrets, "a wrong current one", "a new wind, priya")
	page := priya.post("/account/password", "current_password", "a wrong current one", "new_password", "a new wind, priya")
	page.want(422, "Error: Change password", "Enter your current password again: this is not it").wantHTML(`href="#current_password"`)
	priya.post("/account/password", "current_password", priyasPassword, "new_password", priyasEmail).want(422, "Enter a password that is not your e-mail")
	for range 9 {
		priya.post("/account/password", "current_password", "guess", "new_password", "a new wind, priya").want(422)
	}
	priya.post("/account/password", "current_password", priyasPassword, "new_password", "a new wind, priya").want(429, "Too many attempts. Try again in 15 minutes.")
	after, err := s.db.FindPasswordHash(context.Background(), s.person(priyasEmail).ID)
	if err != nil || after != before {
		t.Errorf("the password changed: %v", err)
	}
}

func TestSessionsAreListedInPlainWords(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.joined("member")
	s.now = s.now.Add(2 * time.Hour)
	desk := s.visitor("198.51.100.7")
	desk.signIn(priyasEmail, priyasPassword).wantTo("/")
	page := desk.get("/account/sessions").want(200, "Firefox on Linux This browser 198.51.100.7 Last seen just now", "192.0.2.1 Last seen 2 hours ago", "Sign out everywhere")
	if strings.Contains(page.text(), "192.0.2.2") {
		t.Error("Ana's session is listed too")
	}
	if !priya.signedIn() {
		t.Error("looking ended a session")
	}
}

func TestOneSessionCanBeEnded(t *testing.T) {
	s := newPeopleSite(t)
	phone := s.founded()
	desk := s.visitor("192.0.2.3")
	desk.signIn(priyasEmail, priyasPassword).wantTo("/")
	end := regexp.MustCompile(`action="(/account/sessions/se_[a-z0-9]+/end)"`).FindStringSubmatch(desk.get("/account/sessions").body)
	if end == nil {
		t.Fatal("no form ends the phone's session")
	}
	ana := s.joined("member")
	ana.post(end[1]).wantTo("/account/sessions") // not hers, so nothing happens
	if !phone.signedIn() {
		t.Fatal("Ana ended Priya's session")
	}
	desk.follow(desk.post(end[1]).wantTo("/account/sessions")).want(200, "The session was ended.")
	if phone.signedIn() || !desk.signedIn() {
		t.Error("the phone is signed out and the desk is not")
	}
}

func TestSignOutEverywhereLeavesNoSession(t *testing.T) {
	s := newPeopleSite(t)
	phone := s.founded()
	ana := s.joined("member")
	desk := s.visitor("192.0.2.3")
	desk.signIn(priyasEmail, priyasPassword).wantTo("/")
	desk.follow(desk.post("/account/sessions/end-all").wantTo("/sign-in")).want(200, "You are signed out everywhere.")
	if desk.signedIn() || phone.signedIn() || !ana.signedIn() {
		t.Error("all of Priya's sessions are over, and nobody else's")
	}
}

func TestASessionEndsByTime(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.now = s.now.Add(7 * 24 * time.Hour)
	priya.get("/account/profile").wantTo("/sign-in?next=%2Faccount%2Fprofile")
}
