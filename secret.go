package fairlead

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Secret carries a value that must never reach a page, a log, an error or JSON: whatever prints it prints "[redacted]".
// Only Reveal hands out the value, so every use is easy to find.
type Secret struct {
	_     [0]func() // not comparable: == would compare pointers; see Equal
	value *string   // a pointer, since fmt prints a struct raw when a verb does not fit or a method is out of its reach
}

// NewSecret wraps a value.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{value: &value}
}

// Reveal returns the value itself. Call it only where the value leaves for the host or for the sealed column.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Equal reports whether both hold the same value, in a time that does not depend on where they differ.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s.value == nil }

// Format implements fmt.Formatter, so that every verb (%v, %+v, %q, %x ...) stays redacted.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String implements fmt.Stringer.
func (s Secret) String() string { return redacted }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, which also covers JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
