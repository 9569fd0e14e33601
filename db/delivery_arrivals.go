package db

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"fairlead"
)

// SaveArrivals stores what arrived, all of it or nothing: when it returns, the disk has it. stored tells for each whether
// it is new; false is one with the same id of the host, or one of a link that was removed meanwhile.
func (d *DB) SaveArrivals(ctx context.Context, arrivals []fairlead.Arrival) (stored []bool, err error) {
	stored = make([]bool, len(arrivals))
	err = d.write(ctx, func(t tx) error {
		entries, err := t.enter(ctx, arrivals)
		if err != nil {
			return err
		}
		if err := inChunks(entries, func(some []*entry) error { return t.insertDeliveries(ctx, some) }); err != nil {
			return err
		}
		entries = slices.DeleteFunc(entries, func(e *entry) bool { return e.place == 0 })
		for _, e := range entries {
			stored[e.index] = true
		}
		if err := inChunks(entries, func(some []*entry) error { return t.insertPayloads(ctx, some) }); err != nil {
			return err
		}
		return t.keepLastPush(ctx, entries)
	})
	if err != nil {
		return nil, err
	}
	return stored, nil
}

// entry is an arrival on its way into the tables.
type entry struct {
	fairlead.Arrival
	index int   // among all arrivals
	place int64 // of its delivery, 0 while it has none
}

// enter returns an entry for each arrival whose link takes deliveries, with the link's project: a link that was removed
// takes nothing.
func (t tx) enter(ctx context.Context, arrivals []fairlead.Arrival) (entries []*entry, err error) {
	projects := map[string]string{} // by link; "" takes nothing
	for i, a := range arrivals {
		v := &a.Delivery
		project, asked := projects[v.LinkID]
		if !asked {
			err := t.QueryRowContext(ctx, `SELECT project_id FROM repository_links WHERE id = $1 AND removed_at IS NULL`, v.LinkID).Scan(&project)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return nil, err
			}
			projects[v.LinkID] = project
		}
		if project == "" {
			continue
		}
		v.ProjectID = project
		if v.ReceivedAt.IsZero() {
			v.ReceivedAt = t.now
		}
		if v.ID == "" {
			v.ID = fairlead.NewIDAt(v.ReceivedAt, t.db.random, fairlead.PrefixDelivery)
		}
		if a.Payload.Body == nil {
			a.Payload.Body = []byte{} // NULL would be a payload that is no longer kept
		}
		entries = append(entries, &entry{Arrival: a, index: i})
	}
	return entries, nil
}

// insertDeliveries gives entries their place; one that the link has already gets none.
func (t tx) insertDeliveries(ctx context.Context, entries []*entry) error {
	var values []any
	byID := map[string]*entry{}
	for _, e := range entries {
		v := e.Delivery
		byID[v.ID] = e
		values = append(values, v.ID, v.HostID, v.Event, string(v.Source), v.Address, v.Ref, string(v.RefType), v.Actor, v.Head, v.ReceivedAt.UnixMilli(),
			v.ReceivedAt.UnixMilli(), v.LinkID, v.ProjectID)
	}
	rows, err := t.QueryContext(ctx, `
		INSERT INTO deliveries (id, host_id, event, source, address, ref, ref_type, actor, head, received_at, due_at, link_id, project_id, state, verdict, shown)
		VALUES `+rowsOf(`(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', 'waiting', '')`, len(entries))+`
		ON CONFLICT (link_id, host_id) DO NOTHING RETURNING id, place`, values...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var place int64
		if err := rows.Scan(&id, &place); err != nil {
			return err
		}
		byID[id].place = place
	}
	return rows.Err()
}

func (t tx) insertPayloads(ctx context.Context, entries []*entry) error {
	var values []any
	for _, e := range entries {
		values = append(values, e.place, e.Delivery.ReceivedAt.UnixMilli(), asJSON(e.Payload.Headers), e.Payload.Body)
	}
	_, err := t.exec(ctx, `INSERT INTO delivery_payloads (place, received_at, headers, body) VALUES `+rowsOf(`(?, ?, ?, ?)`, len(entries)), values...)
	return err
}

// keepLastPush notes with each link when its webhook last told something.
func (t tx) keepLastPush(ctx context.Context, entries []*entry) error {
	last := map[string]time.Time{} // by link
	for _, e := range entries {
		if v := e.Delivery; v.Source == fairlead.SourceWebhook && v.ReceivedAt.After(last[v.LinkID]) {
			last[v.LinkID] = v.ReceivedAt
		}
	}
	for link, at := range last {
		if _, err := t.exec(ctx, `UPDATE repository_links SET last_push_at = max(coalesce(last_push_at, 0), $1) WHERE id = $2`, millis(at), link); err != nil {
			return err
		}
	}
	return nil
}

// chunks are how many rows one statement stores, the most first. After each statement a transaction may have to wait for a
// processor while everybody waits for it, so a batch is few of them. There are few sizes, so that all stay compiled.
var chunks = []int{32, 8, 1}

func inChunks(entries []*entry, store func([]*entry) error) error {
	for _, size := range chunks {
		for len(entries) >= size {
			if err := store(entries[:size]); err != nil {
				return err
			}
			entries = entries[size:]
		}
	}
	return nil
}

func rowsOf(row string, n int) string { return strings.Repeat(row+", ", n-1) + row }
