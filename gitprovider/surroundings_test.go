package gitprovider_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"fairlead"
	"fairlead/gitprovider"
)

func TestAProxyThatCannotBeReachedIsNotBlamedOnTheHost(t *testing.T) {
	gone := httptest.NewServer(nil)
	address, _ := url.Parse(gone.URL)
	gone.Close()
	host := gitprovider.NewBitbucketCloud(hostAt(gone, func(o *gitprovider.ClientOptions) { o.Proxy = http.ProxyURL(address) }).Client)
	_, err := host.Precheck(context.Background(), plainApp())
	d := diagnosis(t, err)
	if d.Code != fairlead.DiagnosisProxy || !strings.Contains(d.Because, "HTTPS_PROXY") {
		t.Errorf("got %s: %s", d.Code, d.Because)
	}
}

func TestOneWorkspaceThatLetsNobodyLookDoesNotFailTheRest(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/2.0/user":
			_, _ = w.Write([]byte(`{"type":"user","uuid":"{1}","display_name":"Priya Raman"}`))
		case r.URL.Path == "/2.0/user/workspaces":
			_, _ = w.Write([]byte(`{"values":[{"workspace":{"slug":"closed"}},{"administrator":true,"workspace":{"slug":"acme-data"}}]}`))
		case strings.Contains(r.URL.Path, "/workspaces/closed/"):
			w.WriteHeader(http.StatusForbidden) // such as a list of allowed addresses
			_, _ = w.Write([]byte(`{"type":"error","error":{"message":"Your address is not on the list of this workspace."}}`))
		case strings.Contains(r.URL.Path, "/workspaces/acme-data/"):
			_, _ = w.Write([]byte(`{"values":[{"repository":{"full_name":"acme-data/orders-db"}}]}`))
		default:
			_, _ = w.Write([]byte(`{"values":[]}`))
		}
	})
	proof, err := hostAt(server).Prove(context.Background(), gitprovider.Token{Access: fairlead.NewSecret(plantedToken), Scopes: []string{"account", "webhook", "repository:write"}})
	if err != nil {
		t.Fatal(err)
	}
	check := proof.Checks[1]
	if check.Mark != fairlead.MarkGranted || check.Evidence != "1 repository" || !strings.Contains(check.Note, "did not let Fairlead look into closed") {
		t.Errorf("got %+v", check)
	}
}
