package e2e

import (
	"testing"
)

func TestLinkingFitsNarrowScreens(t *testing.T) {
	t.Parallel()
	f, p := newProvider(t, wide(390))
	fits := func(screen string) {
		t.Helper()
		p.waitFor(screen, `document.readyState === "complete"`)
		if wide := get[[]string](p, tooWide); len(wide) > 0 {
			t.Errorf("%s: %q", screen, wide)
		}
	}
	project := createProject(f, p, "Orders")
	p.open(project + "/repositories")
	fits("the empty list")
	p.open(project + "/repositories/new")
	fits("step 1")
	connectAgain(p, project+"/repositories/new", "Connect Bitbucket account")
	fits("step 2")
	p.click(link("Choose " + ordersDB))
	p.waitShown(css("#branch"))
	previewSays(p, "4 files")
	fits("step 3")
	p.click(button("Next"))
	p.waitShown(button("Link repository"))
	fits("step 4")
	p.click(button("Link repository"))
	p.waitShown(css("#first-push"))
	fits("the wait for the first push")
	address := p.linkAddress()
	long := f.push(ordersDB, "main", "migrations/0003_a_rather_long_name_of_a_file_that_does_not_fit_into_one_line_of_a_phone.sql")
	waitLog(p, ordersLog, "Recorded")
	p.click(css(".log summary"))
	fits("the deliveries")
	openDelivery(p, 1)
	fits("a delivery")
	p.open(address)
	fits("the link")
	p.open(address + "/edit")
	previewSays(p, "Every file counts.")
	fits("the rule")
	asksWhy(p, address, long, "This commit was recorded", "rather_long_name")
	fits("why nothing happened")
	f.endTokens(true)
	p.open(address)
	does(p, "Check now", "Disconnected")
	fits("a link that needs attention")
	p.open(project + "/repositories")
	fits("the list")
	p.open(f.url + "/account/connections")
	fits("the connections")
}
