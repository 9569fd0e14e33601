package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

const (
	shortLog   = 1_000
	pageRounds = 100 // times that each page is opened
)

// pageResult is how long one page of a log took, of the short log and of the long one.
type pageResult struct {
	name        string
	short, long []time.Duration
}

// longLogResult is what was measured of the pages of a log.
type longLogResult struct {
	rows  int
	pages []pageResult
	plans planResult
}

// measureLongLog opens the same pages on a short log and on a long one, and compares how SQLite reads both.
func (r *results) measureLongLog(ctx context.Context, made *linked, dir string) error {
	r.longLog.rows = r.options.rows
	var before map[string]string
	for i, count := range []int{shortLog, r.options.rows} {
		say("pages of a log of %d deliveries", count)
		l, err := made.copied(dir, fmt.Sprintf("log-%d", i))
		if err != nil {
			return err
		}
		rows, err := makeRows(ctx, l.data, count)
		if err != nil {
			return err
		}
		queries, err := readQueries(ctx, ".", dir, rows)
		if err != nil {
			return err
		}
		now, err := plans(ctx, l.data, queries)
		if err != nil {
			return err
		}
		if before == nil {
			before = now
		} else if r.longLog.plans, err = comparePlans(before, now); err != nil {
			return err
		}
		if err := l.start(ctx, dir); err != nil {
			return err
		}
		err = r.timePages(ctx, l, rows)
		l.server.stop()
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// logPages are all pages of a log: of the project and of the link, each filter, from the newest on and from the middle.
func (l *linked) logPages(middle string) (all []request) {
	header := browserHeaders.Clone()
	header.Set("Cookie", l.browser.cookies(l.base))
	for _, of := range [][2]string{{"project", l.project + "/deliveries"}, {"link", l.link}} {
		for _, show := range []string{"", "recorded", "ignored", "attention"} {
			for _, before := range []string{"", middle} {
				name, query := of[0]+", all", url.Values{}
				if show != "" {
					name = of[0] + ", " + show
					query.Set("show", show)
				}
				if before != "" {
					name += ", from the middle on"
					query.Set("before", before)
				}
				all = append(all, request{name: name, method: http.MethodGet, path: of[1] + "?" + query.Encode(), status: http.StatusOK, header: header})
			}
		}
	}
	return all
}

func (r *results) timePages(ctx context.Context, l *linked, rows logRows) error {
	connection, err := dial(l.address())
	if err != nil {
		return err
	}
	defer connection.conn.Close()
	pages := l.logPages(rows.middle)
	if r.longLog.pages == nil {
		r.longLog.pages = make([]pageResult, len(pages))
	}
	for i, q := range pages {
		page := &r.longLog.pages[i]
		page.name = q.name
		message := q.bytes(l.address())
		for n := range pageRounds + 1 {
			before := time.Now()
			if err := connection.exchange(message, q.status); err != nil {
				return errors.Join(fmt.Errorf("%s: %w", q.name, err), ctx.Err())
			}
			took := time.Since(before)
			switch {
			case n == 0: // the first time of all reads the file
			case rows.count == shortLog:
				page.short = append(page.short, took)
			default:
				page.long = append(page.long, took)
			}
		}
	}
	return nil
}
