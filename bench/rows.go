package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// This file alone knows the product's tables. All else goes through its pages and its webhook. The product is stopped
// whenever something here opens its database.

func databaseOf(data string) string { return filepath.Join(data, "fairlead.db") }

// withDatabase opens the database of a stopped product.
func withDatabase(data string, do func(*sql.DB) error) error {
	db, err := openDatabase(databaseOf(data), writerOptions)
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

type counted struct{ all, done int64 }

func countDeliveries(ctx context.Context, data string) (n counted, err error) {
	err = withDatabase(data, func(db *sql.DB) error {
		return db.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE state = 'done') FROM deliveries`).Scan(&n.all, &n.done)
	})
	return n, err
}

// readDeliveries counts by the host's id how often each delivery is there with its payload, and asks the database whether
// it is whole.
func readDeliveries(ctx context.Context, data string) (times map[string]int, err error) {
	times = map[string]int{}
	err = withDatabase(data, func(db *sql.DB) error {
		var health string
		if err := db.QueryRowContext(ctx, `PRAGMA integrity_check`).Scan(&health); err != nil || health != "ok" {
			return errors.Join(err, fmt.Errorf("integrity of the database: %s", health))
		}
		rows, err := db.QueryContext(ctx, `SELECT d.host_id FROM deliveries d JOIN delivery_payloads p ON p.place = d.place WHERE length(p.body) > 0`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			times[id]++
		}
		return rows.Err()
	})
	return times, err
}

// logRows are rows of a log that was made here.
type logRows struct {
	count           int
	linkID, project string // ids
	middle          string // a cursor between the older and the newer half
}

// makeRows gives the one link more deliveries, worked off and one second apart: 70 % recorded, 24 % ignored, 5 % caught up
// and 1 % failed, in no order. A payload of each would only make the file larger; the log does not read them.
func makeRows(ctx context.Context, data string, count int) (made logRows, err error) {
	made.count = count
	newest := time.Now().Add(-time.Minute)
	err = withDatabase(data, func(db *sql.DB) error {
		if err := db.QueryRowContext(ctx, `SELECT id, project_id FROM repository_links WHERE removed_at IS NULL`).Scan(&made.linkID, &made.project); err != nil {
			return err
		}
		var first int64
		if err := db.QueryRowContext(ctx, `SELECT coalesce(max(place), 0) FROM deliveries`).Scan(&first); err != nil {
			return err
		}
		begin := newest.UnixMilli() - int64(count)*1000
		made.middle = fmt.Sprintf("%d-%d", begin+int64(count/2)*1000, first+int64(count/2))
		_, err := db.ExecContext(ctx, madeRows, count, made.linkID, made.project, begin)
		return err
	})
	return made, err
}

const madeRows = `
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1),
	dice (i, d) AS (SELECT i, i * 2654435761 % 4294967296 % 100 FROM n)
	INSERT INTO deliveries (id, link_id, project_id, host_id, event, source, address, state, verdict, shown, reason, ref, commits, files, actor, head,
		received_at, finished_at, attempts)
	SELECT printf('dl_made%012d', i), $2, $3, printf('made-%d', i), 'repo:push', CASE WHEN d BETWEEN 94 AND 98 THEN 'catch-up' ELSE 'webhook' END, '203.0.113.7',
		CASE WHEN d = 99 THEN 'failed' ELSE 'done' END,
		CASE WHEN d < 70 THEN 'recorded' WHEN d < 94 THEN 'ignored_path' WHEN d < 99 THEN 'caught_up' ELSE 'failed' END,
		CASE WHEN d < 70 THEN 'recorded' WHEN d < 94 THEN 'ignored' ELSE 'attention' END,
		CASE WHEN d < 70 THEN '1 commit and 3 changed files, 2 of them under migrations.' ELSE '3 files changed, none of them under migrations.' END,
		'main', 1, 2, 'Priya Raman', printf('%040x', i), $4 + i * 1000, $4 + i * 1000 + 120, 1
	FROM dice`

// planOf is how SQLite runs a query on the database of a stopped product.
func planOf(ctx context.Context, db *sql.DB, query string, args []any) (plan string, err error) {
	rows, err := db.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			return "", err
		}
		plan += step + "; "
	}
	return plan, rows.Err()
}
