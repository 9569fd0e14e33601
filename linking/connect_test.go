package linking_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/linking"
)

func TestAPersonConnectsAnAccount(t *testing.T) {
	for name, faults := range map[string]bitbucketsim.Faults{
		"as ever":                           {},
		"with tokens of 2,700 characters":   {LongTokens: true},
		"with the host's backend of 2026":   {Backend2026: true, GranularScopes: true},
		"where the host tells no scopes":    {NoScopes: true},
		"where each refresh token is fresh": {StrictRotation: true, LongTokens: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDock(t)
			d.faults(faults)
			since := d.clock.Now()
			status, err := d.ConnectStatus(t.Context(), session(d.ana), d.ana, d.provider.ID, since)
			if err != nil || status.Done {
				t.Errorf("got %+v, %v before anything happened", status, err)
			}
			callback := d.trip(hostPriya, d.window(d.ana), "grant")
			if !d.IsMine(t.Context(), callback.State) || d.IsMine(t.Context(), "something else") {
				t.Error("the callback is not recognized")
			}
			result, err := d.Complete(t.Context(), session(d.ana), callback)
			if err != nil || result.ReturnTo != "/projects/ORDERS/repositories/new" || result.ProviderID != d.provider.ID || !result.Popup {
				t.Fatalf("got %+v, %v", result, err)
			}
			c, found, err := d.Connection(t.Context(), d.ana, d.provider.ID)
			if err != nil || !found || !c.IsAlive() || c.Account.Name != "Priya Raman" || c.Person.Name != "Ana" || !c.Tokens.Access.IsZero() {
				t.Fatalf("got %+v, %v, %v", c, found, err)
			}
			if stored := d.stored(c.ID); (len(stored.Tokens.Access.Reveal()) > 2500) != (faults.LongTokens || faults.Backend2026) || stored.Tokens.ExpiresAt.IsZero() {
				t.Errorf("got tokens of %d characters", len(stored.Tokens.Access.Reveal()))
			}
			status, err = d.ConnectStatus(t.Context(), session(d.ana), d.ana, d.provider.ID, since)
			if err != nil || !status.Done || status.Connection.ID != c.ID || status.Diagnosis != nil {
				t.Errorf("got %+v, %v", status, err)
			}
			if owners, err := d.Owners(t.Context(), c); err != nil || len(owners) != 3 {
				t.Errorf("got %+v, %v", owners, err)
			}
		})
	}
}

func TestWhyAnAccountWasNotConnectedIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		faults bitbucketsim.Faults
		client func(*bitbucketsim.Client)
		denied bool
		change func(*linking.Callback)
		want   fairlead.DiagnosisCode
	}{
		"access was denied":        {denied: true, want: fairlead.DiagnosisDenied},
		"the host sends an error":  {change: func(c *linking.Callback) { c.Code, c.Error = fairlead.Secret{}, "server_error" }, want: fairlead.DiagnosisHostReturnedError},
		"neither code nor error":   {change: func(c *linking.Callback) { c.Code = fairlead.Secret{} }, want: fairlead.DiagnosisCallbackIncomplete},
		"the code has expired":     {faults: bitbucketsim.Faults{ExpireCodes: true}, want: fairlead.DiagnosisCodeRejected},
		"no person but an app":     {faults: bitbucketsim.Faults{AppUser: true}, want: fairlead.DiagnosisNotAPerson},
		"the host is down":         {faults: bitbucketsim.Faults{Status: 503}, want: fairlead.DiagnosisHostError},
		"the host is in the way":   {faults: bitbucketsim.Faults{HTML: true}, want: fairlead.DiagnosisNotTheHost},
		"too many calls":           {faults: bitbucketsim.Faults{Status: 429, Where: "api"}, want: fairlead.DiagnosisRateLimited},
		"the host's port is shut":  {faults: bitbucketsim.Faults{Refuse: true}, want: fairlead.DiagnosisRefused},
		"webhooks are not granted": {client: func(c *bitbucketsim.Client) { c.Permissions = []string{"account", "repository:write"} }, want: fairlead.DiagnosisPermissionMissing},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDock(t, func(client *bitbucketsim.Client) {
				if c.client != nil {
					c.client(client)
				}
			})
			decision, since := "grant", d.clock.Now()
			if c.denied {
				decision = "deny"
			}
			callback := d.trip(hostPriya, d.window(d.ana), decision)
			if c.change != nil {
				c.change(&callback)
			}
			d.faults(c.faults)
			if result, err := d.Complete(t.Context(), session(d.ana), callback); err != nil || result.ReturnTo == "" {
				t.Fatalf("got %+v, %v", result, err)
			}
			status, err := d.ConnectStatus(t.Context(), session(d.ana), d.ana, d.provider.ID, since)
			if err != nil || !status.Done || status.Diagnosis == nil {
				t.Fatalf("got %+v, %v", status, err)
			}
			wantDiagnosis(t, status.Diagnosis, c.want)
			if strings.Contains(strings.Join(status.Diagnosis.Fix, " "), "**Next**") {
				t.Errorf("speaks to somebody in the wizard: %q", status.Diagnosis.Fix)
			}
			if _, found, err := d.Connection(t.Context(), d.ana, d.provider.ID); err != nil || found {
				t.Errorf("there is a connection, %v", err)
			}
			d.clock.forward(time.Second)
			if status, err := d.ConnectStatus(t.Context(), session(d.ana), d.ana, d.provider.ID, d.clock.Now()); err != nil || status.Done {
				t.Errorf("the next panel shows the earlier failure: %+v, %v", status, err)
			}
		})
	}
}

func TestACallbackThatBelongsToNoGoodAttemptIsExplained(t *testing.T) {
	d := newDock(t)
	ben := d.member("Ben")
	astray := func(p fairlead.Person, c linking.Callback, want fairlead.DiagnosisCode) linking.Result {
		t.Helper()
		result, err := d.Complete(t.Context(), session(p), c)
		wantDiagnosis(t, err, want)
		return result
	}
	first := d.trip(hostPriya, d.window(d.ana), "grant")
	if result := astray(ben, first, fairlead.DiagnosisAttemptForeign); result != (linking.Result{}) {
		t.Errorf("a stranger is told %+v", result)
	}
	_, err := d.Complete(t.Context(), session(d.ana), first)
	d.must(err)
	astray(d.ana, first, fairlead.DiagnosisAttemptUsed)
	late := d.trip(hostPriya, d.window(d.ana), "grant")
	d.clock.forward(fairlead.AttemptLife + time.Second)
	astray(d.ana, late, fairlead.DiagnosisAttemptExpired)
	replaced := d.trip(hostPriya, d.window(d.ana), "grant")
	for range 3 {
		d.window(d.ana)
	}
	astray(d.ana, replaced, fairlead.DiagnosisAttemptOutdated)
	_, err = d.Complete(t.Context(), session(d.ana), linking.Callback{State: "made up"})
	wantCode(t, err, fairlead.CodeNotFound)
}

func TestAnOldWindowIsNoGoodAfterTheApplicationIDWasReplaced(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	l := d.linked(c, ordersDB)
	open := d.trip(hostPriya, d.window(d.ana), "grant")
	other, err := d.sim.CreateClient(bitbucketsim.Client{
		Workspace: "acme-data", Name: "Fairlead anew", CallbackURL: externalURL + "/oauth/callback", Permissions: []string{"account", "repository:write", "webhook"},
	})
	d.must(err)
	d.replaced(other.ID, other.Secret)
	_, err = d.Complete(t.Context(), session(d.ana), open)
	wantDiagnosis(t, err, fairlead.DiagnosisAttemptOutdated)
	before := d.asked()
	err = d.Call(t.Context(), c.ID, false, func(context.Context, fairlead.Secret) error { t.Error("the host is called"); return nil })
	wantDiagnosis(t, err, fairlead.DiagnosisConnectionReplaced)
	health, err := d.Check(t.Context(), d.found(l.ID))
	if row := row(t, health, "Connection"); err != nil || row.Code != fairlead.DiagnosisConnectionReplaced || d.asked() != before {
		t.Errorf("got %+v, %v", row, err)
	}
	renewed := d.connected(d.ana, hostPriya)
	if renewed.ID != c.ID || d.found(l.ID).Connection.ID != c.ID {
		t.Error("the connection became another one")
	}
	health, err = d.Check(t.Context(), d.found(l.ID))
	d.must(err)
	wantHealthy(t, health)
}

// replaced gives the provider another application ID and secret, as the wizard does.
func (d *dock) replaced(id, secret string) {
	d.t.Helper()
	ctx := d.t.Context()
	s, _, err := d.db.CreateSetup(ctx, as(d.priya), fairlead.Setup{
		ID: "su_two", DraftID: "dr_two", ProviderID: d.provider.ID, Kind: fairlead.KindBitbucketCloud, InstanceURL: d.host.Web, DisplayName: "Bitbucket.org",
		ApplicationID: id, Secret: fairlead.NewSecret(secret), State: fairlead.SetupChecking, CreatedBy: d.priya,
	})
	d.must(err)
	s.State, s.Proof = fairlead.SetupVerified, &fairlead.Proof{At: d.clock.Now()}
	d.must(d.db.UpdateState(ctx, fairlead.System(), s))
	_, err = d.db.ConfirmSetup(ctx, as(d.priya), s.ID)
	d.must(err)
}

func TestAnAttemptThatWasCutOffShowsAsInterrupted(t *testing.T) {
	d := newDock(t)
	since := d.clock.Now()
	callback := d.trip(hostPriya, d.window(d.ana), "grant")
	attempt, err := d.db.FindAttempt(t.Context(), fairlead.HashToken(callback.State))
	d.must(err)
	_, err = d.db.SpendAttempt(t.Context(), attempt.ID) // and the process ends
	d.must(err)
	if status, err := d.ConnectStatus(t.Context(), session(d.ana), d.ana, d.provider.ID, since); err != nil || status.Done {
		t.Errorf("got %+v, %v while it may still be under way", status, err)
	}
	d.clock.forward(2 * time.Minute)
	status, err := d.ConnectStatus(t.Context(), session(d.ana), d.ana, d.provider.ID, since)
	if err != nil || !status.Done {
		t.Fatalf("got %+v, %v", status, err)
	}
	wantDiagnosis(t, status.Diagnosis, fairlead.DiagnosisInterrupted)
}

func TestAnOlderWindowEndsTheWaitingToo(t *testing.T) {
	d := newDock(t)
	since := d.clock.Now()
	first := d.window(d.ana)
	d.window(d.ana) // opened again, and forgotten
	_, err := d.Complete(t.Context(), session(d.ana), d.trip(hostPriya, first, "grant"))
	d.must(err)
	if status, err := d.ConnectStatus(t.Context(), session(d.ana), d.ana, d.provider.ID, since); err != nil || !status.Done || status.Diagnosis != nil {
		t.Errorf("got %+v, %v", status, err)
	}
}

func TestOnlyPathsOfOursAreReturnedTo(t *testing.T) {
	d := newDock(t)
	for _, odd := range []string{"", "https://evil.example", "//evil.example", `/\evil.example`, "/\tx", "javascript:alert(1)", "projects"} {
		address, err := d.Authorize(t.Context(), session(d.ana), d.provider.ID, odd, false)
		d.must(err)
		result, err := d.Complete(t.Context(), session(d.ana), d.trip(hostPriya, address, "grant"))
		if err != nil || result.ReturnTo != "/account/connections" || result.Popup {
			t.Errorf("%q: got %+v, %v", odd, result, err)
		}
	}
}

func TestAnotherAccountIsAnotherConnectionAndTheNewestIsUsed(t *testing.T) {
	d := newDock(t)
	priyas := d.connected(d.ana, hostPriya)
	d.clock.forward(time.Minute)
	wess := d.connected(d.ana, hostWes)
	if priyas.ID == wess.ID {
		t.Fatal("the accounts share a connection")
	}
	if best, _, err := d.Connection(t.Context(), d.ana, d.provider.ID); err != nil || best.ID != wess.ID {
		t.Errorf("got %+v, %v", best, err)
	}
	_, err := d.Disconnect(t.Context(), as(d.ana), d.ana, wess.ID)
	d.must(err)
	if best, _, err := d.Connection(t.Context(), d.ana, d.provider.ID); err != nil || best.ID != priyas.ID {
		t.Errorf("got %+v, %v", best, err)
	}
}

func TestDisconnectingPausesLinksAndSaysSo(t *testing.T) {
	d := newDock(t)
	ben := d.member("Ben")
	c := d.connected(d.ana, hostPriya)
	l := d.linked(c, ordersDB)
	uses, err := d.Connections(t.Context(), d.ana.ID)
	if err != nil || len(uses) != 1 || len(uses[0].Links) != 1 || uses[0].Links[0].ID != l.ID {
		t.Errorf("got %+v, %v", uses, err)
	}
	_, err = d.Disconnect(t.Context(), as(ben), ben, c.ID)
	wantCode(t, err, fairlead.CodeNotFound)
	lost, err := d.Disconnect(t.Context(), as(d.ana), d.ana, c.ID)
	if err != nil || len(lost) != 1 || lost[0].ID != l.ID {
		t.Fatalf("got %+v, %v", lost, err)
	}
	l = d.found(l.ID)
	if reason := l.PauseReason(); reason != "Ana disconnected the account Priya Raman." {
		t.Errorf("got %q", reason)
	}
	before := d.asked()
	health, err := d.Check(t.Context(), l)
	if row := row(t, health, "Connection"); err != nil || row.Code != fairlead.DiagnosisConnectionMissing || !strings.Contains(row.Text, "Ana disconnected") || d.asked() != before {
		t.Errorf("got %+v, %v", row, err)
	}
}

func TestWhatDependsOnAProviderAndOnAPersonIsListed(t *testing.T) {
	d := newDock(t)
	ben := d.member("Ben")
	d.added(d.orders, ben, fairlead.ProjectDeveloper)
	anas, bens := d.linked(d.connected(d.ana, hostPriya), ordersDB), d.linked(d.connected(ben, hostPriya), ordersDB)
	use, err := d.UseOf(t.Context(), d.provider.ID)
	if err != nil || use.Connections != 2 || len(use.Links) != 2 {
		t.Errorf("got %+v, %v", use, err)
	}
	if links, err := d.LinksBy(t.Context(), d.ana.ID); err != nil || len(links) != 1 || links[0].ID != anas.ID {
		t.Errorf("got %+v, %v", links, err)
	}
	if links, err := d.LinksByMember(t.Context(), d.access(d.ana, d.orders), ben.ID); err != nil || len(links) != 1 || links[0].ID != bens.ID {
		t.Errorf("got %+v, %v", links, err)
	}
	wantCode(t, d.db.RemoveGitProvider(t.Context(), as(d.priya), d.provider.ID), fairlead.CodeConflict)
	if providers, err := d.Providers(t.Context()); err != nil || len(providers) != 1 || providers[0].ID != d.provider.ID {
		t.Errorf("got %+v, %v", providers, err)
	}
	if kind, err := d.Kind(d.provider.Kind); err != nil || kind.Host != "Bitbucket" {
		t.Errorf("got %+v, %v", kind, err)
	}
	_, err = d.Kind("other")
	wantCode(t, err, fairlead.CodeNotFound)
	_, err = d.Authorize(t.Context(), session(d.ana), "gp_nothing", "/", true)
	wantCode(t, err, fairlead.CodeNotFound)
}

func TestTheAccountThatWasConnectedLastIsUsedWhateverIsRefreshed(t *testing.T) {
	d := newDock(t)
	priyas := d.connected(d.ana, hostPriya)
	d.clock.forward(time.Minute)
	wess := d.connected(d.ana, hostWes)
	d.clock.forward(2 * time.Hour)
	d.must(d.ask(priyas, false)) // as the regular check does
	if best, _, err := d.Connection(t.Context(), d.ana, d.provider.ID); err != nil || best.ID != wess.ID {
		t.Errorf("got %s, %v", best.Account.Name, err)
	}
}

func TestWaitingEndsWhenSomebodyComesBackAndNotByARefresh(t *testing.T) {
	d := newDock(t)
	priyas := d.connected(d.ana, hostPriya)
	d.clock.forward(time.Hour + 56*time.Minute)
	since := d.clock.Now()
	first := d.window(d.ana)
	d.window(d.ana) // the newest window stays open
	d.clock.forward(5 * time.Second)
	d.must(d.ask(priyas, false))
	status := func() linking.ConnectStatus {
		t.Helper()
		status, err := d.ConnectStatus(t.Context(), session(d.ana), d.ana, d.provider.ID, since)
		d.must(err)
		return status
	}
	if s := status(); s.Done {
		t.Errorf("done as %s although nobody came back", s.Connection.Account.Name)
	}
	_, err := d.Complete(t.Context(), session(d.ana), d.trip(hostPriya, first, "grant"))
	d.must(err)
	if s := status(); !s.Done || s.Connection.ID != priyas.ID {
		t.Errorf("got %+v", s)
	}
}

func TestWhoeverConnectsAnotherAccountThanTheLinksActByIsTold(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	l := d.linked(c, ordersDB)
	_, err := d.sim.KillConnections("")
	d.must(err)
	d.clock.forward(3 * time.Hour)
	wantDiagnosis(t, d.ask(c, false), fairlead.DiagnosisConnectionExpired)
	connect := func(email string) linking.ConnectStatus {
		t.Helper()
		d.clock.forward(time.Second)
		since := d.clock.Now()
		_, err := d.Complete(t.Context(), session(d.ana), d.trip(email, d.window(d.ana), "grant"))
		d.must(err)
		status, err := d.ConnectStatus(t.Context(), session(d.ana), d.ana, d.provider.ID, since)
		d.must(err)
		return status
	}
	status := connect(hostWes)
	if len(status.Paused) != 1 || status.Paused[0].Connection.ID != c.ID || len(status.Paused[0].Links) != 1 || status.Paused[0].Links[0].ID != l.ID || status.Connection.ID == c.ID {
		t.Errorf("got %+v", status)
	}
	if status = connect(hostPriya); len(status.Paused) != 0 || status.Connection.ID != c.ID {
		t.Errorf("got %+v", status)
	}
}
