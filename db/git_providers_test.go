package db_test

import (
	"context"
	"testing"

	"fairlead"
)

func (w *town) confirmed(by fairlead.Person, s fairlead.Setup) fairlead.GitProvider {
	w.t.Helper()
	g, err := w.ConfirmSetup(context.Background(), as(by), s.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

func TestAConfirmedSetupBecomesExactlyItsProvider(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	s := w.moved(w.begun(priya, "a"), fairlead.SetupVerified)
	w.news()
	g := w.confirmed(priya, s)
	again := w.confirmed(priya, s)
	all, err := w.ListGitProviders(context.Background())
	if err != nil || len(all) != 1 || all[0].ID != g.ID || again.ID != g.ID {
		t.Fatalf("got %+v, %+v, %v", all, again, err)
	}
	if got := all[0]; got.Secret.Reveal() != s.Secret.Reveal() || got.ApplicationID != s.ApplicationID || got.Proof.Account.Name != "Priya" ||
		got.VerifiedBy.Name != priya.Name || got.DisplayName != s.DisplayName || !fairlead.IsID(got.ID, fairlead.PrefixProvider) {
		t.Errorf("got %+v", got)
	}
	w.wantNews("git_provider.created")
}

func TestANameThatIsTakenLeavesTheSetupAsItIs(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	first, second := w.begun(priya, "a"), w.begun(priya, "b")
	if err := w.UpdateDisplayName(context.Background(), as(priya), second.ID, "BITBUCKET A"); err != nil {
		t.Fatal(err)
	}
	w.confirmed(priya, w.moved(first, fairlead.SetupVerified))
	second = w.moved(second, fairlead.SetupVerified)
	_, err := w.ConfirmSetup(context.Background(), as(priya), second.ID)
	wantCode(t, err, fairlead.CodeConflict)
	if got := w.setup(second.ID); got.State != fairlead.SetupVerified {
		t.Errorf("got %s", got.State)
	}
}

func TestWhatIsNotVerifiedIsNotConfirmed(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	s := w.begun(priya, "a")
	for _, state := range []fairlead.SetupState{fairlead.SetupEntered, fairlead.SetupChecking, fairlead.SetupRefused, fairlead.SetupWaiting, fairlead.SetupFailed} {
		w.moved(s, state)
		_, err := w.ConfirmSetup(context.Background(), as(priya), s.ID)
		wantCode(t, err, fairlead.CodeConflict)
	}
	_, err := w.ConfirmSetup(context.Background(), as(priya), "su_nothing")
	wantCode(t, err, fairlead.CodeNotFound)
}

func TestProvidersAreListedByName(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	for _, draft := range []string{"c", "A", "b"} {
		w.confirmed(priya, w.moved(w.begun(priya, draft), fairlead.SetupVerified))
	}
	all, err := w.ListGitProviders(context.Background())
	if err != nil || len(all) != 3 || all[0].SetupID != "su_A" || all[2].SetupID != "su_c" {
		t.Errorf("got %+v, %v", all, err)
	}
}
