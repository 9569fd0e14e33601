package db_test

import (
	"context"
	"testing"
	"time"

	"fairlead"
)

// begun is a setup of Priya's in the state "checking".
func (w *town) begun(priya fairlead.Person, draft string) fairlead.Setup {
	w.t.Helper()
	s, made, err := w.CreateSetup(context.Background(), as(priya), fairlead.Setup{
		ID: "su_" + draft, DraftID: draft, Kind: fairlead.KindBitbucketCloud, InstanceURL: "https://bitbucket.org", DisplayName: "Bitbucket " + draft,
		ApplicationID: "id", Secret: fairlead.NewSecret("correct-horse-battery"), State: fairlead.SetupChecking, CreatedBy: priya,
	})
	if err != nil || !made {
		w.t.Fatal(made, err)
	}
	return s
}

// moved writes where a setup stands.
func (w *town) moved(s fairlead.Setup, state fairlead.SetupState) fairlead.Setup {
	w.t.Helper()
	s.State, s.WaitingSince = state, w.now
	if state == fairlead.SetupVerified {
		s.Proof = &fairlead.Proof{Account: fairlead.Account{ID: "{1}", Name: "Priya"}, At: w.now}
	}
	if err := w.UpdateState(context.Background(), fairlead.System(), s); err != nil {
		w.t.Fatal(err)
	}
	return w.setup(s.ID)
}

func (w *town) setup(id string) fairlead.Setup {
	w.t.Helper()
	s, err := w.FindSetup(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func TestASetupComesBackAsItWasStored(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	s := w.begun(priya, "a")
	s.Reach = fairlead.Reach{Reached: true, Took: time.Second, Scopes: []string{"account"}}
	s.Diagnosis = &fairlead.Diagnosis{Code: fairlead.DiagnosisDNS, Fix: []string{"Look."}, At: w.now}
	got := w.moved(s, fairlead.SetupRefused)
	if got.Secret.Reveal() != "correct-horse-battery" || got.CreatedBy.Name != priya.Name || got.Diagnosis.Fix[0] != "Look." || got.Proof != nil ||
		got.Reach.Took != time.Second || !got.WaitingSince.Equal(w.now) || got.Digest == "" {
		t.Errorf("got %+v", got)
	}
}

func TestSetupsAreListedNewestFirst(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	w.begun(priya, "a")
	w.now = w.now.Add(time.Second)
	w.begun(priya, "b")
	all, err := w.ListSetups(context.Background())
	if err != nil || len(all) != 2 || all[0].DraftID != "b" {
		t.Errorf("got %+v, %v", all, err)
	}
}

func TestAStateForOldValuesIsNotWritten(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	old := w.begun(priya, "a")
	if _, err := w.UpdateCredentials(context.Background(), as(priya), old.ID, "another id", fairlead.Secret{}); err != nil {
		t.Fatal(err)
	}
	if got := w.moved(old, fairlead.SetupVerified); got.State != fairlead.SetupChecking || got.Proof != nil || got.Secret.IsZero() {
		t.Errorf("got %s, %+v", got.State, got.Proof)
	}
}

func TestAProofStaysWhenSomethingLaterFails(t *testing.T) {
	w := newTown(t)
	s := w.begun(w.founded(), "a")
	w.moved(s, fairlead.SetupVerified)
	if got := w.moved(s, fairlead.SetupFailed); got.State != fairlead.SetupVerified || got.Proof == nil {
		t.Errorf("got %s, %+v", got.State, got.Proof)
	}
}

func TestChangesOfASetupThatIsGoneAreNotFound(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	_, err := w.FindSetup(context.Background(), "su_nothing")
	wantCode(t, err, fairlead.CodeNotFound)
	_, err = w.UpdateCredentials(context.Background(), as(priya), "su_nothing", "id", fairlead.Secret{})
	wantCode(t, err, fairlead.CodeNotFound)
	wantCode(t, w.UpdateDisplayName(context.Background(), as(priya), "su_nothing", "name"), fairlead.CodeNotFound)
	wantCode(t, w.UpdateOwner(context.Background(), fairlead.System(), "su_nothing", "acme"), fairlead.CodeNotFound)
}

func TestEveryChangeOfASetupIsInTheAuditLog(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	w.news()
	s := w.begun(priya, "a")
	if _, err := w.UpdateCredentials(context.Background(), as(priya), s.ID, "b", fairlead.Secret{}); err != nil {
		t.Fatal(err)
	}
	if err := w.UpdateDisplayName(context.Background(), as(priya), s.ID, "Ours"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.CancelSetup(context.Background(), as(priya), s.ID); err != nil {
			t.Fatal(err)
		}
	}
	w.wantNews("setup.cancelled", "setup.changed", "setup.renamed", "setup.started")
}
