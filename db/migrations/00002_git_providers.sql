-- +goose Up

CREATE TABLE setups (
    id             TEXT    PRIMARY KEY,
    draft_id       TEXT    NOT NULL UNIQUE,
    kind           TEXT    NOT NULL,
    instance_url   TEXT    NOT NULL,
    display_name   TEXT    NOT NULL,
    owner          TEXT    NOT NULL,
    application_id TEXT    NOT NULL,
    secret_sealed  BLOB    NOT NULL,
    digest         TEXT    NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('entered', 'checking', 'refused', 'waiting', 'failed', 'verified')),
    reach          TEXT    NOT NULL,
    diagnosis      TEXT,
    proof          TEXT,
    waiting_since  INTEGER,
    created_by     TEXT    NOT NULL REFERENCES people (id),
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;

-- An attempt outlives its setup for a while, so that a late callback can be explained.
CREATE TABLE attempts (
    id              TEXT    PRIMARY KEY,
    state_hash      TEXT    NOT NULL UNIQUE,
    setup_id        TEXT    NOT NULL,
    session_id      TEXT    NOT NULL,
    person_id       TEXT    NOT NULL,
    verifier_sealed BLOB,
    digest          TEXT    NOT NULL,
    popup           INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    spent_at        INTEGER,
    finished_at     INTEGER,
    outcome         TEXT    NOT NULL DEFAULT '',
    cancelled       INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX attempts_setup ON attempts (setup_id, created_at);

CREATE TABLE git_providers (
    id             TEXT    PRIMARY KEY,
    kind           TEXT    NOT NULL,
    instance_url   TEXT    NOT NULL,
    display_name   TEXT    NOT NULL COLLATE NOCASE UNIQUE,
    application_id TEXT    NOT NULL,
    secret_sealed  BLOB    NOT NULL,
    setup_id       TEXT    NOT NULL UNIQUE,
    proof          TEXT    NOT NULL,
    verified_by    TEXT    NOT NULL REFERENCES people (id),
    created_at     INTEGER NOT NULL
) STRICT;

-- +goose Down
SELECT 1;
