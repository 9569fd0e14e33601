package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate applies the numbered files that the database does not have yet, and refuses a database of a newer Fairlead.
// Beside a running Fairlead it applies nothing.
func migrate(ctx context.Context, pool *sql.DB, path string, beside bool) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, pool, files)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", path, err)
	}
	has, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("%s is not a Fairlead database: %w", path, err)
	}
	sources := provider.ListSources()
	knows := sources[len(sources)-1].Version
	if has > knows {
		return fmt.Errorf("%s was written by a newer Fairlead (schema %d, this one knows %d); run that version or newer", path, has, knows)
	}
	if beside {
		if has < knows {
			return fmt.Errorf("%s was written by an older Fairlead (schema %d, this one knows %d); start \"fairlead serve\" of this version first", path, has, knows)
		}
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("cannot bring %s up to date: %w", path, err)
	}
	return nil
}
