package linking

import (
	"context"
	"strings"
	"sync"
	"time"

	"fairlead"
)

// What previews remember, so that a form which changes with every letter does not use up the host's limit.
const (
	branchesFor = 30 * time.Second // how old the branches in a preview may be
	mostSeen    = 64               // lists of each kind; the longest has some thousand paths
)

// seen is what previews saw at the host, by connection: what one account may see is not shown to another.
type seen struct {
	branches *recent[branchList]
	files    *recent[fileList]
}

type branchList struct {
	branches []fairlead.Branch
	more     bool
}

// fileList is of a commit, so it stays as it is.
type fileList struct {
	paths []string
	more  bool
}

func newSeen() seen { return seen{branches: newRecent[branchList](), files: newRecent[fileList]()} }

func seenKey(parts ...string) string { return strings.Join(parts, "\n") }

// seenBranches lists branches whose name contains search, perhaps as they were some seconds ago. Where the host tells all
// branches at once, they are asked for once and searched here.
func (f *Flow) seenBranches(ctx context.Context, p provider, connectionID, repository, search string) (branchList, error) {
	now := f.clock()
	all, at := f.seen.branches.find(seenKey(connectionID, repository, ""))
	if !at.IsZero() && !all.more {
		search = ""
	}
	key := seenKey(connectionID, repository, search)
	if known, at := f.seen.branches.find(key); now.Sub(at) < branchesFor {
		return known, nil
	}
	return f.freshBranches(ctx, p, connectionID, repository, search)
}

// freshBranches asks the host, and lets previews know.
func (f *Flow) freshBranches(ctx context.Context, p provider, connectionID, repository, search string) (found branchList, err error) {
	now := f.clock()
	if found.branches, found.more, err = f.branches(ctx, p, connectionID, repository, search); err == nil {
		f.seen.branches.keep(seenKey(connectionID, repository, search), found, now)
	}
	return found, err
}

// seenFiles lists the files of a commit.
func (f *Flow) seenFiles(ctx context.Context, p provider, connectionID, repository, commit string) (fileList, error) {
	key := seenKey(connectionID, repository, commit)
	if known, at := f.seen.files.find(key); !at.IsZero() {
		return known, nil
	}
	found, err := call(ctx, f, connectionID, func(ctx context.Context, access fairlead.Secret) (found fileList, err error) {
		found.paths, found.more, err = p.host.ListFiles(ctx, access, repository, commit)
		return found, err
	})
	if err == nil {
		f.seen.files.keep(key, found, f.clock())
	}
	return found, err
}

// recent keeps the values that were used last.
type recent[V any] struct {
	mu      sync.Mutex
	uses    int
	entries map[string]*recentEntry[V]
}

type recentEntry[V any] struct {
	value V
	at    time.Time
	used  int // the count of uses when it was
}

func newRecent[V any]() *recent[V] { return &recent[V]{entries: map[string]*recentEntry[V]{}} }

// find returns a value and when it was kept; zero if there is none.
func (r *recent[V]) find(key string) (value V, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.entries[key]
	if e == nil {
		return value, at
	}
	r.uses++
	e.used = r.uses
	return e.value, e.at
}

func (r *recent[V]) keep(key string, value V, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses++
	r.entries[key] = &recentEntry[V]{value, at, r.uses}
	if len(r.entries) <= mostSeen {
		return
	}
	oldest, used := "", r.uses+1
	for key, e := range r.entries {
		if e.used < used {
			oldest, used = key, e.used
		}
	}
	delete(r.entries, oldest)
}
