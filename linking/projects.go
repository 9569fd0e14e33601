package linking

import (
	"context"
	"fmt"

	"fairlead"
)

type projectStore interface {
	FindProject(ctx context.Context, key, personID string) (fairlead.ProjectMembership, error)
	ListProjects(ctx context.Context, personID string) ([]fairlead.ProjectMembership, error)
	ListOwnProjects(ctx context.Context, personID string) ([]fairlead.ProjectMembership, error)
	CreateProject(ctx context.Context, by fairlead.Actor, p fairlead.Project) (fairlead.Project, error)
	RenameProject(ctx context.Context, by fairlead.Actor, id, name string) error
	ArchiveProject(ctx context.Context, by fairlead.Actor, id string) error
	RestoreProject(ctx context.Context, by fairlead.Actor, id string) error
}

// Access is a project in the hands of one person. Only this flow makes one, so whoever has it may at least look.
type Access struct {
	fairlead.ProjectMembership
	manages bool
}

// Manages reports whether the person may rename, archive and restore the project and manage its members: owners of the
// project and of the workspace may.
func (a Access) Manages() bool { return a.manages }

// MayManage is nil for whoever manages the project, CodeForbidden for its developers.
func (a Access) MayManage() error {
	if a.manages {
		return nil
	}
	return fairlead.Errorf(fairlead.CodeForbidden, "Only an owner of %s can do this. The members page of the project says who that is.", a.Project.Name)
}

func newAccess(person fairlead.Person, m fairlead.ProjectMembership) Access {
	return Access{m, person.IsOwner() || m.Role == fairlead.ProjectOwner}
}

// Projects lists what a person sees, archived ones too, by name: members their own, workspace owners everything.
func (f *Flow) Projects(ctx context.Context, person fairlead.Person) ([]Access, error) {
	list := f.store.ListOwnProjects
	if person.IsOwner() {
		list = f.store.ListProjects
	}
	found, err := list(ctx, person.ID)
	var all []Access
	for _, m := range found {
		all = append(all, newAccess(person, m))
	}
	return all, err
}

// Project gives a person the project with that key, in whatever case it is written. Whoever may not see it gets
// CodeNotFound, as if there were none: that a project exists is told to its people only.
func (f *Flow) Project(ctx context.Context, person fairlead.Person, key string) (Access, error) {
	none := fairlead.Errorf(fairlead.CodeNotFound, "There is no project at this address, or you are not one of its members.")
	if !isKey(upper(key)) {
		return Access{}, none
	}
	found, err := f.store.FindProject(ctx, key, person.ID)
	if fairlead.CodeOf(err) == fairlead.CodeNotFound || err == nil && found.Role == "" && !person.IsOwner() {
		return Access{}, none
	}
	return newAccess(person, found), err
}

// NewProjectID is what a form carries, so that it makes one project however often it is sent.
func (f *Flow) NewProjectID() string { return fairlead.NewID(f.random, fairlead.PrefixProject) }

// mostTries ends the search for a free key: ORDERS-99 says that the name says too little.
const mostTries = 99

// Create makes a project that the actor owns. Without a key it gets one that its name suggests. CodeInvalid for what was
// typed, and for a key that another project has.
func (f *Flow) Create(ctx context.Context, by fairlead.Actor, id, name, key string) (fairlead.Project, error) {
	if !fairlead.IsID(id, fairlead.PrefixProject) {
		id = f.NewProjectID()
	}
	var v fairlead.Invalid
	project := fairlead.Project{ID: id, Name: parseName(&v, name)}
	suggest := clean(key) == ""
	if !suggest {
		project.Key = parseKey(&v, key)
	}
	if err := v.Err(); err != nil {
		return project, err
	}
	for n := 1; suggest && n <= mostTries; n++ {
		project.Key = suggestKey(project.Name, n)
		made, err := f.store.CreateProject(ctx, by, project)
		if fairlead.CodeOf(err) != fairlead.CodeConflict {
			return made, err
		}
	}
	made, err := f.store.CreateProject(ctx, by, project)
	if fairlead.CodeOf(err) == fairlead.CodeConflict {
		v.Add(FieldKey, "Enter another key: %s is taken", project.Key)
		return project, v.Err()
	}
	return made, err
}

// Rename gives a project another name; its key stays.
func (f *Flow) Rename(ctx context.Context, by fairlead.Actor, a Access, name string) error {
	if err := a.MayManage(); err != nil {
		return err
	}
	var v fairlead.Invalid
	name = parseName(&v, name)
	if err := v.Err(); err != nil {
		return err
	}
	return f.store.RenameProject(ctx, by, a.Project.ID, name)
}

// Archive puts a project aside.
func (f *Flow) Archive(ctx context.Context, by fairlead.Actor, a Access) error {
	if err := a.MayManage(); err != nil {
		return err
	}
	return f.store.ArchiveProject(ctx, by, a.Project.ID)
}

// Restore takes an archived project back into use.
func (f *Flow) Restore(ctx context.Context, by fairlead.Actor, a Access) error {
	if err := a.MayManage(); err != nil {
		return err
	}
	return f.store.RestoreProject(ctx, by, a.Project.ID)
}

// suggestKey is the n-th try at a key for a name: ORDERS, ORDERS-2, ...
func suggestKey(name string, n int) string {
	if n == 1 {
		return keyFrom(name, maxKey)
	}
	number := fmt.Sprintf("-%d", n)
	return keyFrom(name, maxKey-len(number)) + number
}
