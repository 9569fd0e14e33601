package bitbucketsim

import (
	"net/http"
	"net/url"
	"slices"
	"time"
)

// The pages that a repository's own links lead to. They follow the rules of the API: who may not see it, gets "not found".

// listedMost keeps the page of a fleet readable; the API lists all.
const listedMost = 200

func (s *Sim) workspacePage(w http.ResponseWriter, r *http.Request) {
	ws, c, found := s.browsed(r)
	if !found || c.role(ws) == "" {
		s.notFound(w, r)
		return
	}
	type entry struct {
		repository
		Permission string
	}
	body := struct {
		Workspace    workspace
		Repositories []entry
		More         int
	}{Workspace: ws}
	for _, repo := range s.hosting.in(ws) {
		switch {
		case !c.sees(repo):
		case len(body.Repositories) == listedMost:
			body.More++
		default:
			body.Repositories = append(body.Repositories, entry{repo, c.permission(repo)})
		}
	}
	s.render(w, r, http.StatusOK, "workspace", ws.Name, body)
}

func (s *Sim) browsed(r *http.Request) (ws workspace, c caller, found bool) {
	c.account, _ = s.signedIn(r)
	ws, found = s.world.workspace(r.PathValue("workspace"))
	return ws, c, found
}

// visit is what every page of a repository shows.
type visit struct {
	Repository repository
	Path       string
	Permission string
	CanWrite   bool
	CanAdmin   bool
	account    Account
}

type repositoryHandler func(http.ResponseWriter, *http.Request, visit)

// forVisitor lets through who has at least this permission on the repository in the path; "" means whoever may see it.
func (s *Sim) forVisitor(permission string, next repositoryHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ws, c, _ := s.browsed(r)
		repo, found := s.hosting.find(ws, r.PathValue("repository"))
		if !found || !c.sees(repo) {
			s.notFound(w, r)
			return
		}
		rank := permissionRank(c.permission(repo))
		v := visit{repo, "/" + repo.fullName(), c.permission(repo), rank >= permissionRank("write"), rank >= permissionRank("admin"), c.account}
		if rank < permissionRank(permission) {
			s.say(w, r, http.StatusForbidden, "You may not do this", message{
				Text: []string{"This needs " + permission + " permission on " + repo.fullName() + "."}, Link: v.Path, Go: "Go to the repository",
			})
			return
		}
		next(w, r, v)
	}
}

// shownCommit is a commit on a page.
type shownCommit struct {
	Hash, Short, Message, Author string
	Date                         time.Time
	Parents                      []string
}

func show(c *commit) shownCommit {
	shown := shownCommit{Hash: c.hash, Short: c.hash[:12], Message: c.message, Author: c.author, Date: c.date}
	for _, parent := range c.parents {
		shown.Parents = append(shown.Parents, parent.hash)
	}
	return shown
}

type shownRef struct {
	Name string
	Tip  shownCommit
	Main bool
}

func showRefs(repo repository, refs []ref) (shown []shownRef) {
	for _, of := range refs {
		shown = append(shown, shownRef{of.name, show(of.tip()), of.branch != nil && of.name == repo.MainBranch})
	}
	return shown
}

func (s *Sim) repositoryPage(w http.ResponseWriter, r *http.Request, v visit) {
	body := struct {
		visit
		Files    []string
		Branches int
		Tags     int
	}{visit: v, Branches: len(v.Repository.branches), Tags: len(v.Repository.tags)}
	treeOf(v.Repository.main()).under("", func(path, _ string) {
		if len(body.Files) < listedMost {
			body.Files = append(body.Files, path)
		}
	})
	s.render(w, r, http.StatusOK, "repository", v.Repository.fullName(), body)
}

func (s *Sim) branchesPage(w http.ResponseWriter, r *http.Request, v visit) {
	s.render(w, r, http.StatusOK, "branches", "Branches and tags", struct {
		visit
		Branches, Tags []shownRef
	}{v, showRefs(v.Repository, branchesOf(v.Repository)), showRefs(v.Repository, tagsOf(v.Repository))})
}

// branchAddress is where links in deliveries lead.
func (s *Sim) branchAddress(w http.ResponseWriter, r *http.Request, v visit) {
	http.Redirect(w, r, v.Path+"/commits?branch="+url.QueryEscape(r.PathValue("name")), http.StatusSeeOther)
}

func (s *Sim) commitsPage(w http.ResponseWriter, r *http.Request, v visit) {
	branch := r.URL.Query().Get("branch")
	if branch == "" {
		branch = v.Repository.MainBranch
	}
	body := struct {
		visit
		Branch  string
		Commits []shownCommit
	}{visit: v, Branch: branch}
	if tip := s.hosting.revision(v.Repository, branch); tip != nil {
		for _, c := range logBetween([]*commit{tip}, nil, listedMost) {
			body.Commits = append(body.Commits, show(c))
		}
	} else if branch != "" {
		s.notFound(w, r)
		return
	}
	s.render(w, r, http.StatusOK, "commits", "Commits", body)
}

func (s *Sim) commitPage(w http.ResponseWriter, r *http.Request, v visit) {
	c := s.hosting.commit(v.Repository, r.PathValue("commit"))
	if c == nil {
		s.notFound(w, r)
		return
	}
	type file struct{ Status, Old, New, Text string }
	body := struct {
		visit
		Commit   shownCommit
		Files    []file
		Branches []string
	}{visit: v, Commit: show(c)}
	for _, stat := range diffstat(c.base(), c.tree, true) {
		text, _ := c.tree.get(stat.new)
		body.Files = append(body.Files, file{stat.status, stat.old, stat.new, cut(text, 4000)})
	}
	for _, of := range branchesOf(v.Repository) {
		if leadsTo(c, of.branch) {
			body.Branches = append(body.Branches, of.name)
		}
	}
	s.render(w, r, http.StatusOK, "commit", "Commit "+c.hash[:12], body)
}

// deliveriesShown is how many the pages list, newest first.
const deliveriesShown = 100

func (s *Sim) newestDeliveries(most int) []Delivery {
	list := s.Deliveries()
	slices.Reverse(list)
	return list[:min(len(list), most)]
}
