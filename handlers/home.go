package handlers

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"fairlead/views"
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
	r.Get("/", s.do(s.home))
	r.Get("/settings", s.do(func(w http.ResponseWriter, r *http.Request) error {
		if personOf(r).IsOwner() {
			return s.goTo(w, r, gitOpsPath)
		}
		return s.goTo(w, r, profilePath)
	}))
}

// home is the projects. In a workspace that has neither a project nor a Git provider its owner begins with the provider.
func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	if !personOf(r).IsOwner() {
		return s.goTo(w, r, views.ProjectsPath)
	}
	projects, err := s.Linking.Projects(r.Context(), personOf(r))
	if err != nil {
		return err
	}
	providers, err := s.Setup.ListGitProviders(r.Context())
	if err != nil {
		return err
	}
	if len(projects)+len(providers) == 0 {
		return s.goTo(w, r, gitOpsPath)
	}
	return s.goTo(w, r, views.ProjectsPath)
}

const gitOpsPath = "/settings/gitops"
