// Package db keeps Fairlead's rows in one SQLite file: opening, migrating, sealing of secrets, and one file per table.
// It knows the nouns of package fairlead and nothing else of ours.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"

	"fairlead"
)

const (
	plainDriver  = "sqlite3" // the driver's own name for itself
	writerDriver = "sqlite3 writer"
)

func init() {
	sql.Register(writerDriver, &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		// What a statement would take to undo stays in memory: it would be a file for each insert of several rows.
		_, err := c.Exec(fmt.Sprintf("PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = %d", writerCheckpoint), nil)
		return err
	}})
}

// FileName is the database's name inside the data folder.
const FileName = "fairlead.db"

// Options say where the data is and what the database may ask for.
type Options struct {
	Dir     string // the data folder; made if missing, 0700
	KeyFile string // the key that seals secrets; "" = Dir/fairlead.key
	Beside  bool   // open beside a running Fairlead: no lock, no migration, nothing is made
	Clock   fairlead.Clock
	Random  fairlead.Random
}

// DB is the open database: one writer, a pool of readers, and the keyring.
type DB struct {
	writer  *sql.DB
	reader  *sql.DB
	copier  *copier // nil beside a running Fairlead
	lock    *os.File
	keyring *Keyring
	clock   fairlead.Clock
	random  fairlead.Random
}

// Open locks the data folder, loads or makes the key, opens the file, and brings its schema up to date. Its errors are
// sentences that name the file and what to do.
func Open(ctx context.Context, o Options) (_ *DB, err error) {
	if o.KeyFile == "" {
		o.KeyFile = filepath.Join(o.Dir, "fairlead.key")
	}
	d := &DB{clock: o.Clock, random: o.Random}
	defer func() {
		if err != nil {
			_ = d.Close()
		}
	}()
	path := filepath.Join(o.Dir, FileName)
	isNew, err := d.claim(o, path)
	if err != nil {
		return nil, err
	}
	if d.keyring, err = loadKey(o.KeyFile, isNew, path, o.Random); err != nil {
		return nil, err
	}
	if err := d.connect(ctx, path, o.Beside); err != nil {
		return nil, err
	}
	if err := d.checkKey(ctx, o.KeyFile, path); err != nil {
		return nil, err
	}
	return d, nil
}

// claim makes the data folder and takes its lock; isNew tells that there is no database yet.
func (d *DB) claim(o Options, path string) (isNew bool, err error) {
	_, statErr := os.Stat(path)
	isNew = errors.Is(statErr, os.ErrNotExist)
	if o.Beside && isNew {
		return isNew, fmt.Errorf("there is no Fairlead database at %s; name its folder with --data", path)
	}
	if o.Beside {
		return isNew, nil
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return isNew, fmt.Errorf("cannot make the data folder %s: %w", o.Dir, err)
	}
	d.lock, err = lockFolder(o.Dir)
	return isNew, err
}

func (d *DB) connect(ctx context.Context, path string, beside bool) (err error) {
	// One writer with immediate transactions: a read-then-write transaction can then never fail with "busy" half-way.
	if d.writer, err = openPool(writerDriver, path, 1, "_journal=WAL&_busy_timeout=5000&_fk=1&_synchronous=FULL&_txlock=immediate&"+keepPrepared); err != nil {
		return err
	}
	if err := migrate(ctx, d.writer, path, beside); err != nil {
		return err
	}
	if d.reader, err = openPool(plainDriver, path, 4, "mode=ro&_query_only=1&_busy_timeout=5000&_fk=1&_synchronous=FULL&"+keepPrepared); err != nil || beside {
		return err
	}
	d.copier, err = startCopier(path)
	return err
}

// keepPrepared keeps as many compiled statements for each connection: compiling took a tenth of a page's time.
const keepPrepared = "_stmt_cache_size=64"

func openPool(driver, path string, connections int, options string) (*sql.DB, error) {
	// The file: form needs a URL path, so that a folder with a question mark or a percent sign in its name works.
	pool, err := sql.Open(driver, "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+options)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", path, err)
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool, nil
}

// Close releases everything, the folder's lock last. Closing again does nothing.
func (d *DB) Close() error {
	var errs []error
	if d.copier != nil {
		errs = append(errs, d.copier.stop())
		d.copier = nil
	}
	for _, pool := range []*sql.DB{d.reader, d.writer} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
		d.lock = nil
	}
	return errors.Join(errs...)
}

// Keyring gives the keys that other rooms derive theirs from.
func (d *DB) Keyring() *Keyring { return d.keyring }

// Ping reads one row, for the readiness probe.
func (d *DB) Ping(ctx context.Context) error {
	return d.reader.QueryRowContext(ctx, `SELECT 1 FROM workspace`).Scan(new(int))
}

// tx is a write transaction: every row that it writes has the same instant.
type tx struct {
	*sql.Tx
	db  *DB
	now time.Time
}

// write runs do in a write transaction and rolls back on error or panic. Whoever gives up no longer waits for the
// writer; a transaction that has begun goes through.
func (d *DB) write(ctx context.Context, do func(tx) error) error {
	c, err := d.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("wait for the writer: %w", err)
	}
	defer c.Close()
	t, err := c.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = t.Rollback() }()
	if err := do(tx{Tx: t, db: d, now: d.clock()}); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return err
	}
	if d.copier != nil {
		d.copier.wake()
	}
	return nil
}

// The statements of a transaction do not watch the context: each would need a goroutine for that, and after each everybody
// who waits for the writer would wait until that goroutine had its turn, too.

func (t tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return t.Tx.ExecContext(context.WithoutCancel(ctx), query, args...)
}

func (t tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.Tx.QueryContext(context.WithoutCancel(ctx), query, args...)
}

func (t tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return t.Tx.QueryRowContext(context.WithoutCancel(ctx), query, args...)
}

// querier is what both pools and transactions offer, so that a read can run in either.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// scanner is a row or rows.
type scanner interface{ Scan(...any) error }

// list collects all rows of a query.
func list[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// scanText reads a row of one text.
func scanText(row scanner) (text string, err error) {
	err = row.Scan(&text)
	return text, err
}

// exec runs a statement and returns how many rows it changed.
func (t tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := t.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// isUnique reports whether err is a broken uniqueness rule; by code, since texts change.
func isUnique(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.ExtendedCode == sqlite3.ErrConstraintUnique || e.ExtendedCode == sqlite3.ErrConstraintPrimaryKey)
}

// notFound turns "no rows" into the error for people.
func notFound(err error, message string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fairlead.Errorf(fairlead.CodeNotFound, "%s", message)
	}
	return err
}

// millis is how times are stored: Unix milliseconds, NULL for the zero time.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// instant reads a stored time; NULL is the zero time.
func instant(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}
