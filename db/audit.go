package db

import (
	"context"
	"database/sql"

	"fairlead"
)

// audit writes one line of the audit log in the transaction of the change that it tells of.
func (t tx) audit(ctx context.Context, by fairlead.Actor, action, object, detail string) error {
	_, err := t.exec(ctx, `
		INSERT INTO audit_events (id, at, person_id, person_name, address, action, object, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		fairlead.NewID(t.db.random, fairlead.PrefixAudit), millis(t.now), by.PersonID, by.Name, by.Address, action, object, detail)
	return err
}

// RecordEvent writes an audit event that goes with no other change, such as a refused sign-in.
func (d *DB) RecordEvent(ctx context.Context, by fairlead.Actor, action, object, detail string) error {
	return d.write(ctx, func(t tx) error { return t.audit(ctx, by, action, object, detail) })
}

// ListAuditEvents returns the newest events first, at most limit.
func (d *DB) ListAuditEvents(ctx context.Context, limit int) ([]fairlead.AuditEvent, error) {
	return list(ctx, d.reader, scanAuditEvent, `
		SELECT id, at, person_id, person_name, address, action, object, detail
		FROM audit_events ORDER BY at DESC, rowid DESC LIMIT $1`, limit)
}

func scanAuditEvent(row scanner) (e fairlead.AuditEvent, err error) {
	var at sql.NullInt64
	err = row.Scan(&e.ID, &at, &e.Actor.PersonID, &e.Actor.Name, &e.Actor.Address, &e.Action, &e.Object, &e.Detail)
	e.At = instant(at)
	return e, err
}
