package e2e

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

// fastClock lets the page's clock go thirty times as fast, so that its polls come soon.
const fastClock = `for (const name of ["setInterval", "setTimeout"]) { const slow = window[name]; window[name] = (f, ms, ...more) => slow(f, ms / 30, ...more) }`

const rowsShown = `document.querySelectorAll(".log details").length`

func TestADeliveryThatIsProcessedAgainShowsItsNewVerdictWithoutReload(t *testing.T) {
	t.Parallel()
	f, p, link := newLink(t, "")
	f.push(ordersDB, "feature/new", "migrations/0003_again.sql")
	waitLog(p, ordersLog, "Ignored")
	p.open(link + "/edit")
	p.fill(css("#branch"), "**")
	does(p, "Save", "What the link follows was saved.")
	p.open(f.url + ordersLog)
	openDelivery(p, 1)
	f.faults(bitbucketsim.Faults{Slow: 2 * time.Second, Where: "api"})
	does(p, "Reprocess", "The delivery is processed again.")
	p.waitFor("a delivery without a verdict", `document.documentElement.dataset.kept = document.querySelector("#progress .pill")?.textContent.includes("Waiting") ? "yes" : ""`)
	p.shot("delivery-followed")
	p.waitShown(sel{"#progress .pill", "Recorded"})
	says(p, "migrations/0003_again.sql")
	if !get[bool](p, `document.documentElement.dataset.kept === "yes" && !document.querySelector("#progress").hasAttribute("hx-get")`) {
		t.Error("the page was loaded again, or goes on asking")
	}
	p.waitFor("the verdict to be spoken", `document.querySelector("#live").textContent.startsWith("Recorded.")`)
}

func TestTheLogTellsOfNewDeliveriesAndLeadsToTheOldest(t *testing.T) {
	t.Parallel()
	f, p, address := newLink(t, "")
	first := f.push(ordersDB, "main", "migrations/0003_first.sql")
	f.simulate(http.MethodPost, "/repositories/"+ordersDB+"/bulk", map[string]any{"branch": "feature/bulk", "pushes": 79})
	f.waitSQL("80 verdicts", `SELECT count(*) = 80 FROM deliveries WHERE state = 'done'`)

	page := func(rows int) {
		t.Helper()
		p.waitFor("the page of the log", `document.readyState === "complete" && `+rowsShown+` === `+strconv.Itoa(rows))
	}
	p.open(f.url + ordersLog)
	page(30)
	p.shot("deliveries-many")
	p.click(link("Older deliveries"))
	page(30)
	p.waitShown(link("Newest deliveries"))
	p.click(link("Older deliveries"))
	page(20)
	if p.shows(link("Older deliveries")) {
		t.Error("there is something older than the oldest")
	}
	p.reload() // each page has an address
	page(20)
	p.click(css(".log > li:last-child summary"))
	says(p, "Push to main", "Signature matches this link’s secret")
	p.click(sel{"details[open] a", "View the delivery"})
	p.waitShown(css("#wire"))
	p.click(sel{"summary", "7 headers"})
	says(p, first[:10], "migrations/0003_first.sql", "X-Hub-Signature: [redacted]", "repo:push")
	p.back()
	page(20)
	p.back()
	page(30)
	p.open(f.url + ordersLog)
	p.click(link("Recorded"))
	page(1)
	p.click(link("Needs attention"))
	p.waitShown(sel{"strong", "Nothing needs attention"})
	p.click(link("Ignored"))
	page(30)
	p.click(link("All"))
	page(30)

	// New ones are told without moving the list.
	defer p.evaluateOnNewDocument(fastClock)()
	for _, path := range []string{f.url + ordersLog, address} {
		p.open(path)
		p.waitFor("the log", rowsShown+" > 0")
		rows := get[int](p, rowsShown)
		p.click(css(".log summary"))
		get[string](p, `document.documentElement.dataset.same = "yes"`)
		f.push(ordersDB, "feature/bulk", "app/new.txt"+path[len(path)-2:])
		p.waitShown(sel{"#newer a", "1 new delivery"})
		f.push(ordersDB, "feature/bulk", "app/newer.txt"+path[len(path)-2:])
		p.waitShown(sel{"#newer a", "2 new deliveries"})
		if !get[bool](p, `document.documentElement.dataset.same === "yes" && document.querySelectorAll(".log details[open]").length === 1`) {
			t.Error("the page was loaded again, or the row that was open is closed")
		}
		p.click(sel{"#newer a", "2 new deliveries"})
		p.waitGone(css("#newer a"))
		p.waitFor("as many rows, none of them open", rowsShown+" === "+strconv.Itoa(rows)+` && !document.querySelector(".log details[open]")`)
	}
}
