package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"fairlead"
)

const noSetup = "There is no such setup. It may have been confirmed or cancelled."

const setupColumns = `s.id, s.draft_id, s.kind, s.instance_url, s.display_name, s.owner, s.application_id, s.secret_sealed, s.digest,
	s.state, s.reach, s.diagnosis, s.proof, s.waiting_since, s.received_at, s.provider_id, s.created_by, p.name, s.created_at, s.updated_at`

const setupTables = ` FROM setups s JOIN people p ON p.id = s.created_by `

func (d *DB) scanSetup(row scanner) (s fairlead.Setup, err error) {
	var (
		sealed                           []byte
		reach                            string
		diagnosis, proof                 sql.NullString
		waiting, received, made, updated sql.NullInt64
	)
	if err = row.Scan(&s.ID, &s.DraftID, &s.Kind, &s.InstanceURL, &s.DisplayName, &s.Owner, &s.ApplicationID, &sealed, &s.Digest,
		&s.State, &reach, &diagnosis, &proof, &waiting, &received, &s.ProviderID, &s.CreatedBy.ID, &s.CreatedBy.Name, &made, &updated); err != nil {
		return s, err
	}
	s.WaitingSince, s.ReceivedAt, s.CreatedAt, s.UpdatedAt = instant(waiting), instant(received), instant(made), instant(updated)
	s.Secret, err = d.keyring.open(sealed, setupSecretPlace(s.ID))
	return s, errors.Join(err, json.Unmarshal([]byte(reach), &s.Reach), decode(diagnosis, &s.Diagnosis), decode(proof, &s.Proof))
}

func setupSecretPlace(id string) string { return "setups/" + id + "/secret" }

// decode reads a nullable JSON column into a pointer that stays nil for NULL.
func decode[T any](text sql.NullString, into **T) error {
	if !text.Valid {
		return nil
	}
	*into = new(T)
	return json.Unmarshal([]byte(text.String), *into)
}

// encode writes a nullable JSON column.
func encode[T any](value *T) any {
	if value == nil {
		return nil
	}
	return asJSON(*value)
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic("db: " + err.Error()) // our own types marshal
	}
	return string(text)
}

// CreateSetup stores a new setup. A draft becomes one setup: sent again, it finds the first, and made is false.
func (d *DB) CreateSetup(ctx context.Context, by fairlead.Actor, s fairlead.Setup) (stored fairlead.Setup, made bool, err error) {
	err = d.write(ctx, func(t tx) error {
		s.Digest, s.CreatedAt, s.UpdatedAt = d.setupDigest(s), t.now, t.now
		n, err := t.exec(ctx, `
			INSERT INTO setups (id, draft_id, kind, instance_url, display_name, owner, application_id, secret_sealed, digest, state, reach, provider_id, created_by, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (draft_id) DO NOTHING`,
			s.ID, s.DraftID, s.Kind, s.InstanceURL, s.DisplayName, s.Owner, s.ApplicationID, d.keyring.seal(s.Secret, setupSecretPlace(s.ID)), s.Digest,
			s.State, asJSON(s.Reach), s.ProviderID, s.CreatedBy.ID, millis(s.CreatedAt), millis(s.UpdatedAt))
		if err != nil {
			return err
		}
		if made = n == 1; !made {
			stored, err = d.scanSetup(t.QueryRowContext(ctx, `SELECT `+setupColumns+setupTables+`WHERE s.draft_id = $1`, s.DraftID))
			return err
		}
		stored = s
		return t.audit(ctx, by, "setup.started", s.ID, s.DisplayName)
	})
	return stored, made, err
}

// setupDigest binds a proof to exactly what was proven.
func (d *DB) setupDigest(s fairlead.Setup) string {
	return d.keyring.digest(string(s.Kind), s.InstanceURL, s.ApplicationID, s.Secret.Reveal())
}

// FindSetup returns a setup; CodeNotFound if it was confirmed, cancelled or never there.
func (d *DB) FindSetup(ctx context.Context, id string) (fairlead.Setup, error) {
	return d.findSetup(ctx, d.reader, id)
}

func (d *DB) findSetup(ctx context.Context, q querier, id string) (fairlead.Setup, error) {
	s, err := d.scanSetup(q.QueryRowContext(ctx, `SELECT `+setupColumns+setupTables+`WHERE s.id = $1`, id))
	return s, notFound(err, noSetup)
}

// ListSetups returns the unfinished setups, newest first.
func (d *DB) ListSetups(ctx context.Context) ([]fairlead.Setup, error) {
	return list(ctx, d.reader, d.scanSetup, `SELECT `+setupColumns+setupTables+`ORDER BY s.created_at DESC, s.id`)
}

// ListInterrupted returns the setups that were being checked, or had a spent attempt without an outcome. An attempt from
// before the setup began to wait was told about already.
func (d *DB) ListInterrupted(ctx context.Context) ([]fairlead.Setup, error) {
	return list(ctx, d.reader, d.scanSetup, `SELECT `+setupColumns+setupTables+`
		WHERE s.state = 'checking' OR s.state = 'waiting' AND EXISTS (
			SELECT 1 FROM attempts a WHERE a.setup_id = s.id AND a.digest = s.digest AND a.spent_at >= s.waiting_since AND a.finished_at IS NULL)
		ORDER BY s.created_at, s.id`)
}

// UpdateCredentials stores what was corrected and drops everything that the old values proved. A zero secret keeps the
// stored one.
func (d *DB) UpdateCredentials(ctx context.Context, by fairlead.Actor, id, applicationID string, secret fairlead.Secret) (s fairlead.Setup, err error) {
	err = d.write(ctx, func(t tx) error {
		if s, err = d.findSetup(ctx, t, id); err != nil {
			return err
		}
		s.ApplicationID, s.State, s.ReceivedAt = applicationID, fairlead.SetupChecking, time.Time{}
		if !secret.IsZero() {
			s.Secret = secret
		}
		if err := t.replaceCredentials(ctx, s); err != nil {
			return err
		}
		if s, err = d.findSetup(ctx, t, id); err != nil {
			return err
		}
		return t.audit(ctx, by, "setup.changed", s.ID, s.DisplayName)
	})
	return s, err
}

// replaceCredentials stores application ID, secret, state and when they were received, and drops what older values proved.
func (t tx) replaceCredentials(ctx context.Context, s fairlead.Setup) error {
	_, err := t.exec(ctx, `
		UPDATE setups SET application_id = $1, secret_sealed = $2, digest = $3, state = $4, reach = $5, diagnosis = NULL, proof = NULL,
			waiting_since = NULL, received_at = $6, updated_at = $7
		WHERE id = $8`,
		s.ApplicationID, t.db.keyring.seal(s.Secret, setupSecretPlace(s.ID)), t.db.setupDigest(s), s.State, asJSON(fairlead.Reach{}),
		millis(s.ReceivedAt), millis(t.now), s.ID)
	return err
}

// UpdateDisplayName renames a setup.
func (d *DB) UpdateDisplayName(ctx context.Context, by fairlead.Actor, id, name string) error {
	return d.write(ctx, func(t tx) error {
		n, err := t.exec(ctx, `UPDATE setups SET display_name = $1, updated_at = $2 WHERE id = $3`, name, millis(t.now), id)
		if err != nil || n == 0 {
			return errors.Join(err, missing(n, noSetup))
		}
		return t.audit(ctx, by, "setup.renamed", id, name)
	})
}

// missing is CodeNotFound for a statement that changed nothing.
func missing(changed int64, message string) error {
	if changed > 0 {
		return nil
	}
	return fairlead.Errorf(fairlead.CodeNotFound, "%s", message)
}

// UpdateOwner remembers under which owner the host keeps the registration.
func (d *DB) UpdateOwner(ctx context.Context, by fairlead.Actor, id, owner string) error {
	return d.write(ctx, func(t tx) error {
		n, err := t.exec(ctx, `UPDATE setups SET owner = $1 WHERE id = $2`, owner, id)
		if err != nil || n == 0 {
			return errors.Join(err, missing(n, noSetup))
		}
		return t.audit(ctx, by, "setup.owner_changed", id, owner)
	})
}

// UpdateState writes where a setup stands, unless its values changed since s was read.
func (d *DB) UpdateState(ctx context.Context, by fairlead.Actor, s fairlead.Setup) error {
	return d.write(ctx, func(t tx) error {
		n, err := t.updateState(ctx, s)
		if err != nil || n == 0 {
			return err
		}
		action, detail := "setup.waiting", s.DisplayName
		switch s.State {
		case fairlead.SetupEntered:
			action = "setup.stopped"
		case fairlead.SetupRefused:
			action = "setup.refused"
		case fairlead.SetupFailed:
			action = "setup.failed"
		}
		if s.Diagnosis != nil {
			detail += ": " + string(s.Diagnosis.Code)
		}
		return t.audit(ctx, by, action, s.ID, detail)
	})
}

func (t tx) updateState(ctx context.Context, s fairlead.Setup) (int64, error) {
	// A proof stays good until the values change: a second window that fails later does not take it away.
	return t.exec(ctx, `
		UPDATE setups SET state = $1, reach = $2, diagnosis = $3, proof = $4, waiting_since = $5, updated_at = $6
		WHERE id = $7 AND digest = $8 AND (state <> 'verified' OR $9 = 'verified')`,
		s.State, asJSON(s.Reach), encode(s.Diagnosis), encode(s.Proof), millis(s.WaitingSince), millis(t.now), s.ID, s.Digest, s.State)
}

// CancelSetup removes a setup and its secret. Its attempts stay for a day, without the verifier, so that a late callback
// can be explained.
func (d *DB) CancelSetup(ctx context.Context, by fairlead.Actor, id string) error {
	return d.write(ctx, func(t tx) error {
		var name string
		err := t.QueryRowContext(ctx, `DELETE FROM setups WHERE id = $1 RETURNING display_name`, id).Scan(&name)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // twice cancelled is cancelled
		}
		if err != nil {
			return err
		}
		if err := t.cancelAttempts(ctx, id); err != nil {
			return err
		}
		return t.audit(ctx, by, "setup.cancelled", id, name)
	})
}
