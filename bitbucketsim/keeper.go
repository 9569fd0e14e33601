package bitbucketsim

import "time"

// keepEvery is how often pushes are written to the state file at most. Ten thousand pushes are then a few hundred writes, not ten
// thousand. A kill loses the pushes of the last moment, but nobody has heard of them: a delivery waits until its push is stored.
const keepEvery = 200 * time.Millisecond

// keeper writes the repositories behind the changes. Its goroutine runs only while there is something to write, so a simulator that
// is never closed leaves none behind. Guarded by the lock of hosting.
type keeper struct {
	running bool
	closed  bool
	done    int           // the version that is stored
	saved   chan struct{} // closed and replaced whenever one more is
	err     error         // of the last write
}

// keepSoon has the changes written without waiting for it.
func (s *Sim) keepSoon() {
	h := s.hosting
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.stateFile == "" || h.keeper.running || h.keeper.closed || h.keeper.done == h.version {
		return
	}
	h.keeper.running = true
	s.background.Go(s.keep)
}

func (s *Sim) keep() {
	h := s.hosting
	for {
		began := time.Now() // the real clock: this is about the disk
		_ = s.keepNow()     // kept in keeper.err
		// When one write takes long, the next waits longer: writing must not eat the machine.
		timer := time.NewTimer(max(keepEvery, 4*time.Since(began)))
		select {
		case <-timer.C:
		case <-s.servers.closing:
		}
		timer.Stop()
		h.mu.Lock()
		if h.keeper.done == h.version || h.keeper.closed { // Close writes the rest
			h.keeper.running = false
			h.mu.Unlock()
			return
		}
		h.mu.Unlock()
	}
}

// keepNow returns when everything changed so far is stored.
func (s *Sim) keepNow() error {
	if s.stateFile == "" {
		return nil
	}
	h := s.hosting
	s.keepMu.Lock()
	defer s.keepMu.Unlock()
	h.mu.Lock()
	if h.keeper.done == h.version && h.keeper.err == nil {
		h.mu.Unlock()
		return nil
	}
	version, taken := h.version, h.snapshot()
	h.mu.Unlock()
	text, err := taken.encode()
	if err == nil {
		err = s.change(func(st *state) error { st.Hosting = text; return nil })
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keeper.done, h.keeper.err = version, err // after an error too, or deliveries would wait for ever
	close(h.keeper.saved)
	h.keeper.saved = make(chan struct{})
	return err
}

// waitKept reports false when the simulator closes first.
func (s *Sim) waitKept(version int) bool {
	for s.stateFile != "" {
		s.hosting.mu.Lock()
		done, saved := s.hosting.keeper.done, s.hosting.keeper.saved
		s.hosting.mu.Unlock()
		if done >= version {
			break
		}
		select {
		case <-saved:
		case <-s.servers.closing:
			return false
		}
	}
	return true
}

func (s *Sim) keepProblem() error {
	s.hosting.mu.Lock()
	defer s.hosting.mu.Unlock()
	return s.hosting.keeper.err
}

// closeKeeper is for Close: what is not stored yet is stored now.
func (s *Sim) closeKeeper() error {
	s.hosting.mu.Lock()
	s.hosting.keeper.closed = true
	s.hosting.mu.Unlock()
	return s.keepNow()
}
