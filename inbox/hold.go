package inbox

import (
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"fairlead"
)

const (
	holdUntold = 10 * time.Minute // after "too many calls" without a Retry-After
	holdOthers = time.Hour        // what somebody must put right is looked at so often
	mostHolds  = 1000             // before those that are over are dropped
)

// holds are the connections whose host asked for a pause, or refuses them until somebody does something: what needs the host
// waits, without asking it once for each delivery. They are in memory only; after a restart the first call finds out again.
type holds struct {
	mu  sync.Mutex
	all map[string]held
}

type held struct {
	until time.Time
	why   *fairlead.Diagnosis
}

// holdKey changes with the connection's tokens and with the provider's values: what was refused before may be taken then.
func holdKey(c fairlead.Connection, p fairlead.GitProvider) string {
	return fmt.Sprintf("%s %d %s", c.ID, c.Version, p.SetupID)
}

func (h *holds) put(key string, until time.Time, why *fairlead.Diagnosis, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil || len(h.all) >= mostHolds {
		kept := map[string]held{}
		for key, one := range h.all {
			if now.Before(one.until) {
				kept[key] = one
			}
		}
		h.all = kept
	}
	h.all[key] = held{until, why}
}

func (h *holds) find(key string, now time.Time) (held, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one, ok := h.all[key]
	return one, ok && now.Before(one.until)
}

// Error implements error.
func (h held) Error() string { return "held: " + h.why.Error() }

// holdFor is how long a diagnosis holds a connection's deliveries; 0 if it does not. Neither is a failure that repeating it
// could mend, so neither counts as a try.
func holdFor(d *fairlead.Diagnosis) time.Duration {
	switch d.Code {
	case fairlead.DiagnosisRateLimited:
		if d.RetryAfter > 0 {
			return d.RetryAfter
		}
		return holdUntold
	case fairlead.DiagnosisCredentials, fairlead.DiagnosisUnknownApp, fairlead.DiagnosisSecretWrong, fairlead.DiagnosisPermissionMissing:
		return holdOthers
	}
	return 0
}

// recovered makes an error of a panic, nil if there is none: one delivery must not end the process, and again after each
// start.
func recovered(panicked any) error {
	if panicked == nil {
		return nil
	}
	return fmt.Errorf("panic: %v\n%s", panicked, debug.Stack())
}
