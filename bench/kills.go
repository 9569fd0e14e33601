package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// killResult is what a burst of deliveries came to in which the product was killed again and again.
type killResult struct {
	seed         uint64
	kills        int
	sent         int // deliveries
	acknowledged int
	unanswered   int64 // sends that the product did not answer, or answered as not stored; each was repeated
	repeated     int64 // answers "stored before": the product was killed after the commit and before its answer
	lost, double int
	took         time.Duration
}

// burst sends deliveries as a host does: what was not acknowledged is sent again until it is.
type burst struct {
	hook       *hook
	address    string
	first      int // number of the first delivery
	total      int
	next       atomic.Int64
	acked      atomic.Int64
	unanswered atomic.Int64
	repeated   atomic.Int64
}

const (
	burstSenders = 32
	resendPause  = 2 * time.Millisecond
)

// send takes one delivery after the other and stays with it until it is acknowledged.
func (b *burst) send(ctx context.Context) {
	var l *line
	for {
		i := int(b.next.Add(1)) - 1
		if i >= b.total || ctx.Err() != nil {
			break
		}
		q := b.hook.delivery(b.first + i)
		message := q.bytes(b.address)
		for ctx.Err() == nil {
			var status int
			if status, l = b.try(l, message); status == http.StatusOK {
				b.repeated.Add(1)
			}
			if status == http.StatusOK || status == http.StatusAccepted {
				b.acked.Add(1)
				break
			}
			b.unanswered.Add(1)
			waitUntil(time.Now().Add(resendPause))
		}
	}
	if l != nil {
		_ = l.conn.Close()
	}
}

// try sends on a line, or on a new one; the line that it returns is nil once it is broken.
func (b *burst) try(l *line, message []byte) (status int, _ *line) {
	if l == nil {
		var err error
		if l, err = dial(b.address); err != nil {
			return 0, nil
		}
	}
	status, err := l.ask(message)
	if err != nil {
		_ = l.conn.Close()
		return 0, nil
	}
	return status, l
}

// killPoints are so many different numbers of acknowledged deliveries, sorted, at which the product is killed.
func killPoints(random *rand.Rand, kills, total int) []int {
	points := random.Perm(total - 1)[:min(kills, total-1)]
	slices.Sort(points)
	return points
}

// measureKills kills the product with SIGKILL at random points of a burst and starts it again each time. What the disk
// would have lost with the power is not tested by that: SQLite's synchronous=FULL is for it.
func (r *results) measureKills(ctx context.Context, made *linked, dir string) error {
	l, err := made.copied(dir, "kills")
	if err != nil {
		return err
	}
	k := &r.kills
	k.seed, k.sent = r.options.seed, r.options.burst
	say("killing the product %d times in a burst of %d deliveries, seed %d", r.options.kills, k.sent, k.seed)
	random := rand.New(rand.NewPCG(k.seed, 0))
	b := &burst{hook: l.hook, address: l.address(), first: int(l.hook.sent.Load()), total: k.sent}
	defer func() { l.hook.sent.Add(int64(k.sent)) }()
	if err := l.start(ctx, dir); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	started := time.Now()
	var sending sync.WaitGroup
	for range burstSenders {
		sending.Go(func() { b.send(ctx) })
	}
	for _, point := range killPoints(random, r.options.kills, k.sent) {
		for int(b.acked.Load()) < point && ctx.Err() == nil {
			waitUntil(time.Now().Add(50 * time.Microsecond))
		}
		// Into the middle of whatever the product does then.
		waitUntil(time.Now().Add(time.Duration(random.IntN(3000)) * time.Microsecond))
		l.server.kill()
		k.kills++
		if err := l.start(ctx, dir); err != nil {
			cancel()
			sending.Wait()
			return fmt.Errorf("after %d kills: %w", k.kills, err)
		}
	}
	sending.Wait()
	k.took = time.Since(started)
	l.server.stop()
	k.acknowledged, k.unanswered, k.repeated = int(b.acked.Load()), b.unanswered.Load(), b.repeated.Load()
	return k.check(ctx, b, l.data)
}

// check looks for every acknowledged delivery in the database. At the end all of them are acknowledged.
func (k *killResult) check(ctx context.Context, b *burst, data string) error {
	times, err := readDeliveries(ctx, data)
	if err != nil {
		return err
	}
	var ids []string
	for i := range b.total {
		ids = append(ids, b.hook.id(b.first+i))
	}
	k.lost, k.double = compare(ids, times)
	return nil
}

// compare counts what was acknowledged and is not there, and what is there more than once.
func compare(acknowledged []string, times map[string]int) (lost, double int) {
	for _, id := range acknowledged {
		if times[id] == 0 {
			lost++
		}
	}
	for _, n := range times {
		if n > 1 {
			double++
		}
	}
	return lost, double
}
