package accounts

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"fairlead"
)

// Attempts are limited per account, so that nobody can try out many passwords from many addresses, and per address, so
// that nobody can try one password for many accounts, nor guess tokens of links.
const (
	attemptWindow      = 15 * time.Minute
	attemptsPerAccount = 10
	attemptsPerAddress = 30
	sweepAbove         = 10_000 // keys, about 3 MB
)

// limiter counts attempts by key. An attempt counts from before it is tried, so that parallel ones cannot slip through;
// what turns out well is given back.
type limiter struct {
	clock   fairlead.Clock
	mu      sync.Mutex
	tries   map[limitKey]*window
	sweepAt int // number of keys
}

// limitKey is what attempts are counted by.
type limitKey struct {
	kind  string // "account" or "address"
	value string
}

// window starts with the first attempt and ends 15 minutes later, whatever happens in between.
type window struct {
	count int
	ends  time.Time
	told  []string // the actions whose refusal the audit log was told of
}

func newLimiter(clock fairlead.Clock) *limiter {
	return &limiter{clock: clock, tries: map[limitKey]*window{}, sweepAt: sweepAbove}
}

func accountKey(email string) limitKey { return limitKey{"account", email} }

// addressKey counts a whole /64 of IPv6 as one address, since that is what one subscriber gets. Addresses that do not
// parse share one key.
func addressKey(address string) limitKey {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return limitKey{"address", ""}
	}
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		prefix, _ := ip.Prefix(64) // fails only for more bits than an address has
		return limitKey{"address", prefix.String()}
	}
	return limitKey{"address", ip.String()}
}

func (k limitKey) limit() int {
	if k.kind == "account" {
		return attemptsPerAccount
	}
	return attemptsPerAddress
}

// take counts one attempt for every key, or none and CodeTooMany if one of them is used up.
func (l *limiter) take(keys ...limitKey) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	l.sweep(now)
	if _, w := l.full(now, keys); w != nil {
		return fairlead.Errorf(fairlead.CodeTooMany, "Too many attempts. Try again in %s.", minutes(w.ends.Sub(now)))
	}
	for _, key := range keys {
		w, ok := l.tries[key]
		if !ok || !now.Before(w.ends) {
			w = &window{ends: now.Add(attemptWindow)}
			l.tries[key] = w
		}
		w.count++
	}
	return nil
}

// full finds the first of the keys that is used up.
func (l *limiter) full(now time.Time, keys []limitKey) (limitKey, *window) {
	for _, key := range keys {
		if w, ok := l.tries[key]; ok && now.Before(w.ends) && w.count >= key.limit() {
			return key, w
		}
	}
	return limitKey{}, nil
}

// tell says which key is used up, and whether that is news: it is once per window and action.
func (l *limiter) tell(action string, keys ...limitKey) (full limitKey, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	full, w := l.full(l.clock(), keys)
	if w == nil || slices.Contains(w.told, action) {
		return full, false
	}
	w.told = append(w.told, action)
	return full, true
}

// guard counts an attempt to prove an account, made by check. A failure with CodeInvalid was a guess and stays counted;
// any other, such as a cancelled request, was none; success proves the account, whose count starts anew.
func (l *limiter) guard(account, address limitKey, check func() error) error {
	if err := l.take(account, address); err != nil {
		return err
	}
	err := check()
	switch {
	case err == nil:
		l.forget(account)
		l.giveBack(address)
	case fairlead.CodeOf(err) != fairlead.CodeInvalid:
		l.giveBack(account, address)
	}
	return err
}

// giveBack uncounts one attempt that was no guess.
func (l *limiter) giveBack(keys ...limitKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range keys {
		if w, ok := l.tries[key]; ok && w.count > 0 {
			w.count--
		}
	}
}

// forget starts a key anew: the holder of an account has proven to be it.
func (l *limiter) forget(key limitKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.tries, key)
}

// sweep drops what is over, once there is enough of it to matter, and then not before there is twice as much.
func (l *limiter) sweep(now time.Time) {
	if len(l.tries) < l.sweepAt {
		return
	}
	for key, w := range l.tries {
		if !now.Before(w.ends) {
			delete(l.tries, key)
		}
	}
	l.sweepAt = max(sweepAbove, 2*len(l.tries))
}

func minutes(d time.Duration) string {
	n := int((d + time.Minute - 1) / time.Minute)
	if n == 1 {
		return "1 minute"
	}
	return fmt.Sprintf("%d minutes", n)
}
