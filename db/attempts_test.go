package db_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"fairlead"
)

// attempted mints an attempt of a setup; its state is its id.
func (w *town) attempted(s fairlead.Setup, id string) fairlead.Attempt {
	w.t.Helper()
	a := fairlead.Attempt{
		ID: id, SetupID: s.ID, SessionID: "se_1", PersonID: s.CreatedBy.ID, Verifier: fairlead.NewSecret("verifier of " + id), Digest: s.Digest, Popup: true,
		CreatedAt: w.now, ExpiresAt: w.now.Add(fairlead.AttemptLife),
	}
	if err := w.CreateAttempt(context.Background(), a, fairlead.HashToken(id)); err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *town) attempt(id string) fairlead.Attempt {
	w.t.Helper()
	a, err := w.FindAttempt(context.Background(), fairlead.HashToken(id))
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func TestAnAttemptIsFoundByTheHashOfItsStateOnly(t *testing.T) {
	w := newTown(t)
	s := w.begun(w.founded(), "a")
	w.attempted(s, "at_1")
	got := w.attempt("at_1")
	if got.Purpose != fairlead.AttemptSetup || got.Verifier.Reveal() != "verifier of at_1" || !got.Popup || got.SetupID != s.ID || !got.SpentAt.IsZero() || w.setup(s.ID).State != fairlead.SetupWaiting {
		t.Errorf("got %+v", got)
	}
	for _, wrong := range []string{"", "at_1"} {
		_, err := w.FindAttempt(context.Background(), wrong)
		wantCode(t, err, fairlead.CodeNotFound)
	}
}

func TestAnAttemptIsSpentOnceAlsoAtTheSameTime(t *testing.T) {
	w := newTown(t)
	w.attempted(w.begun(w.founded(), "a"), "at_1")
	spend := func() error {
		spent, err := w.SpendAttempt(context.Background(), "at_1")
		if err == nil && !spent {
			err = errors.New("spent before")
		}
		return err
	}
	if n := together(spend, spend, spend, spend); n != 1 {
		t.Errorf("spent %d times", n)
	}
}

func TestTheNewestThreeAttemptsStayGood(t *testing.T) {
	w := newTown(t)
	s := w.begun(w.founded(), "a")
	for _, id := range []string{"at_1", "at_2", "at_3", "at_4"} {
		w.attempted(s, id)
	}
	if first := w.attempt("at_1"); !first.Cancelled || !first.Verifier.IsZero() {
		t.Errorf("got %+v", first)
	}
	for _, id := range []string{"at_2", "at_3", "at_4"} {
		if w.attempt(id).Cancelled {
			t.Errorf("%s is cancelled", id)
		}
	}
	if spent, err := w.SpendAttempt(context.Background(), "at_1"); spent || err != nil {
		t.Errorf("a cancelled attempt was spent: %v", err)
	}
}

func TestNoAttemptIsMintedForValuesThatChangedOrAreProven(t *testing.T) {
	w := newTown(t)
	s := w.begun(w.founded(), "a")
	outdated := fairlead.Attempt{ID: "at_1", SetupID: s.ID, Digest: "another", CreatedAt: w.now, ExpiresAt: w.now}
	wantCode(t, w.CreateAttempt(context.Background(), outdated, "hash"), fairlead.CodeNotFound)
	w.moved(s, fairlead.SetupVerified)
	proven := fairlead.Attempt{ID: "at_2", SetupID: s.ID, Digest: s.Digest, CreatedAt: w.now, ExpiresAt: w.now}
	wantCode(t, w.CreateAttempt(context.Background(), proven, "hash"), fairlead.CodeNotFound)
	if _, err := w.FindAttempt(context.Background(), "hash"); fairlead.CodeOf(err) != fairlead.CodeNotFound {
		t.Errorf("an attempt is left: %v", err)
	}
}

func TestAnOutcomeForOldValuesLeavesTheSetupAlone(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	s := w.begun(priya, "a")
	a := w.attempted(s, "at_1")
	if _, err := w.UpdateCredentials(context.Background(), as(priya), s.ID, "another", fairlead.Secret{}); err != nil {
		t.Fatal(err)
	}
	s.State, a.Outcome = fairlead.SetupFailed, fairlead.DiagnosisDenied
	if err := w.FinishAttempt(context.Background(), a, s); err != nil {
		t.Fatal(err)
	}
	if got := w.setup(s.ID).State; got != fairlead.SetupChecking || w.attempt("at_1").Outcome != fairlead.DiagnosisDenied {
		t.Errorf("got %s", got)
	}
}

func TestOldAttemptsAreForgottenADayAfterTheirEnd(t *testing.T) {
	w := newTown(t)
	s := w.begun(w.founded(), "a")
	w.attempted(s, "at_1")
	w.now = w.now.Add(24*time.Hour + fairlead.AttemptLife)
	w.attempted(s, "at_2")
	w.attempt("at_1")
	w.now = w.now.Add(time.Millisecond)
	w.attempted(s, "at_3")
	_, err := w.FindAttempt(context.Background(), fairlead.HashToken("at_1"))
	wantCode(t, err, fairlead.CodeNotFound)
}

func TestOnlyWhatWasUnderWayIsInterrupted(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	checking := w.begun(priya, "checking")
	w.attempted(w.begun(priya, "waiting"), "at_1")
	trip := w.begun(priya, "trip")
	w.attempted(trip, "at_2")
	done := w.begun(priya, "done")
	a := w.attempted(done, "at_3")
	for _, id := range []string{"at_2", "at_3"} {
		if spent, err := w.SpendAttempt(context.Background(), id); !spent || err != nil {
			t.Fatal(err)
		}
	}
	done.State = fairlead.SetupFailed
	if err := w.FinishAttempt(context.Background(), a, done); err != nil {
		t.Fatal(err)
	}
	got, err := w.ListInterrupted(context.Background())
	if err != nil || len(got) != 2 || got[0].ID != checking.ID || got[1].ID != trip.ID {
		t.Errorf("got %+v, %v", got, err)
	}
}
