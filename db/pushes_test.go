package db_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
)

// hash is a commit's full hash that begins with a few characters.
func hash(beginning string) string { return beginning + strings.Repeat("0", 40-len(beginning)) }

// push is a change of a branch; its commits are the one that it ended with and the one before.
func push(branch, old, new string, verdict fairlead.Verdict) fairlead.Push {
	p := fairlead.Push{
		Change: fairlead.RefChange{Type: fairlead.RefBranch, Name: branch, Old: old, New: new}, Verdict: verdict, Reason: "Because.", Actor: "Ana Brandt",
	}
	if verdict == fairlead.VerdictRecorded || verdict == fairlead.VerdictCaughtUp {
		p.Matched = 1
		p.Comparison = fairlead.Comparison{
			Commits: []fairlead.Commit{{Hash: new, Message: "Second", Author: "Ana", At: time.UnixMilli(1_000).UTC()}, {Hash: hash("abcdef1" + branch[:1]), Message: "First"}},
			Files:   []fairlead.ChangedFile{{Path: "migrations/1.sql", Kind: fairlead.FileAdded, Matched: true}, {Path: "README", OldPath: "R", Kind: fairlead.FileRenamed}},
		}
	}
	return p
}

// pushed lets a delivery come and be worked off with one push.
func (w *town) pushed(l fairlead.RepositoryLink, hostID string, pushes ...fairlead.Push) fairlead.Delivery {
	w.t.Helper()
	w.arrived(l, hostID)
	v := w.claimed()
	w.finish(v, pushes)
	return v
}

func (w *town) found(l fairlead.RepositoryLink, hash string) (branches []string) {
	w.t.Helper()
	pushes, err := w.FindPushesByCommit(context.Background(), l.ID, hash)
	w.must(err)
	for _, p := range pushes {
		branches = append(branches, p.Change.Name)
	}
	return branches
}

func TestPushesComeBackInTheOrderOfTheirDelivery(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	_, l := w.oneLink()
	tag := fairlead.Push{Change: fairlead.RefChange{Type: fairlead.RefTag, Name: "main", New: "t1", Forced: true}, Verdict: fairlead.VerdictTag, Reason: "No tags."}
	v := w.pushed(l, "d1", push("zoo", "a", "b", fairlead.VerdictRecorded), tag, push("alpha", "a", "", fairlead.VerdictDeletion))
	got, err := w.ListPushes(ctx, v.ID)
	if err != nil || len(got) != 3 {
		t.Fatal(got, err)
	}
	for i, want := range []fairlead.Push{push("zoo", "a", "b", fairlead.VerdictRecorded), tag, push("alpha", "a", "", fairlead.VerdictDeletion)} {
		want.ID, want.DeliveryID, want.LinkID, want.At, want.Position, want.Told = got[i].ID, v.ID, l.ID, w.now, i, v.Place
		if !fairlead.IsID(got[i].ID, fairlead.PrefixPush) || !reflect.DeepEqual(got[i], want) {
			t.Errorf("got %+v, want %+v", got[i], want)
		}
		if one, err := w.FindPush(ctx, l.ID, want.Change); err != nil || one.ID != got[i].ID {
			t.Errorf("got %+v, %v", one, err)
		}
	}
	_, err = w.FindPush(ctx, l.ID, fairlead.RefChange{Type: fairlead.RefTag, Name: "zoo", Old: "a", New: "b"})
	wantCode(t, err, fairlead.CodeNotFound)
}

func TestAChangeIsOnePushHoweverOftenItIsTold(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	_, l := w.oneLink()
	first := w.pushed(l, "d1", push("main", "a0", "a1", fairlead.VerdictRecorded))
	again := w.pushed(l, "d2", push("main", "a0", "a1", fairlead.VerdictDuplicate))
	late := w.pushed(l, "d3", push("main", "a0", "a1", fairlead.VerdictPath)) // whatever a later one makes of it
	p, err := w.FindPush(ctx, l.ID, push("main", "a0", "a1", "").Change)
	if err != nil || p.DeliveryID != first.ID || p.Verdict != fairlead.VerdictRecorded || len(p.Comparison.Files) != 2 {
		t.Errorf("got %+v, %v", p, err)
	}
	for _, v := range []fairlead.Delivery{again, late} {
		if pushes, err := w.ListPushes(ctx, v.ID); err != nil || len(pushes) != 0 {
			t.Errorf("got %+v, %v", pushes, err)
		}
	}
}

func TestAnIgnoredChangeCanBeRecordedByALaterDelivery(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	_, l := w.oneLink()
	first := w.pushed(l, "d1", push("main", "a0", hash("a111111"), fairlead.VerdictBranch))
	before, err := w.FindPush(ctx, l.ID, push("main", "a0", hash("a111111"), "").Change)
	w.must(err)
	w.pushed(l, "d2", push("main", "a0", hash("a111111"), fairlead.VerdictDuplicate))
	later := w.pushed(l, "d3", push("main", "a0", hash("a111111"), fairlead.VerdictCaughtUp))
	after, err := w.FindPush(ctx, l.ID, before.Change)
	if err != nil || after.ID != before.ID || before.DeliveryID != first.ID || after.DeliveryID != later.ID || after.Verdict != fairlead.VerdictCaughtUp || after.Matched != 1 {
		t.Errorf("got %+v, then %+v, %v", before, after, err)
	}
	if got := w.found(l, "a111111"); !slices.Equal(got, []string{"main"}) {
		t.Errorf("found by its commit: %v", got)
	}
}

func TestADeliveryThatIsProcessedAgainReplacesItsOwnPushes(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	v := w.pushed(l, "d1", push("dev", "a0", hash("a111111"), fairlead.VerdictRecorded))
	w.must(w.ReprocessDelivery(ctx, as(priya), v.ID))
	w.finish(w.claimed(), []fairlead.Push{push("dev", "a0", hash("a111111"), fairlead.VerdictPath)})
	pushes, err := w.ListPushes(ctx, v.ID)
	if err != nil || len(pushes) != 1 || pushes[0].Verdict != fairlead.VerdictPath || len(pushes[0].Comparison.Files) != 0 {
		t.Errorf("got %+v, %v", pushes, err)
	}
	if got := w.found(l, hash("abcdef1d")); len(got) != 0 {
		t.Errorf("found by a commit that it no longer has: %v", got)
	}
}

func TestAPushIsFoundByEachOfItsCommits(t *testing.T) {
	w := newTown(t)
	priya, l := w.oneLink()
	other := w.linked(priya, l.Project, l.Connection, "acme/other")
	w.pushed(l, "d1", push("beta", "a0", hash("a1b2c3d4"), fairlead.VerdictRecorded))
	w.now = w.now.Add(time.Minute)
	w.pushed(l, "d2", push("delta", "a0", hash("a1b2c3d5"), fairlead.VerdictBranch))
	w.now = w.now.Add(time.Minute)
	w.pushed(l, "d3", push("gone", hash("a1b2c3d4"), "", fairlead.VerdictDeletion))
	for typed, want := range map[string][]string{
		hash("a1b2c3d4"): {"beta"}, "a1b2c3d": {"delta", "beta"}, "A1B2C3D5": {"delta"}, hash("abcdef1b"): {"beta"}, "abcdef1": {"beta"},
		"a1b2c3": nil, "": nil, "a1b2c3d4e": nil, "a1b2c3g": nil, "%": nil, hash("a1b2c3d4") + "0": nil,
	} {
		if got := w.found(l, typed); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", typed, got, want)
		}
	}
	if got := w.found(other, "a1b2c3d"); got != nil {
		t.Errorf("another link: got %v", got)
	}
}

// open is a change that the head of its branch may not have gone over.
func open(branch, old, new string) fairlead.Push {
	p := push(branch, old, new, fairlead.VerdictRecorded)
	p.Open = true
	return p
}

func (w *town) wantOpen(l fairlead.RepositoryLink, want ...string) {
	w.t.Helper()
	pushes, err := w.ListOpenPushes(context.Background(), l.ID, 100)
	w.must(err)
	got := []string{}
	for _, p := range pushes {
		got = append(got, p.Change.Name+" "+p.Change.Old+" "+p.Change.New)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("open are %q, want %q", got, want)
	}
}

func TestAChangeIsOpenUntilTheHeadGoesOverIt(t *testing.T) {
	w := newTown(t)
	priya, l := w.oneLink()
	come := func(id string, source fairlead.DeliverySource, p fairlead.Push) fairlead.Delivery {
		t.Helper()
		a := w.arrival(l, id)
		a.Delivery.Source = source
		_, err := w.SaveArrivals(context.Background(), []fairlead.Arrival{a})
		w.must(err)
		v := w.claimed()
		w.finish(v, []fairlead.Push{p}, p.Change)
		return v
	}
	come("d1", fairlead.SourceWebhook, open("main", "a0", "a1"))
	w.wantOpen(l)
	early := come("d2", fairlead.SourceWebhook, open("main", "a2", "a3"))
	w.wantOpen(l, "main a2 a3")
	come("d3", fairlead.SourceCatchUp, open("main", "a1", "a2"))
	w.wantHeads(l, "main a2")
	w.wantOpen(l, "main a2 a3")
	w.compared(l, []fairlead.Head{{Ref: fairlead.BranchRef("main"), Hash: "a3"}}, "main")
	w.wantOpen(l)
	w.must(w.ReprocessDelivery(context.Background(), as(priya), early.ID))
	w.finish(w.claimed(), []fairlead.Push{open("main", "a2", "a3")})
	w.wantOpen(l) // it lies behind, however often it is processed
	again := open("main", "a0", "a1")
	again.Verdict = fairlead.VerdictDuplicate
	come("d4", fairlead.SourceWebhook, again)
	w.wantOpen(l) // told late
	come("d5", fairlead.SourceCatchUp, again)
	w.wantOpen(l, "main a0 a1") // missing once more
	if told, err := w.LastTold(context.Background(), l.ID, fairlead.BranchRef("main")); err != nil || told != w.delivery(l, "d5").Place {
		t.Errorf("told last by %d, %v", told, err)
	}
	w.must(w.UpdateLinkRule(context.Background(), as(priya), l.ID, fairlead.LinkRule{Branch: "side"}, nil))
	w.wantOpen(l)
}

func TestWhatAnEarlierTryJudgedStaysUntilItIsProcessedAgain(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	w.arrived(l, "d1")
	v := w.claimed()
	v.NextAt, v.Attempts = w.now, 0
	w.must(w.RetryDelivery(ctx, v, []fairlead.Push{push("main", "a0", hash("a111111"), fairlead.VerdictRecorded)}))
	kept, err := w.FindPush(ctx, l.ID, moved("main", "a0", hash("a111111")))
	w.must(err)
	again := w.claimed()
	if again.Attempts != 1 || again.Claim != v.Claim+1 || kept.Stale {
		t.Errorf("got %+v, %+v", again, kept)
	}
	kept.Reason = "Not stored once more."
	w.finish(again, []fairlead.Push{kept, push("main", hash("a111111"), "a2", fairlead.VerdictRecorded)})
	if pushes, err := w.ListPushes(ctx, v.ID); err != nil || len(pushes) != 2 || pushes[0].Reason != "Because." {
		t.Errorf("got %+v, %v", pushes, err)
	}
	w.must(w.ReprocessDelivery(ctx, as(priya), v.ID))
	if stale, err := w.FindPush(ctx, l.ID, kept.Change); err != nil || !stale.Stale {
		t.Errorf("got %+v, %v", stale, err)
	}
}

func TestAPushIsFoundByEveryCommitThatWasReadAndSaysWhenNotAllWere(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	_, l := w.oneLink()
	p := push("main", "a0", hash("a111111"), fairlead.VerdictRecorded)
	p.Hashes = []string{hash("a111111"), hash("abcdef1"), hash("c0ffee1")}
	w.pushed(l, "d1", p)
	if got := w.found(l, "c0ffee1"); !slices.Equal(got, []string{"main"}) {
		t.Errorf("got %v", got)
	}
	want := func(want bool) {
		t.Helper()
		if got, err := w.HasIncomplete(ctx, l.ID, "main"); err != nil || got != want {
			t.Errorf("got %v, %v", got, err)
		}
	}
	want(false)
	p = push("main", hash("a111111"), "a2", fairlead.VerdictRecorded)
	p.Incomplete = true
	w.pushed(l, "d2", p)
	want(true)
}

func TestAChangeIsFoundInTheOneOfTheRegularCheckThatGoesOverIt(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	_, l := w.oneLink()
	a := w.arrival(l, "d1")
	a.Delivery.Source = fairlead.SourceCatchUp
	_, err := w.SaveArrivals(ctx, []fairlead.Arrival{a})
	w.must(err)
	p := push("main", "a0", "a3", fairlead.VerdictRecorded)
	p.Hashes = []string{"a3", "a2", "a1"}
	w.finish(w.claimed(), []fairlead.Push{p})
	w.pushed(l, "d2", push("main", "b0", "b1", fairlead.VerdictRecorded)) // by the webhook
	forced := moved("main", "x", "a2")
	forced.Forced = true
	for c, want := range map[fairlead.RefChange]bool{
		moved("main", "a0", "a1"): true, moved("main", "a1", "a2"): true, moved("main", "a2", "a3"): true, moved("main", "x", "a2"): true,
		moved("main", "a3", "a1"): false, moved("side", "a1", "a2"): false, forced: false, moved("main", "a3", "a4"): false, moved("main", "b0", "b1"): false,
	} {
		_, err := w.FindPushAround(ctx, l.ID, c)
		if (err == nil) != want || err != nil && fairlead.CodeOf(err) != fairlead.CodeNotFound {
			t.Errorf("%+v: got %v, want %v", c, err, want)
		}
	}
}
