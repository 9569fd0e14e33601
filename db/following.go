package db

import (
	"context"
	"encoding/json"

	"fairlead"
)

// following is which branches a link follows, and did before: deliveries may wait while its rule is changed, and what they
// tell of a branch counts only if it was followed all the time since they came.
type following struct {
	Branch string // of the rule in force
	before []followed
}

// followed is the branch of a rule that was in force until a delivery.
type followed struct {
	Branch string
	Until  int64 // its place
}

// keptRules is how many rules before the one in force are remembered. What came earlier than that counts for no branch.
const keptRules = 50

func (t tx) following(ctx context.Context, linkID string) (f following, err error) {
	var before string
	if err := t.QueryRowContext(ctx, `SELECT branch, followed FROM repository_links WHERE id = $1`, linkID).Scan(&f.Branch, &before); err != nil {
		return f, err
	}
	return f, json.Unmarshal([]byte(before), &f.before)
}

// follows reports whether a branch is followed, and was at all times since a delivery came.
func (f following) follows(branch string, place int64) bool {
	if len(f.before) == keptRules && place <= f.before[0].Until {
		return false
	}
	for _, b := range f.before {
		if place <= b.Until && !fairlead.MatchPattern(b.Branch, branch) {
			return false
		}
	}
	return fairlead.MatchPattern(f.Branch, branch)
}

// follow puts another rule in force.
func (t tx) follow(ctx context.Context, linkID, branch string) error {
	f, err := t.following(ctx, linkID)
	if err != nil || f.Branch == branch {
		return err
	}
	now, err := lastPlace(ctx, t)
	if err != nil {
		return err
	}
	before := append(f.before, followed{f.Branch, now})
	before = before[max(0, len(before)-keptRules):]
	_, err = t.exec(ctx, `UPDATE repository_links SET branch = $1, followed = $2 WHERE id = $3`, branch, asJSON(before), linkID)
	return err
}
