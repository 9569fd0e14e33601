package bitbucketsim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// codeLife: ten minutes is the longest that RFC 6749 recommends; Bitbucket documents none.
const codeLife = 10 * time.Minute

// authorization is a request to the authorize page that may be shown to a person.
type authorization struct {
	Client      Client
	Account     Account
	RedirectURI string // where the answer goes
	SentURI     string // as sent; "" when it was not
	Permissions []string
	State       string
	HasState    bool
	Challenge   string
}

// refusal is an authorization that cannot go on: a page of Bitbucket's own, or an error for the application.
type refusal struct {
	title    string
	text     []string
	redirect string
}

var (
	// Observed (documented by clients with a screenshot). The application is never called back.
	unknownClient = refusal{title: "Invalid client id", text: []string{"Bitbucket does not know an OAuth client with this client id."}}
	// Observed, word for word; the same page for a callback that differs and for a client without one.
	wrongRedirect = refusal{title: "Invalid redirect_uri", text: []string{"This integration is misconfigured. Contact the vendor for assistance."}}
)

// parseAuthorization checks in the order in which errors may be told: until client and callback are sure, nobody is redirected.
func (s *Sim) parseAuthorization(query url.Values, account Account) (authorization, *refusal) {
	a := authorization{Account: account, SentURI: query.Get("redirect_uri"), State: query.Get("state"), HasState: query.Has("state")}
	found := false
	s.look(func(st *state) { a.Client, found = st.client(query.Get("client_id")) })
	if !found {
		return a, &unknownClient
	}
	if a.Client.CallbackURL == "" || (a.SentURI != "" && a.SentURI != a.Client.CallbackURL) {
		return a, &wrongRedirect
	}
	a.RedirectURI = a.Client.CallbackURL
	if query.Get("response_type") != "code" {
		return a, a.refuse("unsupported_response_type", "The simulator answers response_type=code only.")
	}
	a.Permissions = a.Client.Permissions
	if asked := strings.Fields(query.Get("scope")); len(asked) > 0 {
		known, unknown := knownPermissions(asked)
		allowed := withImplied(a.Client.Permissions)
		for _, name := range known {
			if !slices.Contains(allowed, name) {
				unknown = append(unknown, name)
			}
		}
		if len(unknown) > 0 {
			return a, a.refuse("invalid_scope", "Invalid scope: "+strings.Join(unknown, " "))
		}
		a.Permissions = known
	}
	a.Challenge = query.Get("code_challenge")
	if a.Challenge != "" && query.Get("code_challenge_method") != "S256" {
		return a, a.refuse("invalid_request", "code_challenge_method must be S256.")
	}
	return a, nil
}

func (a authorization) refuse(code, description string) *refusal {
	return &refusal{redirect: a.answer("error", code, "error_description", description)}
}

// answer is the callback address with these values and the state, beside whatever query it has of its own.
func (a authorization) answer(pairs ...string) string {
	target, err := url.Parse(a.RedirectURI)
	if err != nil { // checked when the client was saved
		return a.RedirectURI
	}
	query := target.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	if a.HasState {
		query.Set("state", a.State)
	}
	target.RawQuery = query.Encode()
	return target.String()
}

// readAuthorization answers by itself when there is nothing to ask the person.
func (s *Sim) readAuthorization(w http.ResponseWriter, r *http.Request) (authorization, bool) {
	account, ok := s.signedIn(r)
	if !ok {
		s.toSignIn(w, r)
		return authorization{}, false
	}
	a, refused := s.parseAuthorization(r.URL.Query(), account)
	switch {
	case refused == nil:
		return a, true
	case refused.redirect != "":
		http.Redirect(w, r, refused.redirect, http.StatusFound)
	default:
		s.say(w, r, http.StatusBadRequest, refused.title, message{Text: refused.text})
	}
	return authorization{}, false
}

// authorize asks for consent; a person who granted the same before is not asked again.
func (s *Sim) authorize(w http.ResponseWriter, r *http.Request) {
	a, ok := s.readAuthorization(w, r)
	if !ok {
		return
	}
	if s.granted(a) {
		s.sendCode(w, r, a)
		return
	}
	s.render(w, r, http.StatusOK, "consent", "Confirm access to your account", struct {
		authorization
		Action string
		Labels []string
	}{a, r.URL.RequestURI(), permissionLabels(a.Permissions)})
}

// decide takes the person's answer. The request is in the address again and is checked again.
func (s *Sim) decide(w http.ResponseWriter, r *http.Request) {
	a, ok := s.readAuthorization(w, r)
	if !ok {
		return
	}
	if r.PostFormValue("decision") != "grant" {
		// The redirect is RFC 6749's; the words of the description are assumed.
		http.Redirect(w, r, a.answer("error", "access_denied", "error_description", "The user denied access."), http.StatusFound)
		return
	}
	s.sendCode(w, r, a)
}

func (s *Sim) granted(a authorization) (yes bool) {
	s.look(func(st *state) {
		i := st.grantIndex(a.Account.UUID, a.Client.ID)
		yes = i >= 0 && !slices.ContainsFunc(a.Permissions, func(name string) bool {
			return !slices.Contains(withImplied(st.Grants[i].Permissions), name)
		})
	})
	return yes
}

func (st *state) grantIndex(account, clientID string) int {
	return slices.IndexFunc(st.Grants, func(g grant) bool { return g.Account == account && g.ClientID == clientID })
}

func (s *Sim) sendCode(w http.ResponseWriter, r *http.Request, a authorization) {
	value, err := s.randomText(alphanumeric, 24)
	if err == nil {
		err = s.change(func(st *state) error {
			if i := st.grantIndex(a.Account.UUID, a.Client.ID); i < 0 {
				st.Grants = append(st.Grants, grant{Account: a.Account.UUID, ClientID: a.Client.ID, Permissions: a.Permissions, At: s.clock()})
			} else {
				st.Grants[i].Permissions, _ = knownPermissions(append(slices.Clone(st.Grants[i].Permissions), a.Permissions...))
			}
			st.Codes[digest(value)] = code{
				Account: a.Account.UUID, ClientID: a.Client.ID, RedirectURI: a.SentURI, Permissions: a.Permissions,
				Challenge: a.Challenge, Expires: s.clock().Add(codeLife),
			}
			return nil
		})
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	http.Redirect(w, r, a.answer("code", value), http.StatusFound)
}

// authorizationsPage lists what a person has granted ("App authorizations" in the personal settings).
func (s *Sim) authorizationsPage(w http.ResponseWriter, r *http.Request) {
	account, ok := s.signedIn(r)
	if !ok {
		s.toSignIn(w, r)
		return
	}
	type entry struct {
		Client Client
		Labels []string
		At     time.Time
	}
	var entries []entry
	s.look(func(st *state) {
		for _, g := range st.Grants {
			if c, found := st.client(g.ClientID); found && g.Account == account.UUID {
				entries = append(entries, entry{c, permissionLabels(g.Permissions), g.At.UTC()})
			}
		}
	})
	s.render(w, r, http.StatusOK, "authorizations", "App authorizations", entries)
}

// revokeAuthorization ends the grant with every code and token that came of it.
func (s *Sim) revokeAuthorization(w http.ResponseWriter, r *http.Request) {
	account, ok := s.signedIn(r)
	if !ok {
		http.Redirect(w, r, "/account/signin", http.StatusSeeOther)
		return
	}
	id := r.PostFormValue("client_id")
	err := s.change(func(st *state) error {
		st.Grants = slices.DeleteFunc(st.Grants, func(g grant) bool { return g.Account == account.UUID && g.ClientID == id })
		st.dropClientAccess(id, account.UUID)
		return nil
	})
	if err != nil {
		s.broken(w, r, err)
		return
	}
	http.Redirect(w, r, "/account/settings/app-authorizations", http.StatusSeeOther)
}
