package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/views"
)

// wizardRoutes are steps 1 and 2 while they live in the cookie.
func (s *Server) wizardRoutes(r chi.Router) {
	r.Get("/settings/gitops/new", s.do(s.showSettingUp))
	r.Post("/settings/gitops/new", s.do(s.saveSettingUp))
	r.Get("/settings/gitops/new/{draft}", s.do(s.showConsumer))
	r.Post("/settings/gitops/new/{draft}", s.do(s.startSetup))
	r.Post("/settings/gitops/new/{draft}/owner", s.do(s.saveDraftOwner))
	r.Post("/settings/gitops/new/{draft}/discard", s.do(s.discardDraft))
	r.Get(views.CheckingPath, s.do(s.showChecking))
}

func draftPath(id string) string { return "/settings/gitops/new/" + id }

// step1Path names the draft in the query, so that Back shows what was entered and a form sent twice makes one draft.
func step1Path(id string) string { return "/settings/gitops/new?draft=" + id }

// keepTyped saves what a visitor whose session ended typed into step 2, before the sign-in page takes over. The secret is
// not kept: it never goes into a cookie.
func (s *Server) keepTyped(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := chi.URLParam(r, "draft")
		if r.Method == http.MethodPost && id != "" && personOf(r).ID == "" && r.ParseForm() == nil && r.PostForm.Has(fairlead.FieldApplicationID) {
			if d, found := s.cookies.findDraft(r, id); found && d.SetupID == "" {
				d.ApplicationID = r.PostForm.Get(fairlead.FieldApplicationID)
				_ = s.cookies.saveDraft(w, r, d.PersonID, d.Draft) // too long for a cookie: then it is typed again
			}
		}
		next.ServeHTTP(w, r)
	})
}

// showSettingUp is step 1. Without a draft it makes one and leads to its address.
func (s *Server) showSettingUp(w http.ResponseWriter, r *http.Request) error {
	id := r.URL.Query().Get("draft")
	if setup, ok := s.becameSetup(r, id); ok {
		return s.goTo(w, r, setupPath(setup)+"/name")
	}
	draft, known := s.cookies.draft(r, personOf(r).ID, id)
	if !known {
		fresh, err := s.Setup.NewDraft(r.Context())
		if err != nil {
			return err
		}
		if !fairlead.IsID(id, fairlead.PrefixDraft) {
			return s.goTo(w, r, step1Path(fresh.ID))
		}
		draft, draft.ID = fresh, id
	}
	return s.renderSettingUp(w, r, http.StatusOK, draft, nil)
}

func (s *Server) renderSettingUp(w http.ResponseWriter, r *http.Request, status int, draft fairlead.Draft, errors views.Errors) error {
	view := views.SettingUp{Kinds: s.Setup.Kinds(), Draft: draft, Errors: errors, Action: step1Path(draft.ID), CancelHref: "/settings/gitops", Origin: s.origin(r)}
	return s.render(w, r, status, wizardPage(views.WizardStep{Number: 1}, errors), views.SettingUpStep(view))
}

func wizardPage(step views.WizardStep, errors views.Errors) views.Page {
	return views.Page{Title: errors.Title(step.Title()), Area: views.AreaGitOps}
}

func (s *Server) saveSettingUp(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	id := r.URL.Query().Get("draft")
	if !fairlead.IsID(id, fairlead.PrefixDraft) {
		return s.goTo(w, r, "/settings/gitops/new")
	}
	draft, _ := s.cookies.draft(r, personOf(r).ID, id)
	draft.ID, draft.Kind = id, fairlead.KindID(r.PostForm.Get("kind"))
	draft.InstanceURL, draft.DisplayName = r.PostForm.Get("instance_url"), r.PostForm.Get("display_name")
	draft, err := s.Setup.ParseDraft(r.Context(), draft)
	if fields := fairlead.FieldsOf(err); fields != nil {
		return s.renderSettingUp(w, r, http.StatusUnprocessableEntity, draft, fields)
	}
	if err != nil {
		return err
	}
	if err := s.cookies.saveDraft(w, r, personOf(r).ID, draft); err != nil {
		return err
	}
	return s.nextStep(w, r, draftPath(id), func() error { return s.renderConsumer(w, r, http.StatusOK, draft, nil) })
}

// nextStep answers a form that succeeded: for htmx with the next step's fragment under its address, else with a redirect
// there.
func (s *Server) nextStep(w http.ResponseWriter, r *http.Request, path string, fragment func() error) error {
	if !isPartial(r) {
		return s.goTo(w, r, path)
	}
	w.Header().Set("HX-Push-Url", path)
	return fragment()
}

// becameSetup finds the setup that a draft of this browser turned into.
func (s *Server) becameSetup(r *http.Request, draft string) (string, bool) {
	d, _ := s.cookies.findDraft(r, draft)
	return d.SetupID, d.SetupID != ""
}

// findDraft answers for a draft that is not in the cookie: it became a setup, or it was pushed out by newer ones.
func (s *Server) findDraft(w http.ResponseWriter, r *http.Request) (draft fairlead.Draft, found bool, err error) {
	id := chi.URLParam(r, "draft")
	if draft, found = s.cookies.draft(r, personOf(r).ID, id); found {
		return draft, true, nil
	}
	if setup, ok := s.becameSetup(r, id); ok {
		return draft, false, s.goTo(w, r, setupPath(setup))
	}
	return draft, false, fairlead.Errorf(fairlead.CodeNotFound, "This browser no longer has that draft. Begin again under GitOps.")
}

func (s *Server) showConsumer(w http.ResponseWriter, r *http.Request) error {
	draft, found, err := s.findDraft(w, r)
	if !found {
		return err
	}
	return s.renderConsumer(w, r, http.StatusOK, draft, nil)
}

func (s *Server) renderConsumer(w http.ResponseWriter, r *http.Request, status int, draft fairlead.Draft, errors views.Errors) error {
	kind, err := s.Setup.Kind(draft.Kind)
	if err != nil {
		return err
	}
	path := draftPath(draft.ID)
	return s.render(w, r, status, wizardPage(views.WizardStep{Number: 2}, errors), views.ConsumerStep(views.Consumer{
		Kind: kind, Heading: "Add " + draft.DisplayName, Action: path, OwnerAction: path + "/owner", Owner: draft.Owner,
		CallbackURL: s.callbackURL(), ApplicationID: draft.ApplicationID, Errors: errors,
		BackHref: step1Path(draft.ID), CancelAction: path + "/discard", Origin: s.origin(r), HandOvers: views.HandOvers{Create: path + "/hand-over"},
	}))
}

// startSetup is the first Next of step 2: the draft becomes a setup.
func (s *Server) startSetup(w http.ResponseWriter, r *http.Request) error {
	draft, found, err := s.findDraft(w, r)
	if !found {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return err
	}
	applicationID := r.PostForm.Get(fairlead.FieldApplicationID)
	setup, err := s.Setup.Start(r.Context(), actor(r), draft, applicationID, r.PostForm.Get(fairlead.FieldSecret))
	if fields := fairlead.FieldsOf(err); fields != nil {
		draft.ApplicationID = applicationID
		_ = s.cookies.saveDraft(w, r, personOf(r).ID, draft) // too long for a cookie: it still stands in the form
		return s.renderConsumer(w, r, http.StatusUnprocessableEntity, draft, fields)
	}
	if err != nil {
		return err
	}
	if err := s.cookies.dropDraft(w, r, draft.ID, setup.ID); err != nil {
		return err
	}
	return s.nextStep(w, r, setupPath(setup.ID), func() error { return s.renderSetup(w, r, http.StatusOK, setup, nil) })
}

func (s *Server) saveDraftOwner(w http.ResponseWriter, r *http.Request) error {
	draft, found, err := s.findDraft(w, r)
	if !found {
		return err
	}
	draft.Owner = fairlead.ParseOwner(r.PostFormValue("owner"))
	if err := s.cookies.saveDraft(w, r, personOf(r).ID, draft); err != nil {
		return err
	}
	return s.answerOwner(w, r, draft.Kind, draft.Owner, draftPath(draft.ID))
}

// answerOwner shows the link to the host's page: as a part for htmx, else on the page that asked.
func (s *Server) answerOwner(w http.ResponseWriter, r *http.Request, id fairlead.KindID, owner, path string) error {
	if !isPartial(r) {
		return s.goTo(w, r, path)
	}
	kind, err := s.Setup.Kind(id)
	if err != nil {
		return err
	}
	return s.renderPart(w, r, views.RegistrationLink(kind, owner))
}

func (s *Server) discardDraft(w http.ResponseWriter, r *http.Request) error {
	if err := s.cookies.dropDraft(w, r, chi.URLParam(r, "draft"), ""); err != nil {
		return err
	}
	return s.goTo(w, r, "/settings/gitops")
}

func (s *Server) showChecking(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, views.Page{Title: "Checking", Layout: views.LayoutWindow}, views.CheckingWindow())
}
