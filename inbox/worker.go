package inbox

import (
	"context"
	"errors"
	"sync"
	"time"

	"fairlead"
)

type workStore interface {
	// FindRepositoryLink returns a link with its connection, without tokens; CodeNotFound for an unlinked one.
	FindRepositoryLink(ctx context.Context, id string) (fairlead.RepositoryLink, error)
	FindGitProvider(ctx context.Context, id string) (fairlead.GitProvider, error)
	// ClaimDeliveries leases deliveries that are due, or whose lease ran out, oldest first, at most one of each link.
	ClaimDeliveries(ctx context.Context, lease time.Duration, limit int) ([]fairlead.Delivery, error)
	// FindPayload returns what came over the wire; the body is nil once it is no longer kept.
	FindPayload(ctx context.Context, deliveryID string) (fairlead.Payload, error)
	// FinishDelivery stores a delivery's outcome, its pushes and the changes that heads may go over, in one transaction. A push
	// that another delivery recorded stays that one's. CodeConflict, here and below, if the lease ran out and somebody else has it.
	FinishDelivery(ctx context.Context, d fairlead.Delivery, pushes []fairlead.Push, moves []fairlead.RefChange) error
	// RetryDelivery lets a delivery wait until its NextAt, or for its link's connection if that is zero, and stores what was
	// judged of it so far.
	RetryDelivery(ctx context.Context, d fairlead.Delivery, judged []fairlead.Push) error
	// ResumeParked makes due what a link has parked, if its connection is alive.
	ResumeParked(ctx context.Context, linkID string) error
	// FindPush returns what is known of a change; CodeNotFound.
	FindPush(ctx context.Context, linkID string, c fairlead.RefChange) (fairlead.Push, error)
	// FindPushAround returns a push of the regular check that goes over a change on its way; CodeNotFound.
	FindPushAround(ctx context.Context, linkID string, c fairlead.RefChange) (fairlead.Push, error)
	// HasIncomplete reports whether a push of a branch may have brought commits that it is not found by.
	HasIncomplete(ctx context.Context, linkID, branch string) (bool, error)
	// FindPushesByCommit returns the pushes that brought a commit, by its hash or the first 7 or more characters of it.
	FindPushesByCommit(ctx context.Context, linkID, hash string) ([]fairlead.Push, error)
	ListHeads(ctx context.Context, linkID string) ([]fairlead.Head, error)
	// SaveRepositoryName stores how a delivery that came at that time calls a link's repository, unless something later did.
	SaveRepositoryName(ctx context.Context, linkID string, r fairlead.Repository, at time.Time) error
}

const (
	lease       = 2 * time.Minute
	workTime    = lease - 15*time.Second // so that nobody else begins while the host may still answer
	workers     = 4                      // links that are worked for at once
	workTick    = time.Second            // how late a retry, or what a revived connection lets go on, may be noticed
	missingTime = 3                      // tries for a commit that the host does not have: it does not come back
)

// backoffs are the pauses after each try that failed. After the last try a delivery is given up.
var backoffs = []time.Duration{10 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, 2 * time.Hour}

// mostTries is how often a delivery is tried.
var mostTries = len(backoffs) + 1

// Work claims deliveries that are due, as many as are worked for at once, and works them off; n is how many that were.
func (f *Flow) Work(ctx context.Context) (n int, err error) {
	claimed, err := f.Store.ClaimDeliveries(ctx, lease, workers)
	if err != nil {
		return 0, err
	}
	errs := make([]error, len(claimed))
	var group sync.WaitGroup
	for i, d := range claimed {
		group.Go(func() { errs[i] = f.workOff(ctx, d) })
	}
	group.Wait()
	return len(claimed), errors.Join(errs...)
}

// workOn works off what arrives until the context ends. A link whose host hangs keeps one worker busy, not the others.
func (f *Flow) workOn(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	finished := make(chan struct{}, workers)
	ticker := time.NewTicker(workTick)
	defer ticker.Stop()
	var soon <-chan time.Time
	for free := workers; ; {
		if free > 0 && ctx.Err() == nil {
			claimed, err := f.Store.ClaimDeliveries(ctx, lease, free)
			f.logUnlessOver(ctx, "claiming deliveries", err)
			for _, d := range claimed {
				free--
				group.Go(func() {
					f.logUnlessOver(ctx, "working off "+d.ID, f.workOff(ctx, d))
					finished <- struct{}{}
				})
			}
		}
		for due := false; !due; {
			select {
			case <-ctx.Done():
				return
			case <-finished:
				free++
				due = true
			case <-f.work: // every batch of arrivals says so; the next look serves several
				if soon == nil {
					soon = time.After(gathering)
				}
			case <-soon:
				soon, due = nil, true
			case <-ticker.C:
				due = true
			}
		}
	}
}

// gathering is how long arrivals gather before the worker looks for what is due: looking after each batch took a tenth of the
// time of a burst.
const gathering = 20 * time.Millisecond

// parked is for a delivery that waits for its link's connection rather than for a time.
type parked struct {
	reason    string
	diagnosis *fairlead.Diagnosis // nil if the reason says it all
}

func (p parked) Error() string { return "parked: " + p.reason }

// waits tells what asks for patience from what fails.
func waits(err error) bool {
	_, isParked := errors.AsType[parked](err)
	_, isHeld := errors.AsType[held](err)
	return isParked || isHeld
}

// workOff gives one delivery its verdict, or lets it wait. Whatever happens half-way, working it off again leads to the same
// rows.
func (f *Flow) workOff(ctx context.Context, d fairlead.Delivery) (err error) {
	w := working{Flow: f, delivery: d}
	if d.Attempts > mostTries { // the process ended in the middle of the last one
		return f.giveUp(ctx, &w, nil)
	}
	asking, cancel := context.WithTimeout(ctx, workTime)
	err = w.judgeSafely(asking)
	cancel()
	over := ctx.Err() != nil
	ctx, cancel = lastWrite(ctx)
	defer cancel()
	p, isParked := errors.AsType[parked](err)
	h, isHeld := errors.AsType[held](err)
	switch {
	case err == nil:
		return unlessTaken(f.Store.FinishDelivery(ctx, w.delivery, w.pushes, w.moves))
	case isParked:
		return f.park(ctx, &w, p)
	case isHeld:
		d.NextAt, d.Diagnosis, d.Attempts = h.until, h.why, d.Attempts-1
		d.Reason = heldReason(h.why)
		return unlessTaken(f.Store.RetryDelivery(ctx, d, w.pushes))
	case over: // we were told to stop: the next start goes on
		d.NextAt, d.Attempts = f.Clock(), d.Attempts-1
		return unlessTaken(f.Store.RetryDelivery(ctx, d, w.pushes))
	}
	if w.ranOut && w.got { // the next try goes on from there
		d.Attempts--
	}
	d.NextAt, d.Diagnosis = f.Clock().Add(pause(d.Attempts, err)), diagnosisOf(err)
	if d.Diagnosis == nil && d.Attempts >= mostTries {
		return errors.Join(err, f.giveUp(ctx, &w, err))
	}
	d.Reason = "Fairlead could not process this and tries again. Its log says more."
	if d.Diagnosis != nil {
		d.Reason = d.Diagnosis.Title + ". Fairlead tries again by itself."
		err = nil // said where it belongs
	}
	return errors.Join(err, unlessTaken(f.Store.RetryDelivery(ctx, d, w.pushes)))
}

// judgeSafely is judge, with an error where that panics.
func (w *working) judgeSafely(ctx context.Context) (err error) {
	defer func() {
		if crash := recovered(recover()); crash != nil {
			err = crash
		}
	}()
	return w.judge(ctx)
}

// giveUp ends a delivery that fails in a way that has no name, visibly: otherwise it would come again for ever.
func (f *Flow) giveUp(ctx context.Context, w *working, why error) error {
	w.delivery.Diagnosis = diagnosisOf(why)
	w.delivery.Attempts = min(w.delivery.Attempts, mostTries)
	err := w.close(fairlead.VerdictFailed, "Fairlead could not process this and gave up after "+count(w.delivery.Attempts, "attempt", false)+". Its log says more.")
	return errors.Join(err, unlessTaken(f.Store.FinishDelivery(ctx, w.delivery, w.pushes, w.moves)))
}

// unlessTaken leaves out that the lease ran out: whoever has the delivery now does the same work.
func unlessTaken(err error) error {
	if fairlead.CodeOf(err) == fairlead.CodeConflict {
		return nil
	}
	return err
}

// pause is how long to wait after a try that failed: longer each time, and not less than the host asks.
func pause(tries int, err error) time.Duration {
	wait := backoffs[min(max(tries, 1), len(backoffs))-1]
	if d := diagnosisOf(err); d != nil {
		wait = max(wait, min(d.RetryAfter, backoffs[len(backoffs)-1])) // other answers than "too many calls" can ask for a pause too
	}
	return wait
}

// park lets a delivery wait until its link has a connection that is alive; what revives one makes it due. If one came alive
// after it was looked at and before the delivery waited, nobody else would notice.
func (f *Flow) park(ctx context.Context, w *working, p parked) error {
	d := w.delivery
	d.Reason, d.Diagnosis, d.NextAt, d.Attempts = p.reason, p.diagnosis, time.Time{}, d.Attempts-1
	if err := f.Store.RetryDelivery(ctx, d, w.pushes); err != nil {
		return unlessTaken(err)
	}
	return f.Store.ResumeParked(ctx, d.LinkID)
}

func ignoreNotFound(err error) error {
	if fairlead.CodeOf(err) == fairlead.CodeNotFound {
		return nil
	}
	return err
}
