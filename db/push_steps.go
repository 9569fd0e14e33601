package db

import (
	"context"
	"database/sql"

	"fairlead"
)

// ListRefPushes returns the newest pushes of one ref, newest first, at most limit: how it moved, without what the host said
// about it, which is large.
func (d *DB) ListRefPushes(ctx context.Context, linkID string, kind fairlead.RefType, ref string, limit int) ([]fairlead.Push, error) {
	return list(ctx, d.reader, func(row scanner) (p fairlead.Push, err error) {
		var at sql.NullInt64
		err = row.Scan(&p.ID, &p.DeliveryID, &p.LinkID, &p.Change.Type, &p.Change.Name, &p.Change.Old, &p.Change.New, &p.Change.Forced, &p.Verdict, &p.Matched, &at)
		p.At = instant(at)
		return p, err
	}, refPushesQuery, linkID, string(kind), ref, limit)
}

const refPushesQuery = `
	SELECT id, delivery_id, link_id, ref_type, ref, old, new, forced, verdict, matched, at FROM pushes
	WHERE link_id = $1 AND ref_type = $2 AND ref = $3 ORDER BY at DESC, rowid DESC LIMIT $4`

// ResumeParked makes due what a link has parked, if it has a living connection. It is for a worker that parked a delivery
// while the connection came alive: what revives a connection finds only what waits already.
func (d *DB) ResumeParked(ctx context.Context, linkID string) error {
	return d.write(ctx, func(t tx) error {
		_, err := t.exec(ctx, `
			UPDATE deliveries SET due_at = $1 WHERE state = 'waiting' AND link_id = $2 AND due_at IS NULL AND EXISTS (
				SELECT 1 FROM repository_links l JOIN connections c ON c.id = l.connection_id WHERE l.id = $3 AND c.state = 'alive')`,
			millis(t.now), linkID, linkID)
		return err
	})
}
