// Command queries prints the queries with which the product reads a log of deliveries, as its own code makes them. It
// builds with the overlay that "bench" gives it only, which puts export.go.txt into the package db.
package main

import (
	"encoding/json"
	"log"
	"os"

	"fairlead"
	"fairlead/db"
)

type query struct {
	Name string
	SQL  string
	Args []any
}

func main() {
	var asked struct {
		Link, Project, Cursor string
		Limit                 int
	}
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		log.Fatal(err)
	}
	middle, ok := fairlead.ParseCursor(asked.Cursor)
	if !ok {
		log.Fatalf("no cursor: %q", asked.Cursor)
	}
	var all []query
	for _, show := range []fairlead.Showing{fairlead.ShowAll, fairlead.ShowRecorded, fairlead.ShowIgnored, fairlead.ShowAttention} {
		for of, f := range map[string]fairlead.DeliveryFilter{"project": {ProjectID: asked.Project, Show: show}, "link": {LinkID: asked.Link, Show: show}} {
			for where, cursor := range map[string]fairlead.Cursor{"first": {}, "middle": middle} {
				page, newer, pageArgs, newerArgs := db.ListQueries(f, cursor, asked.Limit)
				name := of + " " + where + " " + string(show)
				all = append(all, query{"page " + name, page, pageArgs}, query{"newer " + name, newer, newerArgs})
			}
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		log.Fatal(err)
	}
}
