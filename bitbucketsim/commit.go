package bitbucketsim

import (
	"cmp"
	"container/heap"
	"crypto/sha1" // what git names commits by
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// commit never changes once it is made; its fields may be read without a lock.
type commit struct {
	hash    string
	author  string // "Name <e-mail>"
	message string
	date    time.Time
	parents []*commit
	tree    *tree
	seq     int    // position in its history: parents always come first
	stored  []byte // as the state file has it; only the one who saves touches it
}

// history is every commit that a repository was ever pushed, also those that no branch leads to any more: Bitbucket still finds
// them by their hash. Guarded by the lock of hosting.
type history struct {
	list   []*commit
	byHash map[string]*commit
}

func newHistory() *history { return &history{byHash: map[string]*commit{}} }

// add keeps a commit, or returns the one that it already has: the same content, parents and words make the same hash, as in git.
func (h *history) add(c *commit) *commit {
	if known, found := h.byHash[c.hash]; found {
		return known
	}
	c.seq = len(h.list)
	h.list = append(h.list, c)
	h.byHash[c.hash] = c
	return c
}

func (h *history) copy() *history {
	copied := newHistory()
	copied.list = slices.Clone(h.list)
	for _, c := range h.list {
		copied.byHash[c.hash] = c
	}
	return copied
}

const shortestHash = 7

// find takes a whole hash or a prefix that fits one commit only.
func (h *history) find(hash string) *commit {
	if c, found := h.byHash[hash]; found {
		return c
	}
	if len(hash) < shortestHash || len(hash) >= sha1.Size*2 || strings.Trim(hash, "0123456789abcdef") != "" {
		return nil
	}
	var only *commit
	for _, c := range h.list {
		if strings.HasPrefix(c.hash, hash) {
			if only != nil {
				return nil
			}
			only = c
		}
	}
	return only
}

// newCommit names a commit by what it holds, so that the same pushes at the same times make the same hashes in every run. Of the
// tree only the difference to the first parent goes in: the parents' hashes stand for the rest.
func newCommit(author, message string, date time.Time, content *tree, parents ...*commit) *commit {
	c := &commit{author: author, message: message, date: date.UTC().Truncate(time.Second), parents: parents, tree: content}
	sum := sha1.New()
	for _, parent := range parents {
		fmt.Fprintf(sum, "parent %s\n", parent.hash)
	}
	fmt.Fprintf(sum, "author %q %d\nmessage %q\n", c.author, c.date.Unix(), c.message)
	for _, changed := range changesBetween(c.base(), c.tree) {
		if changed.after == nil {
			fmt.Fprintf(sum, "gone %q\n", changed.path)
		} else {
			fmt.Fprintf(sum, "file %q %q\n", changed.path, *changed.after)
		}
	}
	c.hash = hex.EncodeToString(sum.Sum(nil))
	return c
}

// base is the content of the first parent.
func (c *commit) base() *tree {
	if len(c.parents) == 0 {
		return nil
	}
	return c.parents[0].tree
}

// queue hands out commits so that none comes before its descendants.
type queue []*commit

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].seq > q[j].seq }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(c any)        { *q = append(*q, c.(*commit)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

const (
	wanted = 1 << iota
	unwanted
)

// paint walks from several commits to their ancestors, newest first. visit gets the marks that reach a commit and how many commits
// that only wanted ones lead to are still waiting, and says whether to go on.
func paint(from map[*commit]int, visit func(c *commit, marks, waiting int) bool) {
	marks, waiting := map[*commit]int{}, 0
	var q queue
	mark := func(c *commit, m int) {
		before := marks[c]
		if before == 0 {
			heap.Push(&q, c)
		}
		marks[c] = before | m
		if before != wanted && marks[c] == wanted {
			waiting++
		} else if before == wanted && marks[c] != wanted {
			waiting--
		}
	}
	for c, m := range from {
		mark(c, m)
	}
	for len(q) > 0 {
		c := heap.Pop(&q).(*commit)
		m := marks[c]
		delete(marks, c) // its descendants are all behind us
		if m == wanted {
			waiting--
		}
		if !visit(c, m, waiting) {
			return
		}
		for _, parent := range c.parents {
			mark(parent, m)
		}
	}
}

// logBetween lists what leads to include and not to exclude, newest first, at most so many; 0 means all.
func logBetween(include, exclude []*commit, most int) (all []*commit) {
	from := map[*commit]int{}
	for _, c := range include {
		from[c] |= wanted
	}
	for _, c := range exclude {
		from[c] |= unwanted
	}
	paint(from, func(c *commit, marks, waiting int) bool {
		if marks == wanted {
			all = append(all, c)
		}
		return (marks == wanted || waiting > 0) && (most == 0 || len(all) < most)
	})
	return all
}

// leadsTo tells whether ancestor is descendant or one of its ancestors.
func leadsTo(ancestor, descendant *commit) bool {
	return len(logBetween([]*commit{ancestor}, []*commit{descendant}, 1)) == 0
}

// mergeBase is the newest commit that both lead from; nil when their histories are unrelated.
func mergeBase(a, b *commit) (base *commit) {
	if a == b {
		return a
	}
	paint(map[*commit]int{a: wanted, b: unwanted}, func(c *commit, marks, _ int) bool {
		if marks == wanted|unwanted {
			base = c
		}
		return base == nil
	})
	return base
}

// sortedNames lists branches or tags as git does: by name.
func sortedNames[T any](refs map[string]T) []string {
	names := make([]string, 0, len(refs))
	for name := range refs {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare[string])
	return names
}
