package setup_test

import (
	"context"
	"testing"
	"time"

	"fairlead"
	"fairlead/gitprovider"
)

// endless is a host that takes all the time that it gets.
type endless struct{ *gitprovider.BitbucketCloud }

func (endless) Precheck(ctx context.Context, _ gitprovider.App) (fairlead.Reach, error) {
	<-ctx.Done()
	return fairlead.Reach{}, ctx.Err()
}

func (endless) Exchange(ctx context.Context, _ gitprovider.App, _, _ fairlead.Secret) (gitprovider.Token, error) {
	<-ctx.Done()
	return gitprovider.Token{}, ctx.Err()
}

// broken is a host with a bug.
type broken struct{ *gitprovider.BitbucketCloud }

func (broken) Exchange(context.Context, gitprovider.App, fairlead.Secret, fairlead.Secret) (gitprovider.Token, error) {
	panic("a bug")
}

func TestTheOutcomeIsStoredEvenWhenAllTheTimeIsUsedUp(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, c.Secret)
	callback := w.granted(s.ID)
	w.Hosts, w.Patience = gitprovider.Registry{endless{w.host}}, time.Millisecond
	if _, err := w.Complete(context.Background(), w.session, callback); err == nil {
		t.Error("the cause is lost")
	}
	w.wantDiagnosis(w.find(s.ID), fairlead.DiagnosisInterrupted, fairlead.RungSecret, "")

	if _, err := w.Resubmit(context.Background(), w.by, s.ID, c.ID, ""); err == nil {
		t.Error("the cause is lost")
	}
	if s = w.find(s.ID); s.State != fairlead.SetupFailed {
		t.Errorf("state %s after the check", s.State)
	}
}

func TestABugInAHostLeavesAnOutcome(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, c.Secret)
	callback := w.granted(s.ID)
	w.Hosts = gitprovider.Registry{broken{w.host}}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is swallowed")
			}
		}()
		_, _ = w.Complete(context.Background(), w.session, callback)
	}()
	w.wantDiagnosis(w.find(s.ID), fairlead.DiagnosisInterrupted, fairlead.RungSecret, "")
	w.wantAstray(w.session, callback, fairlead.DiagnosisAttemptUsed)
}
