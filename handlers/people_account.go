package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/accounts"
	"fairlead/views"
)

// accountRoutes are a person's own: profile, password, sessions.
func (s *Server) accountRoutes(r chi.Router) {
	r.Get(profilePath, s.do(s.showProfile))
	r.Post(profilePath, s.do(s.saveProfile))
	r.Get("/account/password", s.do(s.showPassword))
	r.Post("/account/password", s.do(s.changePassword))
	r.Get(sessionsPath, s.do(s.showSessions))
	r.Post(sessionsPath+"/end-all", s.do(s.endSessions))
	r.Post(sessionsPath+"/{session}/end", s.do(s.endSession))
}

const (
	profilePath  = "/account/profile"
	sessionsPath = "/account/sessions"
)

func (s *Server) showProfile(w http.ResponseWriter, r *http.Request) error {
	person := personOf(r)
	return s.renderProfile(w, r, http.StatusOK, views.Profile{Name: person.Name, Theme: person.Theme})
}

func (s *Server) renderProfile(w http.ResponseWriter, r *http.Request, status int, view views.Profile) error {
	view.Email = personOf(r).Email
	page := views.Page{Title: view.Errors.Title("Profile"), Area: views.AreaProfile}
	return s.render(w, r, status, page, views.ProfilePage(view))
}

func (s *Server) saveProfile(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	name, theme := r.PostForm.Get(accounts.FieldName), r.PostForm.Get(accounts.FieldTheme)
	err := s.Accounts.UpdateProfile(r.Context(), actor(r), name, theme)
	if errors := fairlead.FieldsOf(err); errors != nil {
		return s.renderProfile(w, r, http.StatusUnprocessableEntity, views.Profile{Name: name, Theme: fairlead.Theme(theme), Errors: errors})
	}
	if err != nil {
		return err
	}
	return s.goToWith(w, r, profilePath, views.Flash{Title: "Your profile was saved."})
}

func (s *Server) showPassword(w http.ResponseWriter, r *http.Request) error {
	return s.renderPassword(w, r, http.StatusOK, nil)
}

func (s *Server) renderPassword(w http.ResponseWriter, r *http.Request, status int, errors views.Errors) error {
	page := views.Page{Title: errors.Title("Change password"), Area: views.AreaProfile}
	return s.render(w, r, status, page, views.PasswordPage(views.Password{Email: personOf(r).Email, Errors: errors}))
}

func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	err := s.Accounts.ChangePassword(r.Context(), actor(r), personOf(r), accounts.PasswordChange{
		Current: fairlead.NewSecret(r.PostForm.Get(accounts.FieldCurrent)), New: fairlead.NewSecret(r.PostForm.Get(accounts.FieldNew)),
	}, sessionOf(r).ID)
	if errors := complaints(err, accounts.FieldCurrent); errors != nil {
		return s.renderPassword(w, r, statuses[fairlead.CodeOf(err)], errors)
	}
	if err != nil {
		return err
	}
	return s.goToWith(w, r, profilePath, views.Flash{Title: "Your password was changed.", Text: "Your other sessions have ended."})
}

func (s *Server) showSessions(w http.ResponseWriter, r *http.Request) error {
	sessions, err := s.Accounts.Sessions(r.Context(), personOf(r).ID)
	if err != nil {
		return err
	}
	page := views.Page{Title: "Sessions", Area: views.AreaSessions}
	return s.render(w, r, http.StatusOK, page, views.SessionsPage(views.Sessions{Sessions: sessions, Here: sessionOf(r).ID, Now: s.Clock()}))
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.EndSession(r.Context(), actor(r), chi.URLParam(r, "session")); err != nil {
		return err
	}
	return s.goToWith(w, r, sessionsPath, views.Flash{Title: "The session was ended."})
}

func (s *Server) endSessions(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.EndSessions(r.Context(), actor(r)); err != nil {
		return err
	}
	return s.leave(w, r, views.Flash{Title: "You are signed out everywhere."})
}
