package inbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"fairlead"
)

// isFollowed looks for a tag of which nobody told, and then for a branch that the link follows and that holds the commit.
func (w *asking) isFollowed(ctx context.Context) error {
	seen, err := w.look(ctx, w.link, false)
	if err != nil {
		return w.unanswered("Branch", err)
	}
	tag, err := w.tagged(ctx, seen)
	if err != nil || tag.isLost {
		return err
	}
	var branches []fairlead.Branch
	for name, head := range seen.branches {
		branches = append(branches, fairlead.Branch{Name: name, Head: head})
	}
	if len(branches) == 0 {
		if !w.endsAtTag(tag) {
			w.stop("Branch", noBranch(w.host.Kind(), w.link, w.Clock()))
		}
		return nil
	}
	// The most likely ones first, so that few calls are needed.
	place := func(b fairlead.Branch) int {
		switch {
		case b.Head == w.Commit.Hash:
			return 0
		case b.Name == w.link.Repository.MainBranch:
			return 1
		}
		return 2
	}
	slices.SortFunc(branches, func(a, b fairlead.Branch) int {
		return cmp.Or(place(a)-place(b), strings.Compare(a.Name, b.Name))
	})
	for _, b := range branches[:min(len(branches), branchesAsked)] {
		holds, err := w.reaches(ctx, b.Head)
		if err != nil {
			return w.unanswered("Branch", err)
		}
		if holds {
			w.branch = b
			w.note("Branch", MarkOK, "It is on "+b.Name+", which this link follows.")
			return nil
		}
	}
	switch {
	case seen.isPart[fairlead.RefBranch] || len(branches) > branchesAsked:
		w.note("Branch", MarkUnknown, "It is on none of the branches that Fairlead asked about; there are more.")
	case w.endsAtTag(tag):
	default:
		w.stop("Branch", onNoBranch(w.link, seen, w.Clock()))
	}
	return nil
}

func (w *asking) reaches(ctx context.Context, from string) (bool, error) {
	if from == w.Commit.Hash {
		return true, nil
	}
	return call(ctx, w.Flow, w.link.Connection.ID, false, func(ctx context.Context, access fairlead.Secret) (bool, error) {
		return w.host.Reaches(ctx, access, w.link.Repository.ID, from, w.Commit.Hash)
	})
}

// isAfterLinking compares with how far the branch was followed. What lies before that place and is in no push was there when
// the link began to follow it; dates of commits say little, since a commit may be pushed long after it was made. Pushes whose
// commits were not all read leave it open.
func (w *asking) isAfterLinking(ctx context.Context) error {
	if w.branch.Name == "" {
		return nil
	}
	heads, err := w.Store.ListHeads(ctx, w.link.ID)
	if err != nil {
		return err
	}
	head := byRef(heads)[fairlead.BranchRef(w.branch.Name)]
	if head.Hash == "" {
		w.note("Linked", MarkOK, "The branch came after the link was made.")
		return nil
	}
	before, err := w.reaches(ctx, head.Hash)
	if d := diagnosisOf(err); d != nil && d.Code == fairlead.DiagnosisCommitMissing { // a forced push took that place away
		w.note("Linked", MarkUnknown, "The branch was replaced by a forced push meanwhile.")
		return nil
	}
	if err != nil {
		return w.unanswered("Linked", err)
	}
	if !before {
		w.note("Linked", MarkOK, "It came after the link followed the branch.")
		return nil
	}
	unread, err := w.Store.HasIncomplete(ctx, w.link.ID, w.branch.Name)
	switch {
	case err != nil:
		return err
	case unread:
		w.note("Linked", MarkUnknown, "It is in what the link went over, and whether it was there before or came by a push cannot be told: of a push to "+
			w.branch.Name+" Fairlead did not read all commits.")
		w.over = true
		return nil
	}
	w.stop("Linked", beforeLink(head, w.Commit, w.Clock()))
	return nil
}

// isHooked reads the link's health back from the host.
func (w *asking) isHooked(ctx context.Context) error {
	if w.link.Webhook.ID == "" {
		w.note("Webhook", MarkUnknown, fmt.Sprintf("This link has no webhook: pushes arrive by the regular check, every %d minutes.", int(w.CatchUpEvery.Minutes())))
		return nil
	}
	health, err := w.CheckHealth(ctx, w.link)
	if err != nil {
		return w.unanswered("Webhook", err)
	}
	for _, problem := range health.Problems() {
		switch problem.Code {
		case fairlead.DiagnosisWebhookSilent, fairlead.DiagnosisSignatureWrong:
			continue // the one says no more than this commit does, the other has a step of its own
		}
		w.stop("Webhook", unhealthy(problem, w.Clock()))
		return nil
	}
	w.note("Webhook", MarkOK, "It is present and right.")
	return nil
}

// isLetIn looks for deliveries that were refused lately: this one may have been among them.
func (w *asking) isLetIn(ctx context.Context) error {
	all, err := w.Rejections(ctx, w.link.ID)
	if err != nil {
		return err
	}
	since := w.Clock().Add(-refusedLately)
	lately := 0
	for _, r := range all {
		if r.At.After(since) {
			lately++
		}
	}
	if lately == 0 {
		w.note("Signature", MarkOK, "Nothing was refused in the last 24 hours.")
		return nil
	}
	w.stop("Signature", refusedOne(all[0], lately, w.Clock()))
	return nil
}

// isLost is the end of the ladder: everything is as it should be, and the commit did not arrive.
func (w *asking) isLost(context.Context) error {
	if w.waiting != nil {
		w.note("Arrival", MarkStop, strings.TrimSpace("It is probably in a delivery that waits. "+w.waiting.Reason))
		if w.Stopped = w.waiting.Diagnosis; w.Stopped == nil {
			w.Stopped = stillWaiting(w.Clock())
		}
		return nil
	}
	w.stop("Arrival", deliveryLost(w.host.Kind(), w.link, w.Clock()))
	return nil
}

// unanswered ends the ladder where the host did not answer.
func (w *asking) unanswered(name string, err error) error {
	if d := diagnosisOf(err); d != nil {
		w.note(name, MarkUnknown, d.Title+".")
	}
	return err
}
