package e2e

import (
	"slices"
	"strings"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// sel names an element: by CSS, or by CSS and the text that it shows.
type sel struct{ css, text string }

func css(selector string) sel    { return sel{css: selector} }
func button(label string) sel    { return sel{"button", label} }
func link(label string) sel      { return sel{"a[href]", label} }
func (s sel) String() string     { return strings.TrimSpace(s.css + " " + s.text) }
func (s sel) expression() string { return find + "(" + quoted(s.css) + "," + quoted(s.text) + ")" }

const find = `((css, text) => {
	const shown = [...document.querySelectorAll(css)].filter(e => e.getClientRects().length);
	if (!text) return shown[0];
	const words = e => (e.innerText ?? "").replace(/\s+/g, " ").trim();
	return shown.find(e => words(e) === text) ?? shown.find(e => words(e).startsWith(text));
})`

func (p *tab) shows(s sel) bool {
	yes, err := js[bool](p, "!!"+s.expression())
	return err == nil && yes
}

func (p *tab) waitGone(s sel) {
	p.t.Helper()
	p.waitFor(s.String()+" to be gone", "!"+s.expression())
}

func (p *tab) waitShown(s sel) {
	p.t.Helper()
	p.waitFor(s.String()+" to be shown", s.expression())
}

func (p *tab) text(s sel) string {
	p.t.Helper()
	p.waitShown(s)
	return strings.Join(strings.Fields(get[string](p, s.expression()+".innerText")), " ")
}

// value is what stands in a field.
func (p *tab) value(s sel) string {
	p.t.Helper()
	p.waitShown(s)
	return get[string](p, s.expression()+".value")
}

// place finds where to click on an element. It waits until the page stands still and nothing covers it.
func (p *tab) place(s sel) (x, y float64) {
	p.t.Helper()
	expression := `(e => {
		if (!e) return null;
		e.scrollIntoView({block: "center", behavior: "instant"});
		const r = e.getClientRects()[0], x = r.x + r.width / 2, y = r.y + r.height / 2, hit = document.elementFromPoint(x, y);
		return document.readyState === "complete" && hit && (e.contains(hit) || hit.contains(e)) ? [x, y] : null;
	})(` + s.expression() + `)`
	var at []float64
	p.b.wait(s.String()+" to be there to click", func() bool {
		before := at
		var err error
		at, err = js[[]float64](p, expression)
		if err != nil && p.gone() {
			p.t.Fatalf("looked for %s, but the window closed", s)
		}
		return err == nil && len(at) == 2 && slices.Equal(at, before)
	})
	return at[0], at[1]
}

// click clicks with the mouse. When the page moved just then and the button of the mouse went down on something else, it is
// let go elsewhere, as people do, and pressed again.
func (p *tab) click(s sel) {
	p.t.Helper()
	for range 5 {
		x, y := p.place(s)
		_, _ = js[bool](p, `(e => { window.missed = false; addEventListener("mousedown", event => { window.missed = !e.contains(event.target) && !event.target.contains(e) }, {capture: true, once: true}) })(`+s.expression()+`), true`)
		p.mouse(chromedp.MouseMoved, x, y)
		p.mouse(chromedp.MousePressed, x, y)
		if missed, err := js[bool](p, "window.missed === true"); err != nil || !missed {
			p.mouse(chromedp.MouseReleased, x, y)
			return
		}
		p.mouse(chromedp.MouseMoved, 1, 1)
		p.mouse(chromedp.MouseReleased, 1, 1)
	}
	p.t.Fatalf("%s does not stand still", s)
}

// clickAt clicks at once, whatever is there.
func (p *tab) clickAt(x, y float64) {
	p.t.Helper()
	for _, kind := range []input.DispatchMouseEventType{chromedp.MouseMoved, chromedp.MousePressed, chromedp.MouseReleased} {
		p.mouse(kind, x, y)
	}
}

func (p *tab) mouse(kind input.DispatchMouseEventType, x, y float64) {
	p.t.Helper()
	params := input.DispatchMouseEventParams{Type: kind, X: x, Y: y}
	if kind != chromedp.MouseMoved {
		params.Button, params.ClickCount = input.MouseButtonLeft, 1
	}
	// The click may close the window before it is acknowledged.
	if _, err := command(p, input.DispatchMouseEvent, params); err != nil && !p.gone() {
		p.t.Fatalf("click: %v", err)
	}
}

// fill replaces what stands in a field.
func (p *tab) fill(s sel, text string) {
	p.t.Helper()
	p.click(s)
	p.waitFor(s.String()+" to have the focus", "document.activeElement === "+s.expression())
	if p.value(s) != "" {
		p.press("a", chromedp.KeyModifiers(chromedp.ModifierCtrl))
		p.press("\b")
	}
	if text != "" {
		if _, err := command(p, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
			p.t.Fatalf("type into %s: %v", s, err)
		}
	}
	p.waitFor(s.String()+" to hold what was typed", s.expression()+".value === "+quoted(text))
}

func (p *tab) press(key string, options ...chromedp.KeyOption) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.KeyEvent(key, options...)); err != nil && !p.gone() {
		p.t.Fatalf("press %q: %v", key, err)
	}
}
