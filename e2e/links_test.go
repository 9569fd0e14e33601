package e2e

import (
	"strings"
	"testing"
)

const ordersDB = "acme-data/orders-db"

func TestAMemberLinksARepositoryAndSeesAPushWithItsFiles(t *testing.T) {
	t.Parallel()
	f, owner := newProvider(t)
	says(owner, "Developers can now link their projects with one of their repositories")
	owner.click(link("Link a project"))
	owner.waitAt("/projects")

	p := join(f, owner, "Mo Lind")
	createProject(f, p, "Orders")
	p.click(link("Repositories"))
	p.shot("links-empty")
	p.click(link("Link a repository"))

	// Step 1: the account.
	p.waitShown(button("Connect Bitbucket account"))
	p.shot("link-step-1")
	p.click(button("Connect Bitbucket account"))
	w := p.b.newWindow()
	p.waitFor("the waiting panel", `document.querySelector("#connect[hx-get]")`)
	p.shot("link-step-1-waiting")
	allow(w, "priya")

	// Step 2: the repository.
	p.waitShown(link("Choose " + ordersDB))
	says(p, "Connected as Priya Raman")
	p.shot("link-step-2")
	p.fill(css("#q"), "billing")
	p.waitGone(link("Choose " + ordersDB))
	p.waitShown(link("Choose acme-data/billing-db"))
	p.fill(css("#q"), f.host+"/"+ordersDB+"/src/main/")
	p.waitGone(link("Choose acme-data/billing-db"))
	p.waitShown(link("Choose " + ordersDB))
	p.open(strings.Split(p.address(), "?")[0] + "?owner=acme-web")
	says(p, "You have Write access. Creating a webhook needs Admin.", "You have Read access. Creating a webhook needs Admin.")
	p.shot("link-step-2-greyed")
	p.open(strings.Split(p.address(), "?")[0] + "?owner=acme-data")
	p.click(link("Choose " + ordersDB))

	// Step 3: what to follow.
	p.waitShown(css("#branch"))
	if got := p.value(css("#branch")); got != "main" {
		t.Errorf("the branch is prefilled with %q", got)
	}
	p.waitFor("the first preview", `document.querySelector("#preview").textContent.includes("Every file counts")`)
	p.fill(css("#paths"), "migrations")
	p.waitFor("the preview", `document.querySelector("#preview").textContent.includes("2 files")`)
	p.shot("link-step-3")
	p.click(button("Next"))

	// Step 4: confirm.
	p.waitShown(button("Link repository"))
	says(p, f.url+"/hooks/rl_", "repo:push", ordersDB, "migrations")
	p.shot("link-step-4")
	p.click(button("Link repository"))
	p.waitShown(css("#first-push"))
	says(p, ordersDB+" was linked.", "Waiting for the first push")
	p.shot("link-waiting")

	// A push shows up by itself.
	f.push(ordersDB, "main", "migrations/0009_new.sql")
	p.waitShown(sel{".log .pill", "Recorded"})
	p.shot("link-page")
	f.push(ordersDB, "feature/other", "migrations/0010_other.sql")
	f.push(ordersDB, "main", "app/readme.txt")
	waitLog(p, ordersLog, "Recorded", "Ignored", "Ignored")
	says(p, "This link follows main.", "1 commit, 1 file")
	p.shot("deliveries")
	p.click(css(".log > li:last-child summary"))
	p.click(sel{"details[open] a", "View the delivery"})
	p.waitShown(css("#wire"))
	says(p, "migrations/0009_new.sql", "Change migrations/0009_new.sql", "repo:push")
	p.shot("delivery")
	if messages := p.b.complaints(); len(messages) > 0 {
		t.Errorf("the browser complained: %q", messages)
	}
}
