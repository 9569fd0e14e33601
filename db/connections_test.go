package db_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
)

// provider is a confirmed Git provider, "Bitbucket NAME".
func (w *town) provider(by fairlead.Person, name string) fairlead.GitProvider {
	w.t.Helper()
	return w.confirmed(by, w.moved(w.begun(by, name), fairlead.SetupVerified))
}

// connecting mints an attempt to connect; its state is its id.
func (w *town) connecting(person fairlead.Person, g fairlead.GitProvider, id string) fairlead.Attempt {
	w.t.Helper()
	a := fairlead.Attempt{
		ID: id, Purpose: fairlead.AttemptConnect, ProviderID: g.ID, ReturnTo: "/projects/ORDERS/repositories/new", SessionID: "se_" + person.Name, PersonID: person.ID,
		Verifier: fairlead.NewSecret("verifier of " + id), Digest: g.ApplicationID, Popup: true, CreatedAt: w.now, ExpiresAt: w.now.Add(fairlead.AttemptLife),
	}
	if err := w.CreateConnectAttempt(context.Background(), a, fairlead.HashToken(id)); err != nil {
		w.t.Fatal(err)
	}
	return a
}

// authorized is what an account at the host brings back.
func authorized(account string, now time.Time) *fairlead.Connection {
	return &fairlead.Connection{Account: fairlead.Account{ID: "{" + account + "}", Name: account}, Tokens: tokens(account, now)}
}

func tokens(name string, now time.Time) fairlead.Tokens {
	return fairlead.Tokens{
		Access: fairlead.NewSecret("access-of-" + name), Refresh: fairlead.NewSecret("refresh-of-" + name), ExpiresAt: now.Add(2 * time.Hour),
		Scopes: []string{"account", "webhook"},
	}
}

// connected is a person's living connection with an account of the same name.
func (w *town) connected(person fairlead.Person, g fairlead.GitProvider, account string) fairlead.Connection {
	w.t.Helper()
	a := w.connecting(person, g, fairlead.NewID(rand.Reader, fairlead.PrefixAttempt))
	c, err := w.FinishConnectAttempt(context.Background(), as(person), a, authorized(account, w.now))
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *town) connection(id string) fairlead.Connection {
	w.t.Helper()
	c, err := w.FindConnection(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func TestAnAttemptToConnectRemembersWhereItBegan(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	g := w.provider(priya, "a")
	w.news()
	want := w.connecting(priya, g, "at_1")
	got := w.attempt("at_1")
	if got.Purpose != fairlead.AttemptConnect || got.ProviderID != g.ID || got.ReturnTo != want.ReturnTo || got.SessionID != want.SessionID ||
		got.Digest != "id" || got.Verifier.Reveal() != "verifier of at_1" || got.SetupID != "" || !got.FinishedAt.IsZero() {
		t.Errorf("got %+v", got)
	}
	w.wantNews("connection.attempted")
	events := w.events(fairlead.AuditFilter{Object: g.ID})
	if events[0].Actor.Name != "Priya Raman" || events[0].Detail != "Bitbucket a" {
		t.Errorf("got %+v", events[0])
	}
}

func TestTheNewestThreeAttemptsToConnectStayGoodForEachPersonAndProvider(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	g, other := w.provider(priya, "a"), w.provider(priya, "b")
	w.connecting(ana, g, "at_ana")
	w.connecting(priya, other, "at_other")
	w.connecting(priya, g, "at_spent")
	if spent, err := w.SpendAttempt(context.Background(), "at_spent"); !spent || err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"at_1", "at_2", "at_3", "at_4"} {
		w.connecting(priya, g, id)
	}
	if first := w.attempt("at_1"); !first.Cancelled || !first.Verifier.IsZero() {
		t.Errorf("got %+v", first)
	}
	for _, id := range []string{"at_ana", "at_other", "at_spent", "at_2", "at_3", "at_4"} {
		if w.attempt(id).Cancelled {
			t.Errorf("%s is cancelled", id)
		}
	}
	if spent, err := w.SpendAttempt(context.Background(), "at_1"); spent || err != nil {
		t.Errorf("a cancelled attempt was spent: %v", err)
	}
}

func TestAnAttemptIsForTheApplicationThatTheProviderUses(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	g := w.provider(priya, "a")
	a := fairlead.Attempt{ID: "at_1", ProviderID: g.ID, PersonID: priya.ID, Digest: "another", CreatedAt: w.now, ExpiresAt: w.now}
	wantCode(t, w.CreateConnectAttempt(context.Background(), a, "hash"), fairlead.CodeConflict)
	a.ProviderID = "gp_nothing"
	wantCode(t, w.CreateConnectAttempt(context.Background(), a, "hash"), fairlead.CodeNotFound)
	_, err := w.FindAttempt(context.Background(), "hash")
	wantCode(t, err, fairlead.CodeNotFound)
}

func TestAFailedAttemptToConnectKeepsItsDiagnosisForTheWaitingPanel(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya := w.founded()
	g := w.provider(priya, "a")
	w.connecting(priya, g, "at_1")
	w.now = w.now.Add(time.Second)
	a := w.connecting(priya, g, "at_2")
	w.news()
	a.Diagnosis = &fairlead.Diagnosis{Code: fairlead.DiagnosisPermissionMissing, Title: "A permission is missing", Fix: []string{"Tick it."}, At: w.now}
	if c, err := w.FinishConnectAttempt(ctx, as(priya), a, nil); err != nil || c.ID != "" {
		t.Fatal(c, err)
	}
	got, err := w.LastConnectAttempt(ctx, a.SessionID, g.ID)
	if err != nil || got.ID != "at_2" || got.Outcome != fairlead.DiagnosisPermissionMissing || got.Diagnosis.Fix[0] != "Tick it." || !got.FinishedAt.Equal(w.now) {
		t.Errorf("got %+v, %v", got, err)
	}
	w.wantNews("connection.failed")
	for _, c := range [][2]string{{"se_other", g.ID}, {a.SessionID, "gp_other"}} {
		_, err := w.LastConnectAttempt(ctx, c[0], c[1])
		wantCode(t, err, fairlead.CodeNotFound)
	}
}

func TestConnectingAgainRevivesTheConnectionOfTheSameAccount(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya := w.founded()
	g := w.provider(priya, "a")
	w.news()
	first := w.connected(priya, g, "priya")
	if !fairlead.IsID(first.ID, fairlead.PrefixConnection) || !first.IsAlive() || first.Person.Name != "Priya Raman" || first.ProviderID != g.ID ||
		first.Account.ID != "{priya}" || first.Tokens.Access.Reveal() != "access-of-priya" || !slices.Equal(first.Tokens.Scopes, []string{"account", "webhook"}) ||
		!first.Tokens.ExpiresAt.Equal(w.now.Add(2*time.Hour)) || !first.CreatedAt.Equal(w.now) {
		t.Errorf("got %+v", first)
	}
	w.wantNews("connection.attempted", "connection.created")
	if failed, err := w.FailConnection(ctx, first.ID, first.Version, fairlead.ConnectionDead, &fairlead.Diagnosis{Code: fairlead.DiagnosisConnectionExpired}); !failed || err != nil {
		t.Fatal(err)
	}
	w.wantNews("connection.failed")
	dead := w.connection(first.ID)
	if dead.State != fairlead.ConnectionDead || dead.Diagnosis.Code != fairlead.DiagnosisConnectionExpired {
		t.Errorf("got %+v", dead)
	}
	w.now = w.now.Add(time.Hour)
	again := w.connected(priya, g, "priya")
	if again.ID != first.ID || !again.IsAlive() || again.Diagnosis != nil || again.Version <= dead.Version || !again.CreatedAt.Equal(first.CreatedAt) || !again.RefreshedAt.Equal(w.now) || !again.AuthorizedAt.Equal(w.now) {
		t.Errorf("got %+v", again)
	}
	w.wantNews("connection.attempted", "connection.renewed")
	if other := w.connected(priya, g, "another"); other.ID == first.ID {
		t.Error("another account took the place of the first")
	}
	if uses, err := w.ListConnections(ctx, priya.ID); err != nil || len(uses) != 2 || uses[0].Connection.ID != first.ID || !uses[0].Connection.Tokens.Access.IsZero() {
		t.Errorf("got %+v, %v", uses, err)
	}
}

func TestOfSeveralRefreshesOfOneVersionOneIsStored(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	c := w.connected(priya, w.provider(priya, "a"), "priya")
	w.now = w.now.Add(time.Hour)
	save := func(name string) func() error {
		return func() error {
			saved, err := w.SaveTokens(context.Background(), c.ID, c.Version, tokens(name, w.now))
			if err == nil && !saved {
				err = errors.New("somebody was faster")
			}
			return err
		}
	}
	if won := together(save("1"), save("2"), save("3"), save("4")); won != 1 {
		t.Errorf("%d were stored", won)
	}
	got := w.connection(c.ID)
	if got.Version != c.Version+1 || !got.RefreshedAt.Equal(w.now) || !got.AuthorizedAt.Equal(c.AuthorizedAt) || got.Tokens.Access.Reveal()[len("access-of-"):] != got.Tokens.Refresh.Reveal()[len("refresh-of-"):] {
		t.Errorf("got %+v", got)
	}
}

func TestAConnectionThatWasRefreshedMeanwhileIsNotDeclaredDead(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya := w.founded()
	c := w.connected(priya, w.provider(priya, "a"), "priya")
	if saved, err := w.SaveTokens(ctx, c.ID, c.Version, tokens("next", w.now)); !saved || err != nil {
		t.Fatal(err)
	}
	w.news()
	if failed, err := w.FailConnection(ctx, c.ID, c.Version, fairlead.ConnectionDead, nil); failed || err != nil {
		t.Errorf("it failed: %v", err)
	}
	if got := w.connection(c.ID); !got.IsAlive() {
		t.Errorf("got %+v", got)
	}
	w.wantNews()
}

func TestIdleConnectionsAreTheLivingOnesThatNobodyRefreshed(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya := w.founded()
	g := w.provider(priya, "a")
	start := w.now
	old := w.connected(priya, g, "old")
	dead := w.connected(priya, g, "dead")
	if _, err := w.FailConnection(ctx, dead.ID, dead.Version, fairlead.ConnectionDead, nil); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	w.connected(priya, g, "fresh")
	idle, err := w.ListIdleConnections(ctx, start.Add(time.Minute))
	if err != nil || len(idle) != 1 || idle[0].ID != old.ID || idle[0].Tokens.Refresh.Reveal() != "refresh-of-old" {
		t.Errorf("got %+v, %v", idle, err)
	}
}

func TestAReplacedApplicationIDAsksEverybodyToConnectAgain(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya := w.founded()
	g, other := w.provider(priya, "a"), w.provider(priya, "b")
	c, untouched := w.connected(priya, g, "priya"), w.connected(priya, other, "priya")
	open := w.connecting(priya, g, "at_open")
	l := w.linked(priya, w.project(priya, "Orders", "ORDERS"), c, "acme/orders")
	w.arrived(l, "d1")
	held := w.claimed()
	held.NextAt = w.now.Add(time.Hour)
	w.must(w.RetryDelivery(ctx, held, nil))
	replace := func(id string) {
		t.Helper()
		s, _, err := w.CreateSetup(ctx, as(priya), fairlead.Setup{
			ID: "su_" + id, DraftID: id, Kind: g.Kind, InstanceURL: g.InstanceURL, DisplayName: g.DisplayName, ApplicationID: id,
			Secret: fairlead.NewSecret("another secret"), State: fairlead.SetupChecking, ProviderID: g.ID, CreatedBy: priya,
		})
		if err != nil {
			t.Fatal(err)
		}
		w.confirmed(priya, w.moved(s, fairlead.SetupVerified))
	}
	w.wantClaims(9)
	replace(g.ApplicationID) // only its secret is another one
	if got := w.connection(c.ID); !got.IsAlive() {
		t.Errorf("another secret ended it: %+v", got)
	}
	w.wantClaims(9, "d1") // which waited for another secret
	replace("another-id")
	got := w.connection(c.ID)
	if got.State != fairlead.ConnectionRenew || got.Diagnosis.Code != fairlead.DiagnosisConnectionReplaced || !strings.Contains(got.Diagnosis.Title, "Bitbucket a") || got.Version != c.Version+1 {
		t.Errorf("got %+v", got)
	}
	if got := w.connection(untouched.ID); !got.IsAlive() {
		t.Errorf("a connection with another provider: got %+v", got)
	}
	if saved, err := w.SaveTokens(ctx, c.ID, c.Version, tokens("late", w.now)); saved || err != nil {
		t.Errorf("tokens of the old application were stored: %v", err)
	}
	if !w.attempt("at_open").Cancelled {
		t.Error("a window of the old application stays good")
	}
	_, err := w.FinishConnectAttempt(ctx, as(priya), open, authorized("priya", w.now))
	wantCode(t, err, fairlead.CodeConflict)
	g.ApplicationID = "another-id"
	if again := w.connected(priya, g, "priya"); again.ID != c.ID || !again.IsAlive() {
		t.Errorf("got %+v", again)
	}
}

func TestNobodyConnectsWhoLeftMeanwhile(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	g := w.provider(priya, "a")
	late, gone := w.connecting(ana, g, "at_1"), w.connecting(priya, g, "at_2")
	if err := errors.Join(w.RemovePerson(ctx, as(priya), ana.ID), w.RemoveGitProvider(ctx, as(priya), g.ID)); err != nil {
		t.Fatal(err)
	}
	for _, a := range []fairlead.Attempt{late, gone} {
		_, err := w.FinishConnectAttempt(ctx, as(priya), a, authorized("x", w.now))
		wantCode(t, err, fairlead.CodeNotFound)
	}
	if !w.attempt("at_2").Cancelled {
		t.Error("a window of a removed provider stays good")
	}
	if _, err := w.FinishConnectAttempt(ctx, as(priya), gone, nil); err != nil {
		t.Errorf("a failure cannot be told: %v", err)
	}
}

func TestNothingSecretStandsInTheFile(t *testing.T) {
	dir := t.TempDir()
	w := newTownIn(t, dir)
	ctx := context.Background()
	priya := w.founded()
	g := w.provider(priya, "a")
	c := w.connected(priya, g, "priya")
	l := w.linked(priya, w.project(priya, "Orders", "ORDERS"), c, "acme/orders")
	if err := w.RotateLinkSecret(ctx, as(priya), l.ID, fairlead.NewSecret("the-next-webhook-secret")); err != nil {
		t.Fatal(err)
	}
	a := w.connecting(priya, g, "at_1")
	for _, name := range []string{"fairlead.db", "fairlead.db-wal"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []fairlead.Secret{c.Tokens.Access, c.Tokens.Refresh, l.Secret, fairlead.NewSecret("the-next-webhook-secret"), a.Verifier, g.Secret} {
			if secret.IsZero() || strings.Contains(string(content), secret.Reveal()) {
				t.Errorf("%s holds a secret, or it was none", name)
			}
		}
	}
	got, err := w.FindRepositoryLink(ctx, l.ID)
	if err != nil || got.Secret.Reveal() != "the-next-webhook-secret" || !got.OldSecret.Equal(l.Secret) {
		t.Errorf("the secrets do not open: %v", err)
	}
}
