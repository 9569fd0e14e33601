package fairlead

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

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
func (e AuditEvent) Cursor() AuditCursor { return AuditCursor{At: e.At, Place: e.Place} }

// AuditCursor is a place between two events of the audit log; zero is before the newest. New events do not move it, as
// they would move the number of a page.
type AuditCursor struct {
	At    time.Time
	Place int64
}

// IsZero reports whether the cursor stands before the newest event.
func (c AuditCursor) IsZero() bool { return c == AuditCursor{} }

// String is how a cursor stands in an address; "" for the zero one.
func (c AuditCursor) String() string {
	if c.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d-%d", c.At.UnixMilli(), c.Place)
}

// ParseAuditCursor reads what String wrote.
func ParseAuditCursor(s string) (AuditCursor, bool) {
	if s == "" {
		return AuditCursor{}, true
	}
	at, place, _ := strings.Cut(s, "-")
	ms, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return AuditCursor{}, false
	}
	n, err := strconv.ParseInt(place, 10, 64)
	return AuditCursor{At: time.UnixMilli(ms).UTC(), Place: n}, err == nil
}

// AuditNobody filters for what nobody signed in did: Fairlead itself, the command line, visitors.
const AuditNobody = "nobody"

// AuditFilter chooses events; "" is all.
type AuditFilter struct {
	Person string // id of who did it, or AuditNobody
	Object string // id of what was changed
}

// IsZero reports whether the filter lets everything through.
func (f AuditFilter) IsZero() bool { return f == AuditFilter{} }
