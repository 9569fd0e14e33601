package linking_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/linking"
)

// ask is the cheapest call: whose token it is.
func (d *dock) ask(c fairlead.Connection, background bool) error {
	return d.Call(d.t.Context(), c.ID, background, func(ctx context.Context, access fairlead.Secret) error {
		_, err := d.host.RepositoryOwners(ctx, access)
		return err
	})
}

func TestTokensAreRefreshedAheadOfTime(t *testing.T) {
	for name, faults := range map[string]bitbucketsim.Faults{
		"where refresh tokens stay":             {},
		"where they rotate":                     {RotateRefreshTokens: true, LongTokens: true},
		"where the old one is dead at once":     {StrictRotation: true},
		"with the host's backend of 2026":       {Backend2026: true},
		"where the host tells no scopes either": {NoScopes: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDock(t)
			d.faults(faults)
			c := d.connected(d.ana, hostPriya)
			first := d.stored(c.ID)
			d.must(d.ask(c, false))
			d.clock.forward(2*time.Hour - 6*time.Minute)
			d.must(d.ask(c, false))
			if n := d.refreshes(); n != 0 {
				t.Errorf("%d refreshes while the token was good", n)
			}
			for round := 1; round <= 3; round++ {
				d.clock.forward(2*time.Hour - 4*time.Minute)
				d.must(d.ask(c, false))
				d.must(d.ask(c, false))
				if n := d.refreshes(); n != round {
					t.Errorf("%d refreshes, want %d", n, round)
				}
			}
			now := d.stored(c.ID)
			rotates := faults.RotateRefreshTokens || faults.StrictRotation || faults.Backend2026
			if now.Version <= first.Version || now.Tokens.Access.Equal(first.Tokens.Access) || now.Tokens.Refresh.Equal(first.Tokens.Refresh) == rotates {
				t.Errorf("version %d after %d; rotates: %v", now.Version, first.Version, rotates)
			}
		})
	}
}

func TestManyCallsAtOnceRefreshOnce(t *testing.T) {
	d := newDock(t)
	d.faults(bitbucketsim.Faults{StrictRotation: true})
	c := d.connected(d.ana, hostPriya)
	for round, cause := range []func(){
		func() { d.clock.forward(2 * time.Hour) },                      // known beforehand
		func() { _, err := d.sim.ExpireAccessTokens(""); d.must(err) }, // known by the 401
	} {
		cause()
		var group sync.WaitGroup
		var failed atomic.Int32
		for range 20 {
			group.Go(func() {
				if d.ask(c, false) != nil {
					failed.Add(1)
				}
			})
		}
		group.Wait()
		if n := d.refreshes(); n != round+1 || failed.Load() != 0 {
			t.Errorf("%d refreshes, want %d; %d calls failed", n, round+1, failed.Load())
		}
	}
}

func TestA401IsTriedOnceMoreWithAnotherToken(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	_, err := d.sim.ExpireAccessTokens("")
	d.must(err)
	d.must(d.ask(c, false))
	if n := d.refreshes(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	d.faults(bitbucketsim.Faults{Status: 401, Where: "api"}) // whatever the token
	before := d.asked()
	wantDiagnosis(t, d.ask(c, false), fairlead.DiagnosisTokenRejected)
	if n := d.asked() - before; n != 2 || d.refreshes() != 2 {
		t.Errorf("%d calls and %d refreshes", n, d.refreshes())
	}
	if !d.stored(c.ID).IsAlive() {
		t.Error("the connection is given up although the host renews its tokens")
	}
}

func TestAConnectionEndsWhenTheHostRefusesToRenewItAndReconnectingKeepsItsLinks(t *testing.T) {
	for name, faults := range map[string]bitbucketsim.Faults{"as ever": {}, "with the host's backend of 2026": {Backend2026: true}} {
		t.Run(name, func(t *testing.T) {
			d := newDock(t)
			d.faults(faults)
			c := d.connected(d.ana, hostPriya)
			l := d.linked(c, ordersDB)
			_, err := d.sim.KillConnections("")
			d.must(err)
			d.clock.forward(3 * time.Hour)
			wantDiagnosis(t, d.ask(c, false), fairlead.DiagnosisConnectionExpired)
			if stored := d.stored(c.ID); stored.State != fairlead.ConnectionDead || stored.Diagnosis == nil {
				t.Errorf("got %+v", stored)
			}
			refreshes, asked := d.refreshes(), d.asked()
			wantDiagnosis(t, d.ask(c, false), fairlead.DiagnosisConnectionExpired)
			if d.refreshes() != refreshes || d.asked() != asked {
				t.Error("the host is asked about a connection that is dead")
			}
			health, err := d.Check(t.Context(), d.found(l.ID))
			if row := row(t, health, "Connection"); err != nil || row.Code != fairlead.DiagnosisConnectionExpired {
				t.Errorf("got %+v, %v", row, err)
			}
			again := d.connected(d.ana, hostPriya)
			if again.ID != c.ID || !d.found(l.ID).Connection.IsAlive() {
				t.Error("reconnecting made another connection, or left the link behind")
			}
			d.must(d.ask(c, false))
		})
	}
}

// stubborn is a store in which something happens just before a connection is given up, or its tokens are stored.
type stubborn struct {
	linking.Store
	before func()
}

func (s *stubborn) happens() {
	if f := s.before; f != nil {
		s.before = nil
		f()
	}
}

func (s *stubborn) FailConnection(ctx context.Context, id string, version int64, state fairlead.ConnectionState, d *fairlead.Diagnosis) (bool, error) {
	s.happens()
	return s.Store.FailConnection(ctx, id, version, state, d)
}

func (s *stubborn) SaveTokens(ctx context.Context, id string, version int64, t fairlead.Tokens) (bool, error) {
	s.happens()
	return s.Store.SaveTokens(ctx, id, version, t)
}

func TestSomebodyWhoReconnectsInTheLastMomentSavesTheConnection(t *testing.T) {
	d := newDock(t)
	store := &stubborn{Store: d.db}
	d.wire(externalURL, store)
	c := d.connected(d.ana, hostPriya)
	_, err := d.sim.KillConnections("")
	d.must(err)
	d.clock.forward(3 * time.Hour)
	store.before = func() { d.connected(d.ana, hostPriya) }
	d.must(d.ask(c, false))
	if stored := d.stored(c.ID); !stored.IsAlive() {
		t.Errorf("got %+v", stored)
	}
}

func TestTokensThatSomebodyElseStoredFirstAreUsed(t *testing.T) {
	d := newDock(t)
	store := &stubborn{Store: d.db}
	d.wire(externalURL, store)
	c := d.connected(d.ana, hostPriya)
	d.clock.forward(3 * time.Hour)
	var theirs fairlead.Connection
	store.before = func() { theirs = d.connected(d.ana, hostPriya) }
	d.must(d.ask(c, false))
	if now := d.stored(c.ID); now.Version != d.stored(theirs.ID).Version || theirs.ID != c.ID {
		t.Errorf("got %+v", now)
	}
	d.must(d.ask(c, false))
	if n := d.refreshes(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

func TestAHostThatDoesNotRefreshInTimeEndsNothing(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	d.clock.forward(2*time.Hour - 2*time.Minute)
	d.faults(bitbucketsim.Faults{Status: 503, Where: "token"})
	d.must(d.ask(c, false)) // the token in hand is good for two minutes more
	d.clock.forward(3 * time.Minute)
	wantDiagnosis(t, d.ask(c, false), fairlead.DiagnosisHostError)
	d.deliveriesGoNowhere()
	d.must(d.ask(c, false))
	if !d.stored(c.ID).IsAlive() {
		t.Error("the connection is given up for a moment's trouble")
	}
}

func TestAWrongSecretEndsNoConnection(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	d.replaced(d.client.ID, "not the secret")
	d.clock.forward(3 * time.Hour)
	wantDiagnosis(t, d.ask(c, false), fairlead.DiagnosisCredentials)
	if !d.stored(c.ID).IsAlive() {
		t.Error("the connection is given up for what an owner can put right")
	}
}

func TestABrowserThatGoesAwayDoesNotLoseTokens(t *testing.T) {
	d := newDock(t)
	d.faults(bitbucketsim.Faults{StrictRotation: true})
	store := &stubborn{Store: d.db}
	d.wire(externalURL, store)
	c := d.connected(d.ana, hostPriya)
	d.clock.forward(3 * time.Hour)
	ctx, leave := context.WithCancel(t.Context())
	store.before = leave
	_ = d.Call(ctx, c.ID, false, func(ctx context.Context, _ fairlead.Secret) error { return ctx.Err() })
	d.must(d.ask(c, false))
	if n := d.refreshes(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

func TestACallWithoutAConnectionSaysSo(t *testing.T) {
	d := newDock(t)
	for _, id := range []string{"", "co_nothing"} {
		wantDiagnosis(t, d.ask(fairlead.Connection{ID: id}, false), fairlead.DiagnosisConnectionMissing)
	}
}

func TestTheBackgroundHasABudgetAndPeopleHaveNot(t *testing.T) {
	d := newDock(t)
	ben := d.member("Ben")
	c, bens := d.connected(d.ana, hostPriya), d.connected(ben, hostWes)
	nothing := func(context.Context, fairlead.Secret) error { return nil }
	spend := func() (n int) {
		for d.Call(t.Context(), c.ID, true, nothing) == nil {
			n++
		}
		return n
	}
	if n := spend(); n != 20 {
		t.Errorf("%d calls at once", n)
	}
	if err := d.Call(t.Context(), c.ID, true, nothing); !errors.Is(err, linking.ErrBudget) {
		t.Errorf("got %v", err)
	}
	d.must(d.Call(t.Context(), c.ID, false, nothing))
	d.must(d.Call(t.Context(), bens.ID, true, nothing))
	all := 0
	for range 60 {
		d.clock.forward(time.Minute)
		all += spend()
	}
	if all < 195 || all > 200 {
		t.Errorf("%d calls in an hour", all)
	}
}

func TestTooManyCallsPauseTheBackgroundForAsLongAsTheHostAsks(t *testing.T) {
	for name, c := range map[string]struct{ asks, pause time.Duration }{
		"as it asks": {asks: 25 * time.Minute, pause: 25 * time.Minute}, "ten minutes where it does not say": {pause: 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDock(t)
			connection := d.connected(d.ana, hostPriya)
			d.faults(bitbucketsim.Faults{Status: 429, Where: "api", RetryAfter: c.asks})
			wantDiagnosis(t, d.ask(connection, true), fairlead.DiagnosisRateLimited)
			d.deliveriesGoNowhere()
			d.clock.forward(c.pause - time.Second)
			if err := d.ask(connection, true); !errors.Is(err, linking.ErrBudget) {
				t.Errorf("got %v", err)
			}
			d.must(d.ask(connection, false)) // somebody's own click
			asked := d.asked()
			err := d.Call(linking.Patiently(t.Context()), connection.ID, false, func(context.Context, fairlead.Secret) error { return nil })
			if left := wantDiagnosis(t, err, fairlead.DiagnosisRateLimited); left.RetryAfter != time.Second || d.asked() != asked {
				t.Errorf("%s left, and %d calls", left.RetryAfter, d.asked()-asked)
			}
			d.clock.forward(2 * time.Second)
			d.must(d.Call(linking.Patiently(t.Context()), connection.ID, false, func(context.Context, fairlead.Secret) error { return nil }))
			d.must(d.ask(connection, true))
		})
	}
}

func TestTheBudgetCountsRequestsAndTheHostsAccounts(t *testing.T) {
	d := newDock(t)
	ben := d.member("Ben")
	c, bens := d.connected(d.ana, hostPriya), d.connected(ben, hostPriya) // one account at the host, whose limit both share
	pages := func(c fairlead.Connection) error {
		return d.Call(t.Context(), c.ID, true, func(ctx context.Context, access fairlead.Secret) error {
			for range 8 {
				if _, err := d.host.RepositoryOwners(ctx, access); err != nil {
					return err
				}
			}
			return nil
		})
	}
	d.must(pages(c))
	d.must(pages(bens))
	d.must(pages(c)) // 24 requests: four more than there were
	for _, one := range []fairlead.Connection{c, bens} {
		if err := pages(one); !errors.Is(err, linking.ErrBudget) {
			t.Errorf("got %v", err)
		}
	}
	d.clock.forward(80 * time.Second)
	if err := pages(c); !errors.Is(err, linking.ErrBudget) {
		t.Errorf("got %v", err)
	}
	d.clock.forward(20 * time.Second)
	d.must(pages(bens))
}
