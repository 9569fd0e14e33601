package main

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

const (
	pickerRepositories = 10_000
	pickerOpens        = 21
)

// pickerResult is what the first page of the list of repositories takes.
type pickerResult struct {
	trips int // to the host, the most of all times that it was opened
	paths []string
	took  []time.Duration
}

// hostRequest is a request that reached the simulated host.
type hostRequest struct {
	At           time.Time
	Method, Path string
}

func (l *linked) hostRequests() (all []hostRequest, err error) {
	return all, l.simulate(http.MethodGet, "/requests", struct{}{}, &all)
}

// measurePicker fills a Bitbucket workspace and opens the list of its repositories.
func (r *results) measurePicker(ctx context.Context, made *linked, dir string) error {
	say("the picker with %d repositories", pickerRepositories)
	l, err := made.copied(dir, "picker")
	if err != nil {
		return err
	}
	if err := l.start(ctx, dir); err != nil {
		return err
	}
	defer l.server.stop()
	if err := l.simulate(http.MethodPost, "/workspaces/"+linkedOwner+"/repositories", map[string]int{"count": pickerRepositories}, nil); err != nil {
		return err
	}
	first := l.base + l.picker + "?" + url.Values{"owner": {linkedOwner}}.Encode()
	for range pickerOpens {
		before := time.Now()
		if _, err := l.browser.open(first); err != nil {
			return err
		}
		r.picker.took = append(r.picker.took, time.Since(before))
		all, err := l.hostRequests()
		if err != nil {
			return err
		}
		if trips := since(all, before); len(trips) > r.picker.trips || r.picker.paths == nil {
			r.picker.trips, r.picker.paths = len(trips), trips
		}
	}
	return r.visit("Link, step 2: repository, of 10,000", first, l.browser.cookies(l.base))
}

// since are the requests of that time on.
func since(all []hostRequest, at time.Time) (paths []string) {
	for _, q := range all {
		if !q.At.Before(at) {
			paths = append(paths, q.Method+" "+q.Path)
		}
	}
	return paths
}
