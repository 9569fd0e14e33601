package inbox

import (
	"slices"

	"fairlead"
)

// step is a change of a branch, from one commit to another; "" stands for no branch.
type step struct{ from, to string }

// gaps finds the changes that are missing between where a link stands on a branch and where the host has it. pushes are the
// known ones of the branch, newest first. None is missing if the known ones lead all the way.
//
// Deliveries come late, in another order, or never, and a forced push may go back to where the branch has been. So the known
// changes are a graph: what lies behind the link's place was followed before; what can be reached from there came too early;
// from the host's place known changes lead back to the end of what is missing; and what came since without touching either
// lies between.
func gaps(head, host string, pushes []fairlead.Push) (missing []step) {
	g := newGraph(pushes)
	past := g.reaching(head)
	if g.reaching(host)[head] {
		return nil
	}
	from, used := g.walk(head, past)
	to := host
	if !past[host] { // else the branch was put back to where it has been
		to = g.walkBack(host, past, used)
	}
	between := slices.DeleteFunc(g.since(head), func(s step) bool { return used[s] || past[s.from] && past[s.to] })
	for len(between) > 0 {
		i := nextOf(between, from)
		if next := between[i]; next.from != from {
			missing = append(missing, step{from, next.from})
		}
		from = between[i].to
		between = slices.Delete(between, i, i+1)
	}
	if from != to {
		missing = append(missing, step{from, to})
	}
	return missing
}

// nextOf chooses which step comes next: one that goes on from here, else the oldest that begins a chain.
func nextOf(steps []step, from string) int {
	if i := slices.IndexFunc(steps, func(s step) bool { return s.from == from }); i >= 0 {
		return i
	}
	begins := func(s step) bool {
		return !slices.ContainsFunc(steps, func(other step) bool { return other != s && other.to == s.from })
	}
	return max(0, slices.IndexFunc(steps, begins))
}

// graph are the known changes of one branch; the newest first.
type graph struct {
	all    []fairlead.Push
	after  map[string][]string
	before map[string][]string
}

func isKnown(p fairlead.Push) bool {
	return p.Verdict != fairlead.VerdictFailed && p.Verdict != fairlead.VerdictWaiting // else nobody knows what it changed
}

func newGraph(pushes []fairlead.Push) graph {
	g := graph{all: pushes, after: map[string][]string{}, before: map[string][]string{}}
	for _, p := range pushes {
		if isKnown(p) {
			g.after[p.Change.Old] = append(g.after[p.Change.Old], p.Change.New)
			g.before[p.Change.New] = append(g.before[p.Change.New], p.Change.Old)
		}
	}
	return g
}

// reaching are the commits from which known changes lead to this one, and itself.
func (g graph) reaching(commit string) map[string]bool {
	found := map[string]bool{commit: true}
	for open := []string{commit}; len(open) > 0; {
		last := open[len(open)-1]
		open = open[:len(open)-1]
		for _, before := range g.before[last] {
			if !found[before] {
				found[before] = true
				open = append(open, before)
			}
		}
	}
	return found
}

// walk follows the newest steps as far as they go without coming to what was followed before.
func (g graph) walk(commit string, past map[string]bool) (end string, used map[step]bool) {
	used = map[step]bool{}
	for {
		next, known := first(g.after[commit], func(next string) bool { return past[next] || used[step{commit, next}] })
		if !known {
			return commit, used
		}
		used[step{commit, next}] = true
		commit = next
	}
}

// walkBack follows the newest steps backwards as far as they go, or to what was followed before.
func (g graph) walkBack(commit string, past map[string]bool, used map[step]bool) string {
	for !past[commit] {
		before, known := first(g.before[commit], func(before string) bool { return used[step{before, commit}] })
		if !known {
			return commit
		}
		used[step{before, commit}] = true
		commit = before
	}
	return commit
}

// since are the known steps that came after the link was brought to where it stands, oldest first. Whatever brought it there
// counts: also a change that failed and was given up.
func (g graph) since(head string) (steps []step) {
	for _, p := range g.all {
		if p.Change.New == head {
			break
		}
		if isKnown(p) {
			steps = append(steps, step{p.Change.Old, p.Change.New})
		}
	}
	slices.Reverse(steps)
	return steps
}

// first returns the newest of some commits that is none of those to leave out.
func first(commits []string, leaveOut func(string) bool) (string, bool) {
	for _, c := range commits {
		if !leaveOut(c) {
			return c, true
		}
	}
	return "", false
}
