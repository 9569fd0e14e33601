package fairlead

import "time"

// PrefixRepositoryLink begins the ids of repository links; one stands in the address of the link's webhook.
const PrefixRepositoryLink = "rl_"

// RepositoryLink joins a project with a repository: pushes there are recorded here. A project can have several, and a
// repository can be linked by several projects. It is keyed by the host's immutable id of the repository.
type RepositoryLink struct {
	ID         string
	Project    Project
	ProviderID string
	Connection Connection // by whose authorization Fairlead acts; zero (and the link paused) when that is gone
	Repository Repository // ID, full name and address, as last seen
	Rule       LinkRule
	Webhook    Webhook
	Secret     Secret    // signs deliveries
	OldSecret  Secret    // still accepted while the host may not yet use Secret
	SecretTold time.Time // when the host was given Secret; zero while it may know OldSecret only
	Health     Health
	Lost       string // why there is no connection: "Ana Brandt disconnected it"; "" while there is one
	Rejected   int    // deliveries refused since the link was made
	CreatedBy  Person // ID and name
	CreatedAt  time.Time
	LastPushAt time.Time // of the last delivery that came by the webhook; zero while none came
	SyncedAt   time.Time // when the heads were last compared with the host's
	KnowsTags  bool      // the tags that were there when the link began to follow tags are known
	RemovedAt  time.Time // zero while it is in force
	LeftBehind string    // what unlinking left at the host, in sentences; "" if nothing
}

// PauseReason says in a sentence why the link does nothing at the moment, "" while it works.
func (l RepositoryLink) PauseReason() string {
	switch {
	case l.Project.IsArchived():
		return "The project is archived."
	case l.Connection.ID == "" && l.Lost != "":
		return l.Lost
	case l.Connection.ID == "":
		return "Nobody’s connection is used any more."
	}
	return ""
}

// LinkRule says which pushes a link records.
type LinkRule struct {
	Branch    string     // a name or a pattern, see MatchPattern
	Paths     PathFilter // empty = every file
	Tags      bool       // record new, moved and removed tags too
	Deletions bool       // record removed branches too
}

// FollowsBranch reports whether the rule wants a branch.
func (r LinkRule) FollowsBranch(name string) bool { return MatchPattern(r.Branch, name) }

// Follows reports whether the rule wants a branch or a tag.
func (r LinkRule) Follows(ref Ref) bool {
	if ref.Type == RefTag {
		return r.Tags
	}
	return r.FollowsBranch(ref.Name)
}

// Webhook is a webhook at a host.
type Webhook struct {
	ID     string // the host's; "" while there is none
	URL    string
	Active bool
	Signed bool     // the host has a secret for it
	Events []string // as the host names them
}

// Health is what was last read back from the host about a link.
type Health struct {
	Checks    []HealthCheck `json:",omitempty"`
	CheckedAt time.Time     // zero before the first time
}

// HealthCheck is one row of a link's health.
type HealthCheck struct {
	Name       string        // "Webhook", "Connection", "Branch"
	OK         bool          // false with a Code: something is wrong; false without: not known
	Evidence   string        // a few words: "present, active, signed"
	Code       DiagnosisCode `json:",omitempty"`
	Text       string        `json:",omitempty"` // what is wrong and what to do, in sentences
	Repairable bool          `json:",omitempty"` // "Repair" puts it right
}

// Problems are the rows that need attention.
func (h Health) Problems() (bad []HealthCheck) {
	for _, c := range h.Checks {
		if !c.OK && c.Code != "" {
			bad = append(bad, c)
		}
	}
	return bad
}

// Repairable reports whether Repair can put something right.
func (h Health) Repairable() bool {
	for _, c := range h.Checks {
		if !c.OK && c.Repairable {
			return true
		}
	}
	return false
}

// LinkFilter chooses links; each field that is set narrows the choice.
type LinkFilter struct {
	ProjectID    string
	ProviderID   string
	ConnectionID string
	PersonID     string // those that act by this person's connections
	RepositoryID string // together with ProviderID
}
