package bitbucketsim

import "net/http"

// The pages that a repository's own links lead to. They follow the rules of the API: who may not see it, gets "not found".

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
	}{Workspace: ws}
	for _, repo := range ws.Repositories {
		if c.sees(repo) {
			body.Repositories = append(body.Repositories, entry{repo, c.permission(repo)})
		}
	}
	s.render(w, r, http.StatusOK, "workspace", ws.Name, body)
}

func (s *Sim) repositoryPage(w http.ResponseWriter, r *http.Request) {
	ws, c, _ := s.browsed(r)
	repo, found := ws.repository(r.PathValue("repository"))
	if !found || !c.sees(repo) {
		s.notFound(w, r)
		return
	}
	s.say(w, r, http.StatusOK, repo.fullName(), message{
		Text: []string{"This repository exists in the simulator only; it has no content."}, Link: "/" + ws.Slug, Go: "Go to the workspace",
	})
}

func (s *Sim) browsed(r *http.Request) (ws workspace, c caller, found bool) {
	c.account, _ = s.signedIn(r)
	ws, found = s.world.workspace(r.PathValue("workspace"))
	return ws, c, found
}
