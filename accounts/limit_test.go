package accounts

import (
	"fmt"
	"testing"
	"time"

	"fairlead"
)

func TestAddressesAreCountedBySubscriber(t *testing.T) {
	for name, c := range map[string]struct {
		one, other string
		same       bool
	}{
		"an IPv6 network":           {"2001:db8::1", "2001:db8::ffff:1", true},
		"two IPv6 networks":         {"2001:db8::1", "2001:db8:0:1::1", false},
		"IPv4 written as IPv6":      {"192.0.2.1", "::ffff:192.0.2.1", true},
		"two IPv4 addresses":        {"192.0.2.1", "192.0.2.2", false},
		"one interface, two zones":  {"fe80::1%eth0", "fe80::1%eth1", true},
		"addresses nobody can read": {"", "unix socket", true},
	} {
		if got := addressKey(c.one) == addressKey(c.other); got != c.same {
			t.Errorf("%s: same = %v", name, got)
		}
	}
}

func TestARefusedAttemptCountsForNoKey(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	l := newLimiter(func() time.Time { return now })
	for range attemptsPerAccount {
		if err := l.take(accountKey("ana"), addressKey("192.0.2.1")); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		if err := l.take(accountKey("ana"), addressKey("192.0.2.1")); fairlead.CodeOf(err) != fairlead.CodeTooMany {
			t.Fatalf("got %v", err)
		}
	}
	if got := l.tries[addressKey("192.0.2.1")].count; got != attemptsPerAccount {
		t.Errorf("the address has %d attempts, want %d", got, attemptsPerAccount)
	}
}

func TestTheWaitIsToldInMinutes(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Millisecond:              "1 minute",
		time.Minute:                   "1 minute",
		time.Minute + time.Nanosecond: "2 minutes",
		15 * time.Minute:              "15 minutes",
	} {
		if got := minutes(d); got != want {
			t.Errorf("%s: got %s, want %s", d, got, want)
		}
	}
}

func TestWhatIsOverIsForgottenBeforeItFillsTheMemory(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	l := newLimiter(func() time.Time { return now })
	for i := range sweepAbove {
		if err := l.take(accountKey(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(attemptWindow)
	if err := l.take(accountKey("ana")); err != nil {
		t.Fatal(err)
	}
	if len(l.tries) != 1 {
		t.Errorf("%d keys are kept, want 1", len(l.tries))
	}
}
