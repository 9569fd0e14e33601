package accounts

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"

	"golang.org/x/crypto/argon2"

	"fairlead"
)

// The cost of one hash, as OWASP's password storage cheat sheet asks for argon2id: about 40 ms and 19 MiB.
const (
	hashMemory  = 19 * 1024 // KiB
	hashTime    = 2
	hashThreads = 1
	saltLength  = 16
	keyLength   = 32
)

// hasher hashes and verifies passwords, at most two at once: each takes 19 MiB, and sign-in is open to everybody.
type hasher struct {
	random fairlead.Random
	slots  chan struct{}
}

func newHasher(random fairlead.Random) *hasher {
	return &hasher{random: random, slots: make(chan struct{}, 2)}
}

// hash returns a new PHC string. It fails only if ctx ends while it waits for its turn.
func (h *hasher) hash(ctx context.Context, password fairlead.Secret) (string, error) {
	p := phc{memory: hashMemory, time: hashTime, threads: hashThreads, salt: make([]byte, saltLength)}
	if _, err := io.ReadFull(h.random, p.salt); err != nil {
		return "", fmt.Errorf("salt: %w", err)
	}
	key, err := h.derive(ctx, p, password, keyLength)
	p.key = key
	return p.String(), err
}

// verify reports whether the password belongs to the PHC string.
func (h *hasher) verify(ctx context.Context, encoded string, password fairlead.Secret) (bool, error) {
	p, err := parsePHC(encoded)
	if err != nil {
		return false, err
	}
	key, err := h.derive(ctx, p, password, len(p.key))
	return err == nil && subtle.ConstantTimeCompare(key, p.key) == 1, err
}

// verifyNobody takes as long as verify: the time of an answer must not tell whether an account exists.
func (h *hasher) verifyNobody(ctx context.Context, password fairlead.Secret) error {
	p := phc{memory: hashMemory, time: hashTime, threads: hashThreads, salt: make([]byte, saltLength)}
	_, err := h.derive(ctx, p, password, keyLength)
	return err
}

func (h *hasher) derive(ctx context.Context, p phc, password fairlead.Secret, length int) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(password.Reveal()), p.salt, p.time, p.memory, p.threads, uint32(length)), nil
}

// phc is a hash in the password hashing competition's string format, which carries its own cost:
// $argon2id$v=19$m=19456,t=2,p=1$salt$key
type phc struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

const phcFormat = "$argon2id$v=19$m=%d,t=%d,p=%d$%s"

func (p phc) String() string {
	return fmt.Sprintf(phcFormat, p.memory, p.time, p.threads, encode(p.salt)+"$"+encode(p.key))
}

func parsePHC(text string) (p phc, err error) {
	var rest string
	if _, err := fmt.Sscanf(text, phcFormat, &p.memory, &p.time, &p.threads, &rest); err != nil {
		return phc{}, fmt.Errorf("password hash: %w", err)
	}
	for i := range rest {
		if rest[i] != '$' {
			continue
		}
		if p.salt, err = decode(rest[:i]); err != nil {
			return phc{}, fmt.Errorf("password hash: salt: %w", err)
		}
		if p.key, err = decode(rest[i+1:]); err != nil {
			return phc{}, fmt.Errorf("password hash: key: %w", err)
		}
		break
	}
	if len(p.salt) < 8 || len(p.key) < 16 || p.time == 0 || p.threads == 0 || p.memory > 1<<20 {
		return phc{}, fmt.Errorf("password hash: cost or length out of range")
	}
	return p, nil
}

func encode(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

func decode(s string) ([]byte, error) { return base64.RawStdEncoding.Strict().DecodeString(s) }
