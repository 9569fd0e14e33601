package e2e

import (
	"strings"
	"testing"

	"fairlead/bitbucketsim"
)

// The workspace owner of all tests.
const (
	ownerName     = "Ana Brandt"
	ownerEmail    = "ana@acme.example"
	ownerPassword = "a kettle, two mugs and rain"
)

// foundWorkspace becomes the first owner, by the printed link.
func foundWorkspace(f *fairlead, p *tab) {
	p.t.Helper()
	p.open(f.firstOwner)
	p.fill(css("#workspace"), "Acme Data")
	p.fill(css("#email"), ownerEmail)
	p.fill(css("#name"), ownerName)
	p.fill(css("#password"), ownerPassword)
	p.click(button("Create workspace"))
	p.waitAt("/settings/gitops")
}

// newOwner is what most tests begin with: a Fairlead and its owner at the GitOps page.
func newOwner(t *testing.T, options ...browserOption) (*fairlead, *tab) {
	t.Helper()
	f := startFairlead(t)
	p := newBrowser(t, options...).first
	foundWorkspace(f, p)
	return f, p
}

func signIn(p *tab) {
	p.t.Helper()
	p.fill(css("#email"), ownerEmail)
	p.fill(css("#password"), ownerPassword)
	p.click(button("Sign in"))
}

// beginSetup goes to step 2 of a new setup.
func beginSetup(f *fairlead, p *tab) {
	p.t.Helper()
	p.open(f.url + "/settings/gitops/new")
	p.waitShown(css("#display_name"))
	p.click(button("Next"))
	p.waitShown(css("#register"))
}

// submit enters the two values of step 2 and chooses Next. An empty secret is left alone.
func submit(p *tab, id, secret string) {
	p.t.Helper()
	p.fill(css("#application_id"), id)
	if secret != "" {
		p.fill(css("#secret"), secret)
	}
	swapping(p, func() { p.click(button("Next")) })
}

// next chooses Next with the values that are stored.
func next(p *tab) {
	p.t.Helper()
	swapping(p, func() { p.click(button("Next")) })
}

// swapping does something that is answered with another step, and waits for that.
func swapping(p *tab, do func()) {
	p.t.Helper()
	p.waitFor("the step that is left", `document.querySelector("#wizard").dataset.old = "yes"`)
	do()
	p.waitFor("the next step", `document.querySelector("#wizard:not([data-old])")`)
}

// onlyWindow waits until the small window has closed itself.
func onlyWindow(p *tab) {
	p.t.Helper()
	p.b.wait("the small window to close", func() bool { return len(p.b.windows()) == 1 })
}

// atHost signs in at the host, if it asks, and waits for its question.
func atHost(w *tab, nickname string) {
	w.t.Helper()
	w.waitFor("the host's page", `document.querySelector("#grant-access, #sign-in-`+nickname+`")`)
	if w.shows(css("#sign-in-" + nickname)) {
		w.click(css("#sign-in-" + nickname))
	}
	w.waitShown(css("#grant-access"))
}

// grant grants access in the host's window, which closes itself.
func grant(w *tab) {
	w.t.Helper()
	atHost(w, "priya")
	w.click(css("#grant-access"))
	w.waitClosed()
}

// verify goes from step 2 to step 3.
func verify(p *tab, id, secret string) {
	p.t.Helper()
	submit(p, id, secret)
	grant(p.b.newWindow())
	waitVerified(p)
}

func waitVerified(p *tab) {
	p.t.Helper()
	p.waitShown(sel{"h2", "The setup is correct"})
}

// confirm ends step 3.
func confirm(p *tab) {
	p.t.Helper()
	p.click(button("Confirm and add"))
	p.waitFor("the list", `location.pathname === "/settings/gitops" && document.readyState === "complete"`)
}

// diagnosed waits for a diagnosis and fails if it is another one.
func diagnosed(p *tab, code string) {
	p.t.Helper()
	p.waitShown(css("#diagnosis[data-code]"))
	if got := get[string](p, `document.querySelector("#diagnosis").dataset.code`); got != code {
		p.t.Fatalf("diagnosis is %s, want %s:\n%s", got, code, p.text(css("#diagnosis")))
	}
	if n := get[int](p, `document.querySelectorAll("#diagnosis").length`); n != 1 {
		p.t.Errorf("%d diagnoses on the page", n)
	}
	p.waitFor("the focus on the diagnosis", `document.activeElement?.id === "diagnosis-title"`)
	if title := p.title(); !strings.HasPrefix(title, "Error: ") {
		p.t.Errorf("the title of a page with a diagnosis is %q", title)
	}
	wantChoices(p)
}

// wantChoices fails if the steps of a fix name a button that is not on the page. Granting access is the host's.
func wantChoices(p *tab) {
	p.t.Helper()
	missing := get[[]string](p, `[...document.querySelectorAll(".fix strong")].filter(s => /choose $/i.test(s.previousSibling?.textContent)).map(s => s.innerText.trim())
		.filter(name => name !== "Grant access" && ![...document.querySelectorAll("button, a[href]")].some(b => b.getClientRects().length && [...b.querySelectorAll(".sr")].reduce((words, spoken) => words.replace(spoken.innerText, ""), b.innerText).trim() === name))`)
	if len(missing) > 0 {
		p.t.Errorf("the fix says to choose %q, which is not on the page", missing)
	}
}

func waitWaiting(p *tab) {
	p.t.Helper()
	p.waitShown(css("#status"))
}

// says fails if the page does not show these words.
func says(p *tab, words ...string) {
	p.t.Helper()
	shown := p.text(css("body"))
	for _, w := range words {
		if !strings.Contains(shown, w) {
			p.t.Errorf("the page does not say %q:\n%s", w, shown)
		}
	}
}

func doesNotSay(p *tab, words ...string) {
	p.t.Helper()
	shown := p.text(css("body"))
	for _, w := range words {
		if strings.Contains(shown, w) {
			p.t.Errorf("the page says %q:\n%s", w, shown)
		}
	}
}

func healthy() bitbucketsim.Faults { return bitbucketsim.Faults{} }
