package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp/kb"
)

// focused is the element with the focus as assistive technology tells it: "button: Copy Callback URL".
func focused(p *tab) string {
	p.t.Helper()
	object, err := js[*runtime.RemoteObject](p, "document.activeElement")
	if err != nil {
		p.t.Fatal(err)
	}
	tree, err := command(p, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{ObjectID: object.ObjectID, FetchRelatives: new(false)})
	if err != nil || len(tree.Nodes) == 0 {
		p.t.Fatalf("what has the focus: %v", err)
	}
	word := func(v *accessibility.Value) string {
		if v == nil {
			return ""
		}
		return strings.Trim(string(v.Value), `"`)
	}
	role := strings.Replace(word(tree.Nodes[0].Role), "DisclosureTriangle", "disclosure", 1)
	return role + ": " + word(tree.Nodes[0].Name)
}

// ringed tells whether the element with the focus is in sight and has a ring of at least 2 px, on itself or on the label
// around it.
const ringed = `(e => {
	const shown = e.matches("[type=radio]") ? e.closest("label") ?? e : e, box = shown.getBoundingClientRect(), ring = getComputedStyle(shown);
	const inSight = box.width > 0 && box.height > 0 && box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight;
	return inSight && ring.outlineStyle === "solid" && parseFloat(ring.outlineWidth) >= 2 && !/, 0\)|\/ 0\)|transparent/.test(ring.outlineColor);
})(document.activeElement)`

// walk presses Tab from the top of the page to its end, and returns the stops. Each must be in sight with a ring of two
// pixels.
func walk(p *tab) (stops []string) {
	p.t.Helper()
	get[bool](p, `document.querySelector(".skip").focus(), true`)
	for range 100 {
		stops = append(stops, focused(p))
		if !get[bool](p, ringed) {
			p.t.Errorf("the stop %q has no visible ring", stops[len(stops)-1])
		}
		p.press(kb.Tab)
		if get[bool](p, `document.activeElement === document.body || document.activeElement.matches(".skip")`) {
			return stops
		}
	}
	p.t.Fatalf("the keyboard does not get out of the page: %q", stops)
	return nil
}

// wantWalk compares the stops of a page with those that were written down. FAIRLEAD_GOLDEN=write writes them down.
func wantWalk(p *tab, name string) {
	p.t.Helper()
	file := filepath.Join("testdata", "keyboard", name+".txt")
	got := strings.Join(walk(p), "\n") + "\n"
	if os.Getenv("FAIRLEAD_GOLDEN") == "write" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	if got != string(want) {
		p.t.Errorf("%s: the keyboard stops at\n%s\nwant\n%s\n(FAIRLEAD_GOLDEN=write accepts it)", name, got, want)
	}
}

// tabTo presses Tab until an element has the focus.
func tabTo(p *tab, s sel) {
	p.t.Helper()
	for range 100 {
		if get[bool](p, "document.activeElement === "+s.expression()) {
			return
		}
		p.press(kb.Tab)
	}
	p.t.Fatalf("Tab does not reach %s", s)
}

// write types into the field that has the focus, key by key.
func write(p *tab, text string) {
	p.t.Helper()
	for _, key := range text {
		p.press(string(key))
	}
}

func TestKeyboardWalksTheWizardFromStepOneToTheList(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()

	p.open(f.url + "/settings/gitops/new")
	p.press(kb.Tab)
	if got := focused(p); got != "link: Skip to content" {
		t.Errorf("the first Tab leads to %q", got)
	}
	wantWalk(p, "step-1")
	tabTo(p, css("#display_name"))
	swapping(p, func() { p.press(kb.Enter) })
	p.waitShown(css("#register"))
	wantWalk(p, "step-2")

	// The words switch by arrows.
	tabTo(p, css("#words-clients"))
	p.press(kb.ArrowRight)
	p.waitShown(css(".words-of-consumers"))
	p.waitGone(css(".words-of-clients"))
	wantFocus(p, "radio: OAuth consumers")
	p.press(kb.ArrowLeft)
	p.waitShown(css(".words-of-clients"))

	// Enter sends the two values and opens the host's window.
	tabTo(p, css("#application_id"))
	write(p, c.id)
	tabTo(p, css("#secret"))
	write(p, "not-the-secret")
	swapping(p, func() { p.press(kb.Enter) })
	diagnosed(p, "application_id_or_secret_wrong")
	onlyWindow(p)
	wantWalk(p, "diagnosis")
	tabTo(p, css("#secret"))
	write(p, c.secret)
	swapping(p, func() { p.press(kb.Enter) })
	w := p.b.newWindow()
	waitWaiting(p)
	wantWalk(p, "waiting")

	atHost(w, "priya")
	get[bool](w, `document.querySelector("#grant-access").focus(), true`)
	w.press(kb.Enter)
	w.waitClosed()
	waitVerified(p)
	wantWalk(p, "step-3")
	tabTo(p, button("Confirm and add"))
	p.press(" ")
	p.waitFor("the list", `location.pathname === "/settings/gitops" && document.readyState === "complete"`)
	says(p, "Bitbucket.org was added.")
}

func wantFocus(p *tab, want string) {
	p.t.Helper()
	if got := focused(p); got != want {
		p.t.Errorf("the focus is on %q, want %q", got, want)
	}
}

func TestKeyboardChoosesAmongRadioCards(t *testing.T) {
	t.Parallel()
	url, _ := openGallery(t)
	p := newBrowser(t).first
	p.open(url + "/members-invite")
	chosen := func(want string) {
		t.Helper()
		if got := get[string](p, `document.querySelector("[name=role]:checked")?.value ?? ""`); got != want {
			t.Errorf("chosen is %q, want %q", got, want)
		}
		if !get[bool](p, ringed) {
			t.Error("the card with the focus has no visible ring")
		}
	}
	tabTo(p, css("[name=role]:checked"))
	chosen("member")
	p.press(kb.ArrowDown)
	chosen("owner")
	p.press(kb.ArrowUp)
	chosen("member")
	get[bool](p, `document.activeElement.checked = false, true`)
	p.press(" ")
	chosen("member")
	p.press(kb.Tab)
	wantFocus(p, "button: Create invitation link")
}

func TestKeyboardOpensAndClosesThePhoneMenu(t *testing.T) {
	t.Parallel()
	url, _ := openGallery(t)
	p := newBrowser(t, wide(390)).first
	p.open(url + "/gitops-empty")
	menu, items := sel{"[popovertarget=side]", ""}, css("#side a[href='/settings/gitops']")
	if p.shows(items) {
		t.Error("the menu is open from the start")
	}
	tabTo(p, menu)
	wantFocus(p, "button: Menu")
	p.press(kb.Enter)
	p.waitShown(items)
	// Its links follow its button, before the rest of the page.
	stops := walk(p)
	var order []int
	for _, stop := range []string{"button: Menu", "link: Settings", "link: GitOps", "button: Sign out", "link: Fairlead"} {
		order = append(order, slices.Index(stops, stop))
	}
	if order[0] < 0 || !slices.IsSorted(order) {
		t.Errorf("with the menu open the keyboard stops at %q", stops)
	}
	tabTo(p, items)
	p.press(kb.Escape)
	p.waitGone(items)
	wantFocus(p, "button: Menu")
	p.press(" ")
	p.waitShown(items)
	p.clickAt(200, 880) // beside it
	p.waitGone(items)
}
