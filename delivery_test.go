package fairlead_test

import (
	"testing"
	"time"

	"fairlead"
)

func TestALinkSaysWhyItDoesNothing(t *testing.T) {
	alive := fairlead.RepositoryLink{Connection: fairlead.Connection{ID: "co_1"}}
	archived, lost, nobody := alive, alive, alive
	archived.Project.ArchivedAt = time.Unix(1, 0)
	lost.Connection, lost.Lost = fairlead.Connection{}, "Ana Brandt left the workspace."
	nobody.Connection = fairlead.Connection{}
	for want, link := range map[string]fairlead.RepositoryLink{
		"": alive, "The project is archived.": archived, "Ana Brandt left the workspace.": lost, "Nobody’s connection is used any more.": nobody,
	} {
		if got := link.PauseReason(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestOnlyWhatIsKnownToBeWrongIsAProblem(t *testing.T) {
	h := fairlead.Health{Checks: []fairlead.HealthCheck{
		{Name: "Connection", OK: true},
		{Name: "Branch"}, // not known
		{Name: "Webhook", Code: fairlead.DiagnosisWebhookMissing, Repairable: true},
	}}
	if bad := h.Problems(); len(bad) != 1 || bad[0].Name != "Webhook" || !h.Repairable() {
		t.Errorf("got %+v, repairable %v", bad, h.Repairable())
	}
	h.Checks = h.Checks[:2]
	if len(h.Problems()) != 0 || h.Repairable() {
		t.Errorf("got %+v, repairable %v", h.Problems(), h.Repairable())
	}
}

func TestEveryVerdictIsOneOfRecordedWaitingIgnoredOrFailed(t *testing.T) {
	seen := map[fairlead.Verdict]bool{}
	for _, v := range fairlead.Verdicts() {
		if seen[v] {
			t.Errorf("%s is listed twice", v)
		}
		seen[v] = true
		if v.IsIgnored() && v.NeedsAttention() {
			t.Errorf("%s is ignored on purpose and needs attention", v)
		}
	}
	if !fairlead.VerdictFailed.NeedsAttention() || fairlead.VerdictRecorded.NeedsAttention() {
		t.Error("what failed needs attention, what was recorded does not")
	}
}

func TestACursorSurvivesAnAddress(t *testing.T) {
	for _, c := range []fairlead.Cursor{{}, {At: time.UnixMilli(1764000000123).UTC(), Place: 42}} {
		if got, ok := fairlead.ParseCursor(c.String()); !ok || got != c {
			t.Errorf("%v became %v, %v", c, got, ok)
		}
	}
	for _, bad := range []string{"x", "1", "1-", "-1", "1-x"} {
		if _, ok := fairlead.ParseCursor(bad); ok {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestAnUnknownFilterShowsEverything(t *testing.T) {
	for typed, want := range map[string]fairlead.Showing{"": "", "recorded": fairlead.ShowRecorded, "attention": fairlead.ShowAttention, "x": fairlead.ShowAll} {
		if got := fairlead.ParseShowing(typed); got != want {
			t.Errorf("%q: got %q", typed, got)
		}
	}
}
