package db

import (
	"context"
	"encoding/json"

	"fairlead"
)

// following is which refs a link follows, and did before: deliveries may wait while its rule is changed, and what they tell of
// a ref counts only if it was followed all the time since they came.
type following struct {
	Branch string // of the rule in force
	Tags   bool
	before []followed
}

// followed is what of a rule was in force until a delivery.
type followed struct {
	Branch string
	Tags   bool  `json:",omitempty"`
	Until  int64 // its place
}

// keptRules is how many rules before the one in force are remembered. What came earlier than that counts for no ref.
const keptRules = 50

func (t tx) following(ctx context.Context, linkID string) (f following, err error) {
	var before string
	err = t.QueryRowContext(ctx, `SELECT branch, tags, followed FROM repository_links WHERE id = $1`, linkID).Scan(&f.Branch, &f.Tags, &before)
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal([]byte(before), &f.before)
}

// rule is what of the rule in force says which refs are followed.
func (f following) rule() fairlead.LinkRule { return fairlead.LinkRule{Branch: f.Branch, Tags: f.Tags} }

// follows reports whether a ref is followed, and was at all times since a delivery came.
func (f following) follows(ref fairlead.Ref, place int64) bool {
	if len(f.before) == keptRules && place <= f.before[0].Until {
		return false
	}
	for _, b := range f.before {
		if rule := (fairlead.LinkRule{Branch: b.Branch, Tags: b.Tags}); place <= b.Until && !rule.Follows(ref) {
			return false
		}
	}
	return f.rule().Follows(ref)
}

// follow puts another rule in force. A link that begins to follow tags learns which there are at its next look, which is due
// at once.
func (t tx) follow(ctx context.Context, linkID string, rule fairlead.LinkRule) error {
	f, err := t.following(ctx, linkID)
	if err != nil || f.Branch == rule.Branch && f.Tags == rule.Tags {
		return err
	}
	now, err := lastPlace(ctx, t)
	if err != nil {
		return err
	}
	before := append(f.before, followed{f.Branch, f.Tags, now})
	before = before[max(0, len(before)-keptRules):]
	if _, err := t.exec(ctx, `UPDATE repository_links SET branch = $1, tags = $2, followed = $3 WHERE id = $4`,
		rule.Branch, rule.Tags, asJSON(before), linkID); err != nil || f.Tags == rule.Tags {
		return err
	}
	_, err = t.exec(ctx, `UPDATE repository_links SET knows_tags = 0, synced_at = CASE WHEN tags = 1 THEN NULL ELSE synced_at END WHERE id = $1`, linkID)
	return err
}
