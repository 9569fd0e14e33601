package bitbucketsim

import (
	"slices"
	"strings"
)

// fileStat is one file of a diffstat.
type fileStat struct {
	status         string // "added", "removed", "modified" or "renamed"
	old, new       string // paths; "" where the file does not exist
	added, removed int    // lines
}

func (f fileStat) path() string {
	if f.new != "" {
		return f.new
	}
	return f.old
}

// renamesMost bounds the search for renames, as git bounds it: above, files are removed and added.
const renamesMost = 400

// diffstat compares two trees. Like git it takes a removed and an added file for a renamed one when they are equal or share at
// least half of their lines.
func diffstat(before, after *tree, renames bool) (stats []fileStat) {
	changes := changesBetween(before, after)
	var gone, fresh []change
	for _, c := range changes {
		switch {
		case c.after == nil:
			gone = append(gone, c)
		case c.before == nil:
			fresh = append(fresh, c)
		default:
			added, removed := lineCounts(*c.before, *c.after)
			stats = append(stats, fileStat{"modified", c.path, c.path, added, removed})
		}
	}
	renamed := map[string]string{} // old path to new path
	if renames && len(gone)+len(fresh) <= renamesMost {
		renamed = findRenames(gone, fresh)
	}
	taken := map[string]bool{}
	for _, c := range gone {
		if target, found := renamed[c.path]; found {
			text, _ := after.get(target)
			added, removed := lineCounts(*c.before, text)
			stats = append(stats, fileStat{"renamed", c.path, target, added, removed})
			taken[target] = true
			continue
		}
		stats = append(stats, fileStat{"removed", c.path, "", 0, len(linesOf(*c.before))})
	}
	for _, c := range fresh {
		if !taken[c.path] {
			stats = append(stats, fileStat{"added", "", c.path, len(linesOf(*c.after)), 0})
		}
	}
	slices.SortStableFunc(stats, func(a, b fileStat) int { return strings.Compare(a.path(), b.path()) })
	return stats
}

// findRenames pairs equal files first, then the ones that are most alike.
func findRenames(gone, fresh []change) map[string]string {
	pairs, taken := map[string]string{}, map[string]bool{}
	pair := func(wantedLikeness int) {
		for _, old := range gone {
			if _, done := pairs[old.path]; done {
				continue
			}
			best, target := wantedLikeness-1, ""
			for _, candidate := range fresh {
				if l := likeness(*old.before, *candidate.after); l > best && !taken[candidate.path] {
					best, target = l, candidate.path
				}
			}
			if target != "" {
				pairs[old.path], taken[target] = target, true
			}
		}
	}
	pair(100)
	pair(50)
	return pairs
}

// likeness is the share of common lines in percent; an empty file is like nothing, as in git.
func likeness(a, b string) int {
	if a == "" || b == "" {
		return 0
	}
	if a == b {
		return 100
	}
	linesA, linesB := linesOf(a), linesOf(b)
	return min(99, 100*commonLines(linesA, linesB)/max(len(linesA), len(linesB)))
}

// lineCounts counts lines without looking at their order. A moved line counts as neither added nor removed, unlike in git; nothing
// that reads a diffstat depends on it.
func lineCounts(before, after string) (added, removed int) {
	linesBefore, linesAfter := linesOf(before), linesOf(after)
	common := commonLines(linesBefore, linesAfter)
	return len(linesAfter) - common, len(linesBefore) - common
}

func linesOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func commonLines(a, b []string) (common int) {
	counts := make(map[string]int, len(a))
	for _, line := range a {
		counts[line]++
	}
	for _, line := range b {
		if counts[line] > 0 {
			counts[line]--
			common++
		}
	}
	return common
}

func onlyUnder(stats []fileStat, paths []string) []fileStat {
	return slices.DeleteFunc(stats, func(stat fileStat) bool {
		return !slices.ContainsFunc(paths, func(path string) bool {
			path = strings.TrimSuffix(path, "/")
			return stat.new == path || stat.old == path || strings.HasPrefix(stat.new, path+"/") || strings.HasPrefix(stat.old, path+"/")
		})
	})
}
