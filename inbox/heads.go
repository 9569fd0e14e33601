package inbox

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"fairlead"
)

// compareHeads puts side by side how far a link followed each branch and tag and where the host has it. What does not fit, and stays
// so for the grace, becomes a delivery; n is how many.
func (f *Flow) compareHeads(ctx context.Context, link fairlead.RepositoryLink, seen sight, grace time.Duration) (n int, err error) {
	// In this order: what came in meanwhile is either unfinished, or in the heads, or open.
	busy, err := f.Store.HasUnfinished(ctx, link.ID)
	if err != nil {
		return 0, err
	}
	heads, err := f.Store.ListHeads(ctx, link.ID)
	if err != nil {
		return 0, err
	}
	// A rule that was changed while the host was asked asks for others: the next look sees them.
	now, err := f.Store.FindRepositoryLink(ctx, link.ID)
	if err != nil || now.Rule.Branch != link.Rule.Branch || now.Rule.Tags != link.Rule.Tags {
		return 0, ignoreNotFound(err)
	}
	open, err := f.Store.ListOpenPushes(ctx, link.ID, mostOpen)
	if err != nil {
		return 0, err
	}
	c := comparing{
		Flow: f, link: now, seen: seen, grace: grace, busy: busy, heads: byRef(heads), before: byRef(seen.heads), open: map[fairlead.Ref][]fairlead.Push{},
		sync: fairlead.HeadSync{At: seen.at, Place: seen.place, Before: heads, Tags: now.Rule.Tags && !busy},
	}
	for _, p := range open {
		c.open[p.Change.Ref()] = append(c.open[p.Change.Ref()], p)
	}
	for _, ref := range c.refs() {
		c.compare(ref)
	}
	if now.Rule.Tags && !now.KnowsTags && busy { // which tags there were is not known yet
		c.suspected = true
	}
	if err := c.confirmRemovals(ctx); err != nil {
		return 0, err
	}
	made, err := c.makeDeliveries(ctx)
	if err != nil {
		return made, err
	}
	f.suspects.note(link.ID, c.suspected, f.Clock())
	return made, f.Store.SaveHeads(ctx, link.ID, c.sync)
}

func byRef(heads []fairlead.Head) map[fairlead.Ref]fairlead.Head {
	all := map[fairlead.Ref]fairlead.Head{}
	for _, h := range heads {
		all[h.Ref] = h
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
	heads     map[fairlead.Ref]fairlead.Head
	before    map[fairlead.Ref]fairlead.Head
	open      map[fairlead.Ref][]fairlead.Push // told, and not gone over
	sync      fairlead.HeadSync
	suspected bool
	found     []lost
}

// lost are the changes of one ref that no delivery told; its suspect is where it stands at the host.
type lost struct {
	head    fairlead.Head
	missing []step
}

// refs are those that the link knows or the host shows, and that the link follows.
func (c *comparing) refs() (refs []fairlead.Ref) {
	for ref := range c.heads {
		if _, shown := c.seen.refs[ref]; !shown && c.link.Rule.Follows(ref) {
			refs = append(refs, ref)
		}
	}
	for ref := range c.seen.refs {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, compareRefs)
	return refs
}

func compareRefs(a, b fairlead.Ref) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
}

func (c *comparing) compare(ref fairlead.Ref) {
	head, at := c.heads[ref], c.seen.refs[ref]
	head.Ref = ref
	switch {
	case c.busy || c.before[ref].Hash != head.Hash || c.isTold(ref): // it is being explained, or moved while the host was asked
		c.keep(head)
		c.suspected = c.suspected || head.Hash != at && !c.busy
		return
	case head.Hash == at:
		c.arrive(head, at)
		return
	case c.seen.isPart[ref.Type] && at == "": // perhaps it is among those that the host did not show
		c.keep(head)
		return
	case head.Hash == "" && !c.seen.isNew(c.link, ref): // it is followed from here on
		c.arrive(fairlead.Head{Ref: ref}, at)
		return
	}
	missing := gaps(head.Hash, at, c.open[ref])
	switch {
	case len(missing) == 0: // every step is known, they only came in another order
		c.arrive(head, at)
	case c.isRipe(head, at):
		c.found = append(c.found, lost{c.suspect(head, at), missing})
	default:
		c.keep(c.suspect(head, at))
		c.suspected = true
	}
}

// isTold reports whether something of a ref arrived after the host was asked: it may know more than the host said.
func (c *comparing) isTold(ref fairlead.Ref) bool {
	return slices.ContainsFunc(c.open[ref], func(p fairlead.Push) bool { return p.Told > c.seen.place })
}

// keep remembers a head. A ref that is gone leaves nothing behind.
func (c *comparing) keep(h fairlead.Head) {
	if h.Hash != "" || h.Suspect != "" {
		c.sync.After = append(c.sync.After, h)
	}
}

// arrive is for a head that is where the host has it: everything that was told lies behind it.
func (c *comparing) arrive(head fairlead.Head, at string) {
	c.keep(fairlead.Head{Ref: head.Ref, Hash: at, FollowedAt: head.FollowedAt})
	if len(c.open[head.Ref]) > 0 {
		c.sync.Behind = append(c.sync.Behind, head.Ref)
	}
}

// suspect marks that the host has another head. A ref that vanished has no hash to suspect, only a time.
func (c *comparing) suspect(head fairlead.Head, at string) fairlead.Head {
	if head.Suspect = at; head.SuspectAt.IsZero() {
		head.SuspectAt = c.seen.at
	}
	return head
}

// isRipe reports whether a webhook would have told by now: the same head was seen before, longer ago than the grace. A ref
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

// makeDeliveries stores what was lost, like what a webhook sends. A change that was made up before, and given up, is not made
// up again: if there is no other, the link goes on from where the host is.
func (c *comparing) makeDeliveries(ctx context.Context) (made int, err error) {
	var arrivals []fairlead.Arrival
	for _, l := range c.found {
		told, err := c.Store.LastTold(ctx, c.link.ID, l.head.Ref)
		if err != nil {
			return 0, err
		}
		for _, s := range l.missing {
			a, err := c.arrival(fairlead.RefChange{Type: l.head.Ref.Type, Name: l.head.Ref.Name, Old: s.from, New: s.to}, told)
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
			c.arrive(l.head, l.head.Suspect)
			continue
		}
		c.suspected = true // when these are worked off, all steps are known: look again soon
		c.keep(l.head)
	}
	c.wake()
	return made, nil
}

// arrival is the delivery that the webhook should have sent. The same change can be lost once more after the ref went on:
// told, which is the newest that was known of it, tells the two apart.
func (c *comparing) arrival(change fairlead.RefChange, told int64) (fairlead.Arrival, error) {
	body, err := json.Marshal([]fairlead.RefChange{change})
	name := change.Name
	if change.Type == fairlead.RefTag {
		name = "refs/tags/" + name
	}
	id := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d", name, change.Old, change.New, told))
	event := catchUpEvent
	if c.grace == 0 {
		event = askedEvent
	}
	now := c.Clock()
	return fairlead.Arrival{
		Delivery: fairlead.Delivery{
			ID: fairlead.NewIDAt(now, c.Random, fairlead.PrefixDelivery), LinkID: c.link.ID, ProjectID: c.link.Project.ID,
			HostID: "catch-up:" + hex.EncodeToString(id[:16]), Event: event, Source: fairlead.SourceCatchUp,
			State: fairlead.DeliveryWaiting, Verdict: fairlead.VerdictWaiting, Ref: change.Name, RefType: change.Type, Head: change.New,
			ReceivedAt: now, NextAt: now,
		},
		Payload: fairlead.Payload{Body: body},
	}, err
}
