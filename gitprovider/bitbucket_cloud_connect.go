package gitprovider

import (
	"context"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"fairlead"
)

// Connect implements Connector. GET /user tells whose tokens they are.
func (b *BitbucketCloud) Connect(ctx context.Context, app App, code, verifier fairlead.Secret) (fairlead.Tokens, fairlead.Account, error) {
	t := b.Client.newAppTrace(app, code, verifier)
	issued, err := b.caller(t, app).exchange(ctx, code, verifier)
	if gone := cancelled(ctx); gone != nil {
		return fairlead.Tokens{}, fairlead.Account{}, gone
	}
	if err != nil {
		if d := t.diagnose(b.Kind()); d != nil {
			return fairlead.Tokens{}, fairlead.Account{}, d
		}
		return fairlead.Tokens{}, fairlead.Account{}, b.diagnoseConnect(t, app)
	}
	tokens := keep(t, issued)
	if missing := bitbucketMissing(tokens.Scopes); len(missing) > 0 {
		return fairlead.Tokens{}, fairlead.Account{}, t.finish(permissionLost(b.Kind(), permissionMissing(b.Kind(), missing, tokens.Scopes)), "")
	}
	if tokens.Refresh.IsZero() {
		return fairlead.Tokens{}, fairlead.Account{}, t.finish(connectionWithoutRefresh(b.Kind()), "")
	}
	account, err := b.readAccount(ctx, b.api(t, tokens.Access))
	return tokens, account, err
}

// diagnoseConnect is diagnoseExchange for somebody who cannot change the registration.
func (b *BitbucketCloud) diagnoseConnect(t *trace, app App) *fairlead.Diagnosis {
	e := parseOAuthError(t.last())
	switch {
	case e.rejectsCredentials():
		return t.finish(credentialsLost(b.Kind(), fairlead.DiagnosisCredentials), "")
	case e.Error == "invalid_request" && mentionsCallback(e):
		return t.finish(callbackLost(b.Kind(), app), "")
	case e.Error == "invalid_grant" || e.Error == "invalid_request":
		return t.finish(codeOutdated(b.Kind(), t.skew()), "")
	}
	return t.finish(unexpected(b.Kind(), t.last()), "")
}

func (b *BitbucketCloud) readAccount(ctx context.Context, c *bitbucketAPI) (fairlead.Account, error) {
	var user bitbucketUser
	if err := c.read(ctx, aboutAccount, b.API+"/user", &user); err != nil {
		return fairlead.Account{}, err
	}
	if user.Type == "" || user.UUID == "" {
		return fairlead.Account{}, c.trace.finish(unexpected(b.Kind(), c.trace.last()), "")
	}
	if user.Type != "user" {
		return fairlead.Account{}, c.trace.finish(applicationConnected(b.Kind(), user.Type), "")
	}
	return fairlead.Account{ID: user.UUID, Name: user.name()}, nil
}

// keep turns what was issued into tokens, and never shows them from here on. x/oauth2 counts the lifetime by the clock of
// the machine; ours is passed in.
func keep(t *trace, issued *oauth2.Token) fairlead.Tokens {
	tokens := fairlead.Tokens{
		Access:  fairlead.NewSecret(issued.AccessToken),
		Refresh: fairlead.NewSecret(issued.RefreshToken),
		Scopes:  grantedScopes(issued),
	}
	if issued.ExpiresIn > 0 {
		tokens.ExpiresAt = t.client.clock().Add(time.Duration(issued.ExpiresIn) * time.Second)
	}
	t.secrets = append(t.secrets, tokens.Access, tokens.Refresh)
	return tokens
}

// Refresh implements Connector. Since 2026 refresh tokens rotate; the older backend keeps them, whether it names them again
// or not (community.developer.atlassian.com/t/99003).
func (b *BitbucketCloud) Refresh(ctx context.Context, app App, tokens fairlead.Tokens) (fairlead.Tokens, error) {
	t := b.Client.newAppTrace(app, tokens.Access, tokens.Refresh)
	if tokens.Refresh.IsZero() {
		return fairlead.Tokens{}, t.finish(connectionExpired(b.Kind()), "")
	}
	issued, err := b.caller(t, app).refresh(ctx, tokens.Refresh)
	if gone := cancelled(ctx); gone != nil {
		return fairlead.Tokens{}, gone
	}
	if err == nil {
		fresh := keep(t, issued)
		if fresh.Refresh.IsZero() {
			fresh.Refresh = tokens.Refresh
		}
		if len(fresh.Scopes) == 0 {
			fresh.Scopes = tokens.Scopes
		}
		return fresh, nil
	}
	if d := t.diagnose(b.Kind()); d != nil {
		return fairlead.Tokens{}, d
	}
	return fairlead.Tokens{}, b.diagnoseRefresh(t, app)
}

// diagnoseRefresh: what the older backend says of a refresh token that it does not take is invalid_request (observed), what
// RFC 6749 says is invalid_grant. Only these two end a connection, and only when they are about the token.
func (b *BitbucketCloud) diagnoseRefresh(t *trace, app App) *fairlead.Diagnosis {
	e := parseOAuthError(t.last())
	switch {
	case e.rejectsCredentials():
		return t.finish(credentialsLost(b.Kind(), fairlead.DiagnosisCredentials), "")
	case e.Error == "invalid_request" && mentionsCallback(e):
		return t.finish(callbackLost(b.Kind(), app), "")
	case (e.Error == "invalid_grant" || e.Error == "invalid_request") && !mentionsGrantType(e):
		return t.finish(connectionExpired(b.Kind()), "")
	}
	return t.finish(unexpected(b.Kind(), t.last()), "")
}

// mentionsGrantType tells a call that lost its form on the way from a refused token: “Unsupported grant type: None”
// (observed). A connection must not end by that.
func mentionsGrantType(e oauthError) bool {
	text := strings.ReplaceAll(strings.ToLower(e.Description), "_", " ")
	return strings.Contains(text, "grant type")
}
