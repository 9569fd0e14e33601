package e2e

import (
	"strings"
	"testing"

	"fairlead/bitbucketsim"
)

func TestAccessTokensThatEndAreReplacedWithoutAnybodyNoticing(t *testing.T) {
	t.Parallel()
	f, p := newProvider(t)
	// The backend of 2026: tokens of more than 2,500 characters, each refresh token good for one use.
	f.faults(bitbucketsim.Faults{Backend2026: true, StrictRotation: true, LongTokens: true})
	project := createProject(f, p, "Orders")
	connectAgain(p, project+"/repositories/new", "Connect Bitbucket account")
	picker := p.path()
	linkRepository(p, project, ordersDB, "")
	link := p.linkAddress()
	for i := range 2 {
		f.endTokens(false)
		f.push(ordersDB, "main", "migrations/000"+string(rune('3'+i))+"_refreshed.sql")
		waitLog(p, ordersLog, []string{"Recorded", "Recorded"}[:i+1]...)
		f.endTokens(false)
		p.open(link)
		does(p, "Check now", "Everything is as it should be.")
	}

	// Many at once need a new one: only one of them may ask for it.
	f.endTokens(false)
	at := quoted(picker)
	lists, err := fetched[int](p, picker, `Promise.all([`+strings.Repeat(`fetch(`+at+`).then(r => r.text()),`, 5)+`]).then(all => all.filter(text => text.includes("Choose")).length)`)
	if err != nil || lists != 5 {
		t.Errorf("%d of 5 lists at once came: %v", lists, err)
	}
	p.open(f.url + "/account/connections")
	says(p, "Connected", ordersDB)
	doesNotSay(p, "Needs attention")
}

func TestAConnectionThatEndedIsShownWhereItMattersAndReconnectingRevivesWhatWaits(t *testing.T) {
	t.Parallel()
	f, p, link := newLink(t, "")
	f.endTokens(true)
	f.push(ordersDB, "main", "migrations/0003_waits.sql")
	f.waitSQL("the delivery to be parked", `SELECT count(*) FROM deliveries WHERE state = 'waiting' AND due_at IS NULL`)
	waitLog(p, ordersLog, "Waiting")
	says(p, "Waits for the connection of "+ownerName+".")
	openDelivery(p, 1)
	says(p, "Waiting to be processed", "The connection to Bitbucket has ended")
	for _, page := range []string{link, f.url + "/projects/ORDERS/repositories", f.url + "/projects/ORDERS/deliveries", f.url + "/account/connections"} {
		p.open(page)
		says(p, "The connection to Bitbucket has ended")
		p.waitShown(button("Reconnect"))
	}
	p.open(f.url + "/projects/ORDERS")
	says(p, "Disconnected")
	p.open(f.url + "/projects/ORDERS/repositories/new")
	says(p, "Connect your Bitbucket account again", "All links that use it go on")

	connectAgain(p, link, "Reconnect")
	p.waitGone(button("Reconnect"))
	waitLog(p, ordersLog, "Recorded")
	openDelivery(p, 1)
	says(p, "migrations/0003_waits.sql")
	p.open(f.url + "/account/connections")
	doesNotSay(p, "Needs attention")

	// From the account page it works as well, and comes back there.
	f.endTokens(true)
	p.open(link)
	does(p, "Check now", "The check found something that needs attention.", "The connection to Bitbucket has ended")
	connectAgain(p, f.url+"/account/connections", "Reconnect")
	p.waitAt("/account/connections")
	doesNotSay(p, "Needs attention")

	// What is disconnected pauses its links, visibly.
	p.click(sel{"a[href]", "Disconnect"})
	p.waitShown(sel{"h2", "This link pauses"})
	does(p, "Disconnect account", "Priya Raman was disconnected.", "No account is connected")
	f.push(ordersDB, "main", "migrations/0004_paused.sql")
	waitLog(p, ordersLog, "Recorded", "Waiting")
	p.open(link)
	says(p, "Paused", "Pushes are received and wait until somebody takes the link over.")
	connectAgain(p, get[string](p, `document.querySelector("a[href$='/take-over']").href`), "Connect Bitbucket account")
	does(p, "Take over as Priya Raman", "The link now acts by your connection.", "Receiving pushes")
	waitLog(p, ordersLog, "Recorded", "Recorded")
}

func TestAHookThatIsRemovedSwitchedOffOrChangedAtTheHostIsNamedAndRepaired(t *testing.T) {
	t.Parallel()
	f, p, link := newLink(t, "")
	token := f.priyasToken()
	one := func() webhook {
		t.Helper()
		hooks := f.webhooks(token)
		if len(hooks) != 1 {
			t.Fatalf("the host has %d webhooks, want 1: %v", len(hooks), hooks)
		}
		return hooks[0]
	}
	good := one()
	change := func(body map[string]any) {
		t.Helper()
		whole := map[string]any{"url": good.URL, "active": true, "events": good.Events}
		for key, value := range body {
			whole[key] = value
		}
		f.callHost("PUT", hooksOfOrders+"/"+one().UUID, token, whole, nil)
	}
	f.push(ordersDB, "main", "migrations/0003_first.sql")
	recorded := []string{"Recorded"}
	waitLog(p, ordersLog, recorded...)
	for _, spoiled := range []struct {
		spoil func()
		says  string
	}{
		{func() { f.callHost("DELETE", hooksOfOrders+"/"+good.UUID, token, nil, nil) }, "The webhook is not there any more at Bitbucket"},
		{func() { change(map[string]any{"active": false}) }, "The webhook is switched off at Bitbucket."},
		{func() { change(map[string]any{"url": "https://elsewhere.example/hook"}) }, "The webhook leads to https://elsewhere.example/hook instead of " + good.URL},
		{func() { change(map[string]any{"events": []string{"repo:fork"}}) }, "The webhook does not tell of everything that the link needs."},
		{func() { change(map[string]any{"secret": nil}) }, "The webhook has no secret at Bitbucket"},
	} {
		spoiled.spoil()
		p.open(link)
		does(p, "Check now", "The check found something that needs attention.", spoiled.says, "Needs attention")
		p.open(f.url + "/projects/ORDERS/repositories")
		says(p, spoiled.says)
		does(p, "Repair", "The webhook was repaired.", "All 5 checks passed")
		if now := one(); !now.Active || now.URL != good.URL || !now.Signed || strings.Join(now.Events, " ") != "repo:push" {
			t.Errorf("after the repair the host has %+v", now)
		}
		f.push(ordersDB, "main", "migrations/repaired"+string(rune('0'+len(recorded)))+".sql")
		recorded = append(recorded, "Recorded")
		waitLog(p, ordersLog, recorded...)
	}

	// What cannot be repaired here says what is missing.
	f.simulate("PUT", "/repositories/"+ordersDB+"/roles", map[string]string{"email": bitbucketsim.Accounts()[0].Email, "role": "write"})
	p.open(link)
	does(p, "Check now", "Needs attention", "It has write there. Webhooks need the admin role.")
	f.simulate("DELETE", "/repositories/"+ordersDB, nil)
	does(p, "Check now", "Bitbucket does not show "+ordersDB+" to Priya Raman any more")
}

func TestARepositoryThatIsRenamedOrMovedKeepsItsLink(t *testing.T) {
	t.Parallel()
	f, p, link := newLink(t, "")
	f.simulate("POST", "/repositories/"+ordersDB+"/rename", map[string]string{"name": "purchases-db"})
	f.push("acme-data/purchases-db", "main", "migrations/0003_renamed.sql")
	waitLog(p, ordersLog, "Recorded")
	p.open(link)
	does(p, "Check now", "Everything is as it should be.", "acme-data/purchases-db")
	f.simulate("POST", "/repositories/acme-data/purchases-db/move", map[string]string{"workspace": "acme-web"})
	hash := f.push("acme-web/purchases-db", "main", "migrations/0004_moved.sql")
	waitLog(p, ordersLog, "Recorded", "Recorded")
	asksWhy(p, link, f.host+"/acme-web/purchases-db/commits/"+hash, "This commit was recorded")
	p.open(link)
	does(p, "Check now", "Everything is as it should be.")
	if got := p.text(css("h1")); got != "acme-web/purchases-db" {
		t.Errorf("the page is about %s", got)
	}
	p.open(f.url + "/projects/ORDERS/repositories")
	says(p, "acme-web/purchases-db", "Receiving pushes")
	doesNotSay(p, ordersDB)
}
