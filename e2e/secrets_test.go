package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// recorder is a proxy that keeps everything that passes between a profile and one site.
type recorder struct {
	server *httptest.Server
	mu     sync.Mutex
	site   string // host:port of Fairlead; the host's own pages may show its secret
	heads  bytes.Buffer
	bodies bytes.Buffer // of requests
	pages  bytes.Buffer // bodies of answers
}

func newRecorder(t *testing.T) *recorder {
	r := &recorder{}
	proxy := &httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}, ModifyResponse: r.keepAnswer}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.keepRequest(req)
		proxy.ServeHTTP(w, req)
	}))
	t.Cleanup(r.server.Close)
	return r
}

func (r *recorder) keepRequest(req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if req.URL.Host != r.site {
		return
	}
	body, _ := io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(body))
	fmt.Fprintln(&r.heads, req.Method, req.URL)
	_ = req.Header.Write(&r.heads)
	r.bodies.Write(append(body, '\n'))
}

func (r *recorder) keepAnswer(answer *http.Response) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if answer.Request.URL.Host != r.site {
		return nil
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body = io.NopCloser(bytes.NewReader(body))
	_ = answer.Header.Write(&r.heads)
	r.pages.Write(append(body, '\n'))
	return err
}

// disguises are the forms in which a secret could lie about.
func disguises(secret string) []string {
	return []string{secret, url.QueryEscape(secret), hex.EncodeToString([]byte(secret)),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="), base64.RawURLEncoding.EncodeToString([]byte(secret))}
}

func TestSecretsAreNeverShownLoggedOrStoredInTheClear(t *testing.T) {
	t.Parallel()
	f := startFairlead(t)
	r := newRecorder(t)
	r.site = strings.TrimPrefix(f.url, "http://")
	b := newBrowser(t, through(r.server.URL))
	p := b.first
	foundWorkspace(f, p)
	c := f.register()
	const wrong = "Planted-Wrong-Secret-7Hc2"

	var seen strings.Builder // what stands in the pages after submission
	look := func() {
		t.Helper()
		seen.WriteString(p.html())
		seen.WriteString(get[string](p, `[...document.querySelectorAll("input")].map(i => i.value).join(" ") + JSON.stringify({...sessionStorage, ...localStorage}) + document.cookie + JSON.stringify(history.state)`))
	}
	look()
	beginSetup(f, p)
	submit(p, "", wrong) // refused by us
	look()
	submit(p, c.id, wrong) // refused by the host
	diagnosed(p, "application_id_or_secret_wrong")
	onlyWindow(p)
	look()
	p.click(button("Find out which"))
	grant(b.newWindow())
	diagnosed(p, "secret_wrong")
	look()
	submit(p, c.id, c.secret)
	waitVerified(p)
	look()
	p.click(link("Back"))
	p.waitShown(css("#secret"))
	look()
	p.back()
	waitVerified(p)
	confirm(p)
	look()
	p.click(button("Sign out"))
	p.waitAt("/sign-in")
	p.fill(css("#email"), ownerEmail)
	p.fill(css("#password"), ownerPassword+"!")
	p.click(button("Sign in"))
	p.waitShown(css("#password-error"))
	look()

	onlyWindow(p)
	f.stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, secret := range map[string]string{"client secret": c.secret, "wrong client secret": wrong, "password": ownerPassword} {
		if !strings.Contains(r.bodies.String(), url.QueryEscape(secret)) {
			t.Errorf("the %s was never sent: this test proves nothing", name)
		}
		for where, text := range map[string]string{
			"addresses or headers": r.heads.String(), "answers": r.pages.String(), "pages": seen.String(),
			"the server's log": f.output.String(), "addresses that pages asked for": strings.Join(b.addresses(), "\n"),
		} {
			for _, disguise := range disguises(secret) {
				if strings.Contains(text, disguise) {
					t.Errorf("the %s is in %s", name, where)
				}
			}
		}
		inFiles(t, f.data, name, secret)
	}
}

// inFiles looks through the data folder. The simulator's file is the host's business.
func inFiles(t *testing.T, dir, name, secret string) {
	t.Helper()
	looked := 0
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "bitbucket.json" {
			return err
		}
		content, err := os.ReadFile(path)
		for _, disguise := range disguises(secret) {
			if bytes.Contains(content, []byte(disguise)) {
				t.Errorf("the %s is in %s", name, entry.Name())
			}
		}
		looked++
		return err
	})
	if err != nil || looked < 2 {
		t.Errorf("looked at %d files: %v", looked, err)
	}
}
