package bitbucketsim

import (
	"net/http"
	"slices"
	"strings"
)

// caller is who a token acts for: a person, or the app_user of a client_credentials token.
type caller struct {
	account     Account // zero for an app_user
	client      Client
	permissions []string
}

func (c caller) isApp() bool { return c.account.UUID == "" }

// role is the caller's role in a workspace; "" means none. An app_user belongs to the workspace that owns its client (documented
// for personal workspaces, assumed for the others).
func (c caller) role(ws workspace) string {
	if c.isApp() {
		if ws.Slug == c.client.Workspace {
			return "member"
		}
		return ""
	}
	return ws.Roles[c.account.Email]
}

// permission is the caller's permission on a repository; "" means none of its own.
func (c caller) permission(repo repository) string {
	if c.isApp() {
		if repo.Workspace == c.client.Workspace {
			return "write"
		}
		return ""
	}
	return repo.Permissions[c.account.Email]
}

// apiError is an error answer of the API.
type apiError struct {
	status  int
	message string
	detail  any // a text or an object, left out when nil
	data    any
	fields  any // mistakes by field, left out when nil
}

func (e *apiError) Error() string { return e.message }

// apiErrorBody is the documented shape of every API error.
func apiErrorBody(message string, detail, data any) map[string]any {
	inner := map[string]any{"message": message}
	if detail != nil {
		inner["detail"] = detail
	}
	if data != nil {
		inner["data"] = data
	}
	return map[string]any{"type": "error", "error": inner}
}

func (e *apiError) write(w http.ResponseWriter) {
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="api.bitbucket.org"`)
	}
	body := apiErrorBody(e.message, e.detail, e.data)
	if e.fields != nil {
		body["error"].(map[string]any)["fields"] = e.fields
	}
	writeJSON(w, e.status, body)
}

func notFoundError(message string) *apiError {
	return &apiError{status: http.StatusNotFound, message: message}
}

// noAccess is for a missing repository and for one that the caller may not see: Bitbucket does not tell them apart (documented).
func noAccess() *apiError {
	return notFoundError("You may not have access to this repository or it no longer exists in this workspace. If you think this repository exists and you have access, make sure you are authenticated.")
}

func noWorkspace(id string) *apiError {
	return notFoundError("No workspace with identifier '" + cut(id, 80) + "'.")
}

// apiCall returns the body of a 200, or a func(http.ResponseWriter) that answers by itself.
type apiCall func(caller, *http.Request) (any, *apiError)

// apiRoutes names for each endpoint the scopes that its OpenAPI description asks for.
func (s *Sim) apiRoutes() http.Handler {
	mux := http.NewServeMux()
	on := func(method, path string, call apiCall, scopes ...string) {
		mux.HandleFunc(method+" /2.0"+path, s.api(call, scopes))
	}
	get := func(path string, call apiCall, scopes ...string) { on(http.MethodGet, path, call, scopes...) }
	get("/user", s.apiUser, "account")
	get("/user/workspaces", s.apiWorkspaces, "account")
	get("/user/workspaces/{workspace}/permission", s.apiWorkspacePermission, "account")
	get("/user/workspaces/{workspace}/permissions/repositories", s.apiRepositoryPermissions, "account", "repository")
	get("/workspaces/{workspace}", s.apiWorkspace)
	get("/repositories/{workspace}", s.apiRepositories, "repository")
	const repo = "/repositories/{workspace}/{repository}"
	get(repo, s.apiRepository, "repository")
	get(repo+"/refs", s.apiRefs, "repository")
	get(repo+"/refs/branches", s.apiBranches, "repository")
	get(repo+"/refs/branches/{name...}", s.apiBranch, "repository")
	get(repo+"/refs/tags", s.apiTags, "repository")
	get(repo+"/refs/tags/{name...}", s.apiTag, "repository")
	get(repo+"/commit/{commit}", s.apiCommit, "repository")
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		on(method, repo+"/commits", s.apiCommits, "repository")
		on(method, repo+"/commits/{revision...}", s.apiCommits, "repository")
	}
	get(repo+"/diffstat/{spec...}", s.apiDiffstat, "repository")
	get(repo+"/src", s.apiSource, "repository")
	get(repo+"/src/{commit}", func(_ caller, r *http.Request) (any, *apiError) { return nil, s.noCommit(r.PathValue("commit")) }, "repository") // the root needs its slash
	get(repo+"/src/{commit}/{path...}", s.apiFile, "repository")
	get(repo+"/hooks", s.apiHooks, "webhook")
	on(http.MethodPost, repo+"/hooks", s.apiCreateHook, "webhook")
	get(repo+"/hooks/{uid}", s.apiHook, "webhook")
	on(http.MethodPut, repo+"/hooks/{uid}", s.apiReplaceHook, "webhook")
	on(http.MethodDelete, repo+"/hooks/{uid}", s.apiDeleteHook, "webhook")
	mux.HandleFunc("GET /2.0/hook_events/{subject}", hookCatalogue)
	for _, path := range []string{"/workspaces", "/repositories", "/user/permissions/workspaces", "/user/permissions/repositories"} {
		mux.HandleFunc("/2.0"+path, removedEndpoint)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { notFoundError("Resource not found").write(w) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "//") { // observed when a slug is empty; ServeMux would redirect to the clean path
			(&apiError{http.StatusNotFound, "Resource not found", "There is no API hosted at this URL.\n\nFor information about our API's, please refer to the documentation at: https://developer.atlassian.com/bitbucket/api/2/reference/", nil, nil}).write(w)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// removedEndpoint is the answer (observed) of the endpoints that CHANGE-2770 removed on 14 April 2026. One report of August 2026
// saw 404 for /user/permissions/repositories instead.
func removedEndpoint(w http.ResponseWriter, _ *http.Request) {
	(&apiError{
		http.StatusGone, "CHANGE-2770 - Functionality has been deprecated", "Please read the changelog entry for more details.",
		map[string]string{"announcement_url": "https://developer.atlassian.com/cloud/bitbucket/changelog#CHANGE-2770"}, nil,
	}).write(w)
}

// api checks the token, then its scopes, then calls.
func (s *Sim) api(call apiCall, scopes []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, refused := s.caller(r)
		if refused == nil {
			refused = s.limits.count(w, r, c, s.clock(), s.Faults())
		}
		if refused == nil {
			refused = s.lacks(c, scopes)
		}
		if refused != nil {
			refused.write(w)
			return
		}
		answer, refused := call(c, r)
		if refused != nil {
			refused.write(w)
			return
		}
		if write, ok := answer.(func(http.ResponseWriter)); ok {
			write(w)
			return
		}
		writeJSON(w, http.StatusOK, answer)
	}
}

// caller reads the token from the Authorization header only (documented since May 2026: neither query nor body).
func (s *Sim) caller(r *http.Request) (c caller, refused *apiError) {
	authorization := r.Header.Get("Authorization")
	_, value, _ := strings.Cut(authorization, " ")
	refused = &apiError{status: http.StatusUnauthorized, message: "Token is invalid, expired, or not supported for this endpoint."}
	if !isBearer(authorization) || value == "" {
		return c, refused
	}
	now := s.clock()
	s.look(func(st *state) {
		token, found := st.Access[digest(value)]
		if !found {
			return
		}
		if !now.Before(token.Expires) {
			refused.message = tokenExpired
			return
		}
		c.client, _ = st.client(token.ClientID)
		c.account, _ = s.world.account(token.Account)
		c.permissions = token.Permissions
		refused = nil
	})
	return c, refused
}

// lacks is the 403 that says what is missing (observed: detail is an object although the OpenAPI description says string).
func (s *Sim) lacks(c caller, scopes []string) *apiError {
	granted := withImplied(c.permissions)
	if !slices.ContainsFunc(scopes, func(scope string) bool { return !slices.Contains(granted, scope) }) {
		return nil
	}
	f := s.Faults()
	return &apiError{
		status: http.StatusForbidden, message: "Your credentials lack one or more required privilege scopes.",
		detail: map[string][]string{"required": f.requiredNames(scopes), "granted": append([]string{}, f.scopeNames(c.permissions)...)},
	}
}

// requiredNames says an endpoint's scopes in the family that tokens report: reading needs read only.
func (f Faults) requiredNames(scopes []string) []string {
	if !f.GranularScopes {
		return scopes
	}
	return slices.DeleteFunc(granularNames(scopes), func(name string) bool { return !strings.HasPrefix(name, "read:") })
}
