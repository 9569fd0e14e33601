package handlers

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"
)

// readiness tells whether the database answers.
type readiness interface{ Ping(context.Context) error }

// probeRoutes are for supervisors: alive, and able to serve.
func (s *Server) probeRoutes(r chi.Router) {
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	r.Get("/readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := s.Ready.Ping(r.Context()); err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
}

// homeRoutes lead to the first page that a person can use.
func (s *Server) homeRoutes(r chi.Router) {
	home := func(w http.ResponseWriter, r *http.Request) error {
		if personOf(r).IsOwner() {
			return s.goTo(w, r, "/settings/gitops")
		}
		return s.goTo(w, r, "/account/profile")
	}
	r.Get("/", s.do(home))
	r.Get("/settings", s.do(home))
}
