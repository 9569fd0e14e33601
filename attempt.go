package fairlead

import (
	"net/url"
	"strings"
	"time"
)

// AttemptPurpose says what a trip to the host is for.
type AttemptPurpose string

// The purposes of attempts.
const (
	AttemptSetup   AttemptPurpose = "setup"   // verify a Git provider; the token ends with the verification
	AttemptConnect AttemptPurpose = "connect" // connect a person's account; the tokens are kept
)

// AttemptLife is how long the host may take to come back.
const AttemptLife = 10 * time.Minute

// Attempt is one trip to the host and back.
type Attempt struct {
	ID         string
	Purpose    AttemptPurpose
	SetupID    string // for AttemptSetup
	ProviderID string // for AttemptConnect
	ReturnTo   string // for AttemptConnect: the path that asked, to go on there
	SessionID  string
	PersonID   string
	Verifier   Secret // PKCE code verifier
	Digest     string // what the attempt was minted for: the setup's digest, or the provider's application ID
	Popup      bool
	CreatedAt  time.Time
	ExpiresAt  time.Time
	SpentAt    time.Time     // zero while unused
	FinishedAt time.Time     // zero while the host has not come back or the outcome is not stored
	Outcome    DiagnosisCode // "" while under way or when it went well
	Diagnosis  *Diagnosis    // for AttemptConnect: why it failed
	Cancelled  bool          // its setup was cancelled or the attempt was replaced
}

// Judge says why a session may not complete the attempt now, nil if it may. That it was replaced is left to the caller,
// who knows by what.
func (a Attempt) Judge(sessionID string, now time.Time) *Diagnosis {
	switch {
	case a.SessionID != sessionID:
		return attemptForeign(now)
	case a.Cancelled:
		return AttemptOutdated(now)
	case !a.SpentAt.IsZero():
		return AttemptUsed(now)
	case now.After(a.ExpiresAt):
		return attemptExpired(now)
	}
	return nil
}

// IsOwnPath reports whether an address stays with us: a path, and none that browsers read as another host ("//host", "/\host";
// control characters they drop before they look, and url.Parse refuses).
func IsOwnPath(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") && !strings.Contains(address, "\\")
}

func attemptForeign(at time.Time) *Diagnosis {
	return &Diagnosis{
		Code: DiagnosisAttemptForeign, At: at,
		Title:   "This sign-in was started in another browser or session",
		Because: "It can only be finished where it was started: in the same browser, and without signing out of Fairlead meanwhile.",
		Fix:     []string{"Sign in to Fairlead in this browser, go back to where you started, and open the window from there.", "Open Fairlead always under its external URL: under another name the browser does not send its session along."},
	}
}

// AttemptUsed is for an attempt that comes back a second time.
func AttemptUsed(at time.Time) *Diagnosis {
	return &Diagnosis{
		Code: DiagnosisAttemptUsed, At: at,
		Title:   "This sign-in was already used",
		Because: "The page was opened a second time. The first time counted.",
		Fix:     []string{"Go on where you started: it shows how the first time ended."},
	}
}

func attemptExpired(at time.Time) *Diagnosis {
	return &Diagnosis{
		Code: DiagnosisAttemptExpired, At: at,
		Title:   "This sign-in took longer than 10 minutes",
		Because: "For your safety an attempt ends after that.",
		Fix:     []string{"Go back to where you started and open the window again."},
	}
}

// AttemptOutdated is for an attempt that another one replaced.
func AttemptOutdated(at time.Time) *Diagnosis {
	return &Diagnosis{
		Code: DiagnosisAttemptOutdated, At: at,
		Title:   "A newer attempt replaced this one",
		Because: "The Application ID or Secret changed after this window was opened, or the window was opened again several times.",
		Fix:     []string{"Go back to where you started and open the window again."},
	}
}
