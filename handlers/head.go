package handlers

import (
	"context"
	"net/http"
)

type headKey struct{}

// isHead reports whether a request asked for the headers of a page alone. Its Method says GET.
func isHead(r *http.Request) bool { return r.Context().Value(headKey{}) != nil }

// answerHead answers HEAD as GET is answered, without the body and without cookies: those hold what is shown once, such as the
// message that a redirect leaves behind, and who looks at headers has not seen it. What else a GET would spend stands behind
// getOnly.
func answerHead(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		r = r.Clone(context.WithValue(r.Context(), headKey{}, true))
		r.Method = http.MethodGet
		head := &headWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(head, r)
		head.send(nil)
	})
}

// headWriter lets the headers through alone. They wait for the body to begin, since that decides the type where nobody named it.
type headWriter struct {
	http.ResponseWriter
	status int
	sent   bool
}

func (w *headWriter) WriteHeader(status int) { w.status = status }

func (w *headWriter) Write(p []byte) (int, error) {
	w.send(p)
	return len(p), nil
}

func (w *headWriter) send(body []byte) {
	if w.sent {
		return
	}
	w.sent = true
	h := w.Header()
	h.Del("Set-Cookie")
	if len(body) > 0 && h.Get("Content-Type") == "" {
		h.Set("Content-Type", http.DetectContentType(body))
	}
	w.ResponseWriter.WriteHeader(w.status)
}

// Unwrap is for http.ResponseController.
func (w *headWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// getOnly is for what changes something although it is a GET: the way to a host, which a form may not end at, and the way back.
// To ask for its headers would spend or make what works once.
func getOnly(a action) action {
	return func(w http.ResponseWriter, r *http.Request) error {
		if isHead(r) {
			w.Header().Set("Allow", http.MethodGet)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return nil
		}
		return a(w, r)
	}
}
