package linking_test

import (
	"slices"
	"testing"

	"fairlead"
	"fairlead/linking"
)

func TestSomebodyOfTheWorkspaceIsAddedWithARole(t *testing.T) {
	y := newYard(t)
	ana, ben := y.member("Ana"), y.member("ben")
	y.member("Cleo")
	p := y.project(ana, "Orders")
	a := y.access(ana, p)
	for range 2 { // a browser may repeat the form
		if err := y.AddMember(t.Context(), as(ana), a, ben.ID, "developer"); err != nil {
			t.Fatal(err)
		}
	}
	members, err := y.Members(t.Context(), a)
	if err != nil || len(members) != 2 || members.Owners() != 1 {
		t.Fatalf("got %+v, %v", members, err)
	}
	if m, err := members.Find(ben.ID); err != nil || m.Role != fairlead.ProjectDeveloper {
		t.Errorf("got %+v, %v", m, err)
	}
	_, err = members.Find(y.priya.ID)
	wantCode(t, err, fairlead.CodeNotFound)
	people, err := y.Candidates(t.Context(), a)
	var names []string
	for _, p := range people {
		names = append(names, p.Name)
	}
	if err != nil || !slices.Equal(names, []string{"Cleo", "Priya"}) {
		t.Errorf("got candidates %q, %v", names, err)
	}
}

func TestWhatIsChosenForAMemberIsChecked(t *testing.T) {
	y := newYard(t)
	ana, ben := y.member("Ana"), y.member("Ben")
	p := y.project(ana, "Orders")
	y.added(p, ben, fairlead.ProjectDeveloper)
	gone := y.member("Gone")
	if err := y.db.RemovePerson(t.Context(), as(y.priya), gone.ID); err != nil {
		t.Fatal(err)
	}
	a := y.access(ana, p)
	wantField(t, y.AddMember(t.Context(), as(ana), a, "", "owner"), linking.FieldPerson, "Choose a person")
	wantField(t, y.AddMember(t.Context(), as(ana), a, gone.ID, "owner"), linking.FieldPerson, "left the workspace")
	wantField(t, y.AddMember(t.Context(), as(ana), a, ben.ID, "owner"), linking.FieldPerson, "in the project already")
	wantField(t, y.AddMember(t.Context(), as(ana), a, y.priya.ID, "member"), linking.FieldRole, "owner or developer")
	wantField(t, y.ChangeRole(t.Context(), as(ana), a, ben.ID, ""), linking.FieldRole, "owner or developer")
	wantCode(t, y.ChangeRole(t.Context(), as(ana), a, y.priya.ID, "owner"), fairlead.CodeNotFound)
}

func TestWhoStopsOwningAProjectStopsManagingIt(t *testing.T) {
	y := newYard(t)
	ana := y.member("Ana")
	p := y.project(ana, "Orders")
	if err := y.ChangeRole(t.Context(), as(ana), y.access(ana, p), ana.ID, "developer"); err != nil {
		t.Fatal(err)
	}
	if y.access(ana, p).Manages() || !y.access(y.priya, p).Manages() {
		t.Error("Ana manages still, or Priya does not")
	}
	if err := y.RemoveMember(t.Context(), as(y.priya), y.access(y.priya, p), ana.ID); err != nil {
		t.Fatal(err)
	}
	_, err := y.Project(t.Context(), ana, p.Key)
	wantCode(t, err, fairlead.CodeNotFound)
	if members, err := y.Members(t.Context(), y.access(y.priya, p)); err != nil || len(members) != 0 || members.Owners() != 0 {
		t.Errorf("got %+v, %v", members, err)
	}
}

func TestAFormerWorkspaceOwnerNoLongerServesProjectsOfOthers(t *testing.T) {
	d := newDock(t)
	others := d.project(d.member("Wes"), "Others")
	d.must(d.db.UpdateRole(t.Context(), as(d.priya), d.ana.ID, fairlead.RoleOwner))
	ana, err := d.db.FindPerson(t.Context(), d.ana.ID)
	d.must(err)
	c := d.connected(ana, hostPriya)
	own := d.linked(c, ordersDB)
	repo, err := d.FindRepository(t.Context(), c, "acme-data/billing-db")
	d.must(err)
	l, err := d.Link(t.Context(), as(ana), d.access(ana, others), d.NewLinkID(), c, repo, rule(repo.MainBranch))
	d.must(err)
	if before, err := d.LinksByOwnership(t.Context(), ana.ID); err != nil || len(before) != 1 || before[0].ID != l.ID {
		t.Errorf("got %+v, %v", before, err)
	}
	d.must(d.db.UpdateRole(t.Context(), as(d.priya), ana.ID, fairlead.RoleMember))
	if l = d.found(l.ID); l.Connection.ID != "" || l.Lost != "Ana is no longer a workspace owner." {
		t.Errorf("it still acts by %+v, lost: %q", l.Connection, l.Lost)
	}
	if own = d.found(own.ID); own.Connection.ID != c.ID {
		t.Error("the link of a project that she belongs to was lost, too")
	}
}
