package bitbucketsim_test

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

// token is an access token of this person for a client with these permissions.
func accessToken(s *site, email string, permissions ...string) string {
	s.t.Helper()
	c := s.client("Client for "+email+strings.Join(permissions, " "), func(c *bitbucketsim.Client) {
		if len(permissions) > 0 {
			c.Permissions = permissions
		}
	})
	access, _ := s.tokens(email, c)
	return access
}

func wantAPIError(t *testing.T, a answer, status int, message string) map[string]any {
	t.Helper()
	body := a.json(t)
	inner, _ := body["error"].(map[string]any)
	if a.status != status || body["type"] != "error" || inner["message"] != message {
		t.Errorf("got %d %s\nwant %d %q", a.status, a.body, status, message)
	}
	return inner
}

// names reads one field of every value of a page.
func names(t *testing.T, a answer, path ...string) []string {
	t.Helper()
	wantStatus(t, a, http.StatusOK)
	list := []string{}
	values, ok := a.json(t)["values"].([]any)
	if !ok {
		t.Fatalf("no values in %s", a.body)
	}
	for _, value := range values {
		for _, key := range path {
			value = value.(map[string]any)[key]
		}
		text, _ := value.(string)
		list = append(list, text)
	}
	return list
}

func TestUserSaysWhoTheTokenActsFor(t *testing.T) {
	s := start(t)
	access := accessToken(s, priya)
	user := s.api(access, "/user").json(t)
	account := bitbucketsim.Accounts()[0]
	if user["type"] != "user" || user["uuid"] != account.UUID || user["display_name"] != "Priya Raman" || user["nickname"] != "priya" || user["account_id"] == "" {
		t.Errorf("user %v", user)
	}
	if !strings.HasPrefix(account.UUID, "{") || !strings.HasSuffix(account.UUID, "}") || len(account.UUID) != 38 {
		t.Errorf("uuid %q", account.UUID)
	}
	s.set(bitbucketsim.Faults{AppUser: true})
	if user := s.api(access, "/user").json(t); user["type"] != "app_user" || user["uuid"] != account.UUID {
		t.Errorf("user %v", user)
	}
}

func TestATokenIsTakenFromTheAuthorizationHeaderOnly(t *testing.T) {
	s := start(t)
	access := accessToken(s, priya)
	const refused = "Token is invalid, expired, or not supported for this endpoint."
	wantAPIError(t, s.send(http.MethodGet, "/2.0/user?access_token="+url.QueryEscape(access), nil, nil), 401, refused)
	wantAPIError(t, s.send(http.MethodGet, "/2.0/user", nil, func(r *http.Request) { r.SetBasicAuth("x-token-auth", access) }), 401, refused)
	wantAPIError(t, s.api("wrong", "/user"), 401, refused)
}

func TestAnExpiredTokenIsToldApartFromAWrongOne(t *testing.T) {
	s := start(t)
	access := accessToken(s, priya)
	s.clock.forward(2*time.Hour - time.Second)
	wantStatus(t, s.api(access, "/user"), 200)
	s.clock.forward(time.Second)
	wantAPIError(t, s.api(access, "/user"), 401, "Access token expired. Use your refresh token to obtain a new access token.")
}

func TestEachEndpointNeedsItsScopes(t *testing.T) {
	s := start(t)
	for _, test := range []struct {
		path     string
		required []string
	}{
		{"/user", []string{"account"}},
		{"/user/workspaces", []string{"account"}},
		{"/user/workspaces/acme-data/permission", []string{"account"}},
		{"/user/workspaces/acme-data/permissions/repositories", []string{"account", "repository"}},
		{"/workspaces/acme-data", nil},
		{"/repositories/acme-data", []string{"repository"}},
		{"/repositories/acme-data/orders-db", []string{"repository"}},
		{"/repositories/acme-data/orders-db/hooks", []string{"webhook"}},
	} {
		if test.required != nil {
			detail := wantAPIError(t, s.api(accessToken(s, priya, "email", "repository:admin", "snippet:write", "project"), test.path), 403,
				"Your credentials lack one or more required privilege scopes.")["detail"]
			granted := []any{"email", "project", "repository:admin", "snippet:write"}
			if got, ok := detail.(map[string]any); !ok || !reflect.DeepEqual(got["granted"], granted) || len(got["required"].([]any)) != len(test.required) {
				t.Errorf("%s: detail %v, want required %v", test.path, detail, test.required)
			}
			s = start(t)
		}
		permissions := append([]string{"email"}, test.required...)
		wantStatus(t, s.api(accessToken(s, priya, permissions...), test.path), 200)
	}
}

func TestPermissionsImplyWhatBitbucketDocuments(t *testing.T) {
	s := start(t)
	for permission, want := range map[string]int{
		"repository": 200, "repository:write": 200, "pullrequest": 200, "pullrequest:write": 200, "repository:admin": 403, "repository:delete": 403, "webhook": 403,
	} {
		if a := s.api(accessToken(s, priya, permission), "/repositories/acme-data"); a.status != want {
			t.Errorf("%s: %d, want %d", permission, a.status, want)
		}
	}
	wantStatus(t, s.api(accessToken(s, priya, "account:write"), "/user"), 200)
}

func TestMissingScopesAreNamedInTheFamilyOfTheToken(t *testing.T) {
	s := start(t)
	s.set(bitbucketsim.Faults{GranularScopes: true})
	detail := wantAPIError(t, s.api(accessToken(s, priya, "account"), "/repositories/acme-data/orders-db/hooks"), 403,
		"Your credentials lack one or more required privilege scopes.")["detail"].(map[string]any)
	if !reflect.DeepEqual(detail["required"], []any{"read:webhook:bitbucket"}) || !reflect.DeepEqual(detail["granted"], []any{"read:user:bitbucket", "read:workspace:bitbucket"}) {
		t.Errorf("detail %v", detail)
	}
}

func TestWorkspacesAreListedWithTheirAdministratorFlagAndWithoutName(t *testing.T) {
	s := start(t)
	access := accessToken(s, priya)
	a := s.api(access, "/user/workspaces")
	if got := names(t, a, "workspace", "slug"); !slices.Equal(got, []string{"acme-data", "acme-web", "priya-raman"}) {
		t.Errorf("workspaces %q", got)
	}
	first := a.json(t)["values"].([]any)[0].(map[string]any)
	inner := first["workspace"].(map[string]any)
	if first["type"] != "workspace_access" || first["administrator"] != true || inner["type"] != "workspace_base" || inner["name"] != nil || inner["links"] == nil {
		t.Errorf("first %v", first)
	}
	if got := names(t, s.api(access, "/user/workspaces?administrator=false"), "workspace", "slug"); !slices.Equal(got, []string{"acme-web"}) {
		t.Errorf("not administrator of %q", got)
	}
	if got := names(t, s.api(access, "/user/workspaces?administrator=true&sort=-slug"), "workspace", "slug"); !slices.Equal(got, []string{"priya-raman", "acme-data"}) {
		t.Errorf("administrator of %q", got)
	}
	if got := names(t, s.api(accessToken(s, nora), "/user/workspaces"), "workspace", "slug"); len(got) != 0 {
		t.Errorf("Nora has %q", got)
	}
}

func TestAWorkspaceTellsItsNameToItsMembersBySlugOrUUID(t *testing.T) {
	s := start(t)
	access := accessToken(s, wes)
	workspace := s.api(access, "/workspaces/acme-data").json(t)
	if workspace["name"] != "Acme Data" || workspace["type"] != "workspace" {
		t.Errorf("workspace %v", workspace)
	}
	uuid := workspace["uuid"].(string)
	if got := s.api(access, "/workspaces/"+url.PathEscape(uuid)).json(t)["slug"]; got != "acme-data" {
		t.Errorf("by uuid %v", got)
	}
	wantAPIError(t, s.api(access, "/workspaces/acme-web"), 404, "No workspace with identifier 'acme-web'.")
	if got := s.api(access, "/user/workspaces/acme-data/permission").json(t); got["permission"] != "member" || got["type"] != "workspace_membership" {
		t.Errorf("permission %v", got)
	}
	if got := s.api(accessToken(s, priya), "/user/workspaces/acme-data/permission").json(t)["permission"]; got != "owner" {
		t.Errorf("permission %v", got)
	}
	wantStatus(t, s.api(access, "/user/workspaces/acme-web/permission"), 403)
	wantStatus(t, s.api(access, "/user/workspaces/acme-web/permissions/repositories"), 403)
}

func TestRepositoryPermissionsArePagedByFollowingNext(t *testing.T) {
	s := start(t)
	access := accessToken(s, priya)
	path := "/user/workspaces/acme-data/permissions/repositories?q=" + url.QueryEscape(`permission="admin"`)
	first := s.api(access, path)
	body := first.json(t)
	if body["size"] != 14.0 || body["pagelen"] != 10.0 || body["page"] != 1.0 || body["previous"] != nil {
		t.Errorf("first page %v %v %v %v", body["size"], body["pagelen"], body["page"], body["previous"])
	}
	next, _ := body["next"].(string)
	if !strings.HasPrefix(next, s.BackendURL()+"/2.0/user/workspaces/acme-data/") {
		t.Fatalf("next %q is not on %s", next, s.BackendURL())
	}
	second := s.api(access, strings.TrimPrefix(next, s.BackendURL()+"/2.0"))
	all := append(names(t, first, "repository", "full_name"), names(t, second, "repository", "full_name")...)
	if len(all) != 14 || all[0] != "acme-data/orders-db" || second.json(t)["next"] != nil || second.json(t)["previous"] == nil {
		t.Errorf("all %q", all)
	}
	if got := names(t, s.api(access, path+"&pagelen=100"), "permission"); len(got) != 14 || got[0] != "admin" {
		t.Errorf("one page %q", got)
	}
	wantAPIError(t, s.api(access, path+"&pagelen=101"), 400, "Invalid pagelen")
	wantAPIError(t, s.api(access, path+"&page=0"), 400, "Invalid page")
	wantAPIError(t, s.api(access, path+"&page=9"), 404, "Invalid page")
}

func TestRepositoryPermissionsCanBeFiltered(t *testing.T) {
	s := start(t)
	for _, test := range []struct {
		email, workspace, q string
		want                []string
	}{
		{priya, "acme-web", `permission="admin"`, []string{"storefront"}},
		{priya, "acme-web", `permission>"read"`, []string{"storefront", "checkout"}},
		{priya, "acme-web", ``, []string{"storefront", "checkout", "design-system"}},
		{priya, "acme-data", `permission="admin" AND repository.name~"ORD"`, []string{"orders-db"}},
		{priya, "acme-data", `repository.full_name="acme-data/pricing-db"`, []string{"pricing-db"}},
		{priya, "acme-data", `repository.name~"a and b"`, []string{}},
		{priya, "acme-data", `repository.name~"\"\\"`, []string{}},
		{priya, "acme-data", `repository.name="orders\-db"`, []string{"orders-db"}},
		{wes, "acme-data", `permission="admin"`, []string{}},
		{wes, "acme-data", `permission!="admin"`, []string{"orders-db", "billing-db", "customers-db", "inventory-db", "shipping-db"}},
	} {
		s := start(t)
		a := s.api(accessToken(s, test.email), "/user/workspaces/"+test.workspace+"/permissions/repositories?q="+url.QueryEscape(test.q))
		if got := names(t, a, "repository", "name"); !slices.Equal(got, test.want) {
			t.Errorf("%s %s %s: %q, want %q", test.email, test.workspace, test.q, got, test.want)
		}
	}
	access := accessToken(s, priya)
	for _, q := range []string{`permission=admin`, `repository.name~"""`, `repository.name~"\"`, `repository.name="a" repository.name="b"`, `color="red"`, `permission="admin" OR permission="write"`} {
		wantStatus(t, s.api(access, "/user/workspaces/acme-data/permissions/repositories?q="+url.QueryEscape(q)), 400)
	}
}

func TestRepositoriesFollowRoleAndVisibility(t *testing.T) {
	s := start(t)
	tokens := map[string]string{priya: accessToken(s, priya), wes: accessToken(s, wes), nora: accessToken(s, nora)}
	for _, test := range []struct {
		email, path string
		size        float64
	}{
		{priya, "/repositories/acme-data", 14},
		{priya, "/repositories/acme-data?role=owner", 14},
		{priya, "/repositories/acme-web?role=owner", 0},
		{priya, "/repositories/acme-web?role=admin", 1},
		{priya, "/repositories/acme-web?role=contributor", 2},
		{priya, "/repositories/acme-web?role=member", 3},
		{wes, "/repositories/acme-data", 5},
		{wes, "/repositories/acme-data?role=admin", 0},
		{nora, "/repositories/acme-data", 0},
		{nora, "/repositories/acme-web", 1},
		{nora, "/repositories/acme-web?role=member", 0},
		{priya, "/repositories/acme-data?q=" + url.QueryEscape(`name~"billing"`), 1},
	} {
		if got := s.api(tokens[test.email], test.path).json(t)["size"]; got != test.size {
			t.Errorf("%s %s: %v, want %v", test.email, test.path, got, test.size)
		}
	}
	wantAPIError(t, s.api(tokens[priya], "/repositories/acme-data?role=boss"), 400, "Invalid role")
	wantAPIError(t, s.api(tokens[priya], "/repositories/acme-data?sort=color"), 400, "Invalid sort")
	wantAPIError(t, s.api(tokens[priya], "/repositories/nowhere"), 404, "No workspace with identifier 'nowhere'.")
	if got := names(t, s.api(tokens[priya], "/repositories/acme-data?sort=-updated_on"), "slug"); got[0] != "schema-tools" {
		t.Errorf("newest first: %q", got)
	}
}

func TestARepositoryIsTheSameByUUIDAndMissingOnesLookLikeForbiddenOnes(t *testing.T) {
	s := start(t)
	access := accessToken(s, wes)
	repo := s.api(access, "/repositories/acme-data/orders-db").json(t)
	links := repo["links"].(map[string]any)["html"].(map[string]any)["href"]
	if repo["full_name"] != "acme-data/orders-db" || repo["is_private"] != true || links != s.WebURL()+"/acme-data/orders-db" {
		t.Errorf("repository %v", repo)
	}
	workspace := repo["workspace"].(map[string]any)["uuid"].(string)
	path := "/repositories/" + url.PathEscape(workspace) + "/" + url.PathEscape(repo["uuid"].(string))
	anywhere := "/repositories/%7B%7D/" + url.PathEscape(repo["uuid"].(string))
	for _, path := range []string{path, anywhere} {
		if got := s.api(access, path).json(t)["uuid"]; got != repo["uuid"] {
			t.Errorf("by uuid %v", got)
		}
	}
	if _, err := s.MoveRepository(repo["uuid"].(string), "acme-web"); err != nil {
		t.Fatal(err)
	}
	if got := s.api(access, anywhere).json(t)["uuid"]; got != repo["uuid"] {
		t.Errorf("after a move %v", got)
	}
	missing, forbidden := s.api(access, "/repositories/acme-data/nothing"), s.api(access, "/repositories/acme-data/schema-tools")
	if missing.status != 404 || forbidden.status != 404 || missing.body != forbidden.body {
		t.Errorf("missing %d %s, forbidden %d %s", missing.status, missing.body, forbidden.status, forbidden.body)
	}
}

func TestHooksAreForAdminsOfTheRepository(t *testing.T) {
	s := start(t)
	access := accessToken(s, priya)
	if got := s.api(access, "/repositories/acme-data/orders-db/hooks").json(t); got["size"] != 0.0 || got["next"] != nil {
		t.Errorf("hooks %v", got)
	}
	wantText(t, s.api(access, "/repositories/acme-data/orders-db/hooks"), `"values":[]`)
	wantAPIError(t, s.api(access, "/repositories/acme-web/checkout/hooks"), 403, "Access denied. You must have admin access.")
	wantStatus(t, s.api(accessToken(s, wes), "/repositories/acme-data/orders-db/hooks"), 403)
	wantStatus(t, s.api(accessToken(s, nora), "/repositories/acme-data/orders-db/hooks"), 404)
	wantStatus(t, s.api(access, "/repositories/acme-data/nothing/hooks"), 404)
}

func TestRemovedEndpointsAreGone(t *testing.T) {
	s := start(t)
	access := accessToken(s, priya)
	for _, path := range []string{"/workspaces", "/user/permissions/workspaces", "/user/permissions/repositories", "/repositories"} {
		inner := wantAPIError(t, s.api(access, path), 410, "CHANGE-2770 - Functionality has been deprecated")
		if data, _ := inner["data"].(map[string]any); data["announcement_url"] != "https://developer.atlassian.com/cloud/bitbucket/changelog#CHANGE-2770" {
			t.Errorf("%s: data %v", path, inner["data"])
		}
	}
}

func TestUnknownPathsAreNotRedirected(t *testing.T) {
	s := start(t)
	access := accessToken(s, priya)
	wantAPIError(t, s.api(access, "/nothing"), 404, "Resource not found")
	inner := wantAPIError(t, s.api(access, "/repositories//orders-db"), 404, "Resource not found")
	if detail, _ := inner["detail"].(string); !strings.HasPrefix(detail, "There is no API hosted at this URL.") {
		t.Errorf("detail %v", inner["detail"])
	}
}
