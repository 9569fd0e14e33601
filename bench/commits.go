package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3"
)

// commitsCommand is the argument with which this program is the floor of durable deliveries: one row and one commit for
// each, and nothing else.
const commitsCommand = "commits"

// writerOptions are those of the product's writer; a test holds them against db/db.go.
const writerOptions = "_journal=WAL&_busy_timeout=5000&_fk=1&_synchronous=FULL&_txlock=immediate"

func openDatabase(path, options string) (*sql.DB, error) {
	pool, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+options)
	if err == nil {
		pool.SetMaxOpenConns(1)
	}
	return pool, err
}

// committed is what the floor reports.
type committed struct {
	Commits int
	Took    time.Duration
	Written int64 // bytes that went to the disk
}

func (c committed) perSecond() float64 { return float64(c.Commits) / c.Took.Seconds() }

// serveCommits is the floor's process: the headers and the body of a delivery come from standard input, as JSON.
func serveCommits(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet(commitsCommand, flag.ExitOnError)
	path := flags.String("database", "", "file to make")
	length := flags.Duration("for", time.Second, "how long to commit")
	_ = flags.Parse(args) // it exits
	var payload [2]string
	if err := json.NewDecoder(in).Decode(&payload); err != nil {
		return err
	}
	db, err := openDatabase(*path, writerOptions)
	if err != nil {
		return err
	}
	result, err := commitEach(ctx, db, payload[0], payload[1], *length)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if result.Written, err = written("self"); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(result)
}

// commitEach stores rows until the time is over, each in a transaction of its own.
func commitEach(ctx context.Context, db *sql.DB, headers, body string, length time.Duration) (result committed, err error) {
	if _, err := db.ExecContext(ctx, `CREATE TABLE payloads (place INTEGER PRIMARY KEY, headers TEXT NOT NULL, body BLOB NOT NULL) STRICT`); err != nil {
		return result, err
	}
	insert, err := db.PrepareContext(ctx, `INSERT INTO payloads (headers, body) VALUES (?, ?)`)
	if err != nil {
		return result, err
	}
	defer insert.Close()
	for started := time.Now(); result.Took < length; result.Took = time.Since(started) {
		t, err := db.BeginTx(ctx, nil)
		if err != nil {
			return result, err
		}
		if _, err := t.StmtContext(ctx, insert).ExecContext(ctx, headers, []byte(body)); err != nil {
			return result, errors.Join(err, t.Rollback())
		}
		if err := t.Commit(); err != nil {
			return result, err
		}
		result.Commits++
	}
	return result, nil
}

// runCommits starts this program again as that floor, with a new file each time.
func runCommits(ctx context.Context, dir string, round int, q request, length time.Duration) (result committed, err error) {
	self, err := os.Executable()
	if err != nil {
		return result, err
	}
	headers, body := q.stored()
	text, err := json.Marshal([2]string{headers, body})
	if err != nil {
		return result, err
	}
	command := exec.CommandContext(ctx, self, commitsCommand, "-database", filepath.Join(dir, fmt.Sprintf("commits-%d.db", round)), "-for", length.String())
	command.Stdin, command.Stderr, command.Env = strings.NewReader(string(text)), os.Stderr, limitedEnv()
	out, err := command.Output()
	if err != nil {
		return result, err
	}
	return result, json.Unmarshal(out, &result)
}
