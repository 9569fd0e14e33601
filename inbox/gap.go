package inbox

import "fairlead"

// gap finds the change that is missing between where a link stands on a branch and where the host has it; "" stands for no
// branch. pushes are the known ones of the branch, newest first. If from equals to, none is missing.
//
// Deliveries come late, in another order, or never, and a forced push may go back to where the branch has been. So the known
// changes are a graph: what lies behind the link's place was followed before; what can be reached from there came too early;
// and from the host's place the known changes lead back to the end of what is missing.
func gap(head, host string, pushes []fairlead.Push) (from, to string) {
	g := newSteps(pushes)
	if g.leads(head, host) {
		return host, host
	}
	past := g.reaching(head)
	from = g.walk(head, g.after, past)
	if past[host] { // the branch was put back to where it has been
		return from, host
	}
	to = host
	for visited := map[string]bool{}; !visited[to] && !past[to]; {
		visited[to] = true
		before, known := first(g.before[to], visited)
		if !known {
			break
		}
		to = before
	}
	return from, to
}

// steps are the known changes of one branch, by both ends; the newest first.
type steps struct{ after, before map[string][]string }

func newSteps(pushes []fairlead.Push) steps {
	g := steps{after: map[string][]string{}, before: map[string][]string{}}
	for _, p := range pushes {
		if p.Verdict == fairlead.VerdictFailed || p.Verdict == fairlead.VerdictWaiting {
			continue // nobody knows yet what it changed
		}
		g.after[p.Change.Old] = append(g.after[p.Change.Old], p.Change.New)
		g.before[p.Change.New] = append(g.before[p.Change.New], p.Change.Old)
	}
	return g
}

// leads reports whether known changes go all the way from one commit to another.
func (g steps) leads(from, to string) bool { return g.reaching(to)[from] }

// reaching are the commits from which known changes lead to this one, and itself.
func (g steps) reaching(commit string) map[string]bool {
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

// walk follows the newest steps as far as they go without coming to one of those commits.
func (g steps) walk(commit string, next map[string][]string, not map[string]bool) string {
	for visited := map[string]bool{}; !visited[commit]; {
		visited[commit] = true
		if after, known := first(next[commit], not); known {
			commit = after
		}
	}
	return commit
}

// first returns the newest of some commits that is not among others.
func first(commits []string, not map[string]bool) (string, bool) {
	for _, c := range commits {
		if !not[c] {
			return c, true
		}
	}
	return "", false
}
