package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/accounts"
	"fairlead/views"
)

// linkRoutes are the one-time links: GET shows what a link is for, only POST spends it.
func (s *Server) linkRoutes(r chi.Router) {
	r.Get("/first-owner/{token}", s.do(s.showFirstOwner))
	r.Post("/first-owner/{token}", s.do(s.createWorkspace))
	r.Get("/join/{token}", s.do(s.showJoin))
	r.Post("/join/{token}", s.do(s.join))
	r.Get("/owner-link/{token}", s.do(s.showOwnerLink))
	r.Post("/owner-link/{token}", s.do(s.recoverOwner))
}

// linkFolders say below which path each kind of link lives.
var linkFolders = map[fairlead.LinkPurpose]string{
	fairlead.LinkFirstOwner: "/first-owner/",
	fairlead.LinkInvitation: "/join/",
	fairlead.LinkOwner:      "/owner-link/",
}

// LinkPath is where a one-time link leads, below the external URL.
func LinkPath(link accounts.NewLink) string { return linkFolders[link.Purpose] + link.Token.Reveal() }

func token(r *http.Request) string { return chi.URLParam(r, "token") }

func (s *Server) showFirstOwner(w http.ResponseWriter, r *http.Request) error {
	return s.renderFirstOwner(w, r, http.StatusOK, views.FirstOwner{})
}

func (s *Server) renderFirstOwner(w http.ResponseWriter, r *http.Request, status int, view views.FirstOwner) error {
	if _, err := s.Accounts.FindLink(r.Context(), token(r), fairlead.LinkFirstOwner, browserOf(r)); err != nil {
		return err
	}
	return s.render(w, r, status, barePage("Create the workspace", view.Errors), views.FirstOwnerPage(view))
}

func (s *Server) createWorkspace(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	form := r.PostForm
	signedIn, err := s.Accounts.CreateWorkspace(r.Context(), token(r), accounts.FirstOwner{
		Workspace: form.Get(accounts.FieldWorkspace), Email: form.Get(accounts.FieldEmail), Name: form.Get(accounts.FieldName), Password: fairlead.NewSecret(form.Get(accounts.FieldPassword)),
	}, browserOf(r))
	if errors := fairlead.FieldsOf(err); errors != nil {
		return s.renderFirstOwner(w, r, http.StatusUnprocessableEntity, views.FirstOwner{
			Workspace: form.Get(accounts.FieldWorkspace), Email: form.Get(accounts.FieldEmail), Name: form.Get(accounts.FieldName), Errors: errors})
	}
	if err != nil {
		return err
	}
	return s.enter(w, r, signedIn, "/")
}

func (s *Server) showJoin(w http.ResponseWriter, r *http.Request) error {
	return s.renderJoin(w, r, http.StatusOK, "", nil)
}

func (s *Server) renderJoin(w http.ResponseWriter, r *http.Request, status int, name string, errors views.Errors) error {
	link, err := s.Accounts.FindLink(r.Context(), token(r), fairlead.LinkInvitation, browserOf(r))
	if err != nil {
		return err
	}
	return s.render(w, r, status, barePage("Join "+link.Workspace, errors), views.JoinPage(views.Join{
		Workspace: link.Workspace, Inviter: link.Inviter, Email: link.Email, Role: link.Role, Ends: link.ExpiresAt,
		Name: name, SignedInAs: personOf(r).Name, Errors: errors,
	}))
}

func (s *Server) join(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	name := r.PostForm.Get(accounts.FieldName)
	signedIn, err := s.Accounts.Join(r.Context(), token(r), accounts.Joining{
		Name: name, Password: fairlead.NewSecret(r.PostForm.Get(accounts.FieldPassword)),
	}, browserOf(r))
	if errors := fairlead.FieldsOf(err); errors != nil {
		return s.renderJoin(w, r, http.StatusUnprocessableEntity, name, errors)
	}
	if err != nil {
		return err
	}
	return s.enter(w, r, signedIn, "/")
}

func (s *Server) showOwnerLink(w http.ResponseWriter, r *http.Request) error {
	return s.renderOwnerLink(w, r, http.StatusOK, nil)
}

func (s *Server) renderOwnerLink(w http.ResponseWriter, r *http.Request, status int, errors views.Errors) error {
	link, err := s.Accounts.FindLink(r.Context(), token(r), fairlead.LinkOwner, browserOf(r))
	if err != nil {
		return err
	}
	return s.render(w, r, status, barePage("Set a new password", errors), views.OwnerLinkPage(views.OwnerLink{
		Workspace: link.Workspace, Email: link.Email, Ends: link.ExpiresAt, SignedInAs: personOf(r).Name, Errors: errors,
	}))
}

func (s *Server) recoverOwner(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	signedIn, err := s.Accounts.RecoverOwner(r.Context(), token(r), fairlead.NewSecret(r.PostForm.Get(accounts.FieldPassword)), browserOf(r))
	if errors := fairlead.FieldsOf(err); errors != nil {
		return s.renderOwnerLink(w, r, http.StatusUnprocessableEntity, errors)
	}
	if err != nil {
		return err
	}
	return s.enter(w, r, signedIn, "/")
}
