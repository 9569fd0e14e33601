package linking

import (
	"errors"
	"maps"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// ErrBudget means "later": a connection's calls in the background are used up for now, or its host asked for a pause. It
// is nothing to tell people about.
var ErrBudget = errors.New("the connection's calls in the background are used up for now")

// How much the background may call by one connection. Bitbucket allows 1,000 calls an hour and person to repositories
// (facts: bitbucket-azure.md, A10); the rest is left for what people do. The two halves are apart, so that neither keeps the
// other waiting for ever.
const (
	callsAnHour   = 200              // by Call, such as comparing heads
	checksAnHour  = 200              // for health and keeping alive
	callsAtOnce   = 20               // of each half
	pauseUntold   = 10 * time.Minute // after "too many calls" without a Retry-After
	budgetEntries = 1024             // before those that are full again are dropped
)

// budget counts what the background calls by each connection. Foreground calls are never refused.
type budget struct {
	mu      *sync.Mutex
	entries map[string]*allowance
}

type allowance struct {
	calls, checks *rate.Limiter
	pausedUntil   time.Time
}

func (a *allowance) isFull(now time.Time) bool {
	return a.calls.TokensAt(now) >= callsAtOnce && a.checks.TokensAt(now) >= callsAtOnce && now.After(a.pausedUntil)
}

func newBudget() budget { return budget{mu: &sync.Mutex{}, entries: map[string]*allowance{}} }

func (b budget) entry(id string, now time.Time) *allowance {
	if a := b.entries[id]; a != nil {
		return a
	}
	if len(b.entries) >= budgetEntries {
		maps.DeleteFunc(b.entries, func(_ string, a *allowance) bool { return a.isFull(now) })
	}
	hourly := func(n int) *rate.Limiter { return rate.NewLimiter(rate.Every(time.Hour/time.Duration(n)), callsAtOnce) }
	a := &allowance{calls: hourly(callsAnHour), checks: hourly(checksAnHour)}
	b.entries[id] = a
	return a
}

// takeCall counts one call, or returns ErrBudget.
func (b budget) takeCall(id string, now time.Time) error {
	return b.take(id, now, func(a *allowance) bool { return a.calls.AllowN(now, 1) })
}

// takeChecks counts the calls of a check, all or none, or returns ErrBudget.
func (b budget) takeChecks(id string, now time.Time, calls int) error {
	return b.take(id, now, func(a *allowance) bool { return a.checks.AllowN(now, calls) })
}

func (b budget) take(id string, now time.Time, allows func(*allowance) bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a := b.entry(id, now); now.Before(a.pausedUntil) || !allows(a) {
		return ErrBudget
	}
	return nil
}

// pause stops the background of a connection for as long as the host asked.
func (b budget) pause(id string, now time.Time, ask time.Duration) {
	if ask <= 0 {
		ask = pauseUntold
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.entry(id, now)
	if until := now.Add(ask); until.After(a.pausedUntil) {
		a.pausedUntil = until
	}
}
