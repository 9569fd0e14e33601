package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"fairlead"
)

// goodAttempts is how many windows of one setup, or of one person and Git provider, may be open at the host at once.
const goodAttempts = 3

const noAttempt = "There is no such attempt."

const attemptColumns = `id, purpose, setup_id, provider_id, return_to, session_id, person_id, verifier_sealed, digest, popup,
	created_at, expires_at, spent_at, finished_at, outcome, diagnosis, cancelled`

// attemptsKept is how long a finished attempt can still be explained.
const attemptsKept = 24 * time.Hour

func attemptVerifierPlace(id string) string { return "attempts/" + id + "/verifier" }

// CreateAttempt stores an attempt under the hash of its state and moves its setup to "waiting". The setup's newest three
// stay good.
func (d *DB) CreateAttempt(ctx context.Context, a fairlead.Attempt, stateHash string) error {
	return d.write(ctx, func(t tx) error {
		a.Purpose = fairlead.AttemptSetup
		if err := t.addAttempt(ctx, a, stateHash); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `
			UPDATE attempts SET cancelled = 1, verifier_sealed = NULL
			WHERE setup_id = $1 AND spent_at IS NULL AND cancelled = 0
				AND id NOT IN (SELECT id FROM attempts WHERE setup_id = $2 ORDER BY created_at DESC, rowid DESC LIMIT $3)`,
			a.SetupID, a.SetupID, goodAttempts); err != nil {
			return err
		}
		n, err := t.exec(ctx, `
			UPDATE setups SET state = 'waiting', diagnosis = NULL, updated_at = $1,
				waiting_since = CASE state WHEN 'waiting' THEN waiting_since ELSE $2 END
			WHERE id = $3 AND digest = $4 AND state <> 'verified'`, millis(t.now), millis(t.now), a.SetupID, a.Digest)
		if err := errors.Join(err, missing(n, "This setup changed meanwhile. Close this window and continue in the other one.")); err != nil {
			return err
		}
		var name string
		if err := t.QueryRowContext(ctx, `SELECT display_name FROM setups WHERE id = $1`, a.SetupID).Scan(&name); err != nil {
			return err
		}
		return t.auditAttempt(ctx, a, "setup.attempted", name)
	})
}

// addAttempt stores an attempt, and forgets those that nobody needs explained any more.
func (t tx) addAttempt(ctx context.Context, a fairlead.Attempt, stateHash string) error {
	if _, err := t.exec(ctx, `DELETE FROM attempts WHERE expires_at < $1`, millis(t.now.Add(-attemptsKept))); err != nil {
		return err
	}
	_, err := t.exec(ctx, `
		INSERT INTO attempts (id, state_hash, purpose, setup_id, provider_id, return_to, session_id, person_id, verifier_sealed, digest, popup, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		a.ID, stateHash, a.Purpose, a.SetupID, a.ProviderID, a.ReturnTo, a.SessionID, a.PersonID, t.db.keyring.seal(a.Verifier, attemptVerifierPlace(a.ID)),
		a.Digest, a.Popup, millis(a.CreatedAt), millis(a.ExpiresAt))
	return err
}

// auditAttempt writes who made the trip to the host: not always who began the setup, since another owner may continue it.
// The address is the one that the session came from.
func (t tx) auditAttempt(ctx context.Context, a fairlead.Attempt, action, detail string) error {
	by := fairlead.Actor{PersonID: a.PersonID}
	if err := t.QueryRowContext(ctx, `
		SELECT p.name, coalesce(s.address, '') FROM people p LEFT JOIN sessions s ON s.id = $1 WHERE p.id = $2`, a.SessionID, a.PersonID).
		Scan(&by.Name, &by.Address); err != nil {
		return err
	}
	object := a.SetupID
	if a.Purpose == fairlead.AttemptConnect {
		object = a.ProviderID
	}
	return t.audit(ctx, by, action, object, detail)
}

// FindAttempt finds an attempt by the hash of its state.
func (d *DB) FindAttempt(ctx context.Context, stateHash string) (fairlead.Attempt, error) {
	a, err := d.scanAttempt(d.reader.QueryRowContext(ctx, `SELECT `+attemptColumns+` FROM attempts WHERE state_hash = $1`, stateHash))
	return a, notFound(err, noAttempt)
}

func (d *DB) scanAttempt(row scanner) (a fairlead.Attempt, err error) {
	var (
		sealed                         []byte
		diagnosis                      sql.NullString
		made, expires, spent, finished sql.NullInt64
	)
	if err = row.Scan(&a.ID, &a.Purpose, &a.SetupID, &a.ProviderID, &a.ReturnTo, &a.SessionID, &a.PersonID, &sealed, &a.Digest, &a.Popup,
		&made, &expires, &spent, &finished, &a.Outcome, &diagnosis, &a.Cancelled); err != nil {
		return a, err
	}
	a.CreatedAt, a.ExpiresAt, a.SpentAt, a.FinishedAt = instant(made), instant(expires), instant(spent), instant(finished)
	a.Verifier, err = d.keyring.open(sealed, attemptVerifierPlace(a.ID))
	return a, errors.Join(err, decode(diagnosis, &a.Diagnosis))
}

// SpendAttempt marks an attempt as used; exactly one caller gets true.
func (d *DB) SpendAttempt(ctx context.Context, id string) (spent bool, err error) {
	err = d.write(ctx, func(t tx) error {
		n, err := t.exec(ctx, `
			UPDATE attempts SET spent_at = $1, verifier_sealed = NULL
			WHERE id = $2 AND spent_at IS NULL AND cancelled = 0`, millis(t.now), id)
		spent = n == 1
		return err
	})
	return spent, err
}

// FinishAttempt stores how an attempt ended, and with it where its setup stands, unless the setup's values changed
// meanwhile.
func (d *DB) FinishAttempt(ctx context.Context, a fairlead.Attempt, s fairlead.Setup) error {
	return d.write(ctx, func(t tx) error {
		if _, err := t.exec(ctx, `UPDATE attempts SET outcome = $1, finished_at = $2 WHERE id = $3`, a.Outcome, millis(t.now), a.ID); err != nil {
			return err
		}
		n, err := t.updateState(ctx, s)
		if err != nil {
			return err
		}
		action, detail := "setup.verified", s.DisplayName
		switch {
		case n == 0: // its values changed meanwhile, or another window verified them
			action = "setup.outdated"
		case s.State != fairlead.SetupVerified:
			action, detail = "setup.failed", s.DisplayName+": "+string(a.Outcome)
		}
		return t.auditAttempt(ctx, a, action, detail)
	})
}

// cancelAttempts keeps what explains a late callback and drops the rest.
func (t tx) cancelAttempts(ctx context.Context, setupID string) error {
	_, err := t.exec(ctx, `UPDATE attempts SET cancelled = 1, verifier_sealed = NULL WHERE setup_id = $1`, setupID)
	return err
}

// CreateConnectAttempt stores an attempt to connect a person's account, under the hash of its state. The newest three of
// one person and Git provider stay good. CodeConflict if the provider is not, or no longer, what the attempt was minted for.
func (d *DB) CreateConnectAttempt(ctx context.Context, a fairlead.Attempt, stateHash string) error {
	return d.write(ctx, func(t tx) error {
		name, err := t.matchProvider(ctx, a)
		if err != nil {
			return err
		}
		a.Purpose = fairlead.AttemptConnect
		if err := t.addAttempt(ctx, a, stateHash); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `
			UPDATE attempts SET cancelled = 1, verifier_sealed = NULL
			WHERE purpose = 'connect' AND provider_id = $1 AND person_id = $2 AND spent_at IS NULL AND cancelled = 0
				AND id NOT IN (
					SELECT id FROM attempts WHERE purpose = 'connect' AND provider_id = $3 AND person_id = $4 ORDER BY created_at DESC, rowid DESC LIMIT $5)`,
			a.ProviderID, a.PersonID, a.ProviderID, a.PersonID, goodAttempts); err != nil {
			return err
		}
		return t.auditAttempt(ctx, a, "connection.attempted", name)
	})
}

// matchProvider gives the name of an attempt's Git provider, if that is still the one that the attempt was minted for.
func (t tx) matchProvider(ctx context.Context, a fairlead.Attempt) (string, error) {
	g, err := t.db.findProvider(ctx, t, a.ProviderID)
	if err == nil && g.ApplicationID != a.Digest {
		err = fairlead.Errorf(fairlead.CodeConflict, "The Application ID of %s was replaced meanwhile. Connect again.", g.DisplayName)
	}
	return g.DisplayName, err
}

// LastConnectAttempt returns the newest attempt of a session to connect with a Git provider; CodeNotFound if there is none.
func (d *DB) LastConnectAttempt(ctx context.Context, sessionID, providerID string) (fairlead.Attempt, error) {
	a, err := d.scanAttempt(d.reader.QueryRowContext(ctx, `
		SELECT `+attemptColumns+`
		FROM attempts WHERE purpose = 'connect' AND session_id = $1 AND provider_id = $2 ORDER BY created_at DESC, rowid DESC LIMIT 1`,
		sessionID, providerID))
	return a, notFound(err, noAttempt)
}

// FinishConnectAttempt stores how an attempt to connect ended. Without a connection, why it failed: a.Outcome and
// a.Diagnosis. With one, the account and its tokens, in the place of what an earlier attempt brought for the same person,
// Git provider and account: it is alive, and what its links have waiting is due. CodeConflict if the provider's application
// was replaced meanwhile, CodeNotFound if provider or person are gone; then nothing is stored.
func (d *DB) FinishConnectAttempt(ctx context.Context, by fairlead.Actor, a fairlead.Attempt, c *fairlead.Connection) (stored fairlead.Connection, err error) {
	if a.Diagnosis != nil && a.Outcome == "" {
		a.Outcome = a.Diagnosis.Code
	}
	err = d.write(ctx, func(t tx) error {
		if _, err := t.exec(ctx, `UPDATE attempts SET outcome = $1, diagnosis = $2, finished_at = $3 WHERE id = $4`,
			a.Outcome, encode(a.Diagnosis), millis(t.now), a.ID); err != nil {
			return err
		}
		if c == nil {
			g, err := d.findProvider(ctx, t, a.ProviderID)
			if fairlead.CodeOf(err) == fairlead.CodeNotFound {
				return t.audit(ctx, by, "connection.failed", a.ProviderID, string(a.Outcome)) // the provider was removed meanwhile
			}
			return errors.Join(err, t.audit(ctx, by, "connection.failed", a.ProviderID, g.DisplayName+": "+string(a.Outcome)))
		}
		if _, err := t.matchProvider(ctx, a); err != nil {
			return err
		}
		if _, err := t.findPerson(ctx, a.PersonID); err != nil {
			return err
		}
		stored, err = t.putConnection(ctx, by, a, *c)
		return err
	})
	return stored, err
}

// cancelConnectAttempts ends the windows at the host that a Git provider's old application opened.
func (t tx) cancelConnectAttempts(ctx context.Context, providerID string) error {
	_, err := t.exec(ctx, `
		UPDATE attempts SET cancelled = 1, verifier_sealed = NULL WHERE purpose = 'connect' AND provider_id = $1 AND spent_at IS NULL`, providerID)
	return err
}
