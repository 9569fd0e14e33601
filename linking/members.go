package linking

import (
	"context"
	"slices"

	"fairlead"
)

type memberStore interface {
	ListPeople(ctx context.Context) ([]fairlead.Person, error)
	ListProjectMembers(ctx context.Context, projectID string) ([]fairlead.ProjectMember, error)
	AddProjectMember(ctx context.Context, by fairlead.Actor, projectID, personID string, role fairlead.ProjectRole) error
	UpdateProjectRole(ctx context.Context, by fairlead.Actor, projectID, personID string, role fairlead.ProjectRole) error
	RemoveProjectMember(ctx context.Context, by fairlead.Actor, projectID, personID string) error
}

// Members is everybody in a project, owners first, then by name.
type Members []fairlead.ProjectMember

// Owners counts those who own the project. There may be none: workspace owners manage every project.
func (m Members) Owners() int {
	n := 0
	for _, member := range m {
		if member.Role == fairlead.ProjectOwner {
			n++
		}
	}
	return n
}

// Find returns one of them; CodeNotFound for everybody else.
func (m Members) Find(personID string) (fairlead.ProjectMember, error) {
	for _, member := range m {
		if member.Person.ID == personID {
			return member, nil
		}
	}
	return fairlead.ProjectMember{}, fairlead.Errorf(fairlead.CodeNotFound, "There is no such person in this project.")
}

// Members lists everybody in a project.
func (f *Flow) Members(ctx context.Context, a Access) (Members, error) {
	return f.store.ListProjectMembers(ctx, a.Project.ID)
}

// Candidates lists the people of the workspace who are not in the project, by name.
func (f *Flow) Candidates(ctx context.Context, a Access) ([]fairlead.Person, error) {
	if err := a.MayManage(); err != nil {
		return nil, err
	}
	members, err := f.Members(ctx, a)
	if err != nil {
		return nil, err
	}
	people, err := f.store.ListPeople(ctx)
	people = slices.DeleteFunc(people, func(p fairlead.Person) bool {
		_, err := members.Find(p.ID)
		return err == nil
	})
	slices.SortStableFunc(people, byName)
	return people, err
}

// AddMember takes somebody of the workspace into the project.
func (f *Flow) AddMember(ctx context.Context, by fairlead.Actor, a Access, personID, role string) error {
	if err := a.MayManage(); err != nil {
		return err
	}
	var v fairlead.Invalid
	if !fairlead.IsID(personID, fairlead.PrefixPerson) {
		v.Add(FieldPerson, "Choose a person")
	}
	parsed := parseRole(&v, role)
	if err := v.Err(); err != nil {
		return err
	}
	err := f.store.AddProjectMember(ctx, by, a.Project.ID, personID, parsed)
	switch fairlead.CodeOf(err) {
	case fairlead.CodeNotFound:
		v.Add(FieldPerson, "Choose somebody else: this person left the workspace")
	case fairlead.CodeConflict:
		v.Add(FieldPerson, "Choose somebody else: this person is in the project already, with the other role")
	default:
		return err
	}
	return v.Err()
}

// ChangeRole makes a member an owner or a developer. The last owner may go too: the workspace's owners remain.
func (f *Flow) ChangeRole(ctx context.Context, by fairlead.Actor, a Access, personID, role string) error {
	if err := a.MayManage(); err != nil {
		return err
	}
	var v fairlead.Invalid
	parsed := parseRole(&v, role)
	if err := v.Err(); err != nil {
		return err
	}
	return f.store.UpdateProjectRole(ctx, by, a.Project.ID, personID, parsed)
}

// RemoveMember takes a person out of the project.
func (f *Flow) RemoveMember(ctx context.Context, by fairlead.Actor, a Access, personID string) error {
	if err := a.MayManage(); err != nil {
		return err
	}
	return f.store.RemoveProjectMember(ctx, by, a.Project.ID, personID)
}
