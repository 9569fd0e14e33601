package main

import (
	"context"
	"path/filepath"
	"regexp"
	"time"
)

var serveReady = regexp.MustCompile(`^Fairlead is at `)

// serve starts "fairlead serve" with the data that the scene left.
func (s *scene) serve(ctx context.Context, dir, address string) (*process, error) {
	return start(ctx, filepath.Join(dir, "serve.log"), nil, serveReady, s.binary, "serve", "--data", s.data, "--listen", address)
}

// measureStarts takes the time from starting the process to the end of its first answer.
func (r *results) measureStarts(ctx context.Context, s *scene, dir string) error {
	say("starts")
	address, err := freeAddress()
	if err != nil {
		return err
	}
	signIn := request{name: "Sign in", method: "GET", path: "/sign-in", status: 200, header: browserHeaders}
	server, err := s.serve(ctx, dir, address)
	if err != nil {
		return err
	}
	answer, err := record("http://"+address, signIn)
	server.stop()
	if err != nil {
		return err
	}
	product := func() (*process, error) { return s.serve(ctx, dir, address) }
	floor := func() (*process, error) {
		p, _, err := startFloor(ctx, dir, address, []recorded{answer})
		return p, err
	}
	for i := range r.options.starts {
		for _, isFloor := range order(i) {
			run, into := product, &r.starts.product
			if isFloor {
				run, into = floor, &r.starts.floor
			}
			took, err := timeStart(run, address, signIn)
			if err != nil {
				return err
			}
			*into = append(*into, took)
		}
	}
	return nil
}

// timeStart asks from the first moment on, without listening to what the process says.
func timeStart(run func() (*process, error), address string, q request) (time.Duration, error) {
	type ended struct {
		p   *process
		err error
	}
	running := make(chan ended, 1)
	message := q.bytes(address)
	started := time.Now()
	go func() {
		p, err := run()
		running <- ended{p, err}
	}()
	var took time.Duration
	for took == 0 && time.Since(started) < startPatience {
		if l, err := dial(address); err == nil {
			if l.exchange(message, q.status) == nil {
				took = time.Since(started)
			}
			_ = l.conn.Close()
		}
		if took == 0 {
			waitUntil(time.Now().Add(200 * time.Microsecond))
		}
	}
	end := <-running
	if end.err == nil {
		end.p.stop()
	}
	return took, end.err
}

// measureMemory reads the memory of a server that nobody used, and of one that somebody used and left alone.
func (r *results) measureMemory(ctx context.Context, s *scene, dir string) error {
	say("memory, with %s of rest", r.options.idle)
	address, err := freeAddress()
	if err != nil {
		return err
	}
	server, err := s.serve(ctx, dir, address)
	if err != nil {
		return err
	}
	defer server.stop()
	base := "http://" + address
	if _, err := newBrowser().open(base + "/sign-in"); err != nil {
		return err
	}
	rest(ctx, min(r.options.idle, 5*time.Second))
	if r.fresh, err = server.resident(); err != nil {
		return err
	}
	again, err := s.signInAgain(base)
	if err != nil {
		return err
	}
	pages := again.mainPages()
	for i := range requests {
		if _, err := again.browser.open(base + pages[i%len(pages)][1]); err != nil {
			return err
		}
	}
	rest(ctx, r.options.idle)
	r.used, err = server.resident()
	return err
}

func rest(ctx context.Context, length time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(length):
	}
}

// measureThroughput lets a few browsers ask for the GitOps list as fast as they are answered.
func (r *results) measureThroughput(ctx context.Context, s *scene, dir string) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	server, err := s.serve(ctx, dir, address)
	if err != nil {
		return err
	}
	defer server.stop()
	list := s.listRequest()
	answer, err := record("http://"+address, list)
	if err != nil {
		return err
	}
	r.listBytes = len(answer.Body)
	floor, floorAddress, err := startFloor(ctx, dir, "127.0.0.1:0", []recorded{answer})
	if err != nil {
		return err
	}
	defer floor.stop()
	for round := range r.options.rounds {
		say("throughput, round %d of %d", round+1, r.options.rounds)
		for _, isFloor := range order(round) {
			p, to := server, address
			rates, work := &r.throughput.product, &r.work.product
			if isFloor {
				p, to, rates, work = floor, floorAddress, &r.throughput.floor, &r.work.floor
			}
			rate, each, err := r.loadList(ctx, p, to, list)
			if err != nil {
				return err
			}
			*rates, *work = append(*rates, rate), append(*work, each)
		}
	}
	return nil
}

// loadList returns answers per second and the server's own processor time per answer, in which the load generator, which
// shares the cores, has no part.
func (r *results) loadList(ctx context.Context, p *process, address string, list request) (rate float64, each time.Duration, err error) {
	message := list.bytes(address)
	var all []func() error
	for range senders {
		l, err := dial(address)
		if err != nil {
			return 0, 0, err
		}
		defer l.conn.Close()
		all = append(all, func() error { return l.exchange(message, list.status) })
	}
	if _, err := closedLoop(ctx, all, r.options.load/10); err != nil { // warming up
		return 0, 0, err
	}
	before, err := p.worked()
	if err != nil {
		return 0, 0, err
	}
	started := time.Now()
	answered, err := closedLoop(ctx, all, r.options.load)
	if err != nil {
		return 0, 0, err
	}
	took := time.Since(started)
	after, err := p.worked()
	return float64(answered) / took.Seconds(), (after - before) / time.Duration(max(answered, 1)), err
}
