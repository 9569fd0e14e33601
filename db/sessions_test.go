package db_test

import (
	"context"
	"testing"
	"time"

	"fairlead"
)

// session signs a person in for a day; the token is the browser's name.
func (w *town) session(p fairlead.Person, passwordHash, token string) fairlead.Session {
	w.t.Helper()
	s, err := w.CreateSession(context.Background(), as(p), fairlead.Session{
		PersonID: p.ID, ExpiresAt: w.now.Add(24 * time.Hour), Address: "192.0.2.7", UserAgent: "Browser " + token,
	}, fairlead.HashToken(token), passwordHash)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func TestASessionIsFoundByItsTokenUntilItsTimeIsOver(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	made := w.session(priya, "hash-priya", "desk")
	found, person, err := w.FindSession(context.Background(), fairlead.HashToken("desk"))
	if err != nil || found != made || person != priya {
		t.Errorf("got %+v of %+v, %v, want %+v", found, person, err, made)
	}
	_, _, err = w.FindSession(context.Background(), fairlead.HashToken("guess"))
	wantCode(t, err, fairlead.CodeNotFound)
	_, _, err = w.FindSession(context.Background(), "desk")
	wantCode(t, err, fairlead.CodeNotFound)

	w.now = w.now.Add(24 * time.Hour)
	_, _, err = w.FindSession(context.Background(), fairlead.HashToken("desk"))
	wantCode(t, err, fairlead.CodeNotFound)
	if open, err := w.ListSessions(context.Background(), priya.ID); err != nil || len(open) != 0 {
		t.Errorf("got %+v, %v", open, err)
	}
}

func TestASignInThatBeganBeforeAPasswordChangeDoesNotSurviveIt(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	if err := w.UpdatePassword(context.Background(), as(priya), priya.ID, "hash-priya", "hash-new", ""); err != nil {
		t.Fatal(err)
	}
	_, err := w.CreateSession(context.Background(), as(priya), fairlead.Session{PersonID: priya.ID, ExpiresAt: w.now.Add(time.Hour)}, "t", "hash-priya")
	wantCode(t, err, fairlead.CodeConflict)
}

func TestNobodyIsSignedInAfterTheirRemoval(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	if err := w.RemovePerson(context.Background(), as(priya), ana.ID); err != nil {
		t.Fatal(err)
	}
	_, err := w.CreateSession(context.Background(), as(ana), fairlead.Session{PersonID: ana.ID, ExpiresAt: w.now.Add(time.Hour)}, "t", "hash-Ana")
	wantCode(t, err, fairlead.CodeConflict)
}

func TestSessionsAreListedLastSeenFirstAndOnlyOnesOwn(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	w.session(ana, "hash-Ana", "ana's")
	desk := w.session(priya, "hash-priya", "desk")
	w.now = w.now.Add(time.Minute)
	w.session(priya, "hash-priya", "phone")
	if err := w.UpdateSeen(context.Background(), desk.ID, w.now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	open, err := w.ListSessions(context.Background(), priya.ID)
	if err != nil || len(open) != 2 || open[0].UserAgent != "Browser desk" || open[1].UserAgent != "Browser phone" {
		t.Errorf("got %+v, %v", open, err)
	}
	if !open[0].SeenAt.Equal(w.now.Add(time.Minute)) || !open[0].CreatedAt.Equal(desk.CreatedAt) {
		t.Errorf("got %+v", open[0])
	}
}

func TestSomebodyElsesSessionCannotBeEnded(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	desk := w.session(priya, "hash-priya", "desk")
	w.news()
	if err := w.RemoveSession(context.Background(), as(ana), ana.ID, desk.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.FindSession(context.Background(), fairlead.HashToken("desk")); err != nil {
		t.Error(err)
	}
	w.wantNews()
}

func TestEndedSessionsAreInTheLogOnce(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	desk := w.session(priya, "hash-priya", "desk")
	w.session(priya, "hash-priya", "phone")
	w.session(priya, "hash-priya", "tablet")
	w.news()
	for range 2 {
		if err := w.RemoveSession(context.Background(), as(priya), priya.ID, desk.ID); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := w.RemoveSessions(context.Background(), as(priya), priya.ID); err != nil {
			t.Fatal(err)
		}
	}
	w.wantNews("session.ended", "session.ended")
	for _, token := range []string{"desk", "phone", "tablet"} {
		_, _, err := w.FindSession(context.Background(), fairlead.HashToken(token))
		wantCode(t, err, fairlead.CodeNotFound)
	}
}

func TestSigningInSweepsOutSessionsWhoseTimeIsOver(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	w.session(priya, "hash-priya", "old")
	w.now = w.now.Add(25 * time.Hour)
	w.session(priya, "hash-priya", "new")
	w.now = w.now.Add(-25 * time.Hour) // back to when the old one would still be good
	_, _, err := w.FindSession(context.Background(), fairlead.HashToken("old"))
	wantCode(t, err, fairlead.CodeNotFound)
}
