package db

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"fairlead"
)

func TestAnAttemptFromBeforePurposesVerifiesItsSetup(t *testing.T) {
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
	if _, err := provider.UpTo(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	if _, err := old.Exec(`
		INSERT INTO attempts (id, state_hash, setup_id, session_id, person_id, digest, popup, created_at, expires_at)
		VALUES ('at_1', 'hash', 'su_1', 'se_1', 'pe_1', 'digest', 1, 1, 2)`); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "fairlead.key"), someKey)
	a, err := opened(t, dir).FindAttempt(t.Context(), "hash")
	if err != nil || a.Purpose != fairlead.AttemptSetup || a.SetupID != "su_1" || a.ProviderID != "" || a.Diagnosis != nil {
		t.Errorf("got %+v, %v", a, err)
	}
}
