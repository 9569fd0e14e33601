package handlers

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"fairlead"
	flow "fairlead/setup"
	"fairlead/views"
)

// setupRoutes are the wizard from the first Next of step 2 on.
func (s *Server) setupRoutes(r chi.Router) {
	r.Route("/settings/gitops/setups/{id}", func(r chi.Router) {
		r.Get("/", s.do(s.showSetup))
		r.Post("/", s.do(s.resubmitSetup))
		r.Get("/name", s.do(s.showSetupName))
		r.Post("/name", s.do(s.renameSetup))
		r.Post("/owner", s.do(s.saveSetupOwner))
		r.Get("/authorize", s.do(getOnly(s.authorize)))
		r.Get("/status", s.do(s.showStatus))
		r.Get("/returned", s.do(s.showReturned))
		r.Post("/continue", s.do(s.continueSetup))
		r.Post("/stop", s.do(s.stopWaiting))
		r.Post("/report", s.do(s.reportSeen))
		r.Post("/confirm", s.do(s.confirmSetup))
		r.Post("/cancel", s.do(s.cancelSetup))
	})
}

func setupPath(id string) string { return "/settings/gitops/setups/" + id }

func setupID(r *http.Request) string { return chi.URLParam(r, "id") }

// findSetup finds the setup in the address. One that was confirmed has become a Git provider, and Back leads there.
func (s *Server) findSetup(w http.ResponseWriter, r *http.Request) (setup fairlead.Setup, found bool, err error) {
	setup, err = s.Setup.Find(r.Context(), setupID(r))
	if fairlead.CodeOf(err) != fairlead.CodeNotFound {
		return setup, err == nil, err
	}
	providers, failed := s.Setup.ListGitProviders(r.Context())
	if failed != nil {
		return setup, false, failed
	}
	for _, provider := range providers {
		if provider.SetupID == setupID(r) {
			return setup, false, s.goTo(w, r, providerPath(provider.ID))
		}
	}
	return setup, false, err
}

// showSetup shows a setup where it stands: step 2 with its outcome, or step 3.
func (s *Server) showSetup(w http.ResponseWriter, r *http.Request) error {
	setup, found, err := s.findSetup(w, r)
	if !found {
		return err
	}
	return s.renderSetup(w, r, http.StatusOK, setup, nil)
}

func (s *Server) renderSetup(w http.ResponseWriter, r *http.Request, status int, setup fairlead.Setup, errors views.Errors) error {
	kind, err := s.Setup.Kind(setup.Kind)
	if err != nil {
		return err
	}
	if setup.State == fairlead.SetupVerified && r.URL.Query().Get("step") != "2" && errors == nil {
		return s.renderConfirm(w, r, status, setup, kind, "")
	}
	path := setupPath(setup.ID)
	view := views.Consumer{
		Kind: kind, Heading: views.SetupHeading(setup), Action: path, OwnerAction: path + "/owner", Owner: setup.Owner,
		CallbackURL: s.callbackURL(), ApplicationID: setup.ApplicationID, SecretStored: !setup.Secret.IsZero(), Errors: errors,
		BackHref: backFromConsumer(setup), CancelAction: path + "/cancel", Origin: s.origin(r), Change: setup.ProviderID != "",
		Received: setup.State == fairlead.SetupEntered && !setup.ReceivedAt.IsZero(),
	}
	if view.SameClient, err = s.sameClient(r, setup); err != nil {
		return err
	}
	if view.HandOvers, err = s.handOvers(w, r, setup); err != nil {
		return err
	}
	page := wizardPage(views.WizardStep{Number: 2}, errors)
	switch {
	case setup.State == fairlead.SetupWaiting && errors == nil:
		waiting := s.waiting(setup, kind)
		view.Waiting = &waiting
		page.Title, page.Refresh = waitingTitle(waiting), 3
	case setup.Diagnosis != nil:
		view.Diagnosis = &views.DiagnosisPanel{Kind: kind, Diagnosis: setup.Diagnosis, Ladder: views.SetupLadder(setup, kind)}
		if setup.State == fairlead.SetupRefused {
			view.Diagnosis.GoOn = path
		}
		page.Title = "Error: " + setup.Diagnosis.Title
	case setup.State == fairlead.SetupChecking:
		page.Refresh = 3
	}
	return s.render(w, r, status, page, views.ConsumerStep(view))
}

// backFromConsumer leads from step 2 to step 1, which a change of a Git provider does not have.
func backFromConsumer(setup fairlead.Setup) string {
	if setup.ProviderID != "" {
		return providerPath(setup.ProviderID)
	}
	return setupPath(setup.ID) + "/name"
}

// sameClient names the Git providers that use the setup's application ID already.
func (s *Server) sameClient(r *http.Request, setup fairlead.Setup) ([]string, error) {
	providers, err := s.Setup.SameClient(r.Context(), setup)
	var names []string
	for _, g := range providers {
		names = append(names, g.DisplayName)
	}
	return names, err
}

// renderConfirm is step 3; problem says why the last Confirm did not work.
func (s *Server) renderConfirm(w http.ResponseWriter, r *http.Request, status int, setup fairlead.Setup, kind fairlead.Kind, problem string) error {
	same, err := s.sameClient(r, setup)
	if err != nil {
		return err
	}
	page := wizardPage(views.WizardStep{Number: 3, Change: setup.ProviderID != ""}, nil)
	if problem != "" {
		page.Title = "Error: " + page.Title
	}
	return s.render(w, r, status, page, views.ConfirmStep(views.Confirm{Kind: kind, Setup: setup, Path: setupPath(setup.ID), Problem: problem, SameClient: same,
		Again: s.verifiesAgain(r, setup.ID)}))
}

// waiting draws the panel at its stage.
func (s *Server) waiting(setup fairlead.Setup, kind fairlead.Kind) views.Waiting {
	v := views.Waiting{Kind: kind, Setup: setup, Path: setupPath(setup.ID), CallbackURL: s.callbackURL(), NoCallback: s.Setup.NoCallback(setup)}
	switch waited := s.Clock().Sub(setup.WaitingSince); {
	case v.NoCallback != nil:
		v.Stage = 2
	case waited >= flow.HelpAfter:
		v.Stage = 1
	}
	return v
}

// waitingTitle changes when the host did not come back, and is spoken then.
func waitingTitle(v views.Waiting) string {
	if v.NoCallback != nil {
		return v.NoCallback.Title
	}
	return "Waiting for " + v.Kind.Name
}

// resubmitSetup is a later Next of step 2, with corrected values.
func (s *Server) resubmitSetup(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	applicationID := r.PostForm.Get(fairlead.FieldApplicationID)
	setup, err := s.Setup.Resubmit(r.Context(), actor(r), setupID(r), applicationID, r.PostForm.Get(fairlead.FieldSecret))
	if fields := fairlead.FieldsOf(err); fields != nil {
		setup.ApplicationID = applicationID
		return s.renderSetup(w, r, http.StatusUnprocessableEntity, setup, fields)
	}
	if err != nil {
		return err
	}
	return s.answerSetup(w, r, setup)
}

// answerSetup answers a form on a setup's page.
func (s *Server) answerSetup(w http.ResponseWriter, r *http.Request, setup fairlead.Setup) error {
	return s.nextStep(w, r, setupPath(setup.ID), func() error { return s.renderSetup(w, r, http.StatusOK, setup, nil) })
}

func (s *Server) showSetupName(w http.ResponseWriter, r *http.Request) error {
	setup, found, err := s.findSetup(w, r)
	if !found {
		return err
	}
	return s.renderSetupName(w, r, http.StatusOK, setup, setup.DisplayName, nil)
}

func (s *Server) renderSetupName(w http.ResponseWriter, r *http.Request, status int, setup fairlead.Setup, typed string, errors views.Errors) error {
	draft := fairlead.Draft{Kind: setup.Kind, InstanceURL: setup.InstanceURL, DisplayName: typed}
	return s.render(w, r, status, wizardPage(views.WizardStep{Number: 1}, errors), views.SettingUpStep(views.SettingUp{
		Kinds: s.Setup.Kinds(), Draft: draft, Errors: errors, Action: setupPath(setup.ID) + "/name", Existing: true,
		Heading: views.SetupHeading(setup), Verified: setup.State == fairlead.SetupVerified, CancelHref: "/settings/gitops", Origin: s.origin(r),
	}))
}

func (s *Server) renameSetup(w http.ResponseWriter, r *http.Request) error {
	setup, err := s.Setup.Find(r.Context(), setupID(r))
	if err != nil {
		return err
	}
	typed := r.PostFormValue("display_name")
	err = s.Setup.Rename(r.Context(), actor(r), setup.ID, typed)
	if fields := fairlead.FieldsOf(err); fields != nil {
		return s.renderSetupName(w, r, http.StatusUnprocessableEntity, setup, typed, fields)
	}
	if err != nil {
		return err
	}
	if setup, err = s.Setup.Find(r.Context(), setup.ID); err != nil {
		return err
	}
	return s.answerSetup(w, r, setup)
}

func (s *Server) saveSetupOwner(w http.ResponseWriter, r *http.Request) error {
	owner := r.PostFormValue("owner")
	if err := s.Setup.SetOwner(r.Context(), actor(r), setupID(r), owner); err != nil {
		return err
	}
	setup, err := s.Setup.Find(r.Context(), setupID(r))
	if err != nil {
		return err
	}
	return s.answerOwner(w, r, setup.Kind, setup.Owner, setupPath(setup.ID))
}

// authorize mints an attempt and sends the browser to the host. It is a GET behind a link, because a form may not end at
// another origin (CSP form-action). Since it changes something, a link on another site does not count.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return s.goTo(w, r, setupPath(setupID(r)))
	}
	address, err := s.Setup.Authorize(r.Context(), sessionOf(r), setupID(r), r.URL.Query().Get("window") == "popup")
	if err != nil {
		return err
	}
	http.Redirect(w, r, address, http.StatusFound)
	return nil
}

// showStatus is the waiting panel's poll: nothing while nothing changed, so that nothing is spoken twice.
func (s *Server) showStatus(w http.ResponseWriter, r *http.Request) error {
	setup, err := s.Setup.Find(r.Context(), setupID(r))
	if fairlead.CodeOf(err) == fairlead.CodeNotFound {
		return s.goTo(w, r, "/settings/gitops") // confirmed or cancelled in another tab
	}
	if err != nil {
		return err
	}
	if setup.State == fairlead.SetupVerified || !isPartial(r) {
		return s.goTo(w, r, setupPath(setup.ID))
	}
	if setup.State != fairlead.SetupWaiting {
		w.Header().Set("HX-Retarget", "#wizard")
		w.Header().Set("HX-Reswap", "outerHTML")
		return s.renderSetup(w, r, http.StatusOK, setup, nil)
	}
	kind, err := s.Setup.Kind(setup.Kind)
	if err != nil {
		return err
	}
	panel := s.waiting(setup, kind)
	if r.URL.Query().Get("stage") == strconv.Itoa(panel.Stage) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	w.Header().Set("HX-Reswap", "outerMorph") // the same nodes: the focus stays where it is
	return s.render(w, r, http.StatusOK, views.Page{Title: waitingTitle(panel)}, views.WaitingPanel(panel))
}

// showReturned is where the host's window ends: it closes itself.
func (s *Server) showReturned(w http.ResponseWriter, r *http.Request) error {
	setup, err := s.Setup.Find(r.Context(), setupID(r))
	if err != nil {
		return err
	}
	kind, err := s.Setup.Kind(setup.Kind)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, views.Page{Title: "Back from " + kind.Name, Layout: views.LayoutWindow},
		views.ReturnedWindow(views.Returned{Kind: kind, Continue: setupPath(setup.ID)}))
}

func (s *Server) continueSetup(w http.ResponseWriter, r *http.Request) error {
	setup, err := s.Setup.Continue(r.Context(), actor(r), setupID(r))
	if err != nil {
		return err
	}
	return s.answerSetup(w, r, setup)
}

func (s *Server) stopWaiting(w http.ResponseWriter, r *http.Request) error {
	setup, err := s.Setup.Stop(r.Context(), actor(r), setupID(r))
	if err != nil {
		return err
	}
	return s.answerSetup(w, r, setup)
}

func (s *Server) reportSeen(w http.ResponseWriter, r *http.Request) error {
	setup, err := s.Setup.Report(r.Context(), actor(r), setupID(r), fairlead.DiagnosisCode(r.PostFormValue("seen")))
	if err != nil {
		return err
	}
	return s.answerSetup(w, r, setup)
}

// confirmSetup is "Confirm and add". Pressed twice, both presses end at the list with the one provider.
func (s *Server) confirmSetup(w http.ResponseWriter, r *http.Request) error {
	again := s.verifiesAgain(r, setupID(r))
	provider, err := s.Setup.Confirm(r.Context(), actor(r), setupID(r))
	if fairlead.CodeOf(err) == fairlead.CodeConflict {
		return s.renderNotConfirmed(w, r, err)
	}
	if err != nil {
		return err
	}
	flash := views.Flash{
		Title: provider.DisplayName + " was added.", Text: "Verified as " + provider.Proof.Account.Name + ". Developers can now link their projects with one of their repositories from it.",
		Link: views.FlashLink{Href: views.ProjectsPath, Label: "Link a project"},
	}
	verified := "Verified as " + provider.Proof.Account.Name + "."
	switch {
	case again:
		flash = views.Flash{Title: provider.DisplayName + " was verified again.", Text: verified}
	case provider.WasChanged():
		flash = views.Flash{Title: "The new values of " + provider.DisplayName + " are in force.", Text: verified}
	}
	return s.goToWith(w, r, gitOpsPath, flash)
}

func (s *Server) renderNotConfirmed(w http.ResponseWriter, r *http.Request, cause error) error {
	setup, err := s.Setup.Find(r.Context(), setupID(r))
	if err != nil {
		return err
	}
	if setup.State != fairlead.SetupVerified {
		return s.renderSetup(w, r, http.StatusConflict, setup, nil)
	}
	kind, err := s.Setup.Kind(setup.Kind)
	if err != nil {
		return err
	}
	return s.renderConfirm(w, r, http.StatusConflict, setup, kind, messageOf(cause))
}

func (s *Server) cancelSetup(w http.ResponseWriter, r *http.Request) error {
	if err := s.Setup.Cancel(r.Context(), actor(r), setupID(r)); err != nil {
		return err
	}
	return s.goTo(w, r, "/settings/gitops")
}
