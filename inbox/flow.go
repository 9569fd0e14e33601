// Package inbox is the flow of what hosts send: it stores deliveries before they are answered, works them off into pushes
// with a verdict each, catches up what a webhook never told, and answers why nothing happened. It knows no HTTP status, no
// HTML and no SQL.
package inbox

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"fairlead"
	"fairlead/gitprovider"
)

// Store is what the flow needs of the database; *db.DB is one. Each change is one transaction.
type Store interface {
	receiveStore
	workStore
	catchUpStore
	logStore
}

// Caller makes calls to hosts by people's connections; linking.Flow is one. Errors are what do returned, a
// *fairlead.Diagnosis if the connection cannot be used, and anything else for a background call that must come later.
type Caller interface {
	Call(ctx context.Context, connectionID string, background bool, do func(ctx context.Context, access fairlead.Secret) error) error
}

// Options are what the flow is wired from.
type Options struct {
	Store       Store
	Hosts       gitprovider.Registry
	Caller      Caller
	CheckHealth func(ctx context.Context, link fairlead.RepositoryLink) (fairlead.Health, error) // reads a link's health back from the host
	Clock       fairlead.Clock
	Random      fairlead.Random // used by several goroutines at once
	Log         *slog.Logger

	CatchUpEvery time.Duration // how often the heads of a link are compared with the host's; 0 = 15 minutes
	KeepPayloads time.Duration // how long what came over the wire is kept; 0 = 90 days
}

// What Options leaves open.
const (
	DefaultCatchUpEvery = 15 * time.Minute
	DefaultKeepPayloads = 90 * 24 * time.Hour
)

// Flow receives deliveries and works them off. Make one with New; it is safe for use by many requests at once.
type Flow struct {
	Options
	batch    *batcher
	lookups  *lookups
	rejected rejections
	suspects suspects
	holds    holds
	work     chan struct{} // something may be due
}

// New makes the flow. It receives at once; the rest happens while Run runs.
func New(o Options) *Flow {
	if o.CatchUpEvery == 0 {
		o.CatchUpEvery = DefaultCatchUpEvery
	}
	if o.KeepPayloads == 0 {
		o.KeepPayloads = DefaultKeepPayloads
	}
	f := &Flow{Options: o, work: make(chan struct{}, 1)}
	f.batch = &batcher{store: o.Store, stored: f.wake}
	f.lookups = newLookups(f.findHookedLink)
	return f
}

// wake tells the worker that something may be due.
func (f *Flow) wake() {
	select {
	case f.work <- struct{}{}:
	default: // it has been told, and not looked yet
	}
}

// Run works deliveries off, compares heads, writes rejections down and drops old payloads, until the context ends. Then it
// finishes what it has in hand and returns.
func (f *Flow) Run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { f.workOn(ctx) })
	group.Go(func() { f.every(ctx, min(time.Minute, f.CatchUpEvery), "comparing heads", f.catchUpRound) })
	group.Go(func() { f.every(ctx, sweepTick, "dropping old payloads", f.Sweep) })
	group.Go(func() { f.every(ctx, time.Second, "writing rejections down", f.flushRejections) })
	group.Wait()
	f.batch.wait()
	ctx, cancel := lastWrite(ctx)
	defer cancel()
	f.logUnlessOver(ctx, "writing rejections down", f.flushRejections(ctx))
}

// every does one round at once and then at an interval of the machine's clock.
func (f *Flow) every(ctx context.Context, interval time.Duration, what string, round func(context.Context) error) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		f.logUnlessOver(ctx, what, round(ctx))
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (f *Flow) logUnlessOver(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		f.Log.Error(what, "error", err)
	}
}

const (
	sweepTick  = 10 * time.Second
	sweepSteps = 5 // transactions in one round: what arrives meanwhile comes between them, and the next round goes on
)

const tooLate = "Nobody put right what this waited for in time: what the host sent is no longer kept. The regular check finds what changed."

// Sweep writes down what waits to be, ends deliveries that wait for longer than payloads are kept, and drops payloads that are
// old enough; of a backlog a part.
func (f *Flow) Sweep(ctx context.Context) error {
	before := f.Clock().Add(-f.KeepPayloads)
	ended, err := inSteps(func() (int, error) { return f.Store.GiveUpOldDeliveries(ctx, before, tooLate) })
	if ended > 0 {
		f.Log.Warn("deliveries that waited too long are given up", "deliveries", ended)
	}
	dropped, dropErr := inSteps(func() (int, error) { return f.Store.DropOldPayloads(ctx, before) })
	if dropped > 0 {
		f.Log.Info("old payloads are dropped", "deliveries", dropped)
	}
	return errors.Join(err, dropErr, f.flushRejections(ctx))
}

// inSteps repeats a step until it does nothing, but not for long.
func inSteps(step func() (int, error)) (done int, err error) {
	for range sweepSteps {
		n, err := step()
		if done += n; n == 0 || err != nil {
			return done, err
		}
	}
	return done, nil
}

// linker returns the host behind a Git provider.
func (f *Flow) linker(ctx context.Context, providerID string) (gitprovider.Linker, error) {
	_, host, err := f.provider(ctx, providerID)
	return host, err
}

func (f *Flow) provider(ctx context.Context, providerID string) (fairlead.GitProvider, gitprovider.Linker, error) {
	p, err := f.Store.FindGitProvider(ctx, providerID)
	if err != nil {
		return p, nil, err
	}
	host, ok := f.Hosts.FindLinker(p.Kind)
	if !ok {
		return p, nil, fairlead.Errorf(fairlead.CodeNotFound, "Projects cannot be linked with repositories of %s.", p.DisplayName)
	}
	return p, host, nil
}

// call is Caller.Call for calls that return something.
func call[T any](ctx context.Context, f *Flow, connectionID string, background bool, do func(ctx context.Context, access fairlead.Secret) (T, error)) (result T, err error) {
	err = f.Caller.Call(ctx, connectionID, background, func(ctx context.Context, access fairlead.Secret) (err error) {
		result, err = do(ctx, access)
		return err
	})
	return result, err
}

// lastWrite is for what must be written although the context has ended: a verdict that the host was asked for.
func lastWrite(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
}

// diagnosisOf returns the diagnosis in err's chain, nil if there is none.
func diagnosisOf(err error) *fairlead.Diagnosis {
	d, _ := errors.AsType[*fairlead.Diagnosis](err)
	return d
}
