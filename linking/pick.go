package linking

import (
	"context"
	"strings"

	"fairlead"
	"fairlead/gitprovider"
)

// RepositoryQuery asks for one page of the repositories of one owner.
type RepositoryQuery = gitprovider.RepositoryQuery

// Picked is one page of the list that somebody chooses a repository from.
type Picked struct {
	Owners       []fairlead.RepositoryOwner
	Owner        string // slug of the one whose repositories these are; "" if there is none
	Repositories []fairlead.Repository
	Next         string // where the next page begins; "" if there is none
}

// Pick lists repositories to choose from: those of the query's owner, or of the first. A pasted address finds that one
// repository, whoever owns it. It takes two calls of the host; with an owner that is known and brief, for a list that
// changes while somebody types, one.
func (f *Flow) Pick(ctx context.Context, c fairlead.Connection, query RepositoryQuery, brief bool) (picked Picked, err error) {
	picked.Owner, picked.Owners = query.Owner, []fairlead.RepositoryOwner{{Slug: query.Owner}}
	if !brief || query.Owner == "" {
		if picked.Owners, err = f.Owners(ctx, c); err != nil {
			return picked, err
		}
	}
	if picked.Owner == "" && len(picked.Owners) > 0 {
		picked.Owner = picked.Owners[0].Slug
	}
	p, err := f.provider(ctx, c.ProviderID)
	if err != nil {
		return picked, err
	}
	if _, pasted := p.host.ParseRepositoryURL(query.Search); pasted {
		found, err := f.findRepository(ctx, p, c.ID, query.Search)
		if err == nil {
			picked.Repositories = []fairlead.Repository{found}
		}
		return picked, err
	}
	if picked.Owner == "" {
		return picked, nil
	}
	query.Owner, query.Search = picked.Owner, strings.TrimSpace(query.Search)
	page, err := f.Repositories(ctx, c, query)
	picked.Repositories, picked.Next = page.Repositories, page.Next
	return picked, err
}

// Branches lists branches of a repository for suggestions: as many as the host tells at once.
func (f *Flow) Branches(ctx context.Context, c fairlead.Connection, repo fairlead.Repository) ([]fairlead.Branch, error) {
	p, err := f.provider(ctx, c.ProviderID)
	if err != nil {
		return nil, err
	}
	found, err := f.freshBranches(ctx, p, c.ID, repo.ID, "")
	return found.branches, err
}
