package inbox_test

import (
	"slices"
	"strings"
	"testing"

	"fairlead"
	"fairlead/inbox"
)

func TestTheMissingChangeIsFoundBetweenTheKnownOnes(t *testing.T) {
	for name, c := range map[string]struct {
		head, host string
		known      string // "AB" is a change from A to B, the oldest first; "-" is no branch
		from, to   string // equal if none is missing
	}{
		"nothing known":                    {"A", "B", "", "A", "B"},
		"the last one is missing":          {"B", "C", "AB", "B", "C"},
		"one between is missing":           {"A", "C", "BC", "A", "B"},
		"two between are missing":          {"A", "E", "DE BC", "A", "D"},
		"another order":                    {"A", "C", "BC AB", "C", "C"},
		"the later came first":             {"B", "C", "BC AB", "C", "C"},
		"later first, and another missing": {"B", "D", "BC AB", "C", "D"},
		"put back, told":                   {"A", "A", "AB BA", "A", "A"},
		"put back, not told":               {"C", "B", "AB BC", "C", "B"},
		"put back, not told, then told":    {"C", "E", "AB BC BE", "C", "B"},
		"put back and on, not told":        {"A", "C", "AB BA", "A", "C"},
		"new branch, not told":             {"-", "A", "", "-", "A"},
		"new branch, then told":            {"-", "B", "AB", "-", "A"},
		"new branch, told":                 {"-", "B", "-A AB", "B", "B"},
		"removed, not told":                {"B", "-", "AB", "B", "-"},
		"removed, told":                    {"B", "-", "AB B-", "-", "-"},
		"removed not told, made anew told": {"A", "Z", "-A -Z", "A", "-"},
		"made anew, not told":              {"-", "Z", "-A A-", "-", "Z"},
		"in a ring":                        {"A", "B", "AB BA", "B", "B"},
		"a ring beside":                    {"A", "X", "BC CB", "A", "X"},
		"what failed is not known":         {"A", "B", "AB!", "A", "B"},
		"what failed, then told":           {"A", "C", "AB! BC", "A", "B"},
	} {
		t.Run(name, func(t *testing.T) {
			commit := func(s string) string { return strings.Trim(s, "-") }
			var pushes []fairlead.Push
			for step := range strings.FieldsSeq(c.known) {
				p := fairlead.Push{Verdict: fairlead.VerdictRecorded, Change: fairlead.RefChange{Old: commit(step[:1]), New: commit(step[1:2])}}
				if strings.HasSuffix(step, "!") {
					p.Verdict = fairlead.VerdictFailed
				}
				pushes = append(pushes, p)
			}
			slices.Reverse(pushes)
			if from, to := inbox.Gap(commit(c.head), commit(c.host), pushes); from != commit(c.from) || to != commit(c.to) {
				t.Errorf("got %q to %q, want %q to %q", from, to, c.from, c.to)
			}
		})
	}
}
