package setup_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/setup"
)

func TestOneDraftBecomesOneSetupHoweverOftenItIsSent(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	draft, err := w.NewDraft(context.Background())
	w.must(err)
	var group sync.WaitGroup
	ids := make([]string, 4)
	for i := range ids {
		group.Go(func() {
			s, err := w.Start(context.Background(), w.by, draft, c.ID, c.Secret)
			if err != nil {
				t.Error(err)
			}
			ids[i] = s.ID
		})
	}
	group.Wait()
	if slices.Sort(ids); ids[0] != ids[3] || w.onlySetup() != ids[0] {
		t.Errorf("got %v", ids)
	}
}

func TestBothValuesAreAskedForWhenTheyAreEmpty(t *testing.T) {
	w := newWorld(t)
	draft, err := w.NewDraft(context.Background())
	w.must(err)
	_, err = w.Start(context.Background(), w.by, draft, " \n", "\u200b")
	w.wantCode(err, fairlead.CodeInvalid)
	if fields := fairlead.FieldsOf(err); len(fields) != 2 || fields[0].Field != fairlead.FieldApplicationID || fields[1].Field != fairlead.FieldSecret {
		t.Errorf("got %+v", fields)
	}
	if all, _ := w.List(context.Background()); len(all) != 0 {
		t.Errorf("got %d setups", len(all))
	}
}

func TestWhatIsPastedAlongIsCutOff(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	if s := w.start(" "+c.ID+"\n", "\t"+c.Secret+"\u200b\r\n"); s.State != fairlead.SetupWaiting || s.ApplicationID != c.ID {
		t.Errorf("got %s, %q", s.State, s.ApplicationID)
	}
}

func TestAnEmptySecretKeepsTheStoredOne(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, c.Secret)
	s, err := w.Resubmit(context.Background(), w.by, s.ID, c.ID, "")
	w.must(err)
	if s.State != fairlead.SetupWaiting || s.Secret.Reveal() != c.Secret {
		t.Errorf("got %s", s.State)
	}
}

func TestASecretThatWasRefusedMustBeEnteredAgain(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, "not the secret")
	_, err := w.Resubmit(context.Background(), w.by, s.ID, c.ID, "")
	w.wantCode(err, fairlead.CodeInvalid)
	_, err = w.Continue(context.Background(), w.by, s.ID)
	w.must(err)
	s = w.finish(w.granted(s.ID))
	_, err = w.Resubmit(context.Background(), w.by, s.ID, c.ID, "")
	w.wantCode(err, fairlead.CodeInvalid)
	s, err = w.Resubmit(context.Background(), w.by, s.ID, c.ID, c.Secret)
	w.must(err)
	if s.State != fairlead.SetupWaiting || s.Diagnosis != nil {
		t.Errorf("got %s, %+v", s.State, s.Diagnosis)
	}
}

func TestAnyEditVoidsTheProof(t *testing.T) {
	for name, edit := range map[string]func(id, secret *string){
		"the secret":         func(_, secret *string) { *secret = "another one" },
		"the application ID": func(id, secret *string) { *id, *secret = *id+"x", "" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s, c := w.verified()
			edit(&c.ID, &c.Secret)
			_, err := w.Resubmit(context.Background(), w.by, s.ID, c.ID, c.Secret)
			w.must(err)
			if got := w.find(s.ID); got.State == fairlead.SetupVerified || got.Proof != nil {
				t.Errorf("got %s, %+v", got.State, got.Proof)
			}
			_, err = w.Confirm(context.Background(), w.by, s.ID)
			w.wantCode(err, fairlead.CodeConflict)
		})
	}
}

func TestTheSameValuesAgainKeepTheProof(t *testing.T) {
	w := newWorld(t)
	s, c := w.verified()
	for _, secret := range []string{"", c.Secret} {
		_, err := w.Resubmit(context.Background(), w.by, s.ID, c.ID, secret)
		w.must(err)
	}
	_, err := w.Confirm(context.Background(), w.by, s.ID)
	w.must(err)
}

func TestANewNameKeepsTheProof(t *testing.T) {
	w := newWorld(t)
	s, _ := w.verified()
	w.must(w.Rename(context.Background(), w.by, s.ID, " Our Bitbucket "))
	if got := w.find(s.ID); got.State != fairlead.SetupVerified || got.DisplayName != "Our Bitbucket" {
		t.Errorf("got %s, %q", got.State, got.DisplayName)
	}
}

func TestACallbackThatBelongsToNoGoodAttemptIsExplained(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, c.Secret)
	callback := w.granted(s.ID)
	w.wantAstray(w.session, setup.Callback{Code: callback.Code}, fairlead.DiagnosisCallbackNoState)
	w.wantAstray(w.session, setup.Callback{State: "made up", Code: callback.Code}, fairlead.DiagnosisAttemptUnknown)
	for _, session := range []fairlead.Session{{}, {ID: "se_other", PersonID: w.session.PersonID}} {
		if result := w.wantAstray(session, callback, fairlead.DiagnosisAttemptForeign); result != (setup.Result{}) {
			t.Errorf("a foreign session learned %+v", result)
		}
	}
	w.finish(callback)
	if result := w.wantAstray(w.session, callback, fairlead.DiagnosisAttemptUsed); result != (setup.Result{SetupID: s.ID, Popup: true}) {
		t.Errorf("got %+v", result)
	}
	if w.find(s.ID).State != fairlead.SetupVerified {
		t.Error("a stray callback changed the setup")
	}
}

func TestAnAttemptIsGoodForTenMinutes(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, c.Secret)
	late := w.granted(s.ID)
	w.clock.forward(fairlead.AttemptLife + time.Millisecond)
	w.wantAstray(w.session, late, fairlead.DiagnosisAttemptExpired)
	again := w.window(s.ID)
	w.clock.forward(fairlead.AttemptLife)
	w.faults(bitbucketsim.Faults{ClockSkew: -time.Second}) // the simulator's clock, which moved along
	if s := w.finish(w.trip(priya, again, "grant")); s.State != fairlead.SetupVerified {
		t.Errorf("got %s, %+v", s.State, s.Diagnosis)
	}
}

func TestACallbackForValuesThatChangedIsOutdated(t *testing.T) {
	w := newWorld(t)
	c, other := w.register(), w.register()
	s := w.start(c.ID, c.Secret)
	callback := w.granted(s.ID)
	_, err := w.Resubmit(context.Background(), w.by, s.ID, other.ID, other.Secret)
	w.must(err)
	w.wantAstray(w.session, callback, fairlead.DiagnosisAttemptOutdated)
	if got := w.find(s.ID); got.State != fairlead.SetupWaiting {
		t.Errorf("got %s", got.State)
	}
}

func TestAFourthWindowPushesTheFirstOut(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, c.Secret)
	first := w.granted(s.ID)
	second := w.granted(s.ID)
	w.window(s.ID)
	w.window(s.ID)
	w.wantAstray(w.session, first, fairlead.DiagnosisAttemptOutdated)
	if s := w.finish(second); s.State != fairlead.SetupVerified {
		t.Errorf("got %s", s.State)
	}
}

func TestASecondWindowThatFailsDoesNotTakeAProofAway(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, c.Secret)
	denied := w.trip(priya, w.window(s.ID), "cancel")
	if s := w.finish(w.granted(s.ID)); s.State != fairlead.SetupVerified {
		t.Fatalf("got %s", s.State)
	}
	if s := w.finish(denied); s.State != fairlead.SetupVerified || s.Proof == nil || s.Diagnosis != nil {
		t.Errorf("got %s, %+v, %+v", s.State, s.Proof, s.Diagnosis)
	}
}

func TestACallbackWithNeitherCodeNorErrorIsIncomplete(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	callback := w.granted(w.start(c.ID, c.Secret).ID)
	callback.Code = fairlead.Secret{}
	w.wantDiagnosis(w.finish(callback), fairlead.DiagnosisCallbackIncomplete, fairlead.RungRegistered, "")
}

func TestAVerifiedSetupOpensNoMoreWindows(t *testing.T) {
	w := newWorld(t)
	s, _ := w.verified()
	_, err := w.Authorize(context.Background(), w.session, s.ID, true)
	w.wantCode(err, fairlead.CodeConflict)
	_, err = w.Authorize(context.Background(), w.session, "su_nothing", true)
	w.wantCode(err, fairlead.CodeNotFound)
}

// crash copies what is on the disk while a call to the host hangs, as a kill would leave it, and opens the copy.
func (w *world) crash(call func()) {
	w.t.Helper()
	before := len(w.sim.Requests())
	done := make(chan struct{})
	go func() { defer close(done); call() }()
	for len(w.sim.Requests()) == before && w.t.Context().Err() == nil {
		runtime.Gosched()
	}
	dir := w.t.TempDir()
	w.must(os.CopyFS(filepath.Join(dir, "copy"), os.DirFS(w.dir)))
	w.faults(bitbucketsim.Faults{})
	w.must(w.sim.Close(context.Background())) // lets the call go
	<-done
	w.open(filepath.Join(dir, "copy"))
	w.must(w.Recover(context.Background()))
}

func TestAKillDuringTheExchangeShowsAnInterruptionAndCannotBeReplayed(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, c.Secret)
	callback := w.granted(s.ID)
	w.faults(bitbucketsim.Faults{Hang: true})
	w.crash(func() { _, _ = w.Complete(context.Background(), w.session, callback) })
	s = w.find(s.ID)
	if s.State != fairlead.SetupFailed {
		t.Errorf("state %s, want failed", s.State)
	}
	w.wantDiagnosis(s, fairlead.DiagnosisInterrupted, fairlead.RungSecret, "")
	w.wantAstray(w.session, callback, fairlead.DiagnosisAttemptUsed)

	// Another window is opened, and Fairlead starts again meanwhile: that window is good, and nothing was interrupted.
	w.clock.forward(time.Second)
	w.window(s.ID)
	w.must(w.Recover(context.Background()))
	if s = w.find(s.ID); s.State != fairlead.SetupWaiting || s.Diagnosis != nil {
		t.Errorf("got %s, %+v", s.State, s.Diagnosis)
	}
}

func TestAKillDuringTheCheckShowsAnInterruption(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	w.faults(bitbucketsim.Faults{Hang: true})
	w.crash(func() {
		draft, _ := w.NewDraft(context.Background())
		_, _ = w.Start(context.Background(), w.by, draft, c.ID, c.Secret)
	})
	s := w.find(w.onlySetup())
	w.wantDiagnosis(s, fairlead.DiagnosisInterrupted, fairlead.RungSecret, "")
	if s.State != fairlead.SetupFailed || s.Secret.Reveal() != c.Secret {
		t.Errorf("got %s; the values must be kept", s.State)
	}
}

func TestARestartLeavesWaitingSetupsAlone(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, c.Secret)
	callback := w.granted(s.ID)
	w.must(w.Recover(context.Background()))
	if s := w.finish(callback); s.State != fairlead.SetupVerified {
		t.Errorf("got %s", s.State)
	}
}

func TestABrowserThatGoesAwayDoesNotStopTheOutcome(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, c.Secret)
	callback := w.granted(s.ID)
	ctx, cancel := context.WithCancel(context.Background())
	w.faults(bitbucketsim.Faults{Slow: 30 * time.Millisecond})
	before := len(w.sim.Requests())
	go func() {
		for len(w.sim.Requests()) == before && w.t.Context().Err() == nil {
			runtime.Gosched()
		}
		cancel()
	}()
	_, err := w.Complete(ctx, w.session, callback)
	w.must(err)
	if s = w.find(s.ID); s.State != fairlead.SetupVerified {
		t.Errorf("got %s, %+v", s.State, s.Diagnosis)
	}
}

func TestConfirmedTwiceIsOneProviderAlsoAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	s, _ := w.verified()
	var group sync.WaitGroup
	ids := make([]string, 5)
	for i := range ids {
		group.Go(func() {
			g, err := w.Confirm(context.Background(), w.by, s.ID)
			if err != nil {
				t.Error(err)
			}
			ids[i] = g.ID
		})
	}
	group.Wait()
	all, err := w.ListGitProviders(context.Background())
	w.must(err)
	if slices.Sort(ids); len(all) != 1 || ids[0] != all[0].ID || ids[4] != all[0].ID {
		t.Errorf("got %v, providers %d", ids, len(all))
	}
	if setups, _ := w.List(context.Background()); len(setups) != 0 {
		t.Errorf("%d setups are left", len(setups))
	}
}

func TestOnlyWhatIsVerifiedCanBeConfirmed(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, c.Secret)
	_, err := w.Confirm(context.Background(), w.by, s.ID)
	w.wantCode(err, fairlead.CodeConflict)
	w.finish(w.trip(priya, w.window(s.ID), "cancel"))
	_, err = w.Confirm(context.Background(), w.by, s.ID)
	w.wantCode(err, fairlead.CodeConflict)
	_, err = w.Confirm(context.Background(), w.by, "su_nothing")
	w.wantCode(err, fairlead.CodeNotFound)
}

func TestNamesAreFreeWhenPrefilledAndRefusedWhenTaken(t *testing.T) {
	w := newWorld(t)
	var drafts []string
	for range 3 {
		draft, err := w.NewDraft(context.Background())
		w.must(err)
		drafts = append(drafts, draft.DisplayName)
		w.start("id", "a secret")
	}
	if want := []string{"Bitbucket.org", "Bitbucket.org 2", "Bitbucket.org 3"}; !slices.Equal(drafts, want) {
		t.Errorf("got %v, want %v", drafts, want)
	}

	first, _ := w.verified()
	second, _ := w.verified()
	w.must(w.Rename(context.Background(), w.by, first.ID, "Our Bitbucket"))
	w.must(w.Rename(context.Background(), w.by, second.ID, "OUR bitbucket"))
	_, err := w.Confirm(context.Background(), w.by, first.ID)
	w.must(err)
	_, err = w.Confirm(context.Background(), w.by, second.ID)
	w.wantCode(err, fairlead.CodeConflict)
	if s := w.find(second.ID); s.State != fairlead.SetupVerified {
		t.Errorf("the conflict took the proof away: %s", s.State)
	}
	for _, name := range []string{"our bitbucket", "", " ", strings.Repeat("x", 81)} {
		w.wantCode(w.Rename(context.Background(), w.by, second.ID, name), fairlead.CodeInvalid)
	}
	w.must(w.Rename(context.Background(), w.by, second.ID, "Our other Bitbucket"))
	_, err = w.Confirm(context.Background(), w.by, second.ID)
	w.must(err)
}

func TestASilentHostIsDiagnosedAfterTwoMinutes(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, c.Secret)
	w.clock.forward(setup.NoCallbackAfter - time.Millisecond)
	if d := w.NoCallback(w.find(s.ID)); d != nil {
		t.Errorf("too early: %+v", d)
	}
	w.clock.forward(time.Millisecond)
	d := w.NoCallback(w.find(s.ID))
	if d == nil || d.Code != fairlead.DiagnosisNoCallback {
		t.Fatalf("got %+v", d)
	}
	wantReadable(t, d)
	if w.find(s.ID).State != fairlead.SetupWaiting {
		t.Error("the setup no longer waits")
	}
	s, err := w.Stop(context.Background(), w.by, s.ID)
	w.must(err)
	if d := w.NoCallback(s); d != nil || s.State != fairlead.SetupEntered {
		t.Errorf("stopped: got %s, %+v", s.State, d)
	}
}

func TestTheAuditLogNamesWhoWentToTheHost(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, c.Secret)
	ben := w.join("ben@acme.example", "Ben Ode")
	w.session = fairlead.Session{ID: "se_ben", PersonID: ben.ID} // another owner continues
	w.finish(w.granted(s.ID))
	events, err := w.db.ListAuditEvents(context.Background(), fairlead.AuditFilter{}, fairlead.Cursor{}, 100)
	w.must(err)
	i := slices.IndexFunc(events, func(e fairlead.AuditEvent) bool { return e.Action == "setup.verified" })
	if i < 0 || events[i].Actor.PersonID != ben.ID || events[i].Actor.Name != ben.Name {
		t.Errorf("got %+v", events)
	}
}

func (w *world) join(email, name string) fairlead.Person {
	w.t.Helper()
	link := fairlead.Link{Purpose: fairlead.LinkInvitation, Email: email, Role: fairlead.RoleOwner, ExpiresAt: w.clock.Now().Add(time.Hour)}
	_, err := w.db.CreateLink(context.Background(), w.by, link, fairlead.HashToken(email))
	w.must(err)
	person, err := w.db.CreateMember(context.Background(), fairlead.Actor{}, fairlead.HashToken(email), name, "hash")
	w.must(err)
	return person
}
