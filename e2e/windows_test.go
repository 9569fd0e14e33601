package e2e

import (
	"testing"

	"fairlead/bitbucketsim"
)

// submitByScript fills and sends the form of step 2 without a gesture, on a page that never saw one: then the browser
// opens no window.
func submitByScript(p *tab, id, secret string) {
	p.t.Helper()
	p.reload()
	if get[bool](p, "navigator.userActivation.isActive") {
		p.t.Fatal("the page has seen a gesture")
	}
	swapping(p, func() {
		get[bool](p, `document.querySelector("#application_id").value = `+quoted(id)+`, document.querySelector("#secret").value = `+quoted(secret)+
			`, document.querySelector("form[data-popup]").requestSubmit(), true`)
	})
}

func TestABlockedWindowLeavesALinkThatWorks(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submitByScript(p, c.id, c.secret)
	waitWaiting(p)
	if n := len(p.b.windows()); n != 1 {
		t.Fatalf("%d windows: the browser did not block the small one", n)
	}
	p.click(link("Open Bitbucket.org"))
	grant(p.b.newWindow())
	waitVerified(p)
}

func TestAWindowThatWasClosedCanBeOpenedAgain(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	w.close()
	waitWaiting(p)
	p.click(link("Open Bitbucket.org"))
	grant(p.b.newWindow())
	waitVerified(p)
}

func TestTheWindowClosesItselfAlsoWhenTheHostKeepsItsOpener(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	f.faults(bitbucketsim.Faults{KeepOpener: true})
	beginSetup(f, p)
	verify(p, c.id, c.secret)
}

func TestThePageGoesOnWhenTheWindowStaysOpen(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	// A browser that refuses to close the window.
	callback := w.evaluateOnNewDocument(`window.close = () => {}`)
	defer callback()
	w.click(css("#grant-access"))
	w.waitShown(sel{"h1", "Back from Bitbucket.org"})
	w.shot("window-returned")
	says(w, "You can close this window.")
	waitVerified(p)
	w.click(link("Continue here instead"))
	waitVerified(w)
}

func TestAnEmptySecretClosesTheWindowAndSaysSo(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, "")
	p.waitShown(css("#secret-error"))
	says(p, "There is a problem", "Enter the Secret")
	onlyWindow(p)
	p.waitFor("the focus in the empty field", `document.activeElement?.id === "secret"`)
	if got := p.value(css("#application_id")); got != c.id {
		t.Errorf("the Application ID is %q", got)
	}
	p.shot("step-2-empty-secret")
	verify(p, c.id, c.secret)
}

func TestEnterInAFieldOpensTheWindowAsWell(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	p.fill(css("#application_id"), c.id)
	p.fill(css("#secret"), c.secret)
	p.press("\r")
	grant(p.b.newWindow())
	waitVerified(p)
}

func TestPressingNextTwiceOpensOneWindowAndOneSetup(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	f.faults(bitbucketsim.Faults{Slow: 300_000_000})
	beginSetup(f, p)
	p.fill(css("#application_id"), c.id)
	p.fill(css("#secret"), c.secret)
	x, y := p.place(button("Next"))
	p.clickAt(x, y)
	p.clickAt(x, y)
	w := p.b.newWindow()
	waitWaiting(p)
	if n := len(p.b.windows()); n != 2 {
		t.Errorf("%d windows, want the page and the small one", n)
	}
	list := p.b.open(f.url + "/settings/gitops")
	if n := get[int](list, `document.querySelectorAll(".provider").length`); n != 1 {
		t.Errorf("%d unfinished setups, want 1", n)
	}
	list.close()
	f.faults(healthy())
	grant(w)
	waitVerified(p)
}

func TestTheSameTabCanGoToTheHostAndBack(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submitByScript(p, c.id, c.secret)
	p.click(link("Continue in this tab"))
	atHost(p, "priya")
	p.click(css("#grant-access"))
	waitVerified(p)
	if got := p.path(); len(got) > 60 {
		t.Errorf("the address is %s", got)
	}
	confirm(p)
	says(p, "was added")
}

func TestAServerThatDiesWhileTheWindowIsOpenLosesNothing(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	f.kill()
	p.waitShown(css(`[data-alert="unanswered"]`)) // the poll says that nobody answers
	f.restart()
	p.waitGone(css(`[data-alert="unanswered"]`))
	w.click(css("#grant-access"))
	w.waitClosed()
	waitVerified(p)
	confirm(p)
	says(p, "was added")
}

func TestCopyingWorksWithoutAClipboardOfTheBrowserAsOverPlainHTTP(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	p.evaluateOnNewDocument(`Object.defineProperty(navigator, "clipboard", {value: undefined})`)
	beginSetup(f, p)
	p.click(css("button[data-copy=clients-callback-url]"))
	p.waitFor("what was copied to be spoken", `document.querySelector("#live").textContent === "Callback URL copied"`)
	get[bool](p, `document.execCommand = () => false, true`)
	p.click(css("button[data-copy=clients-name]"))
	p.waitFor("to be told how", `document.querySelector("#live").textContent === "Press Ctrl+C to copy the selected text"`)
	if got := get[string](p, `getSelection().toString()`); got != "Fairlead" {
		t.Errorf("selected is %q", got)
	}
}

func TestTheSecretIsShownOnlyOnDemand(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	beginSetup(f, p)
	p.fill(css("#secret"), "Planted-7Hc2")
	kind := func() string { return get[string](p, `document.querySelector("#secret").type`) }
	for _, want := range []string{"password", "text", "password"} {
		if got := kind(); got != want {
			t.Errorf("the field is of type %s, want %s", got, want)
		}
		p.click(css("button[data-reveal=secret]"))
	}
}
