package e2e

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

// simulate calls the simulator's own API.
func (f *fairlead) simulate(method, path string, body any) {
	f.t.Helper()
	f.simulated(method, path, body, nil)
}

// simulated is simulate for what answers something.
func (f *fairlead) simulated(method, path string, body, into any) {
	f.t.Helper()
	f.callHost(method, "/simulator/api"+path, "", body, into)
}

// callHost calls an API of the host's, with an access token unless that is "".
func (f *fairlead) callHost(method, path, access string, body, into any) {
	f.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		f.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(f.t.Context(), method, f.host+path, bytes.NewReader(text))
	if err != nil {
		f.t.Fatal(err)
	}
	if access != "" {
		request.Header.Set("Authorization", "Bearer "+access)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		f.t.Fatalf("%s %s: %s", method, path, answer.Status)
	}
	if into == nil {
		return
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
}

// push pushes one commit with one file, and returns its hash.
func (f *fairlead) push(repository, branch, path string) string {
	f.t.Helper()
	result := f.pushMany(repository, bitbucketsim.RefChange{Branch: branch, Commits: []bitbucketsim.NewCommit{commitOf(path)}})
	return result.Changes[0].New
}

func commitOf(path string) bitbucketsim.NewCommit {
	return bitbucketsim.NewCommit{Message: "Change " + path, Files: map[string]string{path: "SELECT 1;\n"}}
}

// pushMany pushes several branches and tags at once.
func (f *fairlead) pushMany(repository string, changes ...bitbucketsim.RefChange) (result bitbucketsim.PushResult) {
	f.t.Helper()
	f.simulated(http.MethodPost, "/repositories/"+repository+"/push", map[string]any{"changes": changes}, &result)
	return result
}

// settle waits until the host has sent what it has to send.
func (f *fairlead) settle() {
	f.t.Helper()
	f.simulate(http.MethodPost, "/settle", nil)
}

// priyasToken is an access token of Priya's own, for what she does at the host without Fairlead.
func (f *fairlead) priyasToken() string {
	f.t.Helper()
	c := f.register()
	browser := *f.admin
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := browser.PostForm(f.host+"/site/oauth2/authorize?"+url.Values{"client_id": {c.id}, "response_type": {"code"}}.Encode(), url.Values{"decision": {"grant"}})
	if err != nil {
		f.t.Fatal(err)
	}
	_ = answer.Body.Close()
	back, err := answer.Location()
	if err != nil {
		f.t.Fatalf("authorize at the host: %s %v", answer.Status, err)
	}
	request, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.host+"/site/oauth2/access_token",
		bytes.NewBufferString(url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}}.Encode()))
	if err != nil {
		f.t.Fatal(err)
	}
	request.SetBasicAuth(c.id, c.secret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err = http.DefaultClient.Do(request)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	var tokens struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&tokens); err != nil || tokens.Access == "" {
		f.t.Fatalf("a token of the host: %s %v", answer.Status, err)
	}
	return tokens.Access
}

// webhook is one at the host, as its API has it.
type webhook struct {
	UUID   string   `json:"uuid"`
	URL    string   `json:"url"`
	Active bool     `json:"active"`
	Events []string `json:"events"`
	Signed bool     `json:"secret_set"`
}

const hooksOfOrders = "/2.0/repositories/" + ordersDB + "/hooks"

// webhooks lists those of orders-db.
func (f *fairlead) webhooks(token string) []webhook {
	f.t.Helper()
	var page struct {
		Values []webhook `json:"values"`
	}
	f.callHost(http.MethodGet, hooksOfOrders, token, nil, &page)
	return page.Values
}

// hookSecret is the secret of the only webhook of orders-db, from the simulator's file, which has it in the clear.
func hookSecret(t *testing.T, f *fairlead) (secret, address string) {
	t.Helper()
	var state struct {
		Hosting struct {
			Repositories []struct {
				Hooks []struct{ Secret, URL string }
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(f.data, "bitbucket.json"))
	if err == nil {
		err = json.Unmarshal(text, &state)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range state.Hosting.Repositories {
		for _, hook := range r.Hooks {
			return hook.Secret, hook.URL
		}
	}
	t.Fatal("the host has no webhook")
	return "", ""
}

// endTokens makes every access token at the host end now; with the refresh tokens too, connections are dead.
func (f *fairlead) endTokens(refreshToo bool) {
	f.t.Helper()
	if refreshToo {
		f.simulate(http.MethodPost, "/kill-connections", nil)
	}
	f.simulate(http.MethodPost, "/expire-access-tokens", nil)
}

// minutesPass makes the regular check and the patience of its suspicions be over: the database is told that they were long ago.
func (f *fairlead) minutesPass() {
	f.t.Helper()
	f.kill()
	long := time.Hour.Milliseconds()
	f.sql(`UPDATE repository_links SET synced_at = synced_at - ?`, long)
	f.sql(`UPDATE link_heads SET suspect_at = suspect_at - ?`, long)
	f.restart()
}

// waitKeptByHost waits until the host has stored a commit: a kill takes the newest ones from it otherwise.
func (f *fairlead) waitKeptByHost(hash string) {
	f.t.Helper()
	f.wait("the host to store "+hash, func() bool {
		text, err := os.ReadFile(filepath.Join(f.data, "bitbucket.json"))
		return err == nil && bytes.Contains(text, []byte(hash))
	})
}

// waitSQL waits until a query of the database counts something.
func (f *fairlead) waitSQL(what, query string, args ...any) {
	f.t.Helper()
	f.wait(what, func() bool { return f.count(query, args...) > 0 })
}

// count asks the database beside the running Fairlead.
func (f *fairlead) count(query string, args ...any) (n int) {
	f.t.Helper()
	d, err := sql.Open("sqlite3", "file:"+filepath.Join(f.data, "fairlead.db")+"?mode=ro&_busy_timeout=5000")
	if err == nil {
		err = d.QueryRow(query, args...).Scan(&n)
		_ = d.Close()
	}
	if err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
	return n
}

func (f *fairlead) wait(what string, holds func() bool) {
	f.t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(15 * time.Millisecond) { // between two looks
		if time.Now().After(end) {
			f.t.Fatalf("waited %s for %s", patience, what)
		}
	}
}
