package inbox

import (
	"context"
	"slices"

	"fairlead"
)

// pointing is a tag that points at the commit; without a name in its head there is none.
type pointing struct {
	head   fairlead.Head // how far the link has followed it; without a hash if it does not know the tag
	isLost bool          // nobody told of it
}

// tagged looks for a tag that points at the commit: one that is lost, if there is such a one.
func (w *asking) tagged(ctx context.Context, seen sight) (found pointing, err error) {
	var refs []fairlead.Ref
	for ref, at := range seen.refs {
		if ref.Type == fairlead.RefTag && at == w.Commit.Hash {
			refs = append(refs, ref)
		}
	}
	if len(refs) == 0 {
		return found, nil
	}
	heads, err := w.Store.ListHeads(ctx, w.link.ID)
	if err != nil {
		return found, err
	}
	known := byRef(heads)
	slices.SortFunc(refs, compareRefs)
	for _, ref := range refs {
		head := known[ref]
		head.Ref = ref
		if p := (pointing{head, head.Hash != w.Commit.Hash && (head.Hash != "" || seen.isNew(w.link, ref))}); p.isLost {
			w.note("Tag", MarkOK, "The tag "+ref.Name+" points at it, and this link follows tags.")
			return p, nil
		} else if found.head.Ref.Name == "" || found.head.Hash == "" {
			found = p
		}
	}
	return found, nil
}

// endsAtTag ends the ladder at a tag where that is all that leads to the commit; false if there is none. It comes after the
// branches: a commit that a branch brings is no less missing because an old tag points at it.
func (w *asking) endsAtTag(tag pointing) bool {
	switch {
	case tag.head.Ref.Name == "":
		return false
	case tag.head.Hash == "":
		w.note("Tag", MarkUnknown, "The tag "+tag.head.Ref.Name+" points at it. Fairlead has not seen this tag before, and cannot tell when it was made.")
		w.over = true
	default:
		w.stop("Linked", tagBeforeLink(tag.head, w.Clock()))
	}
	return true
}
