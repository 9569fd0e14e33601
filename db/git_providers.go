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

const noProvider = "There is no such Git provider. It may have been removed."

func nameTaken(name string) error {
	return fairlead.Errorf(fairlead.CodeConflict, "Another Git provider is called %s. Change the display name.", name)
}

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

// FindGitProvider returns one; CodeNotFound if it was removed.
func (d *DB) FindGitProvider(ctx context.Context, id string) (fairlead.GitProvider, error) {
	return d.findProvider(ctx, d.reader, id)
}

func (d *DB) findProvider(ctx context.Context, q querier, id string) (fairlead.GitProvider, error) {
	g, err := d.scanProvider(q.QueryRowContext(ctx, `SELECT `+providerColumns+providerTables+`WHERE g.id = $1`, id))
	return g, notFound(err, noProvider)
}

// RenameGitProvider gives a provider another display name; CodeConflict if another one has it.
func (d *DB) RenameGitProvider(ctx context.Context, by fairlead.Actor, id, name string) error {
	return d.write(ctx, func(t tx) error {
		n, err := t.exec(ctx, `UPDATE git_providers SET display_name = $1 WHERE id = $2`, name, id)
		if isUnique(err) {
			return nameTaken(name)
		}
		if err != nil || n == 0 {
			return errors.Join(err, missing(n, noProvider))
		}
		// An unfinished change is called after what it changes.
		if _, err := t.exec(ctx, `UPDATE setups SET display_name = $1 WHERE provider_id = $2`, name, id); err != nil {
			return err
		}
		return t.audit(ctx, by, "git_provider.renamed", id, name)
	})
}

// RemoveGitProvider forgets a provider, its secret and the connections with it. CodeConflict while repositories are linked
// through it or an unfinished change depends on it.
func (d *DB) RemoveGitProvider(ctx context.Context, by fairlead.Actor, id string) error {
	return d.write(ctx, func(t tx) error {
		g, err := d.findProvider(ctx, t, id)
		if err != nil {
			return err
		}
		var dependents int
		if err := t.QueryRowContext(ctx, `SELECT COUNT(*) FROM setups WHERE provider_id = $1`, id).Scan(&dependents); err != nil {
			return err
		}
		if dependents > 0 {
			return fairlead.Errorf(fairlead.CodeConflict, "An unfinished change depends on %s. Finish or discard it first.", g.DisplayName)
		}
		if err := t.loseProvider(ctx, by, g); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM git_providers WHERE id = $1`, id); err != nil {
			return err
		}
		return t.audit(ctx, by, "git_provider.removed", id, g.DisplayName)
	})
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
		if s.ProviderID != "" {
			g.ID = s.ProviderID
			old, err := d.findProvider(ctx, t, g.ID)
			if err != nil {
				return err
			}
			replace := t.replaceProvider
			if old.Holds(s) {
				replace = t.reproveProvider
			}
			if err := replace(ctx, by, g); err != nil {
				return err
			}
			g, err = d.findProvider(ctx, t, g.ID)
			return err
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
		return nameTaken(g.DisplayName)
	}
	if err != nil {
		return err
	}
	return t.endSetup(ctx, by, g, "git_provider.created")
}

// replaceProvider puts what a change proved in the place of the values in force. The display name is no part of it. With
// another application ID, everybody connects again.
func (t tx) replaceProvider(ctx context.Context, by fairlead.Actor, g fairlead.GitProvider) error {
	before, err := t.db.findProvider(ctx, t, g.ID)
	if err != nil {
		return err
	}
	if before.ApplicationID != g.ApplicationID {
		if err := t.renewConnections(ctx, before); err != nil {
			return err
		}
	}
	n, err := t.exec(ctx, `
		UPDATE git_providers SET application_id = $1, secret_sealed = $2, setup_id = $3, proof = $4, verified_by = $5 WHERE id = $6`,
		g.ApplicationID, t.db.keyring.seal(g.Secret, providerSecretPlace(g.ID)), g.SetupID, asJSON(g.Proof), g.VerifiedBy.ID, g.ID)
	if err != nil || n == 0 {
		return errors.Join(err, missing(n, noProvider))
	}
	// What waits because the host refused the values before goes on with the next claims.
	if _, err := t.exec(ctx, `UPDATE repository_links SET resume = 1 WHERE provider_id = $1 AND removed_at IS NULL`, g.ID); err != nil {
		return err
	}
	return t.endSetup(ctx, by, g, "git_provider.changed")
}

// reproveProvider keeps the values in force: only what they proved, to whom and when, is new.
func (t tx) reproveProvider(ctx context.Context, by fairlead.Actor, g fairlead.GitProvider) error {
	n, err := t.exec(ctx, `UPDATE git_providers SET setup_id = $1, proof = $2, verified_by = $3 WHERE id = $4`, g.SetupID, asJSON(g.Proof), g.VerifiedBy.ID, g.ID)
	if err != nil || n == 0 {
		return errors.Join(err, missing(n, noProvider))
	}
	return t.endSetup(ctx, by, g, "git_provider.verified")
}

// endSetup removes the setup that a provider came from; its windows at the host are over.
func (t tx) endSetup(ctx context.Context, by fairlead.Actor, g fairlead.GitProvider, action string) error {
	if _, err := t.exec(ctx, `DELETE FROM setups WHERE id = $1`, g.SetupID); err != nil {
		return err
	}
	return errors.Join(t.cancelAttempts(ctx, g.SetupID), t.audit(ctx, by, action, g.ID, g.DisplayName))
}
