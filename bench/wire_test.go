package main

import (
	"bufio"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestAnswersAreReadToTheirEnd(t *testing.T) {
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
	for name, c := range map[string]struct {
		wire   string
		status int
	}{
		"with a length": {"HTTP/1.1 422 Unprocessable Entity\r\ncontent-length: 3\r\n\r\nabc", 422},
		"in chunks":     {chunked, 200},
		"no content":    {"HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n", 204},
	} {
		r := bufio.NewReader(strings.NewReader(c.wire + "next"))
		status, err := readAnswer(r)
		if rest, _ := io.ReadAll(r); status != c.status || err != nil || string(rest) != "next" {
			t.Errorf("%s: got %d, %v and %q left", name, status, err, rest)
		}
	}
	for name, wire := range map[string]string{
		"cut in the head":  "HTTP/1.1 200 OK\r\nContent-",
		"cut in the body":  "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
		"cut in a chunk":   chunked[:len(chunked)-12],
		"without a length": "HTTP/1.1 200 OK\r\n\r\n",
		"something else":   "hello\r\n",
	} {
		if _, err := readAnswer(bufio.NewReader(strings.NewReader(wire))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestTheFloorSendsTheVerySameBytes(t *testing.T) {
	product := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("X-Own", r.Method)
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte(strings.Repeat("page ", 2000) + r.PostFormValue("name"))) // one write, as the product's render does
	}))
	defer product.Close()
	q := request{method: http.MethodPost, path: "/new?draft=1", status: 422, header: http.Header{}, body: "name=Ana"}
	answer, err := record(product.URL, q)
	if err != nil {
		t.Fatal(err)
	}
	floor := httptest.NewServer(floorHandler([]recorded{answer}))
	defer floor.Close()
	if got, want := raw(t, floor.Listener.Addr().String(), q), raw(t, product.Listener.Addr().String(), q); got != want {
		t.Errorf("the floor sends %q, the product %q", got, want)
	}
	q.status = 200
	if _, err := record(product.URL, q); err == nil {
		t.Error("an unexpected status was recorded")
	}
}

// raw is everything that a server sends, without the date.
func raw(t *testing.T, address string, q request) string {
	t.Helper()
	q.header = http.Header{"Connection": {"close"}}
	l, err := dial(address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.conn.Close()
	if _, err := l.conn.Write(q.bytes("fairlead.test")); err != nil {
		t.Fatal(err)
	}
	var kept []string
	all, err := io.ReadAll(l.reader)
	for line := range strings.Lines(string(all)) {
		if !strings.HasPrefix(line, "Date:") {
			kept = append(kept, line)
		}
	}
	if err != nil || len(kept) < 5 {
		t.Fatalf("read %q, %v", all, err)
	}
	return strings.Join(kept, "")
}

func TestAFirstVisitCountsWhatPassesTheWire(t *testing.T) {
	const padding = 5000
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		out := io.Writer(w)
		if r.URL.Query().Has("compressed") && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			zipped := gzip.NewWriter(w)
			defer zipped.Close()
			out = zipped
		}
		_, _ = io.WriteString(out, `<link rel="stylesheet" href="/a.css"><script src="/a.js"></script><script src="/a.js"></script>
			<img src="https://elsewhere.test/x.png"><img src="data:,"><a href="https://elsewhere.test/">no load</a><link rel=canonical href=/no>`+strings.Repeat(" ", padding))
	})
	mux.HandleFunc("/a.css", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `b { background: url( "i.svg#a" ) }`)
	})
	for _, name := range []string{"/a.js", "/i.svg"} {
		mux.HandleFunc(name, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1000)) })
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	visits := map[string]visit{}
	for _, query := range []string{"", "?compressed"} {
		got, err := firstVisit("page", server.URL+"/"+query, "session=1")
		if err != nil {
			t.Fatal(err)
		}
		visits[query] = got
		if got.requests != 4 || len(got.foreign) != 1 || got.foreign[0] != "https://elsewhere.test/x.png" {
			t.Errorf("got %+v, want 4 requests and one from elsewhere", got)
		}
		if got.received < got.html+got.css+2000 || got.css < 34 || got.sent < 4*200 || got.plain < padding {
			t.Errorf("bytes are missing: %+v", got)
		}
	}
	if plain, zipped := visits[""], visits["?compressed"]; plain.html < padding || zipped.html > 600 || plain.plain != zipped.plain {
		t.Errorf("compressed %+v, not compressed %+v", zipped, plain)
	}
}

func TestOnlyWhatABrowserLoadsByItselfIsALoad(t *testing.T) {
	page, err := url.Parse("http://fairlead.test/settings/gitops")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range loads(page, `<LINK href='/i.svg' rel="shortcut icon"><form action="/f"><video poster=p.png></video><use href="#own">`) {
		got = append(got, u.String())
	}
	for _, u := range cssLoads(page, `@import "x.css"; a { src: url(data:font/woff2,x) } b { content: url('//cdn.test/y') }`) {
		got = append(got, u.String())
	}
	want := "http://fairlead.test/i.svg http://fairlead.test/settings/p.png http://fairlead.test/settings/x.css http://cdn.test/y"
	if strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
