package db

import (
	"context"
	"database/sql"
	"errors"

	"fairlead"
)

// ListOpenPushes returns the changes of a link's branches and tags that its heads did not go over, the oldest first, at most limit:
// without what the host said about them, which is large.
func (d *DB) ListOpenPushes(ctx context.Context, linkID string, limit int) ([]fairlead.Push, error) {
	return list(ctx, d.reader, func(row scanner) (p fairlead.Push, err error) {
		p.Open = true
		err = row.Scan(&p.ID, &p.DeliveryID, &p.LinkID, &p.Change.Type, &p.Change.Name, &p.Change.Old, &p.Change.New, &p.Change.Forced, &p.Verdict, &p.Told)
		return p, err
	}, openQuery, linkID, limit)
}

const openQuery = `
	SELECT id, delivery_id, link_id, ref_type, ref, old, new, forced, verdict, told FROM pushes
	WHERE link_id = $1 AND open = 1 ORDER BY told, position LIMIT $2`

// LastTold is the place of the newest delivery that told something of a ref that is known, 0 if none did. A change that was
// given up is not known.
func (d *DB) LastTold(ctx context.Context, linkID string, ref fairlead.Ref) (place int64, err error) {
	err = d.reader.QueryRowContext(ctx, toldQuery, linkID, string(ref.Type), ref.Name).Scan(&place)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return place, err
}

const toldQuery = `
	SELECT told FROM pushes WHERE link_id = $1 AND ref_type = $2 AND ref = $3 AND verdict <> 'failed' ORDER BY told DESC LIMIT 1`

// FindPushAround returns a push that the regular check made up and that goes over a change on its way; CodeNotFound. The
// commits of a push are numbered from the newest, so a change that puts a branch back begins before it ends. One that begins
// outside and replaced nothing begins in what was followed before.
func (d *DB) FindPushAround(ctx context.Context, linkID string, c fairlead.RefChange) (p fairlead.Push, err error) {
	var at sql.NullInt64
	err = d.reader.QueryRowContext(ctx, aroundQuery, c.Old, linkID, c.New, string(c.Type), c.Name, c.Old, c.Forced).Scan(&p.ID, &p.DeliveryID, &p.Verdict, &at)
	p.LinkID, p.At = linkID, instant(at)
	return p, notFound(err, noPush)
}

const aroundQuery = `
	SELECT u.id, u.delivery_id, u.verdict, u.at
	FROM push_commits e CROSS JOIN pushes u ON u.id = e.push_id CROSS JOIN deliveries d ON d.id = u.delivery_id
	LEFT JOIN push_commits b ON b.link_id = e.link_id AND b.hash = $1 AND b.push_id = e.push_id AND b.position >= 0
	WHERE e.link_id = $2 AND e.hash = $3 AND e.position >= 0 AND u.ref_type = $4 AND u.ref = $5 AND u.verdict IN ('recorded', 'caught_up') AND d.source = 'catch-up'
		AND (u.old = $6 OR b.position > e.position OR b.position IS NULL AND NOT $7)
	LIMIT 1`

// HasIncomplete reports whether some push of a branch may have brought commits that it is not found by.
func (d *DB) HasIncomplete(ctx context.Context, linkID, branch string) (has bool, err error) {
	err = d.reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pushes WHERE link_id = $1 AND ref = $2 AND incomplete = 1)`, linkID, branch).Scan(&has)
	return has, err
}

// ResumeParked makes due what a link has parked, if it has a living connection. It is for a worker that parked a delivery
// while the connection came alive: what revives a connection finds only what waits already.
func (d *DB) ResumeParked(ctx context.Context, linkID string) error {
	return d.write(ctx, func(t tx) error {
		_, err := t.exec(ctx, `
			UPDATE deliveries SET due_at = $1 WHERE place IN (
				SELECT place FROM deliveries WHERE state = 'waiting' AND link_id = $2 AND due_at IS NULL AND EXISTS (
					SELECT 1 FROM repository_links l JOIN connections c ON c.id = l.connection_id WHERE l.id = $3 AND c.state = 'alive')
				LIMIT $4)`,
			millis(t.now), linkID, linkID, atOnce)
		return err
	})
}
