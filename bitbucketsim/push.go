package bitbucketsim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// NewCommit is a commit to be made on top of its branch.
type NewCommit struct {
	Message string            `json:"message"`
	Author  string            `json:"author"` // "Name <e-mail>"; "" means who pushes
	Date    time.Time         `json:"date"`   // zero means now
	Files   map[string]string `json:"files"`  // path to whole new content
	Deletes []string          `json:"deletes"`
}

// RefChange is what a push does to one branch or one tag. Several of them in one push are several changes in one delivery.
type RefChange struct {
	Branch  string      `json:"branch"`
	Tag     string      `json:"tag"` // instead of Branch
	Commits []NewCommit `json:"commits"`
	// From is where a new branch or a tag starts, or what a forced branch is put on: a hash, a branch or a tag, also with ~n.
	// "" means the main branch for a new branch and a tag, and nothing at all (an unrelated history) for a forced one.
	From    string `json:"from"`
	Force   bool   `json:"force"`   // move the branch even if commits are lost
	Delete  bool   `json:"delete"`  // the branch or tag
	Merge   string `json:"merge"`   // merge this into the branch, after Commits
	Message string `json:"message"` // of the merge, or of the tag; "" makes a lightweight tag
}

// PushResult is what a push did.
type PushResult struct {
	Repository string         `json:"repository"` // UUID
	FullName   string         `json:"full_name"`
	Changes    []PushedChange `json:"changes"`
	Deliveries []string       `json:"deliveries"` // their X-Request-UUID, one per webhook that gets the push
}

// PushedChange is one element of push.changes.
type PushedChange struct {
	Type      string   `json:"type"` // "branch" or "tag"
	Name      string   `json:"name"`
	Old       string   `json:"old"` // hash; "" when created
	New       string   `json:"new"` // hash; "" when closed
	Created   bool     `json:"created"`
	Closed    bool     `json:"closed"`
	Forced    bool     `json:"forced"`
	Truncated bool     `json:"truncated"`
	Commits   []string `json:"commits"` // what this push made, oldest first
}

// Push makes commits on a branch, as Priya. A branch that does not exist starts from the main branch; in an empty repository it
// becomes the main branch. repo is a full name or a UUID in braces, here and everywhere else.
func (s *Sim) Push(repo, branch string, commits ...NewCommit) (PushResult, error) {
	return s.PushMany(repo, RefChange{Branch: branch, Commits: commits})
}

// CreateBranch makes a branch at from (see RefChange).
func (s *Sim) CreateBranch(repo, branch, from string) (PushResult, error) {
	return s.PushMany(repo, RefChange{Branch: branch, From: from})
}

// DeleteBranch deletes any branch but the main one.
func (s *Sim) DeleteBranch(repo, branch string) (PushResult, error) {
	return s.PushMany(repo, RefChange{Branch: branch, Delete: true})
}

// CreateTag makes a tag at from (see RefChange).
func (s *Sim) CreateTag(repo, name, from string) (PushResult, error) {
	return s.PushMany(repo, RefChange{Tag: name, From: from})
}

// ForcePush puts a branch on onto (see RefChange.From) and makes the commits there.
func (s *Sim) ForcePush(repo, branch, onto string, commits ...NewCommit) (PushResult, error) {
	return s.PushMany(repo, RefChange{Branch: branch, From: onto, Force: true, Commits: commits})
}

// Merge makes a merge commit on a branch. What both sides changed is taken from the merged side: there are no conflicts.
func (s *Sim) Merge(repo, into, from, message string) (PushResult, error) {
	return s.PushMany(repo, RefChange{Branch: into, Merge: from, Message: message})
}

// PushMany pushes several branches and tags at once, as Priya: all of them or none.
func (s *Sim) PushMany(repo string, changes ...RefChange) (PushResult, error) {
	return s.PushAs(priya, repo, changes...)
}

// PushAs pushes as the account with this e-mail. It does not ask for the account's permissions: tests may want anybody to push.
func (s *Sim) PushAs(email, repo string, changes ...RefChange) (PushResult, error) {
	who, found := s.world.accountByEmail(email)
	if !found {
		return PushResult{}, fmt.Errorf("push: no account %q", cut(email, 120))
	}
	if len(changes) == 0 {
		return PushResult{}, errNothingToPush
	}
	p := pushing{now: s.clock(), author: who.Name + " <" + who.Email + ">"}
	event := &pushEvent{actor: who}
	// Deliveries are queued in here, so that they leave in the order of the pushes.
	queued, err := s.alterAndTell(repo, "repo:push", func(r *repository) (func(repository) any, error) {
		p.repository = r
		p.branches, p.tags = maps.Clone(r.branches), maps.Clone(r.tags)
		if p.tags == nil {
			p.tags = map[string]tag{}
		}
		for _, c := range changes {
			if err := p.apply(c); err != nil {
				return nil, fmt.Errorf("push to %s: %w", r.fullName(), err)
			}
		}
		r.branches, r.tags = p.branches, p.tags
		event.changes = p.done
		return func(now repository) any { event.repository = now; return s.pushPayload(event) }, nil
	})
	if err != nil {
		return PushResult{}, err
	}
	result := PushResult{Repository: queued.repository.UUID, FullName: queued.repository.fullName(), Deliveries: queued.deliveries}
	for _, done := range p.done {
		result.Changes = append(result.Changes, done.describe())
	}
	s.keepSoon()
	return result, nil
}

var errNothingToPush = errors.New("everything is up to date: there is nothing to push")

// pushEvent is what a delivery tells. The commits in it never change, so it is put into words only when it is sent.
type pushEvent struct {
	actor      Account
	repository repository
	changes    []refChanged
}

type refChanged struct {
	kind, name string // "branch" or "tag"
	old, new   *commit
	tag        tag // what a change of a tag is about
	forced     bool
	made       []*commit
}

const commitsInPayload = 5 // documented: up to five of the newest, more are cut off and told by truncated

// log lists what the payload's commits show, newest first, and one more when there is more. A new branch shows its history,
// also when none of it is new (observed).
func (c refChanged) log() []*commit {
	var old []*commit
	if c.old != nil {
		old = []*commit{c.old}
	}
	return logBetween([]*commit{c.new}, old, commitsInPayload+1)
}

func (c refChanged) describe() PushedChange {
	d := PushedChange{
		Type: c.kind, Name: c.name, Created: c.old == nil, Closed: c.new == nil, Forced: c.forced,
		Truncated: c.kind == "branch" && c.new != nil && len(c.log()) > commitsInPayload, Commits: []string{},
	}
	if c.old != nil {
		d.Old = c.old.hash
	}
	if c.new != nil {
		d.New = c.new.hash
	}
	for _, made := range c.made {
		d.Commits = append(d.Commits, made.hash)
	}
	return d
}

// pushing is a push under way, on a copy of the repository.
type pushing struct {
	repository *repository
	branches   map[string]*commit
	tags       map[string]tag
	now        time.Time
	author     string
	done       []refChanged
}

func (p *pushing) apply(c RefChange) error {
	switch {
	case (c.Branch == "") == (c.Tag == ""):
		return errors.New("a change is of a branch or of a tag")
	case c.Tag != "":
		return p.applyTag(c)
	case c.Delete:
		return p.deleteBranch(c.Branch)
	}
	old := p.branches[c.Branch]
	base, err := p.base(c, old)
	if err != nil {
		return err
	}
	changed := refChanged{kind: "branch", name: c.Branch, old: old, new: base}
	for _, commit := range c.Commits {
		if err := p.commit(&changed, commit); err != nil {
			return err
		}
	}
	if c.Merge != "" {
		if err := p.merge(&changed, c); err != nil {
			return err
		}
	}
	if changed.new == nil || changed.new == old {
		return errNothingToPush
	}
	changed.forced = old != nil && !leadsTo(old, changed.new)
	p.branches[c.Branch] = changed.new
	if p.repository.MainBranch == "" {
		p.repository.MainBranch = c.Branch
	}
	p.done = append(p.done, changed)
	return nil
}

// base is where the commits of a branch go.
func (p *pushing) base(c RefChange, old *commit) (*commit, error) {
	if old == nil {
		if err := validRef(c.Branch, p.branches); err != nil {
			return nil, err
		}
	}
	switch {
	case old != nil && !c.Force && c.From != "":
		return nil, fmt.Errorf("the branch %q exists: only a forced push moves it", c.Branch)
	case old != nil && !c.Force:
		return old, nil
	case c.From != "":
		return p.resolve(c.From)
	case c.Force:
		return nil, nil
	}
	return p.branches[p.repository.MainBranch], nil
}

func (p *pushing) commit(changed *refChanged, n NewCommit) error {
	content := treeOf(changed.new)
	for _, path := range n.Deletes {
		content = content.remove(path)
	}
	for _, path := range slices.Sorted(maps.Keys(n.Files)) {
		if err := validPath(path, content); err != nil {
			return err
		}
		content = content.set(path, n.Files[path])
	}
	if n.Author == "" {
		n.Author = p.author
	}
	if n.Date.IsZero() {
		n.Date = p.now
	}
	if n.Message == "" {
		n.Message = "Change"
	}
	p.add(changed, newCommit(n.Author, withNewline(n.Message), n.Date, content, parentsOf(changed.new)...))
	return nil
}

func (p *pushing) merge(changed *refChanged, c RefChange) error {
	other, err := p.resolve(c.Merge)
	switch {
	case err != nil:
		return err
	case changed.new == nil:
		return fmt.Errorf("there is nothing to merge %q into", c.Merge)
	case leadsTo(other, changed.new):
		return errNothingToPush
	}
	content := changed.new.tree
	for _, theirs := range changesBetween(treeOf(mergeBase(changed.new, other)), other.tree) {
		if theirs.after == nil {
			content = content.remove(theirs.path)
		} else {
			content = content.set(theirs.path, *theirs.after)
		}
	}
	message := c.Message
	if message == "" {
		message = "Merged " + c.Merge + " into " + c.Branch
	}
	p.add(changed, newCommit(p.author, withNewline(message), p.now, content, changed.new, other))
	return nil
}

func (p *pushing) add(changed *refChanged, c *commit) {
	changed.new = p.repository.history.add(c)
	changed.made = append(changed.made, changed.new)
}
