package inbox

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"fairlead"
)

type catchUpStore interface {
	// ListLinksToSync returns the links in use whose heads were last compared before that time, oldest first.
	ListLinksToSync(ctx context.Context, before time.Time, limit int) ([]fairlead.RepositoryLink, error)
	HasUnfinished(ctx context.Context, linkID string) (bool, error)
	// LastPlace is the place of the newest delivery of all.
	LastPlace(ctx context.Context) (int64, error)
	// MarkSynced notes that the host was asked at that time, whatever it answered.
	MarkSynced(ctx context.Context, linkID string, at time.Time) error
	// SaveHeads stores what a comparison found, except where a head moved meanwhile.
	SaveHeads(ctx context.Context, linkID string, s fairlead.HeadSync) error
	// ListOpenPushes returns the changes of followed refs that the heads did not go over, the oldest first.
	ListOpenPushes(ctx context.Context, linkID string, limit int) ([]fairlead.Push, error)
	// LastTold is the place of the newest delivery that told something of a ref that is known.
	LastTold(ctx context.Context, linkID string, ref fairlead.Ref) (int64, error)
}

const (
	grace       = time.Minute      // what a webhook may take longer than a look at the refs
	graceMoving = 10 * time.Minute // the same for a ref that moves on and on
	syncLinks   = 1000             // in one round
	mostOpen    = 5000             // changes of a link that are put together
)

// What stands where the event of a delivery stands.
const (
	catchUpEvent = "regular check"
	askedEvent   = "asked by hand"
)

// suspects are the links that have a head without a delivery: they are looked at again after the grace, not after a whole
// interval. They are in memory only; after a restart the next regular round finds them.
type suspects struct {
	mu    sync.Mutex
	since map[string]time.Time
}

func (s *suspects) note(linkID string, suspected bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !suspected {
		delete(s.since, linkID)
		return
	}
	if s.since == nil {
		s.since = map[string]time.Time{}
	}
	s.since[linkID] = now
}

// ripe lists the links that were suspected before that time.
func (s *suspects) ripe(before time.Time) (links []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for link, since := range s.since {
		if !since.After(before) {
			links = append(links, link)
		}
	}
	return links
}

func (f *Flow) catchUpRound(ctx context.Context) error {
	_, err := f.CatchUp(ctx)
	return err
}

// CatchUp compares the heads of each link that is due with the host's, one call for branches and one for tags, and makes a delivery of each change
// that no webhook told; n is how many. A host that does not answer is no error: the link comes again after the interval. A
// call that must come later leaves the link its place.
func (f *Flow) CatchUp(ctx context.Context) (n int, err error) {
	links, err := f.linksToSync(ctx)
	if err != nil {
		return 0, err
	}
	var (
		mu      sync.Mutex
		errs    []error
		refused = map[string]bool{} // connections whose calls in the background are used up for now
		group   sync.WaitGroup
		turns   = make(chan struct{}, workers)
	)
	for _, link := range links {
		turns <- struct{}{}
		group.Go(func() {
			defer func() { <-turns }()
			mu.Lock()
			skip := refused[link.Connection.ID] || ctx.Err() != nil
			mu.Unlock()
			if skip {
				return
			}
			found, later, err := f.syncInTurn(ctx, link)
			mu.Lock()
			defer mu.Unlock()
			n += found
			if errs = append(errs, err); later {
				refused[link.Connection.ID] = true
			}
		})
	}
	group.Wait()
	return n, errors.Join(errs...)
}

// linksToSync are those whose interval is over, and those with a suspect whose grace is over.
func (f *Flow) linksToSync(ctx context.Context) ([]fairlead.RepositoryLink, error) {
	now := f.Clock()
	links, err := f.Store.ListLinksToSync(ctx, now.Add(-f.CatchUpEvery), syncLinks)
	if err != nil {
		return nil, err
	}
	due := map[string]bool{}
	for _, link := range links {
		due[link.ID] = true
	}
	for _, id := range f.suspects.ripe(now.Add(-grace)) {
		if due[id] {
			continue
		}
		link, err := f.Store.FindRepositoryLink(ctx, id)
		if err == nil && link.PauseReason() == "" && link.Connection.IsAlive() {
			links = append(links, link)
			continue
		}
		f.suspects.note(id, false, now)
		if err := ignoreNotFound(err); err != nil {
			return nil, err
		}
	}
	return links, nil
}

// syncInTurn is one link's part of a round; later reports that its call must wait.
func (f *Flow) syncInTurn(ctx context.Context, link fairlead.RepositoryLink) (found int, later bool, err error) {
	defer func() {
		if crash := recovered(recover()); crash != nil { // its turn is over, and the others go on
			err = errors.Join(crash, f.Store.MarkSynced(ctx, link.ID, f.Clock()))
		}
	}()
	at := f.Clock()
	seen, err := f.look(ctx, link, true)
	switch {
	case diagnosisOf(err) != nil: // its turn is over; the link's health tells people
		return 0, false, f.Store.MarkSynced(ctx, link.ID, at)
	case err != nil:
		f.Log.Debug("comparing heads must wait", "link", link.ID, "error", err)
		return 0, true, nil
	}
	found, err = f.compareHeads(ctx, link, seen, grace)
	return found, false, err
}

// SyncNow catches a link up at once, without grace for what may be on its way; n is how many changes it found. CodeConflict
// if the link is paused; a *fairlead.Diagnosis if the host does not answer.
func (f *Flow) SyncNow(ctx context.Context, link fairlead.RepositoryLink) (n int, err error) {
	if reason := link.PauseReason(); reason != "" {
		return 0, fairlead.Errorf(fairlead.CodeConflict, "This link is paused. %s", reason)
	}
	seen, err := f.look(ctx, link, false)
	if err != nil {
		return 0, err
	}
	return f.compareHeads(ctx, link, seen, 0)
}

// sight is what the host showed of the branches and tags that a link follows.
type sight struct {
	at       time.Time // when it was asked
	place    int64     // of the newest delivery then
	heads    []fairlead.Head
	refs     map[fairlead.Ref]string // their commits
	branches map[string]string
	isPart   map[fairlead.RefType]bool // there are more than the host showed
	newTags  map[string]bool           // of those that it showed, the ones that cannot have been left out before
}

// look asks the host for the branches, and for the tags if the link follows them.
func (f *Flow) look(ctx context.Context, link fairlead.RepositoryLink, background bool) (seen sight, err error) {
	host, err := f.linker(ctx, link.ProviderID)
	if err != nil {
		return seen, err
	}
	// What is known is read first, so that whatever comes while the host answers is newer than that.
	seen = sight{at: f.Clock(), refs: map[fairlead.Ref]string{}, branches: map[string]string{}, isPart: map[fairlead.RefType]bool{}}
	if seen.place, err = f.Store.LastPlace(ctx); err != nil {
		return seen, err
	}
	if seen.heads, err = f.Store.ListHeads(ctx, link.ID); err != nil {
		return seen, err
	}
	search, _, _ := strings.Cut(link.Rule.Branch, "*")
	all, err := call(ctx, f, link.Connection.ID, background, func(ctx context.Context, access fairlead.Secret) (branches []fairlead.Branch, err error) {
		branches, seen.isPart[fairlead.RefBranch], err = host.ListBranches(ctx, access, link.Repository.ID, search)
		return branches, err
	})
	for _, b := range all {
		if link.Rule.FollowsBranch(b.Name) {
			seen.branches[b.Name], seen.refs[fairlead.BranchRef(b.Name)] = b.Head, b.Head
		}
	}
	if err != nil || !link.Rule.Tags {
		return seen, err
	}
	tags, err := call(ctx, f, link.Connection.ID, background, func(ctx context.Context, access fairlead.Secret) (tags []fairlead.Tag, err error) {
		tags, seen.isPart[fairlead.RefTag], err = host.ListTags(ctx, access, link.Repository.ID, "")
		return tags, err
	})
	for _, t := range tags {
		seen.refs[fairlead.TagRef(t.Name)] = t.Head
	}
	seen.newTags = newTags(tags, byRef(seen.heads))
	return seen, err
}
