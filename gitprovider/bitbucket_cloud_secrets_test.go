package gitprovider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"fairlead"
	"fairlead/gitprovider"
)

// callsOf makes every call of a connection at a server of the test's own.
func callsOf(t *testing.T, server *httptest.Server) map[string]func() error {
	t.Helper()
	host := hostAt(server)
	l := &linked{Linker: host, t: t, access: fairlead.NewSecret(plantedToken), id: "acme-data/orders-db"}
	calls := l.everyCall()
	tokens := fairlead.Tokens{Access: l.access, Refresh: fairlead.NewSecret(plantedRefresh)}
	calls["connect"] = func() error {
		_, _, err := host.Connect(t.Context(), app(), fairlead.NewSecret(plantedCode), fairlead.NewSecret(plantedVerifier))
		return err
	}
	calls["refresh"] = func() error { _, err := host.Refresh(t.Context(), app(), tokens); return err }
	hook := gitprovider.WebhookSpec{URL: "https://fairlead.example/hooks/rl_1", Secret: fairlead.NewSecret(plantedHookSecret)}
	calls["create webhook"] = func() error { _, err := host.CreateWebhook(t.Context(), l.access, l.id, hook); return err }
	calls["update webhook"] = func() error { _, err := host.UpdateWebhook(t.Context(), l.access, l.id, "{1}", hook); return err }
	return calls
}

const (
	plantedRefresh    = "planted+refresh/token=0123456789"
	plantedHookSecret = "planted+hook/secret=0123456789"
)

func TestNothingThatALinkSentComesBackInADiagnosis(t *testing.T) {
	for form, echo := range echoes() {
		for _, status := range []int{302, 400, 401, 403, 404, 410, 418, 429, 500} {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				var body [4096]byte
				n, _ := r.Body.Read(body[:])
				id, secret, _ := r.BasicAuth()
				echo(w, status, fmt.Sprint(r.Header.Get("Authorization"), " | ", id, ":", secret, " | ", unescape(id), ":", unescape(secret), " | ", r.PostForm.Encode(), " | ",
					r.PostForm.Get("refresh_token"), " | ", r.PostForm.Get("code"), " | ", string(body[:n])))
			})
			for name, call := range callsOf(t, server) {
				t.Run(fmt.Sprintf("%s/%d/%s", form, status, name), func(t *testing.T) {
					err := call()
					if err == nil && name == "remove webhook" && status == 404 {
						return
					}
					wantNothingPlanted(t, err)
					text := fmt.Sprintf("%+v", *diagnosis(t, err))
					for _, value := range []string{plantedRefresh, plantedHookSecret, url.QueryEscape(plantedRefresh)} {
						if strings.Contains(text, value) {
							t.Errorf("%s is in %s", value, text)
						}
					}
				})
			}
		}
	}
}

func TestAnIssuedTokenIsASecretOfTheCallsThatFollow(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			answerJSON(w, 200, map[string]any{"access_token": plantedToken, "refresh_token": plantedRefresh, "token_type": "bearer"})
			return
		}
		answerJSON(w, 418, map[string]any{"error": map[string]string{"message": plantedToken + " " + plantedRefresh}})
	})
	_, _, err := hostAt(server).Connect(t.Context(), app(), fairlead.NewSecret("code"), fairlead.NewSecret("verifier"))
	if text := fmt.Sprintf("%+v", *diagnosis(t, err)); strings.Contains(text, plantedToken) || strings.Contains(text, plantedRefresh) {
		t.Errorf("got %s", text)
	}
}
