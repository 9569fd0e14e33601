package linking_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/linking"
)

// receiver stands at the external URL.
type receiver struct {
	*dock
	got    chan receivedDelivery
	pushes int
}

type receivedDelivery struct {
	header http.Header
	body   []byte
}

// receives moves the external URL to a server that takes deliveries. The host reaches it although it is on this machine.
func (d *dock) receives() *receiver {
	d.t.Helper()
	r := &receiver{dock: d, got: make(chan receivedDelivery, 10)}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.got <- receivedDelivery{req.Header, body}
	}))
	d.t.Cleanup(server.Close)
	d.host.ReachesPrivate = true
	d.wire(server.URL, d.db)
	return r
}

// gets pushes, and reports whether the host signs what it sends with this secret.
func (r *receiver) gets(secret fairlead.Secret) bool {
	r.t.Helper()
	before := r.sim.Faults()
	healthy := before
	healthy.DropDeliveries = false
	r.must(r.sim.SetFaults(healthy))
	r.pushes++
	_, err := r.sim.Push(ordersDB, "main", bitbucketsim.NewCommit{Files: map[string]string{"x": fmt.Sprint(r.pushes)}})
	r.must(err)
	r.must(r.sim.SetFaults(before))
	select {
	case delivery := <-r.got:
		return r.host.CheckSignature(delivery.header, delivery.body, secret) == nil
	case <-time.After(10 * time.Second):
		r.t.Fatal("no delivery came")
	}
	return false
}

func TestRotatingTheSecretKeepsTheOldOneUntilItIsNoLongerUsed(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	r := d.receives()
	l := d.linked(c, ordersDB)
	a := d.access(d.ana, d.orders)
	first := d.found(l.ID).Secret
	d.must(d.RotateSecret(t.Context(), as(d.ana), a, l))
	second := d.found(l.ID)
	if second.Secret.Equal(first) || !second.OldSecret.Equal(first) || !r.gets(second.Secret) || len(d.hooks(c, ordersDB)) != 1 {
		t.Errorf("got %+v", second)
	}
	d.faults(hookFault(500, 0))
	if err := d.RotateSecret(t.Context(), as(d.ana), a, l); err == nil {
		t.Error("rotated although the host did not hear of the second one for certain")
	}
	if now := d.found(l.ID); !now.Secret.Equal(second.Secret) || !now.OldSecret.Equal(first) {
		t.Error("a secret is dropped that the host may use")
	}
	d.deliveriesGoNowhere()
	d.must(d.RotateSecret(t.Context(), as(d.ana), a, l))
	if third := d.found(l.ID); third.Secret.Equal(second.Secret) || !third.OldSecret.Equal(second.Secret) || !r.gets(third.Secret) {
		t.Errorf("got %+v", third)
	}
	d.clock.forward(time.Hour + time.Second)
	_, err := d.Check(t.Context(), d.found(l.ID)) // nobody pushed meanwhile
	d.must(err)
	if now := d.found(l.ID); !now.OldSecret.IsZero() {
		t.Error("the old secret is accepted for ever")
	}
	d.faults(hookFault(500, 0))
	if err := d.RotateSecret(t.Context(), as(d.ana), a, l); err == nil {
		t.Error("the host's refusal is hushed up")
	}
	now := d.found(l.ID)
	if now.OldSecret.IsZero() || !r.gets(now.OldSecret) {
		t.Error("what the host signs with is no longer accepted")
	}
	if row := row(t, now.Health, "Webhook"); row.Code != fairlead.DiagnosisWebhookUnsigned || !row.Repairable || !strings.Contains(row.Text, "Until it has, both are accepted") {
		t.Errorf("got %+v", row)
	}
	d.deliveriesGoNowhere()
	d.clock.forward(2 * time.Hour)
	health, err := d.Check(t.Context(), now)
	d.must(err)
	if !health.Repairable() {
		t.Error("nobody is told that the rotation has a second half")
	}
	repaired, err := d.Repair(t.Context(), as(d.ana), now)
	d.must(err)
	wantHealthy(t, repaired.Health)
	if !r.gets(now.Secret) {
		t.Error("repair did not bring the new secret to the host")
	}
}

func TestAChangedExternalURLOffersToRepairAllWebhooks(t *testing.T) {
	d := newDock(t)
	ben := d.member("Ben")
	d.added(d.orders, ben, fairlead.ProjectDeveloper)
	c, bens := d.connected(d.ana, hostPriya), d.connected(ben, hostPriya)
	orders, billing, lost := d.linked(c, ordersDB), d.linked(c, "acme-data/billing-db"), d.linked(bens, "acme-data/payments-db")
	if links, err := d.Elsewhere(t.Context()); err != nil || len(links) != 0 {
		t.Errorf("got %d links, %v", len(links), err)
	}
	d.wire("https://new.example", d.db)
	links, err := d.Elsewhere(t.Context())
	if err != nil || len(links) != 3 {
		t.Fatalf("got %d links, %v", len(links), err)
	}
	health, err := d.Check(t.Context(), orders)
	if row := row(t, health, "Webhook"); err != nil || row.Code != fairlead.DiagnosisWebhookElsewhere || !row.Repairable {
		t.Errorf("got %+v, %v", row, err)
	}
	d.api(c, http.MethodDelete, hookPath("acme-data/billing-db", billing.Webhook.ID), nil) // and one is gone altogether
	_, err = d.Disconnect(t.Context(), as(ben), ben, bens.ID)
	d.must(err)
	did, err := d.RepairAll(t.Context(), as(d.priya))
	if err != nil || did != (linking.Repairs{Repaired: 2, Failed: 1}) {
		t.Errorf("got %+v, %v", did, err)
	}
	for _, l := range []fairlead.RepositoryLink{orders, billing} {
		hooks := d.hooks(c, l.Repository.ID)
		if len(hooks) != 1 || hooks[0].URL != "https://new.example/hooks/"+l.ID || d.found(l.ID).Webhook.URL != hooks[0].URL {
			t.Errorf("got %+v", hooks)
		}
		wantHealthy(t, d.found(l.ID).Health)
	}
	links, err = d.Elsewhere(t.Context())
	if err != nil || len(links) != 1 || links[0].ID != lost.ID {
		t.Errorf("got %+v, %v", links, err)
	}
}

func TestRepairingAllTakesOneCallForEach(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	for range 5 {
		d.linked(c, ordersDB)
	}
	d.wire("https://new.example", d.db)
	before := d.asked()
	did, err := d.RepairAll(t.Context(), as(d.priya))
	if n := d.asked() - before; err != nil || did != (linking.Repairs{Repaired: 5}) || n != 5 {
		t.Errorf("got %+v with %d calls, %v", did, n, err)
	}
}

func TestRepairNeverMakesASecondWebhook(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	l := d.linked(c, ordersDB)
	for range 3 {
		_, err := d.Repair(t.Context(), as(d.ana), l)
		d.must(err)
	}
	body := d.hookBody(l)
	d.api(c, http.MethodPost, "/repositories/"+ordersDB+"/hooks", body) // somebody made two more that lead here
	d.api(c, http.MethodPost, "/repositories/"+ordersDB+"/hooks", body)
	d.api(c, http.MethodDelete, hookPath(ordersDB, l.Webhook.ID), nil) // and removed ours
	l, err := d.Repair(t.Context(), as(d.ana), l)
	d.must(err)
	if hooks := d.hooks(c, ordersDB); len(hooks) != 1 || !hooks[0].Signed || hooks[0].ID != l.Webhook.ID {
		t.Errorf("got %+v", hooks)
	}
	d.api(c, http.MethodPost, "/repositories/"+ordersDB+"/hooks", map[string]any{"url": "https://elsewhere.example/" + l.ID, "events": d.host.Events()})
	_, err = d.Repair(t.Context(), as(d.ana), l)
	d.must(err)
	if hooks := d.hooks(c, ordersDB); len(hooks) != 2 || !strings.Contains(hooks[1].URL, "elsewhere") {
		t.Errorf("a webhook of somebody else is touched: %+v", hooks)
	}
}

// late is a store in whose reading time passes, as if the host took long.
type late struct {
	linking.Store
	clock *clock
}

func (s late) UpdateLinkWebhook(ctx context.Context, by fairlead.Actor, id string, w fairlead.Webhook) error {
	s.clock.forward(20 * time.Second)
	return s.Store.UpdateLinkWebhook(ctx, by, id, w)
}

func TestRepairingAllEndsWhileSomebodyStillWaitsAndGoesOnTheNextTime(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	for range 5 {
		d.linked(c, ordersDB)
	}
	d.wire("https://new.example", late{d.db, d.clock})
	for _, want := range []linking.Repairs{{Repaired: 3, Left: 2}, {Repaired: 2}} {
		if did, err := d.RepairAll(t.Context(), as(d.priya)); err != nil || did != want {
			t.Errorf("got %+v, %v", did, err)
		}
	}
}

func TestRepairingAllStopsWhereTheHostDoesNotAnswer(t *testing.T) {
	for name, faults := range map[string]bitbucketsim.Faults{"shut": {Refuse: true}, "too many calls": {Status: 429, Where: "api"}} {
		t.Run(name, func(t *testing.T) {
			d := newDock(t)
			c := d.connected(d.ana, hostPriya)
			for range 3 {
				d.linked(c, ordersDB)
			}
			d.wire("https://new.example", d.db)
			d.faults(faults)
			if did, err := d.RepairAll(t.Context(), as(d.priya)); err != nil || did != (linking.Repairs{Failed: 1, Left: 2}) {
				t.Errorf("got %+v, %v", did, err)
			}
		})
	}
}

func TestRepairingAllBehindAPrivateAddressSaysSoInEachLinksHealth(t *testing.T) {
	d := newDock(t)
	l := d.linked(d.connected(d.ana, hostPriya), ordersDB)
	d.wire("https://fairlead.internal", d.db)
	if did, err := d.RepairAll(t.Context(), as(d.priya)); err != nil || did != (linking.Repairs{Failed: 1}) {
		t.Errorf("got %+v, %v", did, err)
	}
	if row := row(t, d.found(l.ID).Health, "Webhook"); row.Code != fairlead.DiagnosisUnreachableFromOut {
		t.Errorf("got %+v", row)
	}
}
