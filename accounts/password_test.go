package accounts

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"fairlead"
)

func TestAHashCarriesItsCostAndVerifiesItsPasswordOnly(t *testing.T) {
	h := newHasher(rand.Reader)
	ctx := context.Background()
	password := fairlead.NewSecret("fair winds, priya")
	text, err := h.hash(ctx, password)
	if err != nil || !strings.HasPrefix(text, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("got %q, %v", text, err)
	}
	if ok, err := h.verify(ctx, text, password); err != nil || !ok {
		t.Errorf("the password does not verify: %v", err)
	}
	if ok, err := h.verify(ctx, text, fairlead.NewSecret("fair winds, Priya")); err != nil || ok {
		t.Errorf("another password verifies: %v", err)
	}
	if again, _ := h.hash(ctx, password); again == text {
		t.Error("two hashes share a salt")
	}
}

// The vector is from the reference implementation's test.c (phc-winner-argon2): argon2id, v=19, t=2, m=65536 KiB, p=1.
func TestHashesOfOtherImplementationsVerify(t *testing.T) {
	h := newHasher(rand.Reader)
	const text = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, err := h.verify(context.Background(), text, fairlead.NewSecret("password")); err != nil || !ok {
		t.Errorf("got %v, %v", ok, err)
	}
}

func TestADamagedHashIsAnErrorAndNotAWrongPassword(t *testing.T) {
	h := newHasher(rand.Reader)
	for _, text := range []string{
		"",
		"password",
		"$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=16$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=19456,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ",
		"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$",
		"$argon2id$v=19$m=19456,t=2,p=1$!$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc=",
	} {
		if ok, err := h.verify(context.Background(), text, fairlead.NewSecret("password")); err == nil || ok {
			t.Errorf("%q: got %v, %v", text, ok, err)
		}
	}
}

func TestAtMostTwoHashesRunAtOnceAndTheThirdHonoursItsContext(t *testing.T) {
	h := newHasher(rand.Reader)
	h.slots <- struct{}{}
	h.slots <- struct{}{}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for range 20 {
		if _, err := h.hash(gone, fairlead.NewSecret("x")); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
	}
	<-h.slots
	if _, err := h.hash(context.Background(), fairlead.NewSecret("x")); err != nil {
		t.Error(err)
	}
	if len(h.slots) != 1 {
		t.Errorf("%d slots are taken, want 1: a hash gives its slot back", len(h.slots))
	}
}

// emptyStore knows nobody and honours no context.
type emptyStore struct {
	Store
	refusals int
}

func (*emptyStore) FindPersonByEmail(context.Context, string) (fairlead.Person, error) {
	return fairlead.Person{}, fairlead.Errorf(fairlead.CodeNotFound, "Nobody.")
}

func (s *emptyStore) RecordEvent(context.Context, fairlead.Actor, string, string, string) error {
	s.refusals++
	return nil
}

func TestAnUnknownAccountCostsAHashToo(t *testing.T) {
	store := &emptyStore{}
	f := New(store, time.Now, rand.Reader)
	f.passwords.slots <- struct{}{}
	f.passwords.slots <- struct{}{}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := f.SignIn(gone, "nobody@acme.example", fairlead.NewSecret("x"), Browser{Address: "192.0.2.1"})
	if !errors.Is(err, context.Canceled) || store.refusals != 0 {
		t.Errorf("no hash can run, so there can be no verdict: got %v and %d refusals", err, store.refusals)
	}
}
