package linking

import (
	"cmp"
	"context"
	"slices"

	"fairlead"
)

type connectionStore interface {
	ListGitProviders(ctx context.Context) ([]fairlead.GitProvider, error)
	FindGitProvider(ctx context.Context, id string) (fairlead.GitProvider, error)
	ListConnections(ctx context.Context, personID string) ([]fairlead.ConnectionUse, error)
	FindConnection(ctx context.Context, id string) (fairlead.Connection, error)
	RemoveConnection(ctx context.Context, by fairlead.Actor, id, why string) ([]fairlead.RepositoryLink, error)
}

// Connections lists a person's connections with the links that act by them.
func (f *Flow) Connections(ctx context.Context, personID string) ([]fairlead.ConnectionUse, error) {
	return f.store.ListConnections(ctx, personID)
}

// Connection is the person's best connection at a provider: one that is alive, and of several the one that was authorized last,
// which stays the same whatever the background refreshes. false if there is none.
func (f *Flow) Connection(ctx context.Context, person fairlead.Person, providerID string) (fairlead.Connection, bool, error) {
	all, err := f.store.ListConnections(ctx, person.ID)
	all = slices.DeleteFunc(all, func(u fairlead.ConnectionUse) bool { return u.Connection.ProviderID != providerID })
	if err != nil || len(all) == 0 {
		return fairlead.Connection{}, false, err
	}
	best := slices.MaxFunc(all, func(a, b fairlead.ConnectionUse) int {
		if a.Connection.IsAlive() != b.Connection.IsAlive() {
			if a.Connection.IsAlive() {
				return 1
			}
			return -1
		}
		return cmp.Or(a.Connection.AuthorizedAt.Compare(b.Connection.AuthorizedAt), a.Connection.CreatedAt.Compare(b.Connection.CreatedAt))
	})
	return best.Connection, true, nil
}

// Disconnect forgets a connection of the person's and its tokens. It returns the links that pause because of it.
// CodeNotFound for somebody else's.
func (f *Flow) Disconnect(ctx context.Context, by fairlead.Actor, person fairlead.Person, id string) ([]fairlead.RepositoryLink, error) {
	c, err := f.store.FindConnection(ctx, id)
	if err == nil && c.Person.ID != person.ID {
		err = fairlead.Errorf(fairlead.CodeNotFound, "There is no such connection. It may have been removed.")
	}
	if err != nil {
		return nil, err
	}
	return f.store.RemoveConnection(ctx, by, id, person.Name+" disconnected the account "+c.Account.Name+".")
}
