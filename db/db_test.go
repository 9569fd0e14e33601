package db

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, o Options) (*DB, error) {
	t.Helper()
	o.Clock, o.Random = time.Now, rand.Reader
	d, err := Open(t.Context(), o)
	if err == nil {
		t.Cleanup(func() { _ = d.Close() })
	}
	return d, err
}

func opened(t *testing.T, dir string) *DB {
	t.Helper()
	d, err := open(t, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// wantRefused checks that a database does not open, and that the reason names all of this.
func wantRefused(t *testing.T, o Options, names ...string) {
	t.Helper()
	d, err := open(t, o)
	if err == nil {
		t.Fatal("it opened")
	}
	if d != nil {
		t.Error("a database comes with the error")
	}
	for _, name := range names {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q is not in %q", name, err)
		}
	}
}

func TestEveryConnectionOfBothPoolsIsSetUp(t *testing.T) {
	d := opened(t, t.TempDir())
	for name, pool := range map[string]*sql.DB{"writer": d.writer, "reader": d.reader} {
		for range pool.Stats().MaxOpenConnections { // held until the end, so each is another one
			c, err := pool.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			wanted := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"}
			if pool == d.writer {
				wanted["temp_store"], wanted["wal_autocheckpoint"] = "2", "8000"
			}
			for pragma, want := range wanted {
				var got string
				if err := c.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
					t.Errorf("%s: %s is %q, %v, want %s", name, pragma, got, err, want)
				}
			}
		}
	}
	if d.writer.Stats().MaxOpenConnections != 1 || d.reader.Stats().MaxOpenConnections != 4 {
		t.Error("not one writer and four readers")
	}
}

func TestReadersCannotWrite(t *testing.T) {
	d := opened(t, t.TempDir())
	if _, err := d.reader.ExecContext(t.Context(), `UPDATE workspace SET name = 'x'`); err == nil {
		t.Error("a reader wrote")
	}
}

func TestEveryTableIsStrict(t *testing.T) {
	d := opened(t, t.TempDir())
	loose, err := list(t.Context(), d.reader, func(row scanner) (name string, err error) { return name, row.Scan(&name) },
		`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version'`)
	if err != nil || len(loose) > 0 {
		t.Errorf("not strict: %v, %v", loose, err)
	}
}

// PostgreSQL numbers placeholders; counting up from 1 in the order of the text keeps the SQL portable.
func TestPlaceholdersAscendInEveryStatement(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			for _, argument := range call.Args {
				text, next := textOf(argument), 1
				for i, match := range placeholder.FindAllStringSubmatch(text, -1) {
					seen++
					n, _ := strconv.Atoi(match[1])
					if i == 0 && strings.Contains(text, elsewhere) {
						next = n // the first ones may be in the part that is a parameter
					}
					if n != next {
						t.Errorf("%s: $%d where $%d is next", set.Position(argument.Pos()), n, next)
					}
					next++
				}
			}
			return true
		})
	}
	if seen < 100 {
		t.Errorf("only %d placeholders found", seen)
	}
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

// elsewhere stands for a part of a statement that is no literal.
const elsewhere = "\x00"

// textOf joins the literals of a concatenation.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Value
	case *ast.BinaryExpr:
		return textOf(e.X) + textOf(e.Y)
	}
	return elsewhere
}

func TestADatabaseOfANewerFairleadIsRefused(t *testing.T) {
	dir := t.TempDir()
	d := opened(t, dir)
	if _, err := d.writer.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, Options{Dir: dir}, filepath.Join(dir, FileName), "newer", "9999")
	wantRefused(t, Options{Dir: dir, Beside: true}, "newer")
}

func TestAFileThatIsNoDatabaseIsRefused(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, FileName), strings.Repeat("not a database ", 100))
	writeFile(t, filepath.Join(dir, "fairlead.key"), someKey)
	wantRefused(t, Options{Dir: dir}, filepath.Join(dir, FileName))
}

func TestAFolderInUseIsRefusedUnlessOpenedBeside(t *testing.T) {
	dir := t.TempDir()
	first := opened(t, dir)
	wantRefused(t, Options{Dir: dir}, dir, "in use")
	beside, err := open(t, Options{Dir: dir, Beside: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := beside.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	opened(t, dir) // the lock went with its holder
}

func TestBesideMakesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nothing")
	wantRefused(t, Options{Dir: dir, Beside: true}, filepath.Join(dir, FileName))
	if _, err := os.Stat(dir); err == nil {
		t.Error("a folder was made")
	}
}

func TestAFolderWithAnOddNameWorks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a?b%20c#d e")
	opened(t, dir)
	if _, err := os.Stat(filepath.Join(dir, FileName)); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
}

func TestATransactionThatFailsLeavesNothing(t *testing.T) {
	d := opened(t, t.TempDir())
	func() {
		defer func() { _ = recover() }()
		_ = d.write(context.Background(), func(t tx) error {
			_, _ = t.exec(context.Background(), `UPDATE workspace SET name = 'half'`)
			panic("a bug")
		})
	}()
	if w, err := d.FindWorkspace(t.Context()); err != nil || w.Name != "" {
		t.Errorf("got %+v, %v", w, err)
	}
}

// A transaction that reads first and takes the lock later can fail half-way, beside "fairlead owner-link" for instance.
func TestAWriteHoldsTheLockFromItsBeginning(t *testing.T) {
	dir := t.TempDir()
	d := opened(t, dir)
	other, err := sql.Open("sqlite3", filepath.Join(dir, FileName)+"?_busy_timeout=0&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	err = d.write(t.Context(), func(tx) error {
		if second, err := other.BeginTx(t.Context(), nil); err == nil {
			t.Error("two writers at once")
			return second.Rollback()
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestATransactionThatHasBegunGoesThrough(t *testing.T) {
	d := opened(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	err := d.write(ctx, func(t tx) error {
		cancel()
		var one int
		if err := t.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
			return err
		}
		_, err := t.exec(ctx, `CREATE TABLE through (one INTEGER) STRICT`)
		return err
	})
	var tables int
	if err := errors.Join(err, d.reader.QueryRowContext(t.Context(), `SELECT count(*) FROM sqlite_schema WHERE name = 'through'`).Scan(&tables)); err != nil || tables != 1 {
		t.Errorf("%d tables, %v", tables, err)
	}
}

func TestWhoGivesUpWaitsNoLongerForTheWriter(t *testing.T) {
	d := opened(t, t.TempDir())
	err := d.write(t.Context(), func(tx) error { // the writer is taken
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		return d.write(ctx, func(tx) error { return nil })
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
