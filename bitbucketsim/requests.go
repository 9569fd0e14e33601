package bitbucketsim

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Request is what reached the token endpoint or the API: names only, never values, so no secret can be in it.
type Request struct {
	At        time.Time
	Method    string
	Path      string
	QueryKeys []string // sorted
	GrantType string   // token endpoint only
	Status    int      // 0 while unanswered, or when the connection was dropped
	Account   string   // API only: the e-mail of who the token acts for, or the client's id for an app_user
	Used      int      // API only: how many calls of this kind the account has made in the last hour
}

const requestsKept = 200

type requestLog struct {
	mu   sync.Mutex
	kept []*Request
}

// Requests lists the last 200 requests to the server-side endpoints, oldest first.
func (s *Sim) Requests() []Request {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	list := make([]Request, 0, len(s.requests.kept))
	for _, r := range s.requests.kept {
		copied := *r
		copied.QueryKeys = slices.Clone(r.QueryKeys)
		list = append(list, copied)
	}
	return list
}

type requestNote struct{}

// add records a request. It returns the request with the record in its context, and the function that notes the answer.
func (l *requestLog) add(at time.Time, r *http.Request) (noted *http.Request, answered func(status int)) {
	entry := &Request{At: at, Method: r.Method, Path: cut(r.URL.Path, 200)}
	for key := range r.URL.Query() {
		entry.QueryKeys = append(entry.QueryKeys, cut(key, 60))
	}
	slices.Sort(entry.QueryKeys)
	entry.GrantType = cut(r.PostForm.Get("grant_type"), 60)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, entry)
	if extra := len(l.kept) - requestsKept; extra > 0 {
		l.kept = slices.Delete(l.kept, 0, extra)
	}
	note := func(account string, used int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		entry.Account, entry.Used = account, used
	}
	return r.WithContext(context.WithValue(r.Context(), requestNote{}, note)), func(status int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		entry.Status = status
	}
}

func noteCaller(r *http.Request, c caller, used int) {
	if note, ok := r.Context().Value(requestNote{}).(func(string, int)); ok {
		who := c.account.Email
		if c.isApp() {
			who = c.client.ID
		}
		note(who, used)
	}
}

func cut(text string, most int) string {
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

// statusWriter remembers the status that a handler answered.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(text []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(text)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
