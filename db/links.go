package db

import (
	"context"
	"database/sql"
	"fmt"

	"fairlead"
)

const (
	linkColumns = `id, purpose, email, role, created_by, created_at, expires_at, spent_at, revoked_at`
	noSuchLink  = "There is no such link."
)

// CreateLink stores a one-time link by the hash of its token. A new invitation replaces the open ones for the same
// address, so that at most one works. CodeConflict for an invitation of somebody who belongs here, and for a
// first-owner link once there is somebody.
func (d *DB) CreateLink(ctx context.Context, by fairlead.Actor, link fairlead.Link, tokenHash string) (fairlead.Link, error) {
	err := d.write(ctx, func(t tx) error {
		link.ID, link.CreatedBy, link.CreatedAt = fairlead.NewID(t.db.random, fairlead.PrefixLink), by.PersonID, t.now
		action, detail := "link.created", describe(link)
		switch link.Purpose {
		case fairlead.LinkFirstOwner:
			if err := t.requireNobody(ctx); err != nil {
				return err
			}
		case fairlead.LinkInvitation:
			action, detail = "person.invited", fmt.Sprintf("%s as %s", link.Email, link.Role)
			if err := t.clearAddress(ctx, by, link.Email); err != nil {
				return err
			}
		}
		if _, err := t.exec(ctx, `
			INSERT INTO links (id, purpose, token_hash, email, role, created_by, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			link.ID, string(link.Purpose), tokenHash, link.Email, string(link.Role), link.CreatedBy,
			millis(link.CreatedAt), millis(link.ExpiresAt)); err != nil {
			return err
		}
		return t.audit(ctx, by, action, link.ID, detail)
	})
	return link, err
}

// FindLink returns a link by the hash of its token, in whatever state; CodeNotFound if there never was one.
func (d *DB) FindLink(ctx context.Context, tokenHash string) (fairlead.Link, error) {
	return findLink(ctx, d.reader, `token_hash = $1`, tokenHash)
}

// ListInvitations returns the invitations that can still be used, the newest first.
func (d *DB) ListInvitations(ctx context.Context) ([]fairlead.Link, error) {
	return list(ctx, d.reader, scanLink, `
		SELECT `+linkColumns+`
		FROM links WHERE purpose = 'invitation' AND spent_at IS NULL AND revoked_at IS NULL AND expires_at > $1
		ORDER BY created_at DESC, id`, millis(d.clock()))
}

// RevokeInvitation makes an open invitation useless. Revoking a revoked one changes nothing; CodeConflict once it was
// used, since the person has joined by then.
func (d *DB) RevokeInvitation(ctx context.Context, by fairlead.Actor, id string) error {
	return d.write(ctx, func(t tx) error {
		link, err := findLink(ctx, t, `id = $1 AND purpose = 'invitation'`, id)
		if err != nil || !link.RevokedAt.IsZero() {
			return err
		}
		if !link.SpentAt.IsZero() {
			return fairlead.Errorf(fairlead.CodeConflict, "%s has already joined. To undo that, remove the person.", link.Email)
		}
		return t.revoke(ctx, by, link)
	})
}

// spendLink is one compare-and-set: of two browsers that send the same link, one gets it.
func (t tx) spendLink(ctx context.Context, tokenHash string, purpose fairlead.LinkPurpose) (fairlead.Link, error) {
	spent, err := t.exec(ctx, `
		UPDATE links SET spent_at = $1
		WHERE token_hash = $2 AND purpose = $3 AND spent_at IS NULL AND revoked_at IS NULL AND expires_at > $4`,
		millis(t.now), tokenHash, string(purpose), millis(t.now))
	if err != nil {
		return fairlead.Link{}, err
	}
	link, err := findLink(ctx, t, `token_hash = $1`, tokenHash)
	if err == nil && spent == 0 {
		err = fairlead.Errorf(fairlead.CodeGone, "This link can no longer be used.")
	}
	return link, err
}

// clearAddress makes room for an invitation: nobody here has the address, and no older invitation for it stays open.
func (t tx) clearAddress(ctx context.Context, by fairlead.Actor, email string) error {
	person, err := findPerson(ctx, t, `email = $1 AND removed_at IS NULL`, email)
	if err == nil {
		return fairlead.Errorf(fairlead.CodeConflict, "%s (%s) belongs to the workspace already.", person.Name, person.Email)
	}
	if fairlead.CodeOf(err) != fairlead.CodeNotFound {
		return err
	}
	return t.revokeOpenInvitations(ctx, by, `email = $1`, email)
}

func (t tx) revokeInvitationsOf(ctx context.Context, by fairlead.Actor, inviter fairlead.Person) error {
	return t.revokeOpenInvitations(ctx, by, `created_by = $1`, inviter.ID)
}

func (t tx) revokeOpenInvitations(ctx context.Context, by fairlead.Actor, where string, arg any) error {
	open, err := list(ctx, t, scanLink, `
		SELECT `+linkColumns+`
		FROM links WHERE `+where+` AND purpose = 'invitation' AND spent_at IS NULL AND revoked_at IS NULL AND expires_at > $2`,
		arg, millis(t.now))
	if err != nil {
		return err
	}
	for _, link := range open {
		if err := t.revoke(ctx, by, link); err != nil {
			return err
		}
	}
	return nil
}

func (t tx) revoke(ctx context.Context, by fairlead.Actor, link fairlead.Link) error {
	if _, err := t.exec(ctx, `UPDATE links SET revoked_at = $1 WHERE id = $2`, millis(t.now), link.ID); err != nil {
		return err
	}
	return t.audit(ctx, by, "link.revoked", link.ID, describe(link))
}

// auditSpent tells of a link that was used; by is who it made, or whom it let back in.
func (t tx) auditSpent(ctx context.Context, by fairlead.Actor, link fairlead.Link) error {
	return t.audit(ctx, by, "link.used", link.ID, describe(link))
}

// describe names a link in the audit log.
func describe(link fairlead.Link) string {
	switch link.Purpose {
	case fairlead.LinkInvitation:
		return "Invitation of " + link.Email
	case fairlead.LinkOwner:
		return "Owner link for " + link.Email
	}
	return "First-owner link"
}

func findLink(ctx context.Context, q querier, where string, arg any) (fairlead.Link, error) {
	link, err := scanLink(q.QueryRowContext(ctx, `SELECT `+linkColumns+` FROM links WHERE `+where, arg))
	return link, notFound(err, noSuchLink)
}

func scanLink(row scanner) (l fairlead.Link, err error) {
	var created, expires, spent, revoked sql.NullInt64
	err = row.Scan(&l.ID, &l.Purpose, &l.Email, &l.Role, &l.CreatedBy, &created, &expires, &spent, &revoked)
	l.CreatedAt, l.ExpiresAt, l.SpentAt, l.RevokedAt = instant(created), instant(expires), instant(spent), instant(revoked)
	return l, err
}
