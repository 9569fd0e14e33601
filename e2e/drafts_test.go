package e2e

import (
	"strings"
	"testing"
)

func TestBackAndReloadKeepWhatWasEntered(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()

	// Step 1.
	p.open(f.url + "/settings/gitops/new")
	p.fill(css("#display_name"), "Code of Acme")
	p.click(button("Next"))
	p.waitShown(css("#register"))
	p.reload()
	says(p, "Add Code of Acme")
	p.back()
	if got := p.value(css("#display_name")); got != "Code of Acme" {
		t.Errorf("after Back the display name is %q", got)
	}
	p.reload()
	if got := p.value(css("#display_name")); got != "Code of Acme" {
		t.Errorf("after Back and reload the display name is %q", got)
	}
	p.click(button("Next"))

	// Step 2: the link Back leads to step 1, and the host's workspace is kept.
	p.fill(css("#owner"), "acme-data")
	p.waitShown(link("Open its settings"))
	p.click(link("Back"))
	p.waitShown(css("#display_name"))
	p.click(button("Next"))
	if got := p.value(css("#owner")); got != "acme-data" {
		t.Errorf("the Bitbucket workspace is %q", got)
	}

	// Waiting.
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	waitWaiting(p)
	p.reload()
	waitWaiting(p)
	p.back() // to the draft, which is a setup now
	waitWaiting(p)
	grant(w)
	waitVerified(p)

	// Step 3.
	p.reload()
	waitVerified(p)
	says(p, "Code of Acme")
	p.click(link("Back"))
	if got := p.value(css("#application_id")); got != c.id {
		t.Errorf("the Application ID is %q", got)
	}
	if got := p.value(css("#secret")); got != "" {
		t.Errorf("the Secret holds %d characters", len(got))
	}
	says(p, "One is stored.")
	p.back()
	waitVerified(p)
	p.click(link("Change display name"))
	p.fill(css("#display_name"), "Code")
	p.click(button("Next"))
	waitVerified(p) // a name voids no proof
	confirm(p)
	says(p, "Code was added.")
}

func TestBackAfterSuccessShowsNoSecret(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	verify(p, c.id, c.secret)
	for range 3 { // over the waiting panel to step 2
		p.back()
		if secret := get[string](p, `document.querySelector("#secret")?.value ?? ""`); secret != "" {
			t.Fatalf("after Back the Secret holds %d characters", len(secret))
		}
		if p.shows(css(".htmx-request")) {
			t.Error("after Back something is busy")
		}
		if !strings.HasPrefix(p.path(), "/settings/gitops/") {
			break
		}
	}
	p.open(f.url + "/settings/gitops")
	p.click(link("Continue"))
	waitVerified(p)
	confirm(p)
	p.back() // the setup is a Git provider now
	p.waitAt("/settings/gitops/providers/")
	says(p, "Bitbucket.org", c.id)
}

func TestTwoTabsWithTwoDraftsDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	f, one := newOwner(t)
	c, d := f.register(), f.register()
	one.open(f.url + "/settings/gitops/new")
	two := one.b.open(f.url + "/settings/gitops/new")
	one.fill(css("#display_name"), "First")
	two.fill(css("#display_name"), "Second")
	two.click(button("Next"))
	one.click(button("Next"))
	one.waitShown(css("#register"))
	two.waitShown(css("#register"))
	submit(one, c.id, c.secret)
	w := one.b.newWindow()
	atHost(w, "priya")
	two.reload()
	says(two, "Add Second")
	says(one, "Add First")
	w.click(css("#grant-access"))
	w.waitClosed()
	waitVerified(one)
	submit(two, d.id, d.secret)
	grant(two.b.newWindow())
	waitVerified(two)
	confirm(two)
	says(two, "Second was added.", "Unfinished setup", "First")
	confirm(one)
	says(one, "First was added.", "Second")
	doesNotSay(one, "Unfinished setup")
}

func TestCancelLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	nothing := func(when string) {
		t.Helper()
		p.waitFor("the list", `location.pathname === "/settings/gitops" && document.readyState === "complete"`)
		if n := get[int](p, `document.querySelectorAll(".provider").length`); n != 0 {
			t.Errorf("cancelled %s, %d rows are left", when, n)
		}
	}

	p.open(f.url + "/settings/gitops/new")
	p.click(link("Cancel"))
	nothing("in step 1")

	beginSetup(f, p)
	p.click(button("Cancel"))
	nothing("in step 2")

	beginSetup(f, p)
	submit(p, c.id, "not-the-secret")
	diagnosed(p, "application_id_or_secret_wrong")
	onlyWindow(p)
	p.click(button("Cancel"))
	nothing("after a diagnosis")

	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	p.click(button("Stop waiting"))
	p.click(button("Cancel"))
	nothing("while waiting")
	w.close()

	beginSetup(f, p)
	verify(p, c.id, c.secret)
	p.click(button("Cancel"))
	nothing("in step 3")
}

func TestStopWaitingShowsStepTwoAgain(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	p.click(button("Stop waiting"))
	if got := p.value(css("#application_id")); got != c.id {
		t.Errorf("the Application ID is %q", got)
	}
	w.close()
	next(p)
	grant(p.b.newWindow())
	waitVerified(p)
}

func TestUnfinishedSetupsWaitWithContinueAndDiscard(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p) // a draft
	beginSetup(f, p)
	submit(p, c.id, "not-the-secret") // a setup
	diagnosed(p, "application_id_or_secret_wrong")
	onlyWindow(p)
	p.open(f.url + "/settings/gitops")
	says(p, "Unfinished setup", "Step 2 of 3", "Started by you", "Kept in this browser")
	p.shot("gitops-unfinished")
	if n := get[int](p, `document.querySelectorAll(".provider").length`); n != 2 {
		t.Fatalf("%d unfinished rows, want 2", n)
	}
	p.click(link("Continue"))
	diagnosed(p, "application_id_or_secret_wrong")
	p.back()
	for left := 1; left >= 0; left-- {
		p.leaving(func() { p.click(button("Discard")) })
		if n := get[int](p, `document.querySelectorAll(".provider").length`); n != left {
			t.Errorf("after Discard %d rows are left, want %d", n, left)
		}
	}
	says(p, "Before you start")
}
