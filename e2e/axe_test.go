package e2e

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// axeRun asks axe-core for violations. The rules that it leaves undecided are those of contrast on gradients and
// overlapping parts; static's test computes the contrast of every pair of tokens instead.
const axeRun = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"], iframes: false})
	.then(r => r.violations.map(v => v.id + ": " + v.help + "\n\t" + v.nodes.map(n => n.target.join(" ") + " " + n.html.slice(0, 160) + " " + [...n.any, ...n.all, ...n.none].map(c => c.message).join("; ").slice(0, 300)).join("\n\t")))`

func TestAxeFindsNothingInAnyExhibit(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	// The library is evaluated by the debugger, so that the pages' policy against scripts stays as it is.
	prepare := func(p *tab) { p.evaluateOnNewDocument(string(axe)) }
	eachExhibit(t, prepare, func(t *testing.T, p *tab) {
		get[bool](p, unfold)
		for _, screen := range []struct {
			width  int64
			scheme string
		}{{1280, "light"}, {1280, "dark"}, {390, "light"}, {320, "light"}} {
			p.scheme(screen.scheme)
			p.resize(screen.width, 900)
			p.settle()
			ctx, cancel := context.WithTimeout(p.ctx, patience)
			violations, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](axeRun, chromedp.EvalAwaitPromise))
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			if len(violations) > 0 {
				t.Errorf("%s, %d px:\n%s", screen.scheme, screen.width, strings.Join(violations, "\n"))
			}
		}
	})
}

// scheme makes the system light or dark.
func (p *tab) scheme(name string) {
	p.t.Helper()
	_, err := command(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	if err != nil {
		p.t.Fatal(err)
	}
}
