package views

import (
	"testing"
	"time"

	"fairlead"
)

func gallerist() canned {
	return canned{kinds: []fairlead.Kind{{Name: "Bitbucket.org", Host: "Bitbucket", Tile: "Bb"}}, now: time.Date(2026, 11, 23, 9, 41, 6, 0, time.UTC)}
}

func TestALinkSaysItsStateAndTheOneThingThatHelps(t *testing.T) {
	c := gallerist()
	for name, want := range map[string]struct {
		change func(*LinkRow)
		pill   string
		tone   Tone
		remedy LinkRemedy
	}{
		"healthy":      {func(*LinkRow) {}, "Receiving pushes", ToneOK, RemedyNone},
		"fresh":        {func(r *LinkRow) { r.Link.LastPushAt = time.Time{} }, "Waiting for the first push", ToneRun, RemedyNone},
		"without hook": {func(r *LinkRow) { r.Polling = true }, "Polling", ToneInfo, RemedyNone},
		"a private address, as the health tells it": {func(r *LinkRow) {
			r.Polling = true
			r.Link.Health.Checks[3] = fairlead.HealthCheck{Name: "Webhook", Code: fairlead.DiagnosisUnreachableFromOut}
		}, "Polling", ToneInfo, RemedyNone},
		"hook removed":       {c.broken, "Needs attention", ToneWarn, RemedyRepair},
		"not repairable":     {func(r *LinkRow) { c.broken(r); r.Link.Health.Checks[3].Repairable = false }, "Needs attention", ToneWarn, RemedyLook},
		"own connection":     {func(r *LinkRow) { r.Link.Connection.State = fairlead.ConnectionDead }, "Disconnected", ToneBad, RemedyReconnect},
		"somebody else's":    {func(r *LinkRow) { r.Link.Connection = c.connection(c.ana(), fairlead.ConnectionRenew) }, "Disconnected", ToneBad, RemedyTakeOver},
		"dead before broken": {func(r *LinkRow) { c.broken(r); r.Link.Connection.State = fairlead.ConnectionDead }, "Disconnected", ToneBad, RemedyReconnect},
		"nobody's":           {func(r *LinkRow) { r.Link.Connection = fairlead.Connection{} }, "Paused", ToneWarn, RemedyTakeOver},
		"archived":           {func(r *LinkRow) { r.Link.Project.ArchivedAt = c.now; c.broken(r); r.Manages = true }, "Stopped", ToneMute, RemedyRestore},
		"another's archived": {func(r *LinkRow) { r.Link.Project.ArchivedAt = c.now; c.broken(r) }, "Stopped", ToneMute, RemedyAskOwner},
	} {
		row := c.row(want.change)
		tone, pill := row.pill()
		if remedy := row.Trouble().Remedy; pill != want.pill || tone != want.tone || remedy != want.remedy {
			t.Errorf("%s: got %s, %q, %q; want %s, %q, %q", name, tone, pill, remedy, want.tone, want.pill, want.remedy)
		}
	}
}

func TestTheReasonOfAPauseStandsOnTheLink(t *testing.T) {
	row := gallerist().row(func(r *LinkRow) {
		r.Link.Connection, r.Link.Lost = fairlead.Connection{}, "Wes Okafor left the project."
	})
	want := "Wes Okafor left the project. Pushes are received and wait until somebody takes the link over."
	if got := row.Trouble().Text; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestALinkWaitsVisiblyOnlyWhileSomethingCanCome(t *testing.T) {
	c := gallerist()
	fresh := func(r *LinkRow) { r.Link.LastPushAt = time.Time{} }
	for name, one := range map[string]struct {
		view LinkDetail
		want bool
	}{
		"fresh":           {LinkDetail{Row: c.row(fresh)}, true},
		"one came":        {LinkDetail{Row: c.row(func(*LinkRow) {})}, false},
		"one was found":   {LinkDetail{Row: c.row(fresh), Log: DeliveryLog{Deliveries: c.deliveries()[:1]}}, false},
		"end of the log":  {LinkDetail{Row: c.row(fresh), Log: DeliveryLog{Before: fairlead.Cursor{Place: 1}}}, false},
		"nothing ignored": {LinkDetail{Row: c.row(fresh), Log: DeliveryLog{Show: fairlead.ShowIgnored}}, false},
		"connection dead": {LinkDetail{Row: c.row(func(r *LinkRow) { fresh(r); r.Link.Connection.State = fairlead.ConnectionDead })}, false},
	} {
		if got := one.view.waits(); got != one.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

func TestPathsCarryWhatHostsAllowInIds(t *testing.T) {
	for got, want := range map[string]string{
		ConfigureLinkPath("ORDERS", "gp_1", "{a/b}"):                   "/projects/ORDERS/repositories/new/gp_1/%7Ba%2Fb%7D",
		PickRepositoryHref("ORDERS", "gp_1", "acme data", "", "2&x"):   "/projects/ORDERS/repositories/new/gp_1?owner=acme+data&page=2%26x",
		WhyHref("ORDERS", "rl_1", "https://bitbucket.org/a/b"):         "/projects/ORDERS/repositories/rl_1/why?commit=https%3A%2F%2Fbitbucket.org%2Fa%2Fb",
		ConnectAuthorizeHref("gp_1", "/account/connections", true):     "/connect/gp_1/authorize?return=%2Faccount%2Fconnections&window=popup",
		ConnectAuthorizeHref("gp_1", "/account/connections", false):    "/connect/gp_1/authorize?return=%2Faccount%2Fconnections",
		ConnectStatusHref("gp_1", "/p", time.UnixMilli(1234).UTC(), 2): "/connect/gp_1/status?return=%2Fp&since=1234&stage=2",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestAProblemIsNamedByWhatIsWrongAndNotByTheNameOfTheCheck(t *testing.T) {
	row := gallerist().row(func(r *LinkRow) {
		r.Link.Health.Checks[3] = fairlead.HealthCheck{Name: "Webhook", Code: fairlead.DiagnosisWebhookMissing, Text: "The webhook is not there any more. Choose Repair."}
	})
	if got := row.Trouble(); got.Title != "The webhook is not there any more" || got.Text != "Choose Repair." {
		t.Errorf("got %q, %q", got.Title, got.Text)
	}
}

func TestHealthDoesNotSayThatNothingCameWhenSomethingDid(t *testing.T) {
	c := gallerist()
	none := fairlead.HealthCheck{Name: "Deliveries", Evidence: "none yet"}
	for name, one := range map[string]struct {
		pushed time.Time
		check  fairlead.HealthCheck
		ok     bool
		says   string
	}{
		"nothing came":              {time.Time{}, none, false, "none yet"},
		"a push came since":         {c.now, none, true, "the last on 23 November 2026, 09:41 UTC"},
		"what is wrong stays wrong": {c.now, fairlead.HealthCheck{Name: "Deliveries", Code: fairlead.DiagnosisWebhookSilent}, false, ""},
	} {
		row := c.row(func(r *LinkRow) {
			r.Link.LastPushAt, r.Link.Health.Checks = one.pushed, []fairlead.HealthCheck{one.check}
		})
		if got := row.checks()[0]; got.OK != one.ok || got.Evidence != one.says {
			t.Errorf("%s: got %t, %q", name, got.OK, got.Evidence)
		}
	}
}

func TestAFlashIsGreenOnlyWhenNothingIsLeftToDo(t *testing.T) {
	if f := (Flash{}); f.tone() != ToneOK || f.icon() != IconDone {
		t.Errorf("got %s", f.tone())
	}
	if f := (Flash{Tone: ToneWarn}); f.tone() != ToneWarn || f.icon() != IconWarn {
		t.Errorf("got %s", f.tone())
	}
}

func TestAnActionThatFailedIsNamedBeforeItsCause(t *testing.T) {
	cause := &fairlead.Diagnosis{Title: "Priya Raman no longer administers it", Because: "Bitbucket said so."}
	got := notDone("The webhook secret was not rotated", cause)
	if got.Title != "The webhook secret was not rotated" || got.Because != "Priya Raman no longer administers it. Bitbucket said so." {
		t.Errorf("got %q, %q", got.Title, got.Because)
	}
	if cause.Title != "Priya Raman no longer administers it" || notDone("", cause) != cause || notDone("It failed", nil) != nil {
		t.Error("the cause is changed, or one is made up")
	}
}

func TestADeliveryOfALostConnectionNamesNoNextTry(t *testing.T) {
	c := gallerist()
	waits := c.deliveries()[0]
	dead := c.row(func(r *LinkRow) { r.Link.Connection.State = fairlead.ConnectionDead })
	for name, one := range map[string]struct {
		view   DeliveryDetail
		reason string
		next   time.Time
	}{
		"lost":      {DeliveryDetail{Row: dead, Delivery: waits}, "Waits for the connection of Priya Raman.", time.Time{}},
		"alive":     {DeliveryDetail{Row: c.row(func(*LinkRow) {}), Delivery: waits}, waits.Reason, waits.NextAt},
		"unlinked":  {DeliveryDetail{Delivery: waits}, waits.Reason, waits.NextAt},
		"processed": {DeliveryDetail{Row: dead, Delivery: c.deliveries()[1]}, "", time.Time{}},
	} {
		if got := one.view.waiting(); got.Reason != one.reason || !got.NextAt.Equal(one.next) {
			t.Errorf("%s: got %q, %s", name, got.Reason, got.NextAt)
		}
	}
}

func TestNumbersThatMayBeLargerSaySo(t *testing.T) {
	for got, want := range map[string]string{
		atLeast(1, false, "file", "files"):       "1 file",
		atLeast(41, true, "file", "files"):       "41 or more files",
		atLeast(2000, true, "file", "files"):     "2,000 or more files",
		atLeast(1012007, false, "file", "files"): "1,012,007 files",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
