package inbox

import (
	"context"
	"errors"
	"runtime"
	"sync"
)

// lookups looks a link up once for all its deliveries that are at the door at the same time: a reader of the database has to
// read its pages anew after each commit, and a burst is mostly one link's. Nobody gets what was read before they asked.
type lookups struct {
	find   func(ctx context.Context, linkID string) (HookedLink, error)
	gather func() // lets those who are at the door ask, too

	mu    sync.Mutex
	asked map[string]*lookup // by link: not begun yet
}

func newLookups(find func(context.Context, string) (HookedLink, error)) *lookups {
	return &lookups{find: find, gather: runtime.Gosched, asked: map[string]*lookup{}}
}

// lookup is one look for all who wait for it; done is closed once it has ended.
type lookup struct {
	done chan struct{}
	link HookedLink
	err  error
}

var errLookupEnded = errors.New("the look-up of the link ended early") // it panicked, for whoever waits for it

func (l *lookups) get(ctx context.Context, linkID string) (HookedLink, error) {
	l.mu.Lock()
	one, isAsked := l.asked[linkID]
	if !isAsked {
		one = &lookup{done: make(chan struct{}), err: errLookupEnded}
		l.asked[linkID] = one
	}
	l.mu.Unlock()
	if isAsked {
		select {
		case <-one.done:
			return one.link, one.err
		case <-ctx.Done():
			return HookedLink{}, ctx.Err()
		}
	}
	defer close(one.done)
	l.gather()
	l.mu.Lock()
	delete(l.asked, linkID) // whoever comes from here on asks anew
	l.mu.Unlock()
	one.link, one.err = l.find(context.WithoutCancel(ctx), linkID) // for the others too, whoever of them gives up
	return one.link, one.err
}
