-- +goose Up

-- A key stays taken when its project is archived: it stands in old addresses and in the audit log.
CREATE TABLE projects (
    id          TEXT    PRIMARY KEY,
    name        TEXT    NOT NULL,
    key         TEXT    NOT NULL COLLATE NOCASE UNIQUE,
    created_at  INTEGER NOT NULL,
    archived_at INTEGER
) STRICT;

CREATE TABLE project_members (
    project_id TEXT    NOT NULL REFERENCES projects (id),
    person_id  TEXT    NOT NULL REFERENCES people (id),
    role       TEXT    NOT NULL CHECK (role IN ('owner', 'developer')),
    added_at   INTEGER NOT NULL,
    PRIMARY KEY (project_id, person_id)
) STRICT;

CREATE INDEX project_members_person ON project_members (person_id);

-- +goose Down
SELECT 1;
