package bitbucketsim

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Cookies of localhost are shared by all its ports: the name must not meet Fairlead's.
const signInCookie = "bitbucketsim_session"

const signInLife = 30 * 24 * time.Hour

type signInBody struct {
	Next     string
	Email    string
	Failed   bool
	Accounts []Account
}

func (s *Sim) signedIn(r *http.Request) (account Account, ok bool) {
	cookie, err := r.Cookie(signInCookie)
	if err != nil {
		return Account{}, false
	}
	now := s.clock()
	s.look(func(st *state) {
		if session, found := st.SignIns[digest(cookie.Value)]; found && now.Before(session.Expires) {
			account, ok = s.world.account(session.Account)
		}
	})
	return account, ok
}

func (s *Sim) home(w http.ResponseWriter, r *http.Request) {
	type entry struct {
		Name, Slug, Role string
		Administrator    bool
		Repositories     int
	}
	var entries []entry
	if account, ok := s.signedIn(r); ok {
		for _, ws := range s.world.workspaces {
			if role := ws.Roles[account.Email]; role != "" {
				entries = append(entries, entry{ws.Name, ws.Slug, role, ws.administeredBy(account), s.hosting.count(ws)})
			}
		}
	}
	s.render(w, r, http.StatusOK, "home", "Home", entries)
}

func (s *Sim) signInPage(w http.ResponseWriter, r *http.Request) {
	next := sameSite(r.URL.Query().Get("next"))
	s.render(w, r, http.StatusOK, "signin", "Sign in", signInBody{Next: next, Accounts: s.world.accounts})
}

func (s *Sim) signIn(w http.ResponseWriter, r *http.Request) {
	next := sameSite(r.PostFormValue("next"))
	email, password := r.PostFormValue("email"), r.PostFormValue("password")
	account, found := s.world.accountByEmail(email)
	if !found || subtle.ConstantTimeCompare([]byte(account.Password), []byte(password)) != 1 {
		s.render(w, r, http.StatusUnprocessableEntity, "signin", "Sign in", signInBody{Next: next, Email: email, Failed: true, Accounts: s.world.accounts})
		return
	}
	value, err := s.randomText(base64URL, 43)
	if err == nil {
		err = s.change(func(st *state) error {
			st.SignIns[digest(value)] = signIn{Account: account.UUID, Expires: s.clock().Add(signInLife)}
			return nil
		})
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: signInCookie, Value: value, Path: "/", MaxAge: int(signInLife / time.Second), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (s *Sim) signOut(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(signInCookie); err == nil {
		err := s.change(func(st *state) error { delete(st.SignIns, digest(cookie.Value)); return nil })
		if err != nil {
			s.broken(w, r, err)
			return
		}
	}
	http.SetCookie(w, &http.Cookie{Name: signInCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// toSignIn sends a visitor to the sign-in page and afterwards back here.
func (s *Sim) toSignIn(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/account/signin?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
}

// sameSite keeps only paths of this site: browsers read both // and /\ as another host.
func sameSite(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}
