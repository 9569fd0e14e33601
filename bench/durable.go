package main

import (
	"context"
	"fmt"
	"time"
)

const (
	hookSenders = 64  // connections on which deliveries come as fast as they are answered
	hooksPerS   = 500 // of the open loop
)

// hookResults is what was measured of deliveries.
type hookResults struct {
	payload   int // bytes of a body
	durable   pair[float64]
	answers   pair[[]sample]
	accepted  int64 // deliveries of all loads
	workedOff int64 // of them, when the loads were over
}

// measureDurable lets senders deliver as fast as they are answered, and then on a schedule. The worker runs all the time, at
// the simulated host in the same process, and never catches up: what arrives is always more than it works off.
func (r *results) measureDurable(ctx context.Context, made *linked, dir string) error {
	l, err := made.copied(dir, "durable")
	if err != nil {
		return err
	}
	before, err := countDeliveries(ctx, l.data)
	if err != nil {
		return err
	}
	if err := l.start(ctx, dir); err != nil {
		return err
	}
	r.hooks.payload = l.hook.size
	err = r.measureCommits(ctx, l, dir)
	if err == nil {
		err = r.measureAnswers(ctx, l, dir)
	}
	l.server.stop()
	if err != nil {
		return err
	}
	after, err := countDeliveries(ctx, l.data)
	r.hooks.accepted, r.hooks.workedOff = after.all-before.all, after.done-before.done
	return err
}

func (r *results) measureCommits(ctx context.Context, l *linked, dir string) error {
	length := r.options.load / 2
	for round := range r.options.rounds {
		say("durable deliveries, round %d of %d", round+1, r.options.rounds)
		for _, isFloor := range order(round) {
			if isFloor {
				result, err := runCommits(ctx, dir, round, l.hook.delivery(0), length)
				if err != nil {
					return err
				}
				r.hooks.durable.floor = append(r.hooks.durable.floor, result.perSecond())
				continue
			}
			rate, err := deliverAll(ctx, l, length)
			if err != nil {
				return err
			}
			r.hooks.durable.product = append(r.hooks.durable.product, rate)
		}
	}
	return nil
}

// deliverAll returns acknowledged deliveries per second.
func deliverAll(ctx context.Context, l *linked, length time.Duration) (float64, error) {
	address := l.address()
	var all []func() error
	for range hookSenders {
		c, err := dial(address)
		if err != nil {
			return 0, err
		}
		defer c.conn.Close()
		all = append(all, func() error {
			q := l.hook.another()
			return c.exchange(q.bytes(address), q.status)
		})
	}
	if _, err := closedLoop(ctx, all, length/10); err != nil { // warming up
		return 0, err
	}
	started := time.Now()
	answered, err := closedLoop(ctx, all, length)
	return float64(answered) / time.Since(started).Seconds(), err
}

// measureAnswers takes the time from when a delivery was due to the end of its answer. The floor is a bare server that
// reads the same deliveries and sends the same answer, and stores nothing.
func (r *results) measureAnswers(ctx context.Context, l *linked, dir string) error {
	answer, err := record(l.base, l.hook.another())
	if err != nil {
		return err
	}
	floor, floorAddress, err := startFloor(ctx, dir, "127.0.0.1:0", []recorded{answer})
	if err != nil {
		return err
	}
	defer floor.stop()
	for round := range r.options.rounds {
		say("answers to deliveries, round %d of %d", round+1, r.options.rounds)
		for _, isFloor := range order(round) {
			to, into := l.address(), &r.hooks.answers.product
			if isFloor {
				to, into = floorAddress, &r.hooks.answers.floor
			}
			samples, err := loadHooks(ctx, l.hook, to, r.options.load)
			if err != nil {
				return err
			}
			*into = append(*into, samples)
		}
	}
	return nil
}

func loadHooks(ctx context.Context, h *hook, address string, length time.Duration) ([]sample, error) {
	connections := &lines{address: address}
	defer connections.close()
	send := func(int) error {
		q := h.another()
		l, err := connections.take()
		if err != nil {
			return err
		}
		if err := l.exchange(q.bytes(address), q.status); err != nil {
			return err
		}
		connections.put(l)
		return nil
	}
	// A second of warming up is not counted: connections are opened then.
	for _, length := range []time.Duration{time.Second, length} {
		samples := openLoop(ctx, int(length.Seconds()*hooksPerS), hooksPerS, 1, waitUntil, send)
		for _, s := range samples {
			if s.err != nil {
				return nil, fmt.Errorf("delivery: %w", s.err)
			}
		}
		if length != time.Second || ctx.Err() != nil {
			return samples, ctx.Err()
		}
	}
	return nil, nil
}
