package inbox_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/inbox"
)

// rule changes what the link follows.
func (q *quay) rule(branch string) {
	q.t.Helper()
	rule := q.fresh().Rule
	rule.Branch = branch
	q.must(q.linking.ChangeRule(context.Background(), as(q.ana), q.access(), q.fresh(), rule))
	q.link = q.fresh()
}

// steps are the recorded changes of a branch, oldest first, by the beginnings of their hashes.
func (q *quay) steps(branch string) (all []string) {
	q.t.Helper()
	list := q.deliveries()
	slices.Reverse(list)
	for _, d := range list {
		_, pushes, _, err := q.Delivery(context.Background(), d.ID)
		q.must(err)
		for _, p := range pushes {
			if p.Change.Name == branch {
				all = append(all, fmt.Sprintf("%.6s %.6s %s", p.Change.Old, p.Change.New, p.Verdict))
			}
		}
	}
	return all
}

func TestWhatABranchDidBeforeItWasFollowedAgainIsNotMadeUp(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	a := q.main("a.sql").Changes[0]
	b := q.main("b.sql").Changes[0]
	q.work()
	q.push(bitbucketsim.RefChange{Branch: "other", Commits: []bitbucketsim.NewCommit{file("o.sql")}})
	q.work()
	q.rule("other")
	q.lose("c.sql")
	q.rule("main")
	e := q.lose("d.sql").Changes[0]
	if n := q.catchUp(); n != 1 {
		t.Errorf("found %d", n)
	}
	q.wantHeads()
	want := []string{
		fmt.Sprintf("%.6s %.6s recorded", a.Old, a.New), fmt.Sprintf("%.6s %.6s recorded", b.Old, b.New), fmt.Sprintf("%.6s %.6s caught_up", e.Old, e.New),
	}
	if got := q.steps("main"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAChangeThatIsToldLateIsNoPlaceToComeFrom(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.faults(bitbucketsim.Faults{ReorderDeliveries: true}) // held back
	a := q.main("a.sql").Changes[0]
	b := q.lose("b.sql").Changes[0]
	q.catchUp()
	q.faults(bitbucketsim.Faults{})
	q.settle()
	q.work()
	q.want(fairlead.VerdictDuplicate, "together with later ones")
	c := q.lose("c.sql").Changes[0]
	if n := q.catchUp(); n != 1 {
		t.Errorf("found %d", n)
	}
	want := []string{
		fmt.Sprintf("%.6s %.6s caught_up", a.Old, b.New), fmt.Sprintf("%.6s %.6s ignored_duplicate", a.Old, a.New), fmt.Sprintf("%.6s %.6s caught_up", c.Old, c.New),
	}
	if got := q.steps("main"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	q.wantHeads()
}

func TestABranchThatIsPutBackAndForthIsNeverSilent(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	first := q.lose("a.sql").Changes[0]
	q.catchUp()
	for round := range 3 {
		q.push(bitbucketsim.RefChange{Branch: "main", From: "main~1", Force: true})
		q.work()
		q.clock.forward(time.Minute)
		before := len(q.deliveries())
		q.faults(bitbucketsim.Faults{DropDeliveries: true})
		q.push(bitbucketsim.RefChange{Branch: "main", From: first.New, Force: true})
		q.faults(bitbucketsim.Faults{})
		if n := q.catchUp(); n != 1 || len(q.deliveries()) != before+1 {
			t.Fatalf("round %d: found %d", round, n)
		}
		d, pushes := q.want(fairlead.VerdictDuplicate, "The regular check recorded the same change before, on ")
		if d.Source != fairlead.SourceCatchUp || len(pushes) != 0 || d.Head != first.New {
			t.Errorf("got %+v, %+v", d, pushes)
		}
		q.wantHeads()
	}
}

func TestAFailingHostDoesNotUndoWhatAPushMovedMeanwhile(t *testing.T) {
	hooked := &during{}
	q := newQuay(t, fairlead.LinkRule{Branch: "**"}, func(q *quay) {
		q.rewire = func(o *inbox.Options) { hooked.Caller, o.Caller = o.Caller, hooked }
	})
	q.clock.forward(16 * time.Minute)
	for _, fault := range []bitbucketsim.Faults{{Status: 500, Where: "api"}, {}} {
		hooked.do = func() {
			hooked.do = nil
			q.push(bitbucketsim.RefChange{Branch: "new/" + fmt.Sprint(fault.Status), Commits: []bitbucketsim.NewCommit{file("n.sql")}})
			q.main(fmt.Sprintf("%d.sql", fault.Status))
			q.work()
			q.faults(fault)
		}
		q.look()
		q.faults(bitbucketsim.Faults{})
		q.wantHeads()
		q.clock.forward(16 * time.Minute)
	}
	if n := q.catchUp(); n != 0 {
		t.Errorf("found %d", n)
	}
}

// during is a caller in whose next call something happens first.
type during struct {
	inbox.Caller
	do func()
}

func (c *during) Call(ctx context.Context, id string, background bool, do func(context.Context, fairlead.Secret) error) error {
	if happens := c.do; background && happens != nil {
		happens()
	}
	return c.Caller.Call(ctx, id, background, do)
}
