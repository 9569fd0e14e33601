package fairlead

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
)

// Prefixes of ids, one per noun, so that an id in a log says what it names.
const (
	PrefixPerson   = "pe_"
	PrefixSession  = "se_"
	PrefixLink     = "ol_"
	PrefixDraft    = "dr_"
	PrefixSetup    = "su_"
	PrefixAttempt  = "at_"
	PrefixProvider = "gp_"
	PrefixProject  = "pr_"
	PrefixAudit    = "au_"
	PrefixRequest  = "rq_"
)

var idEncoding = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

// NewID returns prefix followed by 16 characters (80 random bits). It panics if the source of randomness fails, since
// nothing sensible can go on then.
func NewID(random Random, prefix string) string {
	return prefix + idEncoding.EncodeToString(read(random, 10))
}

// NewIDAt is NewID for what comes in large numbers: the id begins with the second of at and has 48 random bits, so that what
// is stored together is together in an index of ids, and storing it changes few pages.
func NewIDAt(at time.Time, random Random, prefix string) string {
	id := binary.BigEndian.AppendUint32(nil, uint32(at.Unix()))
	return prefix + idEncoding.EncodeToString(append(id, read(random, 6)...))
}

// IsID reports whether s has the shape of an id with that prefix: parse before asking the database.
func IsID(s, prefix string) bool {
	rest, ok := strings.CutPrefix(s, prefix)
	if !ok || len(rest) != 16 {
		return false
	}
	_, err := idEncoding.DecodeString(rest)
	return err == nil
}

// NewToken returns a bearer value for a cookie or a one-time link: 43 URL-safe characters, 256 random bits.
func NewToken(random Random) string { return base64.RawURLEncoding.EncodeToString(read(random, 32)) }

// HashToken is how a bearer value is kept at rest. The tokens are random, so a plain SHA-256 cannot be reversed.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func read(random Random, n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(random, b); err != nil {
		panic(fmt.Sprintf("fairlead: no randomness: %v", err))
	}
	return b
}
