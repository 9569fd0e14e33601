package db_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
)

// heads lists how far a link has followed each branch, as "branch hash" or "branch hash suspect?".
func (w *town) heads(l fairlead.RepositoryLink) []string {
	w.t.Helper()
	heads, err := w.ListHeads(context.Background(), l.ID)
	w.must(err)
	all := []string{}
	for _, h := range heads {
		line := h.Ref.Name + " " + h.Hash
		if !h.SuspectAt.IsZero() {
			line = strings.TrimSpace(line) + " " + h.Suspect + "?"
		}
		all = append(all, line)
	}
	return all
}

func (w *town) wantHeads(l fairlead.RepositoryLink, want ...string) {
	w.t.Helper()
	if got := w.heads(l); !slices.Equal(got, want) {
		w.t.Errorf("got heads %q, want %q", got, want)
	}
}

// compared stores what a comparison made of the heads, and of which branches everything told lies behind.
func (w *town) compared(l fairlead.RepositoryLink, heads []fairlead.Head, behind ...string) {
	w.t.Helper()
	s := w.asked(l)
	s.After = heads
	for _, branch := range behind {
		s.Behind = append(s.Behind, fairlead.BranchRef(branch))
	}
	w.must(w.SaveHeads(context.Background(), l.ID, s))
}

// asked is a comparison that begins now.
func (w *town) asked(l fairlead.RepositoryLink) fairlead.HeadSync {
	w.t.Helper()
	place, err := w.LastPlace(context.Background())
	w.must(err)
	heads, err := w.ListHeads(context.Background(), l.ID)
	w.must(err)
	return fairlead.HeadSync{At: w.now, Place: place, Before: heads}
}

func TestAComparisonReplacesTheHeads(t *testing.T) {
	w := newTown(t)
	priya, l := w.oneLink()
	w.must(w.UpdateLinkRule(context.Background(), as(priya), l.ID, fairlead.LinkRule{Branch: "**"}, nil))
	linked := w.now
	w.now = w.now.Add(time.Minute)
	heads := []fairlead.Head{
		{Ref: fairlead.BranchRef("main"), Hash: "a0", Suspect: "a1", SuspectAt: w.now, FollowedAt: linked}, {Ref: fairlead.BranchRef("new"), Suspect: "n1", SuspectAt: w.now, FollowedAt: w.now},
	}
	w.compared(l, heads)
	w.wantHeads(l, "main a0 a1?", "new n1?")
	if got := w.repositoryLink(l.ID).SyncedAt; !got.Equal(w.now) {
		t.Errorf("compared at %v", got)
	}
	if got, err := w.ListHeads(context.Background(), l.ID); err != nil || got[0] != heads[0] || got[1] != heads[1] {
		t.Errorf("got %+v, %v", got, err)
	}
	w.compared(l, []fairlead.Head{{Ref: fairlead.BranchRef("main"), Hash: "a1"}})
	w.wantHeads(l, "main a1")
	w.compared(l, nil)
	w.wantHeads(l)
}

func TestAHostThatDidNotAnswerLeavesTheHeadsAsTheyAre(t *testing.T) {
	w := newTown(t)
	_, l := w.oneLink()
	w.now = w.now.Add(time.Minute)
	w.must(w.MarkSynced(context.Background(), l.ID, w.now))
	w.wantHeads(l, "main a0")
	if got := w.repositoryLink(l.ID).SyncedAt; !got.Equal(w.now) {
		t.Errorf("asked at %v", got)
	}
}

func TestAPushThatCameWhileTheHostAnsweredIsNotUndone(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	w.must(w.UpdateLinkRule(ctx, as(priya), l.ID, fairlead.LinkRule{Branch: "**"}, nil))
	s := w.asked(l) // and everything else happens in the same millisecond
	w.arrived(l, "d1", "d2")
	w.finish(w.claimed(), nil, moved("main", "a0", "a1"), moved("fresh", "", "f1"))
	s.After = []fairlead.Head{{Ref: fairlead.BranchRef("main"), Hash: "a0", Suspect: "a1", SuspectAt: w.now}}
	w.must(w.SaveHeads(ctx, l.ID, s))
	w.wantHeads(l, "fresh f1", "main a1")
	w.finish(w.claimed(), nil, moved("fresh", "f1", ""))
	s.After = []fairlead.Head{{Ref: fairlead.BranchRef("main"), Hash: "a9"}, {Ref: fairlead.BranchRef("fresh"), Hash: "f1"}}
	w.must(w.SaveHeads(ctx, l.ID, s))
	w.wantHeads(l, "main a1")
}

func TestARuleThatChangedWhileTheHostAnsweredDecides(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	s := w.asked(l)
	w.arrived(l, "d1")
	v := w.claimed()
	w.must(w.UpdateLinkRule(ctx, as(priya), l.ID, fairlead.LinkRule{Branch: "side"}, []fairlead.Branch{{Name: "side", Head: "s1"}}))
	s.After = []fairlead.Head{{Ref: fairlead.BranchRef("main"), Hash: "a1"}}
	w.must(w.SaveHeads(ctx, l.ID, s))
	w.finish(v, []fairlead.Push{open("main", "", "a1"), open("side", "", "s1")}, moved("main", "", "a1"), moved("side", "", "s1"))
	w.wantHeads(l, "side s1")
	w.wantOpen(l)
}

func TestAHeadMovesOnlyFromWhereItStands(t *testing.T) {
	w := newTown(t)
	_, l := w.oneLink()
	w.arrived(l, "d1", "d2", "d3")
	first := w.claimed()
	first.NextAt = w.now.Add(time.Minute)
	w.must(w.RetryDelivery(context.Background(), first, nil))
	w.finish(w.claimed(), nil, moved("main", "a0", "a2"))
	w.now = w.now.Add(2 * time.Hour)
	w.finish(w.claimed(), nil, moved("main", "a2", "a3")) // the third was due before the first's next try
	w.finish(w.claimed(), nil, moved("main", "a0", "a1"))
	w.wantHeads(l, "main a3")
}

func TestWhatWasToldBeforeABranchWasFollowedDoesNotMoveIt(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	w.arrived(l, "d1", "d2")
	before := open("main", "a0", "a1")
	for _, branch := range []string{"side", "main"} {
		w.must(w.UpdateLinkRule(ctx, as(priya), l.ID, fairlead.LinkRule{Branch: branch}, []fairlead.Branch{{Name: branch, Head: "a0"}}))
	}
	w.arrived(l, "d3")
	w.finish(w.claimed(), []fairlead.Push{before}, before.Change) // it waited all the time
	w.wantHeads(l, "main a0")
	w.finish(w.claimed(), []fairlead.Push{open("main", "b0", "b1")}, moved("main", "b0", "b1"))
	w.wantOpen(l)
	w.finish(w.claimed(), []fairlead.Push{open("main", "a0", "a2")}, moved("main", "a0", "a2"))
	w.wantHeads(l, "main a2")
}

func TestWhatWaitsWhileTheRuleChangesCountsForBranchesThatStayFollowed(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	follow := func(branch string) {
		t.Helper()
		w.must(w.UpdateLinkRule(ctx, as(priya), l.ID, fairlead.LinkRule{Branch: branch}, nil))
	}
	follow("**")
	w.arrived(l, "d1")
	follow("m*")
	follow("*")
	w.finish(w.claimed(), nil, moved("main", "a0", "a1"), moved("more", "", "m1"), moved("side", "", "s1"))
	w.wantHeads(l, "main a1", "more m1")
	w.arrived(l, "d2")
	for range 60 { // more than are remembered
		follow("**")
		follow("*")
	}
	w.finish(w.claimed(), nil, moved("main", "a1", "a2"))
	w.wantHeads(l, "main a1", "more m1")
}

func TestAChangedRuleForgetsTheBranchesThatItLeaves(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	change := func(branch string, heads ...fairlead.Branch) {
		t.Helper()
		w.must(w.UpdateLinkRule(ctx, as(priya), l.ID, fairlead.LinkRule{Branch: branch}, heads))
	}
	change("**", fairlead.Branch{Name: "main", Head: "a9"}, fairlead.Branch{Name: "side", Head: "s1"})
	w.wantHeads(l, "main a0", "side s1") // main goes on from where it is
	change("side", fairlead.Branch{Name: "side", Head: "s2"})
	w.wantHeads(l, "side s1")
	change("main", fairlead.Branch{Name: "main", Head: "a9"})
	w.wantHeads(l, "main a9") // what happened meanwhile is none of the link's business
}

func TestARemovedLinkHasNoHeads(t *testing.T) {
	w := newTown(t)
	priya, l := w.oneLink()
	w.must(w.RemoveRepositoryLink(context.Background(), as(priya), l.ID, ""))
	w.compared(l, []fairlead.Head{{Ref: fairlead.BranchRef("main"), Hash: "a1"}})
	w.wantHeads(l)
}

func TestTagsAreKnownOnlyWhileTheyAreFollowed(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	for _, tags := range []bool{false, true} {
		rule := l.Rule
		rule.Tags = tags
		w.must(w.UpdateLinkRule(ctx, as(priya), l.ID, rule, nil))
		s := w.asked(l)
		s.Before, s.Tags = nil, true
		s.After = []fairlead.Head{{Ref: fairlead.TagRef("v1"), Hash: "a0"}}
		w.must(w.SaveHeads(ctx, l.ID, s))
		heads, err := w.ListHeads(ctx, l.ID)
		w.must(err)
		has := slices.ContainsFunc(heads, func(h fairlead.Head) bool { return h.Ref == fairlead.TagRef("v1") })
		if got := w.repositoryLink(l.ID); got.KnowsTags != tags || has != tags {
			t.Errorf("followed %v: known %v, %+v", tags, got.KnowsTags, heads)
		}
	}
}
