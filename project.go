package fairlead

import "time"

// Project is what a team calls one thing that it works on.
type Project struct {
	ID         string
	Name       string
	Key        string // upper case, stands in addresses, never changes
	CreatedAt  time.Time
	ArchivedAt time.Time // zero while the project is in use
}

// IsArchived reports whether the project was put aside.
func (p Project) IsArchived() bool { return !p.ArchivedAt.IsZero() }

// ProjectRole is what a person may do in one project.
type ProjectRole string

// The project roles.
const (
	ProjectOwner     ProjectRole = "owner"     // renames, archives, restores, manages the members
	ProjectDeveloper ProjectRole = "developer" // sees the project
)

// ParseProjectRole accepts exactly the known roles.
func ParseProjectRole(s string) (ProjectRole, bool) {
	switch r := ProjectRole(s); r {
	case ProjectOwner, ProjectDeveloper:
		return r, true
	}
	return "", false
}

// ProjectMember is somebody in a project.
type ProjectMember struct {
	Person  Person
	Role    ProjectRole
	AddedAt time.Time
}

// ProjectMembership is a project and what one person is in it.
type ProjectMembership struct {
	Project Project
	Role    ProjectRole // "" for somebody who is no member
	Members int         // of the project, everybody counted
}
