package linking_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
)

func TestEachLinkIsCheckedEveryHour(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	first, second := d.linked(c, ordersDB), d.linked(c, "acme-data/billing-db")
	round := func(want int) {
		t.Helper()
		if n, err := d.CheckDue(t.Context()); err != nil || n != want {
			t.Errorf("%d checked, want %d; %v", n, want, err)
		}
	}
	round(0)
	d.clock.forward(40 * time.Minute)
	_, err := d.Check(t.Context(), first)
	d.must(err)
	d.clock.forward(21 * time.Minute)
	d.api(c, http.MethodDelete, hookPath("acme-data/billing-db", second.Webhook.ID), nil)
	round(1)
	if problems := d.found(second.ID).Health.Problems(); len(problems) != 1 || problems[0].Code != fairlead.DiagnosisWebhookMissing {
		t.Errorf("got %+v", problems)
	}
	round(0)
	d.clock.forward(time.Hour + time.Second)
	before := d.asked()
	round(2)
	if n := d.asked() - before; n != 6 { // the repository, its branches, its webhooks
		t.Errorf("%d requests", n)
	}
	d.must(d.Archive(t.Context(), as(d.ana), d.access(d.ana, d.orders)))
	d.clock.forward(2 * time.Hour)
	round(0)
}

func TestChecksBeyondTheBudgetComeLaterAndNobodyElseWaitsForThem(t *testing.T) {
	d := newDock(t)
	ben := d.member("Ben")
	d.added(d.orders, ben, fairlead.ProjectDeveloper)
	c := d.connected(d.ana, hostPriya)
	for range 20 {
		d.linked(c, ordersDB)
	}
	d.clock.forward(time.Second)
	d.must(d.sim.SetRole(ordersDB, hostWes, "admin"))
	bens := d.linked(d.connected(ben, hostWes), ordersDB) // the newest, so it comes last
	d.clock.forward(2 * time.Hour)
	nothing := func(context.Context, fairlead.Secret) error { return nil }
	for d.Call(t.Context(), c.ID, true, nothing) == nil { // the comparing of heads takes what it can
		continue
	}
	all, err := d.CheckDue(t.Context())
	if err != nil || all != 8 || !d.found(bens.ID).Health.CheckedAt.Equal(d.clock.Now()) {
		t.Errorf("%d checked, %v", all, err)
	}
	for range 2 {
		d.clock.forward(6 * time.Minute)
		n, err := d.CheckDue(t.Context())
		d.must(err)
		all += n
	}
	if all != 21 {
		t.Errorf("%d checked after all", all)
	}
}

func TestOneLinkInTroubleDoesNotKeepTheOthersFromBeingChecked(t *testing.T) {
	d := newDock(t)
	ben := d.member("Ben")
	d.added(d.orders, ben, fairlead.ProjectDeveloper)
	dead := d.linked(d.connected(ben, hostPriya), ordersDB)
	_, err := d.sim.KillConnections("")
	d.must(err)
	c := d.connected(d.ana, hostPriya)
	alive := d.linked(c, "acme-data/billing-db")
	d.clock.forward(3 * time.Hour)
	if n, err := d.CheckDue(t.Context()); err != nil || n != 2 {
		t.Errorf("%d checked, %v", n, err)
	}
	wantHealthy(t, d.found(alive.ID).Health)
	if problems := d.found(dead.ID).Health.Problems(); len(problems) != 1 || problems[0].Code != fairlead.DiagnosisConnectionExpired {
		t.Errorf("got %+v", problems)
	}
}

func TestAConnectionThatNobodyUsesIsKeptAlive(t *testing.T) {
	d := newDock(t)
	d.faults(bitbucketsim.Faults{RotateRefreshTokens: true}) // and refresh tokens end after three idle months
	c := d.connected(d.ana, hostPriya)
	if n, err := d.KeepAlive(t.Context()); err != nil || n != 0 {
		t.Errorf("%d refreshed, %v", n, err)
	}
	for range 26 { // half a year
		d.clock.forward(7*24*time.Hour + time.Minute)
		if n, err := d.KeepAlive(t.Context()); err != nil || n != 1 {
			t.Errorf("%d refreshed, %v", n, err)
		}
	}
	d.must(d.ask(c, false))
	_, err := d.sim.KillConnections("")
	d.must(err)
	d.clock.forward(8 * 24 * time.Hour)
	if n, err := d.KeepAlive(t.Context()); err != nil || n != 0 {
		t.Errorf("%d refreshed, %v", n, err)
	}
	if stored := d.stored(c.ID); stored.State != fairlead.ConnectionDead {
		t.Errorf("got %s", stored.State)
	}
}

func TestTheBackgroundEndsWithItsContext(t *testing.T) {
	y := newYard(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { y.Run(ctx); close(ended) }()
	cancel()
	<-ended
}

func TestAHostThatCannotBeReachedIsAskedOnceInARound(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	for range 3 {
		d.linked(c, ordersDB)
	}
	d.faults(bitbucketsim.Faults{Refuse: true})
	d.clock.forward(90 * time.Minute)
	for left := 3; left > 0; left-- {
		if n, err := d.CheckDue(t.Context()); err != nil || n != 1 {
			t.Errorf("%d checked, %v", n, err)
		}
	}
	d.deliveriesGoNowhere()
	d.clock.forward(time.Hour + time.Second)
	if n, err := d.CheckDue(t.Context()); err != nil || n != 3 {
		t.Errorf("%d checked, %v", n, err)
	}
}
