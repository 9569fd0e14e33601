package views

import (
	"net/url"
	"strconv"
	"time"

	"fairlead"
)

// The addresses of connections, repository links and deliveries. Everything that leads there, and every route, is made of
// these.

// ConnectionsPath lists a person's connections.
const ConnectionsPath = "/account/connections"

// RepairWebhooksPath takes the form that leads all webhooks to the external URL of now.
const RepairWebhooksPath = "/settings/gitops/repair-webhooks"

// DisconnectPath asks before a connection is removed, and removes it.
func DisconnectPath(connection string) string {
	return ConnectionsPath + "/" + connection + "/disconnect"
}

// What the host's window shows before and after its trip.
const (
	ConnectCheckingPath = "/connect/checking"
	ConnectReturnedPath = "/connect/returned"
)

// ConnectPath connects an account at a Git provider: POST begins, GET is the page for browsers without script.
func ConnectPath(provider string) string { return "/connect/" + provider }

// ConnectAuthorizeHref goes to the host and comes back; then, in the same tab, to another page.
func ConnectAuthorizeHref(provider, returnTo string, popup bool) string {
	window := ""
	if popup {
		window = "popup"
	}
	return withQuery(ConnectPath(provider)+"/authorize", "return", returnTo, "window", window)
}

// ConnectStatusHref is what the waiting panel asks.
func ConnectStatusHref(provider, returnTo string, since time.Time, stage int) string {
	return withQuery(ConnectPath(provider)+"/status", "return", returnTo, "since", strconv.FormatInt(since.UnixMilli(), 10), "stage", strconv.Itoa(stage))
}

// ProjectLinksPath lists the repositories that a project is linked with.
func ProjectLinksPath(key string) string { return ProjectPath(key) + "/repositories" }

// NewLinkPath is the first step of linking a repository: the Git provider.
func NewLinkPath(key string) string { return ProjectLinksPath(key) + "/new" }

// PickRepositoryPath is the second step, the list of repositories; while nobody is connected, the first.
func PickRepositoryPath(key, provider string) string { return NewLinkPath(key) + "/" + provider }

// PickRepositoryHref is one page of that list.
func PickRepositoryHref(key, provider, owner, search, page string) string {
	return withQuery(PickRepositoryPath(key, provider), "owner", owner, "q", search, "page", page)
}

// ChangeAccountHref is the first step for somebody who is connected already.
func ChangeAccountHref(key, provider string) string {
	return withQuery(PickRepositoryPath(key, provider), "account", "change")
}

// ConfigureLinkPath is the third step and, with step=confirm, the fourth; POST links. repository is the host's id.
func ConfigureLinkPath(key, provider, repository string) string {
	return PickRepositoryPath(key, provider) + "/" + url.PathEscape(repository)
}

// LinkPath is a link's page. Below it: /edit, /preview, /check, /repair, /rotate, /unlink, /take-over, /why, /sync,
// /deliveries (the log alone) and /deliveries/newer.
func LinkPath(key, link string) string { return ProjectLinksPath(key) + "/" + link }

func linkPath(l fairlead.RepositoryLink) string { return LinkPath(l.Project.Key, l.ID) }

// WhyHref follows a commit from the host to its verdict.
func WhyHref(key, link, commit string) string {
	return withQuery(LinkPath(key, link)+"/why", "commit", commit)
}

// ProjectDeliveriesPath lists the deliveries of all links of a project; /newer below it counts those that came since.
func ProjectDeliveriesPath(key string) string { return ProjectPath(key) + "/deliveries" }

// DeliveryPath is one delivery's page; POST to /reprocess below it works it off again.
func DeliveryPath(key, delivery string) string { return ProjectDeliveriesPath(key) + "/" + delivery }

// withQuery adds those of the pairs that have a value, in their order.
func withQuery(path string, pairs ...string) string {
	sep := "?"
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			path += sep + pairs[i] + "=" + url.QueryEscape(pairs[i+1])
			sep = "&"
		}
	}
	return path
}
