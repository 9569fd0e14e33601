package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"fairlead"
)

// compareHeads puts side by side how far a link followed each branch and where the host has it. What does not fit, and stays
// so for the grace, becomes a delivery; n is how many. before are the heads as they were when the host was asked.
func (f *Flow) compareHeads(ctx context.Context, link fairlead.RepositoryLink, before []fairlead.Head, seen sight, grace time.Duration) (n int, err error) {
	// In this order: what came in meanwhile is either unfinished, or in the heads.
	busy, err := f.Store.HasUnfinished(ctx, link.ID)
	if err != nil {
		return 0, err
	}
	heads, err := f.Store.ListHeads(ctx, link.ID)
	if err != nil {
		return 0, err
	}
	c := comparing{Flow: f, link: link, seen: seen, grace: grace, busy: busy, heads: byBranch(heads), before: byBranch(before)}
	for _, branch := range c.branches() {
		if err := c.branch(ctx, branch); err != nil {
			return 0, err
		}
	}
	made, err := c.makeDeliveries(ctx)
	if err != nil {
		return made, err
	}
	f.suspects.note(link.ID, c.suspected, f.Clock())
	return made, f.Store.SaveHeads(ctx, link.ID, c.next, seen.at)
}

func byBranch(heads []fairlead.Head) map[string]fairlead.Head {
	all := map[string]fairlead.Head{}
	for _, h := range heads {
		all[h.Branch] = h
	}
	return all
}

// comparing is one comparison of a link's heads under way.
type comparing struct {
	*Flow
	link      fairlead.RepositoryLink
	seen      sight
	grace     time.Duration
	busy      bool // deliveries of the link wait: they may explain what does not fit
	heads     map[string]fairlead.Head
	before    map[string]fairlead.Head
	next      []fairlead.Head
	suspected bool
	found     []lost
}

// lost are the changes of one branch that no delivery told; its suspect is where it stands at the host.
type lost struct {
	head    fairlead.Head
	missing []step
}

// branches are those that the link knows or the host shows, and that the link follows.
func (c *comparing) branches() (names []string) {
	for name := range c.heads {
		if _, shown := c.seen.branches[name]; !shown && c.link.Rule.FollowsBranch(name) {
			names = append(names, name)
		}
	}
	for name := range c.seen.branches {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (c *comparing) branch(ctx context.Context, name string) error {
	head, at := c.heads[name], c.seen.branches[name]
	head.Branch = name
	was, known := c.before[name]
	switch {
	case head.Hash == at:
		c.keep(fairlead.Head{Branch: name, Hash: at})
		return nil
	case c.busy || known && was.Hash != head.Hash: // it is being explained, or moved while the host was asked
		c.keep(head)
		return nil
	case c.seen.isPart && at == "": // perhaps it is among those that the host did not show
		c.keep(head)
		return nil
	case c.seen.isPart && head.Hash == "": // whether it is new cannot be told either: it is followed from here on
		c.keep(fairlead.Head{Branch: name, Hash: at})
		return nil
	}
	pushes, err := c.Store.ListRefPushes(ctx, c.link.ID, fairlead.RefBranch, name, pushesBack)
	if err != nil {
		return err
	}
	missing := gaps(head.Hash, at, pushes)
	switch {
	case len(missing) == 0: // every step is known, they only came in another order
		c.keep(fairlead.Head{Branch: name, Hash: at})
	case c.isRipe(head, at):
		c.found = append(c.found, lost{c.suspect(head, at), missing})
	default:
		c.keep(c.suspect(head, at))
		c.suspected = true
	}
	return nil
}

// keep remembers a head. A branch that is gone leaves nothing behind.
func (c *comparing) keep(h fairlead.Head) {
	if h.Hash != "" || h.Suspect != "" {
		c.next = append(c.next, h)
	}
}

// suspect marks that the host has another head. A branch that vanished has no hash to suspect, only a time.
func (c *comparing) suspect(head fairlead.Head, at string) fairlead.Head {
	if head.Suspect = at; head.SuspectAt.IsZero() {
		head.SuspectAt = c.seen.at
	}
	return head
}

// isRipe reports whether a webhook would have told by now: the same head was seen before, longer ago than the grace. A branch
// that moves on with each look gets more time, but not for ever.
func (c *comparing) isRipe(head fairlead.Head, at string) bool {
	if c.grace == 0 {
		return true
	}
	if head.SuspectAt.IsZero() {
		return false
	}
	waited := c.seen.at.Sub(head.SuspectAt)
	return waited >= graceMoving || head.Suspect == at && waited >= c.grace
}

// makeDeliveries stores what was lost, like what a webhook sends. A change that was made up before, and worked off, is not
// made up again, whatever became of it: if there is no other, the link goes on from where the host is.
func (c *comparing) makeDeliveries(ctx context.Context) (made int, err error) {
	var arrivals []fairlead.Arrival
	for _, l := range c.found {
		for _, s := range l.missing {
			a, err := c.arrival(fairlead.RefChange{Type: fairlead.RefBranch, Name: l.head.Branch, Old: s.from, New: s.to})
			if err != nil {
				return 0, err
			}
			arrivals = append(arrivals, a)
		}
	}
	if len(arrivals) == 0 {
		return 0, nil
	}
	stored, err := c.Store.SaveArrivals(ctx, arrivals)
	if err != nil {
		return 0, err
	}
	for _, l := range c.found {
		before := made
		for range l.missing {
			if stored[0] {
				made++
			}
			stored = stored[1:]
		}
		if made == before {
			c.keep(fairlead.Head{Branch: l.head.Branch, Hash: l.head.Suspect})
			continue
		}
		c.suspected = true // when these are worked off, all steps are known: look again soon
		c.keep(l.head)
	}
	c.wake()
	return made, nil
}

// arrival is the delivery that the webhook should have sent.
func (c *comparing) arrival(change fairlead.RefChange) (fairlead.Arrival, error) {
	body, err := json.Marshal([]fairlead.RefChange{change})
	id := sha256.Sum256([]byte(change.Name + "\x00" + change.Old + "\x00" + change.New))
	now := c.Clock()
	return fairlead.Arrival{
		Delivery: fairlead.Delivery{
			ID: fairlead.NewID(c.Random, fairlead.PrefixDelivery), LinkID: c.link.ID, ProjectID: c.link.Project.ID,
			HostID: "catch-up:" + hex.EncodeToString(id[:16]), Event: catchUpEvent, Source: fairlead.SourceCatchUp,
			State: fairlead.DeliveryWaiting, Verdict: fairlead.VerdictWaiting, Ref: change.Name, Head: change.New,
			ReceivedAt: now, NextAt: now,
		},
		Payload: fairlead.Payload{Body: body},
	}, err
}
