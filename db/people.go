package db

import (
	"context"
	"database/sql"
	"fmt"

	"fairlead"
)

const (
	personColumns = `id, email, name, role, theme, created_at, removed_at`
	noSuchPerson  = "There is no such person in this workspace."
)

// FindPerson returns somebody who belongs to the workspace; CodeNotFound for everybody else.
func (d *DB) FindPerson(ctx context.Context, id string) (fairlead.Person, error) {
	return findPerson(ctx, d.reader, `id = $1 AND removed_at IS NULL`, id)
}

// FindPersonByEmail is FindPerson by address, in whatever case it is written.
func (d *DB) FindPersonByEmail(ctx context.Context, email string) (fairlead.Person, error) {
	return findPerson(ctx, d.reader, `email = $1 AND removed_at IS NULL`, email)
}

// FindPasswordHash returns the PHC string of somebody who belongs to the workspace.
func (d *DB) FindPasswordHash(ctx context.Context, personID string) (string, error) {
	var hash string
	err := d.reader.QueryRowContext(ctx, `SELECT password_hash FROM people WHERE id = $1 AND removed_at IS NULL`, personID).Scan(&hash)
	return hash, notFound(err, noSuchPerson)
}

// ListPeople returns everybody who belongs to the workspace, owners first, then by name.
func (d *DB) ListPeople(ctx context.Context) ([]fairlead.Person, error) {
	return listPeople(ctx, d.reader)
}

// CreateMember spends an invitation: the address and the role are the invitation's, the name is the person's.
// CodeGone if the link is spent, expired or revoked, CodeConflict if the address belongs to somebody here.
func (d *DB) CreateMember(ctx context.Context, by fairlead.Actor, tokenHash, name, passwordHash string) (fairlead.Person, error) {
	var p fairlead.Person
	err := d.write(ctx, func(t tx) error {
		link, err := t.spendLink(ctx, tokenHash, fairlead.LinkInvitation)
		if err != nil {
			return err
		}
		p = fairlead.Person{Email: link.Email, Name: name, Role: link.Role}
		if err := t.createPerson(ctx, &p, passwordHash); err != nil {
			return err
		}
		by.PersonID, by.Name = p.ID, p.Name
		if err := t.auditSpent(ctx, by, link); err != nil {
			return err
		}
		return t.audit(ctx, by, "person.joined", p.ID, fmt.Sprintf("%s as %s", p.Name, p.Role))
	})
	return p, err
}

// UpdateProfile changes a person's name and theme.
func (d *DB) UpdateProfile(ctx context.Context, by fairlead.Actor, personID, name string, theme fairlead.Theme) error {
	return d.write(ctx, func(t tx) error {
		before, err := t.findPerson(ctx, personID)
		if err != nil || (before.Name == name && before.Theme == theme) {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE people SET name = $1, theme = $2 WHERE id = $3`, name, string(theme), personID); err != nil {
			return err
		}
		return t.audit(ctx, by, "person.updated", personID, name)
	})
}

// UpdateRole makes a person an owner or a member. A demoted owner's open invitations end with the right to invite, and links
// of projects that the person reached as an owner only lose the person's connections.
// CodeConflict for the last owner.
func (d *DB) UpdateRole(ctx context.Context, by fairlead.Actor, personID string, role fairlead.Role) error {
	return d.write(ctx, func(t tx) error {
		p, err := t.findPerson(ctx, personID)
		if err != nil || p.Role == role {
			return err
		}
		if p.IsOwner() {
			if err := t.keepAnOwner(ctx, p); err != nil {
				return err
			}
			if err := t.revokeInvitationsOf(ctx, by, p); err != nil {
				return err
			}
			if err := t.loseOwner(ctx, by, p); err != nil {
				return err
			}
		}
		if _, err := t.exec(ctx, `UPDATE people SET role = $1 WHERE id = $2`, string(role), personID); err != nil {
			return err
		}
		return t.audit(ctx, by, "person.role_changed", personID, fmt.Sprintf("%s from %s to %s", p.Name, p.Role, role))
	})
}

// RemovePerson takes a person out of the workspace and out of every project: every session ends at once, the person's
// connections go, and the open invitations that the person made are revoked, or one of them would lead back in. Removing a
// removed person changes nothing.
// CodeConflict for the last owner.
func (d *DB) RemovePerson(ctx context.Context, by fairlead.Actor, personID string) error {
	return d.write(ctx, func(t tx) error {
		p, err := findPerson(ctx, t, `id = $1`, personID)
		if err != nil || !p.RemovedAt.IsZero() {
			return err
		}
		if err := t.keepAnOwner(ctx, p); err != nil {
			return err
		}
		if err := t.revokeInvitationsOf(ctx, by, p); err != nil {
			return err
		}
		if _, err := t.removeSessions(ctx, personID, ""); err != nil {
			return err
		}
		// Before the memberships: the links that act by the person say that the workspace was left, not the project.
		if err := t.removeConnections(ctx, by, p.Name+" left the workspace.", `person_id = $1`, personID); err != nil {
			return err
		}
		if err := t.removeMemberships(ctx, by, p); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE people SET removed_at = $1 WHERE id = $2`, millis(t.now), personID); err != nil {
			return err
		}
		return t.audit(ctx, by, "person.removed", personID, p.Name)
	})
}

// UpdatePassword replaces one password hash by another and ends the person's sessions but the one that asked.
// CodeConflict if the hash that the caller verified is no longer the person's.
func (d *DB) UpdatePassword(ctx context.Context, by fairlead.Actor, personID, oldHash, newHash, keepSession string) error {
	return d.write(ctx, func(t tx) error {
		changed, err := t.exec(ctx, `UPDATE people SET password_hash = $1 WHERE id = $2 AND password_hash = $3 AND removed_at IS NULL`,
			newHash, personID, oldHash)
		if err != nil {
			return err
		}
		if changed == 0 {
			return fairlead.Errorf(fairlead.CodeConflict, "Your password was changed meanwhile, in another window or by a link.")
		}
		return t.auditPassword(ctx, by, personID, keepSession)
	})
}

// RecoverOwner spends an owner link: its owner gets a new password, and all the owner's sessions end.
// CodeGone if the link is spent, expired or revoked, CodeNotFound if the address no longer belongs to an owner.
func (d *DB) RecoverOwner(ctx context.Context, by fairlead.Actor, tokenHash, passwordHash string) (fairlead.Person, error) {
	var p fairlead.Person
	err := d.write(ctx, func(t tx) error {
		link, err := t.spendLink(ctx, tokenHash, fairlead.LinkOwner)
		if err != nil {
			return err
		}
		if p, err = findPerson(ctx, t, `email = $1 AND role = 'owner' AND removed_at IS NULL`, link.Email); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE people SET password_hash = $1 WHERE id = $2`, passwordHash, p.ID); err != nil {
			return err
		}
		by.PersonID, by.Name = p.ID, p.Name
		if err := t.auditSpent(ctx, by, link); err != nil {
			return err
		}
		return t.auditPassword(ctx, by, p.ID, "")
	})
	return p, err
}

func (t tx) auditPassword(ctx context.Context, by fairlead.Actor, personID, keepSession string) error {
	ended, err := t.removeSessions(ctx, personID, keepSession)
	if err != nil {
		return err
	}
	return t.audit(ctx, by, "password.changed", personID, fmt.Sprintf("Other sessions ended: %d", ended))
}

func (t tx) createPerson(ctx context.Context, p *fairlead.Person, passwordHash string) error {
	p.ID, p.CreatedAt = fairlead.NewID(t.db.random, fairlead.PrefixPerson), t.now
	_, err := t.exec(ctx, `
		INSERT INTO people (id, email, name, role, password_hash, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		p.ID, p.Email, p.Name, string(p.Role), passwordHash, millis(p.CreatedAt))
	if isUnique(err) {
		return fairlead.Errorf(fairlead.CodeConflict, "Somebody with the e-mail %s belongs to the workspace already.", p.Email)
	}
	return err
}

// keepAnOwner refuses to lose the last owner. One writer at a time makes this check and the change after it one step.
func (t tx) keepAnOwner(ctx context.Context, p fairlead.Person) error {
	if !p.IsOwner() {
		return nil
	}
	people, err := t.listPeople(ctx)
	if err != nil {
		return err
	}
	for _, other := range people {
		if other.IsOwner() && other.ID != p.ID {
			return nil
		}
	}
	return fairlead.Errorf(fairlead.CodeConflict, "%s is the last owner. Make somebody else an owner first.", p.Name)
}

func (t tx) findPerson(ctx context.Context, id string) (fairlead.Person, error) {
	return findPerson(ctx, t, `id = $1 AND removed_at IS NULL`, id)
}

func (t tx) listPeople(ctx context.Context) ([]fairlead.Person, error) { return listPeople(ctx, t) }

func findPerson(ctx context.Context, q querier, where string, arg any) (fairlead.Person, error) {
	p, err := scanPerson(q.QueryRowContext(ctx, `SELECT `+personColumns+` FROM people WHERE `+where, arg))
	return p, notFound(err, noSuchPerson)
}

func listPeople(ctx context.Context, q querier) ([]fairlead.Person, error) {
	return list(ctx, q, scanPerson, `
		SELECT `+personColumns+`
		FROM people WHERE removed_at IS NULL ORDER BY role = 'owner' DESC, name, id`)
}

func scanPerson(row scanner) (p fairlead.Person, err error) {
	var created, removed sql.NullInt64
	err = row.Scan(&p.ID, &p.Email, &p.Name, &p.Role, &p.Theme, &created, &removed)
	p.CreatedAt, p.RemovedAt = instant(created), instant(removed)
	return p, err
}
