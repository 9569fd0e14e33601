package inbox

import (
	"context"
	"slices"

	"fairlead"
)

// newTags are those that were made since the last look, where the host shows only the first of its tags. What is new stands
// anywhere in their order. What was left out before stands behind everything that was shown: it only moves up when others go.
func newTags(shown []fairlead.Tag, known map[fairlead.Ref]fairlead.Head) map[string]bool {
	fresh := map[string]bool{}
	behind := true
	for _, t := range slices.Backward(shown) {
		if known[fairlead.TagRef(t.Name)].Hash != "" {
			behind = false
		} else if !behind {
			fresh[t.Name] = true
		}
	}
	return fresh
}

// isNew reports whether a ref that the link does not know was made since the link looked. It was not if the link looks at tags
// for the first time, and where the host shows only a part it may have been left out before.
func (s sight) isNew(link fairlead.RepositoryLink, ref fairlead.Ref) bool {
	switch {
	case ref.Type == fairlead.RefTag && !link.KnowsTags:
		return false
	case !s.isPart[ref.Type]:
		return true
	}
	return ref.Type == fairlead.RefTag && s.newTags[ref.Name]
}

// mostRemovals is how many removed tags are asked about in one comparison; the others wait for the next one.
const mostRemovals = 20

// confirmRemovals asks for each tag that seems to be removed once more, alone: a list is read page by page, in an order in which
// many tags may be equal, and nothing says that none slips through between two pages.
func (c *comparing) confirmRemovals(ctx context.Context) error {
	asked := 0
	var found []lost
	for _, l := range c.found {
		if l.head.Ref.Type != fairlead.RefTag || l.head.Suspect != "" {
			found = append(found, l)
			continue
		}
		if asked++; asked > mostRemovals {
			c.putOff(l)
			continue
		}
		tags, err := c.askForTag(ctx, l.head.Ref.Name)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			c.putOff(l)
		case len(tags) == 0:
			found = append(found, l)
		default: // it is there; where it stands the next look sees
			c.keep(fairlead.Head{Ref: l.head.Ref, Hash: l.head.Hash, FollowedAt: l.head.FollowedAt})
		}
	}
	c.found = found
	return nil
}

// putOff leaves a suspect to the next look.
func (c *comparing) putOff(l lost) {
	c.keep(l.head)
	c.suspected = true
}

func (c *comparing) askForTag(ctx context.Context, name string) ([]fairlead.Tag, error) {
	host, err := c.linker(ctx, c.link.ProviderID)
	if err != nil {
		return nil, err
	}
	return call(ctx, c.Flow, c.link.Connection.ID, c.grace > 0, func(ctx context.Context, access fairlead.Secret) ([]fairlead.Tag, error) {
		tags, _, err := host.ListTags(ctx, access, c.link.Repository.ID, name)
		return tags, err
	})
}
