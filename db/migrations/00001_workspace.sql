-- +goose Up
-- Times are Unix milliseconds, UTC. Ids are prefixed random text.

CREATE TABLE workspace (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    name            TEXT    NOT NULL,
    key_fingerprint TEXT    NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE people (
    id            TEXT    PRIMARY KEY,
    email         TEXT    NOT NULL COLLATE NOCASE,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('owner', 'member')),
    theme         TEXT    NOT NULL DEFAULT '' CHECK (theme IN ('', 'light', 'dark')),
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    removed_at    INTEGER
) STRICT;

-- A removed person keeps the row, so that old events keep a name; the address may then join again.
CREATE UNIQUE INDEX people_email ON people (email) WHERE removed_at IS NULL;

CREATE TABLE sessions (
    id         TEXT    PRIMARY KEY,
    token_hash TEXT    NOT NULL UNIQUE,
    person_id  TEXT    NOT NULL REFERENCES people (id),
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    address    TEXT    NOT NULL,
    user_agent TEXT    NOT NULL
) STRICT;

CREATE INDEX sessions_person ON sessions (person_id);

CREATE TABLE links (
    id         TEXT    PRIMARY KEY,
    purpose    TEXT    NOT NULL CHECK (purpose IN ('first-owner', 'owner', 'invitation')),
    token_hash TEXT    NOT NULL UNIQUE,
    email      TEXT    NOT NULL COLLATE NOCASE,
    role       TEXT    NOT NULL CHECK (role IN ('owner', 'member')),
    created_by TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    spent_at   INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE TABLE audit_events (
    id          TEXT    PRIMARY KEY,
    at          INTEGER NOT NULL,
    person_id   TEXT    NOT NULL,
    person_name TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    action      TEXT    NOT NULL,
    object      TEXT    NOT NULL,
    detail      TEXT    NOT NULL
) STRICT;

CREATE INDEX audit_events_at ON audit_events (at, id);

-- +goose Down
SELECT 1;
