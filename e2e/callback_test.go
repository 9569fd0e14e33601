package e2e

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// stateOf reads the one-time state from the address of the host's window, which asks for consent.
func stateOf(w *tab) string {
	w.t.Helper()
	address, err := url.Parse(w.address())
	if err != nil || address.Query().Get("state") == "" {
		w.t.Fatalf("no state in the address of the host's window: %v", err)
	}
	return address.Query().Get("state")
}

// callbackWith is an address as a host would come back to.
func callbackWith(f *fairlead, pairs ...string) string {
	query := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	return f.callbackURL() + "?" + query.Encode()
}

func TestACallbackWithoutOrWithAMadeUpStateIsExplained(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	p.open(f.callbackURL())
	diagnosed(p, "callback_without_state")
	p.shot("callback-without-state")
	p.open(callbackWith(f, "state", "made-up", "code", "made-up"))
	diagnosed(p, "attempt_unknown")
	p.click(link("Go to GitOps"))
	p.waitAt("/settings/gitops")
}

func TestACallbackCountsOnce(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	grant(p.b.newWindow())
	waitVerified(p)
	var callback string
	for _, address := range p.b.addresses() {
		if strings.HasPrefix(address, f.callbackURL()+"?") {
			callback = address
		}
	}
	if callback == "" {
		t.Fatal("the browser saw no callback")
	}
	second := p.b.open(callback)
	diagnosed(second, "attempt_used")
	second.click(link("Continue with the setup"))
	waitVerified(second)
}

func TestACallbackOfAnotherBrowserIsExplainedAndTellsNothing(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	state := stateOf(w)
	stranger := newBrowser(t).first
	stranger.open(callbackWith(f, "state", state, "code", "made-up"))
	diagnosed(stranger, "attempt_foreign")
	if strings.Contains(stranger.html(), "/setups/") {
		t.Error("a stranger is told which setup it is")
	}
	w.click(css("#grant-access")) // the attempt is still good where it began
	w.waitClosed()
	waitVerified(p)
}

func TestACallbackOfACancelledSetupIsExplained(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	p.click(button("Stop waiting"))
	p.click(button("Cancel"))
	p.waitFor("the list", `location.pathname === "/settings/gitops"`)
	w.click(css("#grant-access"))
	diagnosed(w, "setup_cancelled")
	p.reload()
	says(p, "Before you start")
}

func TestACallbackIsOutdatedAfterTheValuesChanged(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c, d := f.register(), f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	old := p.b.newWindow()
	atHost(old, "priya")
	p.click(button("Stop waiting"))
	p.waitShown(css("#application_id"))
	submit(p, d.id, d.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	old.click(css("#grant-access"))
	diagnosed(old, "attempt_outdated")
	waitWaiting(p)
	w.click(css("#grant-access"))
	w.waitClosed()
	waitVerified(p)
	says(p, d.id)
}

func TestACallbackWithAnErrorOrWithoutACodeIsNamed(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	second := p.b.open(callbackWith(f, "state", stateOf(w), "error", "server_error", "error_description", "<b>out of order</b>"))
	diagnosed(p, "host_returned_error")
	says(p, "server_error", "<b>out of order</b>")
	w.close()

	next(p)
	w = p.b.newWindow()
	atHost(w, "priya")
	if !second.gone() {
		second.open(callbackWith(f, "state", stateOf(w)))
	} else {
		p.b.open(callbackWith(f, "state", stateOf(w)))
	}
	diagnosed(p, "callback_incomplete")
}

func TestACallbackAfterTenMinutesIsExplainedAndTheSetupWaits(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	f.kill()
	f.sql("UPDATE attempts SET created_at = created_at - ?, expires_at = expires_at - ?", (11 * time.Minute).Milliseconds(), (11 * time.Minute).Milliseconds())
	f.restart()
	w.click(css("#grant-access"))
	diagnosed(w, "attempt_expired")
	w.click(link("Continue with the setup"))
	waitWaiting(w)
	p.click(link("Open Bitbucket.org")) // the host does not ask again
	waitVerified(p)
	waitVerified(w)
}
