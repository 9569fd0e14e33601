package accounts_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"fairlead"
	"fairlead/accounts"
)

func TestEmailAndPasswordOpenASession(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	h.now = h.now.Add(time.Minute)
	got, err := h.signIn(" PRIYA@acme.example ", priyasPassword, "192.0.2.3")
	if err != nil {
		t.Fatal(err)
	}
	if got.Person.ID != priya.Person.ID || got.Session.Address != "192.0.2.3" || !strings.Contains(got.Session.UserAgent, "Firefox") {
		t.Errorf("got %+v", got)
	}
	if !h.isSignedIn(got) || !h.isSignedIn(priya) {
		t.Error("both browsers are signed in")
	}
	if e := h.lastEvent("session.created"); e.Actor.Name != "Priya Raman" || e.Actor.Address != "192.0.2.3" || e.Object != got.Session.ID {
		t.Errorf("got event %+v", e)
	}
}

func TestAWrongPairDoesNotTellWhatIsWrong(t *testing.T) {
	h := newHarbor(t)
	h.founded()
	_, wrongPassword := h.signIn("priya@acme.example", "not her password", "192.0.2.3")
	wantField(t, wrongPassword, accounts.FieldPassword, "does not know this e-mail and password together")
	_, unknown := h.signIn("nobody@acme.example", priyasPassword, "192.0.2.3")
	if got, want := unknown.Error(), wrongPassword.Error(); got != want {
		t.Errorf("an unknown account answers %q, a wrong password %q", got, want)
	}
}

func TestRefusedSignInsAreInTheLogWithoutWhatWasTyped(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	_, err := h.signIn("priya@acme.example", "not her password", "192.0.2.3")
	wantCode(t, err, fairlead.CodeInvalid)
	if e := h.lastEvent("sign_in.refused"); e.Object != priya.Person.ID || e.Actor.Address != "192.0.2.3" || strings.Contains(fmt.Sprint(e), "not her") {
		t.Errorf("got %+v", e)
	}
	h.now = h.now.Add(time.Second)
	_, err = h.signIn("my-pass-phrase@acme.example", "x", "192.0.2.3")
	wantCode(t, err, fairlead.CodeInvalid)
	if e := h.lastEvent("sign_in.refused"); e.Object != "" || strings.Contains(fmt.Sprint(e), "pass-phrase") {
		t.Errorf("got %+v", e)
	}
}

func TestAnEmptySignInIsNoAttempt(t *testing.T) {
	h := newHarbor(t)
	for range 50 {
		_, err := h.signIn("", "", "192.0.2.3")
		wantField(t, err, accounts.FieldEmail, "Enter an e-mail")
	}
	_, err := h.signIn("priya@acme.example", "", "192.0.2.3")
	wantField(t, err, accounts.FieldPassword, "Enter your password")
}

func TestTheTenthWrongPasswordClosesTheAccountForAWhile(t *testing.T) {
	h := newHarbor(t)
	h.founded()
	for i := range 10 {
		_, err := h.signIn("priya@acme.example", "guess", fmt.Sprintf("192.0.2.%d", i)) // the attacker has many addresses
		wantCode(t, err, fairlead.CodeInvalid)
	}
	h.now = h.now.Add(3*time.Minute + time.Second)
	_, err := h.signIn("Priya@acme.example", priyasPassword, "198.51.100.1")
	wantMessage(t, err, fairlead.CodeTooMany, "Too many attempts. Try again in 12 minutes.")
	h.now = h.now.Add(11*time.Minute + 59*time.Second)
	if _, err := h.signIn("priya@acme.example", priyasPassword, "198.51.100.1"); err != nil {
		t.Errorf("15 minutes after the first one: %v", err)
	}
}

func TestTheRightPasswordStartsTheCountAnew(t *testing.T) {
	h := newHarbor(t)
	h.founded()
	for range 2 {
		for range 9 {
			_, err := h.signIn("priya@acme.example", "guess", "192.0.2.3")
			wantCode(t, err, fairlead.CodeInvalid)
		}
		if _, err := h.signIn("priya@acme.example", priyasPassword, "192.0.2.3"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnAddressMayFailThirtyTimes(t *testing.T) {
	h := newHarbor(t)
	h.founded()
	for i := range 30 {
		_, err := h.signIn(fmt.Sprintf("user%d@acme.example", i), "one password for all", "::ffff:192.0.2.3")
		wantCode(t, err, fairlead.CodeInvalid)
	}
	_, err := h.signIn("priya@acme.example", priyasPassword, "192.0.2.3")
	wantMessage(t, err, fairlead.CodeTooMany, "Try again in 15 minutes.")
	if _, err := h.signIn("priya@acme.example", priyasPassword, "192.0.2.4"); err != nil {
		t.Errorf("other addresses are not concerned: %v", err)
	}
}

func TestOnesOwnAccountDoesNotResetTheAddress(t *testing.T) {
	h := newHarbor(t)
	h.founded()
	for i := range 30 {
		_, err := h.signIn(fmt.Sprintf("user%d@acme.example", i), "one password for all", "192.0.2.3")
		wantCode(t, err, fairlead.CodeInvalid)
		if i == 15 {
			if _, err := h.signIn("priya@acme.example", priyasPassword, "192.0.2.3"); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err := h.signIn("priya@acme.example", priyasPassword, "192.0.2.3")
	wantCode(t, err, fairlead.CodeTooMany)
}

func TestParallelGuessesCountOneByOne(t *testing.T) {
	h := newHarbor(t)
	h.founded()
	var group sync.WaitGroup
	answers := make(chan fairlead.ErrorCode, 25)
	for range 25 {
		group.Go(func() {
			_, err := h.signIn("priya@acme.example", "guess", "192.0.2.3")
			answers <- fairlead.CodeOf(err)
		})
	}
	group.Wait()
	close(answers)
	tried := 0
	for code := range answers {
		if code == fairlead.CodeInvalid {
			tried++
		}
	}
	if tried != 10 {
		t.Errorf("%d guesses were tried, want 10", tried)
	}
}

func TestACancelledSignInIsNoAttempt(t *testing.T) {
	h := newHarbor(t)
	h.founded()
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for range 20 {
		if _, err := h.SignIn(gone, "priya@acme.example", secret("guess"), from("192.0.2.3")); err == nil {
			t.Fatal("signed in")
		}
	}
	if _, err := h.signIn("priya@acme.example", priyasPassword, "192.0.2.3"); err != nil {
		t.Error(err)
	}
}

func TestAStrangeBrowserNameIsKeptShortAndReadable(t *testing.T) {
	h := newHarbor(t)
	h.founded()
	browser := accounts.Browser{Address: "192.0.2.3", UserAgent: strings.Repeat("é", 300) + "\xff"}
	got, err := h.SignIn(context.Background(), "priya@acme.example", secret(priyasPassword), browser)
	if err != nil || got.Session.UserAgent != strings.Repeat("é", 200) {
		t.Errorf("got %d bytes, %v", len(got.Session.UserAgent), err)
	}
}

func TestARemovedPersonCannotSignIn(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	ana := h.joined(priya, "ana@acme.example", "Ana", "member", anasPassword)
	if err := h.RemovePerson(context.Background(), as(priya), ana.Person.ID); err != nil {
		t.Fatal(err)
	}
	if h.isSignedIn(ana) {
		t.Error("still signed in")
	}
	_, err := h.signIn("ana@acme.example", anasPassword, "192.0.2.2")
	wantCode(t, err, fairlead.CodeInvalid)
}
