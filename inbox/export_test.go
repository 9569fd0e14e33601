package inbox

import "fairlead"

// Waiting counts the deliveries that wait for a commit.
func (f *Flow) Waiting() int {
	f.batch.mu.Lock()
	defer f.batch.mu.Unlock()
	return len(f.batch.waiting)
}

// Quiet returns when no delivery waits for a commit.
func (f *Flow) Quiet() { f.batch.wait() }

// Gaps is gaps: pairs of commits, from and to.
func Gaps(head, host string, open []fairlead.Push) (missing [][2]string) {
	for _, s := range gaps(head, host, open) {
		missing = append(missing, [2]string{s.from, s.to})
	}
	return missing
}

// ParseCommit is parseCommit.
var ParseCommit = parseCommit
