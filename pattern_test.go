package fairlead_test

import (
	"strings"
	"testing"

	"fairlead"
)

func TestAPatternMatchesWholeNames(t *testing.T) {
	for _, c := range []struct {
		pattern string
		matches []string
		not     []string
	}{
		{"main", []string{"main"}, []string{"main2", "a/main", "", "mai"}},
		{"release/*", []string{"release/1.0", "release/"}, []string{"release", "release/1/2", "xrelease/1"}},
		{"release/**", []string{"release/1.0", "release/1/2"}, []string{"release", "releases/1"}},
		{"*", []string{"main", ""}, []string{"feature/x"}},
		{"**", []string{"main", "feature/x", ""}, nil},
		{"*-fix", []string{"a-fix", "-fix"}, []string{"a/b-fix", "a-fixed"}},
		{"migrations/**/*.sql", []string{"migrations/1.sql", "migrations/a/1.sql", "migrations/a/b/1.sql"}, []string{"migrations/1.sql.bak", "old/migrations/1.sql", "migrations/1sql"}},
		{"**/*.sql", []string{"1.sql", "a/1.sql", "a/b/1.sql"}, []string{"1.sqlx"}},
		{"*.sql", []string{"1.sql"}, []string{"a/1.sql"}},
		{"db/*/up.sql", []string{"db/1/up.sql"}, []string{"db/up.sql", "db/1/2/up.sql"}},
		{"a+(b)[c].{d}", []string{"a+(b)[c].{d}"}, []string{"aab", "ab"}},
		{"ä*", []string{"äö"}, []string{"aö"}},
	} {
		for _, name := range c.matches {
			if !fairlead.MatchPattern(c.pattern, name) {
				t.Errorf("%q does not match %q", c.pattern, name)
			}
		}
		for _, name := range c.not {
			if fairlead.MatchPattern(c.pattern, name) {
				t.Errorf("%q matches %q", c.pattern, name)
			}
		}
	}
}

func TestAFolderInThePathFilterIsMatchedByWholeNames(t *testing.T) {
	filter := fairlead.PathFilter{"migrations", "docs/schema.md", "jobs/*.sql"}
	for path, want := range map[string]bool{
		"migrations/1.sql": true, "migrations/a/b": true, "migrations": true, "migrations-old/1.sql": false, "old/migrations/1.sql": false,
		"docs/schema.md": true, "docs/schema.md.bak": false, "docs": false, "jobs/1.sql": true, "jobs/a/1.sql": false,
	} {
		if got := filter.Matches(path); got != want {
			t.Errorf("%q: got %v, want %v", path, got, want)
		}
	}
	if !(fairlead.PathFilter{}).Matches("anything/at/all") {
		t.Error("an empty filter does not want everything")
	}
}

func TestTypedPathsAreReadAsPeopleMeanThem(t *testing.T) {
	filter, message := fairlead.ParsePathFilter(" /migrations/ \r\n\n migrations\njobs/*.sql\n")
	if message != "" || strings.Join(filter, "|") != "migrations|jobs/*.sql" {
		t.Errorf("got %q, %q", filter, message)
	}
	for typed, want := range map[string]string{
		"a/../b":                 "Enter a/../b as a plain path, without //, ./ or ../",
		"a//b":                   "Enter a//b as a plain path, without //, ./ or ../",
		strings.Repeat("a", 201): "Enter paths of 200 characters at most",
		"*a*b*c*d*e*f*g":         "Enter *a*b*c*d*e*f*g with 6 stars at most",
		lines(21):                "Enter 20 paths at most",
	} {
		if _, message := fairlead.ParsePathFilter(typed); message != want {
			t.Errorf("%.30q: got %q, want %q", typed, message, want)
		}
	}
}

func lines(n int) string {
	var text strings.Builder
	for i := range n {
		text.WriteString(strings.Repeat("x", i+1) + "\n")
	}
	return text.String()
}

func TestABranchRuleIsReadAsGitNamesBranches(t *testing.T) {
	for typed, want := range map[string]string{" main ": "main", "refs/heads/main": "main", "release/*": "release/*", "feature/add-region": "feature/add-region"} {
		if rule, message := fairlead.ParseBranchRule(typed); rule != want || message != "" {
			t.Errorf("%q: got %q, %q", typed, rule, message)
		}
	}
	for typed, want := range map[string]string{
		"  ":                     "Enter a branch",
		"my branch":              "Enter a branch as Git names it, such as main, or a pattern such as release/*",
		"a..b":                   "Enter a branch as Git names it, such as main, or a pattern such as release/*",
		"/main":                  "Enter a branch as Git names it, such as main, or a pattern such as release/*",
		strings.Repeat("b", 201): "Enter a branch of 200 characters at most",
		"*******":                "Enter a pattern with 6 stars at most",
	} {
		if _, message := fairlead.ParseBranchRule(typed); message != want {
			t.Errorf("%.20q: got %q, want %q", typed, message, want)
		}
	}
}

// FuzzMatchPattern: matching ends, and what has no star matches itself and nothing else.
func FuzzMatchPattern(f *testing.F) {
	for _, seed := range [][2]string{{"main", "main"}, {"release/**", "release/1/2"}, {"**/*.sql", "a/b.sql"}, {"*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa"}, {"***", "x"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if rule, message := fairlead.ParseBranchRule(pattern); message != "" || len(name) > 300 || rule != pattern {
			return
		}
		got := fairlead.MatchPattern(pattern, name)
		if !fairlead.IsPattern(pattern) && got != (pattern == name) {
			t.Errorf("%q against %q: %v", pattern, name, got)
		}
		if !fairlead.MatchPattern("**", name) {
			t.Errorf("** does not match %q", name)
		}
	})
}
