package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fairlead"
)

// changeLink runs a statement's worth of change of one link with its audit event; CodeNotFound for a removed one.
func (d *DB) changeLink(ctx context.Context, by fairlead.Actor, id, action string, do func(t tx, l fairlead.RepositoryLink) (detail string, err error)) error {
	return d.write(ctx, func(t tx) error {
		l, err := d.findRepositoryLink(ctx, t, id)
		if err != nil {
			return err
		}
		detail, err := do(t, l)
		if err != nil {
			return err
		}
		return t.audit(ctx, by, action, id, detail)
	})
}

// UpdateLinkRule changes which pushes a link records. heads are those of the branches that it follows now: one that it
// followed before goes on from where it is, a new one begins there, and the others are forgotten, since what happens to
// them from now on is no more the link's business than what happened before linking.
func (d *DB) UpdateLinkRule(ctx context.Context, by fairlead.Actor, id string, rule fairlead.LinkRule, heads []fairlead.Branch) error {
	return d.changeLink(ctx, by, id, "repository_link.changed", func(t tx, l fairlead.RepositoryLink) (string, error) {
		if _, err := t.exec(ctx, `UPDATE repository_links SET paths = $1, deletions = $2 WHERE id = $3`, asJSON(rule.Paths), rule.Deletions, id); err != nil {
			return "", err
		}
		if err := t.follow(ctx, id, rule); err != nil {
			return "", err
		}
		if err := t.unfollow(ctx, id, rule); err != nil {
			return "", err
		}
		return fmt.Sprintf("%s, branch %s", l.Repository.FullName, rule.Branch), t.followBranches(ctx, id, heads)
	})
}

// UpdateLinkWebhook stores how a link's webhook is at the host, which knows the link's secret from now on.
func (d *DB) UpdateLinkWebhook(ctx context.Context, by fairlead.Actor, id string, w fairlead.Webhook) error {
	return d.changeLink(ctx, by, id, "repository_link.webhook_set", func(t tx, l fairlead.RepositoryLink) (string, error) {
		_, err := t.exec(ctx, `UPDATE repository_links SET webhook = $1, secret_told_at = $2 WHERE id = $3`, asJSON(w), millis(t.now), id)
		return l.Repository.FullName, err
	})
}

// UpdateLinkConnection lets a link act by another connection, and what it has waiting is due. CodeConflict if that
// connection is gone or belongs to another Git provider.
func (d *DB) UpdateLinkConnection(ctx context.Context, by fairlead.Actor, id, connectionID string) error {
	return d.changeLink(ctx, by, id, "repository_link.handed_over", func(t tx, l fairlead.RepositoryLink) (string, error) {
		c, err := t.usableConnection(ctx, connectionID, l.ProviderID)
		if err != nil {
			return "", err
		}
		if _, err := t.exec(ctx, `UPDATE repository_links SET connection_id = $1, lost = '' WHERE id = $2`, c.ID, id); err != nil {
			return "", err
		}
		return fmt.Sprintf("%s to the connection of %s", l.Repository.FullName, c.Person.Name), t.requeue(ctx, id)
	})
}

// RotateLinkSecret gives a link another webhook secret, which the host does not know yet; the one in force is accepted beside
// it until DropOldSecret.
func (d *DB) RotateLinkSecret(ctx context.Context, by fairlead.Actor, id string, secret fairlead.Secret) error {
	return d.changeLink(ctx, by, id, "repository_link.secret_rotated", func(t tx, l fairlead.RepositoryLink) (string, error) {
		_, err := t.exec(ctx, `UPDATE repository_links SET secret_sealed = $1, old_secret_sealed = $2, secret_told_at = NULL WHERE id = $3`,
			d.keyring.seal(secret, linkSecretPlace(id)), d.keyring.seal(l.Secret, linkOldSecretPlace(id)), id)
		return l.Repository.FullName, err
	})
}

// DropOldSecret ends the old webhook secret of a link, once the host signs with the new one. If another rotation began
// meanwhile, the old one is another, and stays.
func (d *DB) DropOldSecret(ctx context.Context, id string, old fairlead.Secret) error {
	return d.write(ctx, func(t tx) error {
		var sealed []byte
		err := t.QueryRowContext(ctx, `SELECT old_secret_sealed FROM repository_links WHERE id = $1`, id).Scan(&sealed)
		if err != nil {
			return notFound(err, noRepositoryLink)
		}
		inForce, err := d.keyring.open(sealed, linkOldSecretPlace(id))
		if err != nil || !inForce.Equal(old) {
			return err
		}
		_, err = t.exec(ctx, `UPDATE repository_links SET old_secret_sealed = x'' WHERE id = $1`, id)
		return err
	})
}

// SaveLinkHealth stores what was read back from the host, and how the repository is called now; a zero r leaves that. The
// new name of one that was renamed or moved is written to the audit log.
func (d *DB) SaveLinkHealth(ctx context.Context, id string, h fairlead.Health, r fairlead.Repository) error {
	return d.write(ctx, func(t tx) error {
		l, err := d.findRepositoryLink(ctx, t, id)
		if err != nil {
			return err
		}
		at := h.CheckedAt
		if at.IsZero() {
			at = t.now
		}
		if _, err := t.exec(ctx, `UPDATE repository_links SET health = $1, checked_at = $2 WHERE id = $3`, asJSON(h), millis(at), id); err != nil || r.FullName == "" {
			return err
		}
		return t.putRepository(ctx, l, r)
	})
}

// SaveRepositoryName stores how a delivery that came at that time calls a link's repository, and where its page is. What was
// read back from the host since then, or was told by a later delivery, knows better and stays.
func (d *DB) SaveRepositoryName(ctx context.Context, id string, r fairlead.Repository, at time.Time) error {
	return d.write(ctx, func(t tx) error {
		l, err := d.findRepositoryLink(ctx, t, id)
		if err != nil || at.Before(l.Health.CheckedAt) || at.Before(l.LastPushAt) || r.FullName == l.Repository.FullName {
			return err
		}
		now := l.Repository
		now.FullName, now.WebURL = r.FullName, r.WebURL
		return t.putRepository(ctx, l, now)
	})
}

// putRepository stores how a link's repository is now. A new name is written to the audit log.
func (t tx) putRepository(ctx context.Context, l fairlead.RepositoryLink, r fairlead.Repository) error {
	if _, err := t.exec(ctx, `UPDATE repository_links SET full_name = $1, web_url = $2, main_branch = $3, private = $4 WHERE id = $5`,
		r.FullName, r.WebURL, r.MainBranch, r.Private, l.ID); err != nil || r.FullName == l.Repository.FullName {
		return err
	}
	return t.audit(ctx, fairlead.System(), "repository_link.renamed", l.ID, fmt.Sprintf("%s, before: %s", r.FullName, l.Repository.FullName))
}

// loseConnections takes the connection from every link that a condition chooses, and returns those: why is the sentence
// that they show. What they have waiting stays until they get another one.
func (t tx) loseConnections(ctx context.Context, by fairlead.Actor, why, where string, args ...any) ([]fairlead.RepositoryLink, error) {
	lost, err := list(ctx, t, t.db.scanRepositoryLink, `SELECT `+linkedColumns+linkedTables+`WHERE l.removed_at IS NULL AND `+where+linkedOrder, args...)
	if err != nil {
		return nil, err
	}
	for i, l := range lost {
		if _, err := t.exec(ctx, `UPDATE repository_links SET connection_id = NULL, lost = $1 WHERE id = $2`, why, l.ID); err != nil {
			return nil, err
		}
		lost[i].Connection, lost[i].Lost = fairlead.Connection{}, why
		if err := t.audit(ctx, by, "repository_link.connection_lost", l.ID, l.Repository.FullName+": "+why); err != nil {
			return nil, err
		}
	}
	return lost, nil
}

// loseMember takes a person's connections from the links of a project that the person leaves.
func (t tx) loseMember(ctx context.Context, by fairlead.Actor, project fairlead.Project, person fairlead.Person) error {
	_, err := t.loseConnections(ctx, by, person.Name+" left the project.", `l.project_id = $1 AND c.person_id = $2`, project.ID, person.ID)
	return err
}

// loseOwner takes the connections of somebody who no longer owns the workspace from the links of projects that the person
// could reach as its owner only.
func (t tx) loseOwner(ctx context.Context, by fairlead.Actor, person fairlead.Person) error {
	_, err := t.loseConnections(ctx, by, person.Name+" is no longer a workspace owner.", byOwnership, person.ID)
	return err
}

// loseProvider forgets the connections with a Git provider that is about to go; CodeConflict while links act by it.
func (t tx) loseProvider(ctx context.Context, by fairlead.Actor, g fairlead.GitProvider) error {
	links, err := t.db.listRepositoryLinks(ctx, t, fairlead.LinkFilter{ProviderID: g.ID})
	if err != nil {
		return err
	}
	if len(links) > 0 {
		return fairlead.Errorf(fairlead.CodeConflict, "Repositories are linked through %s (%d). Unlink them first.", g.DisplayName, len(links))
	}
	return errors.Join(t.removeConnections(ctx, by, "", `provider_id = $1`, g.ID), t.cancelConnectAttempts(ctx, g.ID))
}
