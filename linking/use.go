package linking

import (
	"context"

	"fairlead"
)

type useStore interface {
	ListProviderConnections(ctx context.Context, providerID string) ([]fairlead.ConnectionUse, error)
	ListLinksByOwnership(ctx context.Context, personID string) ([]fairlead.RepositoryLink, error)
}

// Use is what depends on a Git provider.
type Use struct {
	Links       []fairlead.RepositoryLink
	Connections int // accounts that are connected at it
}

// UseOf tells what depends on a Git provider.
func (f *Flow) UseOf(ctx context.Context, providerID string) (use Use, err error) {
	connections, err := f.store.ListProviderConnections(ctx, providerID)
	if err != nil {
		return use, err
	}
	use.Connections = len(connections)
	use.Links, err = f.store.ListRepositoryLinks(ctx, fairlead.LinkFilter{ProviderID: providerID})
	return use, err
}

// LinksBy lists the links that act by a person's connections: they pause when the person leaves.
func (f *Flow) LinksBy(ctx context.Context, personID string) ([]fairlead.RepositoryLink, error) {
	return f.store.ListRepositoryLinks(ctx, fairlead.LinkFilter{PersonID: personID})
}

// LinksByMember is LinksBy within one project.
func (f *Flow) LinksByMember(ctx context.Context, a Access, personID string) ([]fairlead.RepositoryLink, error) {
	return f.store.ListRepositoryLinks(ctx, fairlead.LinkFilter{ProjectID: a.Project.ID, PersonID: personID})
}

// LinksByOwnership lists the links of projects of others that act by a workspace owner's connections: they pause when the
// person no longer owns the workspace.
func (f *Flow) LinksByOwnership(ctx context.Context, personID string) ([]fairlead.RepositoryLink, error) {
	return f.store.ListLinksByOwnership(ctx, personID)
}
