// Package gitprovider adapts Git hosts: one file family per host, one line each in the registry, shared transport, OAuth
// and diagnosis. Every failure of every call ends as a *fairlead.Diagnosis.
package gitprovider

import (
	"context"

	"fairlead"
)

// App is the client that an admin registered at the host.
type App struct {
	ID          string
	Secret      fairlead.Secret
	CallbackURL string // exactly as it is sent
}

// Token is what the host issued for one authorization. It lives as long as the verification and is never stored.
type Token struct {
	Access fairlead.Secret
	Scopes []string // as the host named them; empty if it did not say
}

// Host is what every Git host can do. Errors are *fairlead.Diagnosis, or the context's own error.
type Host interface {
	// Kind describes the host.
	Kind() fairlead.Kind
	// AuthorizeURL is where the browser goes: with the state and the challenge of the PKCE verifier.
	AuthorizeURL(app App, state string, verifier fairlead.Secret) string
	// Exchange turns the code of a callback into a token.
	Exchange(ctx context.Context, app App, code, verifier fairlead.Secret) (Token, error)
	// Prove asks the host who authorized and whether everything needed was granted.
	Prove(ctx context.Context, token Token) (fairlead.Proof, error)
}

// Prechecker is a Host that can check the application ID and secret before anybody goes there.
type Prechecker interface {
	// Precheck reports what it learned even when it returns a diagnosis.
	Precheck(ctx context.Context, app App) (fairlead.Reach, error)
}

// Registry is the list of hosts that this installation offers, in the order of the wizard's cards.
type Registry []Host

// Find returns the host of a kind.
func (r Registry) Find(id fairlead.KindID) (Host, bool) {
	for _, host := range r {
		if host.Kind().ID == id {
			return host, true
		}
	}
	return nil, false
}

// Kinds lists the kinds.
func (r Registry) Kinds() []fairlead.Kind {
	kinds := make([]fairlead.Kind, len(r))
	for i, host := range r {
		kinds[i] = host.Kind()
	}
	return kinds
}
