package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	perSecond = 200 // requests of the open loop
	senders   = 8   // of the closed loop
	requests  = 300 // before the memory is read
)

// results are everything that was measured.
type results struct {
	options    options
	conditions conditions
	binarySize int64
	visits     []visit
	starts     pair[time.Duration]
	fresh      int64 // memory before the first sign-in
	used       int64 // memory after sign-in, requests and rest
	fragments  pair[[]sample]
	kinds      []request
	throughput pair[float64]       // answers per second
	work       pair[time.Duration] // of the processor, per answer
	listBytes  int
	hooks      hookResults
	kills      killResult
	longLog    longLogResult
	picker     pickerResult
}

// pair is what was measured at the product and at the floor, one value per round.
type pair[T any] struct{ product, floor []T }

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func measure(ctx context.Context, o options) (*results, error) {
	dir, err := os.MkdirTemp("", "fairlead-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r := &results{options: o, conditions: observe()}
	binary, err := build(ctx, o, dir)
	if err != nil {
		return nil, err
	}
	stat, err := os.Stat(binary)
	if err != nil {
		return nil, err
	}
	r.binarySize = stat.Size()
	s, err := r.measureDemo(ctx, binary, dir)
	if err != nil {
		return nil, err
	}
	for _, measured := range []func(context.Context, *scene, string) error{r.measureStarts, r.measureMemory, r.measureThroughput, r.measureLinked} {
		if err := measured(ctx, s, dir); err != nil {
			return nil, err
		}
	}
	return r, ctx.Err()
}

// measureLinked measures what needs a repository link.
func (r *results) measureLinked(ctx context.Context, s *scene, dir string) error {
	say("linking a repository and pushing to it")
	l, err := startLinked(ctx, s, dir)
	if err != nil {
		return err
	}
	err = r.visitLinked(ctx, l)
	l.server.stop()
	if err != nil {
		return err
	}
	for _, measured := range []func(context.Context, *linked, string) error{r.measurePicker, r.measureDurable, r.measureKills, r.measureLongLog} {
		if err := measured(ctx, l, dir); err != nil {
			return err
		}
	}
	return nil
}

func (r *results) visitLinked(ctx context.Context, l *linked) error {
	if err := errors.Join(l.play(), ctx.Err()); err != nil {
		return err
	}
	if err := l.push(ctx); err != nil {
		return err
	}
	for _, own := range l.pages() {
		if err := r.visit(own[0], l.base+own[1], l.browser.cookies(l.base)); err != nil {
			return err
		}
	}
	return l.takeHostsRole()
}

// build makes the binary as "task build" does.
func build(ctx context.Context, o options, dir string) (string, error) {
	if o.binary != "" {
		return filepath.Abs(o.binary)
	}
	say("building")
	binary := filepath.Join(dir, "fairlead")
	command := exec.CommandContext(ctx, "sh", "tools/build.sh", binary)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	return binary, command.Run()
}

// measureDemo measures what needs a host: every page once, and the wizard's fragments under load. The data stays.
func (r *results) measureDemo(ctx context.Context, binary, dir string) (*scene, error) {
	say("playing through the wizard at the simulated Bitbucket")
	s, link, err := startScene(ctx, binary, dir)
	if err != nil {
		return nil, err
	}
	defer s.server.stop()
	for _, public := range [][2]string{{"First owner", link}, {"Sign in", s.base + "/sign-in"}} {
		if err := r.visit(public[0], public[1], ""); err != nil {
			return nil, err
		}
	}
	if err := s.play(link); err != nil {
		return nil, err
	}
	if err := r.visit("Hand-over sheet", s.base+s.handOver, ""); err != nil {
		return nil, err
	}
	for _, own := range s.mainPages() {
		if err := r.visit(own[0], s.base+own[1], s.browser.cookies(s.base)); err != nil {
			return nil, err
		}
	}
	return s, r.measureFragments(ctx, s, dir)
}

func (r *results) visit(name, address, cookie string) error {
	v, err := firstVisit(name, address, cookie)
	r.visits = append(r.visits, v)
	return err
}

func (r *results) measureFragments(ctx context.Context, s *scene, dir string) error {
	r.kinds = s.fragments()
	if err := s.waitAnew(); err != nil {
		return err
	}
	floor, address, err := startFloorWith(ctx, s, dir, r.kinds)
	if err != nil {
		return err
	}
	defer floor.stop()
	product := strings.TrimPrefix(s.base, "http://")
	for round := range r.options.rounds {
		say("fragments, round %d of %d", round+1, r.options.rounds)
		for _, isFloor := range order(round) {
			to, into := product, &r.fragments.product
			if isFloor {
				to, into = address, &r.fragments.floor
			} else if err := s.waitAnew(); err != nil {
				return err
			}
			samples, err := r.loadFragments(ctx, to)
			if err != nil {
				return err
			}
			*into = append(*into, samples)
		}
	}
	return nil
}

func startFloorWith(ctx context.Context, s *scene, dir string, all []request) (*process, string, error) {
	var answers []recorded
	for _, q := range all {
		answer, err := record(s.base, q)
		if err != nil {
			return nil, "", err
		}
		answers = append(answers, answer)
	}
	return startFloor(ctx, dir, "127.0.0.1:0", answers)
}

// order lets the product and the floor take turns in going first.
func order(round int) [2]bool { return [2]bool{round%2 == 0, round%2 != 0} }

func (r *results) loadFragments(ctx context.Context, address string) ([]sample, error) {
	connections := &lines{address: address}
	defer connections.close()
	messages := make([][]byte, len(r.kinds))
	for i, q := range r.kinds {
		messages[i] = q.bytes(address)
	}
	send := func(kind int) error {
		l, err := connections.take()
		if err != nil {
			return err
		}
		if err := l.exchange(messages[kind], r.kinds[kind].status); err != nil {
			return err
		}
		connections.put(l)
		return nil
	}
	// A second of warming up is not counted: connections are opened then.
	for _, length := range []time.Duration{time.Second, r.options.load} {
		samples := openLoop(ctx, int(length.Seconds()*perSecond), perSecond, len(messages), waitUntil, send)
		for _, s := range samples {
			if s.err != nil {
				return nil, fmt.Errorf("%s: %w", r.kinds[s.kind].name, s.err)
			}
		}
		if length == r.options.load || ctx.Err() != nil {
			return samples, ctx.Err()
		}
	}
	return nil, nil
}

// listRequest is the GitOps list as a signed-in browser asks for it.
func (s *scene) listRequest() request {
	header := browserHeaders.Clone()
	header.Set("Cookie", s.browser.cookies(s.base))
	return request{name: "GitOps", method: http.MethodGet, path: "/settings/gitops", status: http.StatusOK, header: header}
}

// signInAgain is the scene as another browser of the owner sees it at another address, with a draft of its own.
func (s *scene) signInAgain(base string) (*scene, error) {
	again := *s
	again.base, again.browser = base, newBrowser()
	_, err := again.browser.submit(base+"/sign-in", url.Values{"email": {ownerEmail}, "password": {ownerPassword}, "next": {"/"}})
	if err == nil {
		again.draft, again.step2, err = again.begin("Draft")
	}
	return &again, err
}
