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

// Receive checks who sent a delivery and stores it; it returns after the commit. Both are refused and stored nowhere: a
// *fairlead.Diagnosis for one that is not signed as it should be or cannot be read, which leaves a trace at the link, and
// CodeNotFound for a link that does not exist, which leaves none. The body must not be changed afterwards.
func (f *Flow) Receive(ctx context.Context, linkID string, header http.Header, body []byte, address string) (Receipt, error) {
	link, kind, err := f.hooked(ctx, linkID)
	if err != nil {
		return Receipt{}, err
	}
	host, ok := f.Hosts.FindLinker(kind)
	if !ok {
		return Receipt{}, fairlead.Errorf(fairlead.CodeNotFound, "There is no such webhook.")
	}
	// Signature first: nothing of what is not signed is looked at.
	byOldSecret, err := f.checkSignature(host, link, header, body)
	if err != nil {
		return Receipt{}, f.refuse(link.ID, err, address)
	}
	hostID, event, err := host.DeliveryID(header)
	if err != nil {
		return Receipt{}, f.refuse(link.ID, err, address)
	}
	now := f.Clock()
	stored, err := f.batch.save(ctx, fairlead.Arrival{
		Delivery: fairlead.Delivery{
			ID: fairlead.NewID(f.Random, fairlead.PrefixDelivery), LinkID: link.ID, ProjectID: link.Project.ID, HostID: hostID, Event: event,
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

// TooLarge leaves the trace of a delivery whose body was too large to be read. It returns the *fairlead.Diagnosis to
// answer with; CodeNotFound, and no trace, for a link that does not exist.
func (f *Flow) TooLarge(ctx context.Context, linkID, address string) error {
	link, _, err := f.hooked(ctx, linkID)
	if err != nil {
		return err
	}
	return f.refuse(link.ID, tooLarge(f.Clock()), address)
}

// Knows is CodeNotFound for a link that does not exist, before anything of a delivery is read.
func (f *Flow) Knows(ctx context.Context, linkID string) error {
	_, _, err := f.hooked(ctx, linkID)
	return err
}

// hooked finds the link that a webhook's address names.
func (f *Flow) hooked(ctx context.Context, linkID string) (fairlead.RepositoryLink, fairlead.KindID, error) {
	if !fairlead.IsID(linkID, fairlead.PrefixRepositoryLink) {
		return fairlead.RepositoryLink{}, "", fairlead.Errorf(fairlead.CodeNotFound, "There is no such webhook.")
	}
	return f.Store.FindHookedLink(ctx, linkID)
}

// checkSignature accepts the secret in force and, while a rotation is under way, the one before. It fails closed: a link
// without a secret accepts nothing, also not what is signed with an empty key.
func (f *Flow) checkSignature(host gitprovider.Receiver, link fairlead.RepositoryLink, header http.Header, body []byte) (byOld bool, err error) {
	secret := link.Secret
	if secret.IsZero() {
		secret = fairlead.NewSecret(fairlead.NewToken(f.Random))
	}
	err = host.CheckSignature(header, body, secret)
	if err == nil || link.OldSecret.IsZero() {
		return false, err
	}
	if host.CheckSignature(header, body, link.OldSecret) == nil {
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
