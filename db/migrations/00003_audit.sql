-- +goose Up

-- The log is read newest first, by (at, rowid): as the last column of every index, the rowid orders events of one instant.
-- With the id in between, the old index could not.
DROP INDEX audit_events_at;
CREATE INDEX audit_events_at ON audit_events (at);
CREATE INDEX audit_events_person ON audit_events (person_id, at);
CREATE INDEX audit_events_object ON audit_events (object, at);

-- +goose Down
SELECT 1;
