package db

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
)

// longInbox is a database with that many deliveries: of ten links in three projects, at times that several share, with
// every verdict. The newest ten of each hundred thousand wait.
func longInbox(t *testing.T, deliveries int) *DB {
	t.Helper()
	d := opened(t, t.TempDir())
	for _, statement := range []string{
		`INSERT INTO people (id, email, name, role, password_hash, created_at) VALUES ('pe_1', 'ana@acme.example', 'Ana', 'owner', '', 0)`,
		`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2)
			INSERT INTO projects (id, name, key, created_at) SELECT 'pr_' || i, 'Project', 'P' || i, 0 FROM n`,
		`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
			INSERT INTO repository_links (id, project_id, provider_id, repository_id, full_name, web_url, main_branch, private, branch, paths, tags, deletions,
				webhook, secret_sealed, old_secret_sealed, health, created_by, created_at)
			SELECT 'rl_' || i, 'pr_' || (i % 3), 'gp_1', i, 'acme/' || i, '', 'main', 1, 'main', '[]', 0, 0, '{}', x'', x'', '{}', 'pe_1', 0 FROM n`,
	} {
		if _, err := d.writer.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.writer.Exec(`
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		INSERT INTO deliveries (id, link_id, project_id, host_id, event, source, address, state, verdict, shown, received_at, due_at)
		SELECT 'dl_' || i, 'rl_' || (i % 10), 'pr_' || (i % 10 % 3), 'h' || i, 'repo:push', 'webhook', '', CASE WHEN i % 10000 = 0 THEN 'waiting' ELSE 'done' END, 'x',
			CASE WHEN i % 10000 = 0 THEN '' WHEN i % 7 = 0 THEN 'attention' WHEN i % 3 = 0 THEN 'ignored' ELSE 'recorded' END, 1000000 + i / 3,
			CASE WHEN i % 10000 = 0 THEN 1000000 + i / 3 END
		FROM n WHERE $2 > 0`, deliveries, deliveries); err != nil {
		t.Fatal(err)
	}
	return d
}

var deliveryFilters = map[string]fairlead.DeliveryFilter{
	"deliveries_link ":          {LinkID: "rl_3"},
	"deliveries_link_shown ":    {LinkID: "rl_3", Show: fairlead.ShowRecorded},
	"deliveries_project ":       {ProjectID: "pr_0"},
	"deliveries_project_shown ": {ProjectID: "pr_0", Show: fairlead.ShowRecorded},
}

// inboxPlans are the plans of everything that reads the inbox; it fails where one walks more than it returns.
func inboxPlans(t *testing.T, d *DB) map[string]string {
	t.Helper()
	plans := map[string]string{}
	for index, f := range deliveryFilters {
		shows := []fairlead.Showing{f.Show}
		if f.Show != fairlead.ShowAll {
			shows = []fairlead.Showing{fairlead.ShowRecorded, fairlead.ShowIgnored, fairlead.ShowAttention}
		}
		for _, f.Show = range shows {
			for _, cursor := range []fairlead.Cursor{{}, {At: time.UnixMilli(1_016_000), Place: 48_000}} {
				for what, q := range map[string]func() (string, []any){
					"page":  func() (string, []any) { return deliveryQuery(f, cursor, 51) },
					"newer": func() (string, []any) { return newerQuery(f, cursor) },
				} {
					query, args := q()
					name := fmt.Sprintf("%s of %+v at %q", what, f, cursor)
					plans[name] = d.plan(t, query, args...)
					if !strings.Contains(plans[name], "SEARCH deliveries USING ") || !strings.Contains(plans[name], "INDEX "+index) {
						t.Errorf("%s does not walk %s: %s", name, index, plans[name])
					}
				}
			}
		}
	}
	for name, args := range map[string][]any{
		dueQuery: {1, 2, 3}, unfinishedQuery: {"rl_1", "rl_1"}, requeueStatement: {1, "rl_1", 2, 200}, giveUpQuery: {1, 2, 3}, commitQuery: {"rl_1", "abcdef1", "abcdef1g", 50},
		dropStatement: {1, 2},
	} {
		plans[name] = d.plan(t, name, args...)
	}
	for name, plan := range plans {
		for step := range strings.SplitSeq(plan, "; ") {
			if strings.HasPrefix(step, "SCAN deliver") && !strings.HasSuffix(step, "INDEX deliveries_working") &&
				(name != giveUpQuery || !strings.HasSuffix(step, "INDEX deliveries_waiting")) || strings.HasPrefix(step, "SCAN push") ||
				strings.Contains(step, "TEMP B-TREE") && name != dueQuery && name != commitQuery { // those sort one row per link, and one commit's few pushes
				t.Errorf("%s: %s", name, plan)
			}
		}
	}
	return plans
}

func TestEveryWayToReadTheInboxWalksOneIndexHoweverLongItIs(t *testing.T) {
	var before map[string]string
	for _, deliveries := range []int{0, 1_000, 100_000} {
		d := longInbox(t, deliveries)
		for _, analyzed := range []bool{false, true} {
			if analyzed {
				if _, err := d.writer.Exec(`ANALYZE`); err != nil {
					t.Fatal(err)
				}
			}
			plans := inboxPlans(t, d)
			for name, plan := range plans {
				if before != nil && before[name] != plan {
					t.Errorf("%s of %d deliveries, analyzed %v:\n%s\nbefore:\n%s", name, deliveries, analyzed, plan, before[name])
				}
			}
			before = plans
		}
	}
}

func TestPagesOfALongInboxHoldEachDeliveryOnce(t *testing.T) {
	const deliveries = 100_000
	d := longInbox(t, deliveries)
	for _, name := range slices.Sorted(maps.Keys(deliveryFilters)) {
		f := deliveryFilters[name]
		last, n, before := int64(math.MaxInt64), 0, fairlead.Cursor{}
		for {
			page, err := d.ListDeliveries(context.Background(), f, before, 997)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, v := range page {
				if v.Place >= last { // the places were given in the order of time
					t.Fatalf("%s: %d comes after %d", name, v.Place, last)
				}
				last = v.Place
				n++
			}
			before = page[len(page)-1].Cursor()
		}
		var want int
		if err := d.reader.QueryRow(`SELECT count(*) FROM deliveries WHERE ($1 = '' OR link_id = $2) AND ($3 = '' OR project_id = $4) AND ($5 = '' OR shown = $6)`,
			f.LinkID, f.LinkID, f.ProjectID, f.ProjectID, string(f.Show), string(f.Show)).Scan(&want); err != nil || n != want || n == 0 {
			t.Errorf("%s: got %d deliveries, want %d, %v", name, n, want, err)
		}
	}
}
