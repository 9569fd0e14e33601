package inbox

import (
	"slices"

	"fairlead"
)

// step is a change of a branch, from one commit to another; "" stands for no branch.
type step struct{ from, to string }

// trail is a row of changes that follow each other.
type trail []step

func (t trail) from() string { return t[0].from }
func (t trail) to() string   { return t[len(t)-1].to }

// gaps finds the changes that are missing between where a link stands on a branch and where the host has it. open are the
// changes of the branch that were told and that the link's head did not go over, the oldest first. None is missing if they
// lead all the way.
//
// Deliveries come late, in another order, or never, and a forced push may go back to where the branch has been. So the open
// changes are put together to trails that use each of them once. What leads to the link's place was followed before, and told
// late; the others lie between, and what joins them is missing.
func gaps(head, host string, open []fairlead.Push) (missing []step) {
	all := trails(head, open)
	rest := all
	if len(all) > 0 && all[0].from() == head {
		rest = all[1:]
	}
	if i := slices.IndexFunc(rest, func(t trail) bool { return t.to() == host }); i >= 0 { // comes last
		rest = append(rest, rest[i])
		all = slices.Concat(all[:len(all)-len(rest)+1], rest[:i], rest[i+1:])
	}
	at := head
	for _, t := range all {
		if t.from() != at {
			missing = append(missing, step{at, t.from()})
		}
		at = t.to()
	}
	if at != host {
		missing = append(missing, step{at, host})
	}
	return missing
}

// trails puts changes together, beginning with the one that goes on from a commit, if there is one. One that ends at that
// commit, and does not begin there, is left out.
func trails(head string, open []fairlead.Push) (all []trail) {
	left := []step{}
	for _, p := range open {
		left = append(left, step{p.Change.Old, p.Change.New})
	}
	for begin := head; len(left) > 0; {
		var t trail
		t, left = walk(begin, left)
		for i := 0; i <= len(t); i++ { // rings beside the way belong to it
			at := begin
			if i > 0 {
				at = t[i-1].to
			}
			if ring, rest := walk(at, left); len(ring) > 0 && ring.to() == at {
				t, left = slices.Insert(t, i, ring...), rest
			}
		}
		if len(t) > 0 && (begin == head || t.to() != head) {
			all = append(all, t)
		}
		if len(left) > 0 {
			begin = beginning(left)
		}
	}
	return all
}

// walk goes along steps as far as they lead, always by the oldest, and returns which are left.
func walk(from string, steps []step) (t trail, left []step) {
	left = slices.Clone(steps)
	for {
		i := slices.IndexFunc(left, func(s step) bool { return s.from == from })
		if i < 0 {
			return t, left
		}
		t, from = append(t, left[i]), left[i].to
		left = slices.Delete(left, i, i+1)
	}
}

// beginning is where the oldest trail begins: a commit that more steps leave than come to; in a ring, the oldest step.
func beginning(steps []step) string {
	count := map[string]int{}
	for _, s := range steps {
		count[s.from]++
		count[s.to]--
	}
	for _, s := range steps {
		if count[s.from] > 0 {
			return s.from
		}
	}
	return steps[0].from
}
