package e2e

import (
	"strings"
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

func TestFairleadKilledAtEachStepCarriesOn(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()

	p.open(f.url + "/settings/gitops/new")
	p.fill(css("#display_name"), "Survivor")
	f.killAndRestart() // before step 1 is sent
	p.click(button("Next"))
	p.waitShown(css("#register"))
	f.killAndRestart() // after step 1
	p.reload()
	says(p, "Add Survivor")
	p.fill(css("#owner"), "acme-data")
	p.waitShown(link("Open its settings"))
	f.killAndRestart() // in step 2
	submit(p, c.id, "not-the-secret")
	diagnosed(p, "application_id_or_secret_wrong")
	onlyWindow(p)
	f.killAndRestart() // after a diagnosis
	p.reload()
	diagnosed(p, "application_id_or_secret_wrong")
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	waitWaiting(p)
	f.killAndRestart() // while waiting
	w.click(css("#grant-access"))
	w.waitClosed()
	waitVerified(p)
	f.killAndRestart() // after it is verified
	p.reload()
	waitVerified(p)
	says(p, "Survivor", "Priya Raman", "16 repositories")
	confirm(p)
	says(p, "Survivor was added.")
	f.killAndRestart() // after it was added
	p.reload()
	says(p, "Survivor", "Verified by "+ownerName+" as Priya Raman", c.id)
	doesNotSay(p, "Unfinished setup")
}

func TestFairleadKilledDuringTheCheckSaysThatItWasInterrupted(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	f.faults(bitbucketsim.Faults{Hang: true})
	beginSetup(f, p)
	p.fill(css("#application_id"), c.id)
	p.fill(css("#secret"), c.secret)
	p.click(button("Next"))
	f.waitForHangingCall()
	f.kill()
	p.waitShown(css(`[data-alert="unanswered"]`))
	onlyWindow(p) // the small window closes
	if id, secret := p.value(css("#application_id")), p.value(css("#secret")); id != c.id || secret != c.secret {
		t.Errorf("the form holds %q and a secret of %d characters", id, len(secret))
	}
	f.restart()
	f.faults(healthy())

	// The same form again leads to the setup that it made.
	swapping(p, func() { p.click(button("Next")) })
	diagnosed(p, "attempt_interrupted")
	onlyWindow(p)
	if got := p.value(css("#application_id")); got != c.id {
		t.Errorf("the Application ID is %q", got)
	}
	list := p.b.open(f.url + "/settings/gitops")
	if n := get[int](list, `document.querySelectorAll(".provider").length`); n != 1 {
		t.Errorf("%d unfinished setups, want 1", n)
	}
	list.close()
	next(p)
	grant(p.b.newWindow())
	waitVerified(p)
}

func TestFairleadKilledBetweenSpendingAndStoringSaysThatItWasInterrupted(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]bitbucketsim.Faults{
		"exchange": {Hang: true, Where: "token"},
		"proof":    {Slow: time.Minute, Where: "api"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, p := newOwner(t)
			c := f.register()
			beginSetup(f, p)
			submit(p, c.id, c.secret)
			w := p.b.newWindow()
			atHost(w, "priya")
			f.faults(faults)
			w.click(css("#grant-access"))
			f.waitForHangingCall()
			var callback string
			p.b.wait("the callback", func() bool {
				for _, address := range p.b.addresses() {
					if strings.HasPrefix(address, f.callbackURL()+"?") {
						callback = address
					}
				}
				return callback != ""
			})
			f.kill()
			f.restart()
			f.faults(healthy())
			diagnosed(p, "attempt_interrupted") // the waiting panel finds out by itself

			second := p.b.open(callback)
			diagnosed(second, "attempt_used")
			second.click(link("Continue with the setup"))
			diagnosed(second, "attempt_interrupted")
			second.close()
			if !w.gone() {
				w.close() // it shows that nobody answered
			}
			next(p)
			waitVerified(p) // the host does not ask again
			onlyWindow(p)
			confirm(p)
			says(p, "was added.")
		})
	}
}
