package fairlead

import "time"

// Mark says how well something is proven. The three are never mixed.
type Mark string

// The marks.
const (
	MarkUsed    Mark = "used"    // a live call needed it and succeeded
	MarkGranted Mark = "granted" // the host said so; nothing was tried
	MarkUnknown Mark = "unknown" // neither; never shown as a tick
)

// Proof is what a verification showed about a setup.
type Proof struct {
	Account  Account
	Checks   []Check
	Scopes   []string `json:",omitempty"` // as the host named them
	Warnings []string `json:",omitempty"` // what to know although it works, such as a clock that differs
	At       time.Time
}

// Account is who authorized at the host.
type Account struct {
	ID   string // the host's immutable id
	Name string
}

// Check is one row of a proof.
type Check struct {
	Name     string // what was checked, "Account: Read"
	Mark     Mark
	Evidence string // "14 repositories"
	Note     string
	Extra    bool // granted although nothing needs it
}
