package linking

import (
	"context"
	"errors"
	"time"

	"fairlead"
	"fairlead/gitprovider"
)

type attemptStore interface {
	CreateConnectAttempt(ctx context.Context, a fairlead.Attempt, stateHash string) error
	FindAttempt(ctx context.Context, stateHash string) (fairlead.Attempt, error)
	SpendAttempt(ctx context.Context, id string) (spent bool, err error)
	FinishConnectAttempt(ctx context.Context, by fairlead.Actor, a fairlead.Attempt, c *fairlead.Connection) (fairlead.Connection, error)
	LastConnectAttempt(ctx context.Context, sessionID, providerID string) (fairlead.Attempt, error)
	FindPerson(ctx context.Context, id string) (fairlead.Person, error)
}

// Callback is what a host's redirect carries. All of it is untrusted.
type Callback = gitprovider.Callback

// connectionsPath is where somebody goes on who came from nowhere.
const connectionsPath = "/account/connections"

// Authorize mints one attempt to connect the person's account and returns the host's address for it. The session is the
// browser session that must come back with it; returnTo is the path of ours to go on with.
func (f *Flow) Authorize(ctx context.Context, session fairlead.Session, providerID, returnTo string, popup bool) (string, error) {
	p, err := f.provider(ctx, providerID)
	if err != nil {
		return "", err
	}
	if !fairlead.IsOwnPath(returnTo) {
		returnTo = connectionsPath
	}
	now, state, verifier := f.clock(), fairlead.NewToken(f.random), fairlead.NewSecret(fairlead.NewToken(f.random))
	attempt := fairlead.Attempt{
		ID: fairlead.NewID(f.random, fairlead.PrefixAttempt), Purpose: fairlead.AttemptConnect, ProviderID: p.ID, ReturnTo: returnTo,
		SessionID: session.ID, PersonID: session.PersonID, Verifier: verifier, Digest: p.ApplicationID, Popup: popup,
		CreatedAt: now, ExpiresAt: now.Add(fairlead.AttemptLife),
	}
	if err := f.store.CreateConnectAttempt(ctx, attempt, fairlead.HashToken(state)); err != nil {
		return "", err
	}
	return p.host.AuthorizeURL(p.app, state, verifier), nil
}

// IsMine reports whether a callback's state belongs to an attempt to connect.
func (f *Flow) IsMine(ctx context.Context, state string) bool {
	attempt, err := f.store.FindAttempt(ctx, fairlead.HashToken(state))
	return err == nil && attempt.Purpose == fairlead.AttemptConnect
}

// Result says where a callback belongs. ConnectStatus tells how it ended.
type Result struct {
	ReturnTo   string // a path of ours
	ProviderID string
	Popup      bool
}

// Complete takes a callback: it spends the attempt first, so that a crash afterwards can never be replayed, and then
// exchanges the code and stores the connection, or why there is none. A callback that belongs to no good attempt of this
// session returns a *fairlead.Diagnosis; Result is then empty if the session may not know the attempt.
func (f *Flow) Complete(ctx context.Context, session fairlead.Session, c Callback) (Result, error) {
	attempt, err := f.store.FindAttempt(ctx, fairlead.HashToken(c.State))
	if err != nil {
		return Result{}, err
	}
	d := attempt.Judge(session.ID, f.clock())
	if d != nil && d.Code == fairlead.DiagnosisAttemptForeign {
		return Result{}, d
	}
	result := Result{ReturnTo: attempt.ReturnTo, ProviderID: attempt.ProviderID, Popup: attempt.Popup}
	if d != nil {
		return result, d
	}
	p, err := f.provider(ctx, attempt.ProviderID)
	if err != nil {
		return result, err
	}
	if p.ApplicationID != attempt.Digest {
		return result, fairlead.AttemptOutdated(f.clock())
	}
	person, err := f.store.FindPerson(ctx, session.PersonID)
	if err != nil {
		return result, err
	}
	spent, err := f.store.SpendAttempt(ctx, attempt.ID)
	if err != nil {
		return result, err
	}
	if !spent {
		return result, fairlead.AttemptUsed(f.clock())
	}
	// From here on the outcome must be stored, even if the browser goes away.
	by := fairlead.Actor{PersonID: person.ID, Name: person.Name, Address: session.Address}
	return result, f.finish(context.WithoutCancel(ctx), by, p, attempt, c)
}

// finish runs the trip's second half and stores how it ended. Its error is of ours; what the host did is stored.
func (f *Flow) finish(ctx context.Context, by fairlead.Actor, p provider, attempt fairlead.Attempt, c Callback) error {
	failed := func(d *fairlead.Diagnosis) error {
		attempt.Outcome, attempt.Diagnosis = d.Code, d
		_, err := f.store.FinishConnectAttempt(ctx, by, attempt, nil)
		return err
	}
	defer func() {
		if bug := recover(); bug != nil { // a bug must not leave the attempt without an outcome
			_ = failed(interrupted(f.clock()))
			panic(bug)
		}
	}()
	trip, cancel := context.WithTimeout(ctx, f.patience) // not for the storing, which must go on when it is over
	defer cancel()
	connection, err := f.exchange(trip, p, attempt, c)
	switch {
	case isDiagnosis(err):
		return failed(fairlead.DiagnosisOf(err))
	case err != nil:
		return errors.Join(err, failed(interrupted(f.clock())))
	}
	connection.Person = fairlead.Person{ID: by.PersonID, Name: by.Name}
	_, err = f.store.FinishConnectAttempt(ctx, by, attempt, &connection)
	if fairlead.CodeOf(err) == fairlead.CodeConflict { // the application was replaced in the last second
		return failed(fairlead.AttemptOutdated(f.clock()))
	}
	return err
}

// exchange turns the code into a connection.
func (f *Flow) exchange(ctx context.Context, p provider, attempt fairlead.Attempt, c Callback) (fairlead.Connection, error) {
	if d := c.Problem(p.host.Kind(), "Choose **Try again**.", f.clock()); d != nil {
		return fairlead.Connection{}, d
	}
	tokens, account, err := p.host.Connect(ctx, p.app, c.Code, attempt.Verifier)
	now := f.clock()
	return fairlead.Connection{
		ID: fairlead.NewID(f.random, fairlead.PrefixConnection), ProviderID: p.ID, Account: account, State: fairlead.ConnectionAlive, Tokens: tokens,
		CreatedAt: now, AuthorizedAt: now, RefreshedAt: now,
	}, err
}

// ConnectStatus is how an attempt to connect stands. The zero value is under way.
type ConnectStatus struct {
	Done       bool
	Connection fairlead.Connection
	Paused     []fairlead.ConnectionUse // the person's other accounts there that are not connected, while links act by them
	Diagnosis  *fairlead.Diagnosis      // why there is no connection
}

// ConnectStatus tells a waiting panel that was shown at that time how the session's newest attempt ended since then.
func (f *Flow) ConnectStatus(ctx context.Context, session fairlead.Session, person fairlead.Person, providerID string, since time.Time) (ConnectStatus, error) {
	attempt, err := f.store.LastConnectAttempt(ctx, session.ID, providerID)
	if fairlead.CodeOf(err) == fairlead.CodeNotFound {
		return ConnectStatus{}, nil
	}
	if err != nil {
		return ConnectStatus{}, err
	}
	now := f.clock()
	switch {
	case !attempt.FinishedAt.IsZero() && attempt.FinishedAt.Before(since):
		return ConnectStatus{}, nil // an earlier try
	case !attempt.FinishedAt.IsZero() && attempt.Outcome != "":
		return ConnectStatus{Done: true, Diagnosis: attempt.Diagnosis}, nil
	case attempt.FinishedAt.IsZero() && !attempt.SpentAt.IsZero() && now.Sub(attempt.SpentAt) > f.patience+10*time.Second:
		return ConnectStatus{Done: true, Diagnosis: interrupted(now)}, nil
	}
	// The newest attempt ended well, or an older window did while the newest is still open.
	connection, found, err := f.Connection(ctx, person, providerID)
	done := found && connection.IsAlive() && (!attempt.FinishedAt.IsZero() || !connection.AuthorizedAt.Before(since))
	if err != nil || !done {
		return ConnectStatus{}, err
	}
	status := ConnectStatus{Done: true, Connection: connection}
	all, err := f.store.ListConnections(ctx, person.ID)
	for _, use := range all {
		if use.Connection.ProviderID == providerID && !use.Connection.IsAlive() && len(use.Links) > 0 {
			status.Paused = append(status.Paused, use)
		}
	}
	return status, err
}

// NoCallback is what a long silence of the host means to whoever waits for the connection.
func (f *Flow) NoCallback(k fairlead.Kind) *fairlead.Diagnosis {
	return gitprovider.NoCallback(k, f.callbackURL(), f.clock())
}
