package views

import (
	"net/url"
	"strings"
	"time"

	"fairlead"
)

// AuditPath is where the audit log is.
const AuditPath = "/settings/audit"

// Audit is one page of the audit log.
type Audit struct {
	Events []fairlead.AuditEvent // newest first
	People []fairlead.Person     // whoever appears in the log, removed people too
	Filter fairlead.AuditFilter
	Before fairlead.Cursor // where this page begins; zero for the newest
	Older  fairlead.Cursor // where the next page begins; zero if there is none
}

// auditWords say what somebody did, after their name. The event's detail stands where {} is; without it, below.
var auditWords = map[string]string{
	"access.refused":                  "asked for a page that is for owners",
	"callback.refused":                "came back from a Git host into another browser than went there",
	"connection.attempted":            "went to the Git host to connect an account at {}",
	"connection.created":              "connected the account {}",
	"connection.failed":               "could not use the connection {}",
	"connection.removed":              "disconnected the account {}",
	"connection.renewed":              "connected the account {} again",
	"delivery.reprocessed":            "had a delivery processed again: {}",
	"git_provider.changed":            "put newly verified values into the Git provider {}",
	"git_provider.created":            "added the Git provider {}",
	"git_provider.removed":            "removed the Git provider {}",
	"git_provider.renamed":            "renamed a Git provider to {}",
	"git_provider.verified":           "verified the Git provider {} again",
	"hand_over.created":               "made a hand-over link for the setup {}",
	"hand_over.received":              "sent the values of the setup {} by a hand-over link",
	"hand_over.revoked":               "revoked a hand-over link",
	"link.created":                    "made a one-time link",
	"link.limited":                    "guessed at one-time links and was stopped for a while",
	"link.revoked":                    "revoked a one-time link",
	"link.used":                       "used a one-time link",
	"password.changed":                "changed a password",
	"password.limited":                "guessed at a current password and was stopped for a while",
	"password.refused":                "entered a wrong current password",
	"person.invited":                  "invited {}",
	"person.joined":                   "joined the workspace",
	"person.removed":                  "removed {} from the workspace",
	"person.role_changed":             "changed the role of {}",
	"person.updated":                  "changed the profile of {}",
	"project.archived":                "archived the project {}",
	"project.created":                 "created the project {}",
	"project.member_added":            "added {}",
	"project.member_changed":          "changed the project role of {}",
	"project.member_removed":          "removed {}",
	"project.renamed":                 "renamed a project to {}",
	"project.restored":                "restored the project {}",
	"repository_link.changed":         "changed what the link with {} follows",
	"repository_link.connection_lost": "took the connection from the link with {}",
	"repository_link.created":         "linked the repository {}",
	"repository_link.handed_over":     "took over the link with {}",
	"repository_link.removed":         "unlinked the repository {}",
	"repository_link.renamed":         "saw a linked repository under a new name: {}",
	"repository_link.secret_rotated":  "rotated the webhook secret of the link with {}",
	"repository_link.webhook_set":     "set the webhook of the link with {}",
	"session.created":                 "signed in",
	"session.ended":                   "ended a session",
	"setup.attempted":                 "went to the Git host for the setup {}",
	"setup.cancelled":                 "cancelled the setup {}",
	"setup.changed":                   "entered Application ID or Secret of the setup {} again",
	"setup.failed":                    "could not verify the setup {}",
	"setup.outdated":                  "came back from the Git host too late for the setup {}",
	"setup.owner_changed":             "said under which owner a setup is registered",
	"setup.refused":                   "did not pass the first check of the setup {}",
	"setup.renamed":                   "renamed a setup to {}",
	"setup.secret_dropped":            "deleted the Secret of the abandoned setup {}",
	"setup.started":                   "started the setup {}",
	"setup.stopped":                   "stopped waiting for the Git host in the setup {}",
	"setup.verified":                  "verified the setup {}",
	"setup.waiting":                   "began to wait for the Git host in the setup {}",
	"sign_in.limited":                 "tried to sign in too often and was stopped for a while",
	"sign_in.refused":                 "tried to sign in and was refused",
	"workspace.created":               "created the workspace {}",
}

// auditSentence is an event in words: what was done, and what there is to say besides, with the code of the diagnosis if one
// is the reason. An action without words, as another version of Fairlead may have written, is shown as its code.
func auditSentence(e fairlead.AuditEvent) (s struct{ what, note, code string }) {
	detail, code := withoutCode(e.Detail)
	words, ok := auditWords[e.Action]
	if !ok {
		words = e.Action
	}
	if before, after, found := strings.Cut(words, "{}"); found {
		s.what = strings.TrimSpace(before + detail + after)
	} else {
		s.what, s.note = words, detail
	}
	if code != "" {
		s.note, s.code = strings.TrimSpace(s.note+" "+diagnosisTitles[code]), string(code)
	}
	return s
}

// auditWho names who did it. An event without a name is a visitor's.
func auditWho(by fairlead.Actor) string {
	if by.Name == "" {
		return "A visitor"
	}
	return by.Name
}

// auditFrom is where it came from; what has no address happened on the server.
func auditFrom(by fairlead.Actor) string {
	if by.Address == "" {
		return "On the server"
	}
	return by.Address
}

// day is the rows of a log that belong to one day, in UTC.
type day[T any] struct {
	Date time.Time
	Rows []T
}

// byDay groups the rows of a log, which stand in the order of their times.
func byDay[T any](rows []T, at func(T) time.Time) (days []day[T]) {
	for _, row := range rows {
		date := at(row).UTC().Truncate(24 * time.Hour)
		if len(days) == 0 || !days[len(days)-1].Date.Equal(date) {
			days = append(days, day[T]{Date: date})
		}
		last := &days[len(days)-1]
		last.Rows = append(last.Rows, row)
	}
	return days
}

func (v Audit) days() []day[fairlead.AuditEvent] {
	return byDay(v.Events, func(e fairlead.AuditEvent) time.Time { return e.At })
}

// auditHref is the address of a page of the log, or of a file below it.
func auditHref(path string, filter fairlead.AuditFilter, before fairlead.Cursor) string {
	query := url.Values{}
	for name, value := range map[string]string{"person": filter.Person, "object": filter.Object, "before": before.String()} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// auditAbout leads to everything that concerns an object.
func auditAbout(object string) string {
	return auditHref(AuditPath, fairlead.AuditFilter{Object: object}, fairlead.Cursor{})
}
