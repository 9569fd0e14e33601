package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"time"
)

// visit is a first visit of a page with an empty cache: the page and everything that it loads.
type visit struct {
	page     string
	requests int
	received int64 // bytes from the server, headers included
	sent     int64
	html     int64 // of received: the page itself, headers included
	css      int64
	plain    int64    // the page's body before it was compressed for the way
	foreign  []string // what the page would load from elsewhere
}

// counter counts what passes through connections. TCP's and TLS's own bytes are not in it.
type counter struct{ received, sent atomic.Int64 }

type countedConn struct {
	net.Conn
	count *counter
}

func (c countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.count.received.Add(int64(n))
	return n, err
}

func (c countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.count.sent.Add(int64(n))
	return n, err
}

// visitor is a browser with an empty cache that counts.
type visitor struct {
	counter
	client *http.Client
	cookie string
}

func newVisitor(cookie string) *visitor {
	v := &visitor{cookie: cookie}
	v.client = &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return countedConn{conn, &v.counter}, err
		}},
	}
	return v
}

// browserHeaders are what Chromium sends with every request, in length and in what counts: compressed answers are taken.
var browserHeaders = http.Header{
	"User-Agent":      {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"},
	"Accept":          {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"},
	"Accept-Encoding": {"gzip, deflate, br, zstd"},
	"Accept-Language": {"en-US,en;q=0.9"},
}

// fetched is an answer as it was on the wire, and what it said.
type fetched struct {
	weight int64 // headers included, as it was sent
	text   string
}

func (v *visitor) fetch(address string) (f fetched, err error) {
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return f, err
	}
	request.Header = browserHeaders.Clone()
	if v.cookie != "" {
		request.Header.Set("Cookie", v.cookie)
	}
	before := v.received.Load()
	answer, err := v.client.Do(request)
	if err != nil {
		return f, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	f = fetched{v.received.Load() - before, string(body)}
	if err != nil || answer.StatusCode != http.StatusOK {
		return f, fmt.Errorf("%s: %s %v", address, answer.Status, err)
	}
	if answer.Header.Get("Content-Encoding") != "" {
		unzipped, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return f, err
		}
		body, err = io.ReadAll(unzipped)
		f.text = string(body)
		return f, err
	}
	return f, nil
}

// firstVisit loads a page and, once each, what the page and its stylesheets load.
func firstVisit(name, address, cookie string) (visit, error) {
	v := newVisitor(cookie)
	defer v.client.CloseIdleConnections()
	result := visit{page: name}
	page, err := url.Parse(address)
	if err != nil {
		return result, err
	}
	document, err := v.fetch(address)
	if err != nil {
		return result, err
	}
	result.html, result.plain, result.requests = document.weight, int64(len(document.text)), 1
	queue, seen := loads(page, document.text), map[string]bool{}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if seen[next.String()] {
			continue
		}
		seen[next.String()] = true
		if next.Host != page.Host || next.Scheme != page.Scheme {
			result.foreign = append(result.foreign, next.String())
			continue
		}
		file, err := v.fetch(next.String())
		if err != nil {
			return result, err
		}
		result.requests++
		if strings.HasSuffix(next.Path, ".css") {
			result.css += file.weight
			queue = append(queue, cssLoads(next, file.text)...)
		}
	}
	result.received, result.sent = v.received.Load(), v.sent.Load()
	return result, nil
}

var (
	loadingTag = regexp.MustCompile(`(?is)<(link|script|img|iframe|source|video|audio|embed|object|image|use)\b[^>]*>`)
	attribute  = regexp.MustCompile(`(?is)\b(src|href|data|poster|rel)\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+)`)
	cssLoad    = regexp.MustCompile(`(?is)(?:url\(\s*["']?|@import\s+["'])([^"')]+)`)
)

// loads are the addresses that a browser fetches by itself when it shows the page: links that a person may follow are not.
func loads(page *url.URL, text string) (all []*url.URL) {
	for _, tag := range loadingTag.FindAllStringSubmatch(text, -1) {
		attributes := map[string]string{}
		for _, pair := range attribute.FindAllStringSubmatch(tag[0], -1) {
			attributes[strings.ToLower(pair[1])] = strings.Trim(pair[2], `"'`)
		}
		if strings.EqualFold(tag[1], "link") && !loadingLink(attributes["rel"]) {
			continue
		}
		for _, name := range []string{"src", "href", "data", "poster"} {
			all = appendLoad(all, page, attributes[name])
		}
	}
	return all
}

func loadingLink(rel string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(rel)) {
		switch word {
		case "stylesheet", "icon", "preload", "modulepreload", "prefetch", "manifest", "apple-touch-icon":
			return true
		}
	}
	return false
}

func cssLoads(sheet *url.URL, text string) (all []*url.URL) {
	for _, found := range cssLoad.FindAllStringSubmatch(text, -1) {
		all = appendLoad(all, sheet, strings.TrimSpace(found[1]))
	}
	return all
}

// appendLoad resolves an address. What is inside the page already (data:, #fragment) is not loaded.
func appendLoad(all []*url.URL, base *url.URL, address string) []*url.URL {
	if address == "" || strings.HasPrefix(address, "#") || strings.HasPrefix(strings.ToLower(address), "data:") {
		return all
	}
	u, err := base.Parse(address)
	if err != nil {
		return all
	}
	u.Fragment = ""
	return append(all, u)
}
