package accounts_test

import (
	"context"
	"testing"

	"fairlead"
	"fairlead/accounts"
)

func TestMembersAreThePeopleAndTheOpenInvitations(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	h.joined(priya, "ana@acme.example", "Ana", "member", anasPassword)
	open := h.invited(priya, "ben@acme.example", "owner")
	m, err := h.Members(context.Background())
	if err != nil || len(m.People) != 2 || m.People[0].Name != "Priya Raman" || m.People[1].Name != "Ana" {
		t.Fatalf("got %+v, %v", m.People, err)
	}
	if len(m.Invitations) != 1 || m.Invitations[0] != open.Link {
		t.Errorf("got %+v, want %+v", m.Invitations, open.Link)
	}
	if m.Owners() != 1 {
		t.Errorf("got %d owners", m.Owners())
	}
	if ana, err := m.Find(m.People[1].ID); err != nil || ana.Name != "Ana" {
		t.Errorf("got %+v, %v", ana, err)
	}
	_, err = m.Find("pe_nobody")
	wantCode(t, err, fairlead.CodeNotFound)
}

func TestAnInvitationNeedsAnAddressAndARole(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	for _, email := range []string{"ana", "ana@", "Ana <ana@acme.example>", "ana@acme.example, ben@acme.example", "<ana@acme.example>"} {
		_, err := h.Invite(context.Background(), as(priya), email, "member")
		wantField(t, err, accounts.FieldEmail, "such as ana@example.com")
	}
	for _, role := range []string{"", "admin", "Owner"} {
		_, err := h.Invite(context.Background(), as(priya), "ana@acme.example", role)
		wantField(t, err, accounts.FieldRole, "Choose a role")
	}
}

func TestSomebodyWhoBelongsHereCannotBeInvited(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	_, err := h.Invite(context.Background(), as(priya), " Priya@Acme.example", "member")
	wantField(t, err, accounts.FieldEmail, "priya@acme.example belongs to the workspace already")
}

func TestInTheLogAnInvitationNamesWhoInvitedWhomAsWhat(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	link := h.invited(priya, "ana@acme.example", "member")
	if e := h.lastEvent("person.invited"); e.Actor.Name != "Priya Raman" || e.Object != link.ID || e.Detail != "ana@acme.example as member" {
		t.Errorf("got %+v", e)
	}
}

func TestARevokedInvitationCannotBeUsed(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	link := h.invited(priya, "ana@acme.example", "member")
	if err := h.RevokeInvitation(context.Background(), as(priya), link.ID); err != nil {
		t.Fatal(err)
	}
	_, err := h.Join(context.Background(), link.Token.Reveal(), accounts.Joining{Name: "Ana", Password: secret(anasPassword)}, from("192.0.2.2"))
	wantMessage(t, err, fairlead.CodeGone, "This link was revoked. Ask Priya Raman for a new one.")
}

func TestARoleCanBeGivenAndTaken(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	ana := h.joined(priya, "ana@acme.example", "Ana", "member", anasPassword)
	for _, role := range []string{"owner", "member"} {
		if err := h.ChangeRole(context.Background(), as(priya), ana.Person.ID, role); err != nil {
			t.Fatal(err)
		}
		if got, _ := h.db.FindPerson(context.Background(), ana.Person.ID); string(got.Role) != role {
			t.Errorf("got %s, want %s", got.Role, role)
		}
	}
	wantField(t, h.ChangeRole(context.Background(), as(priya), ana.Person.ID, "king"), accounts.FieldRole, "Choose a role")
}

func TestTheLastOwnerIsNamedWhenSheCannotGo(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	const words = "Priya Raman is the last owner. Make somebody else an owner first."
	wantMessage(t, h.ChangeRole(context.Background(), as(priya), priya.Person.ID, "member"), fairlead.CodeConflict, words)
	wantMessage(t, h.RemovePerson(context.Background(), as(priya), priya.Person.ID), fairlead.CodeConflict, words)
	if !h.isSignedIn(priya) {
		t.Error("a refused removal signed her out")
	}
}
