package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheFloorCommitsEachRowAsTheProductsWriterDoes(t *testing.T) {
	source, err := os.ReadFile("../db/db.go")
	if err != nil || !strings.Contains(string(source), `openPool(writerDriver, path, 1, "`+writerOptions+`&"`) {
		t.Errorf("the product's writer does not open its file with %s (%v)", writerOptions, err)
	}
	path := filepath.Join(t.TempDir(), "floor.db")
	var out bytes.Buffer
	if err := serveCommits(t.Context(), []string{"-database", path, "-for", "30ms"}, strings.NewReader(`["{}","body"]`), &out); err != nil {
		t.Fatal(err)
	}
	var result committed
	if err := json.Unmarshal(out.Bytes(), &result); err != nil || result.Commits == 0 || result.Took < 30*time.Millisecond {
		t.Errorf("got %+v, %v", result, err)
	}
	db, err := openDatabase(path, writerOptions)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var rows, synchronous int
	var mode string
	for query, value := range map[string]any{
		`SELECT count(*) FROM payloads WHERE headers = '{}' AND body = CAST('body' AS BLOB)`: &rows,
		`PRAGMA synchronous`: &synchronous, `PRAGMA journal_mode`: &mode,
	} {
		if err := db.QueryRowContext(context.Background(), query).Scan(value); err != nil {
			t.Fatal(query, err)
		}
	}
	if rows != result.Commits || synchronous != 2 || mode != "wal" {
		t.Errorf("%d rows of %d commits, synchronous %d, journal %s", rows, result.Commits, synchronous, mode)
	}
}
