package handlers

import (
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"fairlead"
	flow "fairlead/setup"
	"fairlead/views"
)

// callbackRoutes is the one address that every host comes back to. It needs no sign-in of its own: the attempt names the
// session that it belongs to.
func (s *Server) callbackRoutes(r chi.Router) {
	r.Get("/oauth/callback", s.do(getOnly(s.takeCallback)))
}

// takeCallback completes the attempt and answers with a redirect to a clean address: state and code leave the address bar
// and the history.
func (s *Server) takeCallback(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	callback := flow.Callback{
		State: query.Get("state"), Code: fairlead.NewSecret(query.Get("code")),
		Error: query.Get("error"), ErrorDescription: query.Get("error_description"),
	}
	if s.Linking.IsMine(r.Context(), callback.State) {
		return s.takeConnection(w, r, callback)
	}
	result, err := s.Setup.Complete(r.Context(), sessionOf(r), callback)
	var d *fairlead.Diagnosis
	if errors.As(err, &d) {
		view := views.Astray{Diagnosis: d, Continue: gitOpsPath, Label: "Go to GitOps"}
		if result.SetupID != "" {
			view.Continue, view.Label = setupPath(result.SetupID), "Continue with the setup"
		}
		return s.renderAstray(w, r, view)
	}
	if err != nil && result.SetupID == "" {
		return err
	}
	if err != nil { // the setup tells that it was interrupted; the log has the cause
		s.logUnknown(r, err)
	}
	path := setupPath(result.SetupID)
	if result.Popup {
		path += "/returned"
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// astrayStatuses say with what status a callback is answered that completes nothing.
var astrayStatuses = map[fairlead.DiagnosisCode]int{
	fairlead.DiagnosisAttemptForeign:  http.StatusForbidden,
	fairlead.DiagnosisAttemptUsed:     http.StatusGone,
	fairlead.DiagnosisAttemptExpired:  http.StatusGone,
	fairlead.DiagnosisAttemptOutdated: http.StatusGone,
	fairlead.DiagnosisSetupCancelled:  http.StatusGone,
}

// renderAstray explains a callback that belongs to no good attempt.
func (s *Server) renderAstray(w http.ResponseWriter, r *http.Request, view views.Astray) error {
	d := view.Diagnosis
	if d.Code == fairlead.DiagnosisAttemptForeign {
		s.recordRefusal(r, "callback.refused", string(d.Code))
	}
	status, ok := astrayStatuses[d.Code]
	if !ok {
		status = http.StatusBadRequest
	}
	return s.render(w, r, status, views.Page{Title: "Error: " + d.Title, Layout: views.LayoutBare}, views.AstrayPage(view))
}
