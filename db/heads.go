package db

import (
	"context"
	"database/sql"
	"time"

	"fairlead"
)

// ListHeads returns how far a link has followed each branch, by name.
func (d *DB) ListHeads(ctx context.Context, linkID string) ([]fairlead.Head, error) {
	return listHeads(ctx, d.reader, linkID)
}

func listHeads(ctx context.Context, q querier, linkID string) ([]fairlead.Head, error) {
	return list(ctx, q, scanHead, `
		SELECT branch, hash, suspect, suspect_at, followed_at FROM link_heads WHERE link_id = $1 AND (hash <> '' OR suspect <> '') ORDER BY branch`, linkID)
}

func scanHead(row scanner) (h fairlead.Head, err error) {
	var suspected, followed sql.NullInt64
	err = row.Scan(&h.Branch, &h.Hash, &h.Suspect, &suspected, &followed)
	h.SuspectAt, h.FollowedAt = instant(suspected), instant(followed)
	return h, err
}

// MarkSynced notes that the host was asked for a link's branches at that time, whatever it answered.
func (d *DB) MarkSynced(ctx context.Context, linkID string, at time.Time) error {
	return d.write(ctx, func(t tx) error {
		_, err := t.markSynced(ctx, linkID, at)
		return err
	})
}

func (t tx) markSynced(ctx context.Context, linkID string, at time.Time) (int64, error) {
	return t.exec(ctx, `UPDATE repository_links SET synced_at = $1 WHERE id = $2 AND removed_at IS NULL`, millis(at), linkID)
}

// SaveHeads stores what a comparison with the host found. Only rows that differ are written, and only where they still are as
// they were read: what a delivery, or a changed rule, moved meanwhile stays, since the host's answer is older. A branch that
// the rule does not follow any more gets no head.
func (d *DB) SaveHeads(ctx context.Context, linkID string, s fairlead.HeadSync) error {
	return d.write(ctx, func(t tx) error {
		n, err := t.markSynced(ctx, linkID, s.At)
		if err != nil || n == 0 {
			return err
		}
		now, err := t.following(ctx, linkID)
		if err != nil {
			return err
		}
		before := map[string]fairlead.Head{}
		for _, h := range s.Before {
			before[h.Branch] = h
		}
		for _, h := range s.After {
			if was := before[h.Branch]; was != h && fairlead.MatchPattern(now.Branch, h.Branch) {
				if err := t.saveHead(ctx, linkID, s, was, h); err != nil {
					return err
				}
			}
			delete(before, h.Branch)
		}
		for branch, was := range before { // of which nothing is left
			if _, err := t.exec(ctx, `DELETE FROM link_heads WHERE link_id = $1 AND branch = $2 AND hash = $3 AND place <= $4`, linkID, branch, was.Hash, s.Place); err != nil {
				return err
			}
		}
		if _, err := t.exec(ctx, `DELETE FROM link_heads WHERE link_id = $1 AND hash = '' AND suspect = '' AND place <= $2`, linkID, s.Place); err != nil {
			return err
		}
		for _, branch := range s.Behind {
			if err := t.closePushes(ctx, linkID, branch, s.Place); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t tx) saveHead(ctx context.Context, linkID string, s fairlead.HeadSync, was, h fairlead.Head) error {
	if h.FollowedAt.IsZero() {
		h.FollowedAt = s.At
	}
	_, err := t.exec(ctx, `
		INSERT INTO link_heads (link_id, branch, hash, suspect, suspect_at, place, followed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (link_id, branch) DO UPDATE
			SET hash = excluded.hash, suspect = excluded.suspect, suspect_at = excluded.suspect_at, followed_at = excluded.followed_at
			WHERE link_heads.hash = $8 AND link_heads.place <= $9`,
		linkID, h.Branch, h.Hash, h.Suspect, millis(h.SuspectAt), s.Place, millis(h.FollowedAt), was.Hash, s.Place)
	return err
}

// moveHead lets a link follow one change of a branch, if it stands where the change begins; a change without a new hash
// removes the branch.
func (t tx) moveHead(ctx context.Context, linkID string, place int64, c fairlead.RefChange) (moved bool, err error) {
	n, err := t.exec(ctx, `
		UPDATE link_heads SET hash = $1, suspect = '', suspect_at = NULL, place = $2 WHERE link_id = $3 AND branch = $4 AND hash = $5`,
		c.New, place, linkID, c.Name, c.Old)
	if err == nil && n == 0 && c.Old == "" {
		n, err = t.exec(ctx, `
			INSERT INTO link_heads (link_id, branch, hash, place, followed_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			linkID, c.Name, c.New, place, millis(t.now))
	}
	return n == 1, err
}

// followBranches begins to follow branches where they are; those that are followed already go on. What was told of them
// until now lies before that.
func (t tx) followBranches(ctx context.Context, linkID string, branches []fairlead.Branch) error {
	if len(branches) == 0 {
		return nil
	}
	now, err := lastPlace(ctx, t)
	if err != nil {
		return err
	}
	for _, b := range branches {
		n, err := t.exec(ctx, `
			INSERT INTO link_heads (link_id, branch, hash, place, followed_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (link_id, branch) DO UPDATE
				SET hash = excluded.hash, suspect = '', suspect_at = NULL, place = excluded.place, followed_at = excluded.followed_at
				WHERE link_heads.hash = ''`,
			linkID, b.Name, b.Head, now, millis(t.now))
		if err == nil && n > 0 {
			err = t.closePushes(ctx, linkID, b.Name, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unfollowBranches forgets the heads of branches that a rule does not follow, and how they went.
func (t tx) unfollowBranches(ctx context.Context, linkID string, rule fairlead.LinkRule) error {
	branches, err := list(ctx, t, scanText, `
		SELECT branch FROM link_heads WHERE link_id = $1 UNION SELECT ref FROM pushes WHERE link_id = $2 AND open = 1`, linkID, linkID)
	if err != nil {
		return err
	}
	for _, branch := range branches {
		if rule.FollowsBranch(branch) {
			continue
		}
		if _, err := t.exec(ctx, `DELETE FROM link_heads WHERE link_id = $1 AND branch = $2`, linkID, branch); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE pushes SET open = 0 WHERE link_id = $1 AND ref = $2 AND open = 1`, linkID, branch); err != nil {
			return err
		}
	}
	return nil
}

// closePushes is for a head that stands beyond everything that was told of its branch until then.
func (t tx) closePushes(ctx context.Context, linkID, branch string, until int64) error {
	_, err := t.exec(ctx, `UPDATE pushes SET open = 0 WHERE link_id = $1 AND ref_type = 'branch' AND ref = $2 AND open = 1 AND told <= $3`, linkID, branch, until)
	return err
}

// LastPlace is the place of the newest delivery of all, 0 before the first.
func (d *DB) LastPlace(ctx context.Context) (int64, error) { return lastPlace(ctx, d.reader) }

func lastPlace(ctx context.Context, q querier) (place int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT coalesce(max(place), 0) FROM deliveries`).Scan(&place)
	return place, err
}
