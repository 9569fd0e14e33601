package db_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"fairlead"
)

func TestALinkIsFoundByItsTokenInEveryState(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	made := w.link(as(priya), "ana", fairlead.Link{Purpose: fairlead.LinkInvitation, Email: "ana@acme.example"})
	found, err := w.FindLink(context.Background(), fairlead.HashToken("ana"))
	if err != nil || found != made || found.CreatedBy != priya.ID {
		t.Errorf("got %+v, %v, want %+v", found, err, made)
	}
	spent, err := w.FindLink(context.Background(), fairlead.HashToken("first"))
	if err != nil || !spent.SpentAt.Equal(w.now) {
		t.Errorf("got %+v, %v", spent, err)
	}
	_, err = w.FindLink(context.Background(), "ana")
	wantCode(t, err, fairlead.CodeNotFound)
}

func TestOfTwoBrowsersWithTheSameInvitationOneJoins(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	w.link(as(priya), "ana", fairlead.Link{Purpose: fairlead.LinkInvitation, Email: "ana@acme.example"})
	join := func() error {
		_, err := w.CreateMember(context.Background(), fairlead.Actor{}, fairlead.HashToken("ana"), "Ana", "h")
		return err
	}
	if won := together(join, join, join); won != 1 {
		t.Errorf("%d joined", won)
	}
	wantCode(t, join(), fairlead.CodeGone)
}

func TestALinkServesItsOwnPurposeOnly(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	w.link(as(priya), "ana", fairlead.Link{Purpose: fairlead.LinkInvitation, Email: priya.Email + ".au"})
	_, err := w.RecoverOwner(context.Background(), fairlead.Actor{}, fairlead.HashToken("ana"), "h")
	wantCode(t, err, fairlead.CodeGone)
	_, err = w.CreateMember(context.Background(), fairlead.Actor{}, fairlead.HashToken("never was"), "N", "h")
	wantCode(t, err, fairlead.CodeNotFound)
	if link, _ := w.FindLink(context.Background(), fairlead.HashToken("ana")); !link.SpentAt.IsZero() {
		t.Error("the wrong purpose spent the link")
	}
}

func TestAnInvitationEndsByTimeAndByRevocation(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	w.news()
	w.link(as(priya), "ana", fairlead.Link{Purpose: fairlead.LinkInvitation, Email: "ana@acme.example"})
	ben := w.link(as(priya), "ben", fairlead.Link{Purpose: fairlead.LinkInvitation, Email: "ben@acme.example"})
	for range 2 {
		if err := w.RevokeInvitation(context.Background(), as(priya), ben.ID); err != nil {
			t.Fatal(err)
		}
	}
	if open, _ := w.ListInvitations(context.Background()); len(open) != 1 || open[0].Email != "ana@acme.example" {
		t.Errorf("got %+v", open)
	}
	w.now = w.now.Add(time.Hour)
	for _, token := range []string{"ana", "ben"} {
		_, err := w.CreateMember(context.Background(), fairlead.Actor{}, fairlead.HashToken(token), token, "h")
		wantCode(t, err, fairlead.CodeGone)
	}
	if open, _ := w.ListInvitations(context.Background()); len(open) != 0 {
		t.Errorf("got %+v", open)
	}
	w.wantNews("link.revoked", "person.invited", "person.invited")
}

func TestAUsedInvitationCannotBeRevoked(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	used, err := w.FindLink(context.Background(), fairlead.HashToken("invite ana@acme.example"))
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.RevokeInvitation(context.Background(), as(priya), used.ID), fairlead.CodeConflict)
	wantCode(t, w.RevokeInvitation(context.Background(), as(priya), "ol_nothing"), fairlead.CodeNotFound)
}

func TestOnlyInvitationsCanBeRevokedByID(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	lost := w.link(fairlead.System(), "lost", fairlead.Link{Purpose: fairlead.LinkOwner, Email: priya.Email})
	wantCode(t, w.RevokeInvitation(context.Background(), as(priya), lost.ID), fairlead.CodeNotFound)
}

func TestANewInvitationReplacesTheOpenOneForTheSameAddress(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	w.link(as(priya), "old", fairlead.Link{Purpose: fairlead.LinkInvitation, Email: "ana@acme.example"})
	w.link(as(priya), "new", fairlead.Link{Purpose: fairlead.LinkInvitation, Email: "Ana@acme.example", Role: fairlead.RoleOwner})
	_, err := w.CreateMember(context.Background(), fairlead.Actor{}, fairlead.HashToken("old"), "Ana", "h")
	wantCode(t, err, fairlead.CodeGone)
	ana, err := w.CreateMember(context.Background(), fairlead.Actor{}, fairlead.HashToken("new"), "Ana", "h")
	if err != nil || !ana.IsOwner() {
		t.Errorf("got %+v, %v", ana, err)
	}
}

func TestNobodyIsInvitedTwice(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	_, err := w.CreateLink(context.Background(), as(priya), fairlead.Link{
		Purpose: fairlead.LinkInvitation, Email: "PRIYA@acme.example", Role: fairlead.RoleMember, ExpiresAt: w.now.Add(time.Hour),
	}, "t")
	wantCode(t, err, fairlead.CodeConflict)
	if got := w.news(); slices.Contains(got, "person.invited") {
		t.Errorf("got events %v", got)
	}
}
