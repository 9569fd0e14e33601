package linking

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"fairlead"
)

// ErrBudget means "later": an account's calls in the background are used up for now, or its host asked for a pause. It is
// nothing to tell people about.
var ErrBudget = errors.New("the account’s calls in the background are used up for now")

// How much the background may ask by one account at a host. Bitbucket allows 1,000 requests an hour and account to
// repositories (facts: bitbucket-azure.md, A10); the rest is left for what people do. The two halves are apart, so that neither
// keeps the other waiting for ever.
const (
	callsAnHour   = 200              // requests by Call, such as comparing heads
	checksAnHour  = 200              // requests for health and keeping alive
	callsAtOnce   = 20               // of each half
	pauseUntold   = 10 * time.Minute // after "too many calls" without a Retry-After
	budgetEntries = 1024             // before those that are full again are dropped
)

// account names whose limit at the host a call counts against: several connections may share one.
func account(c fairlead.Connection) string { return c.ProviderID + " " + c.Account.ID }

// budget counts what the background asks by each account. What people do is never refused.
type budget struct {
	mu      *sync.Mutex
	entries map[string]*allowance
}

type allowance struct {
	calls, checks *rate.Limiter
	pausedUntil   time.Time
	pause         *fairlead.Diagnosis // what the host said when it asked for the pause
}

func (a *allowance) isFull(now time.Time) bool {
	return a.calls.TokensAt(now) >= callsAtOnce && a.checks.TokensAt(now) >= callsAtOnce && !now.Before(a.pausedUntil)
}

func newBudget() budget { return budget{mu: &sync.Mutex{}, entries: map[string]*allowance{}} }

func (b budget) entry(account string, now time.Time) *allowance {
	if a := b.entries[account]; a != nil {
		return a
	}
	if len(b.entries) >= budgetEntries {
		maps.DeleteFunc(b.entries, func(_ string, a *allowance) bool { return a.isFull(now) })
	}
	hourly := func(n int) *rate.Limiter { return rate.NewLimiter(rate.Every(time.Hour/time.Duration(n)), callsAtOnce) }
	a := &allowance{calls: hourly(callsAnHour), checks: hourly(checksAnHour)}
	b.entries[account] = a
	return a
}

// half is one of the two that an allowance has.
type half func(*allowance) *rate.Limiter

func ofCalls(a *allowance) *rate.Limiter  { return a.calls }
func ofChecks(a *allowance) *rate.Limiter { return a.checks }

// take counts one request before it is made, or returns ErrBudget.
func (b budget) take(account string, now time.Time, of half) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a := b.entry(account, now); now.Before(a.pausedUntil) || !of(a).AllowN(now, 1) {
		return ErrBudget
	}
	return nil
}

// charge counts what was asked beyond the one request that take counted. It may leave a debt, which time pays.
func (b budget) charge(account string, now time.Time, of half, requests int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	charge(of(b.entry(account, now)), now, requests)
}

// charge counts requests beyond the first. A limiter reserves no more than its burst at once.
func charge(limiter *rate.Limiter, now time.Time, requests int64) {
	most := int64(limiter.Burst())
	for more := requests - 1; more > 0; more -= most {
		limiter.ReserveN(now, int(min(more, most)))
	}
}

// pause stops all that nobody waits for, for as long as the host asked.
func (b budget) pause(account string, now time.Time, d *fairlead.Diagnosis) {
	ask := d.RetryAfter
	if ask <= 0 {
		ask = pauseUntold
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.entry(account, now)
	if until := now.Add(ask); until.After(a.pausedUntil) {
		a.pausedUntil, a.pause = until, d
	}
}

// paused is what the host said when it asked for the pause, with what is left of it; nil if there is none.
func (b budget) paused(account string, now time.Time) *fairlead.Diagnosis {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.entry(account, now)
	if !now.Before(a.pausedUntil) {
		return nil
	}
	left := *a.pause
	left.RetryAfter = a.pausedUntil.Sub(now)
	return &left
}

type patience struct{}

// Patiently marks work that somebody waits for, and that may as well be done later: its calls in the foreground are not
// counted, but while the host wants a pause they return its DiagnosisRateLimited, with the time that is left, without asking.
func Patiently(ctx context.Context) context.Context { return context.WithValue(ctx, patience{}, true) }

func isPatient(ctx context.Context) bool { return ctx.Value(patience{}) != nil }
