package gitprovider

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"fairlead"
)

// oauthError is the error body of RFC 6749, section 5.2.
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func parseOAuthError(a answer) (e oauthError) {
	_ = json.Unmarshal(a.body, &e) // unreadable is no error code
	return e
}

// rejectsCredentials reports whether a token endpoint refused application ID and secret. Bitbucket's older backend says
// unauthorized_client (observed, 400), RFC 6749 says invalid_client.
func (e oauthError) rejectsCredentials() bool {
	return e.Error == "unauthorized_client" || e.Error == "invalid_client"
}

// tokenCaller talks to a token endpoint that takes the credentials in the Authorization header.
type tokenCaller struct {
	trace    *trace
	endpoint oauth2.Endpoint
	app      App
}

// context makes x/oauth2 send through the trace.
func (c tokenCaller) context(ctx context.Context) context.Context {
	client := c.trace.httpClient()
	client.Transport = rawBasicAuth{next: c.trace, app: c.app}
	return context.WithValue(ctx, oauth2.HTTPClient, client)
}

func (c tokenCaller) config() *oauth2.Config {
	return &oauth2.Config{ClientID: c.app.ID, ClientSecret: c.app.Secret.Reveal(), Endpoint: c.endpoint, RedirectURL: c.app.CallbackURL}
}

// exchange turns a code into a token. What went wrong is in the trace, which keeps more than x/oauth2's error does.
func (c tokenCaller) exchange(ctx context.Context, code, verifier fairlead.Secret) (*oauth2.Token, error) {
	return c.config().Exchange(c.context(ctx), code.Reveal(), oauth2.VerifierOption(verifier.Reveal()))
}

// clientCredentials asks for a token of the client itself.
func (c tokenCaller) clientCredentials(ctx context.Context) (*oauth2.Token, error) {
	config := clientcredentials.Config{ClientID: c.app.ID, ClientSecret: c.app.Secret.Reveal(), TokenURL: c.endpoint.TokenURL, AuthStyle: c.endpoint.AuthStyle}
	return config.Token(c.context(ctx))
}

// refreshBogus sends a refresh token that cannot exist: a host that checks the credentials first tells by its error
// whether it knows them.
func (c tokenCaller) refreshBogus(ctx context.Context, bogus fairlead.Secret) error {
	_, err := c.refresh(ctx, bogus)
	return err
}

// refresh asks for new tokens. x/oauth2 repeats the refresh token where the answer has none.
func (c tokenCaller) refresh(ctx context.Context, token fairlead.Secret) (*oauth2.Token, error) {
	expired := &oauth2.Token{RefreshToken: token.Reveal(), Expiry: time.Unix(1, 0)}
	return c.config().TokenSource(c.context(ctx), expired).Token()
}

// rawBasicAuth repeats a call whose credentials were refused with the credentials unescaped. RFC 6749 wants them
// form-encoded inside Basic, and x/oauth2 does that, but not every host decodes them; for credentials of letters and
// digits the two are the same and nothing is repeated.
type rawBasicAuth struct {
	next *trace
	app  App
}

// RoundTrip implements http.RoundTripper.
func (t rawBasicAuth) RoundTrip(req *http.Request) (*http.Response, error) {
	secret := t.app.Secret.Reveal()
	if url.QueryEscape(t.app.ID) == t.app.ID && url.QueryEscape(secret) == secret || req.Body == nil {
		return t.next.RoundTrip(req)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	_ = req.Body.Close()
	first := req.Clone(req.Context())
	first.Body = io.NopCloser(bytes.NewReader(body))
	response, err := t.next.RoundTrip(first)
	if err != nil || !parseOAuthError(t.next.last()).rejectsCredentials() {
		return response, err
	}
	again := req.Clone(req.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	again.SetBasicAuth(t.app.ID, secret)
	return t.next.RoundTrip(again)
}

// grantedScopes reads what a token answer says was granted: "scope" of RFC 6749 or "scopes" of Bitbucket's older
// backend, separated by spaces or commas. Empty means that the host did not say.
func grantedScopes(token *oauth2.Token) []string {
	var all []string
	for _, field := range []string{"scope", "scopes"} {
		text, _ := token.Extra(field).(string)
		all = append(all, strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })...)
	}
	return all
}
