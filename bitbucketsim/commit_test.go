package bitbucketsim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Whatever the shape of a history, the log is what sets of ancestors say, newest first.
func TestTheLogIsWhatLeadsToOneSideOnly(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	h := newHistory()
	for i := range 120 {
		var parents []*commit
		for range random.IntN(3) {
			if i > 0 {
				parent := h.list[max(0, i-1-random.IntN(6))]
				if !slices.Contains(parents, parent) {
					parents = append(parents, parent)
				}
			}
		}
		h.add(newCommit("a", fmt.Sprint(i), time.Unix(0, 0), nil, parents...))
	}
	for range 400 {
		a, b := h.list[random.IntN(120)], h.list[random.IntN(120)]
		ofA, ofB := ancestors(a), ancestors(b)
		var want []*commit
		var common *commit
		for _, c := range slices.Backward(h.list) {
			if ofA[c] && !ofB[c] {
				want = append(want, c)
			}
			if ofA[c] && ofB[c] && common == nil {
				common = c
			}
		}
		if got := logBetween([]*commit{a}, []*commit{b}, 0); !slices.Equal(got, want) {
			t.Fatalf("from %s to %s: %d commits, want %d", b.message, a.message, len(got), len(want))
		}
		if got := logBetween([]*commit{a}, []*commit{b}, 2); !slices.Equal(got, want[:min(2, len(want))]) {
			t.Fatalf("from %s to %s: the first two are others", b.message, a.message)
		}
		if leadsTo(b, a) != ofA[b] || mergeBase(a, b) != common {
			t.Fatalf("%s and %s: leads %v, base %v", a.message, b.message, leadsTo(b, a), mergeBase(a, b))
		}
	}
}

func ancestors(c *commit) map[*commit]bool {
	found := map[*commit]bool{c: true}
	for _, parent := range c.parents {
		for older := range ancestors(parent) {
			found[older] = true
		}
	}
	return found
}
