package bitbucketsim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// repository as it is at one moment: a copy that may be read without a lock. Its maps and slices are replaced, never altered.
type repository struct {
	Name        string
	Slug        string
	Workspace   string
	UUID        string
	Private     bool
	CreatedOn   time.Time
	UpdatedOn   time.Time
	Permissions map[string]string // account e-mail to "admin", "write" or "read"
	MainBranch  string            // "" while nothing was pushed

	branches map[string]*commit
	tags     map[string]tag
	hooks    []hook
	history  *history
	seeded   bool // as every run makes it: not worth storing
}

type tag struct {
	target  *commit
	message string // "" for a lightweight tag
	date    time.Time
}

func (r repository) fullName() string { return r.Workspace + "/" + r.Slug }

// main is the tip of the main branch; nil in an empty repository.
func (r repository) main() *commit { return r.branches[r.MainBranch] }

// hosting holds the repositories. Its lock is never held while something waits for the network or the disk.
type hosting struct {
	mu      sync.Mutex
	byUUID  map[string]*repository
	byName  map[string]*repository   // full name
	ordered map[string][]*repository // workspace slug to its repositories, in the order of the listing
	fleet   map[string]int           // workspace slug to how many repositories AddRepositories made there
	deleted []string                 // UUIDs of seeded repositories that are gone
	version int                      // counts the changes; the keeper stores up to it

	keeper keeper
}

func newHosting() *hosting {
	return &hosting{
		byUUID: map[string]*repository{}, byName: map[string]*repository{}, ordered: map[string][]*repository{}, fleet: map[string]int{},
		keeper: keeper{saved: make(chan struct{})},
	}
}

var (
	errNoRepository = errors.New("no such repository")
	errNameTaken    = errors.New("the workspace already has a repository with this name")
)

func (h *hosting) put(r *repository) {
	h.byUUID[r.UUID], h.byName[r.fullName()] = r, r
	h.ordered[r.Workspace] = append(h.ordered[r.Workspace], r)
}

func (h *hosting) drop(r *repository) {
	delete(h.byUUID, r.UUID)
	delete(h.byName, r.fullName())
	h.ordered[r.Workspace] = slices.DeleteFunc(slices.Clone(h.ordered[r.Workspace]), func(other *repository) bool { return other == r })
}

// in lists the repositories of a workspace.
func (h *hosting) in(ws workspace) []repository {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]repository, len(h.ordered[ws.Slug]))
	for i, r := range h.ordered[ws.Slug] {
		list[i] = *r
	}
	return list
}

func (h *hosting) count(ws workspace) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.ordered[ws.Slug])
}

// find takes a slug or a UUID in braces, as Bitbucket's paths do. A UUID of another workspace is not found (assumed).
func (h *hosting) find(ws workspace, id string) (repository, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.byName[ws.Slug+"/"+id]
	if r == nil {
		r = h.byUUID[id]
	}
	if r == nil || r.Workspace != ws.Slug {
		return repository{}, false
	}
	return *r, true
}

// anywhere takes a UUID in braces, whatever workspace it is in.
func (h *hosting) anywhere(uuid string) (repository, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r := h.byUUID[uuid]; r != nil {
		return *r, true
	}
	return repository{}, false
}

// named takes a full name or a UUID in braces.
func (h *hosting) named(name string) (*repository, error) {
	if r := h.byName[name]; r != nil {
		return r, nil
	}
	if r := h.byUUID[name]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("%w: %q", errNoRepository, cut(name, 120))
}

// revision finds what a person may write for a commit: a branch, a tag or a hash.
func (h *hosting) revision(r repository, name string) *commit {
	if c, found := r.branches[name]; found {
		return c
	}
	if t, found := r.tags[name]; found {
		return t.target
	}
	return h.commit(r, name)
}

func (h *hosting) commit(r repository, hash string) *commit {
	h.mu.Lock()
	defer h.mu.Unlock()
	return r.history.find(hash)
}

// alter changes a repository. f gets a copy of its own, and either alters it or returns an error.
func (s *Sim) alter(name string, f func(*repository) error) (repository, error) {
	s.hosting.mu.Lock()
	defer s.hosting.mu.Unlock()
	return s.hosting.alter(name, s.clock().UTC(), f)
}

// alter is for those who hold the lock.
func (h *hosting) alter(name string, now time.Time, f func(*repository) error) (repository, error) {
	r, err := h.named(name)
	if err != nil {
		return repository{}, err
	}
	altered := *r
	if altered.seeded { // repositories of a fleet share their history until now
		altered.history = altered.history.copy()
	}
	if err := f(&altered); err != nil {
		return *r, err
	}
	altered.seeded, altered.UpdatedOn = false, now
	if altered.fullName() != r.fullName() {
		if _, taken := h.byName[altered.fullName()]; taken {
			return *r, errNameTaken
		}
		delete(h.byName, r.fullName())
		h.byName[altered.fullName()] = r
	}
	if altered.Workspace != r.Workspace {
		h.ordered[r.Workspace] = slices.DeleteFunc(slices.Clone(h.ordered[r.Workspace]), func(other *repository) bool { return other == r })
		h.ordered[altered.Workspace] = append(h.ordered[altered.Workspace], r)
	}
	*r = altered
	h.version++
	return altered, nil
}

// Repository says what a repository is now, for tests.
type Repository struct {
	UUID        string            `json:"uuid"`
	FullName    string            `json:"full_name"`
	MainBranch  string            `json:"main_branch"`
	Branches    map[string]string `json:"branches"` // name to hash
	Tags        map[string]string `json:"tags"`
	Permissions map[string]string `json:"permissions"` // account e-mail to "admin", "write" or "read"
	Hooks       []string          `json:"hooks"`       // UUIDs
}

// Repository takes a full name or a UUID in braces.
func (s *Sim) Repository(name string) (Repository, error) {
	s.hosting.mu.Lock()
	defer s.hosting.mu.Unlock()
	r, err := s.hosting.named(name)
	if err != nil {
		return Repository{}, err
	}
	described := Repository{
		UUID: r.UUID, FullName: r.fullName(), MainBranch: r.MainBranch, Permissions: maps.Clone(r.Permissions),
		Branches: map[string]string{}, Tags: map[string]string{}, Hooks: []string{},
	}
	for name, c := range r.branches {
		described.Branches[name] = c.hash
	}
	for name, t := range r.tags {
		described.Tags[name] = t.target.hash
	}
	for _, h := range r.hooks {
		described.Hooks = append(described.Hooks, h.UUID)
	}
	return described, nil
}
