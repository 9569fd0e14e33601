package e2e

import (
	"fmt"
	"testing"
)

func TestEverythingWorksWithoutScript(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"Continue in this tab", "Open Bitbucket.org"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			f, p := newOwner(t, withoutScript)
			if p.evaluated() {
				t.Fatal("scripts run")
			}
			c := f.register()
			p.click(link("Add a Git provider"))
			p.fill(css("#display_name"), "")
			p.click(button("Next"))
			p.waitShown(css("#display_name-error"))
			p.fill(css("#display_name"), "Plain")
			p.click(button("Next"))
			wordsSwitch(p)

			p.fill(css("#owner"), "acme-data")
			p.click(button("Show the link"))
			p.waitShown(link("Open its settings"))

			p.fill(css("#application_id"), c.id)
			p.click(button("Next"))
			p.waitShown(css("#secret-error"))
			if got := p.value(css("#application_id")); got != c.id {
				t.Errorf("after an error the Application ID is %q", got)
			}
			p.fill(css("#secret"), "not-the-secret")
			p.click(button("Next"))
			diagnosed(p, "application_id_or_secret_wrong")
			p.fill(css("#secret"), c.secret)
			p.click(button("Next"))
			waitWaiting(p)

			p.click(link(way))
			w := p
			if way == "Open Bitbucket.org" {
				w = p.b.newWindow()
			}
			atHost(w, "priya")
			w.click(css("#grant-access"))
			if w != p {
				w.waitShown(sel{"h1", "Back from Bitbucket.org"})
			}
			waitVerified(p) // the page asks by itself every 3 seconds
			p.click(button("Confirm and add"))
			p.waitFor("the list", `location.pathname === "/settings/gitops"`)
			says(p, "Plain was added.")
		})
	}
}

// evaluated reports whether the page's own scripts ran.
func (p *tab) evaluated() bool { return get[bool](p, `typeof htmx !== "undefined"`) }

// wordsSwitch checks that the host's older words can be had; the switch is a matter of style sheets.
func wordsSwitch(p *tab) {
	p.t.Helper()
	p.waitShown(css(".words-of-clients"))
	p.waitGone(css(".words-of-consumers"))
	p.click(sel{".seg label", "OAuth consumers"})
	p.waitShown(css(".words-of-consumers"))
	p.waitGone(css(".words-of-clients"))
	says(p, "Add consumer")
	p.click(sel{".seg label", "OAuth clients"})
	p.waitShown(css(".words-of-clients"))
}

func TestTheWizardFitsNarrowScreens(t *testing.T) {
	t.Parallel()
	for _, width := range []int64{390, 320} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			t.Parallel()
			f := startFairlead(t)
			p := newBrowser(t, wide(width)).first
			fits := func(screen string) {
				t.Helper()
				if over := get[float64](p, `document.scrollingElement.scrollWidth - innerWidth`); over > 0 {
					widest := get[string](p, `[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.tagName + "." + e.className + " " + Math.round(e.getBoundingClientRect().right)).slice(0, 5).join("; ")`)
					t.Errorf("%s is %v px wider than the screen: %s", screen, over, widest)
				}
			}
			p.open(f.firstOwner)
			fits("the first owner's page")
			foundWorkspace(f, p)
			fits("the empty list")
			c := f.register()
			p.open(f.url + "/settings/gitops/new")
			fits("step 1")
			p.fill(css("#display_name"), "")
			p.click(button("Next"))
			p.waitShown(css("#display_name-error"))
			fits("step 1 with an error")
			p.fill(css("#display_name"), "A rather long name of a Git provider for narrow screens")
			p.click(button("Next"))
			p.waitShown(css("#register"))
			fits("step 2")
			p.fill(css("#owner"), "acme-data")
			p.waitShown(link("Open its settings"))
			fits("step 2 with the link")
			p.click(sel{".seg label", "OAuth consumers"})
			fits("step 2 in older words")
			submit(p, c.id+"x", "not-the-secret")
			diagnosed(p, "application_id_or_secret_wrong")
			p.click(sel{"summary", "What Bitbucket answered"})
			fits("a diagnosis")
			onlyWindow(p)
			submit(p, c.id, c.secret)
			w := p.b.newWindow()
			waitWaiting(p)
			p.click(sel{"summary", "What do you see in the other window?"})
			fits("the waiting panel")
			p.click(sel{"summary", "Values to register on Bitbucket.org"})
			fits("the sheet while waiting")
			grant(w)
			waitVerified(p)
			fits("step 3")
			p.open(f.url + "/settings/gitops")
			fits("the list with an unfinished setup")
			p.click(link("Continue"))
			waitVerified(p)
			confirm(p)
			says(p, "was added.")
			fits("the list")
			p.open(f.callbackURL())
			diagnosed(p, "callback_without_state")
			fits("a callback that is explained")
		})
	}
}
