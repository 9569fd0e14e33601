package handlers_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

// The contract: every route, with the status that a visitor, a member and an owner get. testdata/routes.txt is the table;
// a route that is not in it, or is only in it, fails.

type contractRow struct {
	method, route string
	status        [3]string // visitor, member, owner
}

func readContract(t *testing.T) []contractRow {
	t.Helper()
	file, err := os.Open("testdata/routes.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var rows []contractRow
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if len(fields) != 5 {
			t.Fatalf("%q has not five columns", lines.Text())
		}
		rows = append(rows, contractRow{fields[0], fields[1], [3]string(fields[2:])})
	}
	return rows
}

func TestEveryRouteIsInTheContract(t *testing.T) {
	s := newWizardSite(t)
	var served, promised []string
	err := chi.Walk(s.router, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if len(route) > 1 {
			route = strings.TrimSuffix(route, "/")
		}
		served = append(served, method+" "+route)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range readContract(t) {
		promised = append(promised, row.method+" "+row.route)
	}
	for _, route := range served {
		if !slices.Contains(promised, route) {
			t.Errorf("%s is served but not in the contract", route)
		}
	}
	for _, route := range promised {
		if !slices.Contains(served, route) {
			t.Errorf("%s is in the contract but not served", route)
		}
	}
}

func TestEveryRouteKeepsTheContract(t *testing.T) {
	for _, row := range readContract(t) {
		t.Run(row.method+" "+row.route, func(t *testing.T) {
			s := newWizardSite(t)
			for i, v := range []*visitor{s.visitor("192.0.2.9"), s.joined("member"), s.priya} {
				r := s.request(row)
				if row.method == http.MethodGet {
					s.wantHead(v, row, row.status[i], r)
				}
				a := v.send(r)
				if got := statusText(a.status); got != row.status[i] {
					t.Errorf("%s: got %s, want %s; page: %s", []string{"visitor", "member", "owner"}[i], got, row.status[i], a.text())
				}
				wantSafeHeaders(t, row, a)
			}
		})
	}
}

// worksOnce are the GETs that change something at the server.
var worksOnce = []string{"/oauth/callback", "/connect/{provider}/authorize", "/settings/gitops/setups/{id}/authorize"}

// wantHead expects that HEAD is answered as GET would be, without a body. Whoever may not get so far hears nothing else.
func (s *wizardSite) wantHead(v *visitor, row contractRow, status string, get *http.Request) {
	s.t.Helper()
	head := httptest.NewRequest(http.MethodHead, get.URL.String(), nil)
	head.Header = get.Header.Clone()
	if slices.Contains(worksOnce, row.route) && status != "303" && status != "403" {
		status = "405"
	}
	a := v.send(head)
	if got := statusText(a.status); got != status || a.body != "" || a.header.Get("Set-Cookie") != "" {
		s.t.Errorf("HEAD %s: got %s, want %s, with %d bytes and the cookie %q", row.route, got, status, len(a.body), a.header.Get("Set-Cookie"))
	}
	wantSafeHeaders(s.t, row, a)
}

func TestAFormFromAnotherSiteIsRefusedOnEveryRoute(t *testing.T) {
	s := newWizardSite(t)
	for _, row := range readContract(t) {
		if row.method != http.MethodPost {
			continue
		}
		r := s.request(row)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "https://evil.example")
		if a := s.priya.send(r); a.status != http.StatusForbidden {
			t.Errorf("%s: got %d, want 403", row.route, a.status)
		}
	}
}

func TestNoRouteAnswersAnHtmxPostWithARedirect(t *testing.T) {
	for _, row := range readContract(t) {
		if row.method != http.MethodPost {
			continue
		}
		s := newWizardSite(t)
		for _, v := range []*visitor{s.visitor("192.0.2.9"), s.priya} {
			r := s.request(row)
			r.Header.Set("HX-Request", "true")
			r.Header.Set("HX-Request-Type", "partial")
			// fetch would follow it and put a whole page into a part.
			if a := v.send(r); a.status/100 == 3 {
				t.Errorf("%s: got %d to %s", row.route, a.status, a.location)
			}
		}
	}
}

// request fills in the row's parameters with things that exist.
func (s *wizardSite) request(row contractRow) *http.Request {
	s.t.Helper()
	path := row.route
	for _, filled := range s.existing() {
		if rest, ok := strings.CutPrefix(path, filled.route); ok {
			path = filled.path() + rest
			break
		}
	}
	path = regexp.MustCompile(`\{[a-z]+\}|\*`).ReplaceAllString(path, "unknown")
	r := httptest.NewRequest(row.method, externalURL+path, nil)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

// filling gives an existing path for the beginning of a route.
type filling struct {
	route string
	path  func() string
}

// existing makes what routes speak of; the longer beginnings come first.
func (s *wizardSite) existing() []filling {
	link := func() *linkSite { // made once: whoever may not do what the route does leaves it as it is
		if s.scene == nil {
			s.scene = linkedOn(s)
		}
		return s.scene
	}
	return []filling{
		{"/settings/gitops/setups/{id}", func() string { return s.begun(s.priya, "Ours", "unknown", "unknown-secret") }},
		{"/settings/gitops/new/{draft}", func() string { return s.draft(s.priya, "Ours") }},
		{"/settings/gitops/providers/{provider}", func() string { return s.added(fmt.Sprintf("Added %d", s.clients)) }},
		{"/settings/members/{person}", func() string { return s.memberPath(priyasEmail) }},
		{"/connect/{provider}", func() string {
			return "/connect/" + strings.TrimPrefix(s.added(fmt.Sprintf("Added %d", s.clients)), "/settings/gitops/providers/")
		}},
		{"/projects/{key}/repositories/new/{provider}/{repository}", func() string { return link().picked() }},
		{"/projects/{key}/repositories/new/{provider}", func() string { return link().picking() }},
		{"/projects/{key}/repositories/{link}", func() string { return link().link }},
		{"/projects/{key}/deliveries/{delivery}", func() string {
			l := link()
			l.delivered("main", "migrations/new.sql")
			return l.newest()
		}},
		{"/projects/{key}", func() string { return s.project(s.priya, "Orders") }},
	}
}

func statusText(status int) string {
	return strconv.Itoa(status)
}

func wantSafeHeaders(t *testing.T, row contractRow, a answer) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
			"form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Referrer-Policy":            "same-origin",
		"X-Content-Type-Options":     "nosniff",
		"Cache-Control":              "no-store",
		"Vary":                       "HX-Request-Type",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: got %s %q, want %q", row.route, name, got, want)
		}
	}
}
