package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"fairlead"
)

const (
	sessionColumns = `id, person_id, created_at, seen_at, expires_at, address, user_agent`
	noSuchSession  = "There is no such session."
)

// CreateSession signs a person in: s brings person, end, address and browser. The password hash that the caller
// verified must still be the person's, or a sign-in that began before a password change or a removal would survive it;
// CodeConflict then. Sessions that ended by time are swept out on the way.
func (d *DB) CreateSession(ctx context.Context, by fairlead.Actor, s fairlead.Session, tokenHash, passwordHash string) (fairlead.Session, error) {
	err := d.write(ctx, func(t tx) error {
		if _, err := t.exec(ctx, `DELETE FROM sessions WHERE expires_at <= $1`, millis(t.now)); err != nil {
			return err
		}
		s.ID, s.CreatedAt, s.SeenAt = fairlead.NewID(t.db.random, fairlead.PrefixSession), t.now, t.now
		created, err := t.exec(ctx, `
			INSERT INTO sessions (id, token_hash, person_id, created_at, seen_at, expires_at, address, user_agent)
			SELECT $1, $2, id, $3, $4, $5, $6, $7
			FROM people WHERE id = $8 AND password_hash = $9 AND removed_at IS NULL`,
			s.ID, tokenHash, millis(s.CreatedAt), millis(s.SeenAt), millis(s.ExpiresAt), s.Address, s.UserAgent,
			s.PersonID, passwordHash)
		if err != nil {
			return err
		}
		if created == 0 {
			return fairlead.Errorf(fairlead.CodeConflict, "This account changed during the sign-in. Sign in again.")
		}
		return t.audit(ctx, by, "session.created", s.ID, "")
	})
	return s, err
}

// FindSession returns a session and its person by the hash of the session's token; CodeNotFound if it does not exist or
// its time is over.
func (d *DB) FindSession(ctx context.Context, tokenHash string) (fairlead.Session, fairlead.Person, error) {
	s, err := scanSession(d.reader.QueryRowContext(ctx, `
		SELECT `+sessionColumns+` FROM sessions WHERE token_hash = $1 AND expires_at > $2`, tokenHash, millis(d.clock())))
	if err != nil {
		return fairlead.Session{}, fairlead.Person{}, notFound(err, noSuchSession)
	}
	p, err := d.FindPerson(ctx, s.PersonID)
	return s, p, err
}

// ListSessions returns a person's sessions whose time is not over, the last seen first.
func (d *DB) ListSessions(ctx context.Context, personID string) ([]fairlead.Session, error) {
	return list(ctx, d.reader, scanSession, `
		SELECT `+sessionColumns+`
		FROM sessions WHERE person_id = $1 AND expires_at > $2 ORDER BY seen_at DESC, id`, personID, millis(d.clock()))
}

// UpdateSeen notes that a session was in use. It tells nothing that anybody did, so there is no audit event.
func (d *DB) UpdateSeen(ctx context.Context, sessionID string, at time.Time) error {
	return d.write(ctx, func(t tx) error {
		_, err := t.exec(ctx, `UPDATE sessions SET seen_at = $1 WHERE id = $2`, millis(at), sessionID)
		return err
	})
}

// RemoveSession ends one session of a person. One that is not there, or not that person's, changes nothing.
func (d *DB) RemoveSession(ctx context.Context, by fairlead.Actor, personID, sessionID string) error {
	return d.write(ctx, func(t tx) error {
		ended, err := t.exec(ctx, `DELETE FROM sessions WHERE id = $1 AND person_id = $2`, sessionID, personID)
		if err != nil || ended == 0 {
			return err
		}
		return t.audit(ctx, by, "session.ended", sessionID, "")
	})
}

// RemoveSessions ends every session of a person.
func (d *DB) RemoveSessions(ctx context.Context, by fairlead.Actor, personID string) error {
	return d.write(ctx, func(t tx) error {
		ended, err := t.removeSessions(ctx, personID, "")
		if err != nil || ended == 0 {
			return err
		}
		return t.audit(ctx, by, "session.ended", personID, fmt.Sprintf("Every session, %d in all", ended))
	})
}

func (t tx) removeSessions(ctx context.Context, personID, except string) (ended int64, err error) {
	return t.exec(ctx, `DELETE FROM sessions WHERE person_id = $1 AND id <> $2`, personID, except)
}

func scanSession(row scanner) (s fairlead.Session, err error) {
	var created, seen, expires sql.NullInt64
	err = row.Scan(&s.ID, &s.PersonID, &created, &seen, &expires, &s.Address, &s.UserAgent)
	s.CreatedAt, s.SeenAt, s.ExpiresAt = instant(created), instant(seen), instant(expires)
	return s, err
}
