package db

import (
	"context"
	"database/sql"

	"fairlead"
)

// keptRejections is how many refused requests of a link can be looked at; all are counted.
const keptRejections = 50

// RecordRejections counts requests to a link's webhook that were refused, and keeps the newest of them. count is how many
// there were, which may be more than are told of here.
func (d *DB) RecordRejections(ctx context.Context, linkID string, newest []fairlead.Rejection, count int) error {
	return d.write(ctx, func(t tx) error {
		n, err := t.exec(ctx, `UPDATE repository_links SET rejected = rejected + $1 WHERE id = $2 AND removed_at IS NULL`, count, linkID)
		if err != nil || n == 0 { // the link was removed meanwhile
			return err
		}
		for _, r := range newest {
			if _, err := t.exec(ctx, `INSERT INTO rejections (link_id, at, reason, code, source) VALUES ($1, $2, $3, $4, $5)`,
				linkID, millis(r.At), r.Reason, string(r.Code), r.Source); err != nil {
				return err
			}
		}
		_, err = t.exec(ctx, `
			DELETE FROM rejections WHERE link_id = $1 AND place NOT IN (
				SELECT place FROM rejections WHERE link_id = $2 ORDER BY at DESC, place DESC LIMIT $3)`, linkID, linkID, keptRejections)
		return err
	})
}

// ListRejections returns the newest refused requests of a link, newest first.
func (d *DB) ListRejections(ctx context.Context, linkID string) ([]fairlead.Rejection, error) {
	return list(ctx, d.reader, func(row scanner) (r fairlead.Rejection, err error) {
		var at sql.NullInt64
		err = row.Scan(&at, &r.Reason, &r.Code, &r.Source)
		r.At = instant(at)
		return r, err
	}, `SELECT at, reason, code, source FROM rejections WHERE link_id = $1 ORDER BY at DESC, place DESC LIMIT $2`, linkID, keptRejections)
}
