package fairlead

import (
	"strings"
	"time"
	"unicode"
)

// Role is what a person may do in the workspace.
type Role string

// The workspace roles.
const (
	RoleOwner  Role = "owner"  // sees GitOps, members and general settings, and changes them
	RoleMember Role = "member" // sees own account; everything else comes by project
)

// ParseRole accepts exactly the known roles.
func ParseRole(s string) (Role, bool) {
	switch r := Role(s); r {
	case RoleOwner, RoleMember:
		return r, true
	}
	return "", false
}

// Theme is a person's choice of colours: "", "light" or "dark"; "" follows the system.
type Theme string

// Person is somebody with an account in this workspace.
type Person struct {
	ID        string
	Email     string
	Name      string
	Role      Role
	Theme     Theme
	CreatedAt time.Time
	RemovedAt time.Time // zero while the person belongs to the workspace
}

// IsOwner reports whether the person is a workspace owner.
func (p Person) IsOwner() bool { return p.Role == RoleOwner }

// Initials are the two letters of the avatar.
func (p Person) Initials() string {
	var initials []rune
	for word := range strings.FieldsSeq(p.Name) {
		for _, r := range word {
			initials = append(initials, unicode.ToUpper(r))
			break
		}
	}
	if len(initials) > 2 {
		initials = []rune{initials[0], initials[len(initials)-1]}
	}
	return string(initials)
}

// Session is one signed-in browser.
type Session struct {
	ID        string
	PersonID  string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	Address   string // the client's IP address when it signed in
	UserAgent string
}

// LinkPurpose says what a one-time link lets its holder do.
type LinkPurpose string

// The purposes of one-time links.
const (
	LinkFirstOwner LinkPurpose = "first-owner" // create the workspace and its first owner
	LinkOwner      LinkPurpose = "owner"       // set a new password for an owner who lost it
	LinkInvitation LinkPurpose = "invitation"  // join the workspace
)

// Link is a one-time link; only the hash of its token is stored.
type Link struct {
	ID        string
	Purpose   LinkPurpose
	Email     string // the invited or recovered address; "" for the first owner
	Role      Role   // the role that an invitation gives
	CreatedBy string // person id; "" when the command line made it
	CreatedAt time.Time
	ExpiresAt time.Time
	SpentAt   time.Time // zero while unused
	RevokedAt time.Time // zero while not revoked
}

// Workspace is this installation.
type Workspace struct {
	Name      string // "" until the first owner named it
	CreatedAt time.Time
}

// Actor is who does something, for the audit log: every store method that changes something takes one.
type Actor struct {
	PersonID string // "" for the system and for people who are not signed in
	Name     string // as it was at the time
	Address  string // client's IP address, "" for the command line
}

// System is the actor of what Fairlead does by itself.
func System() Actor { return Actor{Name: "Fairlead"} }
