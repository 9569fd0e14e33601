package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"fairlead"
)

const (
	linkedColumns = `l.id, l.provider_id, l.repository_id, l.full_name, l.web_url, l.main_branch, l.private, l.branch, l.paths, l.tags, l.deletions,
		l.webhook, l.secret_sealed, l.old_secret_sealed, l.secret_told_at, l.health, l.checked_at, l.lost, l.rejected, l.created_at, l.last_push_at, l.synced_at, l.knows_tags,
		l.removed_at, l.left_behind,
		o.id, o.name, o.key, o.created_at, o.archived_at, b.id, b.name,
		c.id, c.provider_id, c.person_id, p.name, c.account_id, c.account_name, c.state, c.diagnosis, c.version, c.created_at, c.authorized_at, c.refreshed_at`
	linkedTables = ` FROM repository_links l
		JOIN projects o ON o.id = l.project_id
		JOIN people b ON b.id = l.created_by
		LEFT JOIN connections c ON c.id = l.connection_id
		LEFT JOIN people p ON p.id = c.person_id `
	linkedOrder      = ` ORDER BY o.name COLLATE NOCASE, o.key, l.full_name COLLATE NOCASE, l.branch, l.created_at, l.id`
	noRepositoryLink = "There is no such repository link. It may have been removed."
)

func linkSecretPlace(id string) string    { return "repository_links/" + id + "/secret" }
func linkOldSecretPlace(id string) string { return "repository_links/" + id + "/old_secret" }

func (d *DB) scanRepositoryLink(row scanner) (l fairlead.RepositoryLink, err error) {
	var (
		paths, webhook, health                                       string
		secret, oldSecret                                            []byte
		told, checked, made, pushed, synced, removed, opened, closed sql.NullInt64
		c                                                            joinedConnection
	)
	if err = row.Scan(append([]any{&l.ID, &l.ProviderID, &l.Repository.ID, &l.Repository.FullName, &l.Repository.WebURL, &l.Repository.MainBranch,
		&l.Repository.Private, &l.Rule.Branch, &paths, &l.Rule.Tags, &l.Rule.Deletions,
		&webhook, &secret, &oldSecret, &told, &health, &checked, &l.Lost, &l.Rejected, &made, &pushed, &synced, &l.KnowsTags, &removed, &l.LeftBehind,
		&l.Project.ID, &l.Project.Name, &l.Project.Key, &opened, &closed, &l.CreatedBy.ID, &l.CreatedBy.Name}, c.places()...)...); err != nil {
		return l, err
	}
	l.SecretTold, l.CreatedAt, l.LastPushAt, l.SyncedAt, l.RemovedAt = instant(told), instant(made), instant(pushed), instant(synced), instant(removed)
	l.Project.CreatedAt, l.Project.ArchivedAt = instant(opened), instant(closed)
	var errs [6]error
	l.Connection, errs[0] = c.connection()
	l.Secret, errs[1] = d.keyring.open(secret, linkSecretPlace(l.ID))
	l.OldSecret, errs[2] = d.keyring.open(oldSecret, linkOldSecretPlace(l.ID))
	errs[3] = json.Unmarshal([]byte(paths), &l.Rule.Paths)
	errs[4] = json.Unmarshal([]byte(webhook), &l.Webhook)
	errs[5] = json.Unmarshal([]byte(health), &l.Health)
	l.Health.CheckedAt = instant(checked)
	return l, errors.Join(errs[:]...)
}

// joinedConnection is a connection on the far side of a left join.
type joinedConnection struct {
	id, provider, person, name, account, accountName, state, diagnosis sql.NullString
	version, made, authorized, refreshed                               sql.NullInt64
}

func (c *joinedConnection) places() []any {
	return []any{&c.id, &c.provider, &c.person, &c.name, &c.account, &c.accountName, &c.state, &c.diagnosis, &c.version, &c.made, &c.authorized, &c.refreshed}
}

func (c *joinedConnection) connection() (fairlead.Connection, error) {
	all := fairlead.Connection{
		ID: c.id.String, ProviderID: c.provider.String, Person: fairlead.Person{ID: c.person.String, Name: c.name.String},
		Account: fairlead.Account{ID: c.account.String, Name: c.accountName.String}, State: fairlead.ConnectionState(c.state.String),
		Version: c.version.Int64, CreatedAt: instant(c.made), AuthorizedAt: instant(c.authorized), RefreshedAt: instant(c.refreshed),
	}
	return all, decode(c.diagnosis, &all.Diagnosis)
}

// FindRepositoryLink returns a link; CodeNotFound if there is none or it was removed. Its connection comes without tokens,
// here and in every list.
func (d *DB) FindRepositoryLink(ctx context.Context, id string) (fairlead.RepositoryLink, error) {
	return d.findRepositoryLink(ctx, d.reader, id)
}

func (d *DB) findRepositoryLink(ctx context.Context, q querier, id string) (fairlead.RepositoryLink, error) {
	l, err := d.scanRepositoryLink(q.QueryRowContext(ctx, `SELECT `+linkedColumns+linkedTables+`WHERE l.id = $1 AND l.removed_at IS NULL`, id))
	return l, notFound(err, noRepositoryLink)
}

// ListRepositoryLinks returns the links that the filter lets through, by project and repository.
func (d *DB) ListRepositoryLinks(ctx context.Context, filter fairlead.LinkFilter) ([]fairlead.RepositoryLink, error) {
	return d.listRepositoryLinks(ctx, d.reader, filter)
}

func (d *DB) listRepositoryLinks(ctx context.Context, q querier, filter fairlead.LinkFilter) ([]fairlead.RepositoryLink, error) {
	where, args := []string{`l.removed_at IS NULL`}, []any{}
	for _, f := range []struct{ column, value string }{
		{"l.project_id", filter.ProjectID}, {"l.provider_id", filter.ProviderID}, {"l.connection_id", filter.ConnectionID},
		{"c.person_id", filter.PersonID}, {"l.repository_id", filter.RepositoryID},
	} {
		if f.value != "" {
			args = append(args, f.value)
			where = append(where, fmt.Sprintf("%s = $%d", f.column, len(args)))
		}
	}
	return list(ctx, q, d.scanRepositoryLink, `SELECT `+linkedColumns+linkedTables+`WHERE `+strings.Join(where, ` AND `)+linkedOrder, args...)
}

// ListRemovedLinks returns the links of a project that were removed: their deliveries are still in its log.
func (d *DB) ListRemovedLinks(ctx context.Context, projectID string) ([]fairlead.RepositoryLink, error) {
	return list(ctx, d.reader, d.scanRepositoryLink, `SELECT `+linkedColumns+linkedTables+`WHERE l.project_id = $1 AND l.removed_at IS NOT NULL`+linkedOrder, projectID)
}

// byOwnership chooses the links that act by a person's connections in projects that the person is no member of: owners of the
// workspace reach every project.
const byOwnership = `c.person_id = $1 AND NOT EXISTS (SELECT 1 FROM project_members m WHERE m.project_id = l.project_id AND m.person_id = c.person_id)`

// ListLinksByOwnership returns the links that a workspace owner's connections serve in projects of others. They lose them when
// the person no longer owns the workspace.
func (d *DB) ListLinksByOwnership(ctx context.Context, personID string) ([]fairlead.RepositoryLink, error) {
	return list(ctx, d.reader, d.scanRepositoryLink, `SELECT `+linkedColumns+linkedTables+`WHERE l.removed_at IS NULL AND `+byOwnership+linkedOrder, personID)
}

// ListLinksToCheck returns the links of projects in use that have a connection and whose health was last read before that
// time, the oldest first, at most limit; a negative limit is none.
func (d *DB) ListLinksToCheck(ctx context.Context, before time.Time, limit int) ([]fairlead.RepositoryLink, error) {
	return list(ctx, d.reader, d.scanRepositoryLink, `SELECT `+linkedColumns+linkedTables+`
		WHERE l.removed_at IS NULL AND o.archived_at IS NULL AND c.id IS NOT NULL AND coalesce(l.checked_at, 0) < $1
		ORDER BY coalesce(l.checked_at, 0), l.id LIMIT $2`, millis(before), limit)
}

// ListLinksToSync returns the links of projects in use whose connection is alive and whose heads were last compared before
// that time, the oldest first, at most limit; a negative limit is none.
func (d *DB) ListLinksToSync(ctx context.Context, before time.Time, limit int) ([]fairlead.RepositoryLink, error) {
	return list(ctx, d.reader, d.scanRepositoryLink, `SELECT `+linkedColumns+linkedTables+`
		WHERE l.removed_at IS NULL AND o.archived_at IS NULL AND c.state = 'alive' AND coalesce(l.synced_at, 0) < $1
		ORDER BY coalesce(l.synced_at, 0), l.id LIMIT $2`, millis(before), limit)
}

// CreateRepositoryLink makes a link whose heads are where its branches stand now: what was pushed before is none of its
// business. The id comes from the form, so that a form sent twice makes one link: the second time that one is returned.
// CodeConflict if project or connection went meanwhile, CodeNotFound if the form's link was made and removed since.
func (d *DB) CreateRepositoryLink(ctx context.Context, by fairlead.Actor, l fairlead.RepositoryLink, heads []fairlead.Branch) (stored fairlead.RepositoryLink, err error) {
	err = d.write(ctx, func(t tx) error {
		var projectID string
		var removed sql.NullInt64
		err := t.QueryRowContext(ctx, `SELECT project_id, removed_at FROM repository_links WHERE id = $1`, l.ID).Scan(&projectID, &removed)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			err = t.addRepositoryLink(ctx, by, l, heads)
		case err == nil && (removed.Valid || projectID != l.Project.ID):
			err = fairlead.Errorf(fairlead.CodeNotFound, "The repository link that this form made was removed.")
		}
		if err != nil {
			return err
		}
		stored, err = d.findRepositoryLink(ctx, t, l.ID)
		return err
	})
	return stored, err
}

func (t tx) addRepositoryLink(ctx context.Context, by fairlead.Actor, l fairlead.RepositoryLink, heads []fairlead.Branch) error {
	project, err := t.findProject(ctx, l.Project.ID)
	if err != nil {
		return err
	}
	if project.IsArchived() {
		return fairlead.Errorf(fairlead.CodeConflict, "The project %s is archived. Restore it first.", project.Name)
	}
	c, err := t.usableConnection(ctx, l.Connection.ID, l.ProviderID)
	if err != nil {
		return err
	}
	synced := t.now
	if l.Rule.Tags { // which there are it learns at its first look, which is due at once
		synced = time.Time{}
	}
	if _, err := t.exec(ctx, `
		INSERT INTO repository_links (id, project_id, provider_id, connection_id, repository_id, full_name, web_url, main_branch, private,
			branch, paths, tags, deletions, webhook, secret_sealed, old_secret_sealed, health, synced_at, created_by, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, x'', $16, $17, $18, $19)`,
		l.ID, project.ID, c.ProviderID, c.ID, l.Repository.ID, l.Repository.FullName, l.Repository.WebURL, l.Repository.MainBranch, l.Repository.Private,
		l.Rule.Branch, asJSON(l.Rule.Paths), l.Rule.Tags, l.Rule.Deletions, asJSON(l.Webhook), t.db.keyring.seal(l.Secret, linkSecretPlace(l.ID)),
		asJSON(fairlead.Health{}), millis(synced), by.PersonID, millis(t.now)); err != nil {
		return err
	}
	if err := t.followBranches(ctx, l.ID, heads); err != nil {
		return err
	}
	return t.audit(ctx, by, "repository_link.created", l.ID, fmt.Sprintf("%s, branch %s, in %s", l.Repository.FullName, l.Rule.Branch, project.Name))
}

// usableConnection is the connection that a link is about to act by.
func (t tx) usableConnection(ctx context.Context, id, providerID string) (fairlead.Connection, error) {
	c, err := scanConnection(t.QueryRowContext(ctx, `SELECT `+connectionColumns+connectionTables+`WHERE c.id = $1 AND c.provider_id = $2`, id, providerID))
	if errors.Is(err, sql.ErrNoRows) {
		err = fairlead.Errorf(fairlead.CodeConflict, "The connection was removed meanwhile. Connect your account again.")
	}
	return c, err
}

// RemoveRepositoryLink forgets a link's secrets, heads and refused requests, and stops it; its deliveries and pushes stay.
// note is for the audit log: what could not be removed at the host, "" if nothing. Removing a removed one changes nothing.
func (d *DB) RemoveRepositoryLink(ctx context.Context, by fairlead.Actor, id, note string) error {
	return d.write(ctx, func(t tx) error {
		l, err := d.findRepositoryLink(ctx, t, id)
		if fairlead.CodeOf(err) == fairlead.CodeNotFound {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `
			UPDATE repository_links SET removed_at = $1, left_behind = $2, connection_id = NULL, secret_sealed = x'', old_secret_sealed = x'' WHERE id = $3`,
			millis(t.now), note, id); err != nil {
			return err
		}
		for _, table := range []string{"link_heads", "rejections"} {
			if _, err := t.exec(ctx, `DELETE FROM `+table+` WHERE link_id = $1`, id); err != nil {
				return err
			}
		}
		if err := t.abandonDeliveries(ctx, id); err != nil {
			return err
		}
		detail := l.Repository.FullName + " in " + l.Project.Name
		if note != "" {
			detail += ": " + note
		}
		return t.audit(ctx, by, "repository_link.removed", id, detail)
	})
}
