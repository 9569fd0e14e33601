package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func (v *visitor) head(path string) answer {
	v.site.t.Helper()
	return v.send(httptest.NewRequest(http.MethodHead, externalURL+path, nil))
}

func TestWhoAsksForHeadersAloneTakesNothingAway(t *testing.T) {
	s := newLinkSite(t)
	s.priya.post(s.link + "/check").wantTo(s.link)
	s.priya.head(s.link).want(200)
	s.priya.get(s.link).want(200, "Everything is as it should be.") // the message that is shown once

	setup := s.waiting(s.priya, "Ours")
	before := s.attempts()
	s.priya.head(setup+"/authorize").want(http.StatusMethodNotAllowed).wantHeader("Allow", "GET")
	if after := s.attempts(); after != before {
		t.Errorf("HEAD made %d attempts", after-before)
	}
	back := s.grant(s.priya, setup+"/authorize")
	s.priya.head(back).want(http.StatusMethodNotAllowed)
	s.priya.get(back).wantTo(setup)
	s.priya.get(setup).want(200, "The setup is correct")

	s.priya.head("/settings/audit/export").want(200).wantHeader("Content-Type", "application/x-ndjson")
	ana := s.joined("member")
	ana.head("/settings/members/invite").want(403)
	s.priya.get("/settings/audit").want(200, "Ana Brandt asked for a page that is for owners /settings/members/invite")
	visitor := s.visitor("192.0.2.77").head(s.link + "?show=ignored")
	if visitor.status != http.StatusSeeOther || !strings.Contains(visitor.location, "show%3Dignored") {
		t.Errorf("a visitor is sent to %s", visitor.location)
	}
}

func (s *linkSite) attempts() (n int) {
	s.t.Helper()
	events := s.priya.get("/settings/audit/export").body
	return strings.Count(events, "setup.attempted")
}

func TestHeadOverTheWireHasTheHeadersOfGetAndNoBody(t *testing.T) {
	s := newPeopleSite(t)
	server := httptest.NewServer(s.handler)
	defer server.Close()
	for _, path := range []string{"/sign-in", "/healthz", "/nowhere"} {
		got, err := http.Head(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = got.Body.Close(), want.Body.Close()
		if got.StatusCode != want.StatusCode || got.Header.Get("Content-Type") != want.Header.Get("Content-Type") || got.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: got %d %v, want %d %v", path, got.StatusCode, got.Header, want.StatusCode, want.Header)
		}
	}
}
