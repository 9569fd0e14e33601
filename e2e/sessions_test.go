package e2e

import (
	"testing"

	"fairlead/bitbucketsim"
)

// endSessionElsewhere signs in with another browser and ends the session of the first one there.
func endSessionElsewhere(t *testing.T, f *fairlead) {
	t.Helper()
	other := newBrowser(t).first
	other.open(f.url + "/account/sessions")
	signIn(other)
	other.waitAt("/account/sessions")
	other.leaving(func() { other.click(button("Sign out the session")) })
	says(other, "The session was ended.")
}

func TestASessionThatEndsInStepTwoKeepsThePageAndWhatWasTyped(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	p.fill(css("#application_id"), c.id)
	p.fill(css("#secret"), c.secret)
	endSessionElsewhere(t, f)
	p.click(button("Next"))
	p.waitShown(css(`[data-alert="signed-out"]`))
	onlyWindow(p)
	p.shot("step-2-signed-out")
	if id, secret := p.value(css("#application_id")), p.value(css("#secret")); id != c.id || secret != c.secret {
		t.Errorf("the form holds %q and a secret of %d characters", id, len(secret))
	}
	p.click(link("Sign in in another tab"))
	second := p.b.newWindow()
	signIn(second)
	second.waitFor("the first page of an owner", `location.pathname !== "/sign-in" && document.readyState === "complete"`)
	second.close()
	swapping(p, func() { p.click(button("Next")) })
	grant(p.b.newWindow())
	waitVerified(p)
	p.waitGone(css(`[data-alert="signed-out"]`))
}

func TestWithoutScriptASessionThatEndsInStepTwoKeepsTheApplicationID(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t, withoutScript)
	c := f.register()
	p.open(f.url + "/settings/gitops/new")
	p.click(button("Next"))
	p.fill(css("#application_id"), c.id)
	p.fill(css("#secret"), c.secret)
	endSessionElsewhere(t, f)
	p.click(button("Next"))
	p.waitAt("/sign-in")
	signIn(p)
	if got := p.value(css("#application_id")); got != c.id {
		t.Errorf("after signing in again the Application ID is %q, want %q", got, c.id)
	}
	if got := p.value(css("#secret")); got != "" {
		t.Errorf("after signing in again the Secret holds %d characters", len(got))
	}
}

func TestASessionThatEndsWhileWaitingComesBackToTheSetup(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	endSessionElsewhere(t, f)
	p.waitAt("/sign-in")
	w.click(css("#grant-access"))
	diagnosed(w, "attempt_foreign") // the grant belongs to the session that ended
	w.close()
	signIn(p)
	waitWaiting(p)
	p.click(link("Open Bitbucket.org"))
	waitVerified(p) // the host does not ask again
}

func TestAMemberIsForbiddenEverythingOfGitOps(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, "not-the-secret")
	diagnosed(p, "application_id_or_secret_wrong")
	setup := p.path()

	p.open(f.url + "/settings/members/invite")
	p.fill(css("#email"), "mo@acme.example")
	p.click(button("Create invitation link"))
	invitation := p.text(css("#invitation-link"))

	m := newBrowser(t).first
	m.open(invitation)
	m.fill(css("#name"), "Mo Lind")
	m.fill(css("#password"), "a lamp, a ladder and snow")
	m.click(button("Join Acme Data"))
	m.waitFor("the first page of a member", `!location.pathname.startsWith("/join/") && document.readyState === "complete"`)
	if m.shows(link("GitOps")) {
		t.Error("a member's navigation has GitOps")
	}
	for _, path := range []string{"/settings/gitops", "/settings/gitops/new", "/settings/gitops/new/dr_2345", "/settings/gitops/checking",
		setup, setup + "/name", setup + "/authorize", setup + "/status", setup + "/returned"} {
		m.open(f.url + path)
		if got := get[int](m, `performance.getEntriesByType("navigation")[0].responseStatus`); got != 403 {
			t.Errorf("GET %s as a member: %d, want 403", path, got)
		}
	}
	m.shot("forbidden")
	for _, path := range []string{"/settings/gitops/new", setup, setup + "/confirm", setup + "/cancel", setup + "/continue", setup + "/report", setup + "/stop", setup + "/name", setup + "/owner"} {
		if got := m.post(path); got != 403 {
			t.Errorf("POST %s as a member: %d, want 403", path, got)
		}
	}
	p.open(f.url + setup)
	diagnosed(p, "application_id_or_secret_wrong") // nothing was changed
}

func TestConfirmPressedTwiceMakesOneProvider(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	one := func(name string) {
		t.Helper()
		p.waitFor("the list", `location.pathname === "/settings/gitops" && document.readyState === "complete"`)
		names := get[[]string](p, `[...document.querySelectorAll(".provider h2")].map(h => h.firstChild.textContent.trim()).filter(n => n === `+quoted(name)+`)`)
		if len(names) != 1 {
			t.Errorf("there are %d Git providers called %s", len(names), name)
		}
		doesNotSay(p, "Unfinished setup")
	}
	c := f.register()
	beginSetup(f, p)
	verify(p, c.id, c.secret)
	x, y := p.place(button("Confirm and add"))
	p.clickAt(x, y)
	p.clickAt(x, y)
	one("Bitbucket.org")

	d := f.register()
	p.open(f.url + "/settings/gitops/new")
	p.fill(css("#display_name"), "Twice")
	p.click(button("Next"))
	p.waitShown(css("#register"))
	submit(p, d.id, d.secret)
	grant(p.b.newWindow())
	waitVerified(p)
	form := get[string](p, `document.querySelector("form.wizard").getAttribute("action")`)
	for range 3 {
		if got := p.post(form); got != 200 {
			t.Errorf("POST %s: %d", form, got)
		}
	}
	p.open(f.url + "/settings/gitops")
	one("Twice")
}

func TestAnOwnerSeesTheSetupThatAnotherBrowserBegan(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	f.faults(bitbucketsim.Faults{Status: 503})
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	diagnosed(p, "host_error")
	f.faults(healthy())
	other := newBrowser(t).first
	other.open(f.url + "/settings/gitops")
	signIn(other)
	other.click(link("Continue"))
	diagnosed(other, "host_error")
	next(other)
	grant(other.b.newWindow())
	waitVerified(other)
}
