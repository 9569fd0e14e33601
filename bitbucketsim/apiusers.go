package bitbucketsim

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

type object = map[string]any

func link(href string) object { return object{"href": href} }

// accountID has the shape of an Atlassian account id.
func accountID(uuid string) string {
	sum := sha256.Sum256([]byte(uuid))
	return "712020:" + hex.EncodeToString(sum[:4]) + "-" + hex.EncodeToString(sum[4:6]) + "-" + hex.EncodeToString(sum[6:12])
}

// userObject: app_user has the client's name and no nickname (observed: clients that expect a user fail on it).
func (s *Sim) userObject(c caller, r *http.Request) object {
	uuid, name := c.account.UUID, c.account.Name
	if c.isApp() {
		uuid, name = uuidOf("app "+c.client.ID), c.client.Name
	}
	user := object{
		"type": "user", "uuid": uuid, "account_id": accountID(uuid), "display_name": name, "account_status": "active",
		"links": object{"self": link(baseURL(r) + "/2.0/users/" + uuid), "html": link(s.webBase(r) + "/")},
	}
	if c.isApp() || s.Faults().AppUser {
		user["type"] = "app_user"
		user["kind"] = "oauth_consumer"
		return user
	}
	user["nickname"] = c.account.Nickname
	return user
}

// webBase is where pages for people are: the web listener, or this very server when there is none.
func (s *Sim) webBase(r *http.Request) string {
	if web := s.WebURL(); web != "" {
		return web
	}
	return baseURL(r)
}

func (s *Sim) apiUser(c caller, r *http.Request) (any, *apiError) {
	return s.userObject(c, r), nil
}

// workspaceBase has no name: only GET /2.0/workspaces/{workspace} tells it (documented).
func workspaceBase(ws workspace, r *http.Request) object {
	return object{
		"type": "workspace_base", "uuid": ws.UUID, "slug": ws.Slug,
		"links": object{"self": link(baseURL(r) + "/2.0/workspaces/" + ws.Slug), "avatar": link(baseURL(r) + "/workspaces/" + ws.Slug + "/avatar/")},
	}
}

func (s *Sim) apiWorkspaces(c caller, r *http.Request) (any, *apiError) {
	only := r.URL.Query().Get("administrator")
	if only != "" && only != "true" && only != "false" {
		return nil, &apiError{status: http.StatusBadRequest, message: "Invalid administrator"}
	}
	var mine []workspace
	for _, ws := range s.world.workspaces {
		role := c.role(ws)
		if role != "" && (only == "" || (only == "true") == (role == "owner")) {
			mine = append(mine, ws)
		}
	}
	bySlug := func(a, b workspace) int { return strings.Compare(a.Slug, b.Slug) }
	switch r.URL.Query().Get("sort") {
	case "", "slug":
		slices.SortFunc(mine, bySlug)
	case "-slug":
		slices.SortFunc(mine, func(a, b workspace) int { return bySlug(b, a) })
	default:
		return nil, &apiError{status: http.StatusBadRequest, message: "Invalid sort"}
	}
	return pagedOf(r, mine, func(ws workspace) any {
		return object{"type": "workspace_access", "administrator": c.role(ws) == "owner", "workspace": workspaceBase(ws, r)}
	})
}

// workspaceOf finds the workspace in the path, if the caller belongs to it; documented is a 403 otherwise.
func (s *Sim) workspaceOf(c caller, r *http.Request) (workspace, *apiError) {
	ws, found := s.world.workspace(r.PathValue("workspace"))
	if !found || c.role(ws) == "" {
		return workspace{}, &apiError{status: http.StatusForbidden, message: "You do not have access to this workspace."}
	}
	return ws, nil
}

func (s *Sim) apiWorkspacePermission(c caller, r *http.Request) (any, *apiError) {
	ws, refused := s.workspaceOf(c, r)
	if refused != nil {
		return nil, refused
	}
	return object{
		"type": "workspace_membership", "permission": c.role(ws), "user": s.userObject(c, r), "workspace": workspaceBase(ws, r),
	}, nil
}

func (s *Sim) apiWorkspace(c caller, r *http.Request) (any, *apiError) {
	id := r.PathValue("workspace")
	ws, found := s.world.workspace(id)
	if !found || c.role(ws) == "" {
		return nil, noWorkspace(id)
	}
	full := workspaceBase(ws, r)
	full["type"], full["name"], full["is_private"] = "workspace", ws.Name, true
	return full, nil
}
