package bitbucketsim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// ref is a branch or a tag in a list.
type ref struct {
	name   string
	branch *commit // nil for a tag
	tag    tag
}

func (r ref) tip() *commit {
	if r.branch != nil {
		return r.branch
	}
	return r.tag.target
}

func branchesOf(repo repository) (all []ref) {
	for _, name := range sortedNames(repo.branches) {
		all = append(all, ref{name: name, branch: repo.branches[name]})
	}
	return all
}

func tagsOf(repo repository) (all []ref) {
	for _, name := range sortedNames(repo.tags) {
		all = append(all, ref{name: name, tag: repo.tags[name]})
	}
	return all
}

func (s *Sim) refObject(r *http.Request, repo repository, of ref) object {
	to := s.addressesOf(r)
	var described object
	if of.branch != nil {
		described = s.branchObject(to, repo, of.name, of.branch)
	} else {
		described = s.tagObject(to, repo, of.name, of.tag)
	}
	target := s.commitObject(to, repo, of.tip())
	target["repository"] = s.shortRepository(to, repo)
	described["target"] = target
	return described
}

func (s *Sim) shortRepository(to addresses, repo repository) object {
	return object{
		"type": "repository", "uuid": repo.UUID, "name": repo.Name, "full_name": repo.fullName(),
		"links": object{"self": link(to.repository(repo)), "html": link(to.page(repo))},
	}
}

func (s *Sim) apiBranches(c caller, r *http.Request) (any, *apiError) {
	return s.listRefs(c, r, func(repo repository) []ref { return branchesOf(repo) })
}

func (s *Sim) apiTags(c caller, r *http.Request) (any, *apiError) {
	return s.listRefs(c, r, func(repo repository) []ref { return tagsOf(repo) })
}

func (s *Sim) apiRefs(c caller, r *http.Request) (any, *apiError) {
	return s.listRefs(c, r, func(repo repository) []ref { return append(branchesOf(repo), tagsOf(repo)...) })
}

// listRefs: by name, as the OpenAPI description says; sort=name sorts numbers as numbers.
func (s *Sim) listRefs(c caller, r *http.Request, list func(repository) []ref) (any, *apiError) {
	_, repo, refused := s.repositoryInPath(c, r)
	if refused != nil {
		return nil, refused
	}
	filters, refused := parseFilters(r.URL.Query().Get("q"), "name", "target.hash")
	if refused != nil {
		return nil, refused
	}
	refs := slices.DeleteFunc(list(repo), func(of ref) bool {
		return !allHold(filters, func(field string) string {
			if field == "target.hash" {
				return of.tip().hash
			}
			return of.name
		})
	})
	order, descending := strings.CutPrefix(r.URL.Query().Get("sort"), "-")
	var compare func(a, b ref) int
	switch order {
	case "":
	case "name":
		compare = func(a, b ref) int { return naturally(a.name, b.name) }
	case "target.date":
		compare = func(a, b ref) int { return a.tip().date.Compare(b.tip().date) }
	default:
		return nil, &apiError{status: http.StatusBadRequest, message: "Invalid sort"}
	}
	if compare != nil {
		slices.SortStableFunc(refs, compare)
	}
	if descending {
		slices.Reverse(refs)
	}
	return pagedOf(r, refs, func(of ref) any { return s.refObject(r, repo, of) })
}

// naturally compares runs of digits as numbers: branch2 before branch10.
func naturally(a, b string) int {
	for a != "" && b != "" {
		digitsA, digitsB := leadingDigits(a), leadingDigits(b)
		if digitsA != "" && digitsB != "" {
			plainA, plainB := strings.TrimLeft(digitsA, "0"), strings.TrimLeft(digitsB, "0")
			if order := cmp.Or(cmp.Compare(len(plainA), len(plainB)), strings.Compare(plainA, plainB)); order != 0 {
				return order
			}
			a, b = a[len(digitsA):], b[len(digitsB):]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func leadingDigits(text string) string {
	return text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
}

// apiBranch takes the name with its slashes escaped or as they are.
func (s *Sim) apiBranch(c caller, r *http.Request) (any, *apiError) {
	return s.oneRef(c, r, "Branch", func(repo repository, name string) (ref, bool) {
		tip, found := repo.branches[name]
		return ref{name: name, branch: tip}, found
	})
}

func (s *Sim) apiTag(c caller, r *http.Request) (any, *apiError) {
	return s.oneRef(c, r, "Tag", func(repo repository, name string) (ref, bool) {
		t, found := repo.tags[name]
		return ref{name: name, tag: t}, found
	})
}

func (s *Sim) oneRef(c caller, r *http.Request, kind string, find func(repository, string) (ref, bool)) (any, *apiError) {
	_, repo, refused := s.repositoryInPath(c, r)
	if refused != nil {
		return nil, refused
	}
	name := r.PathValue("name")
	of, found := find(repo, name)
	if !found {
		return nil, notFoundError(kind + ` "` + cut(name, 120) + `" does not exist.`) // the words are assumed
	}
	return s.refObject(r, repo, of), nil
}
