package bitbucketsim

import (
	"net/http"
	"strings"
)

const (
	commitsPage  = 30  // observed: this listing's own default
	diffstatPage = 500 // documented example
)

func (s *Sim) noCommit(rev string) *apiError {
	return notFoundError("Commit not found: " + cut(rev, 120)) // the words are assumed
}

func (s *Sim) apiCommit(c caller, r *http.Request) (any, *apiError) {
	_, repo, refused := s.repositoryInPath(c, r)
	if refused != nil {
		return nil, refused
	}
	found := s.hosting.commit(repo, r.PathValue("commit")) // a hash; names of branches are not taken here (documented)
	if found == nil {
		return nil, s.noCommit(r.PathValue("commit"))
	}
	to := s.addressesOf(r)
	full := s.commitObject(to, repo, found)
	full["repository"], full["participants"] = s.shortRepository(to, repo), []any{}
	return full, nil
}

// apiCommits answers GET and POST alike: include and exclude may be many, in the query or in a form (documented). path narrows the
// list to commits that touch a file or a folder.
func (s *Sim) apiCommits(c caller, r *http.Request) (any, *apiError) {
	_, repo, refused := s.repositoryInPath(c, r)
	if refused != nil {
		return nil, refused
	}
	include, refused := s.revisions(repo, r, "include")
	if refused != nil {
		return nil, refused
	}
	if revision := r.PathValue("revision"); revision != "" {
		found := s.hosting.revision(repo, revision)
		if found == nil {
			return nil, s.noCommit(revision)
		}
		include = append(include, found)
	}
	if len(include) == 0 { // like git log --all
		for _, of := range append(branchesOf(repo), tagsOf(repo)...) {
			include = append(include, of.tip())
		}
	}
	exclude, refused := s.revisions(repo, r, "exclude")
	if refused != nil {
		return nil, refused
	}
	log := logBetween(include, exclude, 0)
	if path := strings.TrimSuffix(r.FormValue("path"), "/"); path != "" {
		var touching []*commit
		for _, found := range log {
			if found.touches(path) {
				touching = append(touching, found)
			}
		}
		log = touching
	}
	to := s.addressesOf(r)
	answer, refused := pagedBy(r, log, commitsPage, pageLengthMost, func(found *commit) any {
		full := s.commitObject(to, repo, found)
		full["repository"] = s.shortRepository(to, repo)
		return full
	})
	if body, ok := answer.(map[string]any); ok {
		delete(body, "size") // observed: this listing does not count
	}
	return answer, refused
}

func (c *commit) touches(path string) bool {
	for _, changed := range changesBetween(c.base(), c.tree) {
		if changed.path == path || strings.HasPrefix(changed.path, path+"/") {
			return true
		}
	}
	return false
}

func (s *Sim) revisions(repo repository, r *http.Request, field string) (all []*commit, refused *apiError) {
	_ = r.FormValue(field) // reads the form if there is one
	for _, name := range r.Form[field] {
		found := s.hosting.revision(repo, name)
		if found == nil {
			return nil, s.noCommit(name)
		}
		all = append(all, found)
	}
	return all, nil
}

// apiDiffstat: the first of two commits is the new one, the second what it is compared to, the opposite of git (documented). With
// topic=true the comparison is to their merge base, with false to the second itself. Left out it is true: that is documented for
// /diff only, assumed here. One commit is compared to its first parent.
func (s *Sim) apiDiffstat(c caller, r *http.Request) (any, *apiError) {
	_, repo, refused := s.repositoryInPath(c, r)
	if refused != nil {
		return nil, refused
	}
	first, second, two := strings.Cut(r.PathValue("spec"), "..")
	current := s.hosting.revision(repo, first)
	if current == nil {
		return nil, s.noCommit(first)
	}
	var base *commit
	if len(current.parents) > 0 {
		base = current.parents[0]
	}
	if two {
		if base = s.hosting.revision(repo, second); base == nil {
			return nil, s.noCommit(second)
		}
		if r.URL.Query().Get("topic") != "false" {
			base = mergeBase(current, base)
		}
	}
	stats := diffstat(treeOf(base), current.tree, r.URL.Query().Get("renames") != "false")
	if paths := r.URL.Query()["path"]; len(paths) > 0 {
		stats = onlyUnder(stats, paths)
	}
	to := s.addressesOf(r)
	return pagedBy(r, stats, diffstatPage, diffstatPage, func(stat fileStat) any {
		return object{
			"type": "diffstat", "status": stat.status, "lines_added": stat.added, "lines_removed": stat.removed,
			"old": to.fileAt(repo, base, stat.old), "new": to.fileAt(repo, current, stat.new),
		}
	})
}

// fileAt is null where the file does not exist.
func (to addresses) fileAt(repo repository, c *commit, path string) any {
	if path == "" || c == nil {
		return nil
	}
	return object{
		"type": "commit_file", "path": path, "escaped_path": escapePath(path),
		"links": object{"self": link(to.repository(repo) + "/src/" + c.hash + "/" + escapePath(path))},
	}
}
