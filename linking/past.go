package linking

import (
	"context"

	"fairlead"
)

type pastStore interface {
	ListRemovedLinks(ctx context.Context, projectID string) ([]fairlead.RepositoryLink, error)
}

// PastLinks lists the links that a project had: their deliveries stay.
func (f *Flow) PastLinks(ctx context.Context, a Access) ([]fairlead.RepositoryLink, error) {
	return f.store.ListRemovedLinks(ctx, a.Project.ID)
}

// FindPastLink finds a link of a project, also one that was removed; past tells that it was.
func (f *Flow) FindPastLink(ctx context.Context, a Access, id string) (l fairlead.RepositoryLink, past bool, err error) {
	l, err = f.FindLink(ctx, a, id)
	if fairlead.CodeOf(err) != fairlead.CodeNotFound {
		return l, false, err
	}
	removed, listErr := f.PastLinks(ctx, a)
	if listErr != nil {
		return l, false, listErr
	}
	for _, l := range removed {
		if l.ID == id {
			return l, true, nil
		}
	}
	return l, false, err
}

// CommitURL is the page of a commit at a host; "" if there is none to lead to.
func (f *Flow) CommitURL(kind fairlead.KindID, repository fairlead.Repository, hash string) string {
	host, ok := f.hosts.FindLinker(kind)
	if !ok || hash == "" {
		return ""
	}
	return host.CommitURL(repository, hash)
}
