package linking

import (
	"context"
	"errors"
	"time"

	"fairlead"
)

// How often the background does what. Bitbucket's refresh tokens end after three months without use (facts:
// bitbucket-azure.md, A5).
const (
	lookEvery  = time.Minute
	checkEvery = time.Hour
	idleLimit  = 7 * 24 * time.Hour
	roundLimit = 1000 // links looked at in one round; those whose connection has no calls left are passed over
)

// Run keeps links and connections healthy until the context ends: each link is checked every hour, and each connection is
// used at least once a week.
func (f *Flow) Run(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		for what, round := range map[string]func(context.Context) (int, error){"checking links": f.CheckDue, "keeping connections alive": f.KeepAlive} {
			if _, err := round(ctx); err != nil && ctx.Err() == nil {
				f.log.Error(what, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// CheckDue checks the links that were not checked for an hour, the longest ago first, as far as the budgets of their
// connections go. It returns how many it checked.
func (f *Flow) CheckDue(ctx context.Context) (n int, err error) {
	due, err := f.store.ListLinksToCheck(ctx, f.clock().Add(-checkEvery), roundLimit)
	spent := map[string]bool{} // connections that have no calls left
	for _, l := range due {
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		if spent[l.Connection.ID] {
			continue
		}
		p, perr := f.provider(ctx, l.ProviderID)
		if perr != nil {
			err = errors.Join(err, perr)
			continue
		}
		if f.budget.takeChecks(l.Connection.ID, f.clock(), callsOfCheck) != nil {
			spent[l.Connection.ID] = true
			continue
		}
		switch _, cerr := f.check(ctx, p, l); {
		case cerr == nil:
			n++
		case fairlead.CodeOf(cerr) == fairlead.CodeNotFound: // unlinked meanwhile
		default:
			err = errors.Join(err, cerr)
		}
	}
	return n, err
}

// KeepAlive refreshes the connections that nothing refreshed for a week, and returns how many.
func (f *Flow) KeepAlive(ctx context.Context) (n int, err error) {
	idle, err := f.store.ListIdleConnections(ctx, f.clock().Add(-idleLimit))
	for _, c := range idle {
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		if f.budget.takeChecks(c.ID, f.clock(), 1) != nil {
			continue
		}
		c.Tokens.ExpiresAt = time.Time{} // a failure is a failure, however long the access token lives
		switch _, rerr := f.refresh(ctx, c); {
		case rerr == nil:
			n++
		case isDiagnosis(rerr): // a dead connection says so itself; for the others there is the next round
			_ = f.noted(c.ID, rerr)
		default:
			err = errors.Join(err, rerr)
		}
	}
	return n, err
}
