package static_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fairlead/static"
)

func get(path, encoding string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestEveryFileIsServedForEverUnderANameWithItsHash(t *testing.T) {
	types := map[string]string{".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
	names := static.Names()
	for _, needed := range []string{"app.css", "app.js", "htmx.min.js", "icon.svg"} {
		if !slices.Contains(names, needed) {
			t.Errorf("%s is missing", needed)
		}
	}
	for _, name := range names {
		address := static.URL(name)
		if !regexp.MustCompile(`^/static/[a-z.0-9-]+\.[0-9a-f]{12}\.[a-z0-9]+$`).MatchString(address) {
			t.Errorf("got %s", address)
		}
		plain, zipped := get(address, ""), get(address, "br, gzip")
		want, _ := io.ReadAll(plain.Body)
		unzip, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatal(name, err)
		}
		got, err := io.ReadAll(unzip)
		if err != nil || !bytes.Equal(got, want) || len(want) == 0 || plain.StatusCode != http.StatusOK {
			t.Errorf("%s: %d bytes plain, %d zipped, %v", name, len(want), len(got), err)
		}
		if h := plain.Header; h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("Vary") != "Accept-Encoding" || h.Get("Content-Encoding") != "" {
			t.Errorf("%s: got %v", name, h)
		}
		for ending, kind := range types {
			if strings.HasSuffix(name, ending) && !strings.HasPrefix(plain.Header.Get("Content-Type"), kind) {
				t.Errorf("%s is served as %s", name, plain.Header.Get("Content-Type"))
			}
		}
	}
}

func TestAnythingElseIsNotFound(t *testing.T) {
	for _, path := range []string{"/static/", "/static/app.css", "/static/static.go", "/static/../go.mod", strings.Replace(static.URL("app.css"), ".css", ".js", 1)} {
		if got := get(path, ""); got.StatusCode != http.StatusNotFound || got.Header.Get("Cache-Control") != "" {
			t.Errorf("%s: got %d, %q", path, got.StatusCode, got.Header.Get("Cache-Control"))
		}
	}
}

func TestAWrongNameFailsAtOnce(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a typo has an address")
		}
	}()
	static.URL("app.cs")
}
