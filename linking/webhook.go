package linking

import (
	"context"
	"net/url"
	"strings"

	"fairlead"
	"fairlead/gitprovider"
)

type webhookStore interface {
	UpdateLinkWebhook(ctx context.Context, by fairlead.Actor, id string, w fairlead.Webhook) error
	DropOldSecret(ctx context.Context, id string, old fairlead.Secret) error
	RotateLinkSecret(ctx context.Context, by fairlead.Actor, id string, secret fairlead.Secret) error
}

const hooksPath = "/hooks/"

// turnAt names the turn at the webhooks of a repository: two at once could make two, or both take the same one over.
func turnAt(providerID, repositoryID string) string { return providerID + " " + repositoryID }

// canReach reports whether the host can send webhooks to us.
func (f *Flow) canReach(p provider) bool {
	external, err := url.Parse(f.external)
	return err == nil && p.host.CanReach(external)
}

// ensureWebhook makes the one webhook of a link as it should be: it repairs the one that is there, and makes one only where
// there is none. The caller has the repository's turn.
func (f *Flow) ensureWebhook(ctx context.Context, by fairlead.Actor, p provider, id string) (fairlead.Webhook, error) {
	l, err := f.store.FindRepositoryLink(ctx, id)
	if err != nil {
		return fairlead.Webhook{}, err
	}
	hook, err := f.repaired(ctx, p, l)
	if err != nil {
		return fairlead.Webhook{}, err
	}
	return hook, f.store.UpdateLinkWebhook(ctx, by, id, hook)
}

func (f *Flow) repaired(ctx context.Context, p provider, l fairlead.RepositoryLink) (fairlead.Webhook, error) {
	if l.Webhook.ID != "" {
		hook, err := f.updateWebhook(ctx, p, l, l.Webhook.ID)
		if !isDiagnosis(err, fairlead.DiagnosisWebhookMissing) {
			return hook, err
		}
	}
	hooks, err := f.webhooks(ctx, p, l, l.Connection.ID)
	if err != nil {
		return fairlead.Webhook{}, err
	}
	mine, surplus, err := f.choose(ctx, l, hooks)
	if err != nil {
		return fairlead.Webhook{}, err
	}
	for _, id := range surplus {
		if err := f.removeWebhook(ctx, p, l, l.Connection.ID, id); err != nil {
			return fairlead.Webhook{}, err
		}
	}
	if mine != "" {
		hook, err := f.updateWebhook(ctx, p, l, mine)
		if !isDiagnosis(err, fairlead.DiagnosisWebhookMissing) {
			return hook, err
		}
	}
	return call(ctx, f, l.Connection.ID, func(ctx context.Context, access fairlead.Secret) (fairlead.Webhook, error) {
		return p.host.CreateWebhook(ctx, access, l.Repository.ID, f.spec(l))
	})
}

// choose finds the webhook to repair among those of the repository: the one that leads to this link, else one that an
// earlier link left behind. Of several that lead here one stays.
func (f *Flow) choose(ctx context.Context, l fairlead.RepositoryLink, hooks []fairlead.Webhook) (mine string, surplus []string, err error) {
	orphan := ""
	for _, hook := range hooks {
		other, ours := strings.CutPrefix(hook.URL, f.external+hooksPath)
		switch {
		case !ours || !fairlead.IsID(other, fairlead.PrefixRepositoryLink):
		case other == l.ID && mine == "":
			mine = hook.ID
		case other == l.ID:
			surplus = append(surplus, hook.ID)
		default:
			_, err := f.store.FindRepositoryLink(ctx, other)
			switch {
			case fairlead.CodeOf(err) == fairlead.CodeNotFound:
				orphan = hook.ID
			case err != nil:
				return "", nil, err
			}
		}
	}
	if mine == "" {
		mine = orphan
	}
	return mine, surplus, nil
}

func (f *Flow) spec(l fairlead.RepositoryLink) gitprovider.WebhookSpec {
	return gitprovider.WebhookSpec{URL: f.WebhookURL(l.ID), Secret: l.Secret}
}

func (f *Flow) updateWebhook(ctx context.Context, p provider, l fairlead.RepositoryLink, id string) (fairlead.Webhook, error) {
	return call(ctx, f, l.Connection.ID, func(ctx context.Context, access fairlead.Secret) (fairlead.Webhook, error) {
		return p.host.UpdateWebhook(ctx, access, l.Repository.ID, id, f.spec(l))
	})
}

func (f *Flow) removeWebhook(ctx context.Context, p provider, l fairlead.RepositoryLink, connectionID, id string) error {
	return f.Call(ctx, connectionID, false, func(ctx context.Context, access fairlead.Secret) error {
		return p.host.RemoveWebhook(ctx, access, l.Repository.ID, id)
	})
}

func (f *Flow) webhooks(ctx context.Context, p provider, l fairlead.RepositoryLink, connectionID string) ([]fairlead.Webhook, error) {
	return call(ctx, f, connectionID, func(ctx context.Context, access fairlead.Secret) ([]fairlead.Webhook, error) {
		return p.host.ListWebhooks(ctx, access, l.Repository.ID)
	})
}
