package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"fairlead"
)

// goodAttempts is how many windows of one setup may be open at the host at once.
const goodAttempts = 3

// attemptsKept is how long a finished attempt can still be explained.
const attemptsKept = 24 * time.Hour

func attemptVerifierPlace(id string) string { return "attempts/" + id + "/verifier" }

// CreateAttempt stores an attempt under the hash of its state and moves its setup to "waiting". The setup's newest three
// stay good.
func (d *DB) CreateAttempt(ctx context.Context, a fairlead.Attempt, stateHash string) error {
	return d.write(ctx, func(t tx) error {
		if _, err := t.exec(ctx, `DELETE FROM attempts WHERE expires_at < $1`, millis(t.now.Add(-attemptsKept))); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `
			INSERT INTO attempts (id, state_hash, setup_id, session_id, person_id, verifier_sealed, digest, popup, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			a.ID, stateHash, a.SetupID, a.SessionID, a.PersonID, d.keyring.seal(a.Verifier, attemptVerifierPlace(a.ID)), a.Digest, a.Popup,
			millis(a.CreatedAt), millis(a.ExpiresAt)); err != nil {
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

// auditAttempt writes who made the trip to the host: not always who began the setup, since another owner may continue it.
// The address is the one that the session came from.
func (t tx) auditAttempt(ctx context.Context, a fairlead.Attempt, action, detail string) error {
	by := fairlead.Actor{PersonID: a.PersonID}
	if err := t.QueryRowContext(ctx, `
		SELECT p.name, coalesce(s.address, '') FROM people p LEFT JOIN sessions s ON s.id = $1 WHERE p.id = $2`, a.SessionID, a.PersonID).
		Scan(&by.Name, &by.Address); err != nil {
		return err
	}
	return t.audit(ctx, by, action, a.SetupID, detail)
}

// FindAttempt finds an attempt by the hash of its state.
func (d *DB) FindAttempt(ctx context.Context, stateHash string) (fairlead.Attempt, error) {
	a, err := d.scanAttempt(d.reader.QueryRowContext(ctx, `
		SELECT id, setup_id, session_id, person_id, verifier_sealed, digest, popup, created_at, expires_at, spent_at, outcome, cancelled
		FROM attempts WHERE state_hash = $1`, stateHash))
	return a, notFound(err, "There is no such attempt.")
}

func (d *DB) scanAttempt(row scanner) (a fairlead.Attempt, err error) {
	var (
		sealed               []byte
		made, expires, spent sql.NullInt64
	)
	if err = row.Scan(&a.ID, &a.SetupID, &a.SessionID, &a.PersonID, &sealed, &a.Digest, &a.Popup, &made, &expires, &spent, &a.Outcome, &a.Cancelled); err != nil {
		return a, err
	}
	a.CreatedAt, a.ExpiresAt, a.SpentAt = instant(made), instant(expires), instant(spent)
	a.Verifier, err = d.keyring.open(sealed, attemptVerifierPlace(a.ID))
	return a, err
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
