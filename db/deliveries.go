package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"fairlead"
)

const (
	deliveryColumns = `place, id, link_id, project_id, host_id, event, source, address, state, verdict, reason, diagnosis, ref, more, commits, files,
		actor, head, received_at, finished_at, attempts, claims, due_at, ref_type, forced`
	noDelivery = "There is no such delivery."
)

// countedNewer is where CountNewerDeliveries stops: beyond it the number is not worth its time.
const countedNewer = 100

// showing is the filter of the log that a verdict belongs to, "" while there is none.
func showing(v fairlead.Verdict) fairlead.Showing {
	switch {
	case v.NeedsAttention():
		return fairlead.ShowAttention
	case v.IsIgnored():
		return fairlead.ShowIgnored
	case v == fairlead.VerdictRecorded:
		return fairlead.ShowRecorded
	}
	return fairlead.ShowAll
}

func scanDelivery(row scanner) (v fairlead.Delivery, err error) {
	var (
		diagnosis               sql.NullString
		received, finished, due sql.NullInt64
	)
	if err = row.Scan(&v.Place, &v.ID, &v.LinkID, &v.ProjectID, &v.HostID, &v.Event, &v.Source, &v.Address, &v.State, &v.Verdict, &v.Reason, &diagnosis,
		&v.Ref, &v.More, &v.Commits, &v.Files, &v.Actor, &v.Head, &received, &finished, &v.Attempts, &v.Claim, &due, &v.RefType, &v.Forced); err != nil {
		return v, err
	}
	v.ReceivedAt, v.FinishedAt = instant(received), instant(finished)
	if v.State == fairlead.DeliveryWaiting { // otherwise it is the end of a lease
		v.NextAt = instant(due)
	}
	return v, decode(diagnosis, &v.Diagnosis)
}

// ListDeliveries returns the newest deliveries that the filter lets through and that are older than the cursor, at most
// limit.
func (d *DB) ListDeliveries(ctx context.Context, f fairlead.DeliveryFilter, before fairlead.Cursor, limit int) ([]fairlead.Delivery, error) {
	query, args := deliveryQuery(f, before, limit)
	return list(ctx, d.reader, scanDelivery, query, args...)
}

// deliveryQuery walks one index from the cursor on: nothing is sorted, however long the log is.
func deliveryQuery(f fairlead.DeliveryFilter, before fairlead.Cursor, limit int) (string, []any) {
	at, place := before.At.UnixMilli(), before.Place
	if before.IsZero() {
		at, place = math.MaxInt64, math.MaxInt64
	}
	where, args := chooseDeliveries(f)
	n := len(args)
	return fmt.Sprintf(`SELECT `+deliveryColumns+` FROM deliveries WHERE %s AND (received_at, place) < ($%d, $%d) ORDER BY received_at DESC, place DESC LIMIT $%d`,
		where, n+1, n+2, n+3), append(args, at, place, limit)
}

// CountNewerDeliveries counts what came since the cursor, up to 100.
func (d *DB) CountNewerDeliveries(ctx context.Context, f fairlead.DeliveryFilter, after fairlead.Cursor) (n int, err error) {
	query, args := newerQuery(f, after)
	err = d.reader.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}

func newerQuery(f fairlead.DeliveryFilter, after fairlead.Cursor) (string, []any) {
	where, args := chooseDeliveries(f)
	n := len(args)
	return fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE %s AND (received_at, place) > ($%d, $%d) LIMIT $%d)`, where, n+1, n+2, n+3),
		append(args, after.At.UnixMilli(), after.Place, countedNewer)
}

// chooseDeliveries is the part of an index that a filter stands for.
func chooseDeliveries(f fairlead.DeliveryFilter) (where string, args []any) {
	column, value := "link_id", f.LinkID
	if value == "" {
		column, value = "project_id", f.ProjectID
	}
	if f.Show == fairlead.ShowAll {
		return column + " = $1", []any{value}
	}
	return column + " = $1 AND shown = $2 AND shown <> ''", []any{value, string(f.Show)} // the indexes have the same condition
}

// FindDelivery returns one delivery.
func (d *DB) FindDelivery(ctx context.Context, id string) (fairlead.Delivery, error) {
	return findDelivery(ctx, d.reader, id)
}

func findDelivery(ctx context.Context, q querier, id string) (fairlead.Delivery, error) {
	v, err := scanDelivery(q.QueryRowContext(ctx, `SELECT `+deliveryColumns+` FROM deliveries WHERE id = $1`, id))
	return v, notFound(err, noDelivery)
}

// FindPayload returns what came over the wire; an empty one with a nil body once it is no longer kept.
func (d *DB) FindPayload(ctx context.Context, deliveryID string) (p fairlead.Payload, err error) {
	var headers sql.NullString
	err = d.reader.QueryRowContext(ctx, `
		SELECT p.headers, p.body FROM deliveries d LEFT JOIN delivery_payloads p ON p.place = d.place WHERE d.id = $1`, deliveryID).
		Scan(&headers, &p.Body)
	if err != nil || !headers.Valid {
		return p, notFound(err, noDelivery)
	}
	if p.Body == nil {
		p.Body = []byte{} // the driver reads an empty one as nil
	}
	return p, json.Unmarshal([]byte(headers.String), &p.Headers)
}

// atOnce bounds what one transaction does with a backlog, so that deliveries that arrive meanwhile do not wait for it.
const atOnce = 200

const (
	dropStatement = `DELETE FROM delivery_payloads WHERE place IN (` + oldQuery + `)`
	oldQuery      = `
		SELECT p.place FROM delivery_payloads p JOIN deliveries d ON d.place = p.place
		WHERE p.received_at < $1 AND d.state IN ('done', 'failed') ORDER BY p.received_at LIMIT $2`
)

// DropOldPayloads forgets some of what came over the wire before that time, except of deliveries that are not worked off yet,
// and returns how many payloads went; 0 when none is left.
func (d *DB) DropOldPayloads(ctx context.Context, before time.Time) (dropped int, err error) {
	if some, err := list(ctx, d.reader, scanPlace, oldQuery, millis(before), 1); len(some) == 0 || err != nil {
		return 0, err // to see that needs no writer
	}
	err = d.write(ctx, func(t tx) error {
		n, err := t.exec(ctx, dropStatement, millis(before), atOnce)
		dropped = int(n)
		return err
	})
	return dropped, err
}

// giveUpQuery reads the small index of what waits, and none of what is due now: that is worked off first.
const giveUpQuery = `
	SELECT place FROM deliveries WHERE state = 'waiting' AND received_at < $1 AND (due_at IS NULL OR due_at > $2) LIMIT $3`

// GiveUpOldDeliveries ends some deliveries that came before that time and still wait for something, and returns how many; 0
// when none is left.
func (d *DB) GiveUpOldDeliveries(ctx context.Context, before time.Time, reason string) (ended int, err error) {
	if some, err := list(ctx, d.reader, scanPlace, giveUpQuery, millis(before), millis(d.clock()), 1); len(some) == 0 || err != nil {
		return 0, err
	}
	err = d.write(ctx, func(t tx) error {
		n, err := t.exec(ctx, `
			UPDATE deliveries SET state = 'failed', verdict = $1, shown = $2, reason = $3, finished_at = $4, due_at = NULL WHERE place IN (
				SELECT place FROM deliveries WHERE state = 'waiting' AND received_at < $5 AND (due_at IS NULL OR due_at > $6) LIMIT $7)`,
			string(fairlead.VerdictFailed), string(showing(fairlead.VerdictFailed)), reason, millis(t.now), millis(before), millis(t.now), atOnce)
		ended = int(n)
		return err
	})
	return ended, err
}

func scanPlace(row scanner) (place int64, err error) {
	err = row.Scan(&place)
	return place, err
}

// ReprocessDelivery lets a delivery be worked off once more, from the beginning. CodeConflict if its payload is no longer
// kept, its link was removed, or it is being worked off at this moment.
func (d *DB) ReprocessDelivery(ctx context.Context, by fairlead.Actor, id string) error {
	return d.write(ctx, func(t tx) error {
		v, err := findDelivery(ctx, t, id)
		if err != nil {
			return err
		}
		var kept bool
		if err := t.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM delivery_payloads WHERE place = $1)`, v.Place).Scan(&kept); err != nil {
			return err
		}
		_, err = d.findRepositoryLink(ctx, t, v.LinkID)
		switch {
		case fairlead.CodeOf(err) == fairlead.CodeNotFound:
			return fairlead.Errorf(fairlead.CodeConflict, "The repository is no longer linked, so this delivery cannot be processed again.")
		case err != nil:
			return err
		case !kept:
			return fairlead.Errorf(fairlead.CodeConflict, "The payload of this delivery is no longer kept, so it cannot be processed again.")
		case v.State == fairlead.DeliveryWorking:
			return fairlead.Errorf(fairlead.CodeConflict, "This delivery is being processed at this moment.")
		}
		if _, err := t.exec(ctx, `
			UPDATE deliveries SET state = 'waiting', verdict = 'waiting', shown = '', reason = '', diagnosis = NULL, finished_at = NULL, attempts = 0, again = 1, due_at = $1
			WHERE place = $2`, millis(t.now), v.Place); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE pushes SET stale = 1 WHERE delivery_id = $1`, id); err != nil {
			return err
		}
		return t.audit(ctx, by, "delivery.reprocessed", id, v.Event)
	})
}
