package gitprovider

import (
	"context"
	"strings"

	"golang.org/x/oauth2"

	"fairlead"
)

// BitbucketCloud is Bitbucket.org. The addresses are fields so that the demo and tests can put a simulated one there.
type BitbucketCloud struct {
	Client *Client
	Web    string // where browsers go: "https://bitbucket.org"
	Site   string // where the token endpoint is: "https://bitbucket.org"
	API    string // "https://api.bitbucket.org/2.0"

	ReachesPrivate bool // its webhooks reach private addresses: a simulated host on this machine does
}

var _ Linker = (*BitbucketCloud)(nil)

// NewBitbucketCloud is the real one. Addresses: Bitbucket Cloud's OAuth 2.0 page and x/oauth2's bitbucket.Endpoint.
func NewBitbucketCloud(client *Client) *BitbucketCloud {
	return &BitbucketCloud{Client: client, Web: "https://bitbucket.org", Site: "https://bitbucket.org", API: "https://api.bitbucket.org/2.0"}
}

// Kind implements Host.
func (b *BitbucketCloud) Kind() fairlead.Kind {
	k := bitbucketCloudKind()
	k.RegistrationURL = strings.Replace(k.RegistrationURL, k.InstanceURL, b.Web, 1)
	k.ClientsURL = strings.Replace(k.ClientsURL, k.InstanceURL, b.Web, 1)
	k.InstanceURL = b.Web
	return k
}

// endpoint states the authentication style: with detection, x/oauth2 repeats a refused call with the credentials in the
// body, presents the code twice and hides the first error.
func (b *BitbucketCloud) endpoint() oauth2.Endpoint {
	return oauth2.Endpoint{
		AuthURL:   b.Web + "/site/oauth2/authorize",
		TokenURL:  b.Site + "/site/oauth2/access_token",
		AuthStyle: oauth2.AuthStyleInHeader,
	}
}

// AuthorizeURL implements Host. No scope is sent: Bitbucket then grants every box that is ticked, and a box that is not
// ticked shows itself; a scope that is not ticked would only end on an error page of Bitbucket's.
// PKCE is sent although Bitbucket does not document it: Git Credential Manager sends it too, and the secret stays required.
func (b *BitbucketCloud) AuthorizeURL(app App, state string, verifier fairlead.Secret) string {
	config := oauth2.Config{ClientID: app.ID, Endpoint: b.endpoint(), RedirectURL: app.CallbackURL}
	return config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier.Reveal()))
}

func (b *BitbucketCloud) caller(t *trace, app App) tokenCaller {
	return tokenCaller{trace: t, endpoint: b.endpoint(), app: app}
}

// Precheck implements Prechecker. A client_credentials grant tells most, but only private consumers may use it; for the
// others a refresh with a token that cannot exist tells whether the pair is accepted. Bitbucket documents neither order
// of checks nor all errors, so whatever comes out of this never stops the admin.
func (b *BitbucketCloud) Precheck(ctx context.Context, app App) (fairlead.Reach, error) {
	t := b.Client.newAppTrace(app)
	token, err := b.caller(t, app).clientCredentials(ctx)
	if gone := cancelled(ctx); gone != nil {
		return fairlead.Reach{}, gone
	}
	reach := fairlead.Reach{Took: t.last().took}
	if err == nil {
		reach.Reached, reach.Accepted, reach.Scopes = true, true, grantedScopes(token)
		if missing := bitbucketMissing(reach.Scopes); len(missing) > 0 {
			return reach, t.finish(permissionMissing(b.Kind(), missing, reach.Scopes), fairlead.RungPermissions)
		}
		return reach, b.checkClock(t)
	}
	if d := t.diagnose(b.Kind()); d != nil {
		return reach, d
	}
	reach.Reached = true
	e := parseOAuthError(t.last())
	switch e.Error {
	case "invalid_request": // observed: "No callback uri defined for the OAuth client."
		if mentionsCallback(e) {
			return reach, t.finish(callbackMissing(b.Kind(), app), fairlead.RungRegistered)
		}
	case "invalid_grant": // observed: client_credentials refused for a consumer marked as public
		reach.Accepted = true
		return reach, b.checkClock(t)
	}
	return b.probe(ctx, t, app, reach)
}

// probe is the second half of Precheck, for answers that do not tell a refused pair from a refused grant.
func (b *BitbucketCloud) probe(ctx context.Context, t *trace, app App, reach fairlead.Reach) (fairlead.Reach, error) {
	_ = b.caller(t, app).refreshBogus(ctx, fairlead.NewSecret(fairlead.NewToken(b.Client.random)))
	if gone := cancelled(ctx); gone != nil {
		return reach, gone
	}
	if d := t.diagnose(b.Kind()); d != nil {
		return reach, d
	}
	e := parseOAuthError(t.last())
	switch {
	case e.rejectsCredentials():
		return reach, t.finish(credentialsRefused(b.Kind(), app), fairlead.RungRegistered)
	case e.Error == "invalid_request" && mentionsCallback(e):
		return reach, t.finish(callbackMissing(b.Kind(), app), fairlead.RungRegistered)
	case e.Error == "invalid_grant" || e.Error == "invalid_request":
		reach.Accepted = true // it looked at the token, so it had accepted the pair
		return reach, b.checkClock(t)
	}
	return reach, t.finish(unexpected(b.Kind(), t.last()), fairlead.RungRegistered)
}

func (b *BitbucketCloud) checkClock(t *trace) error {
	if skew := t.skew(); skew.Abs() > maxSkew {
		return t.finish(clockSkew(b.Kind(), skew), fairlead.RungReach)
	}
	return nil
}

// mentionsCallback reads the description only as a hint between two causes of the same error code.
func mentionsCallback(e oauthError) bool {
	text := strings.ToLower(e.Description)
	return strings.Contains(text, "callback") || strings.Contains(text, "redirect")
}

// Exchange implements Host.
func (b *BitbucketCloud) Exchange(ctx context.Context, app App, code, verifier fairlead.Secret) (Token, error) {
	t := b.Client.newAppTrace(app, code, verifier)
	token, err := b.caller(t, app).exchange(ctx, code, verifier)
	if gone := cancelled(ctx); gone != nil {
		return Token{}, gone
	}
	if err == nil {
		return Token{Access: fairlead.NewSecret(token.AccessToken), Scopes: grantedScopes(token)}, nil
	}
	if d := t.diagnose(b.Kind()); d != nil {
		return Token{}, d
	}
	return Token{}, b.diagnoseExchange(t, app)
}

func (b *BitbucketCloud) diagnoseExchange(t *trace, app App) *fairlead.Diagnosis {
	e := parseOAuthError(t.last())
	switch {
	case e.rejectsCredentials():
		return t.finish(secretWrong(b.Kind(), app), fairlead.RungSecret)
	case e.Error == "invalid_request" && mentionsCallback(e):
		return t.finish(callbackMissing(b.Kind(), app), fairlead.RungRegistered)
	case e.Error == "invalid_grant" || e.Error == "invalid_request":
		return t.finish(codeRejected(b.Kind(), t.skew()), fairlead.RungSecret)
	}
	return t.finish(unexpected(b.Kind(), t.last()), fairlead.RungSecret)
}
