package e2e

import (
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

var slowAPI = bitbucketsim.Faults{Slow: 300 * time.Millisecond, Where: "api"}

func TestFairleadKilledBetweenTheStepsOfLinkingCarriesOn(t *testing.T) {
	t.Parallel()
	f, owner := newProvider(t)
	p := join(f, owner, "Mo Lind")
	project := createProject(f, p, "Orders")
	f.killAndRestart() // before the account
	p.open(project + "/repositories/new")
	p.click(button("Connect Bitbucket account"))
	w := p.b.newWindow()
	w.waitShown(css("#sign-in-priya"))
	f.killAndRestart() // while the host asks
	allow(w, "priya")
	p.waitShown(link("Choose " + ordersDB))
	f.killAndRestart() // before the choice
	p.click(link("Choose " + ordersDB))
	p.waitShown(css("#branch"))
	p.fill(css("#paths"), "migrations")
	f.killAndRestart() // before the rule is sent
	p.click(button("Next"))
	p.waitShown(button("Link repository"))

	// In the middle of linking: the row is there, the webhook is not.
	f.faults(bitbucketsim.Faults{Hang: true, Where: "api", PathPrefix: hooksAPI(f)})
	form := get[string](p, `new URLSearchParams(new FormData(document.querySelector("form.wizard"))).toString()`)
	action := get[string](p, `document.querySelector("form.wizard").action`)
	get[bool](p, `fetch(`+quoted(action)+`, {method: "POST", body: new URLSearchParams(`+quoted(form)+`)}).catch(() => {}), true`)
	f.waitForHangingCall()
	f.kill()
	f.restart()
	f.faults(healthy())
	p.click(button("Link repository")) // the same form again
	p.waitShown(css("#health"))
	says(p, ordersDB+" was linked.")
	if n := f.count(`SELECT count(*) FROM repository_links`); n != 1 {
		t.Errorf("there are %d links", n)
	}
	if hooks := f.webhooks(f.priyasToken()); len(hooks) != 1 {
		t.Errorf("the host has %d webhooks", len(hooks))
	}
	f.killAndRestart() // after it
	f.push(ordersDB, "main", "migrations/0003_after.sql")
	waitLog(p, ordersLog, "Recorded")
}

// hooksAPI is where the host's API has the webhooks of orders-db, as Fairlead asks for them.
func hooksAPI(f *fairlead) string {
	var r bitbucketsim.Repository
	f.simulated("GET", "/repositories/"+ordersDB, nil, &r)
	return "/2.0/repositories/{}/" + r.UUID + "/hooks"
}

func TestADeliveryThatWaitsSurvivesAKillAndIsWorkedOffOnce(t *testing.T) {
	t.Parallel()
	f, p, _ := newLink(t, "")
	f.faults(bitbucketsim.Faults{Hang: true, Where: "api"})
	hash := f.push(ordersDB, "main", "migrations/0003_killed.sql")
	f.waitForHangingCall() // it is stored, acknowledged and being worked off
	f.waitKeptByHost(hash)
	f.kill()
	if n := f.count(`SELECT count(*) FROM deliveries WHERE state = 'working'`); n != 1 {
		t.Fatalf("%d deliveries were being worked off", n)
	}
	f.sql(`UPDATE deliveries SET due_at = due_at - 120000`) // the lease of the dead worker runs out
	f.restart()
	f.faults(bitbucketsim.Faults{Status: 503, Where: "api"})
	f.waitSQL("a try that failed", `SELECT count(*) FROM deliveries WHERE state = 'waiting' AND diagnosis IS NOT NULL`)
	f.kill() // while it waits for its next try
	f.sql(`UPDATE deliveries SET due_at = due_at - 120000`)
	f.restart()
	f.faults(healthy())
	f.waitSQL("the verdict", `SELECT count(*) FROM deliveries WHERE verdict = 'recorded'`)
	f.killAndRestart()
	waitLog(p, ordersLog, "Recorded")
	says(p, "1 commit, 1 file")
	openDelivery(p, 1)
	says(p, "migrations/0003_killed.sql")
	if n := f.count(`SELECT count(*) FROM pushes`); n != 1 {
		t.Errorf("the push stands there %d times", n)
	}
}
