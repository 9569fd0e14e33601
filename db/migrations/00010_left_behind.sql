-- +goose Up

-- What unlinking a repository left at the host, in sentences: '' for nothing. Those who unlink see it once; it must stay findable.
ALTER TABLE repository_links ADD COLUMN left_behind TEXT NOT NULL DEFAULT '';

-- +goose Down
SELECT 1;
