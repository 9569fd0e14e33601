// Package fairlead holds the nouns and rules that every room of the product shares: people, Git hosts and providers,
// setups and their proofs, diagnoses, audit events. It knows the standard library only; see ARCHITECTURE.md for the rooms.
package fairlead

import (
	"crypto/rand"
	"io"
	"time"
)

// Clock tells the time. Production passes time.Now; tests pass a clock that they move by hand.
type Clock func() time.Time

// Random is the source of ids, tokens and nonces. Production passes crypto/rand.Reader.
type Random = io.Reader

// SystemRandom is the operating system's source of randomness.
func SystemRandom() Random { return rand.Reader }
