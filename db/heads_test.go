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
		line := h.Branch + " " + h.Hash
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

func TestAComparisonReplacesTheHeads(t *testing.T) {
	w := newTown(t)
	_, l := w.oneLink()
	w.now = w.now.Add(time.Minute)
	heads := []fairlead.Head{{Branch: "main", Hash: "a0", Suspect: "a1", SuspectAt: w.now}, {Branch: "new", Suspect: "n1", SuspectAt: w.now}}
	w.must(w.SaveHeads(context.Background(), l.ID, heads, w.now))
	w.wantHeads(l, "main a0 a1?", "new n1?")
	if got := w.repositoryLink(l.ID).SyncedAt; !got.Equal(w.now) {
		t.Errorf("compared at %v", got)
	}
	if got, err := w.ListHeads(context.Background(), l.ID); err != nil || got[0] != heads[0] || got[1] != heads[1] {
		t.Errorf("got %+v, %v", got, err)
	}
	w.must(w.SaveHeads(context.Background(), l.ID, []fairlead.Head{{Branch: "main", Hash: "a1"}}, w.now))
	w.wantHeads(l, "main a1")
	w.must(w.SaveHeads(context.Background(), l.ID, nil, w.now))
	w.wantHeads(l)
}

func TestAPushThatCameWhileTheHostAnsweredIsNotUndone(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	_, l := w.oneLink()
	asked := w.now.Add(time.Minute)
	w.now = asked.Add(time.Second)
	w.arrived(l, "d1", "d2")
	w.finish(w.claimed(), nil, fairlead.Head{Branch: "main", Hash: "a1"}, fairlead.Head{Branch: "fresh", Hash: "f1"})
	w.must(w.SaveHeads(ctx, l.ID, []fairlead.Head{{Branch: "main", Hash: "a0", Suspect: "a1", SuspectAt: asked}}, asked))
	w.wantHeads(l, "fresh f1", "main a1")
	w.finish(w.claimed(), nil, fairlead.Head{Branch: "fresh"})
	w.must(w.SaveHeads(ctx, l.ID, []fairlead.Head{{Branch: "main", Hash: "a1"}, {Branch: "fresh", Hash: "f1"}}, asked))
	w.wantHeads(l, "main a1")
}

func TestAnOlderDeliveryThatIsWorkedOffLaterDoesNotMoveABranchBack(t *testing.T) {
	w := newTown(t)
	_, l := w.oneLink()
	w.arrived(l, "d1", "d2", "d3")
	first := w.claimed()
	first.NextAt = w.now.Add(time.Minute)
	w.must(w.RetryDelivery(context.Background(), first))
	w.finish(w.claimed(), nil, fairlead.Head{Branch: "main", Hash: "a2"})
	w.now = w.now.Add(time.Hour)
	w.must(w.SaveHeads(context.Background(), l.ID, []fairlead.Head{{Branch: "main", Hash: "a2"}}, w.now))
	w.now = w.now.Add(time.Hour)
	w.finish(w.claimed(), nil, fairlead.Head{Branch: "main", Hash: "a3"}) // the third was due before the first's next try
	w.finish(w.claimed(), nil, fairlead.Head{Branch: "main", Hash: "a1"}, fairlead.Head{Branch: "side", Hash: "s1"})
	w.wantHeads(l, "main a3", "side s1")
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
	w.must(w.SaveHeads(context.Background(), l.ID, []fairlead.Head{{Branch: "main", Hash: "a1"}}, w.now))
	w.wantHeads(l)
}
