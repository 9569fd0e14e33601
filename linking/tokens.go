package linking

import (
	"context"
	"time"

	"fairlead"
	"fairlead/gitprovider"
)

type tokenStore interface {
	SaveTokens(ctx context.Context, id string, version int64, t fairlead.Tokens) (bool, error)
	FailConnection(ctx context.Context, id string, version int64, state fairlead.ConnectionState, d *fairlead.Diagnosis) (bool, error)
	ListIdleConnections(ctx context.Context, before time.Time) ([]fairlead.Connection, error)
}

// refreshAhead is how long before its end an access token is replaced.
const refreshAhead = 5 * time.Minute

// Call runs one call to the host with an access token of the connection: the only way to one. It refreshes ahead of time,
// and once more if the host does not take the token. Errors are what do returned; a *fairlead.Diagnosis if the connection
// cannot be used, without asking the host; ErrBudget for a background call that must come later.
func (f *Flow) Call(ctx context.Context, connectionID string, background bool, do func(ctx context.Context, access fairlead.Secret) error) error {
	c, err := f.usable(ctx, connectionID)
	if err != nil {
		return err
	}
	if background {
		if err := f.budget.take(account(c), f.clock(), ofCalls); err != nil {
			return err
		}
		var asked func() int64
		ctx, asked = gitprovider.Counted(ctx)
		defer func() { f.budget.charge(account(c), f.clock(), ofCalls, asked()) }()
	} else if isPatient(ctx) {
		if d := f.budget.paused(account(c), f.clock()); d != nil {
			return d
		}
	}
	return f.noted(c, f.ask(ctx, c, do))
}

// ask runs do with a token that the host takes.
func (f *Flow) ask(ctx context.Context, c fairlead.Connection, do func(ctx context.Context, access fairlead.Secret) error) (err error) {
	if f.runsOut(c.Tokens) {
		if c, err = f.refresh(ctx, c); err != nil {
			return err
		}
	}
	err = do(ctx, c.Tokens.Access)
	if !isDiagnosis(err, fairlead.DiagnosisTokenRejected) {
		return err
	}
	c.Tokens.ExpiresAt = f.clock() // whatever the host said before: it does not take the token any more
	if c, err = f.refresh(ctx, c); err != nil {
		return err
	}
	return do(ctx, c.Tokens.Access)
}

// call is Call in the foreground, for calls that return something.
func call[T any](ctx context.Context, f *Flow, connectionID string, do func(ctx context.Context, access fairlead.Secret) (T, error)) (result T, err error) {
	err = f.Call(ctx, connectionID, false, func(ctx context.Context, access fairlead.Secret) (err error) {
		result, err = do(ctx, access)
		return err
	})
	return result, err
}

// noted pauses what nobody waits for if the host asked for fewer calls.
func (f *Flow) noted(c fairlead.Connection, err error) error {
	if d := fairlead.DiagnosisOf(err); d != nil && d.Code == fairlead.DiagnosisRateLimited {
		f.budget.pause(account(c), f.clock(), d)
	}
	return err
}

// usable reads a connection that is alive. A diagnosis says why it is not.
func (f *Flow) usable(ctx context.Context, id string) (fairlead.Connection, error) {
	if id == "" {
		return fairlead.Connection{}, fairlead.ConnectionMissing("", f.clock())
	}
	c, err := f.store.FindConnection(ctx, id)
	switch {
	case fairlead.CodeOf(err) == fairlead.CodeNotFound:
		return c, fairlead.ConnectionMissing("", f.clock())
	case err != nil || c.IsAlive():
		return c, err
	case c.Diagnosis == nil:
		return c, fairlead.ConnectionMissing("", f.clock())
	}
	return c, c.Diagnosis
}

func (f *Flow) runsOut(t fairlead.Tokens) bool {
	return !t.ExpiresAt.IsZero() && f.clock().After(t.ExpiresAt.Add(-refreshAhead))
}

// refresh gets a connection other tokens than those in hand: what another request got meanwhile, or new ones. One at a
// time asks the host, because hosts that rotate refresh tokens take each only once.
func (f *Flow) refresh(ctx context.Context, inHand fairlead.Connection) (fairlead.Connection, error) {
	done, err := f.turns.take(ctx, inHand.ID)
	if err != nil {
		return inHand, err
	}
	defer done()
	c, err := f.usable(ctx, inHand.ID)
	if err != nil || c.Version != inHand.Version {
		return c, err
	}
	p, err := f.provider(ctx, c.ProviderID)
	if err != nil {
		return c, err
	}
	// A browser that goes away must not cut this: new tokens that are not stored would be lost, and the old ones spent.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.patience)
	defer cancel()
	tokens, err := p.host.Refresh(ctx, p.app, c.Tokens)
	switch {
	case isDiagnosis(err, fairlead.DiagnosisConnectionExpired):
		return f.refused(ctx, c, fairlead.DiagnosisOf(err))
	case err != nil && f.clock().Before(inHand.Tokens.ExpiresAt):
		f.log.Warn("refreshing ahead of time failed; the tokens in hand are still good", "connection", c.ID, "error", err)
		return c, nil
	case err != nil:
		return c, err
	}
	saved, err := f.store.SaveTokens(context.WithoutCancel(ctx), c.ID, c.Version, tokens)
	if err != nil {
		return c, err
	}
	if !saved { // somebody authorized again, or another process refreshed: what is there counts
		return f.usable(ctx, c.ID)
	}
	c.Tokens = tokens
	c.Version++
	return c, nil
}

// refused is for a refresh token that the host no longer takes. Before the connection counts as dead its row is read once
// more: somebody may have authorized again meanwhile.
func (f *Flow) refused(ctx context.Context, c fairlead.Connection, d *fairlead.Diagnosis) (fairlead.Connection, error) {
	now, err := f.usable(ctx, c.ID)
	if err != nil || now.Version != c.Version {
		return now, err
	}
	failed, err := f.store.FailConnection(ctx, c.ID, c.Version, fairlead.ConnectionDead, d)
	switch {
	case err != nil:
		return c, err
	case !failed:
		return f.usable(ctx, c.ID)
	}
	return c, d
}
