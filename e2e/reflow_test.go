package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
)

// unfold shows what a page holds back: open disclosures, and the alerts that wait for the script.
const unfold = `document.querySelectorAll("details").forEach(d => d.open = true), document.querySelectorAll("[data-alert]").forEach(a => a.hidden = false), true`

// tooWide lists what makes a page scroll sideways or is cut off at its side. Blocks of code scroll by themselves.
const tooWide = `(() => {
	const name = e => e.tagName.toLowerCase() + (e.id && "#" + e.id) + [...e.classList].map(c => "." + c).join("");
	const all = [...document.body.querySelectorAll("*")].filter(e => e.getClientRects().length && !e.closest(".sr, .skip, pre, svg, option"));
	const wide = all.filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + .5).map(e => name(e) + " ends at " + Math.round(e.getBoundingClientRect().right));
	const cut = all.filter(e => e.scrollWidth > e.clientWidth + 1 && !["visible", "auto"].includes(getComputedStyle(e).overflowX) && !["INPUT", "SELECT"].includes(e.tagName)).map(e => name(e) + " cuts off " + (e.scrollWidth - e.clientWidth));
	if (document.scrollingElement.scrollWidth > document.documentElement.clientWidth) wide.push("the page scrolls to " + document.scrollingElement.scrollWidth);
	return [...wide, ...cut].slice(0, 8);
})()`

func TestReflowNothingScrollsSideways(t *testing.T) {
	t.Parallel()
	textSize := func(p *tab, pixels int64) {
		p.t.Helper()
		if _, err := command(p, page.SetFontSizes, page.SetFontSizesParams{FontSizes: &page.FontSizes{Standard: pixels, Fixed: pixels * 13 / 16}}); err != nil {
			p.t.Fatal(err)
		}
	}
	eachExhibit(t, func(*tab) {}, func(t *testing.T, p *tab) {
		get[bool](p, unfold)
		for _, screen := range []struct {
			what  string
			width int64
			text  int64
		}{{"320 px", 320, 16}, {"900 px", 900, 16}, {"1280 px with text of 200 %", 1280, 32}} {
			p.resize(screen.width, 900)
			textSize(p, screen.text)
			if wide := get[[]string](p, tooWide); len(wide) > 0 {
				t.Errorf("%s: %q", screen.what, wide)
			}
		}
		textSize(p, 16)
	})
}

// targets lists the elements that people press, with the size of what they press: a radio button's is its label. Links
// inside of text are left out, and so is what only the keyboard reaches.
const targets = `(() => {
	const inText = e => e.tagName === "A" && getComputedStyle(e).display === "inline" && [...e.parentNode.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
	return [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
		.filter(e => e.getClientRects().length && !inText(e) && !e.matches(".skip"))
		.map(e => {
			const pressed = e.matches("[type=radio], [type=checkbox]") ? e.closest("label") ?? e : e, r = pressed.getBoundingClientRect();
			return {name: e.tagName.toLowerCase() + " " + (e.id || e.innerText || "").trim().slice(0, 40), width: r.width, height: r.height, control: e.matches("button, .btn, input, select, textarea")};
		});
})()`

func TestTargetsAreLargeEnoughForMouseAndFinger(t *testing.T) {
	t.Parallel()
	type target struct {
		Name          string
		Width, Height float64
		Control       bool
	}
	eachExhibit(t, func(*tab) {}, func(t *testing.T, p *tab) {
		get[bool](p, unfold)
		for _, screen := range []struct {
			width   int64
			fingers bool
			control float64 // least height of buttons and inputs
		}{{1280, false, 24}, {390, true, 44}, {1280, true, 44}} {
			touch(p, screen.fingers)
			p.resize(screen.width, 900)
			if coarse := get[bool](p, `matchMedia("(pointer: coarse)").matches`); coarse != screen.fingers {
				t.Fatalf("pointer: coarse is %t", coarse)
			}
			for _, one := range get[[]target](p, targets) {
				least := 24.0
				if one.Control {
					least = screen.control
				}
				if one.Width < 24-.01 || one.Height < least-.01 {
					t.Errorf("%d px, fingers %t: %s measures %.1f x %.1f, want 24 x %v", screen.width, screen.fingers, one.Name, one.Width, one.Height, least)
				}
			}
		}
		touch(p, false)
	})
}

func touch(p *tab, on bool) {
	p.t.Helper()
	if _, err := command(p, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: on}); err != nil {
		p.t.Fatal(err)
	}
}
