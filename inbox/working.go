package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"fairlead"
	"fairlead/gitprovider"
)

// What is stored of one push at most.
const (
	mostFiles   = 2000
	mostCommits = 250 // told; it is found by all that were read
)

// working is one delivery in the hands of a worker.
type working struct {
	*Flow
	delivery fairlead.Delivery
	link     fairlead.RepositoryLink
	host     gitprovider.Linker
	heads    map[fairlead.Ref]fairlead.Head // how far each ref was followed before
	actor    string
	changes  []fairlead.RefChange
	pushes   []fairlead.Push
	moves    []fairlead.RefChange // changes of followed refs that their heads may go over
	main     *fairlead.Branch     // the main branch, once it was asked for
	hold     string               // what a pause is noted under
	down     error                // the host does not answer: it is not asked again in this round
	got      bool                 // the host told of something that it was not asked before
	ranOut   bool                 // the time of this try is over
}

// judge gives the delivery and each of its changes a verdict. An error means that there is none yet.
func (w *working) judge(ctx context.Context) error {
	err := w.open(ctx)
	if fairlead.CodeOf(err) == fairlead.CodeNotFound {
		return w.close(fairlead.VerdictPaused, "The repository was unlinked before this was processed.")
	}
	if d := diagnosisOf(err); d != nil { // signed, and yet it cannot be read; it would not get better
		w.delivery.Diagnosis = d
		return w.close(fairlead.VerdictFailed, "Fairlead cannot read what the host sent. The regular check finds what changed.")
	}
	if err != nil || w.delivery.State != fairlead.DeliveryWorking {
		return err
	}
	var failed error // of the first that has no verdict; the others have theirs all the same
	for i, c := range w.changes {
		p, err := w.push(ctx, i, c)
		if err != nil {
			if failed == nil || waits(err) {
				failed = err
			}
			continue
		}
		w.pushes = append(w.pushes, p)
		if w.follows(c) && p.Verdict != fairlead.VerdictFailed {
			w.moves = append(w.moves, c)
		}
	}
	if failed == nil {
		return w.conclude()
	}
	if diagnosisOf(failed) == nil && errors.Is(failed, context.DeadlineExceeded) {
		failed, w.ranOut = tookTooLong(w.host.Kind(), w.Clock()), true
	}
	return failed
}

func (w *working) follows(c fairlead.RefChange) bool {
	return w.link.Rule.Follows(c.Ref())
}

// open reads what there is to do. If that is nothing, it closes the delivery.
func (w *working) open(ctx context.Context) (err error) {
	if w.link, err = w.Store.FindRepositoryLink(ctx, w.delivery.LinkID); err != nil {
		return err
	}
	provider, host, err := w.provider(ctx, w.link.ProviderID)
	if err != nil {
		return err
	}
	w.host, w.hold = host, holdKey(w.link.Connection, provider)
	heads, err := w.Store.ListHeads(ctx, w.link.ID)
	if err != nil {
		return err
	}
	w.heads = byRef(heads)
	payload, err := w.Store.FindPayload(ctx, w.delivery.ID)
	if err := ignoreNotFound(err); err != nil {
		return err
	}
	if payload.Body == nil {
		return w.close(fairlead.VerdictFailed, "What the host sent is no longer kept.")
	}
	if w.delivery.Source == fairlead.SourceCatchUp {
		return json.Unmarshal(payload.Body, &w.changes)
	}
	event, err := w.host.ParseDelivery(headerOf(payload), payload.Body)
	if err != nil {
		return err
	}
	w.actor, w.changes = event.Actor, event.Changes
	if event.Repository.ID != "" && event.Repository.ID != w.link.Repository.ID {
		return w.close(fairlead.VerdictEvent, strings.TrimSuffix("This is about another repository, "+event.Repository.FullName, ", ")+".")
	}
	if err := w.rename(ctx, event.Repository); err != nil {
		return err
	}
	switch {
	case len(event.Changes) == 0 && event.Name != "":
		return w.close(fairlead.VerdictEvent, "The event "+event.Name+" changed no branch and no tag.")
	case len(event.Changes) == 0:
		return w.close(fairlead.VerdictEvent, "It changed no branch and no tag.")
	}
	return nil
}

// rename takes over the name under which the host tells of the link's repository: that changes when it is renamed or moved, its
// id does not.
func (w *working) rename(ctx context.Context, told fairlead.Repository) error {
	if told.ID == "" || told.FullName == "" || told.FullName == w.link.Repository.FullName {
		return nil
	}
	return ignoreNotFound(w.Store.SaveRepositoryName(ctx, w.link.ID, told, w.delivery.ReceivedAt))
}

// push gives one change its verdict. What an earlier try judged stays.
func (w *working) push(ctx context.Context, position int, c fairlead.RefChange) (fairlead.Push, error) {
	same, err := w.Store.FindPush(ctx, w.link.ID, c)
	if err := ignoreNotFound(err); err != nil {
		return same, err
	}
	if same.DeliveryID == w.delivery.ID && !same.Stale && same.Verdict != fairlead.VerdictFailed {
		same.Open = w.follows(c)
		return same, nil
	}
	p := fairlead.Push{
		ID: fairlead.NewIDAt(w.delivery.ReceivedAt, w.Random, fairlead.PrefixPush), DeliveryID: w.delivery.ID, LinkID: w.link.ID, Change: c, Actor: w.actor,
		At: w.delivery.ReceivedAt, Position: position, Open: w.follows(c),
	}
	if p.Verdict, p.Reason = ruled(w.link, c); p.Verdict != "" {
		p.Incomplete = p.Verdict == fairlead.VerdictPaused && c.New != ""
		return p, nil
	}
	earlier, err := w.earlier(ctx, same, c)
	if err != nil {
		return p, err
	}
	if earlier.isRecorded {
		p.Verdict, p.Reason, p.Open = fairlead.VerdictDuplicate, earlier.reason, p.Open && !earlier.isPart
		return p, nil
	}
	if asksHost(c) {
		err = w.compare(ctx, &p)
		if d := diagnosisOf(err); d != nil && w.isLastTry(d) {
			p.Verdict, p.Reason, p.Open, p.Incomplete = fairlead.VerdictFailed, failedReason(d, w.delivery), false, true
			w.delivery.Diagnosis = d
			return p, nil
		}
		if err != nil {
			return p, err
		}
	}
	p.Verdict, p.Reason = weighed(w.link, p)
	if p.Verdict == fairlead.VerdictRecorded && w.delivery.Source == fairlead.SourceCatchUp {
		p.Verdict, p.Reason = caughtUp(w.link, p, w.heads[c.Ref()], w.delivery, earlier.told)
	}
	return p, nil
}

// earlier is what other deliveries have made of a change before.
type earlier struct {
	isRecorded bool
	isPart     bool   // of a larger one
	reason     string // for a duplicate
	told       bool   // a webhook told of it, but the host did not answer then
}

// earlier looks at the very same change, and for one of the regular check that contains it together with later ones.
func (w *working) earlier(ctx context.Context, same fairlead.Push, c fairlead.RefChange) (earlier, error) {
	when := ", on " + same.At.UTC().Format("2 January 2006 15:04 UTC") + "."
	switch {
	case same.ID == "" || same.DeliveryID == w.delivery.ID:
	case same.Verdict == fairlead.VerdictRecorded:
		return earlier{isRecorded: true, reason: "The same change was recorded before" + when}, nil
	case same.Verdict == fairlead.VerdictCaughtUp:
		return earlier{isRecorded: true, reason: "The regular check recorded the same change before" + when}, nil
	case same.Verdict == fairlead.VerdictFailed:
		return earlier{told: true}, nil
	}
	if c.New == "" || c.Type != fairlead.RefBranch || w.delivery.Source != fairlead.SourceWebhook {
		return earlier{}, nil
	}
	_, err := w.Store.FindPushAround(ctx, w.link.ID, c)
	if err != nil {
		return earlier{}, ignoreNotFound(err)
	}
	return earlier{isRecorded: true, isPart: true, reason: "The regular check recorded this change before, together with later ones."}, nil
}

// compare asks the host what changed.
func (w *working) compare(ctx context.Context, p *fairlead.Push) error {
	if reason := w.link.PauseReason(); reason != "" {
		return parked{reason: "This waits for somebody who takes the link over. " + reason}
	}
	if !w.link.Connection.IsAlive() {
		return parked{reason: waitsFor(w.link), diagnosis: w.link.Connection.Diagnosis}
	}
	if w.down != nil {
		return w.down
	}
	if h, ok := w.holds.find(w.hold, w.Clock()); ok {
		w.down = h
		return h
	}
	comparison, err := call(ctx, w.Flow, w.link.Connection.ID, false, func(ctx context.Context, access fairlead.Secret) (c fairlead.Comparison, err error) {
		if p.Change.Old == "" && w.main == nil { // once for all new branches
			main, err := w.host.MainBranch(ctx, access, w.link.Repository.ID)
			if err != nil {
				return c, err
			}
			w.main = &main
		}
		repository := w.link.Repository
		if w.main != nil {
			repository.MainBranch, repository.MainHead = w.main.Name, w.main.Head
		}
		return w.host.Compare(ctx, access, repository, p.Change)
	})
	if err == nil {
		w.got, p.Incomplete = true, comparison.MoreCommits
		for _, c := range comparison.Commits {
			p.Hashes = append(p.Hashes, c.Hash)
		}
		p.Comparison, p.Matched = filtered(w.link.Rule.Paths, comparison)
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err, w.ranOut = tookTooLong(w.host.Kind(), w.Clock()), true
	}
	d := diagnosisOf(err)
	switch {
	case d != nil && holdFor(d) > 0:
		h := held{w.Clock().Add(holdFor(d)), d}
		w.holds.put(w.hold, h.until, h.why, w.Clock())
		w.down = h
		return h
	case d == nil:
		return err
	case isConnectionLost(d):
		return parked{reason: waitsFor(w.link), diagnosis: d}
	case d.Code != fairlead.DiagnosisCommitMissing: // which says something about this change only
		w.down = err
	}
	return err
}

// isConnectionLost tells what somebody must do from what waiting can do.
func isConnectionLost(d *fairlead.Diagnosis) bool {
	switch d.Code {
	case fairlead.DiagnosisConnectionExpired, fairlead.DiagnosisConnectionReplaced, fairlead.DiagnosisConnectionMissing:
		return true
	}
	return false
}

func (w *working) isLastTry(d *fairlead.Diagnosis) bool {
	if d.Code == fairlead.DiagnosisCommitMissing {
		return w.delivery.Attempts >= missingTime
	}
	return w.delivery.Attempts > len(backoffs)
}

// conclude sums the pushes up to the delivery's verdict.
func (w *working) conclude() error {
	w.delivery = w.summary(w.delivery)
	best := w.pushes[0]
	for _, p := range w.pushes[1:] {
		if rank(p.Verdict) > rank(best.Verdict) {
			best = p
		}
	}
	return w.close(best.Verdict, concluded(best, w.pushes))
}

// summary fills in what a list of deliveries shows.
func (w *working) summary(d fairlead.Delivery) fairlead.Delivery {
	if len(w.changes) == 0 {
		return d
	}
	d.Ref, d.RefType, d.More, d.Forced = w.changes[0].Name, w.changes[0].Type, len(w.changes)-1, 0
	d.Actor, d.Head = w.actor, ""
	for _, c := range w.changes {
		if c.Forced {
			d.Forced++
		}
		if d.Head == "" {
			d.Head = c.New
		}
	}
	d.Commits, d.Files = 0, 0
	for _, p := range w.pushes {
		d.Commits += len(p.Comparison.Commits)
		d.Files += p.Matched
	}
	return d
}

// close gives the delivery its verdict.
func (w *working) close(v fairlead.Verdict, reason string) error {
	w.delivery.State, w.delivery.Verdict, w.delivery.Reason = fairlead.DeliveryDone, v, reason
	w.delivery.FinishedAt = w.Clock()
	if v == fairlead.VerdictFailed {
		w.delivery.State = fairlead.DeliveryFailed
	}
	if v != fairlead.VerdictFailed && !slices.ContainsFunc(w.pushes, func(p fairlead.Push) bool { return p.Verdict == fairlead.VerdictFailed }) {
		w.delivery.Diagnosis = nil
	}
	return nil
}
