package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"fairlead"
	"fairlead/gitprovider"
)

// What is stored of one push at most.
const (
	mostFiles   = 2000
	mostCommits = 250
)

// working is one delivery in the hands of a worker.
type working struct {
	*Flow
	delivery fairlead.Delivery
	link     fairlead.RepositoryLink
	host     gitprovider.Linker
	heads    map[string]fairlead.Head // how far each branch was followed before
	actor    string
	changes  []fairlead.RefChange
	pushes   []fairlead.Push
	moved    []fairlead.Head // heads that this delivery moves
	down     error           // the host does not answer: it is not asked again in this round
}

// judge gives the delivery and each of its changes a verdict. An error means that there is none yet.
func (w *working) judge(ctx context.Context) error {
	err := w.open(ctx)
	if fairlead.CodeOf(err) == fairlead.CodeNotFound {
		return w.close(fairlead.VerdictPaused, "The repository was unlinked before this was worked off.")
	}
	if d := diagnosisOf(err); d != nil { // signed, and yet it cannot be read; it would not get better
		w.delivery.Diagnosis = d
		return w.close(fairlead.VerdictFailed, "Fairlead cannot read what the host sent. The regular check finds what changed.")
	}
	if err != nil || w.delivery.State != fairlead.DeliveryWorking {
		return err
	}
	for _, c := range w.changes {
		p, err := w.push(ctx, c)
		if err != nil {
			return err
		}
		w.pushes = append(w.pushes, p)
		w.move(p)
	}
	return w.conclude()
}

// open reads what there is to do. If that is nothing, it closes the delivery.
func (w *working) open(ctx context.Context) (err error) {
	if w.link, err = w.Store.FindRepositoryLink(ctx, w.delivery.LinkID); err != nil {
		return err
	}
	if w.host, err = w.linker(ctx, w.link.ProviderID); err != nil {
		return err
	}
	heads, err := w.Store.ListHeads(ctx, w.link.ID)
	if err != nil {
		return err
	}
	w.heads = map[string]fairlead.Head{}
	for _, h := range heads {
		w.heads[h.Branch] = h
	}
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
	switch {
	case event.Repository.ID != "" && event.Repository.ID != w.link.Repository.ID:
		return w.close(fairlead.VerdictEvent, "This is about another repository, "+event.Repository.FullName+".")
	case len(event.Changes) == 0 && event.Name != "":
		return w.close(fairlead.VerdictEvent, "The event "+event.Name+" changed no branch and no tag.")
	case len(event.Changes) == 0:
		return w.close(fairlead.VerdictEvent, "It changed no branch and no tag.")
	}
	return nil
}

// push gives one change its verdict.
func (w *working) push(ctx context.Context, c fairlead.RefChange) (fairlead.Push, error) {
	p := fairlead.Push{
		ID: fairlead.NewID(w.Random, fairlead.PrefixPush), DeliveryID: w.delivery.ID, LinkID: w.link.ID, Change: c, Actor: w.actor,
		At: w.delivery.ReceivedAt,
	}
	if p.Verdict, p.Reason = ruled(w.link, c); p.Verdict != "" {
		return p, nil
	}
	earlier, err := w.earlier(ctx, c)
	if err != nil {
		return p, err
	}
	if earlier.isRecorded {
		p.Verdict, p.Reason = fairlead.VerdictDuplicate, earlier.reason
		return p, nil
	}
	if asksHost(c) {
		err = w.compare(ctx, &p)
		if d := diagnosisOf(err); d != nil && w.isLastTry(d) {
			p.Verdict, p.Reason = fairlead.VerdictFailed, failedReason(d, w.delivery)
			w.delivery.Diagnosis = d
			return p, nil
		}
		if err != nil {
			return p, err
		}
	}
	p.Verdict, p.Reason = weighed(w.link, p)
	if p.Verdict == fairlead.VerdictRecorded && w.delivery.Source == fairlead.SourceCatchUp {
		p.Verdict, p.Reason = caughtUp(w.link, p, w.heads[c.Name], w.delivery, earlier.told)
	}
	return p, nil
}

// earlier is what other deliveries have made of a change before.
type earlier struct {
	isRecorded bool
	reason     string // for a duplicate
	told       bool   // a webhook told of it, but the host did not answer then
}

// earlier looks for the very same change, and for one of the regular check that contains it together with later ones.
func (w *working) earlier(ctx context.Context, c fairlead.RefChange) (earlier, error) {
	same, err := w.Store.FindPush(ctx, w.link.ID, c)
	switch {
	case fairlead.CodeOf(err) == fairlead.CodeNotFound:
	case err != nil:
		return earlier{}, err
	case same.DeliveryID == w.delivery.ID:
	case same.Verdict == fairlead.VerdictRecorded:
		return earlier{isRecorded: true, reason: "The same change was recorded before."}, nil
	case same.Verdict == fairlead.VerdictCaughtUp:
		return earlier{isRecorded: true, reason: "The regular check recorded the same change before."}, nil
	case same.Verdict == fairlead.VerdictFailed:
		return earlier{told: true}, nil
	}
	if c.New == "" || c.Type != fairlead.RefBranch || w.delivery.Source != fairlead.SourceWebhook {
		return earlier{}, nil
	}
	around, err := w.Store.FindPushesByCommit(ctx, w.link.ID, c.New)
	for _, p := range around {
		if p.Verdict == fairlead.VerdictCaughtUp && contains(p, c) {
			return earlier{isRecorded: true, reason: "The regular check recorded this change before, together with later ones."}, err
		}
	}
	return earlier{}, err
}

// contains reports whether a push went over a change on its way. The commits of a push are newest first, so a change that
// puts a branch back begins before it ends. One that begins outside and replaced nothing begins in what was followed before.
func contains(p fairlead.Push, c fairlead.RefChange) bool {
	if p.Change.Type != c.Type || p.Change.Name != c.Name {
		return false
	}
	place := func(hash string) int {
		return slices.IndexFunc(p.Comparison.Commits, func(c fairlead.Commit) bool { return c.Hash == hash })
	}
	end, begin := place(c.New), place(c.Old)
	return end >= 0 && (c.Old == p.Change.Old || begin > end || begin < 0 && !c.Forced)
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
	comparison, err := call(ctx, w.Flow, w.link.Connection.ID, false, func(ctx context.Context, access fairlead.Secret) (fairlead.Comparison, error) {
		return w.host.Compare(ctx, access, w.link.Repository, p.Change)
	})
	if err == nil {
		p.Comparison, p.Matched = filtered(w.link.Rule.Paths, comparison)
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = tookTooLong(w.host.Kind(), w.Clock())
	}
	d := diagnosisOf(err)
	switch {
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

// move follows a branch. Only a change that begins where the link stands moves it: what came out of order, or after a lost
// one, is put together by the regular check, which knows all changes then. A change that failed is left to it as well.
func (w *working) move(p fairlead.Push) {
	c := p.Change
	if c.Type != fairlead.RefBranch || !w.link.Rule.FollowsBranch(c.Name) || p.Verdict == fairlead.VerdictFailed || w.heads[c.Name].Hash != c.Old {
		return
	}
	head := fairlead.Head{Branch: c.Name, Hash: c.New}
	w.heads[c.Name] = head
	w.moved = slices.DeleteFunc(w.moved, func(h fairlead.Head) bool { return h.Branch == c.Name })
	w.moved = append(w.moved, head)
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
	d.Ref, d.More, d.Actor, d.Head = w.changes[0].Name, len(w.changes)-1, w.actor, ""
	for _, c := range w.changes {
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
