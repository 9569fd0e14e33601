package handlers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"fairlead"
)

func TestTheFirstOwnerCreatesTheWorkspaceAndIsSignedIn(t *testing.T) {
	s := newPeopleSite(t)
	path := s.firstOwnerPath()
	browser := s.visitor("192.0.2.1")
	browser.get(path).want(200, "Create the workspace", "Workspace", "E-mail", "Your name", "Password")
	browser.get(path).want(200) // looking spends nothing
	browser.post(path, "workspace", "Acme Data", "email", priyasEmail, "name", "Priya Raman", "password", priyasPassword).wantTo("/")
	browser.follow(browser.get("/").want(303)) // home leads an owner on
	browser.get("/settings/members").want(200, "Acme Data", "Priya Raman", "Owner", priyasEmail)

	stranger := s.visitor("192.0.2.66")
	stranger.get(path).want(410, "This link was already used", "Ask an owner of the workspace for an invitation.")
	stranger.post(path, "workspace", "Mine", "email", "eve@evil.example", "name", "Eve", "password", "a long enough one").want(410)
	if s.belongs("eve@evil.example") {
		t.Error("there are two first owners")
	}
}

func TestTheFirstOwnersFormKeepsWhatWasTypedButThePassword(t *testing.T) {
	s := newPeopleSite(t)
	path := s.firstOwnerPath()
	browser := s.visitor("192.0.2.1")
	s.secrets = append(s.secrets, "short pass!")
	page := browser.post(path, "workspace", `Acme "Data" <b>`, "email", "priya at acme", "name", "Priya Raman", "password", "short pass!")
	page.want(422, "Error: Create the workspace", "There is a problem", "Enter an e-mail such as ana@example.com", "Enter a password of at least 12 characters")
	page.wantHTML(`value="Acme &#34;Data&#34; &lt;b&gt;"`, `value="priya at acme"`, `value="Priya Raman"`, `href="#email"`, `href="#password"`)
	if i := strings.Index(page.body, "autofocus"); i < 0 || strings.Count(page.body, "autofocus") != 1 || !strings.Contains(page.body[i-200:i+200], `id="email"`) {
		t.Error("the first wrong field has the focus")
	}
}

func TestAnInvitationIsShownToWhoHoldsItAndSpentByTheForm(t *testing.T) {
	s := newPeopleSite(t)
	s.founded()
	path := s.invitePath(anasEmail, "member")
	ana := s.visitor("192.0.2.2")
	page := ana.get(path).want(200, "Join Acme Data", "Priya Raman invites you as a member.", "This page works once, until 30 November 2026, 09:00 UTC.")
	page.wantHTML(`value="`+anasEmail+`"`, "readonly", `autocomplete="new-password"`)
	ana.post(path, "name", "", "password", "short").want(422, "Error: Join Acme Data", "Enter your name", "at least 12 characters")
	ana.post(path, "name", "Ana Brandt", "password", anasPassword, "email", "other@acme.example", "role", "owner").wantTo("/")
	if got := s.person(anasEmail); got.Name != "Ana Brandt" || got.Role != fairlead.RoleMember {
		t.Errorf("address and role are the invitation's: got %+v", got)
	}
	if !ana.signedIn() || s.belongs("other@acme.example") {
		t.Error("Ana is signed in and nobody else joined")
	}
	s.visitor("192.0.2.66").get(path).want(410, "This link was already used", "If that was you, sign in. Ask Priya Raman for a new one.")
	s.visitor("192.0.2.66").post(path, "name", "Eve", "password", "a long enough one").want(410)
}

func TestADeadInvitationSaysWhyAndWhomToAsk(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	revoked := s.invitePath("ben@acme.example", "member")
	links, err := s.db.ListInvitations(context.Background())
	if err != nil || len(links) != 1 {
		t.Fatal(links, err)
	}
	priya.post("/settings/members/invitations/" + links[0].ID + "/revoke").wantTo("/settings/members")
	expired := s.invitePath(anasEmail, "member")
	s.now = s.now.Add(7 * 24 * time.Hour)
	browser := s.visitor("192.0.2.2")
	browser.get(revoked).want(410, "This link was revoked · Fairlead", "Ask Priya Raman for a new one.")
	browser.get(expired).want(410, "This link ended on 30 November 2026 at 09:00 UTC", "Ask Priya Raman for a new one.")
	browser.post(expired, "name", "Ana", "password", anasPassword).want(410)
	browser.get("/join/never-was").want(404, "There is no link at this address. Copy the whole link")
	browser.get(strings.Replace(expired, "/join/", "/owner-link/", 1)).want(404)
	if s.belongs(anasEmail) || s.belongs("ben@acme.example") {
		t.Error("somebody joined by a dead link")
	}
}

func TestGuessingLinksIsLimited(t *testing.T) {
	s := newPeopleSite(t)
	s.founded()
	path := s.invitePath(anasEmail, "member")
	guesser := s.visitor("192.0.2.66")
	for range 30 {
		guesser.get("/join/guess").want(404)
	}
	guesser.get(path).want(429, "Too many attempts", "Try again in 15 minutes.")
	s.visitor("192.0.2.2").get(path).want(200)
}

func TestAnOwnerWhoTriesTheInvitationIsWarned(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	path := s.invitePath(anasEmail, "member")
	priya.get(path).want(200, "You are signed in here as Priya Raman.")
	priya.post(path, "name", "Ana Brandt", "password", anasPassword).wantTo("/")
	priya.get("/account/profile").want(200, "Account: Ana Brandt")
}

func TestAnAddressThatJoinedMeanwhileCannotJoinAgain(t *testing.T) {
	s := newPeopleSite(t)
	s.founded()
	first := s.invitePath(anasEmail, "member")
	s.visitor("192.0.2.2").post(first, "name", "Ana", "password", anasPassword).wantTo("/")
	s.visitor("192.0.2.2").post(first, "name", "Ana", "password", anasPassword).want(410, "If that was you, sign in.")
}

func TestAnOwnerLinkSetsANewPassword(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	link, err := s.accounts.NewOwnerLink(context.Background(), priyasEmail)
	if err != nil {
		t.Fatal(err)
	}
	path := s.path(link)
	s.secrets = append(s.secrets, "a new wind, priya")
	browser := s.visitor("192.0.2.9")
	browser.get(path).want(200, "Set a new password", "For an owner of Acme Data.", "until 23 November 2026, 10:00 UTC").wantHTML(`value="` + priyasEmail + `"`)
	browser.post(path, "password", "short").want(422, "Error: Set a new password", "at least 12 characters")
	browser.post(path, "password", "a new wind, priya").wantTo("/")
	if !browser.signedIn() || priya.signedIn() {
		t.Error("the new session and no older one is good")
	}
	s.visitor("192.0.2.3").signIn(priyasEmail, priyasPassword).want(422)
	s.visitor("192.0.2.3").signIn(priyasEmail, "a new wind, priya").wantTo("/")
	browser.get(path).want(410, "Run fairlead owner-link on the server for a new one.")
}

func TestPagesOfLinksAreKeptByNobody(t *testing.T) {
	s := newPeopleSite(t)
	header := s.visitor("192.0.2.1").get(s.firstOwnerPath()).header
	if header.Get("Cache-Control") != "no-store" || header.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("got %v", header)
	}
}
