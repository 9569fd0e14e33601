package fairlead

import "time"

// Draft is steps 1 and 2 of the wizard before the first Next of step 2. It lives in the browser's cookie.
type Draft struct {
	ID            string
	Kind          KindID
	InstanceURL   string
	DisplayName   string
	Owner         string // the host's workspace slug, for links only
	ApplicationID string // as far as it was typed
}

// SetupState is where a setup stands.
type SetupState string

// The states of a setup.
const (
	SetupEntered  SetupState = "entered"  // application ID and secret are stored, nothing is under way
	SetupChecking SetupState = "checking" // the check before the host's window runs
	SetupRefused  SetupState = "refused"  // that check found something; the admin may go on all the same
	SetupWaiting  SetupState = "waiting"  // the admin is at the host
	SetupFailed   SetupState = "failed"   // an attempt ended with a diagnosis
	SetupVerified SetupState = "verified" // proven; waits for "Confirm and add"
)

// Setup is an unfinished addition of a Git provider, from the first Next of step 2 until it is confirmed or cancelled.
type Setup struct {
	ID            string
	DraftID       string // one draft becomes one setup, however often it is sent
	Kind          KindID
	InstanceURL   string
	DisplayName   string
	Owner         string
	ApplicationID string
	Secret        Secret
	Digest        string // keyed digest of host, application ID and secret: what a proof is bound to
	State         SetupState
	Reach         Reach
	Diagnosis     *Diagnosis // for refused and failed
	Proof         *Proof     // for verified
	WaitingSince  time.Time  // for waiting
	ReceivedAt    time.Time  // when a hand-over brought the values; zero if they were typed here
	ProviderID    string     // the Git provider that this changes; "" for a new one
	CreatedBy     Person     // ID and name
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Reach is what the check before the host's window learned.
type Reach struct {
	Reached  bool          // the host answered as itself
	Took     time.Duration // until it answered
	Accepted bool          // it accepted application ID and secret together
	Scopes   []string      `json:",omitempty"` // what the client may ask for, where the host says it
}

// HasCredentials reports whether there is something to verify: both values are there.
func (s Setup) HasCredentials() bool { return s.ApplicationID != "" && !s.Secret.IsZero() }

// GitProvider is a Git host that developers can link projects with.
type GitProvider struct {
	ID            string
	Kind          KindID
	InstanceURL   string
	DisplayName   string
	ApplicationID string
	Secret        Secret
	SetupID       string // the setup it came from: twice confirmed makes one provider
	Proof         Proof
	VerifiedBy    Person // ID and name
	CreatedAt     time.Time
}

// WasChanged reports whether the values in force replaced earlier ones: a new provider is verified before it is added.
func (g GitProvider) WasChanged() bool { return g.CreatedAt.Before(g.Proof.At) }

// Holds reports whether the values in force are those of a setup, which then only verifies them again.
func (g GitProvider) Holds(s Setup) bool {
	return g.ID == s.ProviderID && g.ApplicationID == s.ApplicationID && g.Secret.Equal(s.Secret)
}
