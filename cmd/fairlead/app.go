package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"fairlead"
	"fairlead/accounts"
	"fairlead/db"
	"fairlead/gitprovider"
	"fairlead/handlers"
	"fairlead/inbox"
	"fairlead/linking"
	"fairlead/setup"
)

const (
	shutdownTime = 10 * time.Second // how long requests under way may take when Fairlead is told to stop
	startOver    = 3 * time.Second  // after the start, and after the first page that somebody who waited for it opens
)

type appConfig struct {
	data, keyFile string
	listen        string
	externalURL   *url.URL
	proxies       []netip.Prefix
	hosts         gitprovider.Registry
	catchUpEvery  time.Duration // 0 = inbox.DefaultCatchUpEvery
	keepPayloads  time.Duration // 0 = inbox.DefaultKeepPayloads
	log           *slog.Logger
}

// app is everything that a running Fairlead is made of.
type app struct {
	config   appConfig
	db       *db.DB
	accounts *accounts.Flow
	setup    *setup.Flow
	linking  *linking.Flow
	inbox    *inbox.Flow
	listener net.Listener
	server   *http.Server
}

// openApp wires the rooms. Nothing is served yet.
func openApp(ctx context.Context, c appConfig) (_ *app, err error) {
	a := &app{config: c}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	random := fairlead.SystemRandom()
	if a.db, err = db.Open(ctx, db.Options{Dir: c.data, KeyFile: c.keyFile, Clock: time.Now, Random: random}); err != nil {
		return nil, usageError{err}
	}
	if a.listener, err = listen(c.listen, "--listen"); err != nil {
		return nil, err
	}
	c.externalURL = withChosenPort(c.externalURL, a.listener)
	a.config.externalURL = c.externalURL
	if err := keepAddress(c.data, c.externalURL); err != nil {
		return nil, err
	}
	a.accounts = accounts.New(a.db, time.Now, random)
	a.setup = setup.New(setup.Options{Store: a.db, Hosts: c.hosts, CallbackURL: c.externalURL.String() + "/oauth/callback", Clock: time.Now, Random: random, Log: c.log})
	a.linking = linking.New(linking.Options{Store: a.db, Hosts: c.hosts, ExternalURL: c.externalURL, Clock: time.Now, Random: random, Log: c.log})
	a.inbox = inbox.New(inbox.Options{
		Store: a.db, Hosts: c.hosts, Caller: a.linking, CheckHealth: a.linking.Check, CatchUpEvery: c.catchUpEvery, KeepPayloads: c.keepPayloads,
		Clock: time.Now, Random: random, Log: c.log,
	})
	if err := errors.Join(a.setup.Recover(ctx), a.setup.Sweep(ctx)); err != nil {
		return nil, err
	}
	a.server = a.newServer(random)
	return a, nil
}

func (a *app) newServer(random fairlead.Random) *http.Server {
	keys, log := a.db.Keyring(), a.config.log
	site := handlers.New(handlers.Options{
		Accounts: a.accounts, Setup: a.setup, Linking: a.linking, Inbox: a.inbox, Audit: a.db, Ready: a.db, ExternalURL: a.config.externalURL,
		CookieAuthKey: keys.Derive("cookie authentication", 64), CookieSealKey: keys.Derive("cookie encryption", 32),
		TrustedProxies: a.config.proxies, Clock: time.Now, Random: random, Log: log,
	})
	return &http.Server{
		Handler: site.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 90 * time.Second,
		IdleTimeout: 2 * time.Minute, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

func listen(address, flag string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, usagef("cannot listen on %s: %w; choose another address with %s", address, cause(err), flag)
	}
	return l, nil
}

// withChosenPort puts the port that the system chose into an address with port 0.
func withChosenPort(u *url.URL, l net.Listener) *url.URL {
	if u.Port() != "0" {
		return u
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return &url.URL{Scheme: u.Scheme, Host: net.JoinHostPort(u.Hostname(), port)}
}

// cause is the innermost reason of a network error, without the addresses that the sentence around it names already.
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// serve answers until the context ends, and then lets requests under way finish. Meanwhile it does what has to be done
// regularly.
func (a *app) serve(ctx context.Context) error {
	working, stop := context.WithCancel(context.WithoutCancel(ctx)) // what the last requests leave behind is still worked for
	var background sync.WaitGroup
	background.Go(func() { a.sweepHourly(working) })
	background.Go(func() { a.linking.Run(working) })
	background.Go(func() { a.inbox.Run(linking.Patiently(working)) })
	defer time.AfterFunc(startOver, freeMemory).Stop()
	err := serveUntil(ctx, a.server, a.listener)
	stop()
	background.Wait()
	return err
}

// freeMemory gives back what the start and the first page needed; without traffic nothing else would. What pools hold, such as
// what compressed that page, outlives one collection.
func freeMemory() {
	runtime.GC()
	debug.FreeOSMemory()
}

func (a *app) sweepHourly(ctx context.Context) {
	hourly := time.NewTicker(time.Hour)
	defer hourly.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hourly.C:
			if err := a.setup.Sweep(ctx); err != nil && ctx.Err() == nil {
				a.config.log.Error("sweeping abandoned setups", "error", err)
			}
		}
	}
}

func serveUntil(ctx context.Context, server *http.Server, l net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		return fmt.Errorf("some requests did not finish in %s: %w", shutdownTime, err)
	}
	return nil
}

func (a *app) close() {
	if a.listener != nil {
		_ = a.listener.Close()
	}
	if a.db != nil {
		if err := a.db.Close(); err != nil {
			a.config.log.Error("closing the database", "error", err)
		}
	}
}

// printFirstOwnerLink prints the link that creates the workspace, while there is nobody.
func (a *app) printFirstOwnerLink(ctx context.Context, o output) error {
	link, needed, err := a.accounts.NewFirstOwnerLink(ctx)
	if err != nil || !needed {
		return err
	}
	_, err = fmt.Fprintf(o.out, "Become the first owner (works once, for 24 hours): %s/first-owner/%s\n", a.config.externalURL, link.Token.Reveal())
	return err
}
