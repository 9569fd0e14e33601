package inbox

import (
	"context"
	"sync"
	"time"

	"fairlead"
)

const (
	batchMost = 512              // arrivals in one transaction
	batchTime = 30 * time.Second // how long a batch waits for the writer
)

type batchStore interface {
	// SaveArrivals stores deliveries with their payloads in one transaction. stored is false for those that were there before.
	SaveArrivals(ctx context.Context, arrivals []fairlead.Arrival) (stored []bool, err error)
}

// batcher puts everything that waits into one transaction. There is no delay: while one commit is under way the next batch
// gathers by itself. Its goroutine lives only as long as something waits.
type batcher struct {
	store  batchStore
	stored func() // called after each commit

	mu       sync.Mutex
	waiting  []*handed
	draining chan struct{} // closed when nothing waits any more; nil while nothing does
}

// handed is an arrival on its way; done is closed once its fate is known.
type handed struct {
	arrival fairlead.Arrival
	done    chan struct{}
	stored  bool
	err     error
}

// save returns after the commit. A context that ends earlier ends the waiting only: the delivery is stored all the same.
func (b *batcher) save(ctx context.Context, a fairlead.Arrival) (stored bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	h := &handed{arrival: a, done: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, h)
	if b.draining == nil {
		b.draining = make(chan struct{})
		go b.drain()
	}
	b.mu.Unlock()
	select {
	case <-h.done:
		return h.stored, h.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// wait returns when nothing is on its way.
func (b *batcher) wait() {
	b.mu.Lock()
	draining := b.draining
	b.mu.Unlock()
	if draining != nil {
		<-draining
	}
}

func (b *batcher) drain() {
	for {
		b.mu.Lock()
		n := min(len(b.waiting), batchMost)
		if n == 0 {
			close(b.draining)
			b.draining, b.waiting = nil, nil
			b.mu.Unlock()
			return
		}
		batch := b.waiting[:n:n]
		b.waiting = b.waiting[n:]
		b.mu.Unlock()
		b.commit(batch)
		b.stored()
	}
}

// commit stores a batch. If that fails each gets a transaction of its own, so that nobody's delivery spoils the others'.
func (b *batcher) commit(batch []*handed) {
	ctx, cancel := context.WithTimeout(context.Background(), batchTime)
	defer cancel()
	arrivals := make([]fairlead.Arrival, len(batch))
	for i, h := range batch {
		arrivals[i] = h.arrival
	}
	stored, err := b.store.SaveArrivals(ctx, arrivals)
	for i, h := range batch {
		switch {
		case err == nil:
			h.stored = stored[i]
		case len(batch) == 1:
			h.err = err
		default:
			var one []bool
			if one, h.err = b.store.SaveArrivals(ctx, arrivals[i:i+1]); h.err == nil {
				h.stored = one[0]
			}
		}
		close(h.done)
	}
}
