package inbox_test

import (
	"slices"
	"strings"
	"testing"

	"fairlead"
	"fairlead/inbox"
)

func TestTheMissingChangesAreFoundBetweenTheKnownOnes(t *testing.T) {
	for name, c := range map[string]struct {
		head, host string
		open       string // "AB" is a change from A to B that the head did not go over, the oldest first; "-" is no branch
		missing    string
	}{
		"nothing known":                      {"A", "B", "", "AB"},
		"one between is missing":             {"A", "C", "BC", "AB"},
		"two together are missing":           {"A", "E", "DE", "AD"},
		"two apart are missing":              {"A", "D", "BC", "AB CD"},
		"three apart are missing":            {"A", "F", "BC DE", "AB CD EF"},
		"apart, in another order":            {"A", "F", "CD BC", "AB DF"},
		"apart, ends known":                  {"A", "F", "BC EF", "AB CE"},
		"what ends at the host comes last":   {"A", "F", "EF BC", "AB CE"},
		"another order":                      {"B", "C", "BC", ""},
		"later first, and another missing":   {"B", "D", "BC", "CD"},
		"all told, in any order":             {"A", "D", "CD BC AB", ""},
		"put back, not told":                 {"C", "B", "", "CB"},
		"put back, told, then put back":      {"A", "B", "AB BC", "CB"},
		"put back, not told, then told":      {"C", "E", "BE", "CB"},
		"put back, lost, gone on, told":      {"C", "F", "BE", "CB EF"},
		"new branch, not told":               {"-", "A", "", "-A"},
		"new branch, then told":              {"-", "B", "AB", "-A"},
		"removed, not told":                  {"B", "-", "", "B-"},
		"removed not told, made anew told":   {"A", "Z", "-Z", "A-"},
		"a ring at the head":                 {"A", "C", "AC AB BA", ""},
		"a ring on the way":                  {"A", "D", "AB BD BC CB", ""},
		"a ring beside":                      {"A", "X", "BC CB", "AB BX"},
		"told late":                          {"C", "D", "BC", "CD"},
		"told late, and another one open":    {"C", "F", "BC DE", "CD EF"},
		"what was followed before is no gap": {"D", "E", "", "DE"},
	} {
		t.Run(name, func(t *testing.T) {
			commit := func(s string) string { return strings.Trim(s, "-") }
			var pushes []fairlead.Push
			for known := range strings.FieldsSeq(c.open) {
				p := fairlead.Push{Verdict: fairlead.VerdictRecorded, Change: fairlead.RefChange{Old: commit(known[:1]), New: commit(known[1:2])}}
				pushes = append(pushes, p)
			}
			var want [][2]string
			for missing := range strings.FieldsSeq(c.missing) {
				want = append(want, [2]string{commit(missing[:1]), commit(missing[1:])})
			}
			if got := inbox.Gaps(commit(c.head), commit(c.host), pushes); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
