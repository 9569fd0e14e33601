package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/inbox"
)

// look is one round of the regular check.
func (q *quay) look() int {
	q.t.Helper()
	n, err := q.CatchUp(context.Background())
	q.must(err)
	return n
}

func TestALostPushIsFoundByTheRegularCheckAfterAMinuteOfGrace(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	lost := q.lose("a.sql")
	q.clock.forward(16 * time.Minute)
	for _, wait := range []time.Duration{59 * time.Second, time.Second} {
		if n := q.look(); n != 0 || len(q.deliveries()) != 0 {
			t.Fatalf("found %d before the grace was over", n)
		}
		q.clock.forward(wait)
	}
	if n := q.look(); n != 1 {
		t.Fatalf("found %d", n)
	}
	q.work()
	d, pushes := q.want(fairlead.VerdictCaughtUp, "The webhook never came. The regular check found it 1 minute later. 1 commit and 1 changed file.")
	if d.Source != fairlead.SourceCatchUp || !strings.HasPrefix(d.HostID, "catch-up:") || len(d.HostID) != len("catch-up:")+32 ||
		pushes[0].Change.New != lost.Changes[0].New || pushes[0].Change.Old != lost.Changes[0].Old || d.Head != pushes[0].Change.New || d.Ref != "main" {
		t.Errorf("got %+v", d)
	}
	q.wantHeads()
	if n := q.catchUp(); n != 0 {
		t.Errorf("found %d more", n)
	}
}

func TestAWebhookThatIsLateEndsTheSuspicion(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.faults(bitbucketsim.Faults{ReorderDeliveries: true}) // the delivery is held back
	q.main("a.sql")
	q.clock.forward(16 * time.Minute)
	q.look()
	q.faults(bitbucketsim.Faults{}) // and let go
	q.settle()
	q.work()
	q.want(fairlead.VerdictRecorded, "1 commit")
	if n := q.catchUp(); n != 0 {
		t.Errorf("found %d", n)
	}
}

func TestAWebhookThatComesAfterTheRegularCheckTellsNothingNew(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	first, second := q.lose("a.sql"), q.lose("b.sql")
	if n := q.catchUp(); n != 1 {
		t.Fatalf("found %d", n)
	}
	for _, c := range []bitbucketsim.PushedChange{first.Changes[0], second.Changes[0]} {
		body := pushBody(q.link.Repository, fairlead.RefChange{Type: fairlead.RefBranch, Name: "main", Old: c.Old, New: c.New})
		_, err := q.deliver(context.Background(), q.link.ID, signed(q.link.Secret, c.New[:8], body), body, "192.0.2.1")
		q.must(err)
		q.work()
		q.clock.forward(time.Second)
		q.want(fairlead.VerdictDuplicate, "The regular check recorded this change before, together with later ones.")
	}
	if n := q.catchUp(); n != 0 {
		t.Errorf("found %d more", n)
	}
	q.wantHeads()
}

func TestWhatIsLostBetweenTwoThatArriveIsFoundAloneAndOnce(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.main("a.sql")
	lost := q.lose("b.sql")
	q.main("c.sql")
	q.work()
	if n := q.catchUp(); n != 1 {
		t.Fatalf("found %d", n)
	}
	d, pushes := q.want(fairlead.VerdictCaughtUp, "1 commit and 1 changed file")
	if pushes[0].Change.New != lost.Changes[0].New || d.Commits != 1 {
		t.Errorf("got %+v", pushes)
	}
	q.wantHeads()
}

func TestPushesInAnotherOrderNeedNoCatchingUp(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.faults(bitbucketsim.Faults{ReorderDeliveries: true})
	q.main("a.sql")
	q.main("b.sql")
	q.faults(bitbucketsim.Faults{})
	q.settle()
	q.work()
	if n := q.catchUp(); n != 0 || len(q.deliveries()) != 2 {
		t.Errorf("found %d", n)
	}
	q.wantHeads()
}

func TestLostNewAndRemovedBranchesAreFoundToo(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{Branch: "**", Deletions: true})
	q.faults(bitbucketsim.Faults{DropDeliveries: true})
	q.push(bitbucketsim.RefChange{Branch: "release/1", Commits: []bitbucketsim.NewCommit{file("r.sql")}})
	q.push(bitbucketsim.RefChange{Branch: "feature/add-region", Delete: true})
	q.faults(bitbucketsim.Faults{})
	if n := q.catchUp(); n != 2 {
		t.Errorf("found %d", n)
	}
	reasons := []string{}
	for _, d := range q.deliveries() {
		reasons = append(reasons, d.Ref+": "+string(d.Verdict)+": "+d.Reason)
	}
	slices.Sort(reasons)
	want := []string{
		"feature/add-region: caught_up: The webhook never came. The regular check found it 2 minutes later. The branch feature/add-region was removed.",
		"release/1: caught_up: The webhook never came. The regular check found it 2 minutes later. The branch release/1 is new. 1 commit and 1 changed file.",
	}
	if !slices.Equal(reasons, want) {
		t.Errorf("got %q", reasons)
	}
	q.wantHeads()
}

func TestALostForcedPushIsFound(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.main("a.sql")
	q.main("b.sql")
	q.work()
	q.faults(bitbucketsim.Faults{DropDeliveries: true})
	q.push(bitbucketsim.RefChange{Branch: "main", From: "main~1", Force: true})
	q.faults(bitbucketsim.Faults{})
	if n := q.catchUp(); n != 1 {
		t.Fatalf("found %d", n)
	}
	_, pushes := q.want(fairlead.VerdictCaughtUp, "1 changed file")
	if f := pushes[0].Comparison.Files; f[0].Kind != fairlead.FileRemoved || f[0].Path != "b.sql" {
		t.Errorf("got %+v", f)
	}
	q.wantHeads()
}

func TestALinkWithoutAWebhookLivesByTheRegularCheck(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{}, func(q *quay) { q.host.ReachesPrivate = false })
	if q.link.Webhook.ID != "" {
		t.Fatal("there is a webhook")
	}
	q.main("a.sql")
	q.catchUp()
	d, _ := q.want(fairlead.VerdictRecorded, "Found by the regular check: this link has no webhook. 1 commit and 1 changed file.")
	if d.Source != fairlead.SourceCatchUp {
		t.Errorf("got %+v", d)
	}
	q.wantHeads()
}

func TestCatchingUpByHandIsAtOnce(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.lose("a.sql")
	n, err := q.SyncNow(context.Background(), q.fresh())
	q.must(err)
	q.work()
	q.want(fairlead.VerdictCaughtUp, "Found when somebody asked. 1 commit")
	if n != 1 {
		t.Errorf("found %d", n)
	}
	if n, err := q.SyncNow(context.Background(), q.fresh()); n != 0 || err != nil {
		t.Errorf("again: found %d, %v", n, err)
	}
	q.wantHeads()
}

func TestAPausedLinkIsNotCaughtUp(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.lose("a.sql")
	_, err := q.linking.Disconnect(context.Background(), as(q.ana), q.ana, q.connection().ID)
	q.must(err)
	if n := q.catchUp(); n != 0 {
		t.Errorf("found %d", n)
	}
	if _, err := q.SyncNow(context.Background(), q.fresh()); fairlead.CodeOf(err) != fairlead.CodeConflict {
		t.Errorf("got %v", err)
	}
}

func TestWhileDeliveriesWaitNothingIsCaughtUp(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.main("a.sql")
	for range 3 {
		q.clock.forward(16 * time.Minute)
		if n := q.look(); n != 0 {
			t.Errorf("found %d that wait", n)
		}
	}
	q.work()
	q.want(fairlead.VerdictRecorded, "")
}

func TestEachLinkCostsOneCallInEachRound(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.linked("acme-data/billing-db", fairlead.LinkRule{Branch: "*"})
	q.clock.forward(16 * time.Minute)
	before := len(q.sim.Requests())
	q.look()
	q.look() // nothing is due
	if n := len(q.sim.Requests()) - before; n != 2 {
		t.Errorf("2 links cost %d calls", n)
	}
}

func TestAHostThatDoesNotAnswerTheRegularCheckIsAskedAgainAfterTheInterval(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.lose("a.sql")
	q.faults(bitbucketsim.Faults{Status: 500, Where: "api"})
	q.clock.forward(16 * time.Minute)
	q.look()
	heads := q.heads()
	before := len(q.sim.Requests())
	q.clock.forward(5 * time.Minute)
	q.look()
	if len(q.sim.Requests()) != before {
		t.Error("it was asked again at once")
	}
	q.faults(bitbucketsim.Faults{})
	if n := q.catchUp(); n != 1 || len(heads) != 1 {
		t.Errorf("found %d, heads were %v", n, heads)
	}
	q.wantHeads()
}

// stingy is a caller whose budget for the background is used up.
type stingy struct {
	inbox.Caller
	calls int
	used  bool
}

func (s *stingy) Call(ctx context.Context, id string, background bool, do func(context.Context, fairlead.Secret) error) error {
	if background && s.used {
		s.calls++
		return errors.New("later")
	}
	return s.Caller.Call(ctx, id, background, do)
}

func TestALinkKeepsItsPlaceWhileTheBudgetIsUsedUp(t *testing.T) {
	caller := &stingy{used: true}
	q := newQuay(t, fairlead.LinkRule{}, func(q *quay) {
		q.rewire = func(o *inbox.Options) { caller.Caller, o.Caller = o.Caller, caller }
	})
	synced := q.fresh().SyncedAt
	q.clock.forward(16 * time.Minute)
	q.look()
	if got := q.fresh().SyncedAt; !got.Equal(synced) || caller.calls != 1 {
		t.Errorf("it lost its place: %v", got)
	}
	caller.used = false
	q.look()
	if got := q.fresh().SyncedAt; !got.Equal(q.clock.Now()) {
		t.Errorf("its turn did not come: %v", got)
	}
}

func TestALostPushOfABranchThatNeverRestsIsFoundAfterTenMinutes(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.clock.forward(16 * time.Minute)
	for minute := range 11 {
		q.lose(fmt.Sprintf("%d.sql", minute))
		if n := q.look(); n != minute/10 {
			t.Errorf("minute %d: found %d", minute, n)
		}
		q.clock.forward(time.Minute)
	}
	q.work()
	q.want(fairlead.VerdictCaughtUp, "The regular check found it 10 minutes later. 11 commits and 11 changed files.")
	q.wantHeads()
}

func TestAPushBackToWhereTheRegularCheckHasBeenIsRecorded(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.lose("a.sql")
	q.lose("b.sql")
	q.catchUp()
	q.push(bitbucketsim.RefChange{Branch: "main", From: "main~1", Force: true})
	q.work()
	q.want(fairlead.VerdictRecorded, "The branch main was replaced by a forced push. 0 commits and 1 changed file.")
	q.wantHeads()
}
