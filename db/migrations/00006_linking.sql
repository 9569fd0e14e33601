-- +goose Up

-- An attempt has a purpose: to verify a setup, or to connect a person's account with a Git provider.
ALTER TABLE attempts ADD COLUMN purpose TEXT NOT NULL DEFAULT 'setup' CHECK (purpose IN ('setup', 'connect'));
ALTER TABLE attempts ADD COLUMN provider_id TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN return_to TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN diagnosis TEXT;

CREATE INDEX attempts_provider ON attempts (provider_id, person_id, created_at) WHERE purpose = 'connect';
CREATE INDEX attempts_session ON attempts (session_id, provider_id, created_at) WHERE purpose = 'connect';

CREATE TABLE connections (
    id               TEXT    PRIMARY KEY,
    provider_id      TEXT    NOT NULL REFERENCES git_providers (id),
    person_id        TEXT    NOT NULL REFERENCES people (id),
    account_id       TEXT    NOT NULL,
    account_name     TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('alive', 'renew', 'dead')),
    diagnosis        TEXT,
    access_sealed    BLOB    NOT NULL,
    refresh_sealed   BLOB    NOT NULL,
    token_expires_at INTEGER,
    scopes           TEXT    NOT NULL,
    version          INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    authorized_at    INTEGER NOT NULL,
    refreshed_at     INTEGER NOT NULL,
    UNIQUE (person_id, provider_id, account_id)
) STRICT;

CREATE INDEX connections_provider ON connections (provider_id);

-- A link that was removed keeps its row, since its deliveries and pushes stay. Its Git provider may go, so that is no
-- reference. followed are the branches that its rules before followed, each with the newest delivery of that time: what waits
-- since then may be about a branch that was not followed, or not all the time. resume is 1 while more deliveries that wait are to be due than one transaction takes.
CREATE TABLE repository_links (
    id                TEXT    PRIMARY KEY,
    project_id        TEXT    NOT NULL REFERENCES projects (id),
    provider_id       TEXT    NOT NULL,
    connection_id     TEXT    REFERENCES connections (id),
    lost              TEXT    NOT NULL DEFAULT '',
    repository_id     TEXT    NOT NULL,
    full_name         TEXT    NOT NULL,
    web_url           TEXT    NOT NULL,
    main_branch       TEXT    NOT NULL,
    private           INTEGER NOT NULL,
    branch            TEXT    NOT NULL,
    followed          TEXT    NOT NULL DEFAULT '[]',
    paths             TEXT    NOT NULL,
    tags              INTEGER NOT NULL,
    deletions         INTEGER NOT NULL,
    webhook           TEXT    NOT NULL,
    secret_sealed     BLOB    NOT NULL,
    old_secret_sealed BLOB    NOT NULL,
    secret_told_at    INTEGER,
    health            TEXT    NOT NULL,
    checked_at        INTEGER,
    synced_at         INTEGER,
    last_push_at      INTEGER,
    rejected          INTEGER NOT NULL DEFAULT 0,
    resume            INTEGER NOT NULL DEFAULT 0,
    created_by        TEXT    NOT NULL REFERENCES people (id),
    created_at        INTEGER NOT NULL,
    removed_at        INTEGER
) STRICT;

CREATE INDEX repository_links_project ON repository_links (project_id);
CREATE INDEX repository_links_connection ON repository_links (connection_id);
CREATE INDEX repository_links_repository ON repository_links (provider_id, repository_id);

CREATE INDEX repository_links_resume ON repository_links (id) WHERE resume = 1;

-- How far a link has followed each branch. A removed branch keeps a row without a hash until the next comparison. place is
-- the delivery that moved it last.
CREATE TABLE link_heads (
    link_id     TEXT    NOT NULL REFERENCES repository_links (id),
    branch      TEXT    NOT NULL,
    hash        TEXT    NOT NULL,
    suspect     TEXT    NOT NULL DEFAULT '',
    suspect_at  INTEGER,
    place       INTEGER NOT NULL DEFAULT 0,
    followed_at INTEGER NOT NULL,
    PRIMARY KEY (link_id, branch)
) STRICT;

-- +goose Down
SELECT 1;
