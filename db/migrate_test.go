package db

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"fairlead"
)

// olderDatabase is the database of an older Fairlead, with the schema of that time and these rows, opened by this one.
func olderDatabase(t *testing.T, schema int64, rows string) *DB {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	old, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, old, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	if _, err := old.Exec(rows); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "fairlead.key"), someKey)
	return opened(t, dir)
}

func TestDeliveriesFromBeforeTheLogToldTagsApartAreToldApart(t *testing.T) {
	const delivery, push = `INSERT INTO deliveries (id, link_id, project_id, host_id, event, source, address, state, verdict, shown, ref, received_at) VALUES `,
		`INSERT INTO pushes (id, delivery_id, link_id, position, ref_type, ref, old, new, forced, verdict, reason, actor, told, matched, comparison, at) VALUES `
	d := olderDatabase(t, 7, delivery+`
		('dl_tag', 'rl_1', 'pr_1', '1', 'repo:push', 'webhook', '', 'done', 'recorded', 'recorded', 'v1.1', 1),
		('dl_main', 'rl_1', 'pr_1', '2', 'repo:push', 'webhook', '', 'done', 'recorded', 'recorded', 'main', 2);`+push+`
		('ps_1', 'dl_tag', 'rl_1', 0, 'tag', 'v1.1', '', 'b', 0, 'recorded', '', '', 1, 0, '{}', 1),
		('ps_2', 'dl_main', 'rl_1', 0, 'branch', 'main', 'a', 'b', 1, 'recorded', '', '', 2, 0, '{}', 2),
		('ps_3', 'dl_main', 'rl_1', 1, 'tag', 'v1.2', '', 'b', 0, 'recorded', '', '', 2, 0, '{}', 2);`)
	for id, want := range map[string]fairlead.Delivery{"dl_tag": {RefType: fairlead.RefTag}, "dl_main": {Forced: 1}} {
		if got, err := d.FindDelivery(t.Context(), id); err != nil || got.RefType != want.RefType || got.Forced != want.Forced {
			t.Errorf("%s: got %+v, %v", id, got, err)
		}
	}
}

func TestAnAttemptFromBeforePurposesVerifiesItsSetup(t *testing.T) {
	a, err := olderDatabase(t, 5, `
		INSERT INTO attempts (id, state_hash, setup_id, session_id, person_id, digest, popup, created_at, expires_at)
		VALUES ('at_1', 'hash', 'su_1', 'se_1', 'pe_1', 'digest', 1, 1, 2)`).FindAttempt(t.Context(), "hash")
	if err != nil || a.Purpose != fairlead.AttemptSetup || a.SetupID != "su_1" || a.ProviderID != "" || a.Diagnosis != nil {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestHeadsFromBeforeTagsWereFollowedStay(t *testing.T) {
	heads, err := olderDatabase(t, 7, `
		INSERT INTO repository_links (id, project_id, provider_id, repository_id, full_name, web_url, main_branch, private, branch, paths, tags, deletions,
			webhook, secret_sealed, old_secret_sealed, health, created_by, created_at)
			VALUES ('rl_1', 'pr_1', 'gp_1', '{1}', 'acme/orders', '', 'main', 1, 'main', '[]', 0, 0, '{}', x'', x'', '{}', 'pe_1', 0);
		INSERT INTO link_heads (link_id, branch, hash, suspect, suspect_at, place, followed_at) VALUES ('rl_1', 'main', 'a1', 'a2', 3000, 7, 2000)`).
		ListHeads(t.Context(), "rl_1")
	want := fairlead.Head{
		Ref: fairlead.BranchRef("main"), Hash: "a1", Suspect: "a2", SuspectAt: time.UnixMilli(3000).UTC(), FollowedAt: time.UnixMilli(2000).UTC(),
	}
	if err != nil || len(heads) != 1 || heads[0] != want {
		t.Errorf("got %+v, %v", heads, err)
	}
}
