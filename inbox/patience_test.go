package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/inbox"
)

func TestAHostThatAsksForAPauseGetsItAndNothingIsGivenUpForIt(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{25 * time.Minute: 25 * time.Minute, 0: 10 * time.Minute} {
		q := newQuay(t, fairlead.LinkRule{})
		for i := range 8 {
			q.main(fmt.Sprintf("%d.sql", i))
		}
		q.push(bitbucketsim.RefChange{Branch: "topic", Commits: []bitbucketsim.NewCommit{file("x")}})
		q.faults(bitbucketsim.Faults{Status: 429, RetryAfter: asked, Where: "api"})
		before := len(q.sim.Requests())
		q.work()
		if n := len(q.sim.Requests()) - before; n != 1 {
			t.Errorf("asked for a pause, the host got %d calls", n)
		}
		q.want(fairlead.VerdictBranch, "") // that needs no host
		for _, d := range q.deliveries()[1:] {
			if d.State != fairlead.DeliveryWaiting || d.NextAt.Sub(q.clock.Now()) != want || d.Attempts != 0 || d.Diagnosis.Code != fairlead.DiagnosisRateLimited ||
				!strings.Contains(d.Reason, "Fairlead goes on when the pause that the host asked for is over.") {
				t.Errorf("got %+v", d)
			}
		}
		for range 9 { // more than the tries of a delivery
			q.clock.forward(2 * time.Hour)
			q.work()
		}
		q.faults(bitbucketsim.Faults{})
		q.clock.forward(2 * time.Hour)
		q.work()
		for _, d := range q.deliveries()[1:] {
			if d.Verdict != fairlead.VerdictRecorded || d.Attempts != 1 {
				t.Errorf("got %+v", d)
			}
		}
		q.wantHeads()
	}
}

// refusing is a caller whose host refuses what somebody must put right.
type refusing struct {
	inbox.Caller
	d     *fairlead.Diagnosis
	calls int
}

func (r *refusing) Call(ctx context.Context, id string, background bool, do func(context.Context, fairlead.Secret) error) error {
	if r.d != nil {
		r.calls++
		return r.d
	}
	return r.Caller.Call(ctx, id, background, do)
}

func TestWhatSomebodyMustPutRightIsWaitedForAndNotTriedUntilItFails(t *testing.T) {
	for _, code := range []fairlead.DiagnosisCode{fairlead.DiagnosisCredentials, fairlead.DiagnosisSecretWrong, fairlead.DiagnosisPermissionMissing} {
		r := &refusing{}
		q := newQuay(t, fairlead.LinkRule{}, func(q *quay) {
			q.rewire = func(o *inbox.Options) { r.Caller, o.Caller = o.Caller, r }
		})
		q.main("a.sql")
		q.main("b.sql")
		r.d = &fairlead.Diagnosis{Code: code, Title: "It is refused"}
		for range 20 {
			q.work()
			if got := q.wantWaiting(code, "It is refused. This waits until that is put right;"); got != time.Hour {
				t.Errorf("looks again in %v", got)
			}
			q.clock.forward(time.Hour)
		}
		if r.calls != 20 {
			t.Errorf("asked %d times in 20 hours", r.calls)
		}
		r.d = nil
		q.connect() // which counts at once
		q.work()
		for _, d := range q.deliveries() {
			if d.Verdict != fairlead.VerdictRecorded {
				t.Errorf("got %+v", d)
			}
		}
		q.wantHeads()
	}
}

// crashing is a caller in which something panics.
type crashing struct {
	inbox.Caller
	on bool
}

func (c *crashing) Call(ctx context.Context, id string, background bool, do func(context.Context, fairlead.Secret) error) error {
	if c.on {
		panic("an answer that nobody thought of")
	}
	return c.Caller.Call(ctx, id, background, do)
}

func TestAPanicEndsNothingButTheTryAndTheLastOneVisibly(t *testing.T) {
	c := &crashing{}
	q := newQuay(t, fairlead.LinkRule{Branch: "**"}, func(q *quay) {
		q.rewire = func(o *inbox.Options) { c.Caller, o.Caller = o.Caller, c }
	})
	q.main("a.sql")
	c.on = true
	for range 7 {
		if _, err := q.Work(context.Background()); err == nil || !strings.Contains(err.Error(), "an answer that nobody thought of") {
			t.Fatalf("the log says %v", err)
		}
		q.clock.forward(2 * time.Hour)
	}
	q.work()
	d, _ := q.want(fairlead.VerdictFailed, "Fairlead could not process this and gave up after 7 attempts.")
	if d.State != fairlead.DeliveryFailed {
		t.Errorf("got %+v", d)
	}
	if _, err := q.CatchUp(context.Background()); err == nil {
		t.Error("the regular check tells nobody")
	}
	c.on = false
	q.catchUp()
	q.want(fairlead.VerdictCaughtUp, "1 commit")
	q.wantHeads()
}

func TestADeliveryInWhichTheProcessEndsAgainAndAgainIsGivenUp(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.main("a.sql")
	for range 7 {
		if claimed, err := q.db.ClaimDeliveries(context.Background(), 2*time.Minute, 1); err != nil || len(claimed) != 1 { // by a process that is killed then
			t.Fatalf("got %+v, %v", claimed, err)
		}
		q.clock.forward(2 * time.Minute)
	}
	q.work()
	q.want(fairlead.VerdictFailed, "gave up after 7 attempts")
}

func TestAnErrorThatHasNoNameIsGivenUpVisiblyToo(t *testing.T) {
	caller := &stingy{}
	q := newQuay(t, fairlead.LinkRule{}, func(q *quay) {
		q.rewire = func(o *inbox.Options) { caller.Caller, o.Caller = o.Caller, broken{o.Caller} }
	})
	q.main("a.sql")
	for range 7 {
		_, _ = q.Work(context.Background())
		q.clock.forward(2 * time.Hour)
	}
	q.want(fairlead.VerdictFailed, "gave up after 7 attempts. Its log says more.")
}

// broken is a caller that fails by itself, as with a full disk.
type broken struct{ inbox.Caller }

func (broken) Call(context.Context, string, bool, func(context.Context, fairlead.Secret) error) error {
	return errors.New("the disk is full")
}

func TestADeliveryOfManyChangesGoesOnWhereTheLastTryStopped(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{Branch: "**"})
	var changes []bitbucketsim.RefChange
	for i := range 6 {
		changes = append(changes, bitbucketsim.RefChange{Branch: fmt.Sprintf("topic/%d", i), Commits: []bitbucketsim.NewCommit{file(fmt.Sprintf("%d.sql", i))}})
	}
	q.push(changes...)
	q.faults(bitbucketsim.Faults{Status: 500, Where: "api", PathPrefix: "/2.0/repositories/{}/" + q.link.Repository.ID + "/diffstat/" + q.branch("topic/3")})
	q.work()
	_, pushes := q.want(fairlead.VerdictWaiting, "Fairlead tries again by itself.")
	judged := len(pushes)
	q.faults(bitbucketsim.Faults{})
	before := q.compared()
	q.clock.forward(time.Minute)
	q.work()
	if _, pushes = q.want(fairlead.VerdictRecorded, "6 changes: 6 recorded."); len(pushes) != 6 || pushes[3].Change.Name != "topic/3" {
		t.Errorf("got %+v", pushes)
	}
	if n := q.compared() - before; judged == 0 || n != 6-judged {
		t.Errorf("the host was asked about %d changes, after %d had their verdict", n, judged)
	}
	q.wantHeads()
	d := q.deliveries()[0]
	q.must(q.Reprocess(context.Background(), as(q.ana), d))
	before = q.compared()
	q.work()
	if n := q.compared() - before; n != 6 {
		t.Errorf("processed again from the beginning, the host was asked about %d", n)
	}
}

func TestTheMainBranchIsAskedForOnceForAllNewBranchesOfADelivery(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{Branch: "**"})
	var changes []bitbucketsim.RefChange
	for i := range 5 {
		changes = append(changes, bitbucketsim.RefChange{Branch: fmt.Sprintf("topic/%d", i), Commits: []bitbucketsim.NewCommit{file(fmt.Sprintf("%d.sql", i))}})
	}
	q.push(changes...)
	before := len(q.sim.Requests())
	q.work()
	q.want(fairlead.VerdictRecorded, "5 changes: 5 recorded.")
	if n := len(q.sim.Requests()) - before; n != 2+5*2 { // repository and branch; then files and commits of each
		t.Errorf("the host got %d calls", n)
	}
}

// branch is where a branch stands at the host.
func (q *quay) branch(name string) string {
	q.t.Helper()
	r, err := q.sim.Repository(orders)
	q.must(err)
	return r.Branches[name]
}

// compared counts the comparisons that the host was asked for.
func (q *quay) compared() (n int) {
	for _, r := range q.sim.Requests() {
		if strings.Contains(fmt.Sprintf("%+v", r), "/diffstat/") {
			n++
		}
	}
	return n
}

func TestWhatWaitsForAConnectionIsGivenUpWhenItsPayloadAgesOut(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	_, err := q.sim.KillConnections("")
	q.must(err)
	_, err = q.sim.ExpireAccessTokens("")
	q.must(err)
	q.main("a.sql")
	q.work()
	q.clock.forward(89 * 24 * time.Hour)
	q.must(q.Sweep(context.Background()))
	q.wantWaiting(fairlead.DiagnosisConnectionExpired, "Waits for the connection of Ana")
	q.clock.forward(2 * 24 * time.Hour)
	q.must(q.Sweep(context.Background()))
	d, _ := q.want(fairlead.VerdictFailed, "Nobody put right what this waited for in time")
	if _, _, payload, err := q.Delivery(context.Background(), d.ID); err != nil || payload.Body != nil {
		t.Errorf("the payload is still kept, %v", err)
	}
	q.connect()
	if n := q.catchUp(); n != 1 {
		t.Errorf("%d were caught up", n)
	}
	q.want(fairlead.VerdictCaughtUp, "1 commit")
	q.wantHeads()
}
