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
		known      string // "AB" is a change from A to B, the oldest first; "-" is no branch, "!" one that failed
		missing    string
	}{
		"nothing known":                      {"A", "B", "", "AB"},
		"the last one is missing":            {"B", "C", "AB", "BC"},
		"one between is missing":             {"A", "C", "BC", "AB"},
		"two together are missing":           {"A", "E", "DE", "AD"},
		"two apart are missing":              {"A", "D", "BC", "AB CD"},
		"three apart are missing":            {"A", "F", "BC DE", "AB CD EF"},
		"apart, in another order":            {"A", "F", "CD BC", "AB DF"},
		"apart, ends known":                  {"A", "F", "BC EF", "AB CE"},
		"another order":                      {"A", "C", "BC AB", ""},
		"the later came first":               {"B", "C", "BC AB", ""},
		"later first, and another missing":   {"B", "D", "BC AB", "CD"},
		"put back, told":                     {"A", "A", "AB BA", ""},
		"put back, not told":                 {"C", "B", "AB BC", "CB"},
		"put back, not told, then told":      {"C", "E", "AB BC BE", "CB"},
		"put back, told, gone on, lost":      {"A", "C", "AB BA", "AC"},
		"put back, lost, gone on, told":      {"C", "F", "AB BC BE", "CB EF"},
		"new branch, not told":               {"-", "A", "", "-A"},
		"new branch, then told":              {"-", "B", "AB", "-A"},
		"new branch, told":                   {"-", "B", "-A AB", ""},
		"removed, not told":                  {"B", "-", "AB", "B-"},
		"removed, told":                      {"B", "-", "AB B-", ""},
		"removed not told, made anew told":   {"A", "Z", "-A -Z", "A-"},
		"made anew, not told":                {"-", "Z", "-A A-", "-Z"},
		"in a ring":                          {"A", "B", "AB BA", ""},
		"a ring beside":                      {"A", "X", "BC CB", "AB BX"},
		"what failed is not known":           {"A", "B", "AB!", "AB"},
		"what failed, then told":             {"A", "C", "AB! BC", "AB"},
		"after one that was given up":        {"C", "D", "AB BC!", "CD"},
		"what was followed before is no gap": {"D", "E", "AB BC XY CD", "DE"},
	} {
		t.Run(name, func(t *testing.T) {
			commit := func(s string) string { return strings.Trim(s, "-") }
			var pushes []fairlead.Push
			for known := range strings.FieldsSeq(c.known) {
				p := fairlead.Push{Verdict: fairlead.VerdictRecorded, Change: fairlead.RefChange{Old: commit(known[:1]), New: commit(known[1:2])}}
				if strings.HasSuffix(known, "!") {
					p.Verdict = fairlead.VerdictFailed
				}
				pushes = append(pushes, p)
			}
			slices.Reverse(pushes)
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
