package linking

import (
	"context"
	"errors"
	"sync"
	"time"

	"fairlead"
	"fairlead/gitprovider"
)

// How often the background does what. Bitbucket's refresh tokens end after three months without use (facts:
// bitbucket-azure.md, A5).
const (
	lookEvery  = time.Minute
	checkEvery = time.Hour
	idleLimit  = 7 * 24 * time.Hour
	roundLimit = 1000 // links looked at in one round; those whose connection has no calls left are passed over
)

// Run keeps links and connections healthy until the context ends: links are checked every hour as far as the host's limits
// allow, and each connection is used at least once a week. A host that hangs keeps one of both busy, not the other.
func (f *Flow) Run(ctx context.Context) {
	var group sync.WaitGroup
	for what, round := range map[string]func(context.Context) (int, error){"checking links": f.CheckDue, "keeping connections alive": f.KeepAlive} {
		group.Go(func() { f.everyMinute(ctx, what, round) })
	}
	group.Wait()
}

func (f *Flow) everyMinute(ctx context.Context, what string, round func(context.Context) (int, error)) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		if _, err := round(ctx); err != nil && ctx.Err() == nil {
			f.log.Error(what, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// CheckDue checks the links that were not checked for an hour, the longest ago first, as far as the budgets of their
// accounts go. A host that cannot be reached is left alone for the rest of the round. It returns how many it checked.
func (f *Flow) CheckDue(ctx context.Context) (n int, err error) {
	due, err := f.store.ListLinksToCheck(ctx, f.clock().Add(-checkEvery), roundLimit)
	done := map[string]bool{} // accounts that have no requests left, and Git providers that do not answer
	for _, l := range due {
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		if done[account(l.Connection)] || done[l.ProviderID] {
			continue
		}
		p, perr := f.provider(ctx, l.ProviderID)
		if perr != nil {
			err = errors.Join(err, perr)
			continue
		}
		if f.budget.take(account(l.Connection), f.clock(), ofChecks) != nil {
			done[account(l.Connection)] = true
			continue
		}
		counted, asked := gitprovider.Counted(Patiently(ctx))
		_, unanswered, cerr := f.checkInTurn(counted, p, l)
		f.budget.charge(account(l.Connection), f.clock(), ofChecks, asked())
		done[l.ProviderID] = isDown(unanswered)
		switch {
		case cerr == nil:
			n++
		case fairlead.CodeOf(cerr) == fairlead.CodeNotFound: // unlinked meanwhile
		default:
			err = errors.Join(err, cerr)
		}
	}
	return n, err
}

// isDown reports whether an error tells that a host cannot be reached at all, so that the next call would not reach it either.
func isDown(err error) bool {
	return isDiagnosis(err, fairlead.DiagnosisDNS, fairlead.DiagnosisProxy, fairlead.DiagnosisRefused, fairlead.DiagnosisTimeout, fairlead.DiagnosisUnreachable,
		fairlead.DiagnosisAddressNotAllowed, fairlead.DiagnosisTLSUntrusted, fairlead.DiagnosisNotTheHost)
}

// KeepAlive refreshes the connections that nothing refreshed for a week, and returns how many.
func (f *Flow) KeepAlive(ctx context.Context) (n int, err error) {
	idle, err := f.store.ListIdleConnections(ctx, f.clock().Add(-idleLimit))
	down := map[string]bool{}
	for _, c := range idle {
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		if down[c.ProviderID] || f.budget.take(account(c), f.clock(), ofChecks) != nil {
			continue
		}
		c.Tokens.ExpiresAt = time.Time{} // a failure is a failure, however long the access token lives
		switch _, rerr := f.refresh(ctx, c); {
		case rerr == nil:
			n++
		case isDiagnosis(rerr): // a dead connection says so itself; for the others there is the next round
			down[c.ProviderID] = isDown(f.noted(c, rerr))
		default:
			err = errors.Join(err, rerr)
		}
	}
	return n, err
}
