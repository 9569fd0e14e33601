package fairlead

import "time"

// PrefixConnection begins the ids of connections.
const PrefixConnection = "co_"

// ConnectionState is whether a connection can be used.
type ConnectionState string

// The states of a connection.
const (
	ConnectionAlive ConnectionState = "alive"
	ConnectionRenew ConnectionState = "renew" // the provider's application ID was replaced: authorize again
	ConnectionDead  ConnectionState = "dead"  // the host no longer takes its tokens: authorize again
)

// Connection is a person's authorization at a host, by which Fairlead acts there. There is one for each person, Git
// provider and account at the host; authorizing again revives it, and the links that use it go on.
type Connection struct {
	ID           string
	ProviderID   string
	Person       Person  // ID and name
	Account      Account // at the host
	State        ConnectionState
	Diagnosis    *Diagnosis // why it is not alive; nil while it is
	Tokens       Tokens
	Version      int64 // rises with every change of the tokens or the state, for compare-and-set
	CreatedAt    time.Time
	AuthorizedAt time.Time // when the person last came back from the host; refreshing does not change it
	RefreshedAt  time.Time // when the host last issued tokens
}

// IsAlive reports whether the connection can be used.
func (c Connection) IsAlive() bool { return c.State == ConnectionAlive }

// Tokens are what a host issued for a connection. Since 2026 they may be longer than 2,500 characters.
type Tokens struct {
	Access    Secret
	Refresh   Secret
	ExpiresAt time.Time // of the access token; zero if the host did not say
	Scopes    []string  // as the host named them; empty if it did not say
}

// ConnectionUse is a connection and what depends on it.
type ConnectionUse struct {
	Connection Connection
	Links      []RepositoryLink // those that act by it
}

// ConnectionMissing is for a link that nobody's connection serves; lost says why, in a sentence.
func ConnectionMissing(lost string, at time.Time) *Diagnosis {
	if lost == "" {
		lost = "The connection that was used here is gone."
	}
	return &Diagnosis{
		Code: DiagnosisConnectionMissing, At: at,
		Title:   "Nobody’s connection is used here",
		Because: lost,
		Fix:     []string{"Somebody of the project who administers the repository chooses **Take over**: the link then acts by that person’s connection."},
	}
}

// ConnectionReplaced is for connections whose Git provider got another application ID: the host issued their tokens to the
// one before.
func ConnectionReplaced(providerName string, at time.Time) *Diagnosis {
	return &Diagnosis{
		Code: DiagnosisConnectionReplaced, At: at,
		Title:   "The Application ID of " + providerName + " was replaced",
		Because: "This connection was authorized for the application that was used before. Its tokens end with that one.",
		Fix:     []string{"Connect your account again. Your repository links stay as they are and go on."},
	}
}
