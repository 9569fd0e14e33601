package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"fairlead/bitbucketsim"
)

const memberPassword = "seven soft hens in a row"

// newProvider is a Fairlead whose owner has added Bitbucket.org.
func newProvider(t *testing.T, options ...browserOption) (*fairlead, *tab) {
	t.Helper()
	f, p := newOwner(t, options...)
	c := f.register()
	beginSetup(f, p)
	verify(p, c.id, c.secret)
	confirm(p)
	return f, p
}

// join makes a member and returns a browser of theirs, signed in.
func join(f *fairlead, owner *tab, name string, options ...browserOption) *tab {
	owner.t.Helper()
	email := strings.ToLower(strings.Fields(name)[0]) + "@acme.example"
	owner.open(f.url + "/settings/members/invite")
	owner.fill(css("#email"), email)
	owner.click(button("Create invitation"))
	owner.waitShown(css("#invitation-link"))
	p := newBrowser(owner.t, options...).first
	p.open(owner.text(css("#invitation-link")))
	p.fill(css("#name"), name)
	p.fill(css("#password"), memberPassword)
	p.click(button("Join"))
	p.waitAt("/projects")
	return p
}

// createProject makes a project and returns the address of its page.
func createProject(f *fairlead, p *tab, name string) string {
	p.t.Helper()
	p.open(f.url + "/projects/new")
	p.fill(css("#name"), name)
	p.click(button("Create project"))
	address := f.url + "/projects/" + strings.ToUpper(name)
	p.waitFor("the project's page", `location.href === `+quoted(address)+` && document.readyState === "complete"`)
	return address
}

// connectAs connects an account in the host's window, which closes itself.
func connectAs(p *tab, nickname string) {
	p.t.Helper()
	p.click(button("Connect Bitbucket account"))
	allow(p.b.newWindow(), nickname)
}

// allow signs in at the host, if it asks, and grants access, unless the account has granted it before: the host then comes
// back by itself. The window closes itself.
func allow(w *tab, nickname string) {
	w.t.Helper()
	w.click(css("#sign-in-" + nickname))
	w.b.wait("the host to ask or to come back", func() bool { return w.gone() || w.shows(css("#grant-access")) })
	if !w.gone() {
		w.click(css("#grant-access"))
	}
	w.waitClosed()
}

// linkRepository goes from a project's page to the page of its first link, which follows main and these paths.
func linkRepository(p *tab, project, repository, paths string) {
	p.t.Helper()
	p.open(project + "/repositories")
	p.click(link("Link a repository"))
	p.waitFor("the account or the list", `document.querySelector("#connect form, #repositories .provider")`)
	if p.shows(button("Connect Bitbucket account")) {
		connectAs(p, "priya")
	}
	p.waitShown(link("Choose " + repository))
	p.click(link("Choose " + repository))
	p.waitShown(css("#branch"))
	if paths != "" {
		p.fill(css("#paths"), paths)
	}
	p.click(button("Next"))
	p.waitShown(button("Link repository"))
	p.click(button("Link repository"))
	p.waitShown(css("#health"))
}

// simulate calls the simulator's own API.
func (f *fairlead) simulate(method, path string, body any) {
	f.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		f.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(f.t.Context(), method, f.host+"/simulator/api"+path, strings.NewReader(string(text)))
	if err != nil {
		f.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		f.t.Fatalf("%s %s: %s", method, path, answer.Status)
	}
}

// push pushes one commit with one file.
func (f *fairlead) push(repository, branch, path string) {
	f.t.Helper()
	f.simulate(http.MethodPost, "/repositories/"+repository+"/push", map[string]any{
		"branch": branch, "commits": []bitbucketsim.NewCommit{{Message: "Change " + path, Files: map[string]string{path: "SELECT 1;\n"}}},
	})
}
