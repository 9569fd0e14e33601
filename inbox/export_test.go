package inbox

// Waiting counts the deliveries that wait for a commit.
func (f *Flow) Waiting() int {
	f.batch.mu.Lock()
	defer f.batch.mu.Unlock()
	return len(f.batch.waiting)
}

// Quiet returns when no delivery waits for a commit.
func (f *Flow) Quiet() { f.batch.wait() }

// Gap is gap.
var Gap = gap

// ParseCommit is parseCommit.
var ParseCommit = parseCommit
