-- +goose Up

-- How far a link has followed each branch and each tag. A removed one keeps a row without a hash until the next comparison.
-- place is the delivery that moved it last.
CREATE TABLE link_refs (
    link_id     TEXT    NOT NULL REFERENCES repository_links (id),
    ref_type    TEXT    NOT NULL CHECK (ref_type IN ('branch', 'tag')),
    ref         TEXT    NOT NULL,
    hash        TEXT    NOT NULL,
    suspect     TEXT    NOT NULL DEFAULT '',
    suspect_at  INTEGER,
    place       INTEGER NOT NULL DEFAULT 0,
    followed_at INTEGER NOT NULL,
    PRIMARY KEY (link_id, ref_type, ref)
) STRICT;

INSERT INTO link_refs SELECT link_id, 'branch', branch, hash, suspect, suspect_at, place, followed_at FROM link_heads;
DROP TABLE link_heads;
ALTER TABLE link_refs RENAME TO link_heads;

-- 1 once the tags that were there when the link began to follow tags are known: only what happens to tags after that is a push.
ALTER TABLE repository_links ADD COLUMN knows_tags INTEGER NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
