package handlers_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestAPageIsCompressedForABrowserThatTakesIt(t *testing.T) {
	s := newPeopleSite(t)
	plain := s.visitor("192.0.2.9").get("/sign-in")
	r := httptest.NewRequest(http.MethodGet, externalURL+"/sign-in", nil)
	r.Header.Set("Accept-Encoding", "gzip, br")
	zipped := s.visitor("192.0.2.9").send(r)
	if zipped.header.Get("Content-Encoding") != "gzip" || !slices.Contains(zipped.header.Values("Vary"), "Accept-Encoding") {
		t.Fatalf("got headers %v", zipped.header)
	}
	reader, err := gzip.NewReader(strings.NewReader(zipped.body))
	if err != nil {
		t.Fatal(err)
	}
	if page, err := io.ReadAll(reader); err != nil || string(page) != plain.body {
		t.Errorf("the compressed page is another one, %v", err)
	}
	if len(zipped.body)*2 > len(plain.body) {
		t.Errorf("%d bytes became %d", len(plain.body), len(zipped.body))
	}
}
