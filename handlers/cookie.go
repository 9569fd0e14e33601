package handlers

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"fairlead"
	"fairlead/views"
)

// Lives of the two cookies. The session cookie only outlives its row, which decides.
const (
	sessionCookieLife = 30 * 24 * time.Hour
	wizardCookieLife  = 7 * 24 * time.Hour
)

// cookies keep three things in the browser, signed and encrypted: the session's token, each draft of the wizard, and what
// the next page shows once. They are cookies of their own so that signing out or a session that ends loses no draft.
type cookies struct {
	session, wizard, draftStore          sessions.Store
	sessionName, wizardName, draftPrefix string
}

func newCookies(o Options) *cookies {
	secure, prefix := o.ExternalURL.Scheme == "https", ""
	if secure {
		prefix = "__Host-"
	}
	newStore := func(life time.Duration) *sessions.CookieStore {
		store := sessions.NewCookieStore(o.CookieAuthKey, o.CookieSealKey)
		// Every default is wrong for us: not HttpOnly, SameSite=None, Secure over plain http. Lax and not Strict, because
		// the host's redirect to /oauth/callback must carry the cookie.
		store.Options = &sessions.Options{Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure}
		store.MaxAge(int(life.Seconds()))
		for _, codec := range store.Codecs {
			codec.(*securecookie.SecureCookie).SetSerializer(textValues{})
		}
		return store
	}
	drafts := newStore(wizardCookieLife)
	for _, codec := range drafts.Codecs {
		codec.(*securecookie.SecureCookie).MaxLength(maxDraftCookie)
	}
	return &cookies{
		session: newStore(sessionCookieLife), sessionName: prefix + "fairlead_session",
		wizard: newStore(wizardCookieLife), wizardName: prefix + "fairlead_wizard",
		draftStore: drafts, draftPrefix: prefix + "fairlead_",
	}
}

// textValues writes a cookie's values, all of them text here, as JSON. The default, gob, describes the type anew in every
// cookie: reading that took a sixth of a page's time.
type textValues struct{}

// Serialize implements securecookie.Serializer.
func (textValues) Serialize(source any) ([]byte, error) {
	values, texts := source.(map[any]any), map[string]string{}
	for name, value := range values {
		texts[name.(string)] = value.(string)
	}
	return json.Marshal(texts)
}

// Deserialize implements securecookie.Serializer.
func (textValues) Deserialize(text []byte, target any) error {
	var texts map[string]string
	if err := json.Unmarshal(text, &texts); err != nil {
		return err
	}
	values := *target.(*map[any]any)
	for name, value := range texts {
		values[name] = value
	}
	return nil
}

// sessionToken reads the token; "" if there is none or the cookie does not decode (as after a change of keys).
func (c *cookies) sessionToken(r *http.Request) string {
	session, _ := c.session.Get(r, c.sessionName)
	token, _ := session.Values["token"].(string)
	return token
}

// setSessionToken signs the browser in; "" signs it out.
func (c *cookies) setSessionToken(w http.ResponseWriter, r *http.Request, token string) error {
	session, _ := c.session.Get(r, c.sessionName)
	session.Values = map[any]any{}
	if token == "" {
		session.Options.MaxAge = -1
	} else {
		session.Values["token"] = token
	}
	return session.Save(r, w)
}

// wizardState is what the wizard's cookie holds.
type wizardState struct {
	Flash *views.Flash      `json:"f,omitempty"`
	Fresh map[string]string `json:"h,omitempty"` // setup id -> token of the hand-over link to show once
}

func (c *cookies) wizardState(r *http.Request) (state wizardState) {
	session, _ := c.wizard.Get(r, c.wizardName)
	text, _ := session.Values["state"].(string)
	_ = json.Unmarshal([]byte(text), &state) // an unreadable cookie is an empty one
	return state
}

func (c *cookies) saveWizardState(w http.ResponseWriter, r *http.Request, state wizardState) error {
	session, _ := c.wizard.Get(r, c.wizardName)
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	session.Values["state"] = string(text)
	return session.Save(r, w)
}

func (c *cookies) setFlash(w http.ResponseWriter, r *http.Request, flash views.Flash) error {
	state := c.wizardState(r)
	state.Flash = &flash
	return c.saveWizardState(w, r, state)
}

// setFresh keeps the token of a hand-over link until the setup's page has shown it.
func (c *cookies) setFresh(w http.ResponseWriter, r *http.Request, setupID string, token fairlead.Secret) error {
	state := c.wizardState(r)
	state.Fresh = map[string]string{setupID: token.Reveal()}
	return c.saveWizardState(w, r, state)
}

// takeFresh returns that token, once.
func (c *cookies) takeFresh(w http.ResponseWriter, r *http.Request, setupID string) fairlead.Secret {
	state := c.wizardState(r)
	token := fairlead.NewSecret(state.Fresh[setupID])
	if token.IsZero() {
		return token
	}
	state.Fresh = nil
	if c.saveWizardState(w, r, state) != nil {
		return fairlead.Secret{}
	}
	return token
}

// takeFlash returns the message that the last redirect left, once.
func (c *cookies) takeFlash(w http.ResponseWriter, r *http.Request) *views.Flash {
	state := c.wizardState(r)
	if state.Flash == nil {
		return nil
	}
	flash := state.Flash
	state.Flash = nil
	if c.saveWizardState(w, r, state) != nil {
		return nil // rather no message than the same one for ever
	}
	return flash
}
