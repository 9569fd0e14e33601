package inbox_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fairlead"
	"fairlead/bitbucketsim"
)

// node is a commit of the model.
type node struct {
	hash    string
	parents []*node
}

func (n *node) reaches() map[*node]bool {
	found := map[*node]bool{}
	for open := []*node{n}; len(open) > 0; {
		last := open[len(open)-1]
		open = open[:len(open)-1]
		if !found[last] {
			found[last] = true
			open = append(open, last.parents...)
		}
	}
	return found
}

// way is how a branch went since the link follows it.
type way struct {
	places  []string // where it stood, from the beginning; "" for no branch
	begin   *node    // nil if there was none
	since   int64    // the newest delivery before
	unclean bool     // it was forced or removed: commits may come twice by right
}

// model is what a team does at the host, and what a link should make of it.
type model struct {
	*quay
	rt    *rapid.T
	tips  map[string]*node
	ways  map[string]*way      // of the branches and tags that the link follows, since it does
	ever  map[string]bool      // those that were followed at some time
	tags  map[string]string    // the commit of each tag
	mains []*node              // where the main branch ever stood
	told  []fairlead.RefChange // changes that a webhook told at least once
	files int
}

func (m *model) commits(name string, most int) (list []bitbucketsim.NewCommit) {
	for range rapid.IntRange(1, most).Draw(m.rt, name) {
		m.files++
		list = append(list, file(fmt.Sprintf("f/%d.sql", m.files)))
	}
	return list
}

// change draws what happens to one branch; false if nothing can.
func (m *model) change(branch string) (bitbucketsim.RefChange, bool) {
	c := bitbucketsim.RefChange{Branch: branch}
	tip, exists := m.tips[branch]
	if !exists {
		c.From = "main"
		if rapid.Bool().Draw(m.rt, "with commits") {
			c.Commits = m.commits("commits", 3)
		}
		return c, true
	}
	switch rapid.SampledFrom([]string{"commit", "commit", "commit", "merge", "back", "onto", "remove"}).Draw(m.rt, "what") {
	case "commit":
		c.Commits = m.commits("commits", 7)
	case "merge":
		c.Merge = m.another(branch)
		if c.Merge == "" || tip.reaches()[m.tips[c.Merge]] {
			return c, false
		}
	case "back":
		if len(tip.parents) == 0 {
			return c, false
		}
		c.Force, c.From = true, branch+"~1"
		if rapid.Bool().Draw(m.rt, "and on") {
			c.Commits = m.commits("commits", 2)
		}
	case "onto":
		c.From = m.another(branch)
		if c.From == "" || m.tips[c.From] == tip {
			return c, false
		}
		c.Force = true
	case "remove":
		c.Delete = true
		return c, branch != "main"
	}
	return c, true
}

func (m *model) another(branch string) string {
	others := []string{}
	for name := range m.tips {
		if name != branch {
			others = append(others, name)
		}
	}
	if len(others) == 0 {
		return ""
	}
	slices.Sort(others)
	return rapid.SampledFrom(others).Draw(m.rt, "other")
}

// follow moves the model as the host moved.
func (m *model) follow(c bitbucketsim.RefChange, done bitbucketsim.PushedChange) {
	w := m.ways[c.Branch]
	if w == nil { // nobody follows it
		w = &way{}
	}
	if c.Delete {
		delete(m.tips, c.Branch)
		w.places, w.unclean = append(w.places, ""), true
		return
	}
	tip := m.tips[c.Branch]
	switch {
	case c.Force && c.From == c.Branch+"~1":
		tip = tip.parents[0]
	case c.From != "":
		tip = m.tips[c.From]
	}
	for i, hash := range done.Commits {
		next := &node{hash: hash, parents: []*node{tip}}
		if c.Merge != "" && i == len(done.Commits)-1 {
			next.parents = append(next.parents, m.tips[c.Merge])
		}
		tip = next
	}
	if done.Forced || c.Force {
		w.unclean = true
	}
	w.places = append(w.places, tip.hash)
	if m.tips[c.Branch] = tip; c.Branch == "main" {
		m.mains = append(m.mains, tip)
	}
}

// tag draws what happens to one tag; false if nothing can.
func (m *model) tag() (c bitbucketsim.RefChange, ok bool) {
	c.Tag = rapid.SampledFrom(tagNames).Draw(m.rt, "tag")
	_, exists := m.tags[c.Tag]
	if exists && rapid.IntRange(0, 2).Draw(m.rt, "remove") == 0 {
		c.Delete = true
		return c, true
	}
	c.From, c.Force = m.another(""), exists
	return c, c.From != "" && m.tags[c.Tag] != m.tips[c.From].hash
}

// followTag moves the model's tag as the host moved it.
func (m *model) followTag(c bitbucketsim.RefChange) {
	delete(m.tags, c.Tag)
	if !c.Delete {
		m.tags[c.Tag] = m.tips[c.From].hash
	}
	if w := m.ways[c.Tag]; w != nil {
		w.places, w.unclean = append(w.places, m.tags[c.Tag]), true
	}
}

// push is one push of one to three changes, with a fault on the way of its webhook.
func (m *model) push() {
	if rapid.IntRange(0, 3).Draw(m.rt, "of a tag") == 0 {
		if c, ok := m.tag(); ok {
			m.send([]bitbucketsim.RefChange{c})
		}
		return
	}
	chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(branchNames), 1, 3, rapid.ID[string]).Draw(m.rt, "branches")
	var changes []bitbucketsim.RefChange
	for _, branch := range chosen {
		// A change may start from another branch only if that one does not move in the same push: the model need not know the order.
		if c, ok := m.change(branch); ok && !slices.Contains(chosen, c.Merge) && (c.From == "" || c.From == branch+"~1" || !slices.Contains(chosen, c.From)) {
			changes = append(changes, c)
		}
	}
	if len(changes) > 0 {
		m.send(changes)
	}
}

func (m *model) send(changes []bitbucketsim.RefChange) {
	fault := rapid.SampledFrom([]bitbucketsim.Faults{{}, {}, {DropDeliveries: true}, {DuplicateDeliveries: true}}).Draw(m.rt, "fault")
	fault.ReorderDeliveries = rapid.Bool().Draw(m.rt, "hold back") // until another one was sent, or until that ends
	m.faults(fault)
	result, err := m.sim.PushMany(orders, changes...)
	if err != nil { // nothing to push: the model need not know when
		return
	}
	for i, c := range changes {
		ref := fairlead.BranchRef(c.Branch)
		if c.Tag != "" {
			ref = fairlead.TagRef(c.Tag)
			m.followTag(c)
		} else {
			m.follow(c, result.Changes[i])
		}
		if d := result.Changes[i]; !fault.DropDeliveries {
			m.told = append(m.told, fairlead.RefChange{Type: ref.Type, Name: ref.Name, Old: d.Old, New: d.New})
		}
	}
	m.settle()
}

// recorded are the pushes of the link that count, each with how often.
func (m *model) recorded() (all []fairlead.Push) {
	list := m.deliveries()
	slices.Reverse(list)
	for _, d := range list {
		if d.State != fairlead.DeliveryDone {
			m.rt.Errorf("%s is %s: %s", d.ID, d.State, d.Reason)
		}
		_, pushes, _, err := m.Delivery(context.Background(), d.ID)
		m.must(err)
		for _, p := range pushes {
			if p.Verdict == fairlead.VerdictRecorded || p.Verdict == fairlead.VerdictCaughtUp {
				all = append(all, p)
			}
		}
	}
	return all
}

func (m *model) check() {
	m.wantHeads()
	pushes := m.recorded()
	times, commits := map[string]int{}, map[string]map[string]int{}
	leads := map[string]map[string][]string{} // by branch and commit: where what was recorded leads
	for _, p := range pushes {
		name := p.Change.Name
		times[name+" "+p.Change.Old+" "+p.Change.New]++
		if leads[name] == nil {
			leads[name], commits[name] = map[string][]string{}, map[string]int{}
		}
		leads[name][p.Change.Old] = append(leads[name][p.Change.Old], p.Change.New)
		if !m.ever[name] {
			m.rt.Errorf("%s was never followed", name)
		}
		d, err := m.db.FindDelivery(context.Background(), p.DeliveryID)
		m.must(err)
		w := m.ways[name]
		if w == nil || d.Place <= w.since {
			continue
		}
		for _, c := range p.Comparison.Commits {
			commits[name][c.Hash]++
		}
		m.checkNotMadeUp(d, p, *w)
	}
	for change, n := range times {
		if n != 1 {
			m.rt.Errorf("%s is recorded %d times", change, n)
		}
	}
	if n := m.catchUp(); n != 0 {
		m.rt.Errorf("%d more are caught up of what is complete", n)
	}
	for _, c := range m.told {
		if p, err := m.db.FindPush(context.Background(), m.link.ID, c); err != nil {
			m.rt.Errorf("a webhook told of %+v, and nothing became of it: %+v, %v", c, p, err)
		}
	}
	for name, w := range m.ways {
		isTag := slices.Contains(tagNames, name)
		if from, to := w.places[0], w.places[len(w.places)-1]; (isTag || m.link.Rule.Deletions) && !reaches(leads[name], from, to) {
			m.rt.Errorf("%s: nothing leads from %q to %q, %s", name, from, to, m.story(name))
		}
		if tip := m.tips[name]; tip != nil && !w.unclean {
			m.checkCommits(name, tip, *w, commits[name])
		}
	}
}

// checkNotMadeUp holds for whatever the regular check found: the branch went that way since it is followed.
func (m *model) checkNotMadeUp(d fairlead.Delivery, p fairlead.Push, w way) {
	from, to := slices.Index(w.places, p.Change.Old), slices.Index(w.places, p.Change.New)
	if d.Source == fairlead.SourceCatchUp && (from < 0 || to < 0 || !w.unclean && from >= to) {
		m.rt.Errorf("%s never went from %.6s to %.6s since it is followed, but %.6s, %s", p.Change.Name, p.Change.Old, p.Change.New, w.places, m.story(p.Change.Name))
	}
}

func reaches(leads map[string][]string, from, to string) bool {
	found := map[string]bool{}
	for open := []string{from}; len(open) > 0; {
		last := open[len(open)-1]
		open = open[:len(open)-1]
		if !found[last] {
			found[last] = true
			open = append(open, leads[last]...)
		}
	}
	return found[to]
}

// checkCommits holds for a branch that only ever grew: each commit since it is followed comes once. What a new branch has in
// common with the main branch is not its work, so it may be missing.
func (m *model) checkCommits(name string, tip *node, w way, times map[string]int) {
	before, common := map[*node]bool{}, map[*node]bool{}
	if w.begin != nil {
		before = w.begin.reaches()
	} else {
		for _, main := range m.mains {
			for n := range main.reaches() {
				common[n] = true
			}
		}
	}
	for n := range tip.reaches() {
		if got := times[n.hash]; len(n.parents) > 0 && !before[n] && got != 1 && (got != 0 || !common[n]) {
			m.rt.Errorf("%s: commit %s is recorded %d times, %s", name, n.hash, got, m.story(name))
		}
	}
}

// follows begins the ways of the branches that the link follows from now on, and ends those of the others.
func (m *model) follows() {
	m.t.Helper()
	place, err := m.db.LastPlace(context.Background())
	m.must(err)
	for _, name := range branchNames {
		switch {
		case !m.link.Rule.FollowsBranch(name):
			delete(m.ways, name)
		case m.ways[name] == nil:
			w := &way{places: []string{""}, since: place}
			if tip := m.tips[name]; tip != nil {
				w.places[0], w.begin = tip.hash, tip
			}
			m.ways[name], m.ever[name] = w, true
		}
	}
	for _, name := range tagNames {
		switch {
		case !m.link.Rule.Tags:
			delete(m.ways, name)
		case m.ways[name] == nil:
			m.ways[name], m.ever[name] = &way{places: []string{m.tags[name]}, since: place, unclean: true}, true
		}
	}
}

// edit changes which branches the link follows, while deliveries may wait. None is on its way: of one that is told after
// that nobody could say when it happened.
func (m *model) edit() {
	m.faults(bitbucketsim.Faults{})
	m.settle()
	rule := m.fresh().Rule
	rule.Branch, rule.Tags = rapid.SampledFrom(rules).Draw(m.rt, "another rule"), rapid.Bool().Draw(m.rt, "with tags")
	m.must(m.linking.ChangeRule(context.Background(), as(m.ana), m.access(), m.fresh(), rule))
	m.knowTags()
	m.follows()
}

// knowTags lets a link that began to follow tags learn which there are.
func (m *model) knowTags() {
	if m.link = m.fresh(); m.link.Rule.Tags && !m.link.KnowsTags {
		m.work()
		m.look()
		m.link = m.fresh()
	}
}

// restart ends the process, with or without a delivery in hand.
func (m *model) restart() {
	m.faults(bitbucketsim.Faults{})
	m.settle()
	if rapid.Bool().Draw(m.rt, "killed") {
		_, err := m.db.ClaimDeliveries(context.Background(), 2*time.Minute, 1)
		m.must(err)
		m.clock.forward(2 * time.Minute)
	}
	m.wire()
}

var (
	rules       = []string{"**", "main", "m*", "release/*"}
	branchNames = []string{"main", "release/1", "release/2", "topic"}
	tagNames    = []string{"v1", "v2"}
)

// story is how a branch went, as the log has it.
func (m *model) story(branch string) (lines string) {
	list := m.deliveries()
	slices.Reverse(list)
	for _, d := range list {
		_, pushes, _, err := m.Delivery(context.Background(), d.ID)
		m.must(err)
		for _, p := range pushes {
			if p.Change.Name == branch {
				lines += fmt.Sprintf("\n%s %.6s to %.6s, forced %v, %s:", d.Source, p.Change.Old, p.Change.New, p.Change.Forced, p.Verdict)
				for _, c := range p.Comparison.Commits {
					lines += fmt.Sprintf(" %.6s", c.Hash)
				}
			}
		}
	}
	return lines
}

func TestWhateverHappensEachChangeIsRecordedOnceAndTheHeadsAreTheHosts(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	defer func() { q.t = t }()
	rapid.Check(t, func(rt *rapid.T) {
		q.t = rt
		m := begin(q, rt)
		for range rapid.IntRange(1, 12).Draw(rt, "pushes") {
			m.push()
			switch rapid.IntRange(0, 8).Draw(rt, "then") {
			case 0, 1:
				m.work()
			case 2:
				m.clock.forward(16 * time.Minute)
				m.look()
			case 3:
				_, err := m.SyncNow(context.Background(), m.fresh())
				m.must(err)
			case 4:
				m.edit()
			case 5:
				m.restart()
			}
		}
		m.faults(bitbucketsim.Faults{})
		m.settle()
		m.work()
		m.catchUp()
		m.check()
	})
}

// begin links the repository anew, with nothing but its main branch.
func begin(q *quay, rt *rapid.T) *model {
	ctx := context.Background()
	q.faults(bitbucketsim.Faults{DropDeliveries: true})
	r, err := q.sim.Repository(orders)
	q.must(err)
	for name := range r.Branches {
		if name != "main" {
			_, err := q.sim.DeleteBranch(orders, name)
			q.must(err)
		}
	}
	for name := range r.Tags {
		if rapid.Bool().Draw(rt, "keep "+name) && slices.Contains(tagNames, name) {
			continue
		}
		_, err := q.sim.PushMany(orders, bitbucketsim.RefChange{Tag: name, Delete: true})
		q.must(err)
		delete(r.Tags, name)
	}
	q.faults(bitbucketsim.Faults{})
	q.settle()
	_, err = q.linking.Unlink(ctx, as(q.ana), q.access(), q.link)
	q.must(err)
	rule := fairlead.LinkRule{Branch: rapid.SampledFrom(rules[:3]).Draw(rt, "rule"), Deletions: rapid.Bool().Draw(rt, "deletions"), Tags: rapid.Bool().Draw(rt, "tags")}
	q.link = q.linked(orders, rule)
	q.mu.Lock()
	q.statuses = nil
	q.mu.Unlock()
	base := &node{hash: r.Branches["main"]}
	m := &model{
		quay: q, rt: rt, tips: map[string]*node{"main": base}, ways: map[string]*way{}, ever: map[string]bool{}, mains: []*node{base}, tags: r.Tags,
	}
	m.knowTags()
	m.follows()
	return m
}
