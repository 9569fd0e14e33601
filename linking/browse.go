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

// PreviewRule tells what a rule matches at the host, as it was some seconds ago.
func (f *Flow) PreviewRule(ctx context.Context, c fairlead.Connection, repo fairlead.Repository, rule fairlead.LinkRule) (Preview, error) {
	p, err := f.provider(ctx, c.ProviderID)
	if err != nil {
		return Preview{}, err
	}
	var shown Preview
	known, err := f.seenBranches(ctx, p, c.ID, repo.ID, longestLiteral(rule.Branch))
	if err != nil {
		return shown, err
	}
	if shown.Branches, shown.MoreBranches = matching(known.branches, known.more, rule); len(shown.Branches) == 0 {
		return shown, nil
	}
	branch := shown.Branches[0]
	if i := slices.IndexFunc(shown.Branches, func(b fairlead.Branch) bool { return b.Name == repo.MainBranch }); i >= 0 {
		branch = shown.Branches[i]
	}
	shown.FilesOf = branch.Name
	files, err := f.seenFiles(ctx, p, c.ID, repo.ID, branch.Head)
	shown.FilesTotal, shown.MoreFiles = len(files.paths), files.more
	for _, path := range files.paths {
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
	all, more, err := f.branches(ctx, p, connectionID, repository, longestLiteral(rule.Branch))
	matched, more = matching(all, more, rule)
	return matched, more, err
}

func (f *Flow) branches(ctx context.Context, p provider, connectionID, repository, search string) (all []fairlead.Branch, more bool, err error) {
	all, err = call(ctx, f, connectionID, func(ctx context.Context, access fairlead.Secret) (all []fairlead.Branch, err error) {
		all, more, err = p.host.ListBranches(ctx, access, repository, search)
		return all, err
	})
	return all, more, err
}

// matching picks the branches that a rule follows, by name. Of a branch that is named there can be no more.
func matching(all []fairlead.Branch, more bool, rule fairlead.LinkRule) ([]fairlead.Branch, bool) {
	var matched []fairlead.Branch
	for _, b := range all {
		if rule.FollowsBranch(b.Name) {
			matched = append(matched, b)
		}
	}
	slices.SortFunc(matched, func(a, b fairlead.Branch) int { return strings.Compare(a.Name, b.Name) })
	return matched, more && fairlead.IsPattern(rule.Branch)
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
