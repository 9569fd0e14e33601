-- +goose Up

-- The Git provider that a setup changes, '' for a new one; and when a hand-over brought its values.
ALTER TABLE setups ADD COLUMN provider_id TEXT NOT NULL DEFAULT '';
ALTER TABLE setups ADD COLUMN received_at INTEGER;

-- A link outlives its setup, so that whoever opens it late is told what happened.
CREATE TABLE hand_overs (
    id         TEXT    PRIMARY KEY,
    setup_id   TEXT    NOT NULL,
    token_hash TEXT    NOT NULL UNIQUE,
    created_by TEXT    NOT NULL REFERENCES people (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    spent_at   INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE INDEX hand_overs_setup ON hand_overs (setup_id, created_at);

-- +goose Down
SELECT 1;
