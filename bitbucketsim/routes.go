package bitbucketsim

import (
	"encoding/json"
	"net/http"
	"strings"
)

// routes keeps the three kinds of route apart: server-side endpoints obey the faults, pages do not, the simulator's own
// control works whatever is broken.
func (s *Sim) routes() http.Handler {
	token := s.serverSide(whereToken, http.HandlerFunc(s.token))
	api := s.serverSide(whereAPI, s.apiRoutes())
	pages := s.pageHeaders(s.pageRoutes())
	simulator := s.simulatorRoutes() // apart from the pages: its bodies may be large
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/site/oauth2/access_token":
			token.ServeHTTP(w, r)
		case r.URL.Path == "/2.0" || strings.HasPrefix(r.URL.Path, "/2.0/"):
			api.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, simulatorAPI+"/"):
			simulator.ServeHTTP(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}

func (s *Sim) pageRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /account/signin", s.signInPage)
	mux.HandleFunc("POST /account/signin", s.signIn)
	mux.HandleFunc("POST /account/signout", s.signOut)
	mux.HandleFunc("GET /account/settings/app-authorizations", s.authorizationsPage)
	mux.HandleFunc("POST /account/settings/app-authorizations/revoke", s.revokeAuthorization)
	mux.HandleFunc("GET /site/oauth2/authorize", s.authorize)
	mux.HandleFunc("POST /site/oauth2/authorize", s.decide)

	const settings = "/{workspace}/workspace/settings"
	mux.HandleFunc("GET "+settings, s.forAdministrator(s.settingsPage))
	mux.HandleFunc("GET "+settings+"/api", s.forAdministrator(s.olderClientsAddress))
	mux.HandleFunc("GET "+settings+"/oauth-clients", s.forAdministrator(s.clientsPage))
	mux.HandleFunc("POST "+settings+"/oauth-clients", s.forAdministrator(s.createClient))
	mux.HandleFunc("GET "+settings+"/oauth-clients/new", s.forAdministrator(s.newClientPage))
	mux.HandleFunc("GET "+settings+"/oauth-clients/{client}", s.forAdministrator(s.clientPage))
	mux.HandleFunc("POST "+settings+"/oauth-clients/{client}", s.forAdministrator(s.updateClient))
	mux.HandleFunc("GET "+settings+"/oauth-clients/{client}/edit", s.forAdministrator(s.editClientPage))
	mux.HandleFunc("POST "+settings+"/oauth-clients/{client}/regenerate-secret", s.forAdministrator(s.regenerateSecret))
	mux.HandleFunc("POST "+settings+"/oauth-clients/{client}/delete", s.forAdministrator(s.deleteClient))

	mux.HandleFunc("GET /{workspace}", s.workspacePage)
	s.repositoryRoutes(mux)

	mux.HandleFunc("GET /simulator", s.controlPage)
	mux.HandleFunc("POST /simulator", s.control)
	mux.HandleFunc("POST /simulator/reset", s.resetFaults)
	mux.HandleFunc("POST /simulator/kill-connections", s.killConnectionsForm)
	mux.HandleFunc("POST /simulator/expire-access-tokens", s.expireTokensForm)
	mux.HandleFunc("GET /simulator/faults", s.faultsJSON)
	mux.HandleFunc("PUT /simulator/faults", s.putFaultsJSON)
	mux.HandleFunc("GET /simulator/style.css", stylesheet)
	mux.HandleFunc("/", s.notFound)
	return mux
}

func (s *Sim) repositoryRoutes(mux *http.ServeMux) {
	const repo = "/{workspace}/{repository}"
	mux.HandleFunc("GET "+repo, s.forVisitor("", s.repositoryPage))
	mux.HandleFunc("GET "+repo+"/branches", s.forVisitor("", s.branchesPage))
	mux.HandleFunc("GET "+repo+"/branch/{name...}", s.forVisitor("", s.branchAddress))
	mux.HandleFunc("GET "+repo+"/commits", s.forVisitor("", s.commitsPage))
	mux.HandleFunc("GET "+repo+"/commits/{commit}", s.forVisitor("", s.commitPage))
	mux.HandleFunc("GET "+repo+"/push", s.forVisitor("write", s.pushPage))
	mux.HandleFunc("POST "+repo+"/push", s.forVisitor("write", s.push))
	mux.HandleFunc("GET "+repo+"/admin", s.forVisitor("admin", s.repositorySettingsPage))
	mux.HandleFunc("POST "+repo+"/admin/roles", s.forVisitor("admin", s.saveRoles))
	mux.HandleFunc("POST "+repo+"/admin/rename", s.forVisitor("admin", s.renameRepository))
	mux.HandleFunc("POST "+repo+"/admin/move", s.forVisitor("admin", s.moveRepository))
	mux.HandleFunc("POST "+repo+"/admin/delete", s.forVisitor("admin", s.deleteRepository))
	mux.HandleFunc("GET "+repo+"/admin/webhooks", s.forVisitor("admin", s.hooksPage))
	mux.HandleFunc("GET "+repo+"/admin/webhooks/{uid}", s.forVisitor("admin", s.hookRequestsPage))
}

// pageHeaders: form-action is left out of the policy on purpose. The consent form's answer redirects to the application's
// callback, which is another origin, and Chromium applies form-action to redirects too.
func (s *Sim) pageHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		if !s.Faults().KeepOpener {
			// On every answer, redirects included: any of them cuts window.opener, as hosts may do.
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
		}
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
		next.ServeHTTP(w, r)
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone when this fails
}

func writeHTML(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // likewise
}
