package db

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

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

// RecordEventOnce is RecordEvent for what somebody can repeat as often as they like: action and detail of one person are
// written once in that time, whatever the address. Repeating costs a read and leaves the writer alone.
func (d *DB) RecordEventOnce(ctx context.Context, by fairlead.Actor, action, object, detail string, every time.Duration) error {
	if told, err := wasRecorded(ctx, d.reader, by, action, detail, d.clock().Add(-every)); told || err != nil {
		return err
	}
	return d.write(ctx, func(t tx) error {
		told, err := wasRecorded(ctx, t, by, action, detail, t.now.Add(-every)) // another request may have been faster
		if told || err != nil {
			return err
		}
		return t.audit(ctx, by, action, object, detail)
	})
}

const recordedQuery = `SELECT EXISTS (SELECT 1 FROM audit_events WHERE person_id = $1 AND at > $2 AND action = $3 AND detail = $4)`

func wasRecorded(ctx context.Context, q querier, by fairlead.Actor, action, detail string, since time.Time) (told bool, err error) {
	err = q.QueryRowContext(ctx, recordedQuery, by.PersonID, millis(since), action, detail).Scan(&told)
	return told, err
}

// ListAuditEvents returns the newest events that the filter lets through and that are older than the cursor, at most
// limit.
func (d *DB) ListAuditEvents(ctx context.Context, filter fairlead.AuditFilter, before fairlead.Cursor, limit int) ([]fairlead.AuditEvent, error) {
	query, args := auditQuery(filter, before, limit)
	return list(ctx, d.reader, scanAuditEvent, query, args...)
}

// auditQuery walks one index from the cursor on: nothing is sorted, however long the log is.
func auditQuery(filter fairlead.AuditFilter, before fairlead.Cursor, limit int) (string, []any) {
	var where []string
	var args []any
	and := func(condition string, values ...any) {
		for _, value := range values {
			args = append(args, value)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where = append(where, condition)
	}
	if filter.Object != "" {
		and("object = ?", filter.Object)
	}
	if filter.Person != "" {
		person := "person_id = ?"
		if filter.Object != "" {
			person = "+person_id = ?" // an object has fewer events than a person, so its index is the one to walk
		}
		and(person, personID(filter))
	}
	at, place := before.At.UnixMilli(), before.Place
	if before.IsZero() {
		at, place = math.MaxInt64, math.MaxInt64
	}
	and("(at, rowid) < (?, ?) ORDER BY at DESC, rowid DESC LIMIT ?", at, place, limit)
	return `SELECT rowid, id, at, person_id, person_name, address, action, object, detail FROM audit_events WHERE ` + strings.Join(where, ` AND `), args
}

// personID is how the log names the person of a filter: nobody is the empty id.
func personID(filter fairlead.AuditFilter) string {
	if filter.Person == fairlead.AuditNobody {
		return ""
	}
	return filter.Person
}

func scanAuditEvent(row scanner) (e fairlead.AuditEvent, err error) {
	var at sql.NullInt64
	err = row.Scan(&e.Place, &e.ID, &at, &e.Actor.PersonID, &e.Actor.Name, &e.Actor.Address, &e.Action, &e.Object, &e.Detail)
	e.At = instant(at)
	return e, err
}

// eachAtOnce is how many events EachAuditEvent holds in memory.
const eachAtOnce = 500

// EachAuditEvent calls do for every event that the filter lets through, newest first, until do fails. It reads page by
// page: while do waits for a slow reader no connection is held, and events that come meanwhile are not among them.
func (d *DB) EachAuditEvent(ctx context.Context, filter fairlead.AuditFilter, do func(fairlead.AuditEvent) error) error {
	var before fairlead.Cursor
	for {
		events, err := d.ListAuditEvents(ctx, filter, before, eachAtOnce)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := do(e); err != nil {
				return err
			}
		}
		if len(events) < eachAtOnce {
			return nil
		}
		before = events[len(events)-1].Cursor()
	}
}

// auditPeopleQuery hops from one person to the next in the index: one seek each, however many events they have.
const auditPeopleQuery = `
	WITH RECURSIVE who (id) AS (
		SELECT min(person_id) FROM audit_events WHERE person_id > ''
		UNION ALL
		SELECT (SELECT min(person_id) FROM audit_events WHERE person_id > who.id) FROM who WHERE who.id IS NOT NULL
	)
	SELECT id, (SELECT person_name FROM audit_events WHERE person_id = who.id ORDER BY at DESC, rowid DESC LIMIT 1)
	FROM who WHERE id IS NOT NULL`

// ListAuditPeople returns everybody who did something, by name, as they were called last. Those who were removed from the
// workspace stay.
func (d *DB) ListAuditPeople(ctx context.Context) ([]fairlead.Person, error) {
	people, err := list(ctx, d.reader, func(row scanner) (p fairlead.Person, err error) {
		err = row.Scan(&p.ID, &p.Name)
		return p, err
	}, auditPeopleQuery)
	slices.SortFunc(people, func(a, b fairlead.Person) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return people, err
}
