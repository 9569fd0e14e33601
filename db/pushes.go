package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"fairlead"
)

const (
	pushColumns = `u.id, u.delivery_id, u.link_id, u.ref_type, u.ref, u.old, u.new, u.forced, u.verdict, u.reason, u.actor, u.comparison, u.matched, u.at`
	noPush      = "There is no such push."
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
		&p.Actor, &comparison, &p.Matched, &at); err != nil {
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
// stays that one's, and a change that was told twice says so at its delivery only.
func (t tx) putPush(ctx context.Context, v fairlead.Delivery, position int, p fairlead.Push) error {
	if p.ID == "" {
		p.ID = fairlead.NewID(t.db.random, fairlead.PrefixPush)
	}
	known, err := findPush(ctx, t, v.LinkID, p.Change)
	switch {
	case fairlead.CodeOf(err) == fairlead.CodeNotFound:
	case err != nil:
		return err
	case known.DeliveryID != v.ID && (isRecorded(known.Verdict) || p.Verdict == fairlead.VerdictDuplicate):
		return nil
	default:
		p.ID = known.ID
		if _, err := t.exec(ctx, `DELETE FROM push_commits WHERE push_id = $1`, p.ID); err != nil {
			return err
		}
	}
	if p.At.IsZero() {
		p.At = v.ReceivedAt
	}
	if _, err := t.exec(ctx, `
		INSERT INTO pushes (id, delivery_id, link_id, position, ref_type, ref, old, new, forced, verdict, reason, actor, comparison, matched, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (id) DO UPDATE SET delivery_id = excluded.delivery_id, position = excluded.position, forced = excluded.forced, verdict = excluded.verdict,
			reason = excluded.reason, actor = excluded.actor, comparison = excluded.comparison, matched = excluded.matched, at = excluded.at`,
		p.ID, v.ID, v.LinkID, position, string(p.Change.Type), p.Change.Name, p.Change.Old, p.Change.New, p.Change.Forced, string(p.Verdict), p.Reason, p.Actor,
		asJSON(p.Comparison), p.Matched, millis(p.At)); err != nil {
		return err
	}
	return t.putCommits(ctx, v.LinkID, p)
}

// putCommits makes a push findable by its commits; where nothing was compared, by the commit that it ended with.
func (t tx) putCommits(ctx context.Context, linkID string, p fairlead.Push) error {
	hashes := []string{}
	for _, c := range p.Comparison.Commits {
		hashes = append(hashes, strings.ToLower(c.Hash))
	}
	if p.Change.New != "" {
		hashes = append(hashes, strings.ToLower(p.Change.New))
	}
	for _, hash := range hashes {
		if _, err := t.exec(ctx, `INSERT INTO push_commits (link_id, hash, push_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, linkID, hash, p.ID); err != nil {
			return err
		}
	}
	return nil
}

func isRecorded(v fairlead.Verdict) bool {
	return v == fairlead.VerdictRecorded || v == fairlead.VerdictCaughtUp
}
