package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"fairlead"
)

const (
	noProject = "There is no such project."

	// membershipQuery gives projects as the person $1 has them.
	membershipQuery = `
		SELECT p.id, p.name, p.key, p.created_at, p.archived_at, COALESCE(m.role, ''),
			(SELECT COUNT(*) FROM project_members WHERE project_id = p.id)
		FROM projects p LEFT JOIN project_members m ON m.project_id = p.id AND m.person_id = $1 `
	inOrder = ` ORDER BY p.name COLLATE NOCASE, p.key`
)

// FindProject returns the project with that key, in whatever case it is written, and what the person is in it.
// CodeNotFound if there is none.
func (d *DB) FindProject(ctx context.Context, key, personID string) (fairlead.ProjectMembership, error) {
	p, err := scanMembership(d.reader.QueryRowContext(ctx, membershipQuery+`WHERE p.key = $2`, personID, key))
	return p, notFound(err, noProject)
}

// ListProjects returns every project, archived ones too, by name, and what the person is in each.
func (d *DB) ListProjects(ctx context.Context, personID string) ([]fairlead.ProjectMembership, error) {
	return list(ctx, d.reader, scanMembership, membershipQuery+inOrder, personID)
}

// ListOwnProjects returns the projects that the person is a member of, archived ones too, by name.
func (d *DB) ListOwnProjects(ctx context.Context, personID string) ([]fairlead.ProjectMembership, error) {
	return list(ctx, d.reader, scanMembership, membershipQuery+`WHERE m.person_id IS NOT NULL`+inOrder, personID)
}

// CreateProject makes a project whose first member is the actor, as its owner. The id comes from the form, so that a form
// sent twice makes one project: the second time that one is returned. CodeConflict if another project has the key, CodeNotFound
// if the form's project was made and left since.
func (d *DB) CreateProject(ctx context.Context, by fairlead.Actor, p fairlead.Project) (fairlead.Project, error) {
	err := d.write(ctx, func(t tx) error {
		made, err := scanMembership(t.QueryRowContext(ctx, membershipQuery+`WHERE p.id = $2`, by.PersonID, p.ID))
		if err == nil && made.Role == "" {
			return fairlead.Errorf(fairlead.CodeNotFound, "The project that this form made is no longer yours.")
		}
		if !errors.Is(err, sql.ErrNoRows) {
			p = made.Project
			return err
		}
		if _, err := t.findPerson(ctx, by.PersonID); err != nil { // removed from the workspace meanwhile
			return err
		}
		p.CreatedAt, p.ArchivedAt = t.now, time.Time{}
		_, err = t.exec(ctx, `INSERT INTO projects (id, name, key, created_at) VALUES ($1, $2, $3, $4)`, p.ID, p.Name, p.Key, millis(p.CreatedAt))
		if isUnique(err) {
			return fairlead.Errorf(fairlead.CodeConflict, "The key %s is taken.", p.Key)
		}
		if err != nil {
			return err
		}
		if err := t.addProjectMember(ctx, p.ID, by.PersonID, fairlead.ProjectOwner); err != nil {
			return err
		}
		return t.audit(ctx, by, "project.created", p.ID, fmt.Sprintf("%s (%s)", p.Name, p.Key))
	})
	return p, err
}

// RenameProject gives a project another name. The name that it has changes nothing.
func (d *DB) RenameProject(ctx context.Context, by fairlead.Actor, id, name string) error {
	return d.write(ctx, func(t tx) error {
		p, err := t.findProject(ctx, id)
		if err != nil || p.Name == name {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE projects SET name = $1 WHERE id = $2`, name, id); err != nil {
			return err
		}
		return t.audit(ctx, by, "project.renamed", id, fmt.Sprintf("%s, before: %s", name, p.Name))
	})
}

// ArchiveProject puts a project aside; what is archived already stays as it is.
func (d *DB) ArchiveProject(ctx context.Context, by fairlead.Actor, id string) error {
	return d.write(ctx, func(t tx) error {
		p, err := t.findProject(ctx, id)
		if err != nil || p.IsArchived() {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE projects SET archived_at = $1 WHERE id = $2`, millis(t.now), id); err != nil {
			return err
		}
		return t.audit(ctx, by, "project.archived", id, p.Name)
	})
}

// RestoreProject takes a project back into use.
func (d *DB) RestoreProject(ctx context.Context, by fairlead.Actor, id string) error {
	return d.write(ctx, func(t tx) error {
		p, err := t.findProject(ctx, id)
		if err != nil || !p.IsArchived() {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE projects SET archived_at = NULL WHERE id = $1`, id); err != nil {
			return err
		}
		return t.audit(ctx, by, "project.restored", id, p.Name)
	})
}

func (t tx) findProject(ctx context.Context, id string) (fairlead.Project, error) {
	p, err := scanMembership(t.QueryRowContext(ctx, membershipQuery+`WHERE p.id = $2`, "", id))
	return p.Project, notFound(err, noProject)
}

func scanMembership(row scanner) (m fairlead.ProjectMembership, err error) {
	var created, archived sql.NullInt64
	err = row.Scan(&m.Project.ID, &m.Project.Name, &m.Project.Key, &created, &archived, &m.Role, &m.Members)
	m.Project.CreatedAt, m.Project.ArchivedAt = instant(created), instant(archived)
	return m, err
}
