package accounts_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/accounts"
)

func TestTheFirstOwnerIsSignedInAndThereIsNoSecondOne(t *testing.T) {
	h := newHarbor(t)
	ctx := context.Background()
	link, needed, err := h.NewFirstOwnerLink(ctx)
	if err != nil || !needed {
		t.Fatal(needed, err)
	}
	if _, err := h.FindLink(ctx, link.Token.Reveal(), fairlead.LinkFirstOwner, from("192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	in := accounts.FirstOwner{Workspace: "  Acme   Data ", Email: " Priya@ACME.example ", Name: "\u202ePriya Raman\u200b", Password: secret(priyasPassword)}
	priya, err := h.CreateWorkspace(ctx, link.Token.Reveal(), in, from("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	if p := priya.Person; p.Email != "priya@acme.example" || p.Name != "Priya Raman" || !p.IsOwner() {
		t.Errorf("got %+v", p)
	}
	if w, _ := h.Workspace(ctx); w.Name != "Acme Data" {
		t.Errorf("got workspace %q", w.Name)
	}
	if !h.isSignedIn(priya) {
		t.Error("the first owner is not signed in")
	}
	if _, needed, err := h.NewFirstOwnerLink(ctx); err != nil || needed {
		t.Errorf("another first-owner link was made: %v, %v", needed, err)
	}
	_, err = h.CreateWorkspace(ctx, link.Token.Reveal(), in, from("192.0.2.1"))
	wantMessage(t, err, fairlead.CodeGone, "already used")
}

func TestAnEarlierFirstOwnerLinkEndsWithTheFirstOwner(t *testing.T) {
	h := newHarbor(t)
	early, _, err := h.NewFirstOwnerLink(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	h.founded()
	_, err = h.FindLink(context.Background(), early.Token.Reveal(), fairlead.LinkFirstOwner, from("192.0.2.1"))
	wantMessage(t, err, fairlead.CodeGone, "has an owner already. Ask an owner of the workspace for an invitation.")
}

func TestAFirstOwnerLinkWorksForADay(t *testing.T) {
	h := newHarbor(t)
	link, _, err := h.NewFirstOwnerLink(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(24*time.Hour - time.Millisecond)
	if _, err := h.FindLink(context.Background(), link.Token.Reveal(), fairlead.LinkFirstOwner, from("192.0.2.1")); err != nil {
		t.Error(err)
	}
	h.now = h.now.Add(time.Millisecond)
	_, err = h.FindLink(context.Background(), link.Token.Reveal(), fairlead.LinkFirstOwner, from("192.0.2.1"))
	wantMessage(t, err, fairlead.CodeGone, "ended on 24 November 2026 at 09:00 UTC. Start Fairlead again")
}

func TestEveryComplaintOfTheFirstOwnersFormComesAtOnce(t *testing.T) {
	h := newHarbor(t)
	link, _, err := h.NewFirstOwnerLink(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.CreateWorkspace(context.Background(), link.Token.Reveal(), accounts.FirstOwner{}, from("192.0.2.1"))
	want := []fairlead.FieldError{
		{Field: "workspace", Message: "Enter a name for the workspace"},
		{Field: "email", Message: "Enter an e-mail"},
		{Field: "name", Message: "Enter your name"},
		{Field: "password", Message: "Enter a password"},
	}
	got := fairlead.FieldsOf(err)
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
	if _, err := h.FindLink(context.Background(), link.Token.Reveal(), fairlead.LinkFirstOwner, from("192.0.2.1")); err != nil {
		t.Errorf("the link is still good after a mistake: %v", err)
	}
}

func TestNewPasswordsKeepTheRule(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	link := h.invited(priya, "ana-of-acme@acme.example", "member")
	for password, words := range map[string]string{
		"":                                "Enter a password",
		"            ":                    "Enter a password",
		"eleven chrs":                     "at least 12 characters",
		"ölölölölölö":                     "at least 12 characters",
		strings.Repeat("long", 128) + "!": "at most 512 bytes",
		"Ana-of-Acme@acme.example":        "not your e-mail",
	} {
		_, err := h.Join(context.Background(), link.Token.Reveal(), accounts.Joining{Name: "Ana", Password: secret(password)}, from("192.0.2.2"))
		wantField(t, err, accounts.FieldPassword, words)
	}
	for _, good := range []string{" spaces count", "ölölölölölöl"} {
		again := h.invited(priya, "ana-of-acme@acme.example", "member")
		ana, err := h.Join(context.Background(), again.Token.Reveal(), accounts.Joining{Name: "Ana", Password: secret(good)}, from("192.0.2.2"))
		if err != nil {
			t.Fatalf("%q: %v", good, err)
		}
		if _, err := h.signIn("ana-of-acme@acme.example", good, "192.0.2.2"); err != nil {
			t.Errorf("%q: %v", good, err)
		}
		if err := h.RemovePerson(context.Background(), as(priya), ana.Person.ID); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnInvitedPersonJoinsOnce(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	link := h.invited(priya, "Ana@acme.example", "owner")
	if open, err := h.FindLink(context.Background(), link.Token.Reveal(), fairlead.LinkInvitation, from("192.0.2.2")); err != nil ||
		open.Workspace != "Acme Data" || open.Inviter != "Priya Raman" || open.Email != "ana@acme.example" {
		t.Errorf("the page knows who invites whom to what: got %+v, %v", open, err)
	}
	in := accounts.Joining{Name: "Ana Brandt", Password: secret(anasPassword)}
	ana, err := h.Join(context.Background(), link.Token.Reveal(), in, from("192.0.2.2"))
	if err != nil {
		t.Fatal(err)
	}
	if ana.Person.Email != "ana@acme.example" || !ana.Person.IsOwner() || !h.isSignedIn(ana) {
		t.Errorf("got %+v", ana.Person)
	}
	_, err = h.Join(context.Background(), link.Token.Reveal(), in, from("192.0.2.2"))
	wantMessage(t, err, fairlead.CodeGone, "already used. If that was you, sign in. Ask Priya Raman for a new one.")
}

func TestAnInvitationThatWasLostOnTheWayCanBeReplaced(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	lost := h.invited(priya, "ana@acme.example", "member")
	h.invited(priya, "ana@acme.example", "member")
	_, err := h.FindLink(context.Background(), lost.Token.Reveal(), fairlead.LinkInvitation, from("192.0.2.2"))
	wantMessage(t, err, fairlead.CodeGone, "was revoked. Ask Priya Raman for a new one.")
}

func TestAnInvitationWorksForAWeek(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	link := h.invited(priya, "ana@acme.example", "member")
	h.now = h.now.Add(7 * 24 * time.Hour)
	_, err := h.Join(context.Background(), link.Token.Reveal(), accounts.Joining{Name: "Ana", Password: secret(anasPassword)}, from("192.0.2.2"))
	wantMessage(t, err, fairlead.CodeGone, "ended on 30 November 2026 at 09:00 UTC. Ask Priya Raman")
}

func TestADeadInvitationNamesNobodyWhoCannotInvite(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	ana := h.joined(priya, "ana@acme.example", "Ana Brandt", "owner", anasPassword)
	link := h.invited(ana, "ben@acme.example", "member")
	if err := h.ChangeRole(context.Background(), as(priya), ana.Person.ID, "member"); err != nil {
		t.Fatal(err)
	}
	_, err := h.FindLink(context.Background(), link.Token.Reveal(), fairlead.LinkInvitation, from("192.0.2.2"))
	wantMessage(t, err, fairlead.CodeGone, "Ask an owner of the workspace for a new one.")
}

func TestALinkOfAnotherPurposeOpensNothing(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	link := h.invited(priya, "ana@acme.example", "member")
	_, err := h.RecoverOwner(context.Background(), link.Token.Reveal(), secret(anasPassword), from("192.0.2.2"))
	wantMessage(t, err, fairlead.CodeNotFound, "Copy the whole link")
}

func TestGuessedLinksAreLimitedByAddress(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	link := h.invited(priya, "ana@acme.example", "member")
	look := func(token, address string) error {
		_, err := h.FindLink(context.Background(), token, fairlead.LinkInvitation, from(address))
		return err
	}
	for range 100 { // opening a good link is no guess
		if err := look(link.Token.Reveal(), "2001:db8::1"); err != nil {
			t.Fatal(err)
		}
	}
	for range 30 {
		wantCode(t, look("guess", "2001:db8::1"), fairlead.CodeNotFound)
	}
	wantMessage(t, look(link.Token.Reveal(), "2001:db8::2"), fairlead.CodeTooMany, "Try again in 15 minutes.")
	if err := look(link.Token.Reveal(), "2001:db8:0:1::1"); err != nil {
		t.Errorf("another network is not concerned: %v", err)
	}
	h.now = h.now.Add(15 * time.Minute)
	if err := look(link.Token.Reveal(), "2001:db8::1"); err != nil {
		t.Errorf("15 minutes later: %v", err)
	}
}

func TestAnOwnerWhoLostThePasswordGetsIn(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	for range 10 {
		_, err := h.signIn("priya@acme.example", "what was it again", "192.0.2.1")
		wantCode(t, err, fairlead.CodeInvalid)
	}
	link, err := h.NewOwnerLink(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.RecoverOwner(context.Background(), link.Token.Reveal(), secret("a new wind, priya"), from("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	if again.Person.ID != priya.Person.ID || !h.isSignedIn(again) || h.isSignedIn(priya) {
		t.Error("the owner is signed in here and nowhere else")
	}
	if _, err := h.signIn("priya@acme.example", "a new wind, priya", "192.0.2.3"); err != nil {
		t.Errorf("the limit for the old password is over: %v", err)
	}
	_, err = h.RecoverOwner(context.Background(), link.Token.Reveal(), secret("a third wind, priya"), from("192.0.2.1"))
	wantMessage(t, err, fairlead.CodeGone, "Run fairlead owner-link on the server")
}

func TestAnOwnerLinkWorksForAnHour(t *testing.T) {
	h := newHarbor(t)
	h.founded()
	link, err := h.NewOwnerLink(context.Background(), "PRIYA@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.RecoverOwner(context.Background(), link.Token.Reveal(), secret("short"), from("192.0.2.1"))
	wantField(t, err, accounts.FieldPassword, "at least 12")
	h.now = h.now.Add(time.Hour)
	_, err = h.RecoverOwner(context.Background(), link.Token.Reveal(), secret("a new wind, priya"), from("192.0.2.1"))
	wantMessage(t, err, fairlead.CodeGone, "Run fairlead owner-link on the server")
}

func TestAnOwnerLinkIsForOwnersOnly(t *testing.T) {
	h := newHarbor(t)
	_, err := h.NewOwnerLink(context.Background(), "")
	wantField(t, err, accounts.FieldEmail, "nobody belongs to the workspace yet")
	priya := h.founded()
	h.joined(priya, "ben@acme.example", "Ben", "member", anasPassword)
	_, err = h.NewOwnerLink(context.Background(), "ben@acme.example")
	wantField(t, err, accounts.FieldEmail, "ben@acme.example belongs to none")
	_, err = h.NewOwnerLink(context.Background(), "ben at acme")
	wantField(t, err, accounts.FieldEmail, "such as ana@example.com")
	h.joined(priya, "ana@acme.example", "Ana", "owner", anasPassword)
	_, err = h.NewOwnerLink(context.Background(), "")
	wantField(t, err, accounts.FieldEmail, "of one owner: ana@acme.example, priya@acme.example")
	if _, err := h.NewOwnerLink(context.Background(), "ana@acme.example"); err != nil {
		t.Error(err)
	}
}
