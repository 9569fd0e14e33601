package e2e

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
)

func TestKeyboardLinksARepository(t *testing.T) {
	t.Parallel()
	f, owner := newProvider(t)
	p := join(f, owner, "Mo Lind")
	project := createProject(f, p, "Orders")
	p.open(project + "/repositories")
	wantWalk(p, "link-none")
	tabTo(p, link("Link a repository"))
	p.press(kb.Enter)
	p.waitShown(button("Connect Bitbucket account"))
	wantWalk(p, "link-step-1")
	tabTo(p, button("Connect Bitbucket account"))
	p.press(kb.Enter)
	w := p.b.newWindow()
	p.waitShown(sel{"h2", "Waiting for you on Bitbucket.org"})
	wantFocus(p, "heading: Waiting for you on Bitbucket.org")
	wantWalk(p, "link-waiting")
	allow(w, "priya")

	p.waitShown(link("Choose " + ordersDB))
	wantWalk(p, "link-step-2")
	tabTo(p, css("#q"))
	write(p, "orders")
	p.waitGone(link("Choose acme-data/billing-db"))
	wantFocus(p, "textbox: Search or paste an address")
	tabTo(p, link("Choose "+ordersDB))
	p.press(kb.Enter)
	p.waitShown(css("#branch"))
	previewSays(p, "4 files")
	wantWalk(p, "link-step-3")
	tabTo(p, css("#paths"))
	write(p, "migrations")
	previewSays(p, "2 files")
	tabTo(p, button("Next"))
	p.press(kb.Enter)
	p.waitShown(button("Link repository"))
	wantWalk(p, "link-step-4")
	tabTo(p, button("Link repository"))
	p.press(" ")
	p.waitShown(css("#first-push"))
	wantWalk(p, "link-first-push")

	f.push(ordersDB, "main", "migrations/0003_keys.sql")
	p.waitShown(sel{".log .pill", "Recorded"})
	tabTo(p, css(".log summary"))
	p.press(kb.Enter)
	tabTo(p, sel{"details[open] a", "View the delivery"})
	p.press(kb.Enter)
	p.waitShown(css("#wire"))
}
