package db

import (
	"context"

	"fairlead"
)

// hookedQuery is all that a delivery at the door needs.
const hookedQuery = `
	SELECT l.id, l.project_id, l.provider_id, g.kind, l.secret_sealed, l.old_secret_sealed
	FROM repository_links l JOIN git_providers g ON g.id = l.provider_id WHERE l.id = $1 AND l.removed_at IS NULL`

// FindHookedLink returns of a link what is needed to let a delivery in: its ids, its secrets, and the kind of its host.
// CodeNotFound if there is none or it was removed.
func (d *DB) FindHookedLink(ctx context.Context, id string) (l fairlead.RepositoryLink, kind fairlead.KindID, err error) {
	var secret, oldSecret []byte
	if err := d.reader.QueryRowContext(ctx, hookedQuery, id).Scan(&l.ID, &l.Project.ID, &l.ProviderID, &kind, &secret, &oldSecret); err != nil {
		return l, kind, notFound(err, noRepositoryLink)
	}
	if l.Secret, err = d.keyring.open(secret, linkSecretPlace(l.ID)); err != nil {
		return l, kind, err
	}
	l.OldSecret, err = d.keyring.open(oldSecret, linkOldSecretPlace(l.ID))
	return l, kind, err
}
