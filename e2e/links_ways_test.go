package e2e

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// stepAddresses are those of the steps of linking orders-db, from the second on.
func stepAddresses(p *tab) (pick, configure, confirm string) {
	p.t.Helper()
	pick = p.path()
	configure = get[string](p, sel{"a[href]", "Choose " + ordersDB}.expression()+`.getAttribute("href")`)
	return pick, configure, configure + "?branch=main&paths=migrations&step=confirm"
}

func TestLinkingAndUnlinkingWorkWithoutScript(t *testing.T) {
	t.Parallel()
	f, owner := newProvider(t)
	p := join(f, owner, "Mo Lind", withoutScript)
	if p.evaluated() {
		t.Fatal("scripts run")
	}
	project := createProject(f, p, "Orders")
	p.click(link("Repositories"))
	p.click(link("Link a repository"))
	p.click(button("Connect Bitbucket account"))
	p.waitShown(sel{"h2", "Waiting for you on Bitbucket.org"})
	p.click(link("Continue in this tab"))
	p.click(css("#sign-in-priya")) // she has granted access when Bitbucket was added

	p.waitShown(link("Choose " + ordersDB))
	p.fill(css("#q"), "orders")
	p.click(button("Search"))
	p.waitGone(link("Choose acme-data/billing-db"))
	p.click(sel{"summary", "Why is my repository missing?"})
	p.fill(css("#missing"), "acme-web/checkout")
	does(p, "Check the causes", "acme-web/checkout", "Webhooks need the admin role")
	p.open(project + "/repositories/new")
	p.click(link("Choose " + ordersDB))
	p.fill(css("#paths"), "migrations")
	p.click(button("Preview"))
	p.waitFor("the preview", `document.querySelector("#preview").textContent.includes("2 files")`)
	p.fill(css("#branch"), "mian")
	p.click(button("Next"))
	p.waitShown(css("#branch-error"))
	if got := p.value(css("#paths")); got != "migrations" {
		t.Errorf("after an error the paths are %q", got)
	}
	p.fill(css("#branch"), "main")
	p.click(button("Next"))
	p.waitShown(button("Link repository"))
	p.click(button("Link repository"))
	p.waitShown(css("#first-push"))
	address := p.linkAddress()

	f.push(ordersDB, "main", "migrations/0003_plain.sql")
	f.waitSQL("the verdict", `SELECT count(*) FROM deliveries WHERE verdict = 'recorded'`)
	p.open(address)
	p.click(css(".log summary"))
	p.click(sel{"details[open] a", "View the delivery"})
	p.waitShown(css("#wire"))
	says(p, "migrations/0003_plain.sql")
	p.open(address)
	p.click(link("Unlink"))
	p.waitShown(sel{"h1", "Unlink " + ordersDB + "?"})
	p.click(link("Cancel"))
	p.waitShown(css("#health"))
	p.click(link("Unlink"))
	does(p, "Unlink repository", ordersDB+" was unlinked.")
	if hooks := f.webhooks(f.priyasToken()); len(hooks) > 0 {
		t.Errorf("the host still has %v", hooks)
	}
}

func TestUnlinkingAsksInADialogThatEscapeAndCancelClose(t *testing.T) {
	t.Parallel()
	f, p, address := newLink(t, "")
	f.push(ordersDB, "main", "migrations/0003_kept.sql")
	waitLog(p, ordersLog, "Recorded")
	p.open(address)
	dialog := css("dialog[open]")
	p.click(link("Unlink"))
	p.waitShown(dialog)
	p.press(kb.Escape)
	p.waitGone(dialog)
	p.click(link("Unlink"))
	p.click(button("Cancel"))
	p.waitGone(dialog)
	p.reload()
	p.waitShown(css("#health"))
	p.click(link("Unlink"))
	p.waitShown(dialog)
	p.shot("unlink")
	does(p, "Unlink repository", ordersDB+" was unlinked.", "Link a repository")

	// What was recorded stays, the webhook is gone, and linking again is a link of its own.
	p.open(f.url + ordersLog)
	openDelivery(p, 1)
	says(p, "migrations/0003_kept.sql", "unlinked since")
	if hooks := f.webhooks(f.priyasToken()); len(hooks) > 0 {
		t.Errorf("the host still has %v", hooks)
	}
	f.push(ordersDB, "main", "migrations/0004_unheard.sql")
	linkRepository(p, f.url+"/projects/ORDERS", ordersDB, "")
	if again := p.linkAddress(); again == address {
		t.Error("the new link has the old one's address")
	}
	f.push(ordersDB, "main", "migrations/0005_again.sql")
	waitLog(p, ordersLog, "Recorded", "Recorded")
	openDelivery(p, 1)
	says(p, "migrations/0005_again.sql", "1 commit and 1 changed file.")

	// A host that does not answer is no reason to keep a link: what stays behind there is said.
	p.click(link(ordersDB))
	p.waitShown(css("#health"))
	f.endTokens(true)
	p.click(link("Unlink"))
	does(p, "Unlink repository", ordersDB+" was unlinked.", "is still there", "Remove it at Bitbucket")
}

func TestEachStepOfLinkingSurvivesReloadBackAndASecondTab(t *testing.T) {
	t.Parallel()
	f, p := newProvider(t)
	project := createProject(f, p, "Orders")
	connectAgain(p, project+"/repositories/new", "Connect Bitbucket account")
	pick, configure, _ := stepAddresses(p)
	p.click(link("Choose " + ordersDB))
	p.waitShown(css("#branch"))
	p.fill(css("#paths"), "migrations")
	p.click(button("Next"))
	p.waitShown(button("Link repository"))
	p.reload()
	says(p, "migrations")
	p.back()
	p.waitShown(css("#branch"))
	p.back()
	p.waitShown(link("Choose " + ordersDB))
	p.open(f.url + configure)
	p.waitShown(css("#branch"))
	p.fill(css("#paths"), "migrations")
	p.click(button("Next"))
	p.waitShown(button("Link repository"))
	p.click(link("Back"))
	p.waitShown(css("#paths"))
	if got := p.value(css("#paths")); got != "migrations" {
		t.Errorf("after Back the paths are %q", got)
	}
	p.click(button("Next"))
	p.waitShown(button("Link repository"))

	// Two tabs are two forms: the second is warned of the first one's link. A form pressed twice makes one.
	second := p.b.open(f.url + pick)
	second.click(link("Choose " + ordersDB))
	second.waitShown(css("#branch"))
	f.faults(slowAPI)
	x, y := p.place(button("Link repository"))
	p.clickAt(x, y)
	p.clickAt(x, y)
	p.waitShown(css("#health"))
	f.faults(healthy())
	address := p.linkAddress()
	if n := f.count(`SELECT count(*) FROM repository_links`); n != 1 {
		t.Errorf("two presses made %d links", n)
	}
	second.click(button("Next"))
	second.waitShown(button("Link repository"))
	says(second, "This project is linked with this repository already")
	second.click(link("Branch main"))
	second.waitShown(css("#health"))
	if got := second.linkAddress(); got != address {
		t.Errorf("the warning leads to %s", got)
	}
	if hooks := f.webhooks(f.priyasToken()); len(hooks) != 1 {
		t.Errorf("the host has %d webhooks", len(hooks))
	}
	p.back()
	p.back()
	p.waitShown(css("#branch"))
	p.open(f.url + pick)
	says(p, "Linked already")
}

func TestAnAccountIsConnectedAlsoWhenTheWindowIsBlockedOrAccessIsDenied(t *testing.T) {
	t.Parallel()
	f, owner := newProvider(t)
	p := join(f, owner, "Mo Lind")
	project := createProject(f, p, "Orders")
	p.open(project + "/repositories/new")
	p.click(button("Connect Bitbucket account"))
	w := p.b.newWindow()
	atHost(w, "wes")
	w.click(css("#cancel"))
	w.waitClosed()
	diagnosed(p, "access_denied")
	says(p, "Try again")

	p.click(button("Try again"))
	w = p.b.newWindow()
	w.waitShown(css("#grant-access"))
	w.close()
	p.waitShown(sel{"h2", "Waiting for you on Bitbucket.org"})
	p.click(link("Stop waiting"))
	p.waitShown(button("Connect Bitbucket account"))

	// Without a gesture the browser opens no window.
	p.reload()
	if get[bool](p, "navigator.userActivation.isActive") {
		t.Fatal("the page has seen a gesture")
	}
	get[bool](p, `document.querySelector("form[data-popup]").requestSubmit(), true`)
	p.waitShown(sel{"h2", "Waiting for you on Bitbucket.org"})
	if n := len(p.b.windows()); n != 1 {
		t.Fatalf("%d windows: the browser did not block the small one", n)
	}
	p.click(link("Open Bitbucket.org"))
	w = p.b.newWindow()
	w.click(css("#grant-access"))
	w.waitClosed()
	p.waitShown(css("#repositories .provider"))
	says(p, "Connected as Wes Okafor", ordersDB, "You have Write access. Creating a webhook needs Admin.")
}
