package linking

import (
	"context"
	"sync"
)

// turns lets one at a time work on a thing, by its id. It holds only the ids that somebody works on or waits for.
type turns struct {
	mu   *sync.Mutex
	held map[string]*turn
}

type turn struct {
	token chan struct{} // whoever has put something in has the turn
	users int
}

func newTurns() turns { return turns{mu: &sync.Mutex{}, held: map[string]*turn{}} }

// take waits for the turn at an id. Give it back with done; there is nothing to give back after an error, which is the
// context's.
func (t turns) take(ctx context.Context, id string) (done func(), err error) {
	t.mu.Lock()
	mine := t.held[id]
	if mine == nil {
		mine = &turn{token: make(chan struct{}, 1)}
		t.held[id] = mine
	}
	mine.users++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if mine.users--; mine.users == 0 {
			delete(t.held, id)
		}
	}
	select {
	case mine.token <- struct{}{}:
		return func() { <-mine.token; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
