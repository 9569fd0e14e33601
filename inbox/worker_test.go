package inbox_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/inbox"
)

// wantWaiting checks that the newest delivery waits, and returns for how long.
func (q *quay) wantWaiting(code fairlead.DiagnosisCode, reason string) time.Duration {
	q.t.Helper()
	d, _ := q.want(fairlead.VerdictWaiting, reason)
	if d.State != fairlead.DeliveryWaiting || (d.Diagnosis == nil) != (code == "") || d.Diagnosis != nil && d.Diagnosis.Code != code {
		q.t.Errorf("got %s, %+v, want %s", d.State, d.Diagnosis, code)
	}
	if d.NextAt.IsZero() {
		return 0
	}
	return d.NextAt.Sub(q.clock.Now())
}

func TestAHostThatFailsForAWhileIsAskedAgainWithLongerPauses(t *testing.T) {
	for name, c := range map[string]struct {
		fault bitbucketsim.Faults
		code  fairlead.DiagnosisCode
	}{
		"500":         {bitbucketsim.Faults{Status: 500, Where: "api"}, fairlead.DiagnosisHostError},
		"503":         {bitbucketsim.Faults{Status: 503, Where: "api"}, fairlead.DiagnosisHostError},
		"410":         {bitbucketsim.Faults{Status: 410, Where: "api"}, fairlead.DiagnosisEndpointRemoved},
		"not there":   {bitbucketsim.Faults{Refuse: true}, fairlead.DiagnosisRefused},
		"other pages": {bitbucketsim.Faults{HTML: true, Where: "api"}, fairlead.DiagnosisNotTheHost},
	} {
		t.Run(name, func(t *testing.T) {
			q := newQuay(t, fairlead.LinkRule{})
			q.main("a.sql")
			q.faults(c.fault)
			for _, pause := range []time.Duration{10 * time.Second, 30 * time.Second, 2 * time.Minute} {
				q.work()
				if got := q.wantWaiting(c.code, "Fairlead tries again by itself."); got != pause {
					t.Errorf("waits for %v, want %v", got, pause)
				}
				q.clock.forward(pause)
			}
			q.faults(bitbucketsim.Faults{})
			q.work()
			if d, _ := q.want(fairlead.VerdictRecorded, "1 commit"); d.Diagnosis != nil || d.Attempts != 4 {
				t.Errorf("got %+v", d)
			}
			q.wantHeads()
		})
	}
}

func TestADeliveryIsGivenUpVisiblyAndTheRegularCheckTriesOnceMore(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.main("a.sql")
	q.faults(bitbucketsim.Faults{Status: 500, Where: "api"})
	for range 7 {
		q.work()
		q.clock.forward(2 * time.Hour)
	}
	d, pushes := q.want(fairlead.VerdictFailed, "Fairlead gave up after 7 attempts.")
	if d.State != fairlead.DeliveryFailed || d.Diagnosis == nil || d.Diagnosis.Code != fairlead.DiagnosisHostError || d.Attempts != 7 || pushes[0].Verdict != fairlead.VerdictFailed {
		t.Errorf("got %+v", d)
	}
	q.faults(bitbucketsim.Faults{})
	if n := q.catchUp(); n != 1 {
		t.Errorf("%d changes were caught up", n)
	}
	q.want(fairlead.VerdictRecorded, "The webhook came, but the host did not answer then.")
	q.wantHeads()
	q.must(q.Reprocess(context.Background(), as(q.ana), d))
	q.work()
	if again, _, _, err := q.Delivery(context.Background(), d.ID); err != nil || again.Verdict != fairlead.VerdictDuplicate {
		t.Errorf("processed again: %+v, %v", again, err)
	}
}

func TestACommitThatIsGoneFailsSoonAndTheOtherChangesAreRecorded(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{Branch: "**"})
	pushed := q.main("a.sql")
	q.work()
	gone := fairlead.RefChange{Type: fairlead.RefBranch, Name: "topic", New: strings.Repeat("ab", 20)}
	body := pushBody(q.link.Repository, gone, fairlead.RefChange{Type: fairlead.RefBranch, Name: "copy", Old: pushed.Changes[0].Old, New: pushed.Changes[0].New})
	_, err := q.deliver(context.Background(), q.link.ID, signed(q.link.Secret, "one", body), body, "192.0.2.1")
	q.must(err)
	for range 3 {
		q.work()
		q.clock.forward(2 * time.Minute)
	}
	d, _, _, err := q.Delivery(context.Background(), q.deliveries()[0].ID)
	q.must(err)
	if d.Verdict != fairlead.VerdictRecorded || d.State != fairlead.DeliveryDone || !strings.Contains(d.Reason, "2 changes: 1 recorded, 1 failed.") ||
		d.Diagnosis == nil || d.Diagnosis.Code != fairlead.DiagnosisCommitMissing {
		t.Errorf("got %+v", d)
	}
}

func TestAnAccessTokenThatTheHostNoLongerTakesIsRenewed(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	_, err := q.sim.ExpireAccessTokens("")
	q.must(err)
	q.main("a.sql")
	q.work()
	if d, _ := q.want(fairlead.VerdictRecorded, "1 commit"); d.Attempts != 1 {
		t.Errorf("took %d attempts", d.Attempts)
	}
}

func TestADeliveryWaitsForADeadConnectionAndGoesOnWhenItIsAlive(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	_, err := q.sim.KillConnections("")
	q.must(err)
	_, err = q.sim.ExpireAccessTokens("")
	q.must(err)
	q.main("a.sql")
	q.main("b.sql")
	q.work()
	q.clock.forward(30 * 24 * time.Hour)
	q.work()
	if next := q.wantWaiting(fairlead.DiagnosisConnectionExpired, "Waits for the connection of Ana."); next != 0 {
		t.Errorf("is due in %v", next)
	}
	if q.fresh().Connection.IsAlive() {
		t.Fatal("the connection is alive")
	}
	q.connect()
	q.work()
	q.want(fairlead.VerdictRecorded, "1 commit")
	if list := q.deliveries(); list[0].Verdict != list[1].Verdict {
		t.Errorf("got %+v", list)
	}
	q.wantHeads()
}

func TestADeliveryWaitsForSomebodyWhoTakesTheLinkOver(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	_, err := q.linking.Disconnect(context.Background(), as(q.ana), q.ana, q.connection().ID)
	q.must(err)
	q.main("a.sql")
	q.push(bitbucketsim.RefChange{Branch: "feature/add-region", Commits: []bitbucketsim.NewCommit{file("b.sql")}})
	q.work()
	q.want(fairlead.VerdictBranch, "") // that needs no connection
	if d := q.deliveries()[1]; d.State != fairlead.DeliveryWaiting || !d.NextAt.IsZero() || !strings.HasPrefix(d.Reason, "This waits for somebody who takes the link over. Ana") {
		t.Errorf("got %+v", d)
	}
	q.connect()
	q.must(q.linking.TakeOver(context.Background(), as(q.ana), q.ana, q.access(), q.fresh()))
	q.work()
	if d := q.deliveries()[1]; d.Verdict != fairlead.VerdictRecorded {
		t.Errorf("got %+v", d)
	}
}

// lateStore lets a connection come alive between the look at it and the parking of a delivery.
type lateStore struct {
	inbox.Store
	revive func()
}

func (s *lateStore) RetryDelivery(ctx context.Context, d fairlead.Delivery, judged []fairlead.Push) error {
	if s.revive != nil && d.NextAt.IsZero() {
		s.revive()
		s.revive = nil
	}
	return s.Store.RetryDelivery(ctx, d, judged)
}

func TestAConnectionThatComesAliveWhileADeliveryIsParkedIsNotMissed(t *testing.T) {
	late := &lateStore{}
	q := newQuay(t, fairlead.LinkRule{}, func(q *quay) {
		q.rewire = func(o *inbox.Options) { late.Store, o.Store = o.Store, late }
	})
	_, err := q.sim.KillConnections("")
	q.must(err)
	_, err = q.sim.ExpireAccessTokens("")
	q.must(err)
	late.revive = func() { q.connect() }
	q.main("a.sql")
	q.work()
	q.want(fairlead.VerdictRecorded, "1 commit")
}

func TestTheSameChangeIsRecordedOnceHoweverOftenItIsTold(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.faults(bitbucketsim.Faults{DuplicateDeliveries: true})
	pushed := q.main("a.sql")
	q.work()
	if n := len(q.deliveries()); n != 1 {
		t.Errorf("got %d deliveries of one that was sent twice", n)
	}
	c := pushed.Changes[0]
	body := pushBody(q.link.Repository, fairlead.RefChange{Type: fairlead.RefBranch, Name: "main", Old: c.Old, New: c.New})
	q.clock.forward(time.Second)
	_, err := q.deliver(context.Background(), q.link.ID, signed(q.link.Secret, "another-id", body), body, "192.0.2.1")
	q.must(err)
	q.work()
	q.want(fairlead.VerdictDuplicate, "The same change was recorded before, on ")
	q.wantHeads()
}

func TestAKilledWorkerLeavesNothingHalfDoneAndAnotherOneFinishes(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.main("a.sql")
	lost, err := q.db.ClaimDeliveries(context.Background(), 2*time.Minute, 1) // by a process that is killed then
	q.must(err)
	q.wire()
	q.work()
	if d, _ := q.last(); d.State != fairlead.DeliveryWorking {
		t.Errorf("got %s", d.State)
	}
	q.clock.forward(2 * time.Minute)
	q.work()
	d, pushes := q.want(fairlead.VerdictRecorded, "1 commit")
	if d.Attempts != 2 || len(pushes) != 1 {
		t.Errorf("got %+v", d)
	}
	// The first one was not killed after all, only slow: it comes too late.
	lost[0].State, lost[0].Verdict = fairlead.DeliveryFailed, fairlead.VerdictFailed
	if err := q.db.FinishDelivery(context.Background(), lost[0], nil, nil); fairlead.CodeOf(err) != fairlead.CodeConflict {
		t.Errorf("got %v", err)
	}
	q.wantHeads()
}

// dyingStore dies instead of storing an outcome.
type dyingStore struct{ inbox.Store }

func (dyingStore) FinishDelivery(context.Context, fairlead.Delivery, []fairlead.Push, []fairlead.RefChange) error {
	return context.Canceled
}

func TestDyingBeforeTheOutcomeIsStoredAndWorkingAgainGivesTheSameRows(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{Branch: "**"}, func(q *quay) {
		q.rewire = func(o *inbox.Options) { o.Store = dyingStore{o.Store} }
	})
	q.push(
		bitbucketsim.RefChange{Branch: "main", Commits: []bitbucketsim.NewCommit{file("a.sql")}},
		bitbucketsim.RefChange{Branch: "topic", Commits: []bitbucketsim.NewCommit{file("b.sql")}},
	)
	if _, err := q.Work(context.Background()); err == nil {
		t.Fatal("it did not die")
	}
	if _, pushes := q.last(); len(pushes) != 0 || slices.Equal(q.heads(), q.hostHeads()) {
		t.Errorf("got %+v", pushes)
	}
	q.rewire = nil
	q.wire()
	q.clock.forward(2 * time.Minute)
	q.work()
	if _, pushes := q.want(fairlead.VerdictRecorded, "2 changes: 2 recorded."); len(pushes) != 2 {
		t.Errorf("got %+v", pushes)
	}
	q.wantHeads()
}

// running runs the flow until the test lets it end.
func (q *quay) running() (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { q.Run(ctx) })
	return func() { cancel(); group.Wait() }
}

// eventually waits until something is so, by the machine's clock.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for range 4000 {
		if is() {
			return
		}
		<-ticker.C
	}
	t.Fatalf("%s: not within 20 seconds", what)
}

func TestWhileItRunsAPushIsRecordedByItselfAndItEndsWithoutLeftovers(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	end := q.running()
	for i := range 5 {
		q.main(fmt.Sprintf("%d.sql", i))
	}
	_, _ = q.deliver(context.Background(), q.link.ID, http.Header{}, nil, "203.0.113.9")
	eventually(t, "all are recorded", func() bool {
		list := q.deliveries()
		return len(list) == 5 && !slices.ContainsFunc(list, func(d fairlead.Delivery) bool { return d.Verdict != fairlead.VerdictRecorded })
	})
	end()
	if got := q.fresh().Rejected; got != 1 {
		t.Errorf("%d refused requests are written down", got)
	}
	q.wantHeads()
}

func TestStoppingGivesBackWhatIsInHandAndTheNextStartGoesOn(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.main("a.sql")
	q.faults(bitbucketsim.Faults{Hang: true, Where: "api"})
	end := q.running()
	eventually(t, "it is being worked off", func() bool { return q.deliveries()[0].State == fairlead.DeliveryWorking })
	end()
	q.faults(bitbucketsim.Faults{})
	if d, _ := q.last(); d.State != fairlead.DeliveryWaiting || d.NextAt.After(q.clock.Now()) {
		t.Errorf("got %+v", d)
	}
	q.wire()
	q.work()
	q.want(fairlead.VerdictRecorded, "1 commit")
}

func TestALinkWhoseHostHangsKeepsTheOthersGoing(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	other := q.linked("acme-data/billing-db", fairlead.LinkRule{Branch: "master"})
	q.faults(bitbucketsim.Faults{Hang: true, PathPrefix: "/2.0/repositories/{}/" + q.link.Repository.ID})
	q.main("a.sql")
	end := q.running()
	defer end()
	_, err := q.sim.Push("acme-data/billing-db", "master", file("b.sql"))
	q.must(err)
	q.settle()
	eventually(t, "the other link's push is recorded", func() bool {
		list, _, err := q.Deliveries(context.Background(), fairlead.DeliveryFilter{LinkID: other.ID}, fairlead.Cursor{}, 1)
		return err == nil && len(list) == 1 && list[0].Verdict == fairlead.VerdictRecorded
	})
	if d, _ := q.last(); d.State != fairlead.DeliveryWorking {
		t.Errorf("the link with the host that hangs is %s", d.State)
	}
}
