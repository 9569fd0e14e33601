package db_test

import (
	"context"
	"reflect"
	"testing"

	"fairlead"
)

func TestALinkIsChangedAndEachChangeIsWrittenDown(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	w.news()
	rule := fairlead.LinkRule{Branch: "release/*", Deletions: true}
	webhook := fairlead.Webhook{ID: "{w}", URL: "https://fairlead.acme.example/hooks/" + l.ID, Active: true, Signed: true, Events: []string{"repo:push"}}
	w.must(w.UpdateLinkRule(ctx, as(priya), l.ID, rule, []fairlead.Branch{{Name: "release/1", Head: "r1"}}))
	w.must(w.UpdateLinkWebhook(ctx, as(priya), l.ID, webhook))
	got := w.repositoryLink(l.ID)
	if !reflect.DeepEqual(got.Rule, rule) || !reflect.DeepEqual(got.Webhook, webhook) {
		t.Errorf("got %+v", got)
	}
	w.wantHeads(l, "release/1 r1")
	w.wantNews("repository_link.changed", "repository_link.webhook_set")
	for _, err := range []error{
		w.UpdateLinkRule(ctx, as(priya), "rl_nothing", rule, nil), w.UpdateLinkWebhook(ctx, as(priya), "rl_nothing", webhook),
		w.UpdateLinkConnection(ctx, as(priya), "rl_nothing", l.Connection.ID), w.RotateLinkSecret(ctx, as(priya), "rl_nothing", l.Secret),
		w.SaveLinkHealth(ctx, "rl_nothing", fairlead.Health{}, fairlead.Repository{}),
	} {
		wantCode(t, err, fairlead.CodeNotFound)
	}
	w.wantNews()
}

func TestTheOldWebhookSecretIsAcceptedUntilItIsDropped(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	w.news()
	w.must(w.UpdateLinkWebhook(ctx, as(priya), l.ID, l.Webhook), w.RotateLinkSecret(ctx, as(priya), l.ID, fairlead.NewSecret("second")))
	if got := w.repositoryLink(l.ID); got.Secret.Reveal() != "second" || !got.OldSecret.Equal(l.Secret) || !got.SecretTold.IsZero() {
		t.Error("not both secrets are there, or the host knows the second already")
	}
	w.must(w.UpdateLinkWebhook(ctx, as(priya), l.ID, l.Webhook))
	if got := w.repositoryLink(l.ID); !got.SecretTold.Equal(w.now) || !got.OldSecret.Equal(l.Secret) {
		t.Errorf("told %s", got.SecretTold)
	}
	w.must(w.DropOldSecret(ctx, l.ID, fairlead.NewSecret("the one of a rotation before")))
	if got := w.repositoryLink(l.ID); !got.OldSecret.Equal(l.Secret) {
		t.Error("a delivery that was signed before the last rotation ended the old secret of that one")
	}
	w.must(w.DropOldSecret(ctx, l.ID, l.Secret), w.DropOldSecret(ctx, l.ID, l.Secret))
	if got := w.repositoryLink(l.ID); got.Secret.Reveal() != "second" || !got.OldSecret.IsZero() {
		t.Error("the old secret stays")
	}
	w.wantNews("repository_link.secret_rotated", "repository_link.webhook_set", "repository_link.webhook_set")
}

func TestHealthIsStoredAndARenamedRepositoryKeepsItsLink(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	_, l := w.oneLink()
	w.news()
	h := fairlead.Health{Checks: []fairlead.HealthCheck{{Name: "Webhook", Code: fairlead.DiagnosisWebhookInactive, Text: "It is switched off.", Repairable: true}}, CheckedAt: w.now}
	w.must(w.SaveLinkHealth(ctx, l.ID, h, fairlead.Repository{})) // the host was not reached
	got := w.repositoryLink(l.ID)
	if !reflect.DeepEqual(got.Health, h) || got.Repository != l.Repository {
		t.Errorf("got %+v", got)
	}
	w.wantNews()
	r := fairlead.Repository{FullName: "acme/orders-db", MainBranch: "trunk", WebURL: "https://bitbucket.org/acme/orders-db"}
	w.must(w.SaveLinkHealth(ctx, l.ID, fairlead.Health{CheckedAt: w.now}, r), w.SaveLinkHealth(ctx, l.ID, fairlead.Health{CheckedAt: w.now}, r))
	if got := w.repositoryLink(l.ID).Repository; got.FullName != "acme/orders-db" || got.MainBranch != "trunk" || got.Private || got.ID != l.Repository.ID {
		t.Errorf("got %+v", got)
	}
	w.wantNews("repository_link.renamed")
	if e := w.events(fairlead.AuditFilter{Object: l.ID})[0]; e.Detail != "acme/orders-db, before: acme/orders" || e.Actor != fairlead.System() {
		t.Errorf("got %+v", e)
	}
}

func TestALinkThatLosesItsConnectionSaysWhyAndGoesOnByAnother(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	w.news()
	lost, err := w.RemoveConnection(ctx, as(priya), l.Connection.ID, "Priya Raman disconnected it.")
	if err != nil || len(lost) != 1 || lost[0].ID != l.ID || lost[0].PauseReason() != "Priya Raman disconnected it." {
		t.Fatalf("got %+v, %v", lost, err)
	}
	if got := w.repositoryLink(l.ID); got.Connection.ID != "" || got.PauseReason() != "Priya Raman disconnected it." {
		t.Errorf("got %+v", got)
	}
	_, err = w.FindConnection(ctx, l.Connection.ID)
	wantCode(t, err, fairlead.CodeNotFound)
	w.wantNews("connection.removed", "repository_link.connection_lost")
	if again, err := w.RemoveConnection(ctx, as(priya), l.Connection.ID, "x"); err != nil || len(again) != 0 {
		t.Errorf("got %+v, %v", again, err)
	}
	w.wantNews()
	wantCode(t, w.UpdateLinkConnection(ctx, as(priya), l.ID, l.Connection.ID), fairlead.CodeConflict)
	wantCode(t, w.UpdateLinkConnection(ctx, as(priya), l.ID, w.connected(priya, w.provider(priya, "b"), "x").ID), fairlead.CodeConflict)
	next := w.connected(priya, fairlead.GitProvider{ID: l.ProviderID, ApplicationID: "id"}, "priya")
	w.news()
	w.must(w.UpdateLinkConnection(ctx, as(priya), l.ID, next.ID))
	if got := w.repositoryLink(l.ID); got.Connection.ID != next.ID || got.PauseReason() != "" {
		t.Errorf("got %+v", got)
	}
	w.wantNews("repository_link.handed_over")
}

func TestWhoLeavesAProjectTakesTheConnectionFromItsLinksOnly(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	orders, billing := w.project(ana, "Orders", "ORDERS"), w.project(ana, "Billing", "BILLING")
	g := w.provider(priya, "a")
	hers, mine := w.connected(ana, g, "ana"), w.connected(priya, g, "priya")
	left, stays, others := w.linked(ana, orders, hers, "acme/1"), w.linked(ana, billing, hers, "acme/2"), w.linked(priya, orders, mine, "acme/3")
	w.must(w.RemoveProjectMember(ctx, as(priya), orders.ID, ana.ID))
	for id, want := range map[string]string{left.ID: "Ana left the project.", stays.ID: "", others.ID: ""} {
		if got := w.repositoryLink(id).PauseReason(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	w.connection(hers.ID) // it is still hers
	w.news()
	w.must(w.RemovePerson(ctx, as(priya), ana.ID))
	if got := w.repositoryLink(stays.ID).PauseReason(); got != "Ana left the workspace." {
		t.Errorf("got %q", got)
	}
	if got := w.repositoryLink(left.ID).PauseReason(); got != "Ana left the project." {
		t.Errorf("got %q", got)
	}
	_, err := w.FindConnection(ctx, hers.ID)
	wantCode(t, err, fairlead.CodeNotFound)
	w.wantNews("connection.removed", "person.removed", "project.member_removed", "repository_link.connection_lost")
}

func TestAProviderStaysWhileRepositoriesAreLinkedThroughIt(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	wantCode(t, w.RemoveGitProvider(ctx, as(priya), l.ProviderID), fairlead.CodeConflict)
	w.connection(l.Connection.ID)
	w.must(w.RemoveRepositoryLink(ctx, as(priya), l.ID, "The webhook could not be removed at the host."))
	if e := w.events(fairlead.AuditFilter{Object: l.ID})[0]; e.Action != "repository_link.removed" || e.Detail != "acme/orders in Orders: The webhook could not be removed at the host." {
		t.Errorf("got %+v", e)
	}
	past, err := w.ListRemovedLinks(ctx, l.Project.ID)
	if err != nil || len(past) != 1 || past[0].LeftBehind != "The webhook could not be removed at the host." || !past[0].RemovedAt.Equal(w.now) {
		t.Errorf("got %+v, %v", past, err)
	}
	w.news()
	w.must(w.RemoveGitProvider(ctx, as(priya), l.ProviderID))
	w.wantNews("connection.removed", "git_provider.removed")
	_, err = w.FindConnection(ctx, l.Connection.ID)
	wantCode(t, err, fairlead.CodeNotFound)
}
