package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"fairlead"
)

const providerColumns = `g.id, g.kind, g.instance_url, g.display_name, g.application_id, g.secret_sealed, g.setup_id, g.proof, g.verified_by, p.name, g.created_at`

const providerTables = ` FROM git_providers g JOIN people p ON p.id = g.verified_by `

func providerSecretPlace(id string) string { return "git_providers/" + id + "/secret" }

func (d *DB) scanProvider(row scanner) (g fairlead.GitProvider, err error) {
	var (
		sealed []byte
		proof  string
		made   sql.NullInt64
	)
	if err = row.Scan(&g.ID, &g.Kind, &g.InstanceURL, &g.DisplayName, &g.ApplicationID, &sealed, &g.SetupID, &proof, &g.VerifiedBy.ID, &g.VerifiedBy.Name, &made); err != nil {
		return g, err
	}
	g.CreatedAt = instant(made)
	g.Secret, err = d.keyring.open(sealed, providerSecretPlace(g.ID))
	return g, errors.Join(err, json.Unmarshal([]byte(proof), &g.Proof))
}

// ListGitProviders returns all Git providers, by name.
func (d *DB) ListGitProviders(ctx context.Context) ([]fairlead.GitProvider, error) {
	return list(ctx, d.reader, d.scanProvider, `SELECT `+providerColumns+providerTables+`ORDER BY g.display_name, g.id`)
}

// ConfirmSetup turns a verified setup into a Git provider, in one transaction with its audit event. Confirmed again, it
// returns the provider that it became. CodeConflict if it is not verified or its name is taken.
func (d *DB) ConfirmSetup(ctx context.Context, by fairlead.Actor, id string) (g fairlead.GitProvider, err error) {
	err = d.write(ctx, func(t tx) error {
		g, err = d.scanProvider(t.QueryRowContext(ctx, `SELECT `+providerColumns+providerTables+`WHERE g.setup_id = $1`, id))
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		s, err := d.findSetup(ctx, t, id)
		if err != nil {
			return err
		}
		if s.State != fairlead.SetupVerified || s.Proof == nil {
			return fairlead.Errorf(fairlead.CodeConflict, "The values changed since they were verified. Verify them again.")
		}
		g = fairlead.GitProvider{
			ID: fairlead.NewID(d.random, fairlead.PrefixProvider), Kind: s.Kind, InstanceURL: s.InstanceURL, DisplayName: s.DisplayName,
			ApplicationID: s.ApplicationID, Secret: s.Secret, SetupID: s.ID, Proof: *s.Proof,
			VerifiedBy: fairlead.Person{ID: by.PersonID, Name: by.Name}, CreatedAt: t.now,
		}
		return t.addProvider(ctx, by, g)
	})
	return g, err
}

func (t tx) addProvider(ctx context.Context, by fairlead.Actor, g fairlead.GitProvider) error {
	_, err := t.exec(ctx, `
		INSERT INTO git_providers (id, kind, instance_url, display_name, application_id, secret_sealed, setup_id, proof, verified_by, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		g.ID, g.Kind, g.InstanceURL, g.DisplayName, g.ApplicationID, t.db.keyring.seal(g.Secret, providerSecretPlace(g.ID)), g.SetupID, asJSON(g.Proof),
		g.VerifiedBy.ID, millis(g.CreatedAt))
	if isUnique(err) {
		return fairlead.Errorf(fairlead.CodeConflict, "Another Git provider is called %s. Change the display name.", g.DisplayName)
	}
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, `DELETE FROM setups WHERE id = $1`, g.SetupID); err != nil {
		return err
	}
	if err := t.cancelAttempts(ctx, g.SetupID); err != nil {
		return err
	}
	return t.audit(ctx, by, "git_provider.created", g.ID, g.DisplayName)
}
