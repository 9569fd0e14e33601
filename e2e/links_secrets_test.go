package e2e

import (
	"strings"
	"testing"
	"time"

	root "fairlead"
	"fairlead/bitbucketsim"
	"fairlead/db"
)

// linkSecrets are what a stopped Fairlead has sealed of its only connection and its only link.
func linkSecrets(t *testing.T, f *fairlead) map[string]string {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{Dir: f.data, Clock: time.Now, Random: root.SystemRandom()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	links, err := d.ListRepositoryLinks(t.Context(), root.LinkFilter{})
	if err != nil || len(links) != 1 {
		t.Fatalf("%d links: %v", len(links), err)
	}
	link, err := d.FindRepositoryLink(t.Context(), links[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := d.FindConnection(t.Context(), link.Connection.ID)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"access token": connection.Tokens.Access.Reveal(), "refresh token": connection.Tokens.Refresh.Reveal(), "webhook secret": link.Secret.Reveal(),
	}
}

func TestSecretsOfALinkAreNeverShownLoggedOrStoredInTheClear(t *testing.T) {
	t.Parallel()
	f := startFairlead(t)
	r := newRecorder(t)
	r.site = strings.TrimPrefix(f.url, "http://")
	b := newBrowser(t, through(r.server.URL))
	p := b.first
	foundWorkspace(f, p)
	c := f.register()
	beginSetup(f, p)
	verify(p, c.id, c.secret)
	confirm(p)
	f.faults(bitbucketsim.Faults{LongTokens: true})
	project := createProject(f, p, "Orders")
	connectAgain(p, project+"/repositories/new", "Connect Bitbucket account")
	linkRepository(p, project, ordersDB, "")
	address := p.linkAddress()
	before, _ := hookSecret(t, f)

	var seen strings.Builder // what stands in the pages
	look := func(path string) {
		t.Helper()
		p.open(path)
		seen.WriteString(p.html())
		seen.WriteString(get[string](p, `[...document.querySelectorAll("input")].map(i => i.value).join(" ") + JSON.stringify({...sessionStorage, ...localStorage}) + document.cookie + JSON.stringify(history.state)`))
	}
	hash := f.push(ordersDB, "main", "migrations/0003_first.sql")
	waitLog(p, ordersLog, "Recorded")
	openDelivery(p, 1)
	delivery := p.address()
	p.open(address)
	does(p, "Rotate", "The webhook has a new secret.")
	f.faults(bitbucketsim.Faults{Status: 500, Where: "api"}) // what the host answered is shown, and what was asked is not
	f.push(ordersDB, "main", "migrations/0004_waits.sql")
	waitLog(p, ordersLog, "Recorded", "Waiting")
	f.waitSQL("a try that failed", `SELECT count(*) FROM deliveries WHERE diagnosis IS NOT NULL`)
	for _, page := range []string{address, address + "/edit", address + "/why?commit=" + hash, delivery, project + "/repositories", f.url + ordersLog, f.url + "/account/connections",
		get[string](p, `document.querySelector(".log a[href*='/deliveries/dl_']").href`), f.url + "/settings/audit"} {
		look(page)
	}
	if lines, err := fetched[int](p, "/settings/audit/export", `page.body.textContent.split("\n").length`); err != nil || lines < 10 { // the recorder reads it
		t.Errorf("the audit log has %d lines: %v", lines, err)
	}

	f.stop()
	secrets := linkSecrets(t, f)
	if secrets["webhook secret"] == before {
		t.Error("the webhook secret was not rotated")
	}
	secrets["webhook secret before the rotation"] = before
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, secret := range secrets {
		if len(secret) < 30 {
			t.Errorf("the %s has %d characters: this test proves nothing", name, len(secret))
		}
		for where, text := range map[string]string{
			"addresses, cookies or headers": r.heads.String(), "requests": r.bodies.String(), "answers": r.pages.String(), "pages": seen.String(),
			"the server's log": f.output.String(), "addresses that pages asked for": strings.Join(b.addresses(), "\n"),
		} {
			for _, disguise := range disguises(secret) {
				if strings.Contains(text, disguise) {
					t.Errorf("the %s is in %s", name, where)
				}
			}
		}
		inFiles(t, f.data, name, secret)
	}
}
