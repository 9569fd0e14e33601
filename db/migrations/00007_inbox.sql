-- +goose Up

-- The log is read newest first, by (received_at, place): as the rowid, place is the last column of every index.
-- shown is the filter of the log that a verdict belongs to. due_at is the next try of a waiting delivery, NULL while it is
-- parked, and the end of the lease of one that is being worked off. claims says in whose hands it is: attempts are tries, and
-- not every claim counts as one. again is 1 once it was processed again by hand.
CREATE TABLE deliveries (
    place       INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    link_id     TEXT    NOT NULL REFERENCES repository_links (id),
    project_id  TEXT    NOT NULL REFERENCES projects (id),
    host_id     TEXT    NOT NULL,
    event       TEXT    NOT NULL,
    source      TEXT    NOT NULL CHECK (source IN ('webhook', 'catch-up')),
    address     TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('waiting', 'working', 'done', 'failed')),
    verdict     TEXT    NOT NULL,
    shown       TEXT    NOT NULL CHECK (shown IN ('', 'recorded', 'ignored', 'attention')),
    reason      TEXT    NOT NULL DEFAULT '',
    diagnosis   TEXT,
    ref         TEXT    NOT NULL DEFAULT '',
    more        INTEGER NOT NULL DEFAULT 0,
    commits     INTEGER NOT NULL DEFAULT 0,
    files       INTEGER NOT NULL DEFAULT 0,
    actor       TEXT    NOT NULL DEFAULT '',
    head        TEXT    NOT NULL DEFAULT '',
    received_at INTEGER NOT NULL,
    finished_at INTEGER,
    attempts    INTEGER NOT NULL DEFAULT 0,
    claims      INTEGER NOT NULL DEFAULT 0,
    again       INTEGER NOT NULL DEFAULT 0,
    due_at      INTEGER,
    UNIQUE (link_id, host_id)
) STRICT;

CREATE INDEX deliveries_link ON deliveries (link_id, received_at);
CREATE INDEX deliveries_link_shown ON deliveries (link_id, shown, received_at);
CREATE INDEX deliveries_project ON deliveries (project_id, received_at);
CREATE INDEX deliveries_project_shown ON deliveries (project_id, shown, received_at);

-- What is left to do: small, however long the log is.
CREATE INDEX deliveries_waiting ON deliveries (link_id, due_at) WHERE state = 'waiting';
CREATE INDEX deliveries_working ON deliveries (link_id, due_at) WHERE state = 'working';

-- Payloads are large, are read one at a time and go after a while; apart from them the log stays compact.
CREATE TABLE delivery_payloads (
    place       INTEGER PRIMARY KEY REFERENCES deliveries (place),
    received_at INTEGER NOT NULL,
    headers     TEXT    NOT NULL,
    body        BLOB    NOT NULL
) STRICT;

CREATE INDEX delivery_payloads_received ON delivery_payloads (received_at);

-- A change of one ref, once for each link. told is the newest delivery that told of it. open is 1 while the head of a followed
-- branch has not gone over it: those are what gaps are looked for between. incomplete is 1 if it brought commits that cannot
-- be found by their hash. stale is 1 while its delivery is to be judged anew.
CREATE TABLE pushes (
    id          TEXT    PRIMARY KEY,
    delivery_id TEXT    NOT NULL REFERENCES deliveries (id),
    link_id     TEXT    NOT NULL REFERENCES repository_links (id),
    position    INTEGER NOT NULL,
    ref_type    TEXT    NOT NULL CHECK (ref_type IN ('branch', 'tag')),
    ref         TEXT    NOT NULL,
    old         TEXT    NOT NULL,
    new         TEXT    NOT NULL,
    forced      INTEGER NOT NULL,
    verdict     TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    actor       TEXT    NOT NULL,
    told        INTEGER NOT NULL,
    open        INTEGER NOT NULL DEFAULT 0,
    incomplete  INTEGER NOT NULL DEFAULT 0,
    stale       INTEGER NOT NULL DEFAULT 0,
    matched     INTEGER NOT NULL,
    comparison  TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    UNIQUE (link_id, ref_type, ref, old, new)
) STRICT;

CREATE INDEX pushes_delivery ON pushes (delivery_id, position);
CREATE INDEX pushes_ref ON pushes (link_id, ref_type, ref, told);
CREATE INDEX pushes_open ON pushes (link_id, told) WHERE open = 1;
CREATE INDEX pushes_incomplete ON pushes (link_id, ref) WHERE incomplete = 1;

-- The commits that a push brought, to find it by one of them or by the beginning of its hash. position counts from the newest
-- one, which is 0; the commit that a ref was put back to was not brought, and has -1.
CREATE TABLE push_commits (
    link_id  TEXT    NOT NULL,
    hash     TEXT    NOT NULL,
    push_id  TEXT    NOT NULL REFERENCES pushes (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (link_id, hash, push_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX push_commits_push ON push_commits (push_id);

-- The newest few requests to a link's webhook that were refused; repository_links.rejected counts them all.
CREATE TABLE rejections (
    place   INTEGER PRIMARY KEY,
    link_id TEXT    NOT NULL REFERENCES repository_links (id),
    at      INTEGER NOT NULL,
    reason  TEXT    NOT NULL,
    code    TEXT    NOT NULL,
    source  TEXT    NOT NULL
) STRICT;

CREATE INDEX rejections_link ON rejections (link_id, at);

-- +goose Down
SELECT 1;
