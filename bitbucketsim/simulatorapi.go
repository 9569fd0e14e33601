package bitbucketsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const simulatorAPI = "/simulator/api"

const simulatorBodyLimit = 64 << 20 // pushes in bulk

// simulatorRoutes is the Go API over HTTP, for tests in other processes. It belongs to the simulator, so it asks for no sign-in, and
// no fault touches it.
func (s *Sim) simulatorRoutes() http.Handler {
	mux := http.NewServeMux()
	const repo = simulatorAPI + "/repositories/{workspace}/{repository}"
	mux.HandleFunc("GET "+repo, simulate(func(r *http.Request, _ struct{}) (any, error) { return s.Repository(repositoryName(r)) }))
	mux.HandleFunc("DELETE "+repo, simulate(func(r *http.Request, _ struct{}) (any, error) { return done, s.DeleteRepository(repositoryName(r)) }))
	mux.HandleFunc("POST "+repo+"/push", simulate(s.simulatePush))
	mux.HandleFunc("POST "+repo+"/bulk", simulate(s.simulateBulk))
	mux.HandleFunc("POST "+repo+"/branches", simulate(func(r *http.Request, b refBody) (any, error) {
		return s.CreateBranch(repositoryName(r), b.Name, b.From)
	}))
	mux.HandleFunc("DELETE "+repo+"/branches/{name...}", simulate(func(r *http.Request, _ struct{}) (any, error) {
		return s.DeleteBranch(repositoryName(r), r.PathValue("name"))
	}))
	mux.HandleFunc("POST "+repo+"/tags", simulate(func(r *http.Request, b refBody) (any, error) {
		return s.PushMany(repositoryName(r), RefChange{Tag: b.Name, From: b.From, Message: b.Message})
	}))
	mux.HandleFunc("DELETE "+repo+"/tags/{name...}", simulate(func(r *http.Request, _ struct{}) (any, error) {
		return s.PushMany(repositoryName(r), RefChange{Tag: r.PathValue("name"), Delete: true})
	}))
	mux.HandleFunc("POST "+repo+"/rename", simulate(func(r *http.Request, b refBody) (any, error) {
		return s.RenameRepository(repositoryName(r), b.Name)
	}))
	mux.HandleFunc("POST "+repo+"/move", simulate(func(r *http.Request, b struct {
		Workspace string `json:"workspace"`
	}) (any, error) {
		return s.MoveRepository(repositoryName(r), b.Workspace)
	}))
	mux.HandleFunc("PUT "+repo+"/roles", simulate(func(r *http.Request, b struct {
		Email string `json:"email"`
		Role  string `json:"role"`
	}) (any, error) {
		return done, s.SetRole(repositoryName(r), b.Email, b.Role)
	}))
	mux.HandleFunc("POST "+simulatorAPI+"/workspaces/{workspace}/repositories", simulate(func(r *http.Request, b struct {
		Count int `json:"count"`
	}) (any, error) {
		return done, s.AddRepositories(r.PathValue("workspace"), b.Count)
	}))
	mux.HandleFunc("GET "+simulatorAPI+"/requests", simulate(func(*http.Request, struct{}) (any, error) { return s.Requests(), nil }))
	mux.HandleFunc("GET "+simulatorAPI+"/deliveries", simulate(func(*http.Request, struct{}) (any, error) { return s.Deliveries(), nil }))
	mux.HandleFunc("POST "+simulatorAPI+"/settle", simulate(func(r *http.Request, _ struct{}) (any, error) { return done, s.Settle(r.Context()) }))
	mux.HandleFunc("POST "+simulatorAPI+"/kill-connections", simulate(func(_ *http.Request, b clientBodyJSON) (any, error) {
		n, err := s.KillConnections(b.ClientID)
		return map[string]int{"killed": n}, err
	}))
	mux.HandleFunc("POST "+simulatorAPI+"/expire-access-tokens", simulate(func(_ *http.Request, b clientBodyJSON) (any, error) {
		n, err := s.ExpireAccessTokens(b.ClientID)
		return map[string]int{"expired": n}, err
	}))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "the simulator has no such API"})
	})
	return mux
}

var done = map[string]bool{"done": true}

type clientBodyJSON struct {
	ClientID string `json:"client_id"` // "" means all
}

type refBody struct {
	Name    string `json:"name"`
	From    string `json:"from"`
	Message string `json:"message"`
}

// repositoryName takes a UUID in braces in the place of the slug; the workspace then does not matter.
func repositoryName(r *http.Request) string {
	if id := r.PathValue("repository"); strings.HasPrefix(id, "{") {
		return id
	}
	return r.PathValue("workspace") + "/" + r.PathValue("repository")
}

// simulate reads a JSON body, nothing at all counts as {}, and answers in JSON: 404 for a repository that is not there, else 422.
func simulate[B any](f func(*http.Request, B) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body B
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, simulatorBodyLimit))
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&body)
		var answer any
		if err == nil || errors.Is(err, io.EOF) {
			answer, err = f(r, body)
		}
		switch {
		case errors.Is(err, errNoRepository):
			writeJSON(w, http.StatusNotFound, map[string]string{"error": err.Error()})
		case err != nil:
			writeJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": err.Error()})
		default:
			writeJSON(w, http.StatusOK, answer)
		}
	}
}

// pushBody is one push: several changes, or the fields of a single one.
type pushBody struct {
	Actor   string      `json:"actor"` // e-mail; "" means Priya
	Changes []RefChange `json:"changes"`
	RefChange
}

func (s *Sim) simulatePush(r *http.Request, b pushBody) (any, error) {
	if len(b.Changes) == 0 {
		b.Changes = []RefChange{b.RefChange}
	}
	if b.Actor == "" {
		b.Actor = priya
	}
	return s.PushAs(b.Actor, repositoryName(r), b.Changes...)
}

func (s *Sim) simulateBulk(r *http.Request, b struct {
	Branch  string `json:"branch"`
	Pushes  int    `json:"pushes"`
	Commits int    `json:"commits"` // in each push; 0 means one
}) (any, error) {
	results, err := s.PushBulk(repositoryName(r), b.Branch, b.Pushes, max(b.Commits, 1))
	if err != nil {
		return nil, err
	}
	last := PushResult{}
	if len(results) > 0 {
		last = results[len(results)-1]
	}
	return map[string]any{"pushes": len(results), "last": last}, nil
}

const bulkMost = 100_000

// PushBulk makes so many pushes, each with so many commits, each of which adds one file: migrations/00001_change.sql and so on,
// counted on from the files that are there.
func (s *Sim) PushBulk(repo, branch string, pushes, commits int) (results []PushResult, err error) {
	if pushes < 0 || commits < 1 || pushes*commits > bulkMost {
		return nil, fmt.Errorf("push in bulk: at most %d commits", bulkMost)
	}
	s.hosting.mu.Lock()
	r, err := s.hosting.named(repo)
	number := 0
	if err == nil {
		if branch == "" {
			branch = r.MainBranch
		}
		treeOf(r.branches[branch]).under("migrations/", func(string, string) { number++ })
	}
	s.hosting.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for range pushes {
		made := make([]NewCommit, commits)
		for i := range made {
			number++
			made[i] = NewCommit{
				Message: fmt.Sprintf("Change %d", number),
				Files:   map[string]string{fmt.Sprintf("migrations/%05d_change.sql", number): fmt.Sprintf("SELECT %d;\n", number)},
			}
		}
		result, err := s.Push(repo, branch, made...)
		if err != nil {
			return results, err
		}
		results = append(results, result)
	}
	return results, nil
}
