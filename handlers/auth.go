package handlers

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"fairlead"
)

type signedInKey struct{}

// signedIn is what loadPerson found out about the browser.
type signedIn struct {
	person    fairlead.Person
	session   fairlead.Session
	workspace string
}

// loadPerson finds the session that the cookie names. A cookie that does not decode or names an ended session is a
// visitor, not an error.
func (s *Server) loadPerson(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := s.cookies.sessionToken(r)
		if token == "" {
			next.ServeHTTP(w, r)
			return
		}
		person, session, err := s.Accounts.FindSession(r.Context(), token)
		if fairlead.CodeOf(err) == fairlead.CodeNotFound {
			next.ServeHTTP(w, r)
			return
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		workspace, err := s.Accounts.Workspace(r.Context())
		if err != nil {
			s.fail(w, r, err)
			return
		}
		found := signedIn{person: person, session: session, workspace: workspace.Name}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), signedInKey{}, found)))
	})
}

func signedInOf(r *http.Request) signedIn {
	found, _ := r.Context().Value(signedInKey{}).(signedIn)
	return found
}

func personOf(r *http.Request) fairlead.Person   { return signedInOf(r).person }
func sessionOf(r *http.Request) fairlead.Session { return signedInOf(r).session }
func workspaceName(r *http.Request) string       { return signedInOf(r).workspace }

// actor is who does what this request asks for.
func actor(r *http.Request) fairlead.Actor {
	person := personOf(r)
	return fairlead.Actor{PersonID: person.ID, Name: person.Name, Address: clientIP(r)}
}

// requirePerson sends visitors to the sign-in page and brings them back to the page that asked. A form that htmx sends is
// answered 401 without leaving the page: what was typed stays.
func (s *Server) requirePerson(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if personOf(r).ID != "" {
			next.ServeHTTP(w, r)
			return
		}
		target := "/sign-in?next=" + url.QueryEscape(askingPage(r))
		switch {
		case isHTMX(r) && r.Method == http.MethodGet:
			w.Header().Set("HX-Redirect", target)
			w.WriteHeader(http.StatusUnauthorized)
		case isHTMX(r):
			w.WriteHeader(http.StatusUnauthorized)
		default:
			http.Redirect(w, r, target, http.StatusSeeOther)
		}
	})
}

// askingPage is the path to come back to: the page itself, or for a form or a fragment the page that it stands on.
func askingPage(r *http.Request) string {
	if r.Method == http.MethodGet && !isHTMX(r) {
		return r.URL.RequestURI()
	}
	for _, header := range []string{"HX-Current-URL", "Referer"} {
		if page, err := url.Parse(r.Header.Get(header)); err == nil && strings.HasPrefix(page.Path, "/") {
			return page.RequestURI()
		}
	}
	return "/"
}

// requireOwner refuses everybody but workspace owners, and tells the audit log.
func (s *Server) requireOwner(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !personOf(r).IsOwner() {
			s.recordRefusal(r, "access.refused", routeOf(r))
			owners, err := s.owners(r)
			if err == nil {
				err = fairlead.Errorf(fairlead.CodeForbidden, "Only a workspace owner can open this page. Owners: %s.", strings.Join(owners, ", "))
			}
			s.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}
