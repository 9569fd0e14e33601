package accounts

import (
	"context"
	"time"

	"fairlead"
)

// How long a session lives: at most 30 days, and 7 days without use. That it is in use is written at most once a minute.
const (
	SessionLife = 30 * 24 * time.Hour
	sessionIdle = 7 * 24 * time.Hour
	seenEvery   = time.Minute
)

type sessionStore interface {
	FindSession(ctx context.Context, tokenHash string) (fairlead.Session, fairlead.Person, error)
	ListSessions(ctx context.Context, personID string) ([]fairlead.Session, error)
	UpdateSeen(ctx context.Context, sessionID string, at time.Time) error
	RemoveSession(ctx context.Context, by fairlead.Actor, personID, sessionID string) error
	RemoveSessions(ctx context.Context, by fairlead.Actor, personID string) error
}

// FindSession returns who is signed in with a cookie's token; CodeNotFound if the session ended, by whatever cause.
func (f *Flow) FindSession(ctx context.Context, token string) (fairlead.Person, fairlead.Session, error) {
	session, person, err := f.store.FindSession(ctx, fairlead.HashToken(token))
	if err != nil {
		return fairlead.Person{}, fairlead.Session{}, err
	}
	now := f.clock()
	if isIdle(session, now) {
		return fairlead.Person{}, fairlead.Session{}, fairlead.Errorf(fairlead.CodeNotFound, "This session has ended.")
	}
	if now.Sub(session.SeenAt) >= seenEvery {
		session.SeenAt = now
		err = f.store.UpdateSeen(ctx, session.ID, now)
	}
	return person, session, err
}

// Sessions lists a person's sessions, the last seen first.
func (f *Flow) Sessions(ctx context.Context, personID string) ([]fairlead.Session, error) {
	all, err := f.store.ListSessions(ctx, personID)
	if err != nil {
		return nil, err
	}
	now := f.clock()
	var open []fairlead.Session
	for _, session := range all {
		if !isIdle(session, now) {
			open = append(open, session)
		}
	}
	return open, nil
}

// EndSession ends one of the actor's own sessions; one that is not theirs, or not there any more, is left alone.
func (f *Flow) EndSession(ctx context.Context, by fairlead.Actor, sessionID string) error {
	return f.store.RemoveSession(ctx, by, by.PersonID, sessionID)
}

// EndSessions signs the actor out everywhere, here included.
func (f *Flow) EndSessions(ctx context.Context, by fairlead.Actor) error {
	return f.store.RemoveSessions(ctx, by, by.PersonID)
}

func isIdle(s fairlead.Session, now time.Time) bool { return !now.Before(s.SeenAt.Add(sessionIdle)) }
