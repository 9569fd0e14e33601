package db_test

import (
	"context"
	"fmt"
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
		want.ID, want.DeliveryID, want.LinkID, want.At = got[i].ID, v.ID, l.ID, w.now
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

func TestTheStepsOfARefAreListedNewestFirst(t *testing.T) {
	w := newTown(t)
	_, l := w.oneLink()
	for i, step := range [][2]string{{"a0", "a1"}, {"a1", "a2"}, {"a2", "a1"}, {"a1", "a0"}} {
		w.pushed(l, fmt.Sprint(i), push("main", step[0], step[1], fairlead.VerdictRecorded), push("side", step[0], step[1], fairlead.VerdictBranch))
		w.now = w.now.Add(time.Duration(i%2) * time.Second) // two at each instant
	}
	pushes, err := w.ListRefPushes(context.Background(), l.ID, fairlead.RefBranch, "main", 3)
	w.must(err)
	got := []string{}
	for _, p := range pushes {
		got = append(got, p.Change.Old+" "+p.Change.New)
	}
	if !slices.Equal(got, []string{"a1 a0", "a2 a1", "a1 a2"}) {
		t.Errorf("got %v", got)
	}
}
