package gitprovider

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
)

// wire is a host in memory: a fuzz target must be fast.
type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

const (
	fuzzSecret = "s3cret+of/the=fuzz"
	fuzzCode   = "c0de+of/the=fuzz"
	fuzzToken  = "t0ken.of-the_fuzz"
)

// hostAnswering answers every call alike; {secret}, {code}, {token} and {sent} in the body become what this call sent.
func hostAnswering(status int, contentType, location, body string) *BitbucketCloud {
	client := NewClient(ClientOptions{Clock: time.Now, Random: rand.Reader})
	client.transport = wire(func(r *http.Request) (*http.Response, error) {
		sent := []string{"{sent}", r.Header.Get("Authorization")}
		if r.Body != nil {
			form, _ := io.ReadAll(r.Body)
			_ = r.Body.Close()
			sent = append(sent, "{secret}", fuzzSecret)
			if bytes.Contains(form, []byte("&code_verifier=")) {
				sent = append(sent, "{code}", fuzzCode)
			}
		} else {
			sent = append(sent, "{token}", fuzzToken)
		}
		said := strings.NewReplacer(sent...).Replace(body)
		header := http.Header{"Content-Type": {contentType}, "Date": {body[:min(29, len(body))]}}
		if location != "" {
			header.Set("Location", location)
		}
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(said)), Request: r}, nil
	})
	return &BitbucketCloud{Client: client, Web: "https://b.example", Site: "https://b.example", API: "https://b.example/2.0"}
}

func wantNamedOrFine(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var d *fairlead.Diagnosis
	if !errors.As(err, &d) {
		t.Fatalf("no diagnosis but %v", err)
	}
	if !slices.Contains(fairlead.DiagnosisCodes(), d.Code) || d.Title == "" || d.Because == "" || len(d.Fix) == 0 || d.Rung == "" {
		t.Errorf("got %+v", *d)
	}
	text, jsonErr := json.Marshal(d)
	if jsonErr != nil {
		t.Fatal(jsonErr)
	}
	pair := base64.StdEncoding.EncodeToString([]byte("client:" + url.QueryEscape(fuzzSecret)))
	for _, secret := range []string{fuzzSecret, fuzzCode, fuzzToken, pair} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%s is in %s", secret, text)
		}
	}
}

// FuzzTokenAnswer lets the token endpoint say anything: it ends with a documented diagnosis or success, without a secret.
func FuzzTokenAnswer(f *testing.F) {
	f.Add(200, "application/json", "", `{"access_token":"issued","scopes":"account webhook repository:write"}`)
	f.Add(400, "application/json", "", `{"error":"unauthorized_client","error_description":"{secret} {sent}"}`)
	f.Add(400, "application/json", "", `{"error":"invalid_grant","error_description":"{code}"}`)
	f.Add(302, "text/plain", "https://b.example/elsewhere?{secret}", "")
	f.Fuzz(func(t *testing.T, status int, contentType, location, body string) {
		host := hostAnswering(status, contentType, location, body)
		app := App{ID: "client", Secret: fairlead.NewSecret(fuzzSecret), CallbackURL: "https://fairlead.example/oauth/callback"}
		_, err := host.Precheck(context.Background(), app)
		wantNamedOrFine(t, err)
		token, err := host.Exchange(context.Background(), app, fairlead.NewSecret(fuzzCode), fairlead.NewSecret("a verifier"))
		wantNamedOrFine(t, err)
		if err == nil && token.Access.IsZero() {
			t.Error("an exchange without a token is a success")
		}
	})
}

// FuzzAPIAnswer lets the API say anything: a proof is never more than what was said, a failure has its name.
func FuzzAPIAnswer(f *testing.F) {
	f.Add(200, "application/json", "", `{"type":"user","uuid":"{1}","display_name":"Ana","values":[{"workspace":{"slug":"a"},"repository":{"full_name":"a/b"}}]}`)
	f.Add(403, "application/json", "", `{"type":"error","error":{"message":"no","detail":{"required":["account"],"granted":[]}}}`)
	f.Add(403, "application/json", "", `{"type":"error","error":{"detail":"{token}"}}`)
	f.Add(401, "text/html", "", `<html>{token}`)
	f.Add(200, "application/json", "", `{"type":"user","uuid":"{1}","next":"https://b.example/2.0/user/workspaces?page=2"}`)
	f.Fuzz(func(t *testing.T, status int, contentType, location, body string) {
		host := hostAnswering(status, contentType, location, body)
		proof, err := host.Prove(context.Background(), Token{Access: fairlead.NewSecret(fuzzToken)})
		wantNamedOrFine(t, err)
		if err == nil && (proof.Account.ID == "" || len(proof.Checks) != 3 || proof.Checks[1].Mark != fairlead.MarkUnknown) {
			t.Errorf("got %+v", proof)
		}
	})
}
