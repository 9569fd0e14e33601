package db_test

import (
	"context"
	"testing"
	"time"

	"fairlead"
)

func TestMembersOfAProjectComeChangeAndGo(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	ben := w.joined(priya, "ben@acme.example", "Ben", fairlead.RoleMember)
	p := w.project(ana, "Orders", "ORDERS")
	w.news()
	w.now = w.now.Add(time.Hour)
	for range 2 { // a browser may repeat each form
		if err := w.AddProjectMember(ctx, as(ana), p.ID, ben.ID, fairlead.ProjectDeveloper); err != nil {
			t.Fatal(err)
		}
	}
	w.wantRoles(p, "Ana owner", "Ben developer")
	w.wantNews("project.member_added")
	wantCode(t, w.AddProjectMember(ctx, as(ana), p.ID, ben.ID, fairlead.ProjectOwner), fairlead.CodeConflict)
	for range 2 {
		if err := w.UpdateProjectRole(ctx, as(ana), p.ID, ben.ID, fairlead.ProjectOwner); err != nil {
			t.Fatal(err)
		}
	}
	w.wantRoles(p, "Ana owner", "Ben owner")
	w.wantNews("project.member_changed")
	for range 2 {
		if err := w.RemoveProjectMember(ctx, as(ana), p.ID, ben.ID); err != nil {
			t.Fatal(err)
		}
	}
	w.wantRoles(p, "Ana owner")
	w.wantNews("project.member_removed")
}

func TestAMemberIsStoredWithThePersonAndTheMoment(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	p := w.project(priya, "Orders", "ORDERS")
	members, err := w.ListProjectMembers(context.Background(), p.ID)
	if err != nil || len(members) != 1 {
		t.Fatal(members, err)
	}
	if m := members[0]; m.Person.ID != priya.ID || m.Person.Email != priya.Email || !m.Person.IsOwner() || !m.AddedAt.Equal(w.now) {
		t.Errorf("got %+v", m)
	}
}

func TestOnlyPeopleOfTheWorkspaceAreInProjects(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	p := w.project(priya, "Orders", "ORDERS")
	if err := w.RemovePerson(ctx, as(priya), ana.ID); err != nil {
		t.Fatal(err)
	}
	w.news()
	wantCode(t, w.AddProjectMember(ctx, as(priya), p.ID, ana.ID, fairlead.ProjectOwner), fairlead.CodeNotFound)
	wantCode(t, w.AddProjectMember(ctx, as(priya), p.ID, "pe_nobody", fairlead.ProjectOwner), fairlead.CodeNotFound)
	wantCode(t, w.AddProjectMember(ctx, as(priya), "pr_nothing", priya.ID, fairlead.ProjectOwner), fairlead.CodeNotFound)
	wantCode(t, w.UpdateProjectRole(ctx, as(priya), p.ID, "pe_nobody", fairlead.ProjectOwner), fairlead.CodeNotFound)
	wantCode(t, w.RemoveProjectMember(ctx, as(priya), "pr_nothing", priya.ID), fairlead.CodeNotFound)
	ben := w.joined(priya, "ben@acme.example", "Ben", fairlead.RoleMember)
	wantCode(t, w.UpdateProjectRole(ctx, as(priya), p.ID, ben.ID, fairlead.ProjectOwner), fairlead.CodeNotFound)
	w.wantNews("link.used", "person.invited", "person.joined")
}

func TestTheLastOwnerOfAProjectMayGoSinceTheWorkspaceHasOwners(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	p := w.project(ana, "Orders", "ORDERS")
	if err := w.RemoveProjectMember(context.Background(), as(ana), p.ID, ana.ID); err != nil {
		t.Fatal(err)
	}
	w.wantRoles(p)
	if got, err := w.FindProject(context.Background(), "ORDERS", priya.ID); err != nil || got.Members != 0 || got.Role != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestWhoLeavesTheWorkspaceLeavesEveryProject(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	orders, billing := w.project(ana, "Orders", "ORDERS"), w.project(priya, "Billing", "BILLING")
	if err := w.AddProjectMember(context.Background(), as(priya), billing.ID, ana.ID, fairlead.ProjectDeveloper); err != nil {
		t.Fatal(err)
	}
	w.news()
	if err := w.RemovePerson(context.Background(), as(priya), ana.ID); err != nil {
		t.Fatal(err)
	}
	w.wantRoles(orders)
	w.wantRoles(billing, "Priya Raman owner")
	w.wantNews("person.removed", "project.member_removed", "project.member_removed")
	if own, err := w.ListOwnProjects(context.Background(), ana.ID); err != nil || len(own) != 0 {
		t.Errorf("got %q, %v", keys(own), err)
	}
}

func TestALastWorkspaceOwnerWhoCannotLeaveStaysInTheProjects(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	p := w.project(priya, "Orders", "ORDERS")
	wantCode(t, w.RemovePerson(context.Background(), as(priya), priya.ID), fairlead.CodeConflict)
	w.wantRoles(p, "Priya Raman owner")
}
