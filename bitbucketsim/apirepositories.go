package bitbucketsim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// apiRepositoryPermissions lists explicit grants with the effective level; public repositories without a grant are left out (documented).
func (s *Sim) apiRepositoryPermissions(c caller, r *http.Request) (any, *apiError) {
	ws, refused := s.workspaceOf(c, r)
	if refused != nil {
		return nil, refused
	}
	filters, refused := parseFilters(r.URL.Query().Get("q"), "permission", "repository.name", "repository.full_name")
	if refused != nil {
		return nil, refused
	}
	mine := slices.DeleteFunc(s.hosting.in(ws), func(repo repository) bool {
		return c.permission(repo) == "" || !allHold(filters, func(field string) string {
			if field == "permission" {
				return c.permission(repo)
			}
			return repo.field(strings.TrimPrefix(field, "repository."))
		})
	})
	if refused := sortRepositories(mine, strings.Replace(r.URL.Query().Get("sort"), "repository.", "", 1)); refused != nil {
		return nil, refused
	}
	user := s.userObject(c, r)
	return pagedOf(r, mine, func(repo repository) any {
		return object{
			"type": "repository_permission", "permission": c.permission(repo), "user": user,
			"repository": object{"type": "repository", "uuid": repo.UUID, "name": repo.Name, "full_name": repo.fullName()},
		}
	})
}

// apiRepositories lists what the caller may see; role narrows it (documented: contributor means write, admins included).
func (s *Sim) apiRepositories(c caller, r *http.Request) (any, *apiError) {
	id := r.PathValue("workspace")
	ws, found := s.world.workspace(id)
	if !found {
		return nil, noWorkspace(id)
	}
	query := r.URL.Query()
	inRole, refused := c.roleFilter(query.Get("role"), ws)
	if refused != nil {
		return nil, refused
	}
	filters, refused := parseFilters(query.Get("q"), "name", "slug", "full_name", "uuid")
	if refused != nil {
		return nil, refused
	}
	mine := slices.DeleteFunc(s.hosting.in(ws), func(repo repository) bool {
		return !c.sees(repo) || !inRole(repo) || !allHold(filters, repo.field)
	})
	if refused := sortRepositories(mine, query.Get("sort")); refused != nil {
		return nil, refused
	}
	return pagedOf(r, mine, func(repo repository) any { return s.repositoryObject(ws, repo, r) })
}

func (c caller) sees(repo repository) bool { return !repo.Private || c.permission(repo) != "" }

func (c caller) roleFilter(role string, ws workspace) (func(repository) bool, *apiError) {
	atLeast := func(permission string) func(repository) bool {
		return func(repo repository) bool { return permissionRank(c.permission(repo)) >= permissionRank(permission) }
	}
	switch role {
	case "":
		return func(repository) bool { return true }, nil
	case "member":
		return atLeast("read"), nil
	case "contributor":
		return atLeast("write"), nil
	case "admin":
		return atLeast("admin"), nil
	case "owner":
		return func(repository) bool { return c.role(ws) == "owner" }, nil
	}
	return nil, &apiError{status: http.StatusBadRequest, message: "Invalid role"}
}

func (r repository) field(name string) string {
	switch name {
	case "full_name":
		return r.fullName()
	case "slug":
		return r.Slug
	case "uuid":
		return r.UUID
	}
	return r.Name
}

func allHold(filters []filter, value func(field string) string) bool {
	for _, f := range filters {
		if !f.holds(value(f.field)) {
			return false
		}
	}
	return true
}

func sortRepositories(list []repository, order string) *apiError {
	name, descending := strings.CutPrefix(order, "-")
	var compare func(a, b repository) int
	switch name {
	case "":
		return nil
	case "name", "full_name", "slug":
		compare = func(a, b repository) int { return strings.Compare(a.Name, b.Name) }
	case "updated_on", "created_on":
		compare = func(a, b repository) int { return a.UpdatedOn.Compare(b.UpdatedOn) }
	default:
		return &apiError{status: http.StatusBadRequest, message: "Invalid sort"}
	}
	slices.SortStableFunc(list, func(a, b repository) int {
		if descending {
			a, b = b, a
		}
		return compare(a, b)
	})
	return nil
}

// repositoryInPath finds the repository if the caller may see it.
func (s *Sim) repositoryInPath(c caller, r *http.Request) (workspace, repository, *apiError) {
	ws, _ := s.world.workspace(r.PathValue("workspace"))
	repo, found := s.hosting.find(ws, r.PathValue("repository"))
	if r.PathValue("workspace") == "{}" { // documented: a UUID needs no workspace
		if repo, found = s.hosting.anywhere(r.PathValue("repository")); found {
			ws, _ = s.world.workspace(repo.Workspace)
		}
	}
	if !found || !c.sees(repo) {
		return ws, repo, noAccess()
	}
	return ws, repo, nil
}

func (s *Sim) apiRepository(c caller, r *http.Request) (any, *apiError) {
	ws, repo, refused := s.repositoryInPath(c, r)
	if refused != nil {
		return nil, refused
	}
	return s.repositoryObject(ws, repo, r), nil
}

func (s *Sim) repositoryObject(ws workspace, repo repository, r *http.Request) object {
	html := s.webBase(r) + "/" + repo.fullName()
	base := workspaceBase(ws, r)
	base["type"], base["name"] = "workspace", ws.Name
	var main any // null in an empty repository
	if repo.MainBranch != "" {
		main = object{"type": "branch", "name": repo.MainBranch}
	}
	return object{
		"type": "repository", "uuid": repo.UUID, "name": repo.Name, "slug": repo.Slug, "full_name": repo.fullName(),
		"is_private": repo.Private, "scm": "git", "description": "", "language": "", "size": 40960, "has_issues": false, "has_wiki": false,
		"created_on": repo.CreatedOn.Format(time.RFC3339), "updated_on": repo.UpdatedOn.Format(time.RFC3339),
		"mainbranch": main,
		"project":    object{"type": "project", "uuid": uuidOf("project " + ws.Slug), "key": "MAIN", "name": ws.Name},
		"workspace":  base,
		"links": object{
			"self":  link(baseURL(r) + "/2.0/repositories/" + repo.fullName()),
			"html":  link(html),
			"clone": []object{{"name": "https", "href": html + ".git"}},
		},
	}
}
