package db

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"fairlead"
)

// longLog is a database whose audit log has that many events: of seven people and nobody, about 1,000 objects, at times
// that several events share.
func longLog(t *testing.T, events int) *DB {
	t.Helper()
	d, err := Open(context.Background(), Options{Dir: t.TempDir(), Clock: time.Now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if _, err := d.writer.Exec(`
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		INSERT INTO audit_events (id, at, person_id, person_name, address, action, object, detail)
		SELECT 'au_' || i, 1000000 + i / 3, CASE i % 8 WHEN 0 THEN '' ELSE 'pe_' || (i % 8) END, 'Person ' || (i % 8), '192.0.2.1', 'session.created', 'se_' || (i % 1000), ''
		FROM n`, events); err != nil {
		t.Fatal(err)
	}
	return d
}

// plan is how SQLite would run a query.
func (d *DB) plan(t *testing.T, query string, args ...any) string {
	t.Helper()
	steps, err := list(context.Background(), d.reader, func(row scanner) (step string, err error) {
		var id, parent, unused int
		err = row.Scan(&id, &parent, &unused, &step)
		return step, err
	}, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "; ")
}

var auditFilters = map[string]fairlead.AuditFilter{
	"everything":                     {},
	"one person":                     {Person: "pe_3"},
	"nobody":                         {Person: fairlead.AuditNobody},
	"one object":                     {Object: "se_3"},
	"what one person did to a thing": {Person: "pe_3", Object: "se_3"},
}

func TestEveryWayToReadTheAuditLogWalksAnIndex(t *testing.T) {
	for _, events := range []int{0, 100_000} {
		d := longLog(t, events)
		for _, analyzed := range []bool{false, true} {
			if analyzed {
				if _, err := d.writer.Exec(`ANALYZE`); err != nil {
					t.Fatal(err)
				}
			}
			check := func(what, query string, args ...any) {
				plan := d.plan(t, query, args...)
				if strings.Contains(plan, "SCAN audit_events") || strings.Contains(plan, "TEMP B-TREE") || !strings.Contains(plan, "SEARCH audit_events USING") {
					t.Errorf("%s of %d events, analyzed %v: %s", what, events, analyzed, plan)
				}
			}
			for name, filter := range auditFilters {
				for _, before := range []fairlead.Cursor{{}, {At: time.UnixMilli(1_016_000), Place: 48_000}} {
					query, args := auditQuery(filter, before, 51)
					check(fmt.Sprintf("%s before %q", name, before), query, args...)
				}
			}
			check("the people", auditPeopleQuery)
			check("what was recorded just now", recordedQuery, "pe_3", 1_000_000, "access.refused", "/settings")
		}
	}
}

func TestPagesOfALongLogHoldEachEventOnce(t *testing.T) {
	const events = 100_000
	d := longLog(t, events)
	ctx := context.Background()
	for name, filter := range auditFilters {
		last, n := int64(events+1), 0
		if err := d.EachAuditEvent(ctx, filter, func(e fairlead.AuditEvent) error {
			if e.Place >= last { // the places were given in the order of time
				t.Fatalf("%s: %d comes after %d", name, e.Place, last)
			}
			last = e.Place
			n++
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		var want int
		if err := d.reader.QueryRow(`SELECT count(*) FROM audit_events WHERE ($1 = '' OR person_id = $2) AND ($3 = '' OR object = $4)`,
			filter.Person, personID(filter), filter.Object, filter.Object).Scan(&want); err != nil || n != want || n == 0 {
			t.Errorf("%s: got %d events, want %d, %v", name, n, want, err)
		}
	}
}
