package bitbucketsim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"fairlead/bitbucketsim"
)

const ordersHooks = "/repositories/" + orders + "/hooks"

func hookJSON(alter map[string]any) string {
	body := map[string]any{"url": "https://fairlead.example/hooks/x", "description": "Fairlead", "active": true, "events": []string{"repo:push"}}
	for name, value := range alter {
		if body[name] = value; value == "left out" {
			delete(body, name)
		}
	}
	text, _ := json.Marshal(body)
	return string(text)
}

func TestAWebhookIsMadeReadReplacedAndDeleted(t *testing.T) {
	s := start(t)
	made := s.call(http.MethodPost, s.priya(), ordersHooks, hookJSON(map[string]any{"secret": "s3cret"}))
	wantStatus(t, made, http.StatusCreated)
	body := made.json(t)
	uuid := body["uuid"].(string)
	one := ordersHooks + "/" + url.PathEscape(uuid)
	if made.location() != s.BackendURL()+"/2.0"+one || body["secret_set"] != true || body["secret"] != nil || body["subject_type"] != "repository" || body["type"] != "webhook_subscription" {
		t.Errorf("made %v at %s", body, made.location())
	}
	for _, step := range []struct {
		secret any
		set    bool
	}{{"left out", true}, {"another", true}, {nil, false}, {"back", true}, {"", false}} {
		a := s.call(http.MethodPut, s.priya(), one, hookJSON(map[string]any{"secret": step.secret, "description": "left out"}))
		if got := a.json(t); a.status != 200 || got["secret_set"] != step.set || got["description"] != "" || got["uuid"] != uuid || got["created_at"] != body["created_at"] {
			t.Errorf("secret %v: %d %v", step.secret, a.status, got)
		}
	}
	if got := s.get(one).json(t); got["uuid"] != uuid || strings.Contains(s.get(ordersHooks).body, "s3cret") {
		t.Errorf("got %v", got)
	}
	if got := s.get(ordersHooks).json(t); got["size"] != 1.0 {
		t.Errorf("list %v", got)
	}
	wantStatus(t, s.call(http.MethodDelete, s.priya(), one, ""), http.StatusNoContent)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		wantStatus(t, s.call(method, s.priya(), one, hookJSON(nil)), 404)
	}
}

func TestMistakesInAWebhookAreNamedByField(t *testing.T) {
	s := start(t)
	for field, values := range map[string][]any{
		"url":         {"left out", "", "ftp://x.example", "https://", "/hooks", "https://x.example/" + strings.Repeat("x", 2100)},
		"events":      {"left out", []string{}, []string{"repo:push", "repo:pushed"}},
		"secret":      {strings.Repeat("s", 129), 5},
		"description": {strings.Repeat("d", 300)},
	} {
		for _, value := range values {
			inner := wantAPIError(t, s.call(http.MethodPost, s.priya(), ordersHooks, hookJSON(map[string]any{field: value})), 400, "Bad request")
			fields, _ := inner["fields"].(map[string]any)
			if len(fields) != 1 || fields[field] == nil {
				t.Errorf("%s %.40v: fields %v", field, value, fields)
			}
		}
	}
	wantStatus(t, s.call(http.MethodPost, s.priya(), ordersHooks, "{"), 400)
	wantStatus(t, s.call(http.MethodPost, s.priya(), ordersHooks, hookJSON(map[string]any{"secret": strings.Repeat("s", 128)})), 201)
}

func TestLocalAddressesAreRefusedOnlyWhenTold(t *testing.T) {
	s := start(t)
	local := []string{"http://localhost:1", "http://127.0.0.1", "https://10.1.2.3/x", "https://[::1]/", "http://fairlead", "http://a.local"}
	for _, address := range local {
		wantStatus(t, s.call(http.MethodPost, s.priya(), ordersHooks, hookJSON(map[string]any{"url": address})), 201)
	}
	s.set(bitbucketsim.Faults{RefuseLocalHooks: true})
	for _, address := range local {
		wantStatus(t, s.call(http.MethodPost, s.priya(), ordersHooks, hookJSON(map[string]any{"url": address})), 400)
	}
	wantStatus(t, s.call(http.MethodPost, s.priya(), ordersHooks, hookJSON(nil)), 201)
}

func TestWebhooksNeedAdminAndTheScopeOfEveryEvent(t *testing.T) {
	s := start(t)
	writer := accessToken(s, wes)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		wantStatus(t, s.call(method, writer, ordersHooks, hookJSON(nil)), 403)
	}
	only := accessToken(s, priya, "webhook")
	wantStatus(t, s.call(http.MethodGet, only, ordersHooks, ""), 200)
	inner := wantAPIError(t, s.call(http.MethodPost, only, ordersHooks, hookJSON(nil)), 403, "Your credentials lack one or more required privilege scopes.")
	if required := at(t, inner, "detail", "required").([]any); len(required) != 2 || required[1] != "repository" {
		t.Errorf("required %v", required)
	}
	pulls := hookJSON(map[string]any{"events": []string{"repo:push", "pullrequest:created"}})
	wantStatus(t, s.call(http.MethodPost, accessToken(s, priya, "webhook", "repository"), ordersHooks, pulls), 403)
	wantStatus(t, s.call(http.MethodPost, accessToken(s, priya, "webhook", "pullrequest"), ordersHooks, pulls), 201)
	wantStatus(t, s.call(http.MethodPost, accessToken(s, priya, "account", "repository"), ordersHooks, hookJSON(nil)), 403)
}

func TestARepositoryTakesFiftyWebhooks(t *testing.T) {
	s := start(t)
	for range 50 {
		wantStatus(t, s.call(http.MethodPost, s.priya(), ordersHooks, hookJSON(nil)), 201)
	}
	wantStatus(t, s.call(http.MethodPost, s.priya(), ordersHooks, hookJSON(nil)), 400)
	first := s.get(ordersHooks).json(t)
	if first["size"] != 50.0 || first["next"] == nil {
		t.Errorf("size %v", first["size"])
	}
}

func TestTheCatalogueOfEventsIsPublic(t *testing.T) {
	s := start(t)
	a := s.send(http.MethodGet, "/2.0/hook_events/repository?pagelen=100", nil, nil)
	if got := names(t, a, "event"); got[0] != "repo:push" || len(got) != 27 {
		t.Errorf("events %q", got)
	}
	wantStatus(t, s.send(http.MethodGet, "/2.0/hook_events/planet", nil, nil), 404)
}
