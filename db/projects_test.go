package db_test

import (
	"context"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"fairlead"
)

// project makes one in the person's hands.
func (w *town) project(by fairlead.Person, name, key string) fairlead.Project {
	w.t.Helper()
	p, err := w.CreateProject(context.Background(), as(by), fairlead.Project{ID: fairlead.NewID(rand.Reader, fairlead.PrefixProject), Name: name, Key: key})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// roles lists the members of a project with their roles, in the order of the store.
func (w *town) roles(p fairlead.Project) []string {
	w.t.Helper()
	members, err := w.ListProjectMembers(context.Background(), p.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, m := range members {
		all = append(all, m.Person.Name+" "+string(m.Role))
	}
	return all
}

func (w *town) wantRoles(p fairlead.Project, want ...string) {
	w.t.Helper()
	if got := w.roles(p); !slices.Equal(got, want) {
		w.t.Errorf("got members %q, want %q", got, want)
	}
}

func keys(memberships []fairlead.ProjectMembership) (all []string) {
	for _, m := range memberships {
		all = append(all, m.Project.Key+" "+string(m.Role))
	}
	return all
}

func TestWhoMakesAProjectOwnsIt(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	w.news()
	p := w.project(priya, "Orders", "ORDERS")
	w.wantRoles(p, "Priya Raman owner")
	w.wantNews("project.created")
	got, err := w.FindProject(context.Background(), "orders", priya.ID)
	want := fairlead.ProjectMembership{Project: p, Role: fairlead.ProjectOwner, Members: 1}
	if err != nil || got != want || !p.CreatedAt.Equal(w.now) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	_, err = w.FindProject(context.Background(), "BILLING", priya.ID)
	wantCode(t, err, fairlead.CodeNotFound)
}

func TestAFormSentTwiceMakesOneProject(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	p := w.project(priya, "Orders", "ORDERS")
	w.news()
	again, err := w.CreateProject(context.Background(), as(priya), fairlead.Project{ID: p.ID, Name: "Orders", Key: "ORDERS-2"})
	if err != nil || again != p {
		t.Errorf("got %+v, %v, want %+v", again, err, p)
	}
	w.wantNews()
	ben := w.joined(priya, "ben@acme.example", "Ben", fairlead.RoleMember)
	_, err = w.CreateProject(context.Background(), as(ben), p)
	wantCode(t, err, fairlead.CodeNotFound)
}

func TestAKeyIsTakenInAnyCaseAndStaysTakenInTheArchive(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	p := w.project(priya, "Orders", "ORDERS")
	create := func(key string) error {
		_, err := w.CreateProject(context.Background(), as(priya), fairlead.Project{ID: fairlead.NewID(rand.Reader, fairlead.PrefixProject), Name: "Other", Key: key})
		return err
	}
	wantCode(t, create("orders"), fairlead.CodeConflict)
	if err := w.ArchiveProject(context.Background(), as(priya), p.ID); err != nil {
		t.Fatal(err)
	}
	w.news()
	wantCode(t, create("ORDERS"), fairlead.CodeConflict)
	w.wantNews()
	if won := together(func() error { return create("NEXT") }, func() error { return create("next") }, func() error { return create("Next") }); won != 1 {
		t.Errorf("%d projects got one key", won)
	}
}

func TestSomebodyRemovedFromTheWorkspaceMakesNoProject(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	if err := w.RemovePerson(context.Background(), as(priya), ana.ID); err != nil {
		t.Fatal(err)
	}
	_, err := w.CreateProject(context.Background(), as(ana), fairlead.Project{ID: "pr_late", Name: "Late", Key: "LATE"})
	wantCode(t, err, fairlead.CodeNotFound)
}

func TestProjectsAreListedByNameWithTheReadersRole(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	shop := w.project(priya, "web shop", "SHOP")
	w.project(ana, "Orders", "ORDERS")
	w.project(priya, "Billing", "BILLING")
	if err := w.AddProjectMember(context.Background(), as(priya), shop.ID, ana.ID, fairlead.ProjectDeveloper); err != nil {
		t.Fatal(err)
	}
	for who, want := range map[fairlead.Person][2][]string{
		priya: {{"BILLING owner", "ORDERS ", "SHOP owner"}, {"BILLING owner", "SHOP owner"}},
		ana:   {{"BILLING ", "ORDERS owner", "SHOP developer"}, {"ORDERS owner", "SHOP developer"}},
	} {
		all, err := w.ListProjects(context.Background(), who.ID)
		if err != nil || !slices.Equal(keys(all), want[0]) || all[2].Members != 2 {
			t.Errorf("%s: got %q, %v, want %q", who.Name, keys(all), err, want[0])
		}
		own, err := w.ListOwnProjects(context.Background(), who.ID)
		if err != nil || !slices.Equal(keys(own), want[1]) {
			t.Errorf("%s: got %q, %v, want %q", who.Name, keys(own), err, want[1])
		}
	}
}

func TestEveryChangeOfAProjectIsToldOnce(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	p := w.project(priya, "Orders", "ORDERS")
	w.news()
	ctx := context.Background()
	for _, step := range []struct {
		action string
		do     func(id string) error
	}{
		{"project.renamed", func(id string) error { return w.RenameProject(ctx, as(priya), id, "Order desk") }},
		{"project.archived", func(id string) error { return w.ArchiveProject(ctx, as(priya), id) }},
		{"project.restored", func(id string) error { return w.RestoreProject(ctx, as(priya), id) }},
	} {
		for range 2 { // a browser may repeat the form
			if err := step.do(p.ID); err != nil {
				t.Errorf("%s: %v", step.action, err)
			}
			w.now = w.now.Add(time.Minute)
		}
		w.wantNews(step.action)
		wantCode(t, step.do("pr_nothing"), fairlead.CodeNotFound)
		w.wantNews()
	}
	got, err := w.FindProject(ctx, "ORDERS", priya.ID)
	if err != nil || got.Project.Name != "Order desk" || got.Project.IsArchived() {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAnArchivedProjectKeepsTheMomentOfTheFirstTime(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	p := w.project(priya, "Orders", "ORDERS")
	first := w.now
	for range 2 {
		if err := w.ArchiveProject(context.Background(), as(priya), p.ID); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Hour)
	}
	if got, err := w.FindProject(context.Background(), "ORDERS", priya.ID); err != nil || !got.Project.ArchivedAt.Equal(first) {
		t.Errorf("got %+v, %v", got, err)
	}
}
