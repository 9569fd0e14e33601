package e2e

import (
	"testing"
)

func TestALinkPausesVisiblyWithItsPersonAndAnotherTakesItOver(t *testing.T) {
	t.Parallel()
	f, owner := newProvider(t)
	p := join(f, owner, "Mo Lind")
	linkRepository(p, createProject(f, p, "Orders"), ordersDB, "")
	address := p.linkAddress()
	f.push(ordersDB, "main", "migrations/0003_before.sql")
	waitLog(p, ordersLog, "Recorded")

	owner.open(f.url + "/settings/members")
	owner.click(link("Manage Mo Lind"))
	owner.click(link("Remove Mo Lind"))
	says(owner, "This link pauses", ordersDB, "in Orders")
	does(owner, "Remove Mo Lind", "The person was removed.")
	f.push(ordersDB, "main", "migrations/0004_paused.sql")
	waitLog(owner, ordersLog, "Recorded", "Waiting")
	f.waitSQL("the delivery to be parked", `SELECT count(*) FROM deliveries WHERE state = 'waiting' AND due_at IS NULL`)
	owner.reload()
	says(owner, "This waits for somebody who takes the link over. Mo Lind left the workspace.")
	for _, page := range []string{address, f.url + "/projects/ORDERS/repositories"} {
		owner.open(page)
		says(owner, "Paused", "Mo Lind left the workspace. Pushes are received and wait until somebody takes the link over.")
	}
	owner.click(link("Take over"))
	owner.waitShown(button("Connect Bitbucket account"))
	owner.leaving(func() { owner.click(button("Connect Bitbucket account")) })
	onlyWindow(owner)
	does(owner, "Take over as Priya Raman", "The link now acts by your connection.")
	waitLog(owner, ordersLog, "Recorded", "Recorded")
	p.open(address)
	p.waitAt("/sign-in")
}

func TestSomebodyWhoDoesNotAdministerTheRepositoryCannotTakeALinkOver(t *testing.T) {
	t.Parallel()
	f, p, address := newLink(t, "")
	m := join(f, p, "Wes Okafor")
	m.open(address)
	says(m, "There is no project at this address, or you are not one of its members.")
	p.open(f.url + "/projects/ORDERS/members")
	get[bool](p, `const person = document.querySelector("#person"); person.value = [...person.options].find(o => o.text.startsWith("Wes")).value, true`)
	does(p, "Add member", "Wes Okafor")
	m.open(address + "/take-over")
	connectAs(m, "wes")
	m.waitShown(button("Take over as Wes Okafor"))
	m.click(button("Take over as Wes Okafor"))
	diagnosed(m, "repository_not_admin")
	p.open(address)
	says(p, ownerName+" as Priya Raman")
}

func TestAnArchivedProjectPausesItsLinksUntilItIsRestored(t *testing.T) {
	t.Parallel()
	f, p, address := newLink(t, "")
	project := f.url + "/projects/ORDERS"
	p.open(project)
	p.click(link("Archive Orders"))
	says(p, "Its links stop: pushes are received and ignored until it is restored.")
	does(p, "Archive Orders", "Orders was archived.")
	f.push(ordersDB, "main", "migrations/0003_archived.sql")
	waitLog(p, ordersLog, "Ignored")
	says(p, "The project is archived. Restore it, then choose Reprocess at this delivery.")
	p.open(address)
	says(p, "Stopped", "The project is archived")
	if p.shows(button("Ask now")) {
		t.Error("a paused link offers to ask for pushes")
	}
	p.open(project + "/repositories")
	says(p, "This project is archived")
	if p.shows(link("Link a repository")) {
		t.Error("an archived project offers to link a repository")
	}

	p.open(project)
	says(p, "This project is archived", "Its links are stopped: pushes")
	does(p, "Restore Orders", "Orders")
	f.push(ordersDB, "main", "migrations/0004_restored.sql")
	waitLog(p, ordersLog, "Ignored", "Recorded")
	openDelivery(p, 2)
	does(p, "Reprocess", "The delivery is processed again.")
	waitLog(p, ordersLog, "Recorded", "Recorded")
	p.open(address)
	does(p, "Ask now", "Bitbucket has no new pushes.")
}
