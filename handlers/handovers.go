package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/views"
)

// handOverRoutes are the sheet that somebody without an account gets: GET shows, only POST spends, since mail scanners
// open links.
func (s *Server) handOverRoutes(r chi.Router) {
	r.Get("/hand-over/sent", s.do(s.showHandOverDone))
	r.Get("/hand-over/{token}", s.do(s.showHandOver))
	r.Post("/hand-over/{token}", s.do(s.receiveHandOver))
}

// handOverOwnerRoutes make and end the links.
func (s *Server) handOverOwnerRoutes(r chi.Router) {
	r.Post("/settings/gitops/new/{draft}/hand-over", s.do(s.handOverDraft))
	r.Post("/settings/gitops/setups/{id}/hand-overs", s.do(s.handOverSetup))
	r.Post("/settings/gitops/setups/{id}/hand-overs/{link}/revoke", s.do(s.revokeHandOver))
}

// handOverDraft makes the draft a setup, which outlives this browser, and a link to it.
func (s *Server) handOverDraft(w http.ResponseWriter, r *http.Request) error {
	draft, found, err := s.findDraft(w, r)
	if !found {
		return err
	}
	setup, err := s.Setup.Keep(r.Context(), actor(r), draft)
	if fields := fairlead.FieldsOf(err); fields != nil {
		return s.goTo(w, r, step1Path(draft.ID)) // the name was taken meanwhile: step 1 says so when it is sent again
	}
	if err != nil {
		return err
	}
	if err := s.cookies.dropDraft(w, r, draft.ID, setup.ID); err != nil {
		return err
	}
	return s.newHandOver(w, r, setup.ID)
}

func (s *Server) handOverSetup(w http.ResponseWriter, r *http.Request) error {
	return s.newHandOver(w, r, setupID(r))
}

// newHandOver makes a link and shows it once: the link waits in the browser's encrypted cookie for the page that shows it.
func (s *Server) newHandOver(w http.ResponseWriter, r *http.Request, id string) error {
	link, err := s.Setup.HandOver(r.Context(), actor(r), id)
	if err != nil {
		return err
	}
	if err := s.cookies.setFresh(w, r, id, link.Token); err != nil {
		return err
	}
	return s.goTo(w, r, setupPath(id))
}

func (s *Server) revokeHandOver(w http.ResponseWriter, r *http.Request) error {
	if err := s.Setup.RevokeHandOver(r.Context(), actor(r), setupID(r), chi.URLParam(r, "link")); err != nil {
		return err
	}
	return s.goTo(w, r, setupPath(setupID(r)))
}

// handOvers is what step 2 says about a setup's links.
func (s *Server) handOvers(w http.ResponseWriter, r *http.Request, setup fairlead.Setup) (views.HandOvers, error) {
	links, err := s.Setup.HandOvers(r.Context(), setup.ID)
	v := views.HandOvers{Create: setupPath(setup.ID) + "/hand-overs", Setup: setupPath(setup.ID), Links: links, Now: s.Clock()}
	if token := s.cookies.takeFresh(w, r, setup.ID); !token.IsZero() {
		v.Fresh = s.ExternalURL.String() + "/hand-over/" + token.Reveal()
	}
	return v, err
}

// findHandOver finds the sheet of the link in the address; guesses are limited.
func (s *Server) findHandOver(r *http.Request) (h fairlead.HandOver, setup fairlead.Setup, err error) {
	err = s.Accounts.GuardGuess(r.Context(), browserOf(r), func() error {
		h, setup, err = s.Setup.FindHandOver(r.Context(), token(r))
		return err
	})
	return h, setup, err
}

func (s *Server) showHandOver(w http.ResponseWriter, r *http.Request) error {
	return s.renderHandOver(w, r, http.StatusOK, "", nil)
}

func (s *Server) renderHandOver(w http.ResponseWriter, r *http.Request, status int, applicationID string, errors views.Errors) error {
	link, setup, err := s.findHandOver(r)
	if err != nil {
		return err
	}
	kind, err := s.Setup.Kind(setup.Kind)
	if err != nil {
		return err
	}
	workspace, err := s.Accounts.Workspace(r.Context())
	if err != nil {
		return err
	}
	return s.render(w, r, status, barePage("Register Fairlead on "+kind.Name, errors), views.HandOverSheetPage(views.HandOverSheet{
		Kind: kind, Workspace: workspace.Name, AskedBy: link.CreatedBy.Name, Ends: link.ExpiresAt, CallbackURL: s.callbackURL(),
		Owner: setup.Owner, ApplicationID: applicationID, Errors: errors,
	}))
}

func (s *Server) receiveHandOver(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	if _, _, err := s.findHandOver(r); err != nil {
		return err
	}
	applicationID := r.PostForm.Get(fairlead.FieldApplicationID)
	_, err := s.Setup.Receive(r.Context(), token(r), applicationID, r.PostForm.Get(fairlead.FieldSecret), clientIP(r))
	if fields := fairlead.FieldsOf(err); fields != nil {
		return s.renderHandOver(w, r, http.StatusUnprocessableEntity, applicationID, fields)
	}
	if err != nil {
		return err
	}
	return s.goTo(w, r, "/hand-over/sent")
}

func (s *Server) showHandOverDone(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, views.Page{Title: "The values were sent", Layout: views.LayoutBare}, views.HandOverDonePage())
}
