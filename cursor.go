package fairlead

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Cursor is a place between two rows of a log that is read newest first; zero is before the newest. New rows do not move
// it, as they would move the number of a page.
type Cursor struct {
	At    time.Time
	Place int64
}

// IsZero reports whether the cursor stands before the newest row.
func (c Cursor) IsZero() bool { return c == Cursor{} }

// String is how a cursor stands in an address; "" for the zero one.
func (c Cursor) String() string {
	if c.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d-%d", c.At.UnixMilli(), c.Place)
}

// ParseCursor reads what String wrote.
func ParseCursor(s string) (Cursor, bool) {
	if s == "" {
		return Cursor{}, true
	}
	at, place, _ := strings.Cut(s, "-")
	ms, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return Cursor{}, false
	}
	n, err := strconv.ParseInt(place, 10, 64)
	return Cursor{At: time.UnixMilli(ms).UTC(), Place: n}, err == nil
}
