package inbox

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"fairlead"
	"fairlead/gitprovider"
)

// Answer is what is known about a commit that somebody misses: a ladder of steps, up to the first broken one.
type Answer struct {
	Commit     fairlead.Commit // with its hash alone if the host did not tell more
	Steps      []Step
	Stopped    *fairlead.Diagnosis // the broken step with its fix; nil if nothing is broken
	Push       *fairlead.Push      // what became of it; nil if it is in none
	DeliveryID string              // where that is told; "" if nowhere
}

// Step is one link of the chain.
type Step struct {
	Name string // "Branch"
	Mark Mark
	Text string // a sentence
}

// Mark says what is known of a step.
type Mark string

// The marks of steps.
const (
	MarkOK      Mark = "ok"
	MarkStop    Mark = "stop"    // broken: here it stopped
	MarkUnknown Mark = "unknown" // cannot be told
)

// FieldCommit is the form field of Why.
const FieldCommit = "commit"

const (
	branchesAsked  = 20             // for whether they hold a commit, one call each
	refusedLately  = 24 * time.Hour // how long a refused delivery may be the reason
	deliveriesRead = 50             // to find one that waits
)

var (
	plainHash   = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
	hashInCourt = regexp.MustCompile(`/commits?/([0-9a-f]{7,64})(?:[/?#]|$)`)
)

// parseCommit takes a hash, the beginning of one, or the address of a commit's page.
func parseCommit(typed string) (hash string, ok bool) {
	typed = strings.ToLower(strings.TrimSpace(typed))
	if plainHash.MatchString(typed) {
		return typed, true
	}
	if found := hashInCourt.FindStringSubmatch(typed); found != nil {
		return found[1], true
	}
	return "", false
}

// Why walks the chain from a link to a commit, and stops at the first broken step. typed is a hash, the beginning of one, or
// the commit's address. CodeInvalid with the field "commit".
func (f *Flow) Why(ctx context.Context, link fairlead.RepositoryLink, typed string) (Answer, error) {
	hash, ok := parseCommit(typed)
	if !ok {
		var v fairlead.Invalid
		v.Add(FieldCommit, "Enter the hash of a commit, or paste its address")
		return Answer{}, v.Err()
	}
	host, err := f.linker(ctx, link.ProviderID)
	if err != nil {
		return Answer{}, err
	}
	w := asking{Flow: f, link: link, host: host, typed: typed, Answer: Answer{Commit: fairlead.Commit{Hash: hash}}}
	for _, step := range []func(context.Context) error{
		w.isKnown, w.isConnected, w.isAtHost, w.isFollowed, w.isAfterLinking, w.isHooked, w.isLetIn, w.isLost,
	} {
		err := step(ctx)
		if d := diagnosisOf(err); d != nil {
			w.Stopped, err = d, nil
		}
		if err != nil || w.Stopped != nil || w.over {
			return w.Answer, err
		}
	}
	return w.Answer, nil
}

// asking is one question under way. Its steps return a *fairlead.Diagnosis when the host did not answer one.
type asking struct {
	*Flow
	Answer
	link    fairlead.RepositoryLink
	host    gitprovider.Linker
	typed   string
	branch  fairlead.Branch    // one that holds the commit
	waiting *fairlead.Delivery // one that is not worked off, nil if there is none
	over    bool               // answered
}

func (w *asking) note(name string, mark Mark, text string) {
	w.Steps = append(w.Steps, Step{name, mark, text})
}

func (w *asking) stop(name string, d *fairlead.Diagnosis) {
	w.note(name, MarkStop, d.Title+".")
	w.Stopped = d
}

// isKnown looks the commit up among the pushes. What was recorded is an answer even at a link that is paused by now.
func (w *asking) isKnown(ctx context.Context) error {
	pushes, err := w.Store.FindPushesByCommit(ctx, w.link.ID, w.Commit.Hash)
	if err != nil {
		return err
	}
	var best *fairlead.Push
	for i, p := range pushes {
		if best == nil || rank(p.Verdict) > rank(best.Verdict) {
			best = &pushes[i]
		}
	}
	recorded := best != nil && rank(best.Verdict) >= rank(fairlead.VerdictCaughtUp)
	switch reason := w.link.PauseReason(); {
	case reason == "":
		w.note("Link", MarkOK, "The link is in use.")
	case recorded:
		w.note("Link", MarkUnknown, "The link is paused by now. "+reason)
	case w.link.Project.IsArchived():
		w.stop("Link", projectArchived(w.link, w.Clock()))
		return nil
	default:
		w.stop("Link", connectionLost(w.link, w.Clock()))
		return nil
	}
	if best == nil {
		return w.isWaiting(ctx)
	}
	w.Push, w.DeliveryID = best, best.DeliveryID
	for _, c := range best.Comparison.Commits {
		if strings.HasPrefix(c.Hash, w.Commit.Hash) {
			w.Commit = c
		}
	}
	w.over = true
	return w.tellPush(ctx, *best, recorded)
}

func (w *asking) tellPush(ctx context.Context, p fairlead.Push, recorded bool) error {
	to := "to "
	if p.Change.Type == fairlead.RefTag {
		to = "of the tag "
	}
	w.note("Delivery", MarkOK, "It arrived with a push "+to+p.Change.Name+".")
	switch {
	case recorded:
		w.note("Verdict", MarkOK, "It is recorded. "+p.Reason)
		return nil
	case p.Verdict != fairlead.VerdictFailed:
		w.note("Verdict", MarkStop, p.Reason)
		w.Stopped = ignored(w.link, p, w.Clock())
		return nil
	}
	w.note("Verdict", MarkStop, p.Reason)
	d, err := w.Store.FindDelivery(ctx, p.DeliveryID)
	if w.Stopped = d.Diagnosis; w.Stopped == nil {
		w.Stopped = gaveUp(w.host.Kind(), p, w.Clock())
	}
	return err
}

// isWaiting looks for deliveries that are not worked off: the commit may be in one of them.
func (w *asking) isWaiting(ctx context.Context) error {
	busy, err := w.Store.HasUnfinished(ctx, w.link.ID)
	if err != nil {
		return err
	}
	if !busy {
		w.note("Delivery", MarkUnknown, "No delivery contains it.")
		return nil
	}
	list, err := w.Store.ListDeliveries(ctx, fairlead.DeliveryFilter{LinkID: w.link.ID}, fairlead.Cursor{}, deliveriesRead)
	if i := slices.IndexFunc(list, func(d fairlead.Delivery) bool { return d.Verdict == fairlead.VerdictWaiting }); i >= 0 {
		w.waiting, w.DeliveryID = &list[i], list[i].ID
	}
	w.note("Delivery", MarkUnknown, "No delivery that was processed contains it; some are still waiting.")
	return err
}

func (w *asking) isConnected(context.Context) error {
	c := w.link.Connection
	switch {
	case c.IsAlive():
		w.note("Connection", MarkOK, "The connection of "+c.Person.Name+" is alive.")
	case c.Diagnosis != nil:
		w.stop("Connection", c.Diagnosis)
	default:
		w.stop("Connection", connectionLost(w.link, w.Clock()))
	}
	return nil
}

// isAtHost asks whether the host has the commit.
func (w *asking) isAtHost(ctx context.Context) error {
	commit, err := call(ctx, w.Flow, w.link.Connection.ID, false, func(ctx context.Context, access fairlead.Secret) (fairlead.Commit, error) {
		return w.host.FindCommit(ctx, access, w.link.Repository.ID, w.Commit.Hash)
	})
	if d := diagnosisOf(err); d != nil {
		if name, ok := w.host.ParseRepositoryURL(w.typed); ok && !strings.EqualFold(name, w.link.Repository.FullName) {
			d.Hints = append(slices.Clip(d.Hints), "The address is of "+name+". This link is with "+w.link.Repository.FullName+".")
		}
		name := "Commit"
		if isConnectionLost(d) { // it looked alive until the host was asked
			name, w.Steps = "Connection", w.Steps[:len(w.Steps)-1]
		}
		w.stop(name, d)
		return nil
	}
	if err != nil {
		return err
	}
	w.Commit = commit
	w.note("Commit", MarkOK, w.host.Kind().Host+" has it.")
	return nil
}
