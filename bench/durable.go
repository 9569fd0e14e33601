package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

const (
	hookSenders = 256 // connections on which deliveries come as fast as they are answered
	hooksPerS   = 500 // of the open loop
)

// hookResults is what was measured of deliveries.
type hookResults struct {
	payload   int // bytes of a body
	durable   pair[float64]
	written   pair[float64]   // bytes that went to the disk for each
	work      []time.Duration // of the product's processor, for each
	answers   pair[[]sample]
	accepted  int64 // deliveries of all loads
	workedOff int64 // of them, when the loads were over
}

// measureDurable lets senders deliver on a schedule, and then as fast as they are answered. The worker runs all the time, at
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
	err = r.measureAnswers(ctx, l, dir) // first: what the other load leaves to be written to the disk would be in it
	if err == nil {
		err = r.measureCommits(ctx, l, dir)
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
				r.hooks.written.floor = append(r.hooks.written.floor, float64(result.Written)/float64(max(result.Commits, 1)))
				continue
			}
			rate, cost, err := deliverAll(ctx, l, length)
			if err != nil {
				return err
			}
			h := &r.hooks
			h.durable.product, h.written.product, h.work = append(h.durable.product, rate), append(h.written.product, cost.written), append(h.work, cost.work)
		}
	}
	return nil
}

// cost is what a delivery costs the product, with the share of its worker.
type cost struct {
	written float64 // bytes that went to the disk
	work    time.Duration
}

// costs are all that the process has cost until now.
func (p *process) costs() (c cost, err error) {
	bytes, err := written(strconv.Itoa(p.command.Process.Pid))
	if err != nil {
		return c, err
	}
	c.written = float64(bytes)
	c.work, err = p.worked()
	return c, err
}

// deliverAll returns acknowledged deliveries per second, and what each cost.
func deliverAll(ctx context.Context, l *linked, length time.Duration) (rate float64, each cost, err error) {
	address := l.address()
	var all []func() error
	for range hookSenders {
		c, err := dial(address)
		if err != nil {
			return 0, each, err
		}
		defer c.conn.Close()
		all = append(all, func() error {
			q := l.hook.another()
			return c.exchange(q.bytes(address), q.status)
		})
	}
	if _, err := closedLoop(ctx, all, length/10); err != nil { // warming up
		return 0, each, err
	}
	before, err := l.server.costs()
	if err != nil {
		return 0, each, err
	}
	started := time.Now()
	answered, err := closedLoop(ctx, all, length)
	if err != nil {
		return 0, each, err
	}
	took := time.Since(started)
	after, err := l.server.costs()
	answered = max(answered, 1)
	each = cost{(after.written - before.written) / float64(answered), (after.work - before.work) / time.Duration(answered)}
	return float64(answered) / took.Seconds(), each, err
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
