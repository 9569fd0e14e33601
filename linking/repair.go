package linking

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"fairlead"
)

// Repair makes the webhook of a link as it should be, and checks the link anew. It never makes a second one. The error is a
// *fairlead.Diagnosis if the host did not let it.
func (f *Flow) Repair(ctx context.Context, by fairlead.Actor, l fairlead.RepositoryLink) (fairlead.RepositoryLink, error) {
	p, err := f.provider(ctx, l.ProviderID)
	if err != nil {
		return l, err
	}
	if !f.canReach(p) {
		return l, externalURLPrivate(p.host.Kind().Host, f.external, f.clock())
	}
	done, err := f.turns.take(ctx, turnAt(l.ProviderID, l.Repository.ID))
	if err != nil {
		return l, err
	}
	defer done()
	ctx = context.WithoutCancel(ctx)
	_, err = f.ensureWebhook(ctx, by, p, l.ID)
	if _, _, err2 := f.check(ctx, p, l); err2 != nil {
		return l, errors.Join(err, err2)
	}
	repaired, err2 := f.store.FindRepositoryLink(ctx, l.ID)
	if err2 != nil {
		return l, err2
	}
	return repaired, err
}

// RotateSecret gives the webhook another secret. Deliveries signed with the old one are accepted until one comes that is
// signed with the new one. If the host does not take the new one, Repair brings it there.
func (f *Flow) RotateSecret(ctx context.Context, by fairlead.Actor, a Access, l fairlead.RepositoryLink) error {
	if err := a.owns(l); err != nil {
		return err
	}
	p, err := f.provider(ctx, l.ProviderID)
	if err != nil {
		return err
	}
	if l.Webhook.ID == "" {
		return fairlead.Errorf(fairlead.CodeConflict, "This link has no webhook, so there is no secret to rotate.")
	}
	done, err := f.turns.take(ctx, turnAt(l.ProviderID, l.Repository.ID))
	if err != nil {
		return err
	}
	defer done()
	ctx = context.WithoutCancel(ctx)
	if l, err = f.store.FindRepositoryLink(ctx, l.ID); err != nil {
		return err
	}
	if !l.OldSecret.IsZero() {
		// Only two secrets are accepted. Before the older one goes, the host must have the newer one.
		if _, err := f.ensureWebhook(ctx, by, p, l.ID); err != nil {
			return err
		}
	}
	if err := f.store.RotateLinkSecret(ctx, by, l.ID, fairlead.NewSecret(fairlead.NewToken(f.random))); err != nil {
		return err
	}
	hook, err := f.ensureWebhook(ctx, by, p, l.ID)
	if err != nil && !isDiagnosis(err) {
		return err
	}
	return errors.Join(err, f.noteWebhook(ctx, p, l.ID, facts{hook: &hook, hookErr: err}))
}

// Elsewhere lists the links whose webhook does not lead to the external URL: it changed since they were made.
func (f *Flow) Elsewhere(ctx context.Context) ([]fairlead.RepositoryLink, error) {
	all, err := f.AllLinks(ctx)
	return slices.DeleteFunc(all, func(l fairlead.RepositoryLink) bool { return !f.LeadsElsewhere(l) }), err
}

// AllLinks lists the links of all projects.
func (f *Flow) AllLinks(ctx context.Context) ([]fairlead.RepositoryLink, error) {
	return f.store.ListRepositoryLinks(ctx, fairlead.LinkFilter{})
}

// LeadsElsewhere reports whether a link's webhook does not lead to the external URL.
func (f *Flow) LeadsElsewhere(l fairlead.RepositoryLink) bool {
	return l.Webhook.ID != "" && !strings.HasPrefix(l.Webhook.URL, f.external+hooksPath)
}

// repairTime is how long RepairAll goes on with links: somebody waits for the answer. The last one may take longer.
const repairTime = 45 * time.Second

// Repairs are what RepairAll did.
type Repairs struct {
	Repaired int
	Failed   int // the host refused; the link's health says why
	Left     int // not tried: time was up, or the host does not answer at the moment
}

// RepairAll brings the webhooks of all those links to the external URL, with one call for each while nothing else is wrong. With
// many links it ends before all are done; the next time goes on.
func (f *Flow) RepairAll(ctx context.Context, by fairlead.Actor) (did Repairs, err error) {
	links, err := f.Elsewhere(ctx)
	if err != nil {
		return did, err
	}
	until := f.clock().Add(repairTime)
	done := map[string]bool{} // accounts whose limit is used up, and Git providers that do not answer
	for _, l := range links {
		if ctx.Err() != nil {
			return did, ctx.Err()
		}
		if f.clock().After(until) || done[l.ProviderID] || done[account(l.Connection)] {
			did.Left++
			continue
		}
		switch err := f.moveWebhook(context.WithoutCancel(ctx), by, l); {
		case err == nil:
			did.Repaired++
		case isDiagnosis(err):
			did.Failed++
			done[l.ProviderID] = isDown(err)
			done[account(l.Connection)] = isDiagnosis(err, fairlead.DiagnosisRateLimited)
		case fairlead.CodeOf(err) == fairlead.CodeNotFound: // unlinked meanwhile
		default:
			return did, err
		}
	}
	return did, nil
}

func (f *Flow) moveWebhook(ctx context.Context, by fairlead.Actor, l fairlead.RepositoryLink) error {
	p, err := f.provider(ctx, l.ProviderID)
	if err != nil {
		return err
	}
	done, err := f.turns.take(ctx, turnAt(l.ProviderID, l.Repository.ID))
	if err != nil {
		return err
	}
	defer done()
	if !f.canReach(p) {
		return errors.Join(externalURLPrivate(p.host.Kind().Host, f.external, f.clock()), f.noteWebhook(ctx, p, l.ID, facts{}))
	}
	hook, err := f.ensureWebhook(ctx, by, p, l.ID)
	if err != nil && !isDiagnosis(err) {
		return err
	}
	return errors.Join(err, f.noteWebhook(ctx, p, l.ID, facts{hook: &hook, hookErr: err}))
}

// noteWebhook stores what an attempt to change a link's webhook says of its health.
func (f *Flow) noteWebhook(ctx context.Context, p provider, id string, known facts) error {
	l, err := f.store.FindRepositoryLink(ctx, id)
	if err != nil {
		return err
	}
	health := l.Health
	health.Checks = replaced(health.Checks, f.webhookRow(p, l, known))
	return f.store.SaveLinkHealth(ctx, id, health, fairlead.Repository{})
}

// replaced puts a row in the place of the one with its name.
func replaced(rows []fairlead.HealthCheck, row fairlead.HealthCheck) []fairlead.HealthCheck {
	fresh := make([]fairlead.HealthCheck, 0, len(rows)+1)
	found := false
	for _, old := range rows {
		if old.Name == row.Name {
			old, found = row, true
		}
		fresh = append(fresh, old)
	}
	if !found {
		fresh = append(fresh, row)
	}
	return fresh
}

// IsPolling reports whether a link has no webhook because the host cannot reach the external URL, as it was last seen.
func (f *Flow) IsPolling(l fairlead.RepositoryLink) bool {
	for _, row := range l.Health.Checks {
		if row.Name == rowWebhook {
			return row.Code == fairlead.DiagnosisUnreachableFromOut
		}
	}
	return false
}
