package fairlead

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Secret carries a value that must never reach a page, a log, an error or JSON: whatever prints it prints "[redacted]".
// Only Reveal hands out the value, so every use is easy to find.
type Secret struct{ value string }

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value: value} }

// Reveal returns the value itself. Call it only where the value leaves for the host or for the sealed column.
func (s Secret) Reveal() string { return s.value }

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s.value == "" }

// Format implements fmt.Formatter, so that every verb (%v, %+v, %q, %x ...) stays redacted.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String implements fmt.Stringer.
func (s Secret) String() string { return redacted }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, which also covers JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
