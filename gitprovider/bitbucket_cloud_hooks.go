package gitprovider

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"fairlead"
)

// eventPush is the only event that Fairlead subscribes to: creating a webhook asks for the scope of each of its events.
const eventPush = "repo:push"

const maxHookPages = 3 // a repository can have about fifty

// bitbucketHook is a webhook as the API has it. Its secret is never told.
type bitbucketHook struct {
	UUID      string   `json:"uuid"`
	URL       string   `json:"url"`
	Active    bool     `json:"active"`
	Events    []string `json:"events"`
	SecretSet bool     `json:"secret_set"`
}

func (h bitbucketHook) webhook() fairlead.Webhook {
	return fairlead.Webhook{ID: h.UUID, URL: h.URL, Active: h.Active, Signed: h.SecretSet, Events: h.Events}
}

// bitbucketHookBody is what creates a webhook, or replaces one. Without a secret the one it has stays; an empty one would
// remove it (OpenAPI description of Bitbucket Cloud).
type bitbucketHookBody struct {
	Description string   `json:"description"`
	URL         string   `json:"url"`
	Active      bool     `json:"active"`
	Events      []string `json:"events"`
	Secret      string   `json:"secret,omitempty"`
}

func (b *BitbucketCloud) hookBody(spec WebhookSpec) bitbucketHookBody {
	return bitbucketHookBody{Description: "Fairlead", URL: spec.URL, Active: true, Events: b.Events(), Secret: spec.Secret.Reveal()}
}

// Events implements Hooker.
func (b *BitbucketCloud) Events() []string { return []string{eventPush} }

// privateNames are the ends of names that no public name server answers (RFC 6761, RFC 6762, RFC 8375, and ICANN's .internal).
var privateNames = []string{".local", ".localhost", ".internal", ".home.arpa"}

// sharedAddresses are a carrier's own network (RFC 6598): private although netip does not count them.
var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10")

// CanReach implements Hooker, by the address alone: what a name resolves to here says little about what it does there.
func (b *BitbucketCloud) CanReach(address *url.URL) bool {
	if b.ReachesPrivate {
		return true
	}
	name := strings.ToLower(strings.TrimSuffix(address.Hostname(), "."))
	if ip, err := netip.ParseAddr(name); err == nil {
		ip = ip.Unmap()
		return ip.IsGlobalUnicast() && !ip.IsPrivate() && !sharedAddresses.Contains(ip)
	}
	for _, end := range privateNames {
		if strings.HasSuffix(name, end) {
			return false
		}
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	isNumber := last != "" && strings.Trim(last, "0123456789") == "" // "127.1": browsers take it for an address
	return strings.Contains(name, ".") && !isNumber
}

func (b *BitbucketCloud) hooksAddress(repository, id string) string {
	address := b.repositoryAddress(repository) + "/hooks"
	if id != "" {
		address += "/" + url.PathEscape(id) // the braces of a UUID are escaped
	}
	return address
}

// ListWebhooks implements Hooker.
func (b *BitbucketCloud) ListWebhooks(ctx context.Context, access fairlead.Secret, repository string) ([]fairlead.Webhook, error) {
	var hooks []fairlead.Webhook
	address := b.hooksAddress(repository, "") + "?pagelen=" + mostPerPage
	_, err := readPages(ctx, b.with(access), aboutWebhooks, address, maxHookPages, func(h bitbucketHook) { hooks = append(hooks, h.webhook()) })
	return hooks, err
}

// CreateWebhook implements Hooker.
func (b *BitbucketCloud) CreateWebhook(ctx context.Context, access fairlead.Secret, repository string, spec WebhookSpec) (fairlead.Webhook, error) {
	return b.writeHook(ctx, b.with(access, spec.Secret), aboutWebhooks, http.MethodPost, b.hooksAddress(repository, ""), spec)
}

// UpdateWebhook implements Hooker: PUT replaces.
func (b *BitbucketCloud) UpdateWebhook(ctx context.Context, access fairlead.Secret, repository, id string, spec WebhookSpec) (fairlead.Webhook, error) {
	c := b.with(access, spec.Secret)
	if id == "" {
		return fairlead.Webhook{}, c.trace.finish(webhookMissing(b.Kind(), ""), "")
	}
	hook, err := b.writeHook(ctx, c, aboutWebhook, http.MethodPut, b.hooksAddress(repository, id), spec)
	if hasCode(err, fairlead.DiagnosisWebhookMissing) {
		err = b.unlessGone(ctx, c, repository, err)
	}
	return hook, err
}

func (b *BitbucketCloud) writeHook(ctx context.Context, c *bitbucketAPI, about meanings, method, address string, spec WebhookSpec) (fairlead.Webhook, error) {
	var hook bitbucketHook
	if err := c.ask(ctx, about, method, address, b.hookBody(spec), &hook); err != nil {
		return fairlead.Webhook{}, err
	}
	if hook.UUID == "" {
		return fairlead.Webhook{}, c.trace.finish(unexpected(b.Kind(), c.trace.last()), "")
	}
	return hook.webhook(), nil
}

// RemoveWebhook implements Hooker. A 404 is for a webhook that is gone and for a repository that is: either way there is no
// webhook that this account could remove.
func (b *BitbucketCloud) RemoveWebhook(ctx context.Context, access fairlead.Secret, repository, id string) error {
	if id == "" {
		return nil
	}
	err := b.with(access).ask(ctx, aboutWebhook, http.MethodDelete, b.hooksAddress(repository, id), nil, nil)
	if hasCode(err, fairlead.DiagnosisWebhookMissing) {
		return nil
	}
	return err
}
