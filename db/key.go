package db

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"fairlead"
)

const keyLength = 32

// Keyring holds the one key from which all others derive: the sealing key, the cookie keys, the digest key.
type Keyring struct {
	master      []byte
	random      fairlead.Random
	fingerprint string
	sealing     cipher.AEAD
}

func newKeyring(master []byte, random fairlead.Random) *Keyring {
	k := &Keyring{master: master, random: random}
	k.fingerprint, k.sealing = hex.EncodeToString(k.Derive("fingerprint", 8)), k.gcm()
	return k
}

// loadKey reads the key file. It makes a new one only for a new database: a lost key must never be replaced silently,
// since everything sealed with it would be unreadable.
func loadKey(path string, newDatabase bool, database string, random fairlead.Random) (*Keyring, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if !newDatabase {
			return nil, fmt.Errorf("the key file %s is missing, and the secrets in %s are sealed with it; put the file back or name it with --key-file", path, database)
		}
		return createKey(path, random)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the key file %s: %w", path, err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keyLength {
		return nil, fmt.Errorf("the key file %s does not hold a Fairlead key (%d bytes in base64)", path, keyLength)
	}
	return newKeyring(key, random), nil
}

func createKey(path string, random fairlead.Random) (*Keyring, error) {
	key := make([]byte, keyLength)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, fmt.Errorf("cannot make a key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the folder of the key file %s: %w", path, err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot write the key file %s: %w", path, err)
	}
	_, err = fmt.Fprintln(file, base64.StdEncoding.EncodeToString(key))
	// The database is written after the key, so the key must be on the disk first.
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, fmt.Errorf("cannot write the key file %s: %w", path, err)
	}
	return newKeyring(key, random), nil
}

// Derive returns a key of its own for a purpose.
func (k *Keyring) Derive(purpose string, length int) []byte {
	key, err := hkdf.Key(sha256.New, k.master, nil, "fairlead "+purpose, length)
	if err != nil {
		panic(fmt.Sprintf("db: derive %s: %v", purpose, err)) // only for lengths that no caller asks for
	}
	return key
}

// Fingerprint names the key without telling anything of it.
func (k *Keyring) Fingerprint() string { return k.fingerprint }

// seal encrypts a secret for one cell: the place (table, row, column) is authenticated, so that a value moved to
// another row does not open. The result is the key's id, a nonce and the ciphertext; empty for no secret.
func (k *Keyring) seal(secret fairlead.Secret, place string) []byte {
	if secret.IsZero() {
		return []byte{}
	}
	gcm := k.sealing
	nonce := make([]byte, gcm.NonceSize())
	if _, err := io.ReadFull(k.random, nonce); err != nil {
		panic(fmt.Sprintf("db: no randomness: %v", err))
	}
	head := append([]byte(k.Fingerprint()), nonce...)
	return gcm.Seal(head, nonce, []byte(secret.Reveal()), []byte(place))
}

// open is the reverse of seal.
func (k *Keyring) open(sealed []byte, place string) (fairlead.Secret, error) {
	if len(sealed) == 0 {
		return fairlead.Secret{}, nil
	}
	gcm, id := k.sealing, k.fingerprint
	if len(sealed) < len(id)+gcm.NonceSize() || string(sealed[:len(id)]) != id {
		return fairlead.Secret{}, fmt.Errorf("%s is sealed with another key", place)
	}
	nonce, text := sealed[len(id):len(id)+gcm.NonceSize()], sealed[len(id)+gcm.NonceSize():]
	plain, err := gcm.Open(nil, nonce, text, []byte(place))
	if err != nil {
		return fairlead.Secret{}, fmt.Errorf("%s does not open: %w", place, err)
	}
	return fairlead.NewSecret(string(plain)), nil
}

func (k *Keyring) gcm() cipher.AEAD {
	block, err := aes.NewCipher(k.Derive("seal", keyLength))
	if err != nil {
		panic(fmt.Sprintf("db: %v", err)) // the key length is ours
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(fmt.Sprintf("db: %v", err))
	}
	return gcm
}

// digest binds a proof to exactly what was proven; keyed, so that the row tells nothing about the secret.
func (k *Keyring) digest(parts ...string) string {
	mac := hmac.New(sha256.New, k.Derive("digest", keyLength))
	for _, part := range parts {
		fmt.Fprintf(mac, "%d:%s", len(part), part) // lengths keep ("ab","c") and ("a","bc") apart
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// checkKey compares the key with the one that the database was made with.
func (d *DB) checkKey(ctx context.Context, keyFile, path string) error {
	return d.write(ctx, func(t tx) error {
		want := d.keyring.Fingerprint()
		if _, err := t.exec(ctx, `INSERT INTO workspace (id, name, key_fingerprint, created_at) VALUES (1, '', $1, $2) ON CONFLICT DO NOTHING`,
			want, millis(t.now)); err != nil {
			return err
		}
		var got string
		if err := t.QueryRowContext(ctx, `SELECT key_fingerprint FROM workspace`).Scan(&got); err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("the key file %s holds key %s, but the secrets in %s are sealed with key %s; name the right file with --key-file", keyFile, want, path, got)
		}
		return nil
	})
}
