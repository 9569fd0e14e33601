package fairlead

import "time"

// AuditEvent is one line of the audit log, written in the transaction of the change that it tells of.
type AuditEvent struct {
	ID     string
	At     time.Time
	Actor  Actor
	Action string // object.verb, such as "git_provider.created"
	Object string // id of what was changed
	Detail string // a short human text without secrets
	Place  int64  // in the log: of two events at the same instant, the later has the larger
}

// Cursor is the place of an event, to go on from there.
func (e AuditEvent) Cursor() Cursor { return Cursor{At: e.At, Place: e.Place} }

// AuditNobody filters for what nobody signed in did: Fairlead itself, the command line, visitors.
const AuditNobody = "nobody"

// AuditFilter chooses events; "" is all.
type AuditFilter struct {
	Person string // id of who did it, or AuditNobody
	Object string // id of what was changed
}

// IsZero reports whether the filter lets everything through.
func (f AuditFilter) IsZero() bool { return f == AuditFilter{} }
