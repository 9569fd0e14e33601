package db

import (
	"context"
	"time"

	"fairlead"
)

// dueQuery gives for each link the delivery that is next: one whose lease ran out, else the one that is due longest. It
// hops from one link to the next in the two small indexes, so that neither a long log nor a long queue costs anything.
const dueQuery = `
	WITH RECURSIVE waits (link_id) AS (
		SELECT min(link_id) FROM deliveries WHERE state = 'waiting'
		UNION ALL
		SELECT (SELECT min(link_id) FROM deliveries WHERE state = 'waiting' AND link_id > waits.link_id) FROM waits WHERE waits.link_id IS NOT NULL
	), works (link_id, due_at, place) AS MATERIALIZED (
		SELECT link_id, due_at, place FROM deliveries WHERE state = 'working'
	), next (place) AS (
		SELECT place FROM works WHERE due_at <= $1
		UNION ALL
		SELECT (SELECT place FROM deliveries WHERE state = 'waiting' AND link_id = waits.link_id AND due_at <= $2 ORDER BY due_at, place LIMIT 1)
		FROM waits WHERE waits.link_id NOT IN (SELECT link_id FROM works)
	)
	SELECT place FROM next WHERE place IS NOT NULL ORDER BY place LIMIT $3`

// ClaimDeliveries leases deliveries that are due to the caller, the oldest first, at most limit, and of each link one, since
// its pushes follow each other. One that the caller does not finish in that time is due again.
func (d *DB) ClaimDeliveries(ctx context.Context, lease time.Duration, limit int) (claimed []fairlead.Delivery, err error) {
	if err := d.resumeLinks(ctx); err != nil {
		return nil, err
	}
	// Most of the time nothing is due; to see that needs no writer.
	if due, err := listDue(ctx, d.reader, d.clock(), limit); len(due) == 0 || err != nil {
		return nil, err
	}
	err = d.write(ctx, func(t tx) error {
		due, err := listDue(ctx, t, t.now, limit)
		if err != nil {
			return err
		}
		for _, place := range due {
			v, err := scanDelivery(t.QueryRowContext(ctx, `
				UPDATE deliveries SET state = 'working', attempts = attempts + 1, claims = claims + 1, due_at = $1 WHERE place = $2 RETURNING `+deliveryColumns,
				millis(t.now.Add(lease)), place))
			if err != nil {
				return err
			}
			claimed = append(claimed, v)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

func listDue(ctx context.Context, q querier, now time.Time, limit int) ([]int64, error) {
	return list(ctx, q, scanPlace, dueQuery, millis(now), millis(now), limit)
}

// errNotClaimed is for a worker whose lease ran out and whose delivery went to another one, or was changed by hand.
func errNotClaimed() error {
	return fairlead.Errorf(fairlead.CodeConflict, "This delivery is no longer claimed by this worker.")
}

// FinishDelivery stores what became of a claimed delivery: state, verdict, reason and what lists show of v, its pushes, and
// the changes of followed branches, in their order, that their heads may go over. A push that another delivery recorded stays
// that one's. CodeConflict, and nothing is stored, if the delivery is no longer the caller's: its lease ran out and another
// claim followed.
func (d *DB) FinishDelivery(ctx context.Context, v fairlead.Delivery, pushes []fairlead.Push, moves []fairlead.RefChange) error {
	return d.write(ctx, func(t tx) error {
		n, err := t.exec(ctx, `
			UPDATE deliveries SET state = $1, verdict = $2, shown = $3, reason = $4, diagnosis = $5, event = $6, ref = $7, more = $8, commits = $9, files = $10,
				actor = $11, head = $12, finished_at = $13, ref_type = $14, forced = $15, due_at = NULL
			WHERE id = $16 AND state = 'working' AND claims = $17`,
			string(v.State), string(v.Verdict), string(showing(v.Verdict)), v.Reason, encode(v.Diagnosis), v.Event, v.Ref, v.More, v.Commits, v.Files,
			v.Actor, v.Head, millis(t.now), string(v.RefType), v.Forced, v.ID, v.Claim)
		if err != nil {
			return err
		}
		if n == 0 {
			return errNotClaimed()
		}
		if err := t.putPushes(ctx, v, pushes); err != nil {
			return err
		}
		return t.settleMoves(ctx, v, pushes, moves)
	})
}

func (t tx) putPushes(ctx context.Context, v fairlead.Delivery, pushes []fairlead.Push) error {
	for _, p := range pushes {
		if err := t.putPush(ctx, v, p); err != nil {
			return err
		}
	}
	return nil
}

// RetryDelivery gives a claimed delivery back, to be tried again at v.NextAt; with a zero time it is parked until its link
// gets a living connection. v.Attempts is how many tries count so far. pushes are those that were judged already: the next try
// leaves them as they are. CodeConflict like FinishDelivery.
func (d *DB) RetryDelivery(ctx context.Context, v fairlead.Delivery, pushes []fairlead.Push) error {
	return d.write(ctx, func(t tx) error {
		n, err := t.exec(ctx, `
			UPDATE deliveries SET state = 'waiting', shown = $1, reason = $2, diagnosis = $3, due_at = $4, attempts = $5 WHERE id = $6 AND state = 'working' AND claims = $7`,
			string(shownWaiting(v)), v.Reason, encode(v.Diagnosis), millis(v.NextAt), v.Attempts, v.ID, v.Claim)
		if err == nil && n == 0 {
			err = errNotClaimed()
		}
		if err != nil {
			return err
		}
		return t.putPushes(ctx, v, pushes)
	})
}

// shownWaiting is the filter under which a delivery stands that waits: what something is wrong with needs attention.
func shownWaiting(v fairlead.Delivery) fairlead.Showing {
	if v.Diagnosis != nil || v.NextAt.IsZero() {
		return fairlead.ShowAttention
	}
	return fairlead.ShowAll
}

// HasUnfinished reports whether a link has deliveries that are waiting or being worked off.
func (d *DB) HasUnfinished(ctx context.Context, linkID string) (has bool, err error) {
	err = d.reader.QueryRowContext(ctx, unfinishedQuery, linkID, linkID).Scan(&has)
	return has, err
}

const unfinishedQuery = `
	SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = 'waiting' AND link_id = $1)
		OR EXISTS (SELECT 1 FROM deliveries WHERE state = 'working' AND link_id = $2)`

// requeue lets everything that a link has waiting be due now: some of it at once, and the rest with the next claims.
func (t tx) requeue(ctx context.Context, linkID string) error {
	n, err := t.exec(ctx, requeueStatement, millis(t.now), linkID, millis(t.now), atOnce)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE repository_links SET resume = $1 WHERE id = $2 AND resume <> $3`, n == atOnce, linkID, n == atOnce)
	return err
}

const requeueStatement = `
	UPDATE deliveries SET due_at = $1 WHERE place IN (
		SELECT place FROM deliveries WHERE state = 'waiting' AND link_id = $2 AND (due_at IS NULL OR due_at > $3) LIMIT $4)`

// resumeLinks goes on with what requeue began.
func (d *DB) resumeLinks(ctx context.Context) error {
	const some = `SELECT id FROM repository_links WHERE resume = 1 LIMIT 1`
	if links, err := list(ctx, d.reader, scanText, some); len(links) == 0 || err != nil {
		return err
	}
	return d.write(ctx, func(t tx) error {
		links, err := list(ctx, t, scanText, some)
		for _, id := range links {
			err = t.requeue(ctx, id)
		}
		return err
	})
}

// abandonDeliveries ends what a link that is being removed has not worked off: what is in hand, and some of what waits. The
// rest becomes due, and each finds that its link is gone.
func (t tx) abandonDeliveries(ctx context.Context, linkID string) error {
	for _, state := range []string{"waiting", "working"} {
		if _, err := t.exec(ctx, `
			UPDATE deliveries SET state = 'done', verdict = $1, shown = $2, reason = 'The repository was unlinked before this was processed.', diagnosis = NULL,
				finished_at = $3, due_at = NULL
			WHERE place IN (SELECT place FROM deliveries WHERE link_id = $4 AND state = '`+state+`' LIMIT $5)`, // as a literal, so that its index is used
			string(fairlead.VerdictPaused), string(showing(fairlead.VerdictPaused)), millis(t.now), linkID, atOnce); err != nil {
			return err
		}
	}
	return t.requeue(ctx, linkID)
}
