package linking_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
)

// hookBody is a webhook as somebody could make it at the host.
func (d *dock) hookBody(l fairlead.RepositoryLink) map[string]any {
	return map[string]any{"description": "Fairlead", "url": d.WebhookURL(l.ID), "active": true, "events": d.host.Events()}
}

func TestWhatIsWrongWithALinkHasAName(t *testing.T) {
	alter := func(change func(body map[string]any)) func(d *dock, c fairlead.Connection, l fairlead.RepositoryLink) {
		return func(d *dock, c fairlead.Connection, l fairlead.RepositoryLink) {
			body := d.hookBody(l)
			change(body)
			d.api(c, http.MethodPut, hookPath(ordersDB, l.Webhook.ID), body)
		}
	}
	for name, c := range map[string]struct {
		happens func(d *dock, c fairlead.Connection, l fairlead.RepositoryLink)
		row     string
		code    fairlead.DiagnosisCode
		words   string
		repairs bool
	}{
		"the webhook was deleted": {func(d *dock, c fairlead.Connection, l fairlead.RepositoryLink) {
			d.api(c, http.MethodDelete, hookPath(ordersDB, l.Webhook.ID), nil)
		}, "Webhook", fairlead.DiagnosisWebhookMissing, "not there any more", true},
		"the webhook was switched off":        {alter(func(b map[string]any) { b["active"] = false }), "Webhook", fairlead.DiagnosisWebhookInactive, "switched off", true},
		"the webhook leads elsewhere":         {alter(func(b map[string]any) { b["url"] = "https://other.example/hooks/x" }), "Webhook", fairlead.DiagnosisWebhookElsewhere, "https://other.example/hooks/x", true},
		"the webhook tells of something else": {alter(func(b map[string]any) { b["events"] = []string{"repo:fork"} }), "Webhook", fairlead.DiagnosisWebhookEvents, "does not tell", true},
		"the webhook lost its secret":         {alter(func(b map[string]any) { b["secret"] = nil }), "Webhook", fairlead.DiagnosisWebhookUnsigned, "no secret", true},
		"the repository was deleted": {func(d *dock, _ fairlead.Connection, _ fairlead.RepositoryLink) {
			d.must(d.sim.DeleteRepository(ordersDB))
		}, "Repository", fairlead.DiagnosisRepositoryGone, "acme-data/orders-db to Priya Raman any more", false},
		"the account lost its access": {func(d *dock, _ fairlead.Connection, _ fairlead.RepositoryLink) {
			d.must(d.sim.SetRole(ordersDB, hostPriya, ""))
		}, "Repository", fairlead.DiagnosisRepositoryGone, "unlink it", false},
		"the account lost its role": {func(d *dock, _ fairlead.Connection, _ fairlead.RepositoryLink) {
			d.must(d.sim.SetRole(ordersDB, hostPriya, "write"))
		}, "Repository", fairlead.DiagnosisRepositoryNotAdmin, "It has write there", false},
		"the branch was deleted": {func(d *dock, c fairlead.Connection, l fairlead.RepositoryLink) {
			d.must(d.ChangeRule(d.t.Context(), as(d.ana), d.access(d.ana, d.orders), l, rule("feature/add-region")))
			_, err := d.sim.DeleteBranch(ordersDB, "feature/add-region")
			d.must(err)
		}, "Branch", fairlead.DiagnosisBranchMissing, "feature/add-region is not there any more", false},
		"a permission was taken away": {func(d *dock, _ fairlead.Connection, _ fairlead.RepositoryLink) {
			d.faults(hookFault(410, 0))
		}, "Webhook", fairlead.DiagnosisEndpointRemoved, "no longer offers", false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDock(t)
			connection := d.connected(d.ana, hostPriya)
			l := d.linked(connection, ordersDB)
			c.happens(d, connection, d.found(l.ID))
			health, err := d.Check(t.Context(), d.found(l.ID))
			d.must(err)
			if problems := health.Problems(); len(problems) != 1 || health.Repairable() != c.repairs {
				t.Errorf("got %+v", problems)
			}
			if row := row(t, health, c.row); row.OK || row.Code != c.code || !strings.Contains(row.Text, c.words) || strings.Contains(row.Text, "**") {
				t.Errorf("got %+v", row)
			}
			if stored := d.found(l.ID).Health; !stored.CheckedAt.Equal(d.clock.Now()) || len(stored.Problems()) != 1 {
				t.Errorf("stored %+v", stored)
			}
			if !c.repairs {
				return
			}
			l, err = d.Repair(t.Context(), as(d.ana), l)
			d.must(err)
			wantHealthy(t, l.Health)
			if hooks := d.hooks(connection, ordersDB); len(hooks) != 1 || hooks[0].ID != l.Webhook.ID || !hooks[0].Active || !hooks[0].Signed || hooks[0].URL != d.WebhookURL(l.ID) {
				t.Errorf("got %+v", hooks)
			}
		})
	}
}

func TestARepositoryKeepsItsLinkUnderAnotherNameAndInAnotherPlace(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	l := d.linked(c, ordersDB)
	_, err := d.sim.RenameRepository(ordersDB, "ledger")
	d.must(err)
	health, err := d.Check(t.Context(), d.found(l.ID))
	d.must(err)
	wantHealthy(t, health)
	if row := row(t, health, "Repository"); !row.OK || row.Evidence != "acme-data/ledger, called acme-data/orders-db before" || d.found(l.ID).Repository.FullName != "acme-data/ledger" {
		t.Errorf("got %+v", row)
	}
	_, err = d.sim.MoveRepository("acme-data/ledger", "priya-raman")
	d.must(err)
	health, err = d.Check(t.Context(), d.found(l.ID))
	d.must(err)
	wantHealthy(t, health)
	l, err = d.Repair(t.Context(), as(d.ana), d.found(l.ID))
	d.must(err)
	if l.Repository.FullName != "priya-raman/ledger" || len(d.hooks(c, l.Repository.ID)) != 1 {
		t.Errorf("got %+v", l.Repository)
	}
	note, err := d.Unlink(t.Context(), as(d.ana), d.access(d.ana, d.orders), l)
	if err != nil || note != "" || len(d.hooks(c, l.Repository.ID)) != 0 {
		t.Errorf("got %q, %v", note, err)
	}
}

func TestWhatTheHostDoesNotTellIsNotCalledWrong(t *testing.T) {
	for name, faults := range map[string]bitbucketsim.Faults{
		"a problem": {Status: 503, Where: "api"}, "too many calls": {Status: 429, Where: "api"}, "a page": {HTML: true, Where: "api"}, "shut": {Refuse: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDock(t)
			l := d.linked(d.connected(d.ana, hostPriya), ordersDB)
			d.faults(faults)
			health, err := d.Check(t.Context(), d.found(l.ID))
			d.must(err)
			wantHealthy(t, health)
			for _, name := range []string{"Repository", "Branch", "Webhook"} {
				if row := row(t, health, name); row.OK || row.Evidence != "not known" {
					t.Errorf("got %+v", row)
				}
			}
			if row := row(t, health, "Repository"); row.Text == "" {
				t.Error("nobody says why")
			}
		})
	}
}

// arrives stores a delivery that was worked off.
func (d *dock) arrives(l fairlead.RepositoryLink, source fairlead.DeliverySource, verdict fairlead.Verdict) {
	d.t.Helper()
	d.clock.forward(time.Minute)
	id := fairlead.NewID(strings.NewReader(strings.Repeat(d.clock.Now().Format("150405"), 3)), fairlead.PrefixDelivery)
	delivery := fairlead.Delivery{
		ID: id, LinkID: l.ID, ProjectID: l.Project.ID, HostID: id, Event: "repo:push", Source: source, State: fairlead.DeliveryWaiting,
		Verdict: fairlead.VerdictWaiting, ReceivedAt: d.clock.Now(), NextAt: d.clock.Now(),
	}
	_, err := d.db.SaveArrivals(d.t.Context(), []fairlead.Arrival{{Delivery: delivery, Payload: fairlead.Payload{Body: []byte("{}")}}})
	d.must(err)
	claimed, err := d.db.ClaimDeliveries(d.t.Context(), time.Minute, 1)
	d.must(err)
	if len(claimed) != 1 {
		d.t.Fatalf("%d deliveries are claimed", len(claimed))
	}
	done := claimed[0]
	done.State, done.Verdict, done.FinishedAt = fairlead.DeliveryDone, verdict, d.clock.Now()
	d.must(d.db.FinishDelivery(d.t.Context(), done, nil, nil))
}

func TestAWebhookThatTwoPushesDidWithoutIsCalledSilent(t *testing.T) {
	d := newDock(t)
	l := d.linked(d.connected(d.ana, hostPriya), ordersDB)
	code := func() fairlead.DiagnosisCode {
		t.Helper()
		health, err := d.Check(t.Context(), d.found(l.ID))
		d.must(err)
		return row(t, health, "Deliveries").Code
	}
	for i, step := range []struct {
		source  fairlead.DeliverySource
		verdict fairlead.Verdict
		want    fairlead.DiagnosisCode
	}{
		{fairlead.SourceWebhook, fairlead.VerdictRecorded, ""},
		{fairlead.SourceCatchUp, fairlead.VerdictCaughtUp, ""},
		{fairlead.SourceCatchUp, fairlead.VerdictPath, ""},
		{fairlead.SourceCatchUp, fairlead.VerdictCaughtUp, fairlead.DiagnosisWebhookSilent},
		{fairlead.SourceWebhook, fairlead.VerdictDuplicate, ""}, // it was only late
		{fairlead.SourceCatchUp, fairlead.VerdictCaughtUp, ""},
		{fairlead.SourceCatchUp, fairlead.VerdictCaughtUp, fairlead.DiagnosisWebhookSilent},
		{fairlead.SourceWebhook, fairlead.VerdictBranch, ""},
	} {
		d.arrives(l, step.source, step.verdict)
		if got := code(); got != step.want {
			t.Errorf("step %d: got %q, want %q", i, got, step.want)
		}
	}
}

func TestACheckThatIsCutOffLeavesTheHealthAsItWas(t *testing.T) {
	d := newDock(t)
	l := d.linked(d.connected(d.ana, hostPriya), ordersDB)
	names := make([]string, 0, 5)
	for _, row := range l.Health.Checks {
		names = append(names, row.Name)
	}
	if !slices.Equal(names, []string{"Connection", "Repository", "Branch", "Webhook", "Deliveries"}) {
		t.Errorf("got %q", names)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Check(ctx, l); err == nil {
		t.Error("a cancelled check has an outcome")
	}
	wantHealthy(t, d.found(l.ID).Health)
}

func TestARefusedDeliveryThatCameLastIsNamed(t *testing.T) {
	d := newDock(t)
	l := d.linked(d.connected(d.ana, hostPriya), ordersDB)
	refusal := fairlead.Rejection{At: d.clock.Now().Add(time.Minute), Code: fairlead.DiagnosisSignatureWrong, Reason: "The signature does not match.", Source: "192.0.2.9"}
	d.must(d.db.RecordRejections(t.Context(), l.ID, []fairlead.Rejection{refusal}, 1))
	health, err := d.Check(t.Context(), l)
	if bad := health.Problems(); err != nil || len(bad) != 1 || bad[0].Code != fairlead.DiagnosisSignatureWrong || !bad[0].Repairable {
		t.Errorf("got %+v, %v", health.Problems(), err)
	}
}

func TestHealthSpeaksOfTheBranchThatIsFollowedNow(t *testing.T) {
	d := newDock(t)
	l := d.linked(d.connected(d.ana, hostPriya), ordersDB)
	d.must(d.ChangeRule(t.Context(), as(d.ana), d.access(d.ana, d.orders), l, rule("feature/*")))
	for _, row := range d.found(l.ID).Health.Checks {
		if row.Name == "Branch" && row.Evidence != "feature/* matches 1 branch" {
			t.Errorf("got %+v", row)
		}
	}
}
