package db

import (
	"strings"
	"testing"
)

func TestHowABranchMovedIsReadByWalkingAnIndex(t *testing.T) {
	d := longLog(t, 0)
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			if _, err := d.writer.Exec(`ANALYZE`); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			query, index string
			args         []any
		}{
			{openQuery, "USING INDEX pushes_open (link_id=?)", []any{"rl_1", 1000}},
			{toldQuery, "USING INDEX pushes_ref (link_id=? AND ref_type=? AND ref=?)", []any{"rl_1", "branch", "main"}},
			{aroundQuery, "SEARCH e USING PRIMARY KEY (link_id=? AND hash=?)", []any{"a", "rl_1", "b", "branch", "main", "a", false}},
			{hookedQuery, "repository_links", []any{"rl_1"}},
		} {
			plan := d.plan(t, c.query, c.args...)
			if !strings.Contains(plan, c.index) && c.query != hookedQuery || strings.Contains(plan, "SCAN") || strings.Contains(plan, "USE TEMP B-TREE FOR ORDER BY") {
				t.Errorf("analyzed %v: %s", analyzed, plan)
			}
		}
	}
}
