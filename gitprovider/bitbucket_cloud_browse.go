package gitprovider

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"fairlead"
)

// How much a list reads of a host that has more.
const (
	repositoriesPage = "50"  // what the picker shows at once
	mostPerPage      = "100" // Bitbucket's own limit
	maxBranchPages   = 5
	maxTagPages      = 5
	maxFilePages     = 30  // 3,000 files and folders: enough for a preview
	maxTreePages     = 100 // 10,000 where a whole commit counts as added
)

// bitbucketRepository is a repository wherever the API has one; lists of permissions tell only the first two fields.
type bitbucketRepository struct {
	UUID       string    `json:"uuid"`
	FullName   string    `json:"full_name"`
	Private    bool      `json:"is_private"`
	UpdatedOn  time.Time `json:"updated_on"`
	MainBranch *struct {
		Name string `json:"name"`
	} `json:"mainbranch"`
}

// repository takes no address from the answer: what the host calls html could be anything.
func (b *BitbucketCloud) repository(r bitbucketRepository) fairlead.Repository {
	out := fairlead.Repository{ID: r.UUID, FullName: r.FullName, Private: r.Private, UpdatedAt: r.UpdatedOn}
	if r.FullName != "" {
		out.WebURL = b.page(r.FullName)
	}
	if r.MainBranch != nil {
		out.MainBranch = r.MainBranch.Name
	}
	return out
}

var bitbucketUUID = regexp.MustCompile(`^\{[0-9A-Za-z-]{1,64}\}$`)

// repositoryAddress is where the API has a repository. With {} in place of the workspace it finds a UUID wherever the
// repository was moved to (Bitbucket Cloud REST, “URI, UUID, and structures”).
func (b *BitbucketCloud) repositoryAddress(repository string) string {
	workspace, slug := "{}", repository
	if name, ok := bitbucketFullName(repository); ok {
		workspace, slug, _ = strings.Cut(name, "/")
	} else if !bitbucketUUID.MatchString(repository) {
		slug = "{}" // no repository is called so
	}
	return b.API + "/repositories/" + url.PathEscape(workspace) + "/" + url.PathEscape(slug)
}

// quoted is a text in Bitbucket's query language (Bitbucket Cloud REST, “Filter and sort API objects”).
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// RepositoryOwners implements Browser: GET /user/workspaces, which replaced GET /workspaces in 2026 (CHANGE-2770, CHANGE-3022).
// It tells no names.
func (b *BitbucketCloud) RepositoryOwners(ctx context.Context, access fairlead.Secret) ([]fairlead.RepositoryOwner, error) {
	var owners []fairlead.RepositoryOwner
	address := b.API + "/user/workspaces?" + url.Values{"pagelen": {mostPerPage}, "sort": {"slug"}}.Encode()
	_, err := readPages(ctx, b.with(access), aboutAccount, address, maxWorkspacePages, func(m bitbucketMembership) {
		owners = append(owners, fairlead.RepositoryOwner{ID: m.Workspace.UUID, Slug: m.Workspace.Slug})
	})
	return owners, err
}

// permissionsAddress lists what an account was granted in a workspace: GET /user/workspaces/{workspace}/permissions/repositories
// (CHANGE-3022). Public repositories without a grant are not in it.
func (b *BitbucketCloud) permissionsAddress(owner string) string {
	return b.API + "/user/workspaces/" + url.PathEscape(owner) + "/permissions/repositories"
}

// ListRepositories implements Browser, in one call: Bitbucket searches, sorts and cuts into pages.
func (b *BitbucketCloud) ListRepositories(ctx context.Context, access fairlead.Secret, query RepositoryQuery) (RepositoryPage, error) {
	values := url.Values{"pagelen": {repositoriesPage}, "sort": {"repository.name"}}
	if search := strings.TrimSpace(query.Search); search != "" {
		values.Set("q", "repository.name~"+quoted(search))
	}
	if query.Page != "" { // it leads nowhere but further in this list: only the query was kept
		next, err := url.ParseQuery(query.Page)
		if err == nil {
			values = next
		}
	}
	var page bitbucketPage[bitbucketPermission]
	c := b.with(access)
	if !bitbucketWorkspaceSlug.MatchString(strings.ToLower(query.Owner)) { // ".." would lead elsewhere in the API
		return RepositoryPage{}, c.trace.finish(ownerClosed(b.Kind(), ""), "")
	}
	address := b.permissionsAddress(query.Owner)
	if err := c.read(ctx, aboutOwner, address+"?"+values.Encode(), &page); err != nil {
		return RepositoryPage{}, err
	}
	var out RepositoryPage
	for _, value := range page.Values {
		repository := b.repository(value.Repository)
		repository.Access = value.Permission
		out.Repositories = append(out.Repositories, repository)
	}
	if next, err := url.Parse(page.Next); err == nil && page.Next != "" && c.isAPI(page.Next) {
		out.Next = next.RawQuery
	}
	return out, nil
}

// FindRepository implements Browser, in two calls: a repository does not tell what the account may do in it.
func (b *BitbucketCloud) FindRepository(ctx context.Context, access fairlead.Secret, repository string) (fairlead.Repository, error) {
	c := b.with(access)
	found, err := b.readRepository(ctx, c, repository)
	if err != nil {
		return fairlead.Repository{}, err
	}
	workspace, _, _ := strings.Cut(found.FullName, "/")
	values := url.Values{"q": {"repository.full_name=" + quoted(found.FullName)}}
	found.Access = fairlead.AccessRead // it was read
	_, err = readPages(ctx, c, aboutOwner, b.permissionsAddress(workspace)+"?"+values.Encode(), 1, func(p bitbucketPermission) {
		if p.Repository.UUID == found.ID {
			found.Access = p.Permission
		}
	})
	if hasCode(err, fairlead.DiagnosisRepositoryGone) { // the account is no member there
		found.Access, err = "", nil
	}
	return found, err
}

// ReadRepository implements Browser.
func (b *BitbucketCloud) ReadRepository(ctx context.Context, access fairlead.Secret, repository string) (fairlead.Repository, error) {
	return b.readRepository(ctx, b.with(access), repository)
}

func (b *BitbucketCloud) readRepository(ctx context.Context, c *bitbucketAPI, repository string) (fairlead.Repository, error) {
	var read bitbucketRepository
	if err := c.read(ctx, aboutRepository, b.repositoryAddress(repository), &read); err != nil {
		return fairlead.Repository{}, err
	}
	if read.UUID == "" || read.FullName == "" {
		return fairlead.Repository{}, c.trace.finish(unexpected(b.Kind(), c.trace.last()), "")
	}
	return b.repository(read), nil
}

// unlessGone tells a missing part of a repository from a missing repository: Bitbucket answers 404 to both.
func (b *BitbucketCloud) unlessGone(ctx context.Context, c *bitbucketAPI, repository string, err error) error {
	if _, gone := b.readRepository(ctx, b.with(c.access, c.trace.secrets...), repository); gone != nil {
		return gone
	}
	return err
}

// bitbucketRef is a branch or a tag.
type bitbucketRef struct {
	Name   string `json:"name"`
	Target struct {
		Hash string `json:"hash"`
	} `json:"target"`
}

// ListBranches implements Browser. A branch that is called exactly like the search comes first, also when there are too many
// others to read them all.
func (b *BitbucketCloud) ListBranches(ctx context.Context, access fairlead.Secret, repository, search string) (branches []fairlead.Branch, more bool, err error) {
	values := url.Values{"pagelen": {mostPerPage}, "sort": {"name"}, "fields": {"next,values.name,values.target.hash"}}
	if search != "" {
		values.Set("q", "name~"+quoted(search))
	}
	c := b.with(access)
	address := b.repositoryAddress(repository) + "/refs/branches"
	more, err = readPages(ctx, c, aboutRepository, address+"?"+values.Encode(), maxBranchPages, func(r bitbucketRef) {
		branches = append(branches, fairlead.Branch{Name: r.Name, Head: r.Target.Hash})
	})
	if err != nil || search == "" {
		return branches, more, err
	}
	named := func(branch fairlead.Branch) bool { return branch.Name == search }
	if i := slices.IndexFunc(branches, named); i >= 0 {
		exact := branches[i]
		return slices.Insert(slices.Delete(branches, i, i+1), 0, exact), more, nil
	}
	if more {
		exact, err := b.readBranch(ctx, c, repository, search)
		if err == nil {
			return slices.Insert(branches, 0, exact), more, nil
		}
		if !hasCode(err, fairlead.DiagnosisBranchMissing) {
			return nil, false, err
		}
	}
	return branches, more, nil
}

// ListTags implements Browser: GET /repositories/{workspace}/{repo}/refs/tags, newest commit first (OpenAPI description of
// Bitbucket Cloud: "sort by target.date"). The target of an annotated tag is the commit, as in the payload of a webhook.
func (b *BitbucketCloud) ListTags(ctx context.Context, access fairlead.Secret, repository, name string) (tags []fairlead.Tag, more bool, err error) {
	values := url.Values{"pagelen": {mostPerPage}, "sort": {"-target.date"}, "fields": {"next,values.name,values.target.hash"}}
	if name != "" {
		values.Set("q", "name="+quoted(name))
	}
	address := b.repositoryAddress(repository) + "/refs/tags?" + values.Encode()
	more, err = readPages(ctx, b.with(access), aboutRepository, address, maxTagPages, func(r bitbucketRef) {
		if name == "" || r.Name == name {
			tags = append(tags, fairlead.Tag{Name: r.Name, Head: r.Target.Hash})
		}
	})
	return tags, more, err
}

func (b *BitbucketCloud) readBranch(ctx context.Context, c *bitbucketAPI, repository, name string) (fairlead.Branch, error) {
	var ref bitbucketRef
	err := c.read(ctx, aboutBranch, b.repositoryAddress(repository)+"/refs/branches/"+url.PathEscape(name), &ref)
	return fairlead.Branch{Name: name, Head: ref.Target.Hash}, err
}

// bitbucketEntry is one value of GET /src/{commit}/.
type bitbucketEntry struct {
	Type string `json:"type"` // "commit_file" or "commit_directory"
	Path string `json:"path"`
}

// ListFiles implements Browser.
func (b *BitbucketCloud) ListFiles(ctx context.Context, access fairlead.Secret, repository, commit string) ([]string, bool, error) {
	return b.listFiles(ctx, b.with(access), repository, commit, maxFilePages)
}

// statusServerTimeout is what Bitbucket answers when listing so deep takes too long (OpenAPI description of Bitbucket Cloud).
const statusServerTimeout = 555

// listFiles asks for all depths at once, and for fewer when that is too much for Bitbucket; then there may be more.
func (b *BitbucketCloud) listFiles(ctx context.Context, c *bitbucketAPI, repository, commit string, pages int) (paths []string, more bool, err error) {
	if !isHash(commit) {
		return nil, false, c.trace.finish(commitMissing(b.Kind(), ""), "")
	}
	for i, depth := range []int{100, 10, 3, 1} {
		values := url.Values{"pagelen": {mostPerPage}, "max_depth": {strconv.Itoa(depth)}, "fields": {"next,values.type,values.path"}}
		paths = nil
		cut := false
		address := b.repositoryAddress(repository) + "/src/" + commit + "/?" + values.Encode()
		more, err = readPages(ctx, c, aboutCommit, address, pages, func(e bitbucketEntry) {
			if e.Type == "commit_file" {
				paths = append(paths, e.Path)
				return
			}
			cut = cut || strings.Count(e.Path, "/")+1 >= depth // what is in this folder was not listed
		})
		if err == nil {
			return paths, more || i > 0 && cut, nil
		}
		if c.trace.last().status != statusServerTimeout {
			break
		}
	}
	if hasCode(err, fairlead.DiagnosisCommitMissing) {
		err = b.unlessGone(ctx, c, repository, err)
	}
	return nil, false, err
}
