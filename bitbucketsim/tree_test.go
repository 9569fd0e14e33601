package bitbucketsim

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// A tree must hold what a plain map would, whatever is done to it, and older ones must not change.
func TestATreeIsAMapThatRemembers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var trees []*tree
	var plain []map[string]string
	current, want := (*tree)(nil), map[string]string{}
	for range 600 {
		path := fmt.Sprintf("d%d/f%d", random.IntN(6), random.IntN(20))
		want = maps.Clone(want)
		if random.IntN(3) == 0 {
			current = current.remove(path)
			delete(want, path)
		} else {
			text := fmt.Sprint(random.IntN(4))
			current = current.set(path, text)
			want[path] = text
		}
		trees, plain = append(trees, current), append(plain, want)
	}
	for i, tr := range trees {
		got := map[string]string{}
		var order []string
		tr.under("", func(path, text string) { got[path] = text; order = append(order, path) })
		if !maps.Equal(got, plain[i]) || !slices.IsSorted(order) {
			t.Fatalf("tree %d holds %v, want %v", i, got, plain[i])
		}
		inside := 0
		tr.under("d3/", func(string, string) { inside++ })
		for path := range plain[i] {
			if path[:3] == "d3/" {
				inside--
			}
			if text, found := tr.get(path); !found || text != plain[i][path] {
				t.Fatalf("tree %d: %s is %q", i, path, text)
			}
		}
		if _, found := tr.get("nothing"); found || inside != 0 {
			t.Fatalf("tree %d: nothing %v, inside %d", i, found, inside)
		}
		j := random.IntN(len(trees))
		if got, want := said(changesBetween(tr, trees[j])), plainChanges(plain[i], plain[j]); !slices.Equal(got, want) {
			t.Fatalf("from %d to %d: %v, want %v", i, j, got, want)
		}
	}
}

func said(all []change) (lines []string) {
	for _, c := range all {
		lines = append(lines, fmt.Sprint(c.path, " ", c.before != nil, " ", c.after != nil))
	}
	return lines
}

func plainChanges(before, after map[string]string) (lines []string) {
	paths := maps.Clone(before)
	maps.Copy(paths, after)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		old, had := before[path]
		current, has := after[path]
		if had != has || old != current {
			lines = append(lines, fmt.Sprint(path, " ", had, " ", has))
		}
	}
	return lines
}
