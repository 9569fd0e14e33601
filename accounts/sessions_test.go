package accounts_test

import (
	"context"
	"testing"
	"time"

	"fairlead"
	"fairlead/accounts"
)

func TestASessionLivesThirtyDaysAtMost(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	for range 29 {
		h.now = h.now.Add(24 * time.Hour)
		if !h.isSignedIn(priya) {
			t.Fatalf("signed out on %s", h.now)
		}
	}
	h.now = h.now.Add(24 * time.Hour)
	if h.isSignedIn(priya) {
		t.Error("signed in after 30 days")
	}
}

func TestAnUnusedSessionEndsAfterSevenDays(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	h.now = h.now.Add(7*24*time.Hour - time.Second)
	if !h.isSignedIn(priya) {
		t.Fatal("signed out too early")
	}
	h.now = h.now.Add(7 * 24 * time.Hour)
	if h.isSignedIn(priya) {
		t.Error("signed in after 7 days without use")
	}
	if open, err := h.Sessions(context.Background(), priya.Person.ID); err != nil || len(open) != 0 {
		t.Errorf("got %+v, %v", open, err)
	}
}

func TestUseIsWrittenAtMostOnceAMinute(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	start := h.now
	for _, step := range []struct{ after, seen time.Duration }{
		{59 * time.Second, 0},
		{60 * time.Second, time.Minute},
		{119 * time.Second, time.Minute},
		{10 * time.Minute, 10 * time.Minute},
	} {
		h.now = start.Add(step.after)
		_, session, err := h.FindSession(context.Background(), priya.Token.Reveal())
		stored, _ := h.Sessions(context.Background(), priya.Person.ID)
		if err != nil || !session.SeenAt.Equal(start.Add(step.seen)) || !stored[0].SeenAt.Equal(start.Add(step.seen)) {
			t.Errorf("after %s: got %s, stored %s, %v", step.after, session.SeenAt.Sub(start), stored[0].SeenAt.Sub(start), err)
		}
	}
}

func TestATokenThatIsNoSessionsOpensNothing(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	link := h.invited(priya, "ana@acme.example", "member")
	for _, token := range []string{"", "guess", priya.Session.ID, link.Token.Reveal(), fairlead.HashToken(priya.Token.Reveal())} {
		_, _, err := h.FindSession(context.Background(), token)
		wantCode(t, err, fairlead.CodeNotFound)
	}
}

func TestOneSessionEndsAndTheOthersStay(t *testing.T) {
	h := newHarbor(t)
	desk := h.founded()
	phone, err := h.signIn("priya@acme.example", priyasPassword, "192.0.2.9")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.EndSession(context.Background(), as(desk), phone.Session.ID); err != nil {
		t.Fatal(err)
	}
	if !h.isSignedIn(desk) || h.isSignedIn(phone) {
		t.Error("the phone is signed out, the desk is not")
	}
	if e := h.lastEvent("session.ended"); e.Object != phone.Session.ID || e.Actor.Name != "Priya Raman" {
		t.Errorf("got %+v", e)
	}
}

func TestNobodyEndsSomebodyElsesSession(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	ana := h.joined(priya, "ana@acme.example", "Ana", "member", anasPassword)
	if err := h.EndSession(context.Background(), as(ana), priya.Session.ID); err != nil {
		t.Fatal(err)
	}
	if !h.isSignedIn(priya) {
		t.Error("Ana signed Priya out")
	}
}

func TestSignOutEverywhereEndsEverySessionOfOnePerson(t *testing.T) {
	h := newHarbor(t)
	desk := h.founded()
	ana := h.joined(desk, "ana@acme.example", "Ana", "member", anasPassword)
	var others []accounts.SignedIn
	for range 3 {
		other, err := h.signIn("priya@acme.example", priyasPassword, "192.0.2.9")
		if err != nil {
			t.Fatal(err)
		}
		others = append(others, other)
	}
	if err := h.EndSessions(context.Background(), as(desk)); err != nil {
		t.Fatal(err)
	}
	for _, session := range append(others, desk) {
		if h.isSignedIn(session) {
			t.Errorf("%s is still signed in", session.Session.ID)
		}
	}
	if !h.isSignedIn(ana) {
		t.Error("Ana is signed out too")
	}
}
