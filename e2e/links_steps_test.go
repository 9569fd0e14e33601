package e2e

import (
	"slices"
	"strconv"
	"strings"
	"testing"
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

// newLink is a Fairlead whose owner has linked the project Orders with orders-db. It returns the address of the link's page,
// which the tab is at.
func newLink(t *testing.T, paths string, options ...browserOption) (f *fairlead, p *tab, address string) {
	t.Helper()
	f, p = newProvider(t, options...)
	project := createProject(f, p, "Orders")
	connectAgain(p, project+"/repositories/new", "Connect Bitbucket account")
	linkRepository(p, project, ordersDB, paths)
	return f, p, p.linkAddress()
}

// connectAgain presses a button that connects an account which has granted access before: the host's window does not ask, and
// closes itself.
func connectAgain(p *tab, page, name string) {
	p.t.Helper()
	p.open(page)
	p.leaving(func() { p.click(button(name)) })
	onlyWindow(p)
}

// linkAddress is the address of the link whose page the tab is at.
func (p *tab) linkAddress() string {
	p.t.Helper()
	address, _, _ := strings.Cut(p.address(), "?")
	if !strings.Contains(address, "/repositories/rl_") {
		p.t.Fatalf("the tab is at %s, which is no link", address)
	}
	return address
}

const ordersLog = "/projects/ORDERS/deliveries"

// does presses a button that leads to another document which says so.
func does(p *tab, name string, words ...string) {
	p.t.Helper()
	p.leaving(func() { p.click(button(name)) })
	says(p, words...)
}

// verdicts are those of a log's newest page, oldest first, as the server has them now; the tab stays where it is.
func verdicts(p *tab, path string) []string {
	p.t.Helper()
	all, err := fetched[[]string](p, path, `[...page.querySelectorAll(".log .pill")].map(pill => pill.textContent.trim()).reverse()`)
	if err != nil {
		return nil
	}
	return all
}

// waitLog waits until a log has exactly these verdicts, oldest first, and opens it.
func waitLog(p *tab, path string, want ...string) {
	p.t.Helper()
	var got []string
	defer func() {
		if !slices.Equal(got, want) {
			p.t.Logf("the log has %q", got)
		}
	}()
	p.b.wait(strings.Join(want, ", ")+" in the log", func() bool {
		got = verdicts(p, path)
		return slices.Equal(got, want)
	})
	origin := get[string](p, "location.origin")
	p.open(origin + path)
}

// openDelivery opens the page of one of the rows of the log that the tab shows: 1 is the newest.
func openDelivery(p *tab, row int) {
	p.t.Helper()
	p.open(get[string](p, `[...document.querySelectorAll(".log details")][`+strconv.Itoa(row-1)+`].querySelector("a[href*='/deliveries/']").href`))
	p.waitShown(css("#wire"))
}

// asksWhy asks on a link's page what became of a commit.
func asksWhy(p *tab, link, commit string, words ...string) {
	p.t.Helper()
	p.open(link)
	p.fill(css("#commit"), commit)
	p.leaving(func() { p.click(button("Find out")) })
	says(p, words...)
}
