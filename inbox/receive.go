package inbox

import (
	"context"
	"net/http"

	"fairlead"
	"fairlead/gitprovider"
)

type receiveStore interface {
	batchStore
	rejectionStore
	// FindHookedLink returns a link's ids and secrets, and the kind of its host; CodeNotFound for an unlinked one.
	FindHookedLink(ctx context.Context, id string) (fairlead.RepositoryLink, fairlead.KindID, error)
	// DropOldSecret ends the old webhook secret of a link, if it still is that one.
	DropOldSecret(ctx context.Context, id string, old fairlead.Secret) error
}

// Receipt says what became of a delivery.
type Receipt struct {
	Stored bool // false: the same delivery was stored before
}

// HookedLink is a link whose webhook was called, with what lets a delivery in.
type HookedLink struct {
	link fairlead.RepositoryLink
	host gitprovider.Receiver
}

// FindHookedLink returns the link that a webhook's address names, before anything of a delivery is read; CodeNotFound for a
// link that does not exist.
func (f *Flow) FindHookedLink(ctx context.Context, linkID string) (HookedLink, error) {
	if !fairlead.IsID(linkID, fairlead.PrefixRepositoryLink) {
		return HookedLink{}, errNoWebhook()
	}
	return f.lookups.get(ctx, linkID)
}

func (f *Flow) findHookedLink(ctx context.Context, linkID string) (HookedLink, error) {
	link, kind, err := f.Store.FindHookedLink(ctx, linkID)
	if err != nil {
		return HookedLink{}, err
	}
	host, ok := f.Hosts.FindLinker(kind)
	if !ok {
		return HookedLink{}, errNoWebhook()
	}
	return HookedLink{link, host}, nil
}

func errNoWebhook() error { return fairlead.Errorf(fairlead.CodeNotFound, "There is no such webhook.") }

// Receive checks who sent a delivery and stores it; it returns after the commit. One that is not signed as it should be or
// cannot be read is stored nowhere: it leaves a trace at the link, and the error is a *fairlead.Diagnosis. Nor is one of a link
// that was removed since it was found. The body must not be changed afterwards.
func (f *Flow) Receive(ctx context.Context, to HookedLink, header http.Header, body []byte, address string) (Receipt, error) {
	// Signature first: nothing of what is not signed is looked at.
	byOldSecret, err := f.checkSignature(to, header, body)
	if err != nil { // the secret may have become another one while the body came
		if to, err = f.FindHookedLink(ctx, to.link.ID); err != nil {
			return Receipt{}, err
		}
		byOldSecret, err = f.checkSignature(to, header, body)
	}
	link := to.link
	if err != nil {
		return Receipt{}, f.refuse(link.ID, err, address)
	}
	hostID, event, err := to.host.DeliveryID(header)
	if err != nil {
		return Receipt{}, f.refuse(link.ID, err, address)
	}
	now := f.Clock()
	stored, err := f.batch.save(ctx, fairlead.Arrival{
		Delivery: fairlead.Delivery{
			ID: fairlead.NewIDAt(now, f.Random, fairlead.PrefixDelivery), LinkID: link.ID, ProjectID: link.Project.ID, HostID: hostID, Event: event,
			Source: fairlead.SourceWebhook, Address: address, State: fairlead.DeliveryWaiting, Verdict: fairlead.VerdictWaiting,
			ReceivedAt: now, NextAt: now,
		},
		Payload: fairlead.Payload{Headers: keptHeaders(header), Body: body},
	})
	if err != nil {
		return Receipt{}, err
	}
	if !byOldSecret && !link.OldSecret.IsZero() {
		if err := f.Store.DropOldSecret(ctx, link.ID, link.OldSecret); err != nil { // the next delivery tries again
			f.Log.Warn("an old webhook secret is still accepted", "link", link.ID, "error", err)
		}
	}
	return Receipt{Stored: stored}, nil
}

// TooLarge leaves the trace of a delivery whose body was too large to be read, and returns the *fairlead.Diagnosis to answer
// with.
func (f *Flow) TooLarge(to HookedLink, address string) error {
	return f.refuse(to.link.ID, tooLarge(f.Clock()), address)
}

// checkSignature accepts the secret in force and, while a rotation is under way, the one before. It fails closed: a link
// without a secret accepts nothing, also not what is signed with an empty key.
func (f *Flow) checkSignature(to HookedLink, header http.Header, body []byte) (byOld bool, err error) {
	secret, old := to.link.Secret, to.link.OldSecret
	if secret.IsZero() {
		secret = fairlead.NewSecret(fairlead.NewToken(f.Random))
	}
	err = to.host.CheckSignature(header, body, secret)
	if err == nil || old.IsZero() {
		return false, err
	}
	if to.host.CheckSignature(header, body, old) == nil {
		return true, nil
	}
	return false, err
}

// kept are the headers that tell something about a delivery. Everything else is dropped: proxies add headers with all sorts
// of content, cookies and authorization among it. hidden are those of which only the presence is told.
var (
	kept   = []string{"Content-Type", "User-Agent", "X-Event-Key", "X-Hook-Uuid", "X-Request-Uuid", "X-Attempt-Number"}
	hidden = []string{"X-Hub-Signature"}
)

const longestHeader = 500

func keptHeaders(header http.Header) map[string]string {
	headers := map[string]string{}
	for _, name := range kept {
		if value := header.Get(name); value != "" {
			headers[name] = value[:min(len(value), longestHeader)]
		}
	}
	for _, name := range hidden {
		if header.Get(name) != "" {
			headers[name] = "[redacted]"
		}
	}
	return headers
}

// headerOf is a stored delivery's header, to be read like the one that came.
func headerOf(p fairlead.Payload) http.Header {
	header := http.Header{}
	for name, value := range p.Headers {
		header.Set(name, value)
	}
	return header
}
