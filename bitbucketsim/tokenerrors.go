package bitbucketsim

import (
	"net/http"
	"strings"
)

// tokenError is an error answer of the token endpoint.
type tokenError struct {
	status      int
	code        string
	description string
}

func (e *tokenError) write(w http.ResponseWriter) {
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="Bitbucket"`)
	}
	writeJSON(w, e.status, map[string]string{"error": e.code, "error_description": e.description})
}

// The legacy answers are observed unless a line says otherwise, all with HTTP 400. What the backend of 2026 answers is assumed
// throughout: the codes of RFC 6749.

func badRequest(code, description string) *tokenError {
	return &tokenError{http.StatusBadRequest, code, description}
}

func wrongCredentials(f Faults) *tokenError {
	if f.Backend2026 {
		return &tokenError{http.StatusUnauthorized, "invalid_client", "Client authentication failed"}
	}
	return badRequest("unauthorized_client", "Invalid OAuth client credentials")
}

func missingCredentials(f Faults) *tokenError {
	if f.Backend2026 {
		return &tokenError{http.StatusUnauthorized, "invalid_client", "Client authentication is required"}
	}
	return badRequest("unauthorized_client", "Client credentials missing; this request needs to be authenticated with the OAuth client id and secret")
}

// unsupportedGrant: a body that is not a form has no grant type at all, which the legacy backend prints as Python's None.
func unsupportedGrant(f Faults, grantType string) *tokenError {
	switch {
	case f.Backend2026 && grantType == "":
		return badRequest("invalid_request", "Missing parameter: grant_type")
	case f.Backend2026:
		return badRequest("unsupported_grant_type", "Unsupported grant type: "+cut(grantType, 60))
	case grantType == "":
		return badRequest("invalid_grant", "Unsupported grant type: None")
	default:
		return badRequest("invalid_grant", "Unsupported grant type: "+cut(grantType, 60))
	}
}

func noCallback() *tokenError {
	return badRequest("invalid_request", "No callback uri defined for the OAuth client.")
}

func notPrivate(f Faults) *tokenError {
	if f.Backend2026 {
		return badRequest("unauthorized_client", "The client is not authorized for the grant type client_credentials")
	}
	return badRequest("invalid_grant", `Cannot use client_credentials with a consumer marked as "public". Calls for auto generated consumers should use urn:bitbucket:oauth2:jwt instead.`)
}

// invalidCode is for unknown, used, expired and foreign codes alike. No real example is public: assumed.
func invalidCode() *tokenError {
	return badRequest("invalid_grant", "The specified code is not valid.")
}

// wrongRedirectURI and wrongVerifier are assumed, after RFC 6749 section 5.2 and RFC 7636 section 4.6.
func wrongRedirectURI() *tokenError {
	return badRequest("invalid_grant", "The redirect_uri does not match the one of the authorization request.")
}

func wrongVerifier() *tokenError {
	return badRequest("invalid_grant", "The code_verifier does not match the code_challenge.")
}

func invalidRefreshToken(f Faults) *tokenError {
	if f.Backend2026 {
		return badRequest("invalid_grant", "The refresh token is invalid or expired")
	}
	return badRequest("invalid_request", "Invalid refresh_token")
}

// bearerPage is what answers `Authorization: Bearer key:secret` at the token endpoint (observed: a page, not JSON).
const bearerPage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>OpenID transaction in progress</title></head>
<body><p>OpenID transaction in progress</p></body></html>
`

func isBearer(authorization string) bool {
	scheme, _, _ := strings.Cut(authorization, " ")
	return strings.EqualFold(scheme, "Bearer")
}
