package bitbucketsim

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// hook is a webhook of a repository.
type hook struct {
	UUID        string // in braces
	URL         string
	Description string
	Active      bool
	Secret      string // "" means none; unlike tokens it must be stored as it is: every delivery is signed with it
	Events      []string
	CreatedAt   time.Time
}

const (
	hooksMost      = 50  // from memory of Bitbucket's documentation; not confirmed
	hookSecretMost = 128 // documented
	hookURLMost    = 2048
)

// hookEvent is one row of the public catalogue GET /2.0/hook_events/repository.
type hookEvent struct{ event, category, label, description string }

// hookEvents are those of the OpenAPI description that a repository can have. Words that it does not quote are assumed.
func hookEvents() []hookEvent {
	return []hookEvent{
		{"repo:push", "Repository", "Push", "Whenever a repository push occurs"},
		{"repo:fork", "Repository", "Fork", "Whenever a repository fork occurs"},
		{"repo:imported", "Repository", "Import", "Whenever a repository import occurs"},
		{"repo:updated", "Repository", "Updated", "Whenever a repository's information is updated"},
		{"repo:transfer", "Repository", "Transfer accepted", "Whenever a repository transfer is accepted"},
		{"repo:created", "Repository", "Created", "Whenever a repository is created"},
		{"repo:deleted", "Repository", "Deleted", "Whenever a repository is deleted"},
		{"repo:commit_comment_created", "Repository", "Commit comment created", "Whenever a commit comment is created"},
		{"repo:commit_status_created", "Repository", "Build status created", "Whenever a build status is created"},
		{"repo:commit_status_updated", "Repository", "Build status updated", "Whenever a build status changes"},
		{"issue:created", "Issue", "Created", "Whenever an issue is created"},
		{"issue:updated", "Issue", "Updated", "Whenever an issue is updated"},
		{"issue:comment_created", "Issue", "Comment created", "Whenever an issue comment is created"},
		{"pullrequest:created", "Pull Request", "Created", "When a pull request has been created"},
		{"pullrequest:updated", "Pull Request", "Updated", "When a pull request has been updated"},
		{"pullrequest:push", "Pull Request", "Push", "When commits are pushed to a pull request"},
		{"pullrequest:approved", "Pull Request", "Approved", "When someone has approved a pull request"},
		{"pullrequest:unapproved", "Pull Request", "Approval removed", "When someone has removed an approval"},
		{"pullrequest:changes_request_created", "Pull Request", "Changes requested", "When someone has requested changes"},
		{"pullrequest:changes_request_removed", "Pull Request", "Changes request removed", "When someone has removed a changes request"},
		{"pullrequest:fulfilled", "Pull Request", "Merged", "When a pull request has been merged"},
		{"pullrequest:rejected", "Pull Request", "Declined", "When a pull request has been declined"},
		{"pullrequest:comment_created", "Pull Request", "Comment created", "When a pull request comment has been created"},
		{"pullrequest:comment_updated", "Pull Request", "Comment updated", "When a pull request comment has been updated"},
		{"pullrequest:comment_deleted", "Pull Request", "Comment deleted", "When a pull request comment has been deleted"},
		{"pullrequest:comment_resolved", "Pull Request", "Comment resolved", "When a pull request comment has been resolved"},
		{"pullrequest:comment_reopened", "Pull Request", "Comment reopened", "When a pull request comment has been reopened"},
	}
}

// scope is what a token needs beside "webhook" to subscribe to an event (documented for these three families).
func (e hookEvent) scope() string {
	switch family, _, _ := strings.Cut(e.event, ":"); family {
	case "pullrequest", "issue":
		return family
	}
	return "repository"
}

// fieldProblems are the mistakes of a body by field, as Bitbucket answers them.
type fieldProblems map[string][]string

func (p fieldProblems) add(field, text string) { p[field] = append(p[field], text) }

// check brings a webhook into its stored form. The words of the mistakes are assumed.
func (h *hook) check(refuseLocal bool) fieldProblems {
	problems := fieldProblems{}
	h.URL = strings.TrimSpace(h.URL)
	if why := hookURLProblem(h.URL, refuseLocal); why != "" {
		problems.add("url", why)
	}
	if utf8.RuneCountInString(h.Secret) > hookSecretMost {
		problems.add("secret", fmt.Sprintf("Ensure this value has at most %d characters.", hookSecretMost))
	}
	if len(h.Description) > 255 { // the limit is assumed
		problems.add("description", "Ensure this value has at most 255 characters.")
	}
	known := hookEvents()
	var events []string
	for _, name := range h.Events {
		if !slices.ContainsFunc(known, func(e hookEvent) bool { return e.event == name }) {
			problems.add("events", fmt.Sprintf("%q is not a valid event.", cut(name, 60)))
		} else if !slices.Contains(events, name) {
			events = append(events, name)
		}
	}
	if len(h.Events) == 0 { // documented: minItems 1
		problems.add("events", "This field is required.")
	}
	h.Events = events
	return problems
}

func hookURLProblem(text string, refuseLocal bool) string {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || len(text) > hookURLMost {
		return "Enter a valid URL."
	}
	if refuseLocal && isLocal(u.Hostname()) {
		return "The URL must resolve and cannot be an internal, non-routed address."
	}
	return ""
}

// isLocal judges by the name alone: the simulator asks no name server, so a public name with a private address passes.
func isLocal(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip := net.ParseIP(host); ip != nil {
		return !ip.IsGlobalUnicast() || ip.IsPrivate()
	}
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal")
}

func (h hook) wants(event string) bool { return h.Active && slices.Contains(h.Events, event) }

// newUUID draws one in braces.
func (s *Sim) newUUID() (string, error) {
	text, err := s.randomText("0123456789abcdef", 32)
	if err != nil {
		return "", err
	}
	return "{" + text[:8] + "-" + text[8:12] + "-4" + text[13:16] + "-a" + text[17:20] + "-" + text[20:] + "}", nil
}

// bare is a UUID without its braces, as the headers of a delivery have it (observed).
func bare(uuid string) string { return strings.Trim(uuid, "{}") }
