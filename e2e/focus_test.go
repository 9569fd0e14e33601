package e2e

import (
	"strings"
	"testing"
	"time"
)

// waitFocus waits until an element has the focus.
func waitFocus(p *tab, selector string) {
	p.t.Helper()
	p.waitFor("the focus on "+selector, "document.activeElement?.matches("+quoted(selector)+")")
}

// waitSaid waits until the live region says a text.
func waitSaid(p *tab, text string) {
	p.t.Helper()
	p.waitFor("the live region to say "+text, `document.querySelector("#live").textContent === `+quoted(text))
}

func TestFocusGoesWhereTheWorkIsAfterEachSwap(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	p.open(f.url + "/settings/gitops/new")
	p.waitShown(css("#display_name"))
	if !get[bool](p, "document.activeElement === document.body") {
		t.Errorf("a page that loads takes the focus to %q", focused(p))
	}

	// Refused: the first wrong field, and its message is part of what is read.
	p.fill(css("#display_name"), "")
	swapping(p, func() { p.click(button("Next")) })
	waitFocus(p, `#display_name[aria-invalid="true"][aria-describedby~="display_name-error"]`)
	waitSaid(p, "Error: Step 1 of 3: Setting up")

	// Another step: its heading, and its title is spoken.
	p.fill(css("#display_name"), "Ours")
	swapping(p, func() { p.click(button("Next")) })
	waitFocus(p, "#wizard h1")
	wantFocus(p, "heading: Add Ours")
	waitSaid(p, "Step 2 of 3: OAuth consumer info")
	if get[float64](p, "scrollY") > 0 {
		t.Error("the new step does not begin at its top")
	}

	// The link that takes the place of the button that was pressed; but who types keeps the field.
	p.fill(css("#owner"), "acme-data")
	p.waitShown(link("Open its settings"))
	waitFocus(p, "#owner")
	p.fill(css("#owner"), "")
	p.waitShown(button("Show the link"))
	p.click(button("Show the link"))
	waitFocus(p, "#registration-link button")

	// Two wrong fields: the first.
	swapping(p, func() { p.click(button("Next")) })
	onlyWindow(p)
	waitFocus(p, `#application_id[aria-invalid="true"]`)
	submit(p, c.id, "")
	waitFocus(p, `#secret[aria-invalid="true"]`)
	onlyWindow(p)

	// A diagnosis: its heading, which says what the title says.
	submit(p, c.id, "not-the-secret")
	diagnosed(p, "application_id_or_secret_wrong")
	onlyWindow(p)
	if got, want := get[string](p, `document.querySelector("#live").textContent`), "Error: Step 2 of 3: OAuth consumer info"; got != want {
		t.Errorf("the live region says %q beside the heading with the focus", got)
	}

	// Waiting: the panel's heading, once.
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	waitFocus(p, "#status-heading")

	// Stopped: the step again.
	swapping(p, func() { p.click(button("Stop waiting")) })
	waitFocus(p, "#wizard h1")
	waitSaid(p, "Step 2 of 3: OAuth consumer info")
	w.close()

	submit(p, c.id, c.secret)
	grant(p.b.newWindow())
	waitVerified(p)
	waitFocus(p, "main .alert h2")
	wantFocus(p, "heading: The setup is correct")
}

func TestFocusStaysWhereItIsWhileThePanelWaits(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	waitFocus(p, "#status-heading")
	tabTo(p, link("Continue in this tab"))
	get[bool](p, `window.mine = document.activeElement, true`)

	// Time passes: the panel opens its help, then says that nothing came back.
	f.sql("UPDATE setups SET waiting_since = waiting_since - ?", (20 * time.Second).Milliseconds())
	p.waitShown(css("#status details[open]"))
	if !get[bool](p, "document.activeElement === window.mine") {
		t.Errorf("the focus went to %q", focused(p))
	}
	wantFocus(p, "link: Continue in this tab")
	if got := get[string](p, `document.querySelector("#live").textContent`); strings.Contains(got, "did not") {
		t.Errorf("the live region says %q", got)
	}
	f.sql("UPDATE setups SET waiting_since = waiting_since - ?", (100 * time.Second).Milliseconds())
	p.waitShown(sel{"#status-heading", "Bitbucket did not come back"})
	if !get[bool](p, "document.activeElement === window.mine") {
		t.Errorf("the focus went to %q", focused(p))
	}
	waitSaid(p, "Bitbucket did not come back")
	if got := p.title(); got != "Bitbucket did not come back · Fairlead" {
		t.Errorf("the title is %q", got)
	}
	w.close()
}

func TestFocusIsNotTakenFromAFieldThatHasItOnAFullPage(t *testing.T) {
	t.Parallel()
	url, _ := openGallery(t)
	p := newBrowser(t).first
	for exhibit, selector := range map[string]string{
		"sign-in":                 "#email",
		"sign-in-error":           "#password",
		"members-invite":          "#email",
		"wizard-setting-up-error": "#display_name",
		"wizard-consumer-error":   "#application_id",
		"wizard-consumer":         "body",
		"wizard-waiting":          "#status-heading",
		"diagnosis-secret":        "#diagnosis-title",
		"wizard-confirm":          ".alert h2",
		"callback-astray":         "#diagnosis-title",
	} {
		p.open(url + "/" + exhibit)
		p.waitFor("the focus of "+exhibit+" on "+selector, "document.activeElement?.matches("+quoted(selector)+")")
	}
}
