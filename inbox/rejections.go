package inbox

import (
	"context"
	"errors"
	"sync"

	"fairlead"
)

type rejectionStore interface {
	// RecordRejections keeps the newest rejections of a link and adds to its counter.
	RecordRejections(ctx context.Context, linkID string, newest []fairlead.Rejection, count int) error
	// ListRejections returns the newest 50, newest first.
	ListRejections(ctx context.Context, linkID string) ([]fairlead.Rejection, error)
}

const rejectionsKept = 50

// rejections gathers what was refused until it is written down, so that a flood costs one write a second for each link that
// exists. It holds the newest 50 of each and counts them all.
type rejections struct {
	mu      sync.Mutex
	links   map[string]refused
	writing sync.RWMutex // held while they are on their way into the database, where a reader would find them in neither place
}

type refused struct {
	newest []fairlead.Rejection // oldest first
	count  int
}

func (r refused) with(later refused) refused {
	all := append(r.newest[:len(r.newest):len(r.newest)], later.newest...)
	return refused{all[max(0, len(all)-rejectionsKept):], r.count + later.count}
}

func (r *rejections) add(linkID string, one fairlead.Rejection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.links == nil {
		r.links = map[string]refused{}
	}
	link := r.links[linkID]
	if link.count++; len(link.newest) == rejectionsKept {
		copy(link.newest, link.newest[1:])
		link.newest[rejectionsKept-1] = one
	} else {
		link.newest = append(link.newest, one)
	}
	r.links[linkID] = link
}

func (r *rejections) take() map[string]refused {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.links
	r.links = nil
	return taken
}

// giveBack is for what could not be written down.
func (r *rejections) giveBack(linkID string, earlier refused) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.links == nil {
		r.links = map[string]refused{}
	}
	r.links[linkID] = earlier.with(r.links[linkID])
}

func (r *rejections) of(linkID string) []fairlead.Rejection {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]fairlead.Rejection(nil), r.links[linkID].newest...)
}

// refuse leaves the trace of a delivery that is not accepted, and returns why.
func (f *Flow) refuse(linkID string, why error, address string) error {
	d := diagnosisOf(why)
	if d == nil {
		return why
	}
	f.rejected.add(linkID, fairlead.Rejection{At: f.Clock(), Reason: d.Title + ".", Code: d.Code, Source: address})
	return why
}

func (f *Flow) flushRejections(ctx context.Context) error {
	f.rejected.writing.Lock()
	defer f.rejected.writing.Unlock()
	var errs []error
	for linkID, r := range f.rejected.take() {
		err := f.Store.RecordRejections(ctx, linkID, r.newest, r.count)
		if err == nil || fairlead.CodeOf(err) == fairlead.CodeNotFound { // the link was removed meanwhile
			continue
		}
		f.rejected.giveBack(linkID, r)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Rejections lists the newest 50 requests to a link's webhook that were refused, newest first.
func (f *Flow) Rejections(ctx context.Context, linkID string) ([]fairlead.Rejection, error) {
	f.rejected.writing.RLock()
	defer f.rejected.writing.RUnlock()
	fresh := f.rejected.of(linkID)
	stored, err := f.Store.ListRejections(ctx, linkID)
	all := make([]fairlead.Rejection, 0, len(fresh)+len(stored))
	for i := len(fresh) - 1; i >= 0; i-- {
		all = append(all, fresh[i])
	}
	all = append(all, stored...)
	return all[:min(len(all), rejectionsKept)], err
}
