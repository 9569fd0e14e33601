package db

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlead"
)

var someKey = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, keyLength))

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// closedDatabase is a folder with a database, its key file and nobody in it.
func closedDatabase(t *testing.T) (dir, key string) {
	t.Helper()
	dir = t.TempDir()
	if err := opened(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, "fairlead.key")
}

func TestTheKeyFileIsMadeOnceForItsOwnerOnly(t *testing.T) {
	dir, key := closedDatabase(t)
	info, err := os.Stat(key)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("got %v, %v", info.Mode(), err)
	}
	before, _ := os.ReadFile(key)
	opened(t, dir)
	if after, _ := os.ReadFile(key); !bytes.Equal(before, after) {
		t.Error("the key changed")
	}
}

func TestAMissingKeyIsNamedAndNeverReplaced(t *testing.T) {
	dir, key := closedDatabase(t)
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, Options{Dir: dir}, key, "missing", "--key-file")
	if _, err := os.Stat(key); err == nil {
		t.Error("another key was made")
	}
}

func TestADifferentKeyIsRefused(t *testing.T) {
	dir, key := closedDatabase(t)
	writeFile(t, key, someKey)
	wantRefused(t, Options{Dir: dir}, key, "--key-file")
	wantRefused(t, Options{Dir: dir, Beside: true}, key)
}

func TestAKeyFileThatHoldsNoKeyIsRefused(t *testing.T) {
	dir, key := closedDatabase(t)
	for _, content := range []string{"", "garbage", "!!!!", someKey[:20], someKey + someKey} {
		writeFile(t, key, content)
		wantRefused(t, Options{Dir: dir}, key, "does not hold a Fairlead key")
	}
}

func TestTheKeyMayLieElsewhere(t *testing.T) {
	dir, key := t.TempDir(), filepath.Join(t.TempDir(), "keys", "the.key")
	if _, err := open(t, Options{Dir: dir, KeyFile: key}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "fairlead.key")); err == nil {
		t.Error("there is a key beside the database too")
	}
}

func TestASealedValueOpensOnlyInItsPlaceAndWithItsKey(t *testing.T) {
	d := opened(t, t.TempDir())
	secret := fairlead.NewSecret("correct-horse-battery")
	sealed := d.keyring.seal(secret, "setups/1/secret")
	if got, err := d.keyring.open(sealed, "setups/1/secret"); err != nil || got.Reveal() != secret.Reveal() {
		t.Fatalf("got %v, %v", got, err)
	}
	if bytes.Contains(sealed, []byte(secret.Reveal())) || bytes.Equal(sealed, d.keyring.seal(secret, "setups/1/secret")) {
		t.Error("the value shows, or sealing twice gives the same")
	}
	for _, place := range []string{"setups/2/secret", "git_providers/1/secret", ""} {
		if _, err := d.keyring.open(sealed, place); err == nil {
			t.Errorf("it opens at %q", place)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := d.keyring.open(changed, "setups/1/secret"); err == nil {
			t.Errorf("it opens with byte %d changed", i)
		}
	}
	if _, err := d.keyring.open(sealed[:20], "setups/1/secret"); err == nil {
		t.Error("it opens when cut off")
	}
	other := opened(t, t.TempDir())
	if _, err := other.keyring.open(sealed, "setups/1/secret"); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("got %v", err)
	}
}

func TestKeysForDifferentPurposesDiffer(t *testing.T) {
	k := opened(t, t.TempDir()).Keyring()
	if bytes.Equal(k.Derive("a", 32), k.Derive("b", 32)) || !bytes.Equal(k.Derive("a", 32), k.Derive("a", 32)) || len(k.Derive("a", 64)) != 64 {
		t.Error("derived keys are not as they should be")
	}
	again := k.digest("ab", "c")
	if k.digest("ab", "c") == k.digest("a", "bc") || k.digest("ab", "c") != again {
		t.Error("a digest does not keep its parts apart")
	}
}
