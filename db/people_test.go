package db_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"fairlead"
)

func TestPeopleAreFoundByIDAndByAddressInAnyCase(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	byID, err := w.FindPerson(context.Background(), priya.ID)
	if err != nil || byID != priya {
		t.Errorf("got %+v, %v, want %+v", byID, err, priya)
	}
	byEmail, err := w.FindPersonByEmail(context.Background(), "PRIYA@Acme.example")
	if err != nil || byEmail != priya {
		t.Errorf("got %+v, %v", byEmail, err)
	}
	_, err = w.FindPerson(context.Background(), "pe_nobody")
	wantCode(t, err, fairlead.CodeNotFound)
	_, err = w.FindPersonByEmail(context.Background(), "nobody@acme.example")
	wantCode(t, err, fairlead.CodeNotFound)
	_, err = w.FindPasswordHash(context.Background(), "pe_nobody")
	wantCode(t, err, fairlead.CodeNotFound)
}

func TestOwnersAreListedFirstThenNames(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	w.joined(priya, "zoe@acme.example", "Zoe", fairlead.RoleOwner)
	w.joined(priya, "ben@acme.example", "Ben", fairlead.RoleMember)
	w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	if got, want := w.names(), []string{"Priya Raman", "Zoe", "Ana", "Ben"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAMemberJoinsWithTheInvitationsAddressAndRole(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	w.news()
	ana := w.joined(priya, "ana@acme.example", "Ana Brandt", fairlead.RoleMember)
	if ana.Email != "ana@acme.example" || ana.Role != fairlead.RoleMember || ana.Name != "Ana Brandt" || !ana.CreatedAt.Equal(w.now) {
		t.Errorf("got %+v", ana)
	}
	if hash, err := w.FindPasswordHash(context.Background(), ana.ID); err != nil || hash != "hash-Ana Brandt" {
		t.Errorf("got %q, %v", hash, err)
	}
	w.wantNews("link.used", "person.invited", "person.joined")
}

func TestAProfileKeepsNameAndTheme(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	w.news()
	for range 2 { // the second time changes nothing and says nothing
		if err := w.UpdateProfile(context.Background(), as(priya), priya.ID, "Priya R.", "dark"); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := w.FindPerson(context.Background(), priya.ID); got.Name != "Priya R." || got.Theme != "dark" {
		t.Errorf("got %+v", got)
	}
	w.wantNews("person.updated")
	wantCode(t, w.UpdateProfile(context.Background(), as(priya), "pe_nobody", "N", ""), fairlead.CodeNotFound)
}

func TestARoleChangesOnceAndIsToldInTheLog(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	w.news()
	for range 2 {
		if err := w.UpdateRole(context.Background(), as(priya), ana.ID, fairlead.RoleOwner); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := w.FindPerson(context.Background(), ana.ID); !got.IsOwner() {
		t.Errorf("got %+v", got)
	}
	w.wantNews("person.role_changed")
	wantCode(t, w.UpdateRole(context.Background(), as(priya), "pe_nobody", fairlead.RoleOwner), fairlead.CodeNotFound)
}

func TestTheLastOwnerStays(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	w.news()
	wantCode(t, w.RemovePerson(context.Background(), as(priya), priya.ID), fairlead.CodeConflict)
	wantCode(t, w.UpdateRole(context.Background(), as(priya), priya.ID, fairlead.RoleMember), fairlead.CodeConflict)
	if got, err := w.FindPerson(context.Background(), priya.ID); err != nil || !got.IsOwner() {
		t.Errorf("got %+v, %v", got, err)
	}
	w.wantNews()
}

func TestTwoOwnersCannotRemoveOrDemoteEachOtherAtTheSameTime(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleOwner)
	won := together(
		func() error { return w.RemovePerson(context.Background(), as(ana), priya.ID) },
		func() error {
			return w.UpdateRole(context.Background(), as(priya), ana.ID, fairlead.RoleMember)
		},
	)
	people, err := w.ListPeople(context.Background())
	if err != nil || won != 1 || !people[0].IsOwner() {
		t.Errorf("%d of 2 went through, people are now %+v, %v", won, people, err)
	}
}

func TestARemovedPersonIsGoneWithAllSessionsAndInvitations(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleOwner)
	w.session(ana, "hash-Ana", "ana's browser")
	w.link(as(ana), "back door", fairlead.Link{Purpose: fairlead.LinkInvitation, Email: "ana2@acme.example", Role: fairlead.RoleOwner})
	w.link(as(priya), "ben", fairlead.Link{Purpose: fairlead.LinkInvitation, Email: "ben@acme.example"})
	w.news()

	for range 2 { // a browser may repeat the form
		if err := w.RemovePerson(context.Background(), as(priya), ana.ID); err != nil {
			t.Fatal(err)
		}
	}

	_, err := w.FindPerson(context.Background(), ana.ID)
	wantCode(t, err, fairlead.CodeNotFound)
	_, err = w.FindPasswordHash(context.Background(), ana.ID)
	wantCode(t, err, fairlead.CodeNotFound)
	_, _, err = w.FindSession(context.Background(), fairlead.HashToken("ana's browser"))
	wantCode(t, err, fairlead.CodeNotFound)
	if left, err := w.ListSessions(context.Background(), ana.ID); err != nil || len(left) != 0 {
		t.Errorf("sessions are left: %+v, %v", left, err)
	}
	_, err = w.CreateMember(context.Background(), fairlead.Actor{}, fairlead.HashToken("back door"), "Ana again", "h")
	wantCode(t, err, fairlead.CodeGone)
	if open, _ := w.ListInvitations(context.Background()); len(open) != 1 || open[0].Email != "ben@acme.example" {
		t.Errorf("other owners' invitations stay: got %+v", open)
	}
	w.wantNews("link.revoked", "person.removed")
	wantCode(t, w.RemovePerson(context.Background(), as(priya), "pe_nobody"), fairlead.CodeNotFound)
}

func TestADemotedOwnersInvitationsEnd(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleOwner)
	w.link(as(ana), "owner again", fairlead.Link{Purpose: fairlead.LinkInvitation, Email: "ana2@acme.example", Role: fairlead.RoleOwner})
	if err := w.UpdateRole(context.Background(), as(priya), ana.ID, fairlead.RoleMember); err != nil {
		t.Fatal(err)
	}
	_, err := w.CreateMember(context.Background(), fairlead.Actor{}, fairlead.HashToken("owner again"), "Ana 2", "h")
	wantCode(t, err, fairlead.CodeGone)
}

func TestTheAddressOfARemovedPersonMayJoinAgain(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	first := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	if err := w.RemovePerson(context.Background(), as(priya), first.ID); err != nil {
		t.Fatal(err)
	}
	w.link(as(priya), "again", fairlead.Link{Purpose: fairlead.LinkInvitation, Email: "ana@acme.example"})
	again, err := w.CreateMember(context.Background(), fairlead.Actor{}, fairlead.HashToken("again"), "Ana", "h")
	if err != nil || again.ID == first.ID {
		t.Errorf("got %+v, %v", again, err)
	}
}

func TestANewPasswordEndsTheOtherSessions(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	here := w.session(priya, "hash-priya", "here")
	w.session(priya, "hash-priya", "there")
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	w.session(ana, "hash-Ana", "ana")
	w.news()

	if err := w.UpdatePassword(context.Background(), as(priya), priya.ID, "hash-priya", "hash-new", here.ID); err != nil {
		t.Fatal(err)
	}

	for token, want := range map[string]fairlead.ErrorCode{"here": "", "there": fairlead.CodeNotFound, "ana": ""} {
		_, _, err := w.FindSession(context.Background(), fairlead.HashToken(token))
		wantCode(t, err, want)
	}
	if hash, _ := w.FindPasswordHash(context.Background(), priya.ID); hash != "hash-new" {
		t.Errorf("got %q", hash)
	}
	w.wantNews("password.changed")
}

func TestOfTwoPasswordChangesAtTheSameTimeOneWins(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	change := func(to string) func() error {
		return func() error {
			return w.UpdatePassword(context.Background(), as(priya), priya.ID, "hash-priya", to, "")
		}
	}
	if won := together(change("a"), change("b"), change("c")); won != 1 {
		t.Errorf("%d changed it", won)
	}
	wantCode(t, change("d")(), fairlead.CodeConflict)
}

func TestAnOwnerLinkSetsThePasswordAndEndsEverySession(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	w.session(priya, "hash-priya", "stolen")
	w.link(fairlead.System(), "lost", fairlead.Link{Purpose: fairlead.LinkOwner, Email: priya.Email, Role: fairlead.RoleOwner})

	got, err := w.RecoverOwner(context.Background(), fairlead.Actor{Address: "192.0.2.9"}, fairlead.HashToken("lost"), "hash-found")
	if err != nil || got.ID != priya.ID {
		t.Fatalf("got %+v, %v", got, err)
	}
	_, _, err = w.FindSession(context.Background(), fairlead.HashToken("stolen"))
	wantCode(t, err, fairlead.CodeNotFound)
	_, err = w.RecoverOwner(context.Background(), fairlead.Actor{}, fairlead.HashToken("lost"), "hash-again")
	wantCode(t, err, fairlead.CodeGone)
	if hash, _ := w.FindPasswordHash(context.Background(), priya.ID); hash != "hash-found" {
		t.Errorf("got %q", hash)
	}
}

func TestAnOwnerLinkOfAFormerOwnerChangesNothing(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleOwner)
	w.link(fairlead.System(), "lost", fairlead.Link{Purpose: fairlead.LinkOwner, Email: ana.Email, Role: fairlead.RoleOwner})
	if err := w.UpdateRole(context.Background(), as(priya), ana.ID, fairlead.RoleMember); err != nil {
		t.Fatal(err)
	}
	_, err := w.RecoverOwner(context.Background(), fairlead.Actor{}, fairlead.HashToken("lost"), "hash-new")
	wantCode(t, err, fairlead.CodeNotFound)
	if hash, _ := w.FindPasswordHash(context.Background(), ana.ID); hash != "hash-Ana" {
		t.Errorf("got %q", hash)
	}
	if link, _ := w.FindLink(context.Background(), fairlead.HashToken("lost")); link.SpentAt != (time.Time{}) {
		t.Error("a refused link is spent")
	}
}

func TestADemotedOwnerServesOnlyTheProjectsOfTheirOwn(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleOwner)
	c := w.connected(ana, w.provider(priya, "a"), "ana")
	own := w.linked(ana, w.project(ana, "Orders", "ORDERS"), c, "acme/orders")
	others := w.linked(ana, w.project(priya, "Billing", "BILLING"), c, "acme/billing")
	if links, err := w.ListLinksByOwnership(ctx, ana.ID); err != nil || len(links) != 1 || links[0].ID != others.ID {
		t.Errorf("got %+v, %v", links, err)
	}
	w.news()
	w.must(w.UpdateRole(ctx, as(priya), ana.ID, fairlead.RoleMember))
	w.wantNews("person.role_changed", "repository_link.connection_lost")
	if l := w.repositoryLink(others.ID); l.Connection.ID != "" || l.Lost != "Ana is no longer a workspace owner." {
		t.Errorf("got %+v, lost: %q", l.Connection, l.Lost)
	}
	if l := w.repositoryLink(own.ID); l.Connection.ID != c.ID {
		t.Error("a link of her own project was lost, too")
	}
	w.must(w.UpdateRole(ctx, as(priya), ana.ID, fairlead.RoleOwner))
	w.wantNews("person.role_changed")
}
