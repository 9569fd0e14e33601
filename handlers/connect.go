package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/linking"
	flow "fairlead/setup"
	"fairlead/views"
)

// connectRoutes connect a person's own account at a Git provider, wherever that is asked for.
func (s *Server) connectRoutes(r chi.Router) {
	r.Get(views.ConnectCheckingPath, s.do(s.showConnectChecking))
	r.Get(views.ConnectReturnedPath, s.do(s.showConnectReturned))
	r.Post("/connect/{provider}", s.do(s.beginConnect))
	r.Get("/connect/{provider}", s.do(s.showConnect))
	r.Get("/connect/{provider}/authorize", s.do(getOnly(s.authorizeConnect)))
	r.Get("/connect/{provider}/status", s.do(s.showConnectStatus))
}

func (s *Server) showConnectChecking(w http.ResponseWriter, r *http.Request) error {
	_, kind, err := s.linkable(r, r.URL.Query().Get("provider"))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, views.Page{Title: "Opening " + kind.Name, Layout: views.LayoutWindow}, views.ConnectCheckingWindow(kind))
}

// showConnectReturned is where the host's window ends: it closes itself.
func (s *Server) showConnectReturned(w http.ResponseWriter, r *http.Request) error {
	provider, kind, err := s.linkable(r, r.URL.Query().Get("provider"))
	if err != nil {
		return err
	}
	view := views.Returned{Kind: kind, Account: true, Continue: connectPage(provider.ID, ownPath(r.URL.Query().Get("return")), s.Clock().Add(-flow.NoCallbackAfter), false)}
	return s.render(w, r, http.StatusOK, views.Page{Title: "Back from " + kind.Name, Layout: views.LayoutWindow}, views.ReturnedWindow(view))
}

// linkable finds a Git provider whose repositories can be linked, with its kind.
func (s *Server) linkable(r *http.Request, id string) (fairlead.GitProvider, fairlead.Kind, error) {
	all, err := s.Linking.Providers(r.Context())
	if err != nil {
		return fairlead.GitProvider{}, fairlead.Kind{}, err
	}
	for _, provider := range all {
		if provider.ID == id {
			kind, err := s.Linking.Kind(provider.Kind)
			return provider, kind, err
		}
	}
	return fairlead.GitProvider{}, fairlead.Kind{}, fairlead.Errorf(fairlead.CodeNotFound, "There is no such Git provider. It may have been removed.")
}

// connectPage is the page that shows how the newest attempt since then stands.
func connectPage(provider, returnTo string, since time.Time, waiting bool) string {
	query := url.Values{"return": {returnTo}, "since": {strconv.FormatInt(since.UnixMilli(), 10)}}
	if waiting {
		query.Set("waiting", "yes")
	}
	return views.ConnectPath(provider) + "?" + query.Encode()
}

// connect is what the part shows before anything was tried.
func (s *Server) connect(r *http.Request, provider, returnTo string) (views.Connect, error) {
	found, kind, err := s.linkable(r, provider)
	if err != nil {
		return views.Connect{}, err
	}
	connection, _, err := s.Linking.Connection(r.Context(), personOf(r), found.ID)
	return views.Connect{Provider: found, Kind: kind, Return: returnTo, Connection: connection}, err
}

// beginConnect answers with the waiting part, which names the address that the window goes to.
func (s *Server) beginConnect(w http.ResponseWriter, r *http.Request) error {
	view, err := s.connect(r, chi.URLParam(r, "provider"), ownPath(r.PostFormValue("return")))
	if err != nil {
		return err
	}
	now := s.Clock()
	if !isPartial(r) {
		return s.goTo(w, r, connectPage(view.Provider.ID, view.Return, now, true))
	}
	view.Since = now
	return s.renderConnect(w, r, view)
}

// renderConnect answers htmx with the part, and a browser without script with a page around it.
func (s *Server) renderConnect(w http.ResponseWriter, r *http.Request, view views.Connect) error {
	page := views.Page{Title: "Connect an account on " + view.Provider.DisplayName, Area: views.AreaConnections}
	switch {
	case view.Diagnosis != nil && view.Since.IsZero():
		page.Title = "Error: " + view.Diagnosis.Title
	case view.Diagnosis != nil:
		page.Title = view.Diagnosis.Title
	case !view.Since.IsZero():
		page.Title, page.Refresh = "Waiting for "+view.Kind.Name, 3
	}
	if isPartial(r) {
		return s.render(w, r, http.StatusOK, page, views.ConnectPart(view))
	}
	return s.render(w, r, http.StatusOK, page, views.ConnectPage(view))
}

// sinceOf is since when a panel waits: what the address says, within the life of an attempt.
func (s *Server) sinceOf(r *http.Request) time.Time {
	ms, err := strconv.ParseInt(r.URL.Query().Get("since"), 10, 64)
	since, now := time.UnixMilli(ms).UTC(), s.Clock()
	if err != nil || since.After(now) || now.Sub(since) > fairlead.AttemptLife {
		return now
	}
	return since
}

// showConnect is the page without script, and where the same tab comes back to when nothing was connected.
func (s *Server) showConnect(w http.ResponseWriter, r *http.Request) error {
	view, err := s.connect(r, chi.URLParam(r, "provider"), ownPath(r.URL.Query().Get("return")))
	if err != nil {
		return err
	}
	if !r.URL.Query().Has("since") {
		return s.renderConnect(w, r, view)
	}
	since := s.sinceOf(r)
	status, err := s.Linking.ConnectStatus(r.Context(), sessionOf(r), personOf(r), view.Provider.ID, since)
	switch {
	case err != nil:
		return err
	case status.Done && status.Diagnosis == nil:
		return s.goBack(w, r, view, status)
	case status.Done:
		view.Diagnosis = status.Diagnosis
	case r.URL.Query().Get("waiting") != "":
		s.wait(&view, since)
	}
	return s.renderConnect(w, r, view)
}

// goBack leads to where somebody connected from. Whoever signed in with another account than the one that links act by is told
// so: those links stay as they were.
func (s *Server) goBack(w http.ResponseWriter, r *http.Request, view views.Connect, status linking.ConnectStatus) error {
	if len(status.Paused) == 0 {
		return s.goTo(w, r, view.Return)
	}
	flash := views.Flash{Title: "Connected as " + status.Connection.Account.Name + "."}
	for _, use := range status.Paused {
		name := use.Connection.Account.Name
		flash.Text += fmt.Sprintf("Repository links that act by %s: %d. They still wait, since that account is not connected any more: sign out at %s and connect again as %s. ",
			name, len(use.Links), view.Kind.Host, name)
	}
	flash.Text = strings.TrimSpace(flash.Text)
	return s.goToWith(w, r, view.Return, flash)
}

// wait puts the part into its stage of waiting.
func (s *Server) wait(view *views.Connect, since time.Time) {
	view.Since = since
	switch waited := s.Clock().Sub(since); {
	case waited >= flow.NoCallbackAfter:
		view.Stage, view.Diagnosis = 2, s.Linking.NoCallback(view.Kind)
	case waited >= flow.HelpAfter:
		view.Stage = 1
	}
}

// authorizeConnect mints an attempt and sends the browser to the host. Since it changes something, a link on another site
// does not count.
func (s *Server) authorizeConnect(w http.ResponseWriter, r *http.Request) error {
	provider, returnTo := chi.URLParam(r, "provider"), ownPath(r.URL.Query().Get("return"))
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return s.goTo(w, r, views.ConnectPath(provider))
	}
	address, err := s.Linking.Authorize(r.Context(), sessionOf(r), provider, returnTo, r.URL.Query().Get("window") == "popup")
	if err != nil {
		return err
	}
	http.Redirect(w, r, address, http.StatusFound)
	return nil
}

// showConnectStatus is the waiting part's poll: nothing while nothing changed.
func (s *Server) showConnectStatus(w http.ResponseWriter, r *http.Request) error {
	view, err := s.connect(r, chi.URLParam(r, "provider"), ownPath(r.URL.Query().Get("return")))
	if err != nil {
		return err
	}
	since := s.sinceOf(r)
	status, err := s.Linking.ConnectStatus(r.Context(), sessionOf(r), personOf(r), view.Provider.ID, since)
	switch {
	case err != nil:
		return err
	case status.Done && status.Diagnosis == nil:
		return s.goBack(w, r, view, status)
	case !isPartial(r):
		return s.goTo(w, r, connectPage(view.Provider.ID, view.Return, since, true))
	case status.Done:
		view.Diagnosis = status.Diagnosis
		return s.renderConnect(w, r, view)
	}
	if s.wait(&view, since); r.URL.Query().Get("stage") == strconv.Itoa(view.Stage) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	w.Header().Set("HX-Reswap", "outerMorph") // the same nodes: the focus stays where it is
	return s.renderConnect(w, r, view)
}

// takeConnection is the callback of an attempt to connect.
func (s *Server) takeConnection(w http.ResponseWriter, r *http.Request, c linking.Callback) error {
	result, err := s.Linking.Complete(r.Context(), sessionOf(r), c)
	var d *fairlead.Diagnosis
	if errors.As(err, &d) {
		view := views.Astray{Diagnosis: d, Continue: "/", Label: "Go to Fairlead"}
		if result.ProviderID != "" {
			view.Continue, view.Label = result.ReturnTo, "Go on where you started"
		}
		return s.renderAstray(w, r, view)
	}
	if err != nil && result.ProviderID == "" {
		return err
	}
	if err != nil { // the attempt tells that it was interrupted; the log has the cause
		s.logUnknown(r, err)
	}
	next := connectPage(result.ProviderID, result.ReturnTo, s.Clock().Add(-flow.NoCallbackAfter), false)
	if result.Popup {
		next = views.ConnectReturnedPath + "?" + url.Values{"provider": {result.ProviderID}, "return": {result.ReturnTo}}.Encode()
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}
