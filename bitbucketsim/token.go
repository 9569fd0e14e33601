package bitbucketsim

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	accessLife        = 2 * time.Hour       // documented: expires_in 7200
	refreshIdleLife   = 90 * 24 * time.Hour // documented since May 2026: unused refresh tokens die after 3 months
	refreshAfterlife  = 10 * time.Minute    // observed: a used refresh token stays valid for about ten minutes
	accessLength2026  = 2700                // observed: tokens regularly over 2,500 characters
	refreshLength2026 = 2600
)

// token is the token endpoint. Credentials are checked first, whatever the rest of the request says.
func (s *Sim) token(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		writeJSON(w, http.StatusMethodNotAllowed, map[string]string{"error": "invalid_request", "error_description": "The token endpoint takes POST only."})
		return
	}
	if isBearer(r.Header.Get("Authorization")) {
		writeHTML(w, http.StatusOK, bearerPage)
		return
	}
	f := s.Faults()
	client, refused := s.authenticate(f, r)
	if refused != nil {
		refused.write(w)
		return
	}
	answer, refused, err := s.exchange(f, client, r.PostForm)
	switch {
	case err != nil:
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": "server_error", "error_description": err.Error()})
	case refused != nil:
		refused.write(w)
	default:
		writeJSON(w, http.StatusOK, answer)
	}
}

// authenticate takes HTTP Basic only (documented); credentials in the body count as missing (observed).
func (s *Sim) authenticate(f Faults, r *http.Request) (Client, *tokenError) {
	id, secret, ok := r.BasicAuth()
	if !ok || id == "" || secret == "" {
		return Client{}, missingCredentials(f)
	}
	var c Client
	found := false
	s.look(func(st *state) {
		if c, found = st.client(id); !found {
			if unescaped, err := url.QueryUnescape(id); err == nil {
				c, found = st.client(unescaped)
			}
		}
	})
	if !found || !c.proves(secret) {
		return Client{}, wrongCredentials(f)
	}
	return c, nil
}

// allowance is what a grant has proved: whose token it will be and what it may do.
type allowance struct {
	grantType   string
	account     string // "" for an app_user
	clientID    string
	permissions []string
	keepRefresh string // a refresh token that stays the same (legacy backend)
	withRefresh bool
}

// exchange spends the grant and stores its tokens in one change: after a kill either both or neither have happened.
func (s *Sim) exchange(f Faults, c Client, form url.Values) (answer map[string]any, refused *tokenError, err error) {
	fresh, err := s.drawTokens(f)
	if err != nil {
		return nil, nil, err
	}
	err = s.change(func(st *state) error {
		var a allowance
		now := s.clock()
		switch grantType := form.Get("grant_type"); grantType {
		case "authorization_code":
			a, refused = st.spendCode(f, c, form, now)
		case "refresh_token":
			a, refused = st.useRefreshToken(f, c, form.Get("refresh_token"), now)
		case "client_credentials":
			a, refused = clientCredentials(f, c)
		default:
			refused = unsupportedGrant(f, grantType)
		}
		if refused == nil {
			a.grantType, a.clientID = form.Get("grant_type"), c.ID
			answer = st.issue(f, a, fresh, now)
		}
		return nil // also a refused code was spent
	})
	return answer, refused, err
}

// spendCode: whoever owns the code has one try; a code of another client is left alone.
func (st *state) spendCode(f Faults, c Client, form url.Values, now time.Time) (allowance, *tokenError) {
	key := digest(form.Get("code"))
	found, ok := st.Codes[key]
	if !ok || found.ClientID != c.ID || found.Spent {
		return allowance{}, invalidCode()
	}
	found.Spent = true
	st.Codes[key] = found
	sent := form.Get("redirect_uri")
	switch {
	case f.ExpireCodes || !now.Before(found.Expires):
		return allowance{}, invalidCode()
	// Documented: what was sent to the authorize page must be repeated.
	case sent != found.RedirectURI && (found.RedirectURI != "" || sent != c.CallbackURL):
		return allowance{}, wrongRedirectURI()
	case !verifies(found.Challenge, form.Get("code_verifier")):
		return allowance{}, wrongVerifier()
	}
	return allowance{account: found.Account, permissions: found.Permissions, withRefresh: true}, nil
}

// verifies checks PKCE S256. That Bitbucket enforces it is not known; the simulator is strict so that mistakes show.
func verifies(challenge, verifier string) bool {
	if challenge == "" {
		return true
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == challenge
}

func (f Faults) rotates() bool { return f.Backend2026 || f.RotateRefreshTokens || f.StrictRotation }

// useRefreshToken: the backend of 2026 rotates (documented), the legacy one gives the same token back (observed).
func (st *state) useRefreshToken(f Faults, c Client, value string, now time.Time) (allowance, *tokenError) {
	key := digest(value)
	found, ok := st.Refresh[key]
	if !ok || found.ClientID != c.ID || (!found.Expires.IsZero() && !now.Before(found.Expires)) {
		return allowance{}, invalidRefreshToken(f)
	}
	a := allowance{account: found.Account, permissions: found.Permissions}
	if !f.rotates() {
		a.keepRefresh = value
		return a, nil
	}
	a.withRefresh = true
	if f.StrictRotation {
		delete(st.Refresh, key)
		return a, nil
	}
	if end := now.Add(refreshAfterlife); found.Expires.IsZero() || end.Before(found.Expires) {
		found.Expires = end
		st.Refresh[key] = found
	}
	return a, nil
}

// clientCredentials: the callback is looked at before the private box. Both errors are observed, their order is assumed.
func clientCredentials(f Faults, c Client) (allowance, *tokenError) {
	switch {
	case c.CallbackURL == "":
		return allowance{}, noCallback()
	case !c.Private:
		return allowance{}, notPrivate(f)
	}
	return allowance{permissions: c.Permissions}, nil
}

type freshTokens struct{ access, refresh string }

func (s *Sim) drawTokens(f Faults) (t freshTokens, err error) {
	accessLength, refreshLength := 84, 18 // the legacy shapes
	if f.Backend2026 || f.LongTokens {
		accessLength, refreshLength = accessLength2026, refreshLength2026
	}
	if t.access, err = s.randomText(base64URL, accessLength); err != nil {
		return t, err
	}
	t.refresh, err = s.randomText(alphanumeric, refreshLength)
	return t, err
}

// issue stores the tokens and writes the answer: scopes until May 2026, scope since (documented). The legacy answer's state
// is the grant's name, not the application's state (observed).
func (st *state) issue(f Faults, a allowance, fresh freshTokens, now time.Time) map[string]any {
	life := accessLife
	if f.AccessTokenLife > 0 {
		life = f.AccessTokenLife
	}
	st.Access[digest(fresh.access)] = accessToken{
		Account: a.account, ClientID: a.clientID, Permissions: a.permissions, Expires: now.Add(life),
	}
	answer := map[string]any{"access_token": fresh.access, "token_type": "bearer", "expires_in": int(life / time.Second)}
	switch {
	case a.withRefresh:
		kept := refreshToken{Account: a.account, ClientID: a.clientID, Permissions: a.permissions}
		if f.rotates() {
			kept.Expires = now.Add(refreshIdleLife)
		}
		st.Refresh[digest(fresh.refresh)] = kept
		answer["refresh_token"] = fresh.refresh
	case a.keepRefresh != "":
		answer["refresh_token"] = a.keepRefresh
	}
	scopes := strings.Join(f.scopeNames(a.permissions), " ")
	if f.Backend2026 {
		answer["scope"] = scopes
	} else {
		answer["scopes"] = scopes
		answer["state"] = a.grantType
	}
	if f.NoScopes {
		delete(answer, "scope")
		delete(answer, "scopes")
	}
	return answer
}
