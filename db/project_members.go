package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"fairlead"
)

const noProjectMember = "There is no such person in this project."

// ListProjectMembers returns everybody in a project, owners first, then by name.
func (d *DB) ListProjectMembers(ctx context.Context, projectID string) ([]fairlead.ProjectMember, error) {
	return list(ctx, d.reader, scanProjectMember, `
		SELECT p.id, p.email, p.name, p.role, m.role, m.added_at
		FROM project_members m JOIN people p ON p.id = m.person_id
		WHERE m.project_id = $1 ORDER BY m.role = 'owner' DESC, p.name, p.id`, projectID)
}

// AddProjectMember takes somebody of the workspace into a project. Whoever has that role in it already keeps it.
// CodeNotFound for everybody else, CodeConflict for a member with another role.
func (d *DB) AddProjectMember(ctx context.Context, by fairlead.Actor, projectID, personID string, role fairlead.ProjectRole) error {
	return d.write(ctx, func(t tx) error {
		project, err := t.findProject(ctx, projectID)
		if err != nil {
			return err
		}
		person, err := t.findPerson(ctx, personID)
		if err != nil {
			return err
		}
		switch has, err := t.projectRole(ctx, projectID, personID); {
		case err != nil || has == role:
			return err
		case has != "":
			return fairlead.Errorf(fairlead.CodeConflict, "%s is in this project already, as %s.", person.Name, has)
		}
		if err := t.addProjectMember(ctx, projectID, personID, role); err != nil {
			return err
		}
		return t.audit(ctx, by, "project.member_added", projectID, fmt.Sprintf("%s as %s of %s", person.Name, role, project.Name))
	})
}

// UpdateProjectRole makes a member an owner or a developer; CodeNotFound for somebody who is no member.
func (d *DB) UpdateProjectRole(ctx context.Context, by fairlead.Actor, projectID, personID string, role fairlead.ProjectRole) error {
	return d.write(ctx, func(t tx) error {
		project, person, has, err := t.findProjectMember(ctx, projectID, personID)
		if err != nil || has == role {
			return err
		}
		if has == "" {
			return fairlead.Errorf(fairlead.CodeNotFound, noProjectMember)
		}
		if _, err := t.exec(ctx, `UPDATE project_members SET role = $1 WHERE project_id = $2 AND person_id = $3`, string(role), projectID, personID); err != nil {
			return err
		}
		return t.audit(ctx, by, "project.member_changed", projectID, fmt.Sprintf("%s in %s from %s to %s", person.Name, project.Name, has, role))
	})
}

// RemoveProjectMember takes a person out of a project, the last owner too: workspace owners manage what nobody owns.
// The project's links that act by the person's connections lose them. Removing somebody who is no member changes nothing.
func (d *DB) RemoveProjectMember(ctx context.Context, by fairlead.Actor, projectID, personID string) error {
	return d.write(ctx, func(t tx) error {
		project, person, has, err := t.findProjectMember(ctx, projectID, personID)
		if err != nil || has == "" {
			return err
		}
		return t.removeProjectMember(ctx, by, project, person)
	})
}

// removeMemberships takes a person out of all projects, which goes with leaving the workspace.
func (t tx) removeMemberships(ctx context.Context, by fairlead.Actor, person fairlead.Person) error {
	all, err := list(ctx, t, scanMembership, membershipQuery+`WHERE m.person_id IS NOT NULL`+inOrder, person.ID)
	if err != nil {
		return err
	}
	for _, m := range all {
		if err := t.removeProjectMember(ctx, by, m.Project, person); err != nil {
			return err
		}
	}
	return nil
}

func (t tx) removeProjectMember(ctx context.Context, by fairlead.Actor, project fairlead.Project, person fairlead.Person) error {
	if _, err := t.exec(ctx, `DELETE FROM project_members WHERE project_id = $1 AND person_id = $2`, project.ID, person.ID); err != nil {
		return err
	}
	if err := t.loseMember(ctx, by, project, person); err != nil {
		return err
	}
	return t.audit(ctx, by, "project.member_removed", project.ID, fmt.Sprintf("%s from %s", person.Name, project.Name))
}

func (t tx) addProjectMember(ctx context.Context, projectID, personID string, role fairlead.ProjectRole) error {
	_, err := t.exec(ctx, `INSERT INTO project_members (project_id, person_id, role, added_at) VALUES ($1, $2, $3, $4)`,
		projectID, personID, string(role), millis(t.now))
	return err
}

// findProjectMember gives both sides of a membership and the role, "" if the person is no member.
func (t tx) findProjectMember(ctx context.Context, projectID, personID string) (project fairlead.Project, person fairlead.Person, role fairlead.ProjectRole, err error) {
	if project, err = t.findProject(ctx, projectID); err != nil {
		return project, person, role, err
	}
	if person, err = t.findPerson(ctx, personID); err != nil {
		return project, person, role, err
	}
	role, err = t.projectRole(ctx, projectID, personID)
	return project, person, role, err
}

// projectRole is what a person is in a project, "" for somebody who is no member.
func (t tx) projectRole(ctx context.Context, projectID, personID string) (role fairlead.ProjectRole, err error) {
	err = t.QueryRowContext(ctx, `SELECT role FROM project_members WHERE project_id = $1 AND person_id = $2`, projectID, personID).Scan(&role)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return role, err
}

func scanProjectMember(row scanner) (m fairlead.ProjectMember, err error) {
	var added sql.NullInt64
	err = row.Scan(&m.Person.ID, &m.Person.Email, &m.Person.Name, &m.Person.Role, &m.Role, &added)
	m.AddedAt = instant(added)
	return m, err
}
