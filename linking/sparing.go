package linking

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"fairlead"
	"fairlead/gitprovider"
)

// How much one person may ask the host by somebody else's account: a link acts by one account for all of the project, and the
// host's limit for it is everybody's.
const (
	borrowedAnHour = 240 // requests
	borrowedAtOnce = 40
)

// borrowed counts what people ask by accounts of others, by person and account.
type borrowed struct {
	mu      *sync.Mutex
	entries map[string]*rate.Limiter
}

func newBorrowed() borrowed { return borrowed{mu: &sync.Mutex{}, entries: map[string]*rate.Limiter{}} }

func (b borrowed) limiter(key string, now time.Time) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.entries[key]; l != nil {
		return l
	}
	if len(b.entries) >= budgetEntries {
		maps.DeleteFunc(b.entries, func(_ string, l *rate.Limiter) bool { return l.TokensAt(now) >= borrowedAtOnce })
	}
	l := rate.NewLimiter(rate.Every(time.Hour/borrowedAnHour), borrowedAtOnce)
	b.entries[key] = l
	return l
}

// Borrow lets a person ask the host by a link's connection. Calls with the context that it returns are counted until done is
// called. CodeTooMany if somebody who is not the connection's own person asked much already.
func (f *Flow) Borrow(ctx context.Context, person fairlead.Person, l fairlead.RepositoryLink) (counted context.Context, done func(), err error) {
	c := l.Connection
	if c.ID == "" || c.Person.ID == person.ID {
		return ctx, func() {}, nil
	}
	now := f.clock()
	limiter := f.borrowed.limiter(person.ID+" "+account(c), now)
	if !limiter.AllowN(now, 1) {
		missing := 1 - limiter.TokensAt(now)
		wait := max(time.Duration(missing*float64(time.Hour/borrowedAnHour)), time.Second)
		return ctx, nil, fairlead.Errorf(fairlead.CodeTooMany, "You asked a lot by the account of %s, whose limit at the host everybody shares. Try again in %s.", c.Person.Name, inMinutes(wait))
	}
	counted, asked := gitprovider.Counted(ctx)
	return counted, func() { charge(limiter, f.clock(), asked()) }, nil
}

func inMinutes(d time.Duration) string {
	if n := int((d + time.Minute - 1) / time.Minute); n > 1 {
		return fmt.Sprintf("%d minutes", n)
	}
	return "a minute"
}
