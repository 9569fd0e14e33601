package handlers

import (
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/accounts"
	"fairlead/views"
)

// signInRoutes let people in and out.
func (s *Server) signInRoutes(r chi.Router) {
	r.Get(signInPath, s.do(s.showSignIn))
	r.Post(signInPath, s.do(s.signIn))
	r.Post("/sign-out", s.do(s.signOut))
}

const signInPath = "/sign-in"

// showSignIn asks who somebody is; whoever is signed in goes on at once.
func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request) error {
	next := ownPath(r.URL.Query().Get("next"))
	if personOf(r).ID != "" {
		return s.goTo(w, r, next)
	}
	return s.renderSignIn(w, r, http.StatusOK, views.SignIn{Next: next})
}

func (s *Server) renderSignIn(w http.ResponseWriter, r *http.Request, status int, view views.SignIn) error {
	workspace, err := s.Accounts.Workspace(r.Context())
	if err != nil {
		return err
	}
	view.Founded = workspace.Name != ""
	return s.render(w, r, status, barePage("Sign in", view.Errors), views.SignInPage(view))
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	email, next := r.PostForm.Get(accounts.FieldEmail), ownPath(r.PostForm.Get("next"))
	signedIn, err := s.Accounts.SignIn(r.Context(), email, fairlead.NewSecret(r.PostForm.Get(accounts.FieldPassword)), browserOf(r))
	if errors := complaints(err, accounts.FieldPassword); errors != nil {
		return s.renderSignIn(w, r, statuses[fairlead.CodeOf(err)], views.SignIn{Email: email, Next: next, Errors: errors})
	}
	if err != nil {
		return err
	}
	return s.enter(w, r, signedIn, next)
}

// signOut ends this browser's session; without one it only clears the cookie.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.endSessionHere(r); err != nil {
		return err
	}
	return s.leave(w, r, views.Flash{Title: "You are signed out."})
}

// enter puts a new session's token into the browser. A session of somebody else in the same browser ends.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, signedIn accounts.SignedIn, path string) error {
	if err := s.endSessionHere(r); err != nil {
		return err
	}
	if err := s.cookies.setSessionToken(w, r, signedIn.Token.Reveal()); err != nil {
		return err
	}
	return s.goTo(w, r, path)
}

// leave forgets an ended session's token and says so on the sign-in page.
func (s *Server) leave(w http.ResponseWriter, r *http.Request, flash views.Flash) error {
	if err := s.cookies.setSessionToken(w, r, ""); err != nil {
		return err
	}
	return s.goToWith(w, r, signInPath, flash)
}

func (s *Server) endSessionHere(r *http.Request) error {
	session := sessionOf(r)
	if session.ID == "" {
		return nil
	}
	return s.Accounts.EndSession(r.Context(), actor(r), session.ID)
}

// goToWith leaves for another page that shows a message, once.
func (s *Server) goToWith(w http.ResponseWriter, r *http.Request, path string, flash views.Flash) error {
	if err := s.cookies.setFlash(w, r, flash); err != nil {
		return err
	}
	return s.goTo(w, r, path)
}

func browserOf(r *http.Request) accounts.Browser {
	return accounts.Browser{Address: clientIP(r), UserAgent: r.UserAgent()}
}

// complaints are the field errors that a form shows again; a limit on attempts is shown at field.
func complaints(err error, field string) views.Errors {
	if fairlead.CodeOf(err) == fairlead.CodeTooMany {
		return views.Errors{{Field: field, Message: messageOf(err)}}
	}
	return fairlead.FieldsOf(err)
}

func barePage(title string, errors views.Errors) views.Page {
	return views.Page{Title: errors.Title(title), Layout: views.LayoutBare}
}

// ownPath lets only paths of this site through, so that nobody can send people elsewhere by a link to the sign-in page.
func ownPath(next string) string {
	parsed, err := url.Parse(next)
	if err != nil || !fairlead.IsOwnPath(next) || parsed.Path == signInPath {
		return "/"
	}
	return next
}
