package fairlead

import "time"

// RepositoryOwner is what repositories belong to at a host; at Bitbucket it is a Bitbucket workspace.
type RepositoryOwner struct {
	ID   string // the host's immutable id
	Slug string // its part in addresses
	Name string // "" if the host did not say
}

// Permission levels that an account can have on a repository.
const (
	AccessAdmin = "admin"
	AccessWrite = "write"
	AccessRead  = "read"
)

// Repository is a repository at a host, as one account sees it.
type Repository struct {
	ID         string // the host's immutable id: renaming and moving keep it
	FullName   string // "acme-data/orders-db"
	MainBranch string // "" while nobody has pushed
	MainHead   string // the commit that the main branch points to; "" where that was not asked for
	Private    bool
	Access     string // AccessAdmin, AccessWrite or AccessRead; "" if the host did not say
	WebURL     string // its page for people
	UpdatedAt  time.Time
}

// CanHook reports whether the account may create webhooks there: hosts ask for admin rights.
func (r Repository) CanHook() bool { return r.Access == AccessAdmin }

// Branch is a branch and the commit that it points to.
type Branch struct {
	Name string
	Head string // full hash
}

// Tag is a tag and the commit that it points to.
type Tag struct {
	Name string
	Head string // full hash
}

// RefType tells branches from tags.
type RefType string

// The types of refs.
const (
	RefBranch RefType = "branch"
	RefTag    RefType = "tag"
)

// Ref is a branch or a tag by its name.
type Ref struct {
	Type RefType
	Name string
}

// BranchRef is a branch by its name.
func BranchRef(name string) Ref { return Ref{RefBranch, name} }

// TagRef is a tag by its name.
func TagRef(name string) Ref { return Ref{RefTag, name} }

// RefChange is what one push did to one ref.
type RefChange struct {
	Type   RefType
	Name   string
	Old    string // hash; "" for a new ref
	New    string // hash; "" for a removed ref
	Forced bool   // history was replaced, as the host says
}

// Ref is the branch or tag that was changed.
func (c RefChange) Ref() Ref { return Ref{c.Type, c.Name} }

// Commit is one commit of a push.
type Commit struct {
	Hash    string
	Message string // its first line
	Author  string
	At      time.Time
}

// ChangeKind says what happened to a file.
type ChangeKind string

// What can happen to a file.
const (
	FileAdded    ChangeKind = "added"
	FileModified ChangeKind = "modified"
	FileRemoved  ChangeKind = "removed"
	FileRenamed  ChangeKind = "renamed"
)

// ChangedFile is one file that differs between two commits.
type ChangedFile struct {
	Path    string
	OldPath string `json:",omitempty"` // for FileRenamed
	Kind    ChangeKind
	Matched bool `json:",omitempty"` // the link's path filter wants it
}

// Comparison is what differs between two commits, as the host tells it.
type Comparison struct {
	Commits     []Commit // newest first
	MoreCommits bool     // there are more than were read
	Files       []ChangedFile
	MoreFiles   bool
}
