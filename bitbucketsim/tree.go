package bitbucketsim

import (
	"hash/fnv"
	"strings"
)

// tree is the content of a commit, path to text. It is an immutable treap: commits share what did not change, so ten thousand
// pushes stay small, and comparing two commits costs what differs between them and not what they hold.
type tree struct {
	path        string
	text        string
	priority    uint32 // a digest of the path, so the same paths always make the same shape
	left, right *tree
}

func leaf(path, text string) *tree {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(path)) // a hash never fails
	return &tree{path: path, text: text, priority: sum.Sum32()}
}

func (t *tree) above(other *tree) bool {
	return t.priority > other.priority || t.priority == other.priority && t.path < other.path
}

// split cuts a tree into what comes before path, path itself if it is there, and what comes after.
func (t *tree) split(path string) (before, at, after *tree) {
	switch {
	case t == nil:
		return nil, nil, nil
	case path == t.path:
		return t.left, t, t.right
	case path < t.path:
		before, at, rest := t.left.split(path)
		return before, at, t.with2(rest, t.right)
	default:
		rest, at, after := t.right.split(path)
		return t.with2(t.left, rest), at, after
	}
}

func (t *tree) with2(left, right *tree) *tree {
	return &tree{path: t.path, text: t.text, priority: t.priority, left: left, right: right}
}

// join puts two trees together, all of whose paths are in order.
func join(before, after *tree) *tree {
	switch {
	case before == nil:
		return after
	case after == nil:
		return before
	case before.above(after):
		return before.with2(before.left, join(before.right, after))
	default:
		return after.with2(join(before, after.left), after.right)
	}
}

func (t *tree) set(path, text string) *tree {
	before, _, after := t.split(path)
	return join(join(before, leaf(path, text)), after)
}

func (t *tree) remove(path string) *tree {
	before, at, after := t.split(path)
	if at == nil {
		return t
	}
	return join(before, after)
}

func (t *tree) get(path string) (text string, found bool) {
	for t != nil && t.path != path {
		if path < t.path {
			t = t.left
		} else {
			t = t.right
		}
	}
	if t == nil {
		return "", false
	}
	return t.text, true
}

// under visits every file whose path begins with prefix, in order.
func (t *tree) under(prefix string, visit func(path, text string)) {
	if t == nil {
		return
	}
	inside := strings.HasPrefix(t.path, prefix)
	if inside || t.path > prefix {
		t.left.under(prefix, visit)
	}
	if inside {
		visit(t.path, t.text)
	}
	if inside || t.path < prefix {
		t.right.under(prefix, visit)
	}
}

// change is one path that differs between two trees.
type change struct {
	path          string
	before, after *string // nil where the file does not exist
}

// changesBetween lists what differs, in order of the paths.
func changesBetween(before, after *tree) (all []change) {
	compare(before, after, func(c change) { all = append(all, c) })
	return all
}

func compare(before, after *tree, report func(change)) {
	if before == after { // shared, so equal
		return
	}
	top := before
	if before == nil || after != nil && after.above(before) {
		top = after
	}
	beforeLeft, old, beforeRight := before.split(top.path)
	afterLeft, current, afterRight := after.split(top.path)
	compare(beforeLeft, afterLeft, report)
	switch {
	case old == nil:
		report(change{path: top.path, after: &current.text})
	case current == nil:
		report(change{path: top.path, before: &old.text})
	case old.text != current.text:
		report(change{path: top.path, before: &old.text, after: &current.text})
	}
	compare(beforeRight, afterRight, report)
}
