package bitbucketsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// storedHosting is what the state file has beside what every run makes anew.
type storedHosting struct {
	Fleet        map[string]int     `json:",omitempty"`
	Deleted      []string           `json:",omitempty"`
	Repositories []storedRepository `json:",omitempty"`
}

type storedRepository struct {
	Name, Slug, Workspace, UUID string
	Private                     bool
	CreatedOn, UpdatedOn        time.Time
	Permissions                 map[string]string
	MainBranch                  string
	Branches                    map[string]string
	Tags                        map[string]storedTag `json:",omitempty"`
	Hooks                       []hook               `json:",omitempty"`
	Commits                     []json.RawMessage
	commits                     []*commit
}

type storedTag struct {
	Target, Message string
	Date            time.Time
}

type storedCommit struct {
	Hash, Author, Message string
	Date                  time.Time
	Parents               []string           `json:",omitempty"`
	Files                 map[string]*string // what differs from the first parent; null where a file went
}

var errBadHistory = errors.New("a commit's parent is missing")

// snapshot is quick: all that it takes along is never altered again. The caller holds the lock.
func (h *hosting) snapshot() *storedHosting {
	taken := &storedHosting{Fleet: map[string]int{}, Deleted: append([]string{}, h.deleted...)}
	for ws, n := range h.fleet {
		taken.Fleet[ws] = n
	}
	for _, list := range h.ordered {
		for _, r := range list {
			if r.seeded {
				continue
			}
			stored := storedRepository{
				Name: r.Name, Slug: r.Slug, Workspace: r.Workspace, UUID: r.UUID, Private: r.Private, CreatedOn: r.CreatedOn, UpdatedOn: r.UpdatedOn,
				Permissions: r.Permissions, MainBranch: r.MainBranch, Hooks: r.hooks, commits: r.history.list,
				Branches: make(map[string]string, len(r.branches)), Tags: make(map[string]storedTag, len(r.tags)),
			}
			for name, c := range r.branches {
				stored.Branches[name] = c.hash
			}
			for name, t := range r.tags {
				stored.Tags[name] = storedTag{t.target.hash, t.message, t.date}
			}
			taken.Repositories = append(taken.Repositories, stored)
		}
	}
	return taken
}

// encode puts each commit into JSON once in its life.
func (taken *storedHosting) encode() (json.RawMessage, error) {
	for i := range taken.Repositories {
		r := &taken.Repositories[i]
		r.Commits = make([]json.RawMessage, len(r.commits))
		for j, c := range r.commits {
			if c.stored == nil {
				text, err := json.Marshal(c.store())
				if err != nil {
					return nil, fmt.Errorf("encode commit %s: %w", c.hash, err)
				}
				c.stored = text
			}
			r.Commits[j] = c.stored
		}
	}
	return json.Marshal(taken)
}

func (c *commit) store() storedCommit {
	stored := storedCommit{Hash: c.hash, Author: c.author, Message: c.message, Date: c.date, Files: map[string]*string{}}
	for _, parent := range c.parents {
		stored.Parents = append(stored.Parents, parent.hash)
	}
	for _, changed := range changesBetween(c.base(), c.tree) {
		stored.Files[changed.path] = changed.after
	}
	return stored
}

// restore puts what was stored over what every run makes.
func (h *hosting) restore(text json.RawMessage) error {
	if len(text) == 0 {
		return nil
	}
	var stored storedHosting
	if err := json.Unmarshal(text, &stored); err != nil {
		return err
	}
	for ws, n := range stored.Fleet {
		if more := n - h.fleet[ws]; more > 0 {
			h.addFleet(ws, more)
		}
	}
	for _, uuid := range stored.Deleted {
		if r := h.byUUID[uuid]; r != nil {
			h.drop(r)
		}
		h.deleted = append(h.deleted, uuid)
	}
	for _, r := range stored.Repositories { // all old names first: two repositories may have swapped theirs
		if seeded := h.byUUID[r.UUID]; seeded != nil {
			delete(h.byName, seeded.fullName())
		}
	}
	for _, r := range stored.Repositories {
		restored, err := r.restore()
		if err != nil {
			return fmt.Errorf("repository %s/%s: %w", r.Workspace, r.Slug, err)
		}
		seeded := h.byUUID[r.UUID]
		if seeded != nil && seeded.Workspace == r.Workspace { // keeps its place in the listing
			*seeded = *restored
			h.byName[seeded.fullName()] = seeded
			continue
		}
		if seeded != nil {
			h.drop(seeded)
		}
		h.put(restored)
	}
	return nil
}

func (r storedRepository) restore() (*repository, error) {
	restored := &repository{
		Name: r.Name, Slug: r.Slug, Workspace: r.Workspace, UUID: r.UUID, Private: r.Private, CreatedOn: r.CreatedOn, UpdatedOn: r.UpdatedOn,
		Permissions: r.Permissions, MainBranch: r.MainBranch, hooks: r.Hooks, history: newHistory(),
		branches: map[string]*commit{}, tags: map[string]tag{},
	}
	for _, text := range r.Commits {
		var stored storedCommit
		if err := json.Unmarshal(text, &stored); err != nil {
			return nil, err
		}
		c := &commit{hash: stored.Hash, author: stored.Author, message: stored.Message, date: stored.Date, stored: text}
		for _, hash := range stored.Parents {
			parent := restored.history.byHash[hash]
			if parent == nil {
				return nil, errBadHistory
			}
			c.parents = append(c.parents, parent)
		}
		c.tree = c.base()
		for path, content := range stored.Files {
			if content == nil {
				c.tree = c.tree.remove(path)
			} else {
				c.tree = c.tree.set(path, *content)
			}
		}
		restored.history.add(c)
	}
	for name, hash := range r.Branches {
		if restored.branches[name] = restored.history.byHash[hash]; restored.branches[name] == nil {
			return nil, errBadHistory
		}
	}
	for name, t := range r.Tags {
		restored.tags[name] = tag{target: restored.history.byHash[t.Target], message: t.Message, date: t.Date}
		if restored.tags[name].target == nil {
			return nil, errBadHistory
		}
	}
	return restored, nil
}
