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
		plan := d.plan(t, refPushesQuery, "rl_1", "branch", "main", 1000)
		if !strings.Contains(plan, "USING INDEX pushes_ref (link_id=? AND ref_type=? AND ref=?)") || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("analyzed %v: %s", analyzed, plan)
		}
		plan = d.plan(t, hookedQuery, "rl_1")
		if strings.Contains(plan, "SCAN") {
			t.Errorf("analyzed %v: %s", analyzed, plan)
		}
	}
}
