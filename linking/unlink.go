package linking

import (
	"context"

	"fairlead"
)

// Unlink ends a link: first its webhook at the host, then its row. A webhook that is gone already counts as removed. The
// link goes whatever the host says; note tells what could not be removed there, "" if nothing is left.
func (f *Flow) Unlink(ctx context.Context, by fairlead.Actor, a Access, l fairlead.RepositoryLink) (note string, err error) {
	if err := a.owns(l); err != nil {
		return "", err
	}
	done, err := f.turns.take(ctx, turnAt(l.ProviderID, l.Repository.ID))
	if err != nil {
		return "", err
	}
	defer done()
	ctx = context.WithoutCancel(ctx)
	if l, err = f.store.FindRepositoryLink(ctx, l.ID); err != nil {
		return "", err
	}
	p, err := f.provider(ctx, l.ProviderID)
	if err != nil {
		return "", err
	}
	err = f.unhook(ctx, p, l, l.Connection.ID)
	if err != nil { // perhaps the actor may, whose connection it is not
		own, found, findErr := f.Connection(ctx, fairlead.Person{ID: by.PersonID}, l.ProviderID)
		if findErr == nil && found && own.IsAlive() && own.ID != l.Connection.ID {
			if again := f.unhook(ctx, p, l, own.ID); again == nil {
				err = nil
			}
		}
	}
	switch {
	case isDiagnosis(err):
		note = leftBehind(p.host.Kind(), l, f.hookURL(l), fairlead.DiagnosisOf(err))
	case err != nil:
		return "", err
	}
	return note, f.store.RemoveRepositoryLink(ctx, by, l.ID, note)
}

// unhook removes every webhook of a link at the host, by its id and by its address: the process may have ended before the
// id was stored.
func (f *Flow) unhook(ctx context.Context, p provider, l fairlead.RepositoryLink, connectionID string) error {
	if l.Webhook.ID == "" && !f.canReach(p) {
		return nil // there never was one
	}
	hooks, err := f.webhooks(ctx, p, l, connectionID)
	if err != nil {
		return err
	}
	for _, hook := range hooks {
		if hook.ID != l.Webhook.ID && hook.URL != f.WebhookURL(l.ID) {
			continue
		}
		if err := f.removeWebhook(ctx, p, l, connectionID, hook.ID); err != nil {
			return err
		}
	}
	return nil
}

// hookURL is where the link's webhook leads at the host, as far as is known.
func (f *Flow) hookURL(l fairlead.RepositoryLink) string {
	if l.Webhook.URL != "" {
		return l.Webhook.URL
	}
	return f.WebhookURL(l.ID)
}

func leftBehind(k fairlead.Kind, l fairlead.RepositoryLink, address string, d *fairlead.Diagnosis) string {
	if l.Webhook.ID == "" {
		return "If " + l.Repository.FullName + " has a webhook to " + address + ", it is still there: " + d.Title + ". Remove it at " + k.Host + "."
	}
	return "The webhook of " + l.Repository.FullName + " to " + address + " is still there: " + d.Title + ". Remove it at " + k.Host +
		", in the settings of the repository. Fairlead answers its deliveries with 404 now."
}
