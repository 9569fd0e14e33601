package bitbucketsim_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"fairlead/bitbucketsim"
)

// everyPage draws each page once, by a name that says which.
func everyPage(s *site) map[string]answer {
	c := s.client("A & B <script>")
	s.code(priya, c)
	s.api("x", "/user?page=1")
	b := s.as(priya)
	s.admin, _ = s.tokens(priya, c)
	hook := s.hook(orders, "http://127.0.0.1:1/x", "s")
	tip := s.push(orders, "main", file("a/<b>.sql", "<script>")).Changes[0].New
	if err := s.Settle(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return map[string]answer{
		"home, signed out":     s.browser().get("/"),
		"home":                 b.get("/"),
		"home without any":     s.as(nora).get("/"),
		"workspace":            b.get("/acme-data"),
		"repository":           b.get("/acme-data/orders-db"),
		"branches":             b.get("/acme-data/orders-db/branches"),
		"no branches":          b.get("/acme-data/search-index/branches"),
		"commits":              b.get("/acme-data/orders-db/commits"),
		"no commits":           b.get("/acme-data/search-index/commits"),
		"commit":               b.get("/acme-data/orders-db/commits/" + tip),
		"push":                 b.get("/acme-data/orders-db/push"),
		"pushed":               b.get("/acme-data/orders-db/push?pushed=x&hash=" + tip),
		"push, mistake":        b.post("/acme-data/orders-db/push", url.Values{"action": {"push"}}),
		"push, no permission":  s.browser().get("/acme-web/design-system/push"),
		"repository settings":  b.get("/acme-data/orders-db/admin"),
		"rename, mistake":      b.post("/acme-data/orders-db/admin/rename", url.Values{"name": {"!"}}),
		"webhooks":             b.get("/acme-data/orders-db/admin/webhooks"),
		"no webhooks":          b.get("/acme-data/search-index/admin/webhooks"),
		"view requests":        b.get("/acme-data/orders-db/admin/webhooks/" + url.PathEscape(hook)),
		"sign in":              s.browser().get("/account/signin?next=%2Fa"),
		"sign in failed":       s.browser().post("/account/signin", url.Values{"email": {`"x`}}),
		"settings":             b.get("/acme-data/workspace/settings"),
		"settings, no admin":   s.as(wes).get("/acme-data/workspace/settings"),
		"clients":              b.get(oauthClients),
		"no clients":           b.get("/priya-raman/workspace/settings/oauth-clients"),
		"new client":           b.get(oauthClients + "/new"),
		"new client, mistake":  b.post(oauthClients, clientForm("name", "")),
		"client":               b.get(oauthClients + "/" + c.ID),
		"edit client":          b.get(oauthClients + "/" + c.ID + "/edit"),
		"consent":              s.as(wes).get(authorizePath(c)),
		"invalid client id":    b.get(authorizePath(bitbucketsim.Client{ID: "x"})),
		"invalid redirect_uri": b.get(authorizePath(c, "redirect_uri", "http://x")),
		"authorizations":       b.get("/account/settings/app-authorizations"),
		"no authorizations":    s.as(nora).get("/account/settings/app-authorizations"),
		"control":              b.get("/simulator"),
		"control, mistake":     b.post("/simulator", url.Values{"status": {"x"}}),
		"not found":            b.get("/a/b/c/d"),
	}
}

func TestEveryPageSaysThatItIsSimulatedAndBringsNoScript(t *testing.T) {
	for name, a := range everyPage(start(t)) {
		t.Run(name, func(t *testing.T) {
			wantText(t, a, `id="banner"><strong>Simulated Bitbucket</strong>`, `name="viewport"`, `lang="en"`)
			if strings.Contains(a.body, "<script") || strings.Contains(a.body, "style=") {
				t.Error("there is a script or an inline style")
			}
			policy := a.header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "form-action") || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", a.header)
			}
		})
	}
}

func TestEveryPageIsSaneHTMLWithOneHeadingAndLabelledFields(t *testing.T) {
	for name, a := range everyPage(start(t)) {
		t.Run(name, func(t *testing.T) { checkHTML(t, a.body) })
	}
}

// checkHTML wants balanced tags, ids that are unique, one h1, and a label for every field.
func checkHTML(t *testing.T, body string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(body, "<!DOCTYPE html>")))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	ids, labels, described, fields, headings := map[string]bool{}, map[string]bool{}, []string{}, []string{}, 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attributes := map[string]string{}
		for _, attribute := range element.Attr {
			attributes[attribute.Name.Local] = attribute.Value
		}
		if id, has := attributes["id"]; has {
			if ids[id] {
				t.Errorf("id %q twice", id)
			}
			ids[id] = true
		}
		if help := attributes["aria-describedby"]; help != "" {
			described = append(described, help)
		}
		switch element.Name.Local {
		case "h1":
			headings++
		case "label":
			labels[attributes["for"]] = true
		case "input", "select", "textarea":
			if attributes["type"] != "hidden" {
				fields = append(fields, attributes["id"])
			}
		case "form":
			if attributes["method"] != "post" {
				t.Error("a form that does not post")
			}
		}
	}
	for _, field := range fields {
		if !labels[field] {
			t.Errorf("field %q has no label", field)
		}
	}
	for _, help := range described {
		if !ids[help] {
			t.Errorf("aria-describedby %q leads nowhere", help)
		}
	}
	if headings != 1 {
		t.Errorf("%d h1", headings)
	}
}

func TestTheStylesheetIsServed(t *testing.T) {
	a := start(t).browser().get("/simulator/style.css")
	wantStatus(t, a, http.StatusOK)
	wantText(t, a, "light-dark(", "color-scheme: light dark")
	if a.header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("content type %q", a.header.Get("Content-Type"))
	}
}
