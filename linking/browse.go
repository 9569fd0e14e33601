package linking

import (
	"context"
	"slices"
	"strings"

	"fairlead"
	"fairlead/gitprovider"
)

// Names of form fields of a link.
const (
	FieldBranch     = "branch"
	FieldPaths      = "paths"
	FieldRepository = "repository"
)

// Owners lists what the connection's account belongs to.
func (f *Flow) Owners(ctx context.Context, c fairlead.Connection) ([]fairlead.RepositoryOwner, error) {
	p, err := f.provider(ctx, c.ProviderID)
	if err != nil {
		return nil, err
	}
	return call(ctx, f, c.ID, p.host.RepositoryOwners)
}

// Repositories lists one page of an owner's repositories, with what the account may do in each.
func (f *Flow) Repositories(ctx context.Context, c fairlead.Connection, query gitprovider.RepositoryQuery) (gitprovider.RepositoryPage, error) {
	p, err := f.provider(ctx, c.ProviderID)
	if err != nil {
		return gitprovider.RepositoryPage{}, err
	}
	return call(ctx, f, c.ID, func(ctx context.Context, access fairlead.Secret) (gitprovider.RepositoryPage, error) {
		return p.host.ListRepositories(ctx, access, query)
	})
}

// FindRepository finds a repository by the host's id, its full name or its address at the host.
func (f *Flow) FindRepository(ctx context.Context, c fairlead.Connection, typed string) (fairlead.Repository, error) {
	p, err := f.provider(ctx, c.ProviderID)
	if err != nil {
		return fairlead.Repository{}, err
	}
	return f.findRepository(ctx, p, c.ID, typed)
}

func (f *Flow) findRepository(ctx context.Context, p provider, connectionID, typed string) (fairlead.Repository, error) {
	name := strings.TrimSpace(typed)
	if parsed, ok := p.host.ParseRepositoryURL(name); ok {
		name = parsed
	}
	if name == "" {
		return fairlead.Repository{}, repositoryUnnamed(p.host.Kind())
	}
	return call(ctx, f, connectionID, func(ctx context.Context, access fairlead.Secret) (fairlead.Repository, error) {
		return p.host.FindRepository(ctx, access, name)
	})
}

func repositoryUnnamed(k fairlead.Kind) error {
	var v fairlead.Invalid
	v.Add(FieldRepository, "Enter a repository: its address at %s, or its full name", k.Host)
	return v.Err()
}

// ParseRule reads what a link follows. CodeInvalid with the fields "branch" and "paths".
func (f *Flow) ParseRule(branch, paths string, tags, deletions bool) (fairlead.LinkRule, error) {
	var v fairlead.Invalid
	rule := fairlead.LinkRule{Tags: tags, Deletions: deletions}
	var message string
	if rule.Branch, message = fairlead.ParseBranchRule(branch); message != "" {
		v.Add(FieldBranch, "%s", message)
	}
	if rule.Paths, message = fairlead.ParsePathFilter(paths); message != "" {
		v.Add(FieldPaths, "%s", message)
	}
	return rule, v.Err()
}

// filesShown is how many matched files a preview lists.
const filesShown = 50

// Preview is what a rule matches in a repository as it is now.
type Preview struct {
	Branches     []fairlead.Branch // those that the rule follows
	MoreBranches bool              // the host has more branches than were looked at
	FilesOf      string            // the branch whose files were looked at; "" without a branch
	Files        []string          // matched, the first 50
	FilesMatched int
	FilesTotal   int
	MoreFiles    bool // the branch has more files than were looked at
}

// PreviewRule asks the host what a rule matches.
func (f *Flow) PreviewRule(ctx context.Context, c fairlead.Connection, repo fairlead.Repository, rule fairlead.LinkRule) (Preview, error) {
	p, err := f.provider(ctx, c.ProviderID)
	if err != nil {
		return Preview{}, err
	}
	var shown Preview
	if shown.Branches, shown.MoreBranches, err = f.followed(ctx, p, c.ID, repo.ID, rule); err != nil || len(shown.Branches) == 0 {
		return shown, err
	}
	branch := shown.Branches[0]
	if i := slices.IndexFunc(shown.Branches, func(b fairlead.Branch) bool { return b.Name == repo.MainBranch }); i >= 0 {
		branch = shown.Branches[i]
	}
	shown.FilesOf = branch.Name
	paths, err := call(ctx, f, c.ID, func(ctx context.Context, access fairlead.Secret) (paths []string, err error) {
		paths, shown.MoreFiles, err = p.host.ListFiles(ctx, access, repo.ID, branch.Head)
		return paths, err
	})
	shown.FilesTotal = len(paths)
	for _, path := range paths {
		if rule.Paths.Matches(path) {
			if shown.FilesMatched++; len(shown.Files) < filesShown {
				shown.Files = append(shown.Files, path)
			}
		}
	}
	return shown, err
}

// followed lists the branches that a rule follows, by name. more tells that the host has further ones that were not seen.
func (f *Flow) followed(ctx context.Context, p provider, connectionID, repository string, rule fairlead.LinkRule) (matched []fairlead.Branch, more bool, err error) {
	all, err := call(ctx, f, connectionID, func(ctx context.Context, access fairlead.Secret) (all []fairlead.Branch, err error) {
		all, more, err = p.host.ListBranches(ctx, access, repository, longestLiteral(rule.Branch))
		return all, err
	})
	for _, b := range all {
		if rule.FollowsBranch(b.Name) {
			matched = append(matched, b)
		}
	}
	slices.SortFunc(matched, func(a, b fairlead.Branch) int { return strings.Compare(a.Name, b.Name) })
	return matched, more && fairlead.IsPattern(rule.Branch), err
}

// longestLiteral is the longest part of a pattern that every match has in it, so that the host searches first.
func longestLiteral(pattern string) string {
	longest := ""
	for i, part := range strings.Split(pattern, "*") {
		// "**/" also stands for no folder at all, so the slash after it need not be there.
		if i > 0 {
			part = strings.TrimPrefix(part, "/")
		}
		if len(part) > len(longest) {
			longest = part
		}
	}
	return longest
}
