package handlers

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/linking"
	"fairlead/views"
)

// repositoryLinkRoutes are one repository link after it was made.
func (s *Server) repositoryLinkRoutes(r chi.Router) {
	r.Route(views.ProjectsPath+"/{key}/repositories/{link}", func(r chi.Router) {
		r.Get("/", s.withLink(s.showLink))
		r.Get("/waiting", s.withLink(s.showFirstPush))
		r.Get("/deliveries", s.withLink(s.showLinkDeliveries))
		r.Get("/deliveries/newer", s.withLink(s.showNewerOfLink))
		r.Get("/edit", s.withLink(s.showEditLink))
		r.Post("/edit", s.withLink(s.editLink))
		r.Get("/preview", s.withLink(s.previewEdit))
		r.Get("/why", s.withLink(s.sparingly(s.showWhy)))
		r.Post("/check", s.withLink(s.sparingly(s.checkLink)))
		r.Post("/repair", s.withLink(s.repairLink))
		r.Post("/rotate", s.withLink(s.rotateSecret))
		r.Post("/sync", s.withLink(s.sparingly(s.syncLink)))
		r.Get("/take-over", s.withLink(s.showTakeOver))
		r.Post("/take-over", s.withLink(s.takeOver))
		r.Get("/unlink", s.withLink(s.showUnlink))
		r.Post("/unlink", s.withLink(s.unlink))
	})
}

// linkAction is an action on the link in the address, with its Git provider.
type linkAction func(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error

func (s *Server) withLink(a linkAction) http.HandlerFunc {
	return s.withProject(func(w http.ResponseWriter, r *http.Request, project linking.Access) error {
		link, err := s.Linking.FindLink(r.Context(), project, chi.URLParam(r, "link"))
		if err != nil {
			return err
		}
		rows, err := s.linkRows(r, []fairlead.RepositoryLink{link})
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fairlead.Errorf(fairlead.CodeNotFound, "The Git provider of this link was removed.")
		}
		rows[0].Manages = project.Manages()
		return a(w, r, project, rows[0])
	})
}

func linkPath(row views.LinkRow) string { return views.LinkPath(row.Link.Project.Key, row.Link.ID) }

func (s *Server) showLink(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error {
	return s.renderLink(w, r, http.StatusOK, project, row, "", nil)
}

// linkDetail is everything that the page of a link shows.
func (s *Server) linkDetail(r *http.Request, row views.LinkRow) (views.LinkDetail, error) {
	view := views.LinkDetail{Row: row, WebhookURL: s.Linking.WebhookURL(row.Link.ID), External: s.ExternalURL.String(), CatchUp: s.Inbox.CatchUpEvery}
	var err error
	if view.Log, err = s.linkLog(r, row); err != nil {
		return view, err
	}
	if row.Link.Rejected > 0 {
		view.Rejections, err = s.Inbox.Rejections(r.Context(), row.Link.ID)
		view.Alarming = len(view.Rejections) > 0 && s.Clock().Sub(view.Rejections[0].At) < 24*time.Hour
	}
	return view, err
}

// renderLink shows a link; failed is the last action that did not work, and d why.
func (s *Server) renderLink(w http.ResponseWriter, r *http.Request, status int, project linking.Access, row views.LinkRow, failed string, d *fairlead.Diagnosis) error {
	view, err := s.linkDetail(r, row)
	if err != nil {
		return err
	}
	view.Diagnosis, view.Failed = d, failed
	title := row.Link.Repository.FullName
	if d != nil {
		title = "Error: " + failed
	}
	page, err := s.repositoriesPage(r, title, project, nil)
	if err != nil {
		return err
	}
	return s.render(w, r, status, page, views.LinkPage(view))
}

// showFirstPush is the poll of the part that waits for the first push: nothing while nothing came.
func (s *Server) showFirstPush(w http.ResponseWriter, r *http.Request, _ linking.Access, row views.LinkRow) error {
	deliveries, _, err := s.Inbox.Deliveries(r.Context(), fairlead.DeliveryFilter{LinkID: row.Link.ID}, fairlead.Cursor{}, 1)
	if err != nil {
		return err
	}
	if len(deliveries) > 0 || !isPartial(r) {
		return s.goTo(w, r, linkPath(row))
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// did answers an action on a link: what a host refused stands on the link's page, below what was not done.
func (s *Server) did(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow, err error, done, failed string) error {
	return s.didWith(w, r, project, row, err, views.Flash{Title: done}, failed)
}

func (s *Server) didWith(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow, err error, done views.Flash, failed string) error {
	d, err := diagnosisOf(err)
	switch {
	case err != nil:
		return err
	case d != nil:
		return s.renderLink(w, r, http.StatusConflict, project, row, failed, d)
	}
	return s.goToWith(w, r, linkPath(row), done)
}

func (s *Server) checkLink(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error {
	health, err := s.Linking.Check(r.Context(), row.Link)
	done := views.Flash{Title: "Everything is as it should be."}
	switch {
	case len(health.Problems()) > 0:
		done = views.Flash{Title: "The check found something that needs attention.", Tone: views.ToneWarn}
	case slices.ContainsFunc(health.Checks, func(c fairlead.HealthCheck) bool { return !c.OK && c.Text != "" }):
		done = views.Flash{Title: "Not everything could be checked. Health says why.", Tone: views.ToneWarn}
	}
	return s.didWith(w, r, project, row, err, done, "The link was not checked")
}

func (s *Server) repairLink(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error {
	_, err := s.Linking.Repair(r.Context(), actor(r), row.Link)
	return s.did(w, r, project, row, err, "The webhook was repaired.", "The webhook was not repaired")
}

func (s *Server) rotateSecret(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error {
	err := s.Linking.RotateSecret(r.Context(), actor(r), project, row.Link)
	return s.did(w, r, project, row, err, "The webhook has a new secret.", "The webhook secret was not rotated")
}

func (s *Server) syncLink(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error {
	n, err := s.Inbox.SyncNow(r.Context(), row.Link)
	done := row.Kind.Host + " has no new pushes."
	if n > 0 {
		done = row.Kind.Host + " had new pushes. They are being processed."
	}
	return s.did(w, r, project, row, err, done, row.Kind.Host+" was not asked for new pushes")
}

// edited is the form that changes what a link follows, as it was typed or as it is.
func edited(row views.LinkRow) views.LinkRule {
	rule := row.Link.Rule
	return views.LinkRule{Project: row.Link.Project, Provider: row.Provider, Kind: row.Kind, Repository: row.Link.Repository, Link: row.Link.ID,
		Branch: rule.Branch, Paths: strings.Join(rule.Paths, "\n"), Tags: rule.Tags, Deletions: rule.Deletions}
}

// typed puts what the form has into the view.
func typed(r *http.Request, view views.LinkRule) views.LinkRule {
	form := typedRule(r)
	view.Branch, view.Paths, view.Tags, view.Deletions = form.Branch, form.Paths, form.Tags, form.Deletions
	return view
}

func (s *Server) showEditLink(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error {
	return s.renderEditLink(w, r, http.StatusOK, project, row, edited(row))
}

func (s *Server) renderEditLink(w http.ResponseWriter, r *http.Request, status int, project linking.Access, row views.LinkRow, view views.LinkRule) error {
	if row.Link.Connection.IsAlive() {
		branches, err := s.Linking.Branches(r.Context(), row.Link.Connection, view.Repository)
		if _, err = diagnosisOf(err); err != nil { // suggestions only
			return err
		}
		view.Branches = branches
	}
	page, err := s.repositoriesPage(r, "Edit "+row.Link.Repository.FullName, project, view.Errors)
	if err != nil {
		return err
	}
	return s.render(w, r, status, page, views.EditLinkPage(view))
}

// editLink saves the rule, or without script previews it.
func (s *Server) editLink(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error {
	view := typed(r, edited(row))
	if r.PostFormValue("step") == "preview" {
		view.Preview = s.previewLink(r, row, view)
		return s.renderEditLink(w, r, http.StatusOK, project, row, view)
	}
	rule, err := s.parseRule(view)
	if err == nil {
		err = s.Linking.ChangeRule(r.Context(), actor(r), project, row.Link, rule)
	}
	if view.Errors = fairlead.FieldsOf(err); view.Errors != nil {
		return s.renderEditLink(w, r, http.StatusUnprocessableEntity, project, row, view)
	}
	return s.did(w, r, project, row, err, "What the link follows was saved.", "What the link follows was not saved")
}

func (s *Server) previewEdit(w http.ResponseWriter, r *http.Request, _ linking.Access, row views.LinkRow) error {
	view := typed(r, edited(row))
	if !isPartial(r) {
		return s.goTo(w, r, linkPath(row)+"/edit")
	}
	view.Preview = s.previewLink(r, row, view)
	return s.renderPart(w, r, views.PreviewPart(view))
}

// showWhy follows a commit to the point where it stopped.
func (s *Server) showWhy(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error {
	view := views.Why{Link: row.Link, Kind: row.Kind, Typed: strings.TrimSpace(r.URL.Query().Get("commit"))}
	answer, err := s.Inbox.Why(r.Context(), row.Link, view.Typed)
	status := http.StatusOK
	if view.Errors = fairlead.FieldsOf(err); view.Errors != nil {
		status = http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	view.Commit, view.Stopped, view.Delivery = answer.Commit, answer.Stopped, answer.DeliveryID
	view.CommitURL = s.Linking.CommitURL(row.Provider.Kind, row.Link.Repository, answer.Commit.Hash)
	if answer.Push != nil {
		view.Verdict = answer.Push.Verdict
	}
	for _, step := range answer.Steps {
		view.Steps = append(view.Steps, views.WhyStep{Name: step.Name, Mark: views.WhyMark(step.Mark), Text: step.Text})
	}
	page, err := s.repositoriesPage(r, "Did a push do nothing?", project, view.Errors)
	if err != nil {
		return err
	}
	return s.render(w, r, status, page, views.WhyPage(view))
}

func (s *Server) showTakeOver(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error {
	return s.renderTakeOver(w, r, http.StatusOK, project, row, nil)
}

func (s *Server) renderTakeOver(w http.ResponseWriter, r *http.Request, status int, project linking.Access, row views.LinkRow, d *fairlead.Diagnosis) error {
	connect, err := s.connect(r, row.Provider.ID, linkPath(row)+"/take-over")
	if err != nil {
		return err
	}
	view := views.TakeOver{Row: row, Connection: connect.Connection, Connect: connect, Diagnosis: d}
	title := "Take over " + row.Link.Repository.FullName
	if d != nil {
		title = "Error: " + views.NotTakenOver
	}
	page, err := s.repositoriesPage(r, title, project, nil)
	if err != nil {
		return err
	}
	return s.render(w, r, status, page, views.TakeOverPage(view))
}

func (s *Server) takeOver(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error {
	err := s.Linking.TakeOver(r.Context(), actor(r), personOf(r), project, row.Link)
	d, err := diagnosisOf(err)
	switch {
	case err != nil:
		return err
	case d != nil:
		return s.renderTakeOver(w, r, http.StatusConflict, project, row, d)
	}
	return s.goToWith(w, r, linkPath(row), views.Flash{Title: "The link now acts by your connection."})
}

func (s *Server) showUnlink(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error {
	page, err := s.repositoriesPage(r, "Unlink "+row.Link.Repository.FullName, project, nil)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page, views.UnlinkPage(views.Unlink{Row: row}))
}

func (s *Server) unlink(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error {
	note, err := s.Linking.Unlink(r.Context(), actor(r), project, row.Link)
	if err != nil {
		return err
	}
	done := views.Flash{Title: row.Link.Repository.FullName + " was unlinked.", Text: note}
	if note != "" { // says what is left at the host
		done.Tone, done.Text = views.ToneWarn, note+" This stays findable below, under unlinked repositories."
	}
	return s.goToWith(w, r, views.ProjectLinksPath(project.Project.Key), done)
}
