-- +goose Up

-- What a row of the log says of its first change: ref_type is that of ref, '' for a branch and while none is known. forced counts
-- the changes that replaced history. Deliveries that are there get both from their pushes.
ALTER TABLE deliveries ADD COLUMN ref_type TEXT NOT NULL DEFAULT '' CHECK (ref_type IN ('', 'branch', 'tag'));
ALTER TABLE deliveries ADD COLUMN forced INTEGER NOT NULL DEFAULT 0;

UPDATE deliveries SET ref_type = 'tag' WHERE id IN (SELECT delivery_id FROM pushes WHERE position = 0 AND ref_type = 'tag');
UPDATE deliveries SET forced = (SELECT count(*) FROM pushes p WHERE p.delivery_id = deliveries.id AND p.forced = 1)
WHERE id IN (SELECT delivery_id FROM pushes WHERE forced = 1);

-- +goose Down
SELECT 1;
