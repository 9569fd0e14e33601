package fairlead

import "time"

// PrefixHandOver begins the ids of hand-over links.
const PrefixHandOver = "ho_"

// HandOverLife is how long a hand-over link works.
const HandOverLife = 7 * 24 * time.Hour

// HandOver is a one-time link to the hand-over sheet of a setup: whoever holds it can register Fairlead at the host and
// send back the two values, without an account here. Only the hash of its token is stored.
type HandOver struct {
	ID        string
	SetupID   string
	CreatedBy Person // ID and name
	CreatedAt time.Time
	ExpiresAt time.Time
	SpentAt   time.Time // zero while nothing came back
	RevokedAt time.Time // zero while not revoked
}

// HandOverState is where a hand-over link stands.
type HandOverState string

// The states of a hand-over link.
const (
	HandOverOpen    HandOverState = "open"
	HandOverUsed    HandOverState = "used"
	HandOverRevoked HandOverState = "revoked"
	HandOverExpired HandOverState = "expired"
)

// State tells where the link stands at a moment.
func (h HandOver) State(now time.Time) HandOverState {
	switch {
	case !h.SpentAt.IsZero():
		return HandOverUsed
	case !h.RevokedAt.IsZero():
		return HandOverRevoked
	case !now.Before(h.ExpiresAt):
		return HandOverExpired
	}
	return HandOverOpen
}
