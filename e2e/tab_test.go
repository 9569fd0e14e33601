package e2e

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// tab is a tab or window.
type tab struct {
	t  *testing.T
	b  *browser
	id target.ID

	ctx    context.Context
	closed <-chan struct{}
}

// command sends a command to the tab.
func command[P, R any](p *tab, c cdp.Command[P, R], params P) (R, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Call(ctx, c, params)
}

// js evaluates an expression, without a user gesture.
func js[T any](p *tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression))
}

// get is js that must work.
func get[T any](p *tab, expression string) T {
	p.t.Helper()
	value, err := js[T](p, expression)
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func quoted(text string) string {
	q, _ := json.Marshal(text)
	return string(q)
}

// open goes to an address, or a path of the site that the tab is at.
func (p *tab) open(address string) {
	p.t.Helper()
	result, err := command(p, page.Navigate, page.NavigateParams{URL: address})
	if err != nil || result.ErrorText != "" {
		p.t.Fatalf("open %s: %v %s", address, err, result.ErrorText)
	}
	p.loaded()
}

// loaded waits for the page, or until it has closed itself.
func (p *tab) loaded() {
	p.t.Helper()
	p.b.wait("the page to load", func() bool {
		yes, _ := js[bool](p, `document.readyState === "complete" && location.href !== "about:blank"`)
		return yes || p.gone()
	})
}

func (p *tab) reload() {
	p.t.Helper()
	p.leaving(func() {
		if _, err := command(p, page.Reload, page.ReloadParams{}); err != nil {
			p.t.Fatal(err)
		}
	})
}

// back is the browser's Back button. A page from the back/forward cache counts only when the script has asked for it again.
func (p *tab) back() {
	p.t.Helper()
	p.waitFor("a page at rest, as people leave it", `document.readyState === "complete" && !document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")`)
	history, err := command(p, page.GetNavigationHistory, cdp.Empty{})
	if err != nil || history.CurrentIndex == 0 {
		p.t.Fatalf("no way back: %v", err)
	}
	p.leaving(func() {
		_, err = command(p, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex-1].ID})
		if err != nil {
			p.t.Fatal(err)
		}
	})
	p.waitFor("the page as the server has it", `document.readyState === "complete" && performance.getEntriesByType("navigation")[0].type !== "navigate"`)
}

// leaving does something that leads to another document, and waits for that.
func (p *tab) leaving(do func()) {
	p.t.Helper()
	p.waitFor("the document that is left", `document.documentElement.dataset.left = "here"`)
	do()
	p.waitFor("another document", `document.readyState === "complete" && !document.documentElement.dataset.left`)
}

// waitFor waits until an expression is true.
func (p *tab) waitFor(what, expression string) {
	p.t.Helper()
	p.b.wait(what, func() bool {
		yes, err := js[bool](p, "!!("+expression+")")
		if err != nil && p.gone() {
			p.t.Fatalf("waited for %s, but the window closed", what)
		}
		return err == nil && yes // between two documents nothing can be evaluated
	})
}

func (p *tab) address() string {
	address, _ := js[string](p, "location.href")
	return address
}

func (p *tab) title() string { return get[string](p, "document.title") }

func (p *tab) html() string { return get[string](p, "document.documentElement.outerHTML") }

// waitAt waits until the tab shows a path, given as a prefix.
func (p *tab) waitAt(path string) {
	p.t.Helper()
	p.waitFor("the address "+path, `document.readyState === "complete" && (location.pathname + location.search).startsWith(`+quoted(path)+`)`)
}

func (p *tab) path() string { return get[string](p, "location.pathname + location.search") }

func (p *tab) gone() bool {
	select {
	case <-p.closed:
		return true
	default:
		return false
	}
}

func (p *tab) waitClosed() {
	p.t.Helper()
	select {
	case <-p.closed:
	case <-time.After(patience):
		p.t.Fatalf("the window did not close; it is at %s", withoutQuery(p.address()))
	}
}

// close closes the window as a person does.
func (p *tab) close() {
	p.t.Helper()
	_, _ = command(p, page.Close, cdp.Empty{})
	p.waitClosed()
}

func (p *tab) resize(width, height int64) {
	p.t.Helper()
	_, err := command(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
	if err != nil && !p.gone() {
		p.t.Fatalf("resize: %v", err)
	}
}

func (p *tab) picture() ([]byte, error) {
	result, err := command(p, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: new(true)})
	return result.Data, err
}

// evaluateOnNewDocument runs a script before those of every page that the tab opens from now on.
func (p *tab) evaluateOnNewDocument(source string) (remove func()) {
	p.t.Helper()
	added, err := command(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: source})
	if err != nil {
		p.t.Fatal(err)
	}
	return func() {
		_, _ = command(p, page.RemoveScriptToEvaluateOnNewDocument, page.RemoveScriptToEvaluateOnNewDocumentParams(added))
	}
}

// post sends an empty form from the page, and returns the status of the answer after redirects.
func (p *tab) post(path string) int {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	status, err := chromedp.Run(ctx, chromedp.Evaluate[int](`fetch(`+quoted(path)+`, {method: "POST"}).then(r => r.status)`, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("POST %s: %v", path, err)
	}
	return status
}

// fetched reads an expression of a page of ours, with the tab's cookies; the expression knows it as page.
func fetched[T any](p *tab, path, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](`fetch(`+quoted(path)+`).then(r => r.text()).then(text => new DOMParser().parseFromString(text, "text/html")).then(page => `+expression+`)`,
		chromedp.EvalAwaitPromise))
}
