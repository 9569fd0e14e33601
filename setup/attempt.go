package setup

import (
	"context"
	"errors"
	"time"

	"fairlead"
	"fairlead/gitprovider"
)

// Authorize mints one attempt and returns the host's address for it. The state goes into that address only; the
// database keeps its hash. The session is the browser session that must come back with it.
func (f *Flow) Authorize(ctx context.Context, session fairlead.Session, id string, popup bool) (string, error) {
	s, err := f.Store.FindSetup(ctx, id)
	if err != nil {
		return "", err
	}
	host, err := f.host(s.Kind)
	if err != nil {
		return "", err
	}
	if s.State == fairlead.SetupVerified {
		return "", fairlead.Errorf(fairlead.CodeConflict, "This setup is verified already. Close this window and confirm it.")
	}
	if !s.HasCredentials() {
		return "", fairlead.Errorf(fairlead.CodeConflict, "The Application ID or the Secret is missing. Close this window and enter them.")
	}
	now, state, verifier := f.Clock(), fairlead.NewToken(f.Random), fairlead.NewSecret(fairlead.NewToken(f.Random))
	attempt := fairlead.Attempt{
		ID: fairlead.NewID(f.Random, fairlead.PrefixAttempt), Purpose: fairlead.AttemptSetup, SetupID: s.ID, SessionID: session.ID, PersonID: session.PersonID,
		Verifier: verifier, Digest: s.Digest, Popup: popup, CreatedAt: now, ExpiresAt: now.Add(fairlead.AttemptLife),
	}
	if err := f.Store.CreateAttempt(ctx, attempt, fairlead.HashToken(state)); err != nil {
		return "", err
	}
	return host.AuthorizeURL(f.app(s), state, verifier), nil
}

// Callback is what a host's redirect carries. All of it is untrusted.
type Callback = gitprovider.Callback

// Result says where a callback belongs. The setup tells how it ended.
type Result struct {
	SetupID string
	Popup   bool
}

// Complete takes a callback: it spends the attempt first, so that a crash afterwards can never be replayed, and then
// exchanges the code, proves the grant and stores the outcome. A callback that belongs to no good attempt of this
// session returns a *fairlead.Diagnosis; Result then names the setup if the session may know it.
func (f *Flow) Complete(ctx context.Context, session fairlead.Session, c Callback) (Result, error) {
	attempt, err := f.findAttempt(ctx, session, c)
	result := Result{SetupID: attempt.SetupID, Popup: attempt.Popup}
	if err != nil {
		return result, err
	}
	s, err := f.Store.FindSetup(ctx, attempt.SetupID)
	if err != nil {
		return result, err
	}
	if s.Digest != attempt.Digest {
		return result, fairlead.AttemptOutdated(f.Clock())
	}
	spent, err := f.Store.SpendAttempt(ctx, attempt.ID)
	if err != nil {
		return result, err
	}
	if !spent {
		return result, fairlead.AttemptUsed(f.Clock())
	}
	// From here on the outcome must be stored, even if the browser goes away.
	return result, f.finish(context.WithoutCancel(ctx), attempt, s, c)
}

// findAttempt checks what a callback says about itself before anything is spent.
func (f *Flow) findAttempt(ctx context.Context, session fairlead.Session, c Callback) (fairlead.Attempt, error) {
	now := f.Clock()
	if c.State == "" {
		return fairlead.Attempt{}, callbackWithoutState(now)
	}
	attempt, err := f.Store.FindAttempt(ctx, fairlead.HashToken(c.State))
	if fairlead.CodeOf(err) == fairlead.CodeNotFound {
		return fairlead.Attempt{}, attemptUnknown(now)
	}
	if err != nil {
		return fairlead.Attempt{}, err
	}
	d := attempt.Judge(session.ID, now)
	switch {
	case d == nil:
		return attempt, nil
	case d.Code == fairlead.DiagnosisAttemptForeign:
		return fairlead.Attempt{}, d // tells nothing about the setup
	case attempt.Cancelled:
		_, err := f.Store.FindSetup(ctx, attempt.SetupID)
		if fairlead.CodeOf(err) == fairlead.CodeNotFound {
			return fairlead.Attempt{Popup: attempt.Popup}, setupCancelled(now)
		}
	}
	return attempt, d
}

// finish runs the trip's second half and stores how it ended.
func (f *Flow) finish(ctx context.Context, attempt fairlead.Attempt, s fairlead.Setup, c Callback) error {
	defer func() {
		if p := recover(); p != nil { // a bug must not leave the attempt without an outcome
			attempt.Outcome = fairlead.DiagnosisInterrupted
			_ = f.Store.FinishAttempt(ctx, attempt, f.interrupt(s))
			panic(p)
		}
	}()
	s.State, s.Diagnosis = fairlead.SetupVerified, nil
	trip, cancel := context.WithTimeout(ctx, f.Patience) // not for the storing, which must go on when it is over
	defer cancel()
	proof, err := f.prove(trip, attempt, s, c)
	d, unknown := f.diagnosisOf(err)
	switch {
	case d != nil:
		s.State, s.Diagnosis = fairlead.SetupFailed, d
		attempt.Outcome = d.Code
	case unknown != nil:
		s = f.interrupt(s)
		attempt.Outcome = fairlead.DiagnosisInterrupted
	default:
		s.Proof = &proof
	}
	return errors.Join(unknown, f.Store.FinishAttempt(ctx, attempt, s))
}

// prove exchanges the code and asks the host what was granted. The token ends with this function.
func (f *Flow) prove(ctx context.Context, attempt fairlead.Attempt, s fairlead.Setup, c Callback) (fairlead.Proof, error) {
	host, err := f.host(s.Kind)
	if err != nil {
		return fairlead.Proof{}, err
	}
	if d := c.Problem(host.Kind(), "Choose **Next** again.", f.Clock()); d != nil {
		return fairlead.Proof{}, d
	}
	token, err := host.Exchange(ctx, f.app(s), c.Code, attempt.Verifier)
	if err != nil {
		return fairlead.Proof{}, err
	}
	return host.Prove(ctx, token)
}

// Stages of the waiting panel: what it asks and offers grows with time.
const (
	HelpAfter       = 20 * time.Second
	NoCallbackAfter = 2 * time.Minute
)

// NoCallback is what a long silence of the host means; nil while it is too early to say. The setup goes on waiting.
func (f *Flow) NoCallback(s fairlead.Setup) *fairlead.Diagnosis {
	kind, err := f.Kind(s.Kind)
	if err != nil || s.State != fairlead.SetupWaiting || f.Clock().Sub(s.WaitingSince) < NoCallbackAfter {
		return nil
	}
	return gitprovider.NoCallback(kind, f.CallbackURL, f.Clock())
}
