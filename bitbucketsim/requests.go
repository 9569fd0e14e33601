package bitbucketsim

import (
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

// add records a request and returns the function that notes its answer.
func (l *requestLog) add(at time.Time, r *http.Request) (answered func(status int)) {
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
	return func(status int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		entry.Status = status
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
