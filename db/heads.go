package db

import (
	"context"
	"database/sql"
	"time"

	"fairlead"
)

// ListHeads returns how far a link has followed each branch, by name, and then each tag.
func (d *DB) ListHeads(ctx context.Context, linkID string) ([]fairlead.Head, error) {
	return listHeads(ctx, d.reader, linkID)
}

func listHeads(ctx context.Context, q querier, linkID string) ([]fairlead.Head, error) {
	return list(ctx, q, scanHead, `
		SELECT ref_type, ref, hash, suspect, suspect_at, followed_at FROM link_heads WHERE link_id = $1 AND (hash <> '' OR suspect <> '')
		ORDER BY ref_type, ref`, linkID)
}

func scanHead(row scanner) (h fairlead.Head, err error) {
	var suspected, followed sql.NullInt64
	err = row.Scan(&h.Ref.Type, &h.Ref.Name, &h.Hash, &h.Suspect, &suspected, &followed)
	h.SuspectAt, h.FollowedAt = instant(suspected), instant(followed)
	return h, err
}

// MarkSynced notes that the host was asked for a link's branches and tags at that time, whatever it answered.
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
// they were read: what a delivery, or a changed rule, moved meanwhile stays, since the host's answer is older. What the rule
// does not follow any more gets no head.
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
		before := map[fairlead.Ref]fairlead.Head{}
		for _, h := range s.Before {
			before[h.Ref] = h
		}
		for _, h := range s.After {
			if was := before[h.Ref]; was != h && now.rule().Follows(h.Ref) {
				if err := t.saveHead(ctx, linkID, s, was, h); err != nil {
					return err
				}
			}
			delete(before, h.Ref)
		}
		for ref, was := range before { // of which nothing is left
			if _, err := t.exec(ctx, `DELETE FROM link_heads WHERE link_id = $1 AND ref_type = $2 AND ref = $3 AND hash = $4 AND place <= $5`,
				linkID, string(ref.Type), ref.Name, was.Hash, s.Place); err != nil {
				return err
			}
		}
		if s.Tags && now.Tags {
			if _, err := t.exec(ctx, `UPDATE repository_links SET knows_tags = 1 WHERE id = $1 AND knows_tags = 0`, linkID); err != nil {
				return err
			}
		}
		if _, err := t.exec(ctx, `DELETE FROM link_heads WHERE link_id = $1 AND hash = '' AND suspect = '' AND place <= $2`, linkID, s.Place); err != nil {
			return err
		}
		for _, ref := range s.Behind {
			if err := t.closePushes(ctx, linkID, ref, s.Place); err != nil {
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
		INSERT INTO link_heads (link_id, ref_type, ref, hash, suspect, suspect_at, place, followed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (link_id, ref_type, ref) DO UPDATE
			SET hash = excluded.hash, suspect = excluded.suspect, suspect_at = excluded.suspect_at, followed_at = excluded.followed_at
			WHERE link_heads.hash = $9 AND link_heads.place <= $10`,
		linkID, string(h.Ref.Type), h.Ref.Name, h.Hash, h.Suspect, millis(h.SuspectAt), s.Place, millis(h.FollowedAt), was.Hash, s.Place)
	return err
}

// moveHead lets a link follow one change of a ref, if it stands where the change begins; a change without a new hash removes
// the ref.
func (t tx) moveHead(ctx context.Context, linkID string, place int64, c fairlead.RefChange) (moved bool, err error) {
	n, err := t.exec(ctx, `
		UPDATE link_heads SET hash = $1, suspect = '', suspect_at = NULL, place = $2 WHERE link_id = $3 AND ref_type = $4 AND ref = $5 AND hash = $6`,
		c.New, place, linkID, string(c.Type), c.Name, c.Old)
	if err == nil && n == 0 && c.Old == "" {
		n, err = t.exec(ctx, `
			INSERT INTO link_heads (link_id, ref_type, ref, hash, place, followed_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
			linkID, string(c.Type), c.Name, c.New, place, millis(t.now))
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
			INSERT INTO link_heads (link_id, ref_type, ref, hash, place, followed_at) VALUES ($1, 'branch', $2, $3, $4, $5)
			ON CONFLICT (link_id, ref_type, ref) DO UPDATE
				SET hash = excluded.hash, suspect = '', suspect_at = NULL, place = excluded.place, followed_at = excluded.followed_at
				WHERE link_heads.hash = ''`,
			linkID, b.Name, b.Head, now, millis(t.now))
		if err == nil && n > 0 {
			err = t.closePushes(ctx, linkID, fairlead.BranchRef(b.Name), now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unfollow forgets the heads of branches and tags that a rule does not follow, and how they went.
func (t tx) unfollow(ctx context.Context, linkID string, rule fairlead.LinkRule) error {
	refs, err := list(ctx, t, scanRef, `
		SELECT ref_type, ref FROM link_heads WHERE link_id = $1 UNION SELECT ref_type, ref FROM pushes WHERE link_id = $2 AND open = 1`, linkID, linkID)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		if rule.Follows(ref) {
			continue
		}
		if _, err := t.exec(ctx, `DELETE FROM link_heads WHERE link_id = $1 AND ref_type = $2 AND ref = $3`, linkID, string(ref.Type), ref.Name); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE pushes SET open = 0 WHERE link_id = $1 AND ref_type = $2 AND ref = $3 AND open = 1`,
			linkID, string(ref.Type), ref.Name); err != nil {
			return err
		}
	}
	return nil
}

func scanRef(row scanner) (ref fairlead.Ref, err error) {
	err = row.Scan(&ref.Type, &ref.Name)
	return ref, err
}

// closePushes is for a head that stands beyond everything that was told of its ref until then.
func (t tx) closePushes(ctx context.Context, linkID string, ref fairlead.Ref, until int64) error {
	_, err := t.exec(ctx, `UPDATE pushes SET open = 0 WHERE link_id = $1 AND ref_type = $2 AND ref = $3 AND open = 1 AND told <= $4`,
		linkID, string(ref.Type), ref.Name, until)
	return err
}

// LastPlace is the place of the newest delivery of all, 0 before the first.
func (d *DB) LastPlace(ctx context.Context) (int64, error) { return lastPlace(ctx, d.reader) }

func lastPlace(ctx context.Context, q querier) (place int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT coalesce(max(place), 0) FROM deliveries`).Scan(&place)
	return place, err
}
