package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// productQuery is a query of the product, as the product's own code makes it.
type productQuery struct {
	Name string
	SQL  string
	Args []any
}

// queriesFolder has a program that prints them. They are unexported, so an overlay of the build lends the package db one
// more file; nothing of the product changes, and no SQL is written down twice.
const queriesFolder = "bench/testdata/queries"

// readQueries runs that program. The sources lie at root, as the working folder does for "task bench".
func readQueries(ctx context.Context, root, dir string, rows logRows) (all []productQuery, err error) {
	root, err = filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(root, "db", "list_queries.go"): filepath.Join(root, queriesFolder, "export.go.txt"),
	}})
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return nil, err
	}
	asked, err := json.Marshal(map[string]any{"Link": rows.linkID, "Project": rows.project, "Cursor": rows.middle, "Limit": 51})
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, "go", "run", "-overlay", file, "./"+queriesFolder)
	command.Dir, command.Stdin, command.Stderr = root, bytes.NewReader(asked), os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("the product's queries: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(out))
	decoder.UseNumber()
	return all, decoder.Decode(&all)
}

// plans are how SQLite runs the queries on the database of a stopped product, by name.
func plans(ctx context.Context, data string, queries []productQuery) (map[string]string, error) {
	all := map[string]string{}
	err := withDatabase(data, func(db *sql.DB) error {
		for _, q := range queries {
			plan, err := planOf(ctx, db, q.SQL, plainArgs(q.Args))
			if err != nil {
				return fmt.Errorf("%s: %w", q.Name, err)
			}
			all[q.Name] = plan
		}
		return nil
	})
	return all, err
}

// plainArgs are whole numbers again where JSON made numbers of them.
func plainArgs(args []any) (plain []any) {
	for _, arg := range args {
		if number, ok := arg.(json.Number); ok {
			if n, err := number.Int64(); err == nil {
				arg = n
			}
		}
		plain = append(plain, arg)
	}
	return plain
}

// planResult tells whether a long log is read as a short one is.
type planResult struct {
	queries   int
	different []string // names of those whose plan is another one
	walking   []string // names of those that walk or sort more than they return
	examples  []string // the different plans there are
}

func comparePlans(short, long map[string]string) (p planResult, err error) {
	if len(short) == 0 || len(short) != len(long) {
		return p, errors.New("there are not the same queries to compare")
	}
	p.queries = len(short)
	for _, name := range slices.Sorted(maps.Keys(short)) {
		plan := long[name]
		if plan != short[name] {
			p.different = append(p.different, name)
		}
		if strings.Contains(plan, "SCAN deliveries") || strings.Contains(plan, "TEMP B-TREE") || !strings.Contains(plan, "SEARCH deliveries USING") {
			p.walking = append(p.walking, name)
		}
		if !slices.Contains(p.examples, plan) {
			p.examples = append(p.examples, plan)
		}
	}
	return p, nil
}
