package bitbucketsim_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"fairlead/bitbucketsim"
)

const (
	orders  = "acme-data/orders-db"
	billing = "acme-data/billing-db"
	empty   = "acme-data/search-index"
)

// received is one request that a webhook's receiver got.
type received struct {
	header http.Header
	body   []byte
}

func (r received) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
	return v
}

// receiver is where webhooks are sent to.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(http.ResponseWriter, *http.Request) // nil answers 200
}

func newReceiver(t *testing.T, answer func(http.ResponseWriter, *http.Request)) *receiver {
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	r.got = append(r.got, received{request.Header.Clone(), body})
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(w, request)
	}
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received{}, r.got...)
}

// settled waits until nothing is on its way any more, and returns what came.
func (r *receiver) settled(s *site) []received {
	s.t.Helper()
	if err := s.Settle(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return r.all()
}

func (s *site) call(method, token, path, body string) answer {
	s.t.Helper()
	return s.send(method, "/2.0"+path, strings.NewReader(body), func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
	})
}

func (s *site) priya() string {
	s.t.Helper()
	if s.admin == "" {
		s.admin = accessToken(s, priya)
	}
	return s.admin
}

// get asks the API as Priya.
func (s *site) get(path string) answer {
	s.t.Helper()
	return s.api(s.priya(), path)
}

// hook makes a webhook for pushes.
func (s *site) hook(repo, url, secret string) string {
	s.t.Helper()
	body, _ := json.Marshal(map[string]any{"url": url, "description": "test", "active": true, "secret": secret, "events": []string{"repo:push"}})
	a := s.call(http.MethodPost, s.priya(), "/repositories/"+repo+"/hooks", string(body))
	wantStatus(s.t, a, http.StatusCreated)
	return a.json(s.t)["uuid"].(string)
}

func (s *site) push(repo, branch string, commits ...bitbucketsim.NewCommit) bitbucketsim.PushResult {
	s.t.Helper()
	result, err := s.Push(repo, branch, commits...)
	return s.must(result, err)
}

func (s *site) must(result bitbucketsim.PushResult, err error) bitbucketsim.PushResult {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return result
}

func file(path, content string) bitbucketsim.NewCommit {
	return bitbucketsim.NewCommit{Message: "Change " + path, Files: map[string]string{path: content}}
}

func (s *site) repository(name string) bitbucketsim.Repository {
	s.t.Helper()
	r, err := s.Repository(name)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func signatureOf(secret string, body []byte) string {
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write(body)
	return "sha256=" + hex.EncodeToString(sum.Sum(nil))
}

// at walks into decoded JSON by keys and indexes.
func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			v = v.(map[string]any)[step]
		case int:
			list := v.([]any)
			if step >= len(list) {
				t.Fatalf("no element %d in %v", step, list)
			}
			v = list[step]
		}
	}
	return v
}
