package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"fairlead"
)

const (
	pushColumns = `u.id, u.delivery_id, u.link_id, u.ref_type, u.ref, u.old, u.new, u.forced, u.verdict, u.reason, u.actor, u.comparison, u.matched, u.at,
		u.position, u.told, u.stale`
	noPush = "There is no such push."
)

// Of a commit's hash at least shortHash characters say which one is meant; at most foundPushes of one commit are found.
const (
	shortHash   = 7
	foundPushes = 50
)

func scanPush(row scanner) (p fairlead.Push, err error) {
	var (
		comparison string
		at         sql.NullInt64
	)
	if err = row.Scan(&p.ID, &p.DeliveryID, &p.LinkID, &p.Change.Type, &p.Change.Name, &p.Change.Old, &p.Change.New, &p.Change.Forced, &p.Verdict, &p.Reason,
		&p.Actor, &comparison, &p.Matched, &at, &p.Position, &p.Told, &p.Stale); err != nil {
		return p, err
	}
	p.At = instant(at)
	return p, json.Unmarshal([]byte(comparison), &p.Comparison)
}

// FindPush returns the push that made a change of a ref; CodeNotFound if there is none.
func (d *DB) FindPush(ctx context.Context, linkID string, c fairlead.RefChange) (fairlead.Push, error) {
	return findPush(ctx, d.reader, linkID, c)
}

func findPush(ctx context.Context, q querier, linkID string, c fairlead.RefChange) (fairlead.Push, error) {
	p, err := scanPush(q.QueryRowContext(ctx, `
		SELECT `+pushColumns+` FROM pushes u WHERE u.link_id = $1 AND u.ref_type = $2 AND u.ref = $3 AND u.old = $4 AND u.new = $5`,
		linkID, string(c.Type), c.Name, c.Old, c.New))
	return p, notFound(err, noPush)
}

// ListPushes returns the pushes of a delivery, in its order.
func (d *DB) ListPushes(ctx context.Context, deliveryID string) ([]fairlead.Push, error) {
	return list(ctx, d.reader, scanPush, `SELECT `+pushColumns+` FROM pushes u WHERE u.delivery_id = $1 ORDER BY u.position`, deliveryID)
}

// FindPushesByCommit returns the pushes of a link that brought a commit, newest first: by its hash, or the first seven
// characters or more of it. Nothing for less, and for what is no hash.
func (d *DB) FindPushesByCommit(ctx context.Context, linkID, hash string) ([]fairlead.Push, error) {
	hash = strings.ToLower(hash)
	if len(hash) < shortHash || strings.Trim(hash, "0123456789abcdef") != "" {
		return nil, nil
	}
	return list(ctx, d.reader, scanPush, commitQuery, linkID, hash, hash+"g", foundPushes)
}

// commitQuery takes the part of the index that begins with a hash: g is the first letter after the digits.
const commitQuery = `
	SELECT ` + pushColumns + `
	FROM pushes u WHERE u.id IN (SELECT push_id FROM push_commits WHERE link_id = $1 AND hash >= $2 AND hash < $3)
	ORDER BY u.at DESC, u.rowid DESC LIMIT $4`

// putPush stores a push of a delivery in the place of what was known of the same change. What another delivery recorded
// stays that one's, and a change that was told twice says so at its delivery only. One that was judged at an earlier try, and
// is stored under its id, stays as it is.
func (t tx) putPush(ctx context.Context, v fairlead.Delivery, p fairlead.Push) error {
	known, err := findPush(ctx, t, v.LinkID, p.Change)
	switch {
	case fairlead.CodeOf(err) == fairlead.CodeNotFound:
	case err != nil:
		return err
	case known.ID == p.ID:
		return nil
	case known.DeliveryID != v.ID && (isRecorded(known.Verdict) || p.Verdict == fairlead.VerdictDuplicate):
		_, err := t.exec(ctx, `UPDATE pushes SET told = max(told, $1) WHERE id = $2`, v.Place, known.ID)
		return err
	default:
		p.ID = known.ID
		if _, err := t.exec(ctx, `DELETE FROM push_commits WHERE push_id = $1`, p.ID); err != nil {
			return err
		}
	}
	if p.At.IsZero() {
		p.At = v.ReceivedAt
	}
	if p.ID == "" {
		p.ID = fairlead.NewIDAt(p.At, t.db.random, fairlead.PrefixPush)
	}
	if _, err := t.exec(ctx, `
		INSERT INTO pushes (id, delivery_id, link_id, position, ref_type, ref, old, new, forced, verdict, reason, actor, comparison, matched, at, told, incomplete)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (id) DO UPDATE SET delivery_id = excluded.delivery_id, position = excluded.position, forced = excluded.forced, verdict = excluded.verdict,
			reason = excluded.reason, actor = excluded.actor, comparison = excluded.comparison, matched = excluded.matched, at = excluded.at,
			told = max(pushes.told, excluded.told), incomplete = excluded.incomplete, stale = 0`,
		p.ID, v.ID, v.LinkID, p.Position, string(p.Change.Type), p.Change.Name, p.Change.Old, p.Change.New, p.Change.Forced, string(p.Verdict), p.Reason, p.Actor,
		asJSON(p.Comparison), p.Matched, millis(p.At), v.Place, p.Incomplete); err != nil {
		return err
	}
	return t.putCommits(ctx, v.LinkID, p)
}

// putCommits makes a push findable by its commits, and by the commit that it ended with.
func (t tx) putCommits(ctx context.Context, linkID string, p fairlead.Push) error {
	hashes := p.Hashes
	if hashes == nil {
		for _, c := range p.Comparison.Commits {
			hashes = append(hashes, c.Hash)
		}
	}
	put := func(position int, hash string) error {
		_, err := t.exec(ctx, `INSERT INTO push_commits (link_id, hash, push_id, position) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			linkID, strings.ToLower(hash), p.ID, position)
		return err
	}
	for i, hash := range hashes {
		if err := put(i, hash); err != nil {
			return err
		}
	}
	if p.Change.New == "" {
		return nil
	}
	return put(-1, p.Change.New)
}

// settleMoves follows a delivery's changes of refs, in their order, and leaves open those that the heads did not go over.
// What was told before a ref was followed lies before that, however late it is worked off. The host may have told late of
// what lies behind a head, so what was recorded before, or is processed again, is not opened another time. A change of the
// regular check is different: when it was made up, it was missing.
func (t tx) settleMoves(ctx context.Context, v fairlead.Delivery, pushes []fairlead.Push, moves []fairlead.RefChange) error {
	if len(moves) == 0 {
		return nil
	}
	now, err := t.following(ctx, v.LinkID)
	if err != nil {
		return err
	}
	moved := map[fairlead.RefChange]bool{}
	for _, c := range moves {
		if !now.follows(c.Ref(), v.Place) {
			continue
		}
		if moved[c], err = t.moveHead(ctx, v.LinkID, v.Place, c); err != nil {
			return err
		}
	}
	made := v.Source == fairlead.SourceCatchUp
	for _, p := range pushes {
		switch {
		case moved[p.Change]:
			err = t.openPush(ctx, v, p, 0, true)
		case p.Open && now.follows(p.Change.Ref(), v.Place) && (made || p.Verdict != fairlead.VerdictDuplicate):
			err = t.openPush(ctx, v, p, 1, made)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// openPush opens a push or closes it; one of another delivery only if that is so for all.
func (t tx) openPush(ctx context.Context, v fairlead.Delivery, p fairlead.Push, open int, all bool) error {
	_, err := t.exec(ctx, `
		UPDATE pushes SET open = $1 WHERE link_id = $2 AND ref_type = $3 AND ref = $4 AND old = $5 AND new = $6 AND ($7 OR delivery_id = $8)
			AND ($9 = 0 OR (SELECT again FROM deliveries WHERE id = $10) = 0)`,
		open, v.LinkID, string(p.Change.Type), p.Change.Name, p.Change.Old, p.Change.New, all, v.ID, open, v.ID)
	return err
}

func isRecorded(v fairlead.Verdict) bool {
	return v == fairlead.VerdictRecorded || v == fairlead.VerdictCaughtUp
}
