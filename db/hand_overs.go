package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"fairlead"
)

const noHandOver = "There is no such hand-over link."

const handOverColumns = `h.id, h.setup_id, h.created_by, p.name, h.created_at, h.expires_at, h.spent_at, h.revoked_at
	FROM hand_overs h JOIN people p ON p.id = h.created_by `

func scanHandOver(row scanner) (h fairlead.HandOver, err error) {
	var made, expires, spent, revoked sql.NullInt64
	err = row.Scan(&h.ID, &h.SetupID, &h.CreatedBy.ID, &h.CreatedBy.Name, &made, &expires, &spent, &revoked)
	h.CreatedAt, h.ExpiresAt, h.SpentAt, h.RevokedAt = instant(made), instant(expires), instant(spent), instant(revoked)
	return h, err
}

// CreateHandOver stores a link under the hash of its token. CodeNotFound if its setup is over.
func (d *DB) CreateHandOver(ctx context.Context, by fairlead.Actor, h fairlead.HandOver, tokenHash string) (fairlead.HandOver, error) {
	err := d.write(ctx, func(t tx) error {
		s, err := d.findSetup(ctx, t, h.SetupID)
		if err != nil {
			return err
		}
		h.CreatedBy, h.CreatedAt = fairlead.Person{ID: by.PersonID, Name: by.Name}, t.now
		if _, err := t.exec(ctx, `
			INSERT INTO hand_overs (id, setup_id, token_hash, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			h.ID, h.SetupID, tokenHash, by.PersonID, millis(h.CreatedAt), millis(h.ExpiresAt)); err != nil {
			return err
		}
		return t.audit(ctx, by, "hand_over.created", h.ID, s.DisplayName)
	})
	return h, err
}

// FindHandOver finds a link by the hash of its token.
func (d *DB) FindHandOver(ctx context.Context, tokenHash string) (fairlead.HandOver, error) {
	h, err := scanHandOver(d.reader.QueryRowContext(ctx, `SELECT `+handOverColumns+`WHERE h.token_hash = $1`, tokenHash))
	return h, notFound(err, noHandOver)
}

// ListHandOvers returns a setup's links, newest first.
func (d *DB) ListHandOvers(ctx context.Context, setupID string) ([]fairlead.HandOver, error) {
	return list(ctx, d.reader, scanHandOver, `SELECT `+handOverColumns+`WHERE h.setup_id = $1 ORDER BY h.created_at DESC, h.id`, setupID)
}

// RevokeHandOver ends an open link. Revoked again, or used before, it stays as it is.
func (d *DB) RevokeHandOver(ctx context.Context, by fairlead.Actor, setupID, id string) error {
	return d.write(ctx, func(t tx) error {
		n, err := t.exec(ctx, `UPDATE hand_overs SET revoked_at = $1 WHERE id = $2 AND setup_id = $3 AND spent_at IS NULL AND revoked_at IS NULL`, millis(t.now), id, setupID)
		if err != nil || n == 0 {
			return err
		}
		return t.audit(ctx, by, "hand_over.revoked", id, "")
	})
}

// SpendHandOver takes what came back: it marks the link as used and stores the values, in one transaction. Exactly one
// caller succeeds; the others get CodeConflict. Values that were there before, and what they proved, are gone.
func (d *DB) SpendHandOver(ctx context.Context, by fairlead.Actor, h fairlead.HandOver, applicationID string, secret fairlead.Secret) error {
	return d.write(ctx, func(t tx) error {
		n, err := t.exec(ctx, `
			UPDATE hand_overs SET spent_at = $1 WHERE id = $2 AND spent_at IS NULL AND revoked_at IS NULL AND expires_at > $3`, millis(t.now), h.ID, millis(t.now))
		if err != nil {
			return err
		}
		if n == 0 {
			return fairlead.Errorf(fairlead.CodeConflict, "This link was used or revoked meanwhile.")
		}
		s, err := d.findSetup(ctx, t, h.SetupID)
		if err != nil {
			return err
		}
		s.ApplicationID, s.Secret, s.State, s.ReceivedAt = applicationID, secret, fairlead.SetupEntered, t.now
		if err := t.replaceCredentials(ctx, s); err != nil {
			return err
		}
		return t.audit(ctx, by, "hand_over.received", h.ID, s.DisplayName)
	})
}

// DropAbandonedSecrets removes the sealed secrets of setups that nobody touched since unfinished, or since verified for
// those that only wait to be confirmed. What was typed besides stays. It returns how many there were.
func (d *DB) DropAbandonedSecrets(ctx context.Context, unfinished, verified time.Time) (dropped int, err error) {
	err = d.write(ctx, func(t tx) error {
		old, err := list(ctx, t, d.scanSetup, `SELECT `+setupColumns+setupTables+`
			WHERE length(s.secret_sealed) > 0 AND (s.updated_at < $1 OR s.state = 'verified' AND s.updated_at < $2)`, millis(unfinished), millis(verified))
		if err != nil {
			return err
		}
		for _, s := range old {
			s.Secret, s.State, s.ReceivedAt = fairlead.Secret{}, fairlead.SetupEntered, time.Time{}
			if err := errors.Join(t.replaceCredentials(ctx, s), t.cancelAttempts(ctx, s.ID),
				t.audit(ctx, fairlead.System(), "setup.secret_dropped", s.ID, s.DisplayName)); err != nil {
				return err
			}
		}
		dropped = len(old)
		return nil
	})
	return dropped, err
}
