package bitbucketsim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
)

// adminInPath: only administrators of the repository may see and change its webhooks (documented: 403). The words are assumed.
func (s *Sim) adminInPath(c caller, r *http.Request) (repository, *apiError) {
	_, repo, refused := s.repositoryInPath(c, r)
	if refused == nil && c.permission(repo) != "admin" {
		refused = &apiError{status: http.StatusForbidden, message: "Access denied. You must have admin access."}
	}
	return repo, refused
}

func (s *Sim) apiHooks(c caller, r *http.Request) (any, *apiError) {
	repo, refused := s.adminInPath(c, r)
	if refused != nil {
		return nil, refused
	}
	return pagedOf(r, repo.hooks, func(h hook) any { return s.hookObject(r, repo, h) })
}

// hookObject never has the secret in it (documented).
func (s *Sim) hookObject(r *http.Request, repo repository, h hook) object {
	to := s.addressesOf(r)
	return object{
		"type": "webhook_subscription", "uuid": h.UUID, "url": h.URL, "description": h.Description, "active": h.Active, "events": h.Events,
		"created_at": timestamp(h.CreatedAt), "subject_type": "repository", "subject": s.shortRepository(to, repo), "secret_set": h.Secret != "",
		"links": object{"self": link(to.repository(repo) + "/hooks/" + url.PathEscape(h.UUID))},
	}
}

// hookIndex takes the UUID with or without braces; without is assumed.
func hookIndex(hooks []hook, uid string) int {
	return slices.IndexFunc(hooks, func(h hook) bool { return h.UUID == uid || bare(h.UUID) == uid })
}

func noHook(uid string) *apiError {
	return notFoundError("Webhook not found: " + cut(uid, 80)) // the words are assumed
}

func (s *Sim) apiHook(c caller, r *http.Request) (any, *apiError) {
	repo, refused := s.adminInPath(c, r)
	if refused != nil {
		return nil, refused
	}
	i := hookIndex(repo.hooks, r.PathValue("uid"))
	if i < 0 {
		return nil, noHook(r.PathValue("uid"))
	}
	return s.hookObject(r, repo, repo.hooks[i]), nil
}

// hookBody tells a secret that is null or empty (removed) from one that is left out (kept).
type hookBody struct {
	URL         *string         `json:"url"`
	Description *string         `json:"description"`
	Active      *bool           `json:"active"`
	Events      []string        `json:"events"`
	Secret      json.RawMessage `json:"secret"`
}

// readHook reads the body over an existing webhook, or over an empty one. What is left out becomes its default, except the secret:
// PUT replaces. That active then means true is assumed.
func (s *Sim) readHook(c caller, r *http.Request, h hook) (hook, *apiError) {
	var body hookBody
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return h, &apiError{status: http.StatusBadRequest, message: "Invalid JSON payload"} // the words are assumed
	}
	h.URL, h.Description, h.Active, h.Events = "", "", true, body.Events
	if body.URL != nil {
		h.URL = *body.URL
	}
	if body.Description != nil {
		h.Description = *body.Description
	}
	if body.Active != nil {
		h.Active = *body.Active
	}
	problems := fieldProblems{}
	if len(body.Secret) > 0 {
		var secret *string
		if json.Unmarshal(body.Secret, &secret) != nil {
			problems.add("secret", "Enter a text.")
		}
		h.Secret = ""
		if secret != nil {
			h.Secret = *secret
		}
	}
	for field, texts := range h.check(s.Faults().RefuseLocalHooks) {
		problems[field] = append(problems[field], texts...)
	}
	if len(problems) > 0 {
		return h, &apiError{status: http.StatusBadRequest, message: "Bad request", fields: problems}
	}
	return h, s.lacks(c, hookScopes(h.Events))
}

// hookScopes: creating needs webhook and the scope of each event (documented); changing is assumed to need the same.
func hookScopes(events []string) []string {
	scopes := []string{"webhook"}
	for _, e := range hookEvents() {
		if slices.Contains(events, e.event) && !slices.Contains(scopes, e.scope()) {
			scopes = append(scopes, e.scope())
		}
	}
	return scopes
}

func (s *Sim) apiCreateHook(c caller, r *http.Request) (any, *apiError) {
	repo, refused := s.adminInPath(c, r)
	if refused != nil {
		return nil, refused
	}
	h, refused := s.readHook(c, r, hook{CreatedAt: s.clock().UTC()})
	if refused != nil {
		return nil, refused
	}
	uuid, err := s.newUUID()
	if err != nil {
		return nil, failed(err)
	}
	h.UUID = uuid
	repo, refused = s.alterHooks(repo, func(hooks []hook) ([]hook, *apiError) {
		if len(hooks) >= hooksMost {
			return nil, &apiError{status: http.StatusBadRequest, message: "Webhook limit reached"} // status and words are assumed
		}
		return append(slices.Clone(hooks), h), nil
	})
	if refused != nil {
		return nil, refused
	}
	body := s.hookObject(r, repo, h)
	return func(w http.ResponseWriter) {
		w.Header().Set("Location", s.addressesOf(r).repository(repo)+"/hooks/"+url.PathEscape(uuid))
		writeJSON(w, http.StatusCreated, body)
	}, nil
}

func (s *Sim) apiReplaceHook(c caller, r *http.Request) (any, *apiError) {
	repo, refused := s.adminInPath(c, r)
	if refused != nil {
		return nil, refused
	}
	uid := r.PathValue("uid")
	i := hookIndex(repo.hooks, uid)
	if i < 0 {
		return nil, noHook(uid)
	}
	h, refused := s.readHook(c, r, repo.hooks[i])
	if refused != nil {
		return nil, refused
	}
	repo, refused = s.alterHooks(repo, func(hooks []hook) ([]hook, *apiError) {
		i := hookIndex(hooks, uid)
		if i < 0 {
			return nil, noHook(uid)
		}
		hooks = slices.Clone(hooks)
		hooks[i] = h
		return hooks, nil
	})
	if refused != nil {
		return nil, refused
	}
	return s.hookObject(r, repo, h), nil
}

func (s *Sim) apiDeleteHook(c caller, r *http.Request) (any, *apiError) {
	repo, refused := s.adminInPath(c, r)
	if refused != nil {
		return nil, refused
	}
	uid := r.PathValue("uid")
	_, refused = s.alterHooks(repo, func(hooks []hook) ([]hook, *apiError) {
		i := hookIndex(hooks, uid)
		if i < 0 {
			return nil, noHook(uid)
		}
		return slices.Delete(slices.Clone(hooks), i, i+1), nil
	})
	if refused != nil {
		return nil, refused
	}
	return func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }, nil
}

// alterHooks is stored before it is answered: whoever was told of a webhook finds it after a kill.
func (s *Sim) alterHooks(repo repository, f func([]hook) ([]hook, *apiError)) (repository, *apiError) {
	var refused *apiError
	altered, err := s.alter(repo.UUID, func(r *repository) error {
		var hooks []hook
		if hooks, refused = f(r.hooks); refused != nil {
			return refused
		}
		r.hooks = hooks
		return nil
	})
	if err == nil {
		err = s.keepNow()
	}
	if refused != nil {
		return altered, refused
	}
	if err != nil {
		return altered, failed(err)
	}
	return altered, nil
}

// failed is for what cannot happen in a healthy simulator: a full disk, for example.
func failed(err error) *apiError {
	return &apiError{status: http.StatusInternalServerError, message: "The simulator failed: " + err.Error()}
}

// hookCatalogue is public: it asks for no token (documented).
func hookCatalogue(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("subject") != "repository" {
		notFoundError("Invalid subject type").write(w)
		return
	}
	answer, refused := pagedBy(r, hookEvents(), 30, pageLengthMost, func(e hookEvent) any {
		return object{"event": e.event, "category": e.category, "label": e.label, "description": e.description}
	})
	if refused != nil {
		refused.write(w)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}
