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
		SELECT branch, hash, suspect, suspect_at FROM link_heads WHERE link_id = $1 AND (hash <> '' OR suspect <> '') ORDER BY branch`, linkID)
}

func scanHead(row scanner) (h fairlead.Head, err error) {
	var suspected sql.NullInt64
	err = row.Scan(&h.Branch, &h.Hash, &h.Suspect, &suspected)
	h.SuspectAt = instant(suspected)
	return h, err
}

// SaveHeads puts what a comparison with the host found in the place of all heads of a link; at is when the host was asked.
// What a push moved since then stays as it is: the host's answer is older.
func (d *DB) SaveHeads(ctx context.Context, linkID string, heads []fairlead.Head, at time.Time) error {
	return d.write(ctx, func(t tx) error {
		n, err := t.exec(ctx, `UPDATE repository_links SET synced_at = $1 WHERE id = $2 AND removed_at IS NULL`, millis(at), linkID)
		if err != nil || n == 0 {
			return err
		}
		branches := []string{}
		for _, h := range heads {
			branches = append(branches, h.Branch)
			if _, err := t.exec(ctx, `
				INSERT INTO link_heads (link_id, branch, hash, suspect, suspect_at, moved_at) VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (link_id, branch) DO UPDATE
					SET hash = excluded.hash, suspect = excluded.suspect, suspect_at = excluded.suspect_at
					WHERE link_heads.moved_at <= excluded.moved_at`,
				linkID, h.Branch, h.Hash, h.Suspect, millis(h.SuspectAt), millis(at)); err != nil {
				return err
			}
		}
		_, err = t.exec(ctx, `
			DELETE FROM link_heads WHERE link_id = $1 AND moved_at <= $2 AND branch NOT IN (SELECT value FROM json_each($3))`,
			linkID, millis(at), asJSON(branches))
		return err
	})
}

// moveHeads follows the pushes of one delivery; a head without a hash is a removed branch. A branch that a later delivery
// moved already stays there.
func (t tx) moveHeads(ctx context.Context, linkID string, place int64, heads []fairlead.Head) error {
	for _, h := range heads {
		if _, err := t.exec(ctx, `
			INSERT INTO link_heads (link_id, branch, hash, place, moved_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (link_id, branch) DO UPDATE
				SET hash = excluded.hash, suspect = '', suspect_at = NULL, place = excluded.place, moved_at = excluded.moved_at
				WHERE link_heads.place <= excluded.place`,
			linkID, h.Branch, h.Hash, place, millis(t.now)); err != nil {
			return err
		}
	}
	return nil
}

// followBranches begins to follow branches where they are; those that are followed already go on.
func (t tx) followBranches(ctx context.Context, linkID string, branches []fairlead.Branch) error {
	for _, b := range branches {
		if _, err := t.exec(ctx, `
			INSERT INTO link_heads (link_id, branch, hash, moved_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (link_id, branch) DO UPDATE SET hash = excluded.hash WHERE link_heads.hash = ''`,
			linkID, b.Name, b.Head, millis(t.now)); err != nil {
			return err
		}
	}
	return nil
}

// unfollowBranches forgets the heads of branches that a rule does not follow.
func (t tx) unfollowBranches(ctx context.Context, linkID string, rule fairlead.LinkRule) error {
	branches, err := list(ctx, t, scanText, `SELECT branch FROM link_heads WHERE link_id = $1`, linkID)
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
	}
	return nil
}
