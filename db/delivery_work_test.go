package db_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"fairlead"
)

const lease = 2 * time.Minute

// claims takes what is due, by the host's ids.
func (w *town) claims(limit int) (ids []string) {
	w.t.Helper()
	claimed, err := w.ClaimDeliveries(context.Background(), lease, limit)
	w.must(err)
	for _, v := range claimed {
		ids = append(ids, v.HostID)
	}
	return ids
}

// claimed takes the one that is due first.
func (w *town) claimed() fairlead.Delivery {
	w.t.Helper()
	claimed, err := w.ClaimDeliveries(context.Background(), lease, 1)
	w.must(err)
	if len(claimed) != 1 {
		w.t.Fatal("nothing is due")
	}
	return claimed[0]
}

// finish ends a claimed delivery as recorded.
func (w *town) finish(v fairlead.Delivery, pushes []fairlead.Push, moves ...fairlead.RefChange) {
	w.t.Helper()
	for i := range pushes {
		pushes[i].Position = i
	}
	v.State, v.Verdict, v.Reason = fairlead.DeliveryDone, fairlead.VerdictRecorded, "Recorded."
	w.must(w.FinishDelivery(context.Background(), v, pushes, moves))
}

// moved is a change of a branch.
func moved(branch, from, to string) fairlead.RefChange {
	return fairlead.RefChange{Type: fairlead.RefBranch, Name: branch, Old: from, New: to}
}

// finishAll works off everything that a link has waiting.
func (w *town) finishAll(l fairlead.RepositoryLink) error {
	for {
		has, err := w.HasUnfinished(context.Background(), l.ID)
		if err != nil || !has {
			return err
		}
		w.finish(w.claimed(), nil)
	}
}

func (w *town) wantClaims(limit int, want ...string) {
	w.t.Helper()
	if got := w.claims(limit); !slices.Equal(got, want) {
		w.t.Errorf("claimed %v, want %v", got, want)
	}
}

func TestOfEachLinkOneDeliveryIsWorkedOffAtATimeTheOldestFirst(t *testing.T) {
	w := newTown(t)
	priya, a := w.oneLink()
	b, c := w.linked(priya, a.Project, a.Connection, "acme/b"), w.linked(priya, a.Project, a.Connection, "acme/c")
	w.arrived(c, "c1")
	w.now = w.now.Add(time.Second)
	w.arrived(a, "a1", "a2")
	w.now = w.now.Add(time.Second)
	w.arrived(b, "b1", "b2")
	w.wantClaims(2, "c1", "a1")
	w.wantClaims(9, "b1")
	w.wantClaims(9)
	a1 := w.delivery(a, "a1")
	if a1.State != fairlead.DeliveryWorking || a1.Attempts != 1 || !a1.NextAt.IsZero() {
		t.Errorf("got %+v", a1)
	}
	w.finish(a1, nil)
	w.wantClaims(9, "a2")
}

func TestALinkIsClaimedByOneWorkerOnlyAlsoAtTheSameTime(t *testing.T) {
	w := newTown(t)
	_, l := w.oneLink()
	w.arrived(l, "d1", "d2", "d3", "d4")
	claim := func() error {
		got, err := w.ClaimDeliveries(context.Background(), lease, 4)
		if err == nil && len(got) == 0 {
			err = errors.New("nothing is due")
		}
		return err
	}
	if won := together(claim, claim, claim, claim); won != 1 {
		t.Errorf("%d workers have the link", won)
	}
}

func TestADeliveryOfAWorkerThatDiedIsDueAgainAndTheDeadOneComesTooLate(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	_, l := w.oneLink()
	w.arrived(l, "d1", "d2")
	dead := w.claimed()
	w.now = w.now.Add(lease - time.Millisecond)
	w.wantClaims(9)
	w.now = w.now.Add(time.Millisecond)
	next := w.claimed()
	if next.ID != dead.ID || next.Attempts != 2 {
		t.Errorf("got %+v", next)
	}
	dead.State = fairlead.DeliveryDone
	wantCode(t, w.FinishDelivery(ctx, dead, []fairlead.Push{push("main", "a0", "a1", fairlead.VerdictRecorded)}, []fairlead.RefChange{moved("main", "a0", "a1")}), fairlead.CodeConflict)
	wantCode(t, w.RetryDelivery(ctx, dead, nil), fairlead.CodeConflict)
	if pushes, err := w.ListPushes(ctx, dead.ID); err != nil || len(pushes) != 0 {
		t.Errorf("got %+v, %v", pushes, err)
	}
	w.wantHeads(l, "main a0")
	w.finish(next, nil)
	w.wantClaims(9, "d2")
}

func TestADeliveryThatIsTriedLaterLetsTheNextOnePass(t *testing.T) {
	w := newTown(t)
	_, l := w.oneLink()
	w.arrived(l, "d1", "d2")
	v := w.claimed()
	v.NextAt, v.Reason, v.Diagnosis = w.now.Add(10*time.Second), "Bitbucket did not answer.", &fairlead.Diagnosis{Code: fairlead.DiagnosisTimeout}
	w.must(w.RetryDelivery(context.Background(), v, nil))
	got := w.delivery(l, "d1")
	if got.State != fairlead.DeliveryWaiting || got.Verdict != fairlead.VerdictWaiting || !got.NextAt.Equal(v.NextAt) || got.Reason != v.Reason ||
		got.Diagnosis.Code != fairlead.DiagnosisTimeout || got.Attempts != 1 {
		t.Errorf("got %+v", got)
	}
	w.finish(w.claimed(), nil)
	w.wantClaims(9)
	w.now = v.NextAt
	again := w.claimed()
	if again.HostID != "d1" || again.Attempts != 2 {
		t.Errorf("got %+v", again)
	}
	again.Diagnosis = nil
	w.finish(again, nil)
	if got := w.delivery(l, "d1"); got.Diagnosis != nil || got.Took() != 10*time.Second || !got.NextAt.IsZero() {
		t.Errorf("got %+v", got)
	}
}

func TestParkedDeliveriesAreDueWhenTheConnectionLivesAgain(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	other := w.linked(priya, l.Project, w.connected(priya, fairlead.GitProvider{ID: l.ProviderID, ApplicationID: "id"}, "another"), "acme/other")
	w.arrived(l, "d1", "d2")
	w.arrived(other, "o1")
	for range 3 {
		v := w.claimed()
		v.NextAt, v.Reason = time.Time{}, "It waits for the connection of Priya Raman."
		w.must(w.RetryDelivery(ctx, v, nil))
	}
	w.now = w.now.Add(24 * time.Hour)
	w.wantClaims(9)
	w.arrived(l, "d3")
	w.connected(priya, fairlead.GitProvider{ID: l.ProviderID, ApplicationID: "id"}, "priya")
	if got := w.delivery(l, "d1"); !got.NextAt.Equal(w.now) {
		t.Errorf("got %+v", got)
	}
	for _, id := range []string{"d1", "d2", "d3"} { // in their order
		w.wantClaims(9, id)
		w.finish(w.delivery(l, id), nil)
	}
	w.wantClaims(9)
	w.must(w.UpdateLinkConnection(ctx, as(priya), other.ID, l.Connection.ID))
	w.wantClaims(9, "o1")
}

func TestALinkIsUnfinishedWhileItsDeliveriesWaitOrAreWorkedOff(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	other := w.linked(priya, l.Project, l.Connection, "acme/other")
	want := func(want bool) {
		t.Helper()
		if got, err := w.HasUnfinished(ctx, l.ID); err != nil || got != want {
			t.Errorf("got %v, %v", got, err)
		}
	}
	w.arrived(other, "o1")
	want(false)
	w.arrived(l, "d1")
	want(true)
	w.claims(2)
	v := w.delivery(l, "d1")
	want(true)
	w.must(w.RetryDelivery(ctx, v, nil)) // parked
	want(true)
	w.must(w.ReprocessDelivery(ctx, as(priya), v.ID))
	w.finish(w.claimed(), nil)
	want(false)
}

func TestAVerdictIsStoredWithWhatListsShow(t *testing.T) {
	w := newTown(t)
	_, l := w.oneLink()
	w.arrived(l, "d1")
	v := w.claimed()
	w.now = w.now.Add(3 * time.Second)
	v.State, v.Verdict, v.Reason = fairlead.DeliveryDone, fairlead.VerdictRecorded, "3 files changed."
	v.Ref, v.RefType, v.More, v.Forced, v.Commits, v.Files, v.Actor, v.Head = "v1.1", fairlead.RefTag, 2, 1, 5, 3, "Ana Brandt", "a1"
	w.must(w.FinishDelivery(context.Background(), v, nil, nil))
	want := v
	want.FinishedAt, want.NextAt = w.now, time.Time{}
	if got := w.delivery(l, "d1"); got != want || got.Took() != 3*time.Second {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEveryVerdictIsShownByTheFilterItBelongsTo(t *testing.T) {
	w := newTown(t)
	_, l := w.oneLink()
	for i, verdict := range fairlead.Verdicts() {
		if verdict == fairlead.VerdictWaiting {
			continue
		}
		id := fmt.Sprint(i)
		w.arrived(l, id)
		v := w.claimed()
		v.State, v.Verdict = fairlead.DeliveryDone, verdict
		w.must(w.FinishDelivery(context.Background(), v, nil, nil))
		for show, want := range map[fairlead.Showing]bool{
			fairlead.ShowAll: true, fairlead.ShowRecorded: verdict == fairlead.VerdictRecorded, fairlead.ShowIgnored: verdict.IsIgnored(),
			fairlead.ShowAttention: verdict.NeedsAttention(),
		} {
			ids, _ := w.log(fairlead.DeliveryFilter{LinkID: l.ID, Show: show}, fairlead.Cursor{}, 100)
			if slices.Contains(ids, id) != want {
				t.Errorf("%s under %q: want %v", verdict, show, want)
			}
		}
	}
}

func TestWhatIsParkedWhileItsConnectionComesAliveIsResumed(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	w.arrived(l, "d1", "d2")
	parked := w.claimed()
	w.must(w.RetryDelivery(ctx, parked, nil))
	later := w.claimed()
	later.NextAt = w.now.Add(time.Hour)
	w.must(w.RetryDelivery(ctx, later, nil))
	w.must(w.ResumeParked(ctx, l.ID))
	w.wantClaims(9, "d1") // the other has its own time
	w.must(w.RetryDelivery(ctx, w.delivery(l, "d1"), nil))
	_, err := w.RemoveConnection(ctx, as(priya), l.Connection.ID, "Priya Raman disconnected it.")
	w.must(err, w.ResumeParked(ctx, l.ID))
	w.wantClaims(9)
}

// backlog parks more deliveries than one transaction takes.
func (w *town) backlog(l fairlead.RepositoryLink) (n int) {
	w.t.Helper()
	var ids []string
	for i := range 450 {
		ids = append(ids, fmt.Sprint("b", i))
	}
	w.arrived(l, ids...)
	for range ids {
		w.must(w.RetryDelivery(context.Background(), w.claimed(), nil))
	}
	w.wantClaims(9)
	return len(ids)
}

// count counts the deliveries of a link.
func (w *town) count(l fairlead.RepositoryLink, is func(fairlead.Delivery) bool) (n int) {
	w.t.Helper()
	page, err := w.ListDeliveries(context.Background(), fairlead.DeliveryFilter{LinkID: l.ID}, fairlead.Cursor{}, 1000)
	w.must(err)
	for _, v := range page {
		if is(v) {
			n++
		}
	}
	return n
}

func TestALongBacklogIsDueInPartsAndNothingOfItIsForgotten(t *testing.T) {
	w := newTown(t)
	priya, l := w.oneLink()
	all := w.backlog(l)
	w.now = w.now.Add(time.Hour)
	w.must(w.UpdateLinkConnection(context.Background(), as(priya), l.ID, l.Connection.ID))
	due := func(v fairlead.Delivery) bool { return !v.NextAt.IsZero() && !v.NextAt.After(w.now) }
	if n := w.count(l, due); n != 200 {
		t.Errorf("%d are due at once", n)
	}
	for range all {
		w.finish(w.claimed(), nil)
	}
	w.wantClaims(9)
}

func TestARemovedLinkLeavesItsBacklogToTheWorker(t *testing.T) {
	w := newTown(t)
	priya, l := w.oneLink()
	all := w.backlog(l)
	w.must(w.RemoveRepositoryLink(context.Background(), as(priya), l.ID, ""))
	done := func(v fairlead.Delivery) bool { return v.State == fairlead.DeliveryDone }
	n := w.count(l, done)
	if n != 200 {
		t.Errorf("%d are ended at once", n)
	}
	for range all - n {
		w.finish(w.claimed(), nil)
	}
	w.wantClaims(9)
}
