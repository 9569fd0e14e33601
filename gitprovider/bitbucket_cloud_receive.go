package gitprovider

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"fairlead"
)

// Headers of a delivery (support.atlassian.com/bitbucket-cloud/docs/event-payloads). Repeated sends have the same request UUID.
const (
	headerDelivery  = "X-Request-UUID"
	headerEvent     = "X-Event-Key"
	headerSignature = "X-Hub-Signature"
)

var (
	bitbucketDeliveryID = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)
	bitbucketEventKey   = regexp.MustCompile(`^[0-9A-Za-z:_.-]{1,64}$`)
)

// received sets the time of a diagnosis that no call led to.
func (b *BitbucketCloud) received(d *fairlead.Diagnosis) *fairlead.Diagnosis {
	if b.Client != nil {
		d.At = b.Client.clock()
	}
	return d
}

func (b *BitbucketCloud) unreadable(what string) *fairlead.Diagnosis {
	return b.received(deliveryUnreadable(b.Kind(), what))
}

// DeliveryID implements Receiver.
func (b *BitbucketCloud) DeliveryID(header http.Header) (id, event string, err error) {
	id = strings.Trim(header.Get(headerDelivery), "{}")
	event = header.Get(headerEvent)
	switch {
	case !bitbucketDeliveryID.MatchString(id):
		return "", "", b.unreadable("Its header `" + headerDelivery + "` is missing, or is no id.")
	case !bitbucketEventKey.MatchString(event):
		return "", "", b.unreadable("Its header `" + headerEvent + "` is missing, or names no event.")
	}
	return id, event, nil
}

// CheckSignature implements Receiver: HMAC-SHA256 over the raw body, as "sha256=" and hexadecimal digits. Without a secret of
// ours nothing is good.
func (b *BitbucketCloud) CheckSignature(header http.Header, body []byte, secret fairlead.Secret) error {
	values := header.Values(headerSignature)
	if len(values) != 1 {
		return b.received(signatureMissing(b.Kind()))
	}
	digits, ok := strings.CutPrefix(values[0], "sha256=")
	given, err := hex.DecodeString(digits)
	if !ok || err != nil || len(given) != sha256.Size {
		return b.received(signatureMissing(b.Kind()))
	}
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	_, _ = mac.Write(body) // a hash takes everything
	if secret.IsZero() || !hmac.Equal(given, mac.Sum(nil)) {
		return b.received(signatureWrong(b.Kind()))
	}
	return nil
}

// bitbucketDelivery is the body of any event; push is there for repo:push only.
type bitbucketDelivery struct {
	Actor      bitbucketUser       `json:"actor"`
	Repository bitbucketRepository `json:"repository"`
	Push       *struct {
		Changes []bitbucketChange `json:"changes"`
	} `json:"push"`
}

// bitbucketChange is what a push did to one ref. Its commits are five at most, so they are not looked at.
type bitbucketChange struct {
	Old    *bitbucketChangedRef `json:"old"` // null for a new ref
	New    *bitbucketChangedRef `json:"new"` // null for a removed one
	Forced bool                 `json:"forced"`
}

type bitbucketChangedRef struct {
	Type string `json:"type"`
	bitbucketRef
}

// ParseDelivery implements Receiver.
func (b *BitbucketCloud) ParseDelivery(header http.Header, body []byte) (Event, error) {
	id, name, err := b.DeliveryID(header)
	if err != nil {
		return Event{}, err
	}
	var d bitbucketDelivery
	if json.Unmarshal(body, &d) != nil {
		return Event{}, b.unreadable("Its body is not the JSON that " + b.Kind().Host + " sends.")
	}
	if _, ok := bitbucketFullName(d.Repository.FullName); !ok { // it would be shown, and become part of an address
		d.Repository.FullName = ""
	}
	event := Event{Name: name, HostID: id, Repository: b.repository(d.Repository), Actor: d.Actor.name()}
	if name != eventPush {
		return event, nil
	}
	if d.Push == nil || d.Repository.UUID == "" {
		return Event{}, b.unreadable("Its body is no push: the changes or the repository are missing.")
	}
	for _, c := range d.Push.Changes {
		change, ok := c.refChange()
		if !ok {
			return Event{}, b.unreadable("Its body has a change without a name or without a hash.")
		}
		if change.Type != "" {
			event.Changes = append(event.Changes, change)
		}
	}
	return event, nil
}

// refChange has no type for what is neither a branch nor a tag. ok is false for a change that cannot be true: its hashes would
// become parts of addresses.
func (c bitbucketChange) refChange() (change fairlead.RefChange, ok bool) {
	change.Forced = c.Forced
	for _, side := range []struct {
		ref  *bitbucketChangedRef
		hash *string
	}{{c.Old, &change.Old}, {c.New, &change.New}} {
		if side.ref == nil {
			continue
		}
		change.Name, *side.hash = side.ref.Name, side.ref.Target.Hash
		if change.Name == "" || !bitbucketFullHash.MatchString(*side.hash) {
			return fairlead.RefChange{}, false
		}
		switch side.ref.Type {
		case "branch":
			change.Type = fairlead.RefBranch
		case "tag":
			change.Type = fairlead.RefTag
		}
	}
	return change, true
}

// bitbucketFullHash is a whole hash, of SHA-1 or SHA-256.
var bitbucketFullHash = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
