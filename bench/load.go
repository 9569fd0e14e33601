package main

import (
	"context"
	"sync"
	"time"
)

// due is when request i of an open loop is sent: fixed before the first one, whatever the server does.
func due(i, perSecond int) time.Duration {
	return time.Duration(i) * time.Second / time.Duration(perSecond)
}

// sample is one request of an open loop.
type sample struct {
	kind int           // which of the requests it was
	took time.Duration // from the moment when it was due, not from the one when it was sent
	err  error
}

// openLoop sends count requests on the schedule and waits for all answers. Nobody waits for a slow answer before sending
// the next request, and what a request waits for before it is sent counts: a stall of the server is seen by every request
// that was due in it (no coordinated omission).
func openLoop(ctx context.Context, count, perSecond, kinds int, wait func(time.Time), send func(kind int) error) []sample {
	samples := make([]sample, count)
	var under sync.WaitGroup
	started, sent := time.Now(), 0
	for i := range samples {
		at := started.Add(due(i, perSecond))
		wait(at)
		if ctx.Err() != nil {
			break
		}
		sent++
		under.Go(func() {
			err := send(i % kinds)
			samples[i] = sample{i % kinds, time.Since(at), err}
		})
	}
	under.Wait()
	return samples[:sent]
}

// closedLoop lets each of the senders send one request after the other until the time is over, and counts the answers.
func closedLoop(ctx context.Context, senders []func() error, length time.Duration) (answered int, err error) {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var (
		under sync.WaitGroup
		mu    sync.Mutex
	)
	for _, send := range senders {
		under.Go(func() {
			own := 0
			var failed error
			for ctx.Err() == nil && failed == nil {
				if failed = send(); failed == nil {
					own++
				}
			}
			mu.Lock()
			defer mu.Unlock()
			answered += own
			if failed != nil {
				err = failed
			}
		})
	}
	under.Wait()
	return answered, err
}
