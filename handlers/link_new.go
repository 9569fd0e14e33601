package handlers

import (
	"errors"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/linking"
	"fairlead/views"
)

// showLinkRepository is step 2: the repositories of one owner, or the one whose address was pasted.
func (s *Server) showLinkRepository(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	trip, ok, err := s.beginTrip(w, r, project)
	if !ok {
		return err
	}
	query := r.URL.Query()
	view := views.LinkRepository{Project: project.Project, Provider: trip.provider, Kind: trip.kind, Connection: trip.connection,
		Owner: query.Get("owner"), Search: strings.TrimSpace(query.Get("q")), Page: query.Get("page")}
	status, err := s.findRepositories(r, trip, &view)
	if err != nil {
		return err
	}
	if view.Linked, err = s.linkedAlready(r, project); err != nil {
		return err
	}
	page, err := s.repositoriesPage(r, views.LinkStepTitle(2), project, view.Errors)
	if err != nil {
		return err
	}
	if isPartial(r) {
		return s.render(w, r, status, page, views.RepositoriesPart(view))
	}
	return s.render(w, r, status, page, views.LinkRepositoryStep(view))
}

// findRepositories asks the host. What it did not tell stands in the view; its error is of ours.
func (s *Server) findRepositories(r *http.Request, trip linkTrip, view *views.LinkRepository) (status int, err error) {
	picked, err := s.Linking.Pick(r.Context(), trip.connection, linking.RepositoryQuery{Owner: view.Owner, Search: view.Search, Page: view.Page}, isPartial(r))
	if fields := fairlead.FieldsOf(err); fields != nil {
		view.Errors = views.Errors{{Field: "q", Message: fields[0].Message}}
		return http.StatusUnprocessableEntity, nil
	}
	if view.Diagnosis, err = diagnosisOf(err); err != nil {
		return 0, err
	}
	view.Owners, view.Owner, view.Repositories, view.Next = picked.Owners, picked.Owner, picked.Repositories, picked.Next
	if !r.URL.Query().Has("missing") {
		return http.StatusOK, nil
	}
	view.Missing = &views.MissingRepository{Typed: strings.TrimSpace(r.URL.Query().Get("missing"))}
	view.Missing.Checks, err = s.Linking.WhyMissing(r.Context(), trip.connection, view.Missing.Typed)
	if fields := fairlead.FieldsOf(err); fields != nil {
		view.Missing.Errors = views.Errors{{Field: "missing", Message: fields[0].Message}}
		return http.StatusUnprocessableEntity, nil
	}
	_, err = diagnosisOf(err)
	return http.StatusOK, err
}

// diagnosisOf splits an error into what a host did and what is ours.
func diagnosisOf(err error) (*fairlead.Diagnosis, error) {
	var d *fairlead.Diagnosis
	if errors.As(err, &d) {
		return d, nil
	}
	return nil, err
}

func (s *Server) linkedAlready(r *http.Request, project linking.Access) (map[string]fairlead.RepositoryLink, error) {
	links, err := s.Linking.LinksOf(r.Context(), project)
	byRepository := map[string]fairlead.RepositoryLink{}
	for _, link := range links {
		byRepository[link.Repository.ID] = link
	}
	return byRepository, err
}

// typedRule is the rule as the form has it.
func typedRule(r *http.Request) views.LinkRule {
	return views.LinkRule{Branch: r.FormValue("branch"), Paths: r.FormValue("paths"), Tags: r.FormValue("tags") != "", Deletions: r.FormValue("deletions") != ""}
}

func (s *Server) parseRule(view views.LinkRule) (fairlead.LinkRule, error) {
	return s.Linking.ParseRule(view.Branch, view.Paths, view.Tags, view.Deletions)
}

// chosen finds the repository in the address, by the host's id.
func (s *Server) chosen(r *http.Request, trip linkTrip) (fairlead.Repository, error) {
	return s.Linking.FindRepository(r.Context(), trip.connection, chi.URLParam(r, "repository"))
}

// showLinkRule is step 3, and with step=confirm step 4. Both are addresses, so that Back and reload work.
func (s *Server) showLinkRule(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	trip, ok, err := s.beginTrip(w, r, project)
	if !ok {
		return err
	}
	repository, err := s.chosen(r, trip)
	if d, unknown := diagnosisOf(err); d != nil {
		return s.renderNotChosen(w, r, trip, d)
	} else if unknown != nil {
		return unknown
	}
	view := typedRule(r)
	if !r.URL.Query().Has("branch") {
		view.Branch = repository.MainBranch
	}
	view.Project, view.Provider, view.Kind, view.Repository = project.Project, trip.provider, trip.kind, repository
	switch r.URL.Query().Get("step") {
	case "confirm":
		return s.confirmLink(w, r, trip, view)
	case "preview":
		view.Preview = s.preview(r, trip.connection, view)
	}
	return s.renderLinkRule(w, r, http.StatusOK, trip, view)
}

// renderNotChosen is step 2 again, with what the host said about the repository.
func (s *Server) renderNotChosen(w http.ResponseWriter, r *http.Request, trip linkTrip, d *fairlead.Diagnosis) error {
	view := views.LinkRepository{Project: trip.project.Project, Provider: trip.provider, Kind: trip.kind, Connection: trip.connection, Diagnosis: d}
	page, err := s.repositoriesPage(r, views.LinkStepTitle(2), trip.project, views.Errors{{Message: d.Title}})
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page, views.LinkRepositoryStep(view))
}

func (s *Server) renderLinkRule(w http.ResponseWriter, r *http.Request, status int, trip linkTrip, view views.LinkRule) error {
	branches, err := s.Linking.Branches(r.Context(), trip.connection, view.Repository)
	if _, err = diagnosisOf(err); err != nil { // suggestions only
		return err
	}
	view.Branches = branches
	page, err := s.repositoriesPage(r, views.LinkStepTitle(3), trip.project, view.Errors)
	if err != nil {
		return err
	}
	return s.render(w, r, status, page, views.LinkRuleStep(view))
}

// preview asks the host what a rule matches; what is wrong with the rule, or at the host, stands in it.
func (s *Server) preview(r *http.Request, connection fairlead.Connection, view views.LinkRule) *views.RulePreview {
	rule, err := s.parseRule(view)
	if fields := fairlead.FieldsOf(err); fields != nil {
		return &views.RulePreview{Rule: rule, Errors: fields}
	}
	p, err := s.Linking.PreviewRule(r.Context(), connection, view.Repository, rule)
	shown := &views.RulePreview{Rule: rule, Branches: p.Branches, MoreBranches: p.MoreBranches, FilesOf: p.FilesOf, Files: p.Files,
		FilesMatched: p.FilesMatched, FilesTotal: p.FilesTotal, MoreFiles: p.MoreFiles}
	if d, unknown := diagnosisOf(err); d != nil {
		shown.Diagnosis = d
	} else if unknown != nil {
		if r.Context().Err() == nil { // a form that changes gives up the preview on its way for the next one
			s.logUnknown(r, unknown)
		}
		shown.Errors = views.Errors{{Field: "branch", Message: "The preview did not work. You can go on all the same"}}
	}
	return shown
}

// previewLinkRule is the preview alone, for htmx.
func (s *Server) previewLinkRule(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	trip, ok, err := s.beginTrip(w, r, project)
	if !ok {
		return err
	}
	view := typedRule(r)
	view.Project, view.Provider, view.Kind = project.Project, trip.provider, trip.kind
	view.Repository = fairlead.Repository{ID: chi.URLParam(r, "repository")}
	if !isPartial(r) {
		return s.goTo(w, r, view.Path())
	}
	view.Preview = s.preview(r, trip.connection, view)
	return s.renderPart(w, r, views.PreviewPart(view))
}

// confirmLink is step 4: what linking would make.
func (s *Server) confirmLink(w http.ResponseWriter, r *http.Request, trip linkTrip, view views.LinkRule) error {
	rule, err := s.parseRule(view)
	var plan linking.Plan
	if err == nil {
		plan, err = s.Linking.Plan(r.Context(), trip.project, trip.connection, view.Repository, rule)
	}
	if view.Errors = fairlead.FieldsOf(err); view.Errors != nil {
		return s.renderLinkRule(w, r, http.StatusUnprocessableEntity, trip, view)
	}
	d, err := diagnosisOf(err)
	if err != nil {
		return err
	}
	return s.renderLinkConfirm(w, r, http.StatusOK, trip, s.confirmation(trip, view.Repository, rule, plan, d))
}

func (s *Server) confirmation(trip linkTrip, repository fairlead.Repository, rule fairlead.LinkRule, plan linking.Plan, d *fairlead.Diagnosis) views.LinkConfirm {
	return views.LinkConfirm{
		ID: plan.LinkID, Project: trip.project.Project, Provider: trip.provider, Kind: trip.kind, Connection: trip.connection, Repository: repository, Rule: rule,
		Head: plan.BranchHead, WebhookURL: plan.WebhookURL, Events: plan.Events, Polling: plan.Polling, External: s.ExternalURL.String(),
		CatchUp: s.Inbox.CatchUpEvery, Existing: plan.Existing, Diagnosis: d,
	}
}

func (s *Server) renderLinkConfirm(w http.ResponseWriter, r *http.Request, status int, trip linkTrip, view views.LinkConfirm) error {
	complaints := view.Errors
	if view.Diagnosis != nil {
		complaints = views.Errors{{Message: view.Diagnosis.Title}}
	}
	page, err := s.repositoriesPage(r, views.LinkStepTitle(4), trip.project, complaints)
	if err != nil {
		return err
	}
	return s.render(w, r, status, page, views.LinkConfirmStep(view))
}

// makeLink is "Link repository". Pressed twice, both presses end at the one link.
func (s *Server) makeLink(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	trip, ok, err := s.beginTrip(w, r, project)
	if !ok {
		return err
	}
	if trip.connection, err = s.confirmed(r, trip); err != nil {
		return err
	}
	rule, err := s.parseRule(typedRule(r))
	if fairlead.FieldsOf(err) != nil { // the form before this one has checked it
		return s.goTo(w, r, views.ConfigureLinkPath(project.Project.Key, trip.provider.ID, chi.URLParam(r, "repository")))
	}
	repository := fairlead.Repository{ID: chi.URLParam(r, "repository")}
	link, err := s.Linking.Link(r.Context(), actor(r), project, r.PostFormValue("id"), trip.connection, repository, rule)
	d, unknown := diagnosisOf(err)
	switch fields := fairlead.FieldsOf(err); {
	case fields != nil || d != nil:
		return s.renderNotLinked(w, r, trip, rule, fields, d)
	case unknown != nil:
		return unknown
	}
	return s.goToWith(w, r, views.LinkPath(project.Project.Key, link.ID), views.Flash{Title: link.Repository.FullName + " was linked."})
}

// confirmed is the connection that step 4 named: another account may have been connected since, in another tab.
func (s *Server) confirmed(r *http.Request, trip linkTrip) (fairlead.Connection, error) {
	id := r.PostFormValue("connection")
	if id == "" || id == trip.connection.ID {
		return trip.connection, nil
	}
	uses, err := s.Linking.Connections(r.Context(), personOf(r).ID)
	for _, use := range uses {
		if c := use.Connection; c.ID == id && c.ProviderID == trip.provider.ID && c.IsAlive() {
			return c, nil
		}
	}
	if err == nil {
		err = fairlead.Errorf(fairlead.CodeConflict, "The account that this link was going to act by is no longer connected. Begin again at the list of repositories.")
	}
	return fairlead.Connection{}, err
}

// renderNotLinked is step 4 again, with the reason.
func (s *Server) renderNotLinked(w http.ResponseWriter, r *http.Request, trip linkTrip, rule fairlead.LinkRule, fields views.Errors, d *fairlead.Diagnosis) error {
	repository, err := s.chosen(r, trip)
	if _, err := diagnosisOf(err); err != nil {
		return err
	}
	if repository.ID == "" {
		repository = fairlead.Repository{ID: chi.URLParam(r, "repository"), FullName: "the repository"}
	}
	view := s.confirmation(trip, repository, rule, linking.Plan{LinkID: r.PostFormValue("id"), WebhookURL: s.Linking.WebhookURL(r.PostFormValue("id"))}, d)
	view.Errors = fields
	return s.renderLinkConfirm(w, r, http.StatusUnprocessableEntity, trip, view)
}
