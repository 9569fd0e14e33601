package db

import (
	"context"
	"database/sql"

	"fairlead"
)

// FindWorkspace returns this installation; its name is "" until the first owner gave it one.
func (d *DB) FindWorkspace(ctx context.Context) (fairlead.Workspace, error) {
	var w fairlead.Workspace
	var created sql.NullInt64
	err := d.reader.QueryRowContext(ctx, `SELECT name, created_at FROM workspace`).Scan(&w.Name, &created)
	w.CreatedAt = instant(created)
	return w, err
}

// CreateWorkspace spends a first-owner link: it names the workspace and makes its first owner, of whom e-mail and name
// are taken. CodeGone if the link is spent, expired or revoked, CodeConflict if somebody belongs to the workspace.
func (d *DB) CreateWorkspace(ctx context.Context, by fairlead.Actor, tokenHash, name string, owner fairlead.Person, passwordHash string) (fairlead.Person, error) {
	owner.Role = fairlead.RoleOwner
	err := d.write(ctx, func(t tx) error {
		if err := t.requireNobody(ctx); err != nil {
			return err
		}
		link, err := t.spendLink(ctx, tokenHash, fairlead.LinkFirstOwner)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE workspace SET name = $1`, name); err != nil {
			return err
		}
		if err := t.createPerson(ctx, &owner, passwordHash); err != nil {
			return err
		}
		by.PersonID, by.Name = owner.ID, owner.Name
		if err := t.auditSpent(ctx, by, link); err != nil {
			return err
		}
		if err := t.audit(ctx, by, "workspace.created", "", name); err != nil {
			return err
		}
		return t.audit(ctx, by, "person.joined", owner.ID, owner.Name+" as owner")
	})
	return owner, err
}

// requireNobody keeps the first-owner link from ever making a second one.
func (t tx) requireNobody(ctx context.Context) error {
	people, err := t.listPeople(ctx)
	if err == nil && len(people) > 0 {
		return fairlead.Errorf(fairlead.CodeConflict, "This workspace has an owner already.")
	}
	return err
}
