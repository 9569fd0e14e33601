package main

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// browser walks through pages and forms as somebody without JavaScript would.
type browser struct{ client *http.Client }

func newBrowser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{&http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

// page is where a click ended.
type page struct {
	url  *url.URL
	body string
}

func (b *browser) open(address string) (page, error) { return arrive(b.client.Get(address)) }

func (b *browser) submit(address string, form url.Values) (page, error) {
	return arrive(b.client.PostForm(address, form))
}

func arrive(answer *http.Response, err error) (page, error) {
	if err != nil {
		return page{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 400 {
		err = fmt.Errorf("%s %s: %s", answer.Request.Method, answer.Request.URL, answer.Status)
	}
	return page{answer.Request.URL, string(body)}, err
}

// cookies is the Cookie header for a site.
func (b *browser) cookies(site string) string {
	u, err := url.Parse(site)
	if err != nil {
		return ""
	}
	var pairs []string
	for _, c := range b.client.Jar.Cookies(u) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

// text finds the one group of a pattern in the page, as a person reads it.
func (p page) text(pattern string) (string, error) {
	found := regexp.MustCompile(pattern).FindStringSubmatch(strings.ReplaceAll(p.body, "<wbr>", ""))
	if found == nil {
		return "", fmt.Errorf("%s does not show %q", p.url, pattern)
	}
	return html.UnescapeString(found[1]), nil
}
