package main

import (
	"slices"
	"strings"
	"testing"
)

// The queries come from the product's code, so a change there changes what is explained here.
func TestTheProductsOwnQueriesAreRead(t *testing.T) {
	all, err := readQueries(t.Context(), "..", t.TempDir(), logRows{linkID: "rl_1", project: "pr_1", middle: "1700000000000-500"})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, q := range all {
		names[q.Name] = true
		if !strings.Contains(q.SQL, "FROM deliveries WHERE") || len(q.Args) < 4 {
			t.Errorf("%s: %s with %v", q.Name, q.SQL, q.Args)
		}
		if args := plainArgs(q.Args); strings.Contains(q.Name, "middle") && !slices.Contains(args, any(int64(1700000000000))) {
			t.Errorf("%s begins elsewhere: %v", q.Name, args)
		}
	}
	if len(names) != 32 { // of a project and of a link, four filters, from two places, the page and what is newer
		t.Errorf("got %d queries: %v", len(names), names)
	}
}

func TestAPlanThatChangesOrWalksIsNamed(t *testing.T) {
	good, other := "SEARCH deliveries USING INDEX a; ", "SEARCH deliveries USING INDEX b; "
	p, err := comparePlans(map[string]string{"x": good, "y": good, "z": good}, map[string]string{"x": good, "y": other, "z": "SCAN deliveries; "})
	if err != nil || p.queries != 3 || !slices.Equal(p.different, []string{"y", "z"}) || !slices.Equal(p.walking, []string{"z"}) || len(p.examples) != 3 {
		t.Errorf("got %+v, %v", p, err)
	}
	if _, err := comparePlans(nil, nil); err == nil {
		t.Error("nothing was compared, and nobody was told")
	}
}
