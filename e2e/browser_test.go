package e2e

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// browser is one profile of Chromium: cookies, windows and tabs of its own.
type browser struct {
	t     *testing.T
	ctx   context.Context
	first *tab
	width int64 // of every page in it; 0 leaves new windows as they open
	off   bool  // scripts are off
	tabs  []*tab
	known map[target.ID]bool

	cancels []context.CancelFunc

	mu       sync.Mutex
	messages []string // consoles' errors and what the browser itself complained about
	asked    []string // addresses that pages asked for
}

type browserOption func(*browser, *target.CreateBrowserContextParams)

// wide makes every page that wide.
func wide(pixels int64) browserOption {
	return func(b *browser, _ *target.CreateBrowserContextParams) { b.width = pixels }
}

func withoutScript(b *browser, _ *target.CreateBrowserContextParams) { b.off = true }

// through sends every request through a proxy.
func through(proxy string) browserOption {
	return func(_ *browser, p *target.CreateBrowserContextParams) {
		p.ProxyServer, p.ProxyBypassList = proxy, "<-loopback>"
	}
}

// newBrowser opens a new profile with one empty tab. It is closed with the test, which then fails if a page broke the
// content security policy.
func newBrowser(t *testing.T, options ...browserOption) *browser {
	t.Helper()
	b := &browser{t: t, known: map[target.ID]bool{}}
	params := target.CreateBrowserContextParams{ProxyServer: outside.server.URL} // not for this machine: that is never proxied
	for _, option := range options {
		option(b, &params)
	}
	ctx, cancel := chromedp.NewContext(chrome, chromedp.WithListener(b.listen), chromedp.WithNewBrowserContext(func(p *target.CreateBrowserContextParams) {
		p.ProxyServer, p.ProxyBypassList = params.ProxyServer, params.ProxyBypassList
	}))
	t.Cleanup(func() {
		b.report()
		for _, closeTab := range slices.Backward(b.cancels) {
			closeTab()
		}
	})
	b.ctx, b.cancels = ctx, append(b.cancels, cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a profile: %v", err)
	}
	b.first = b.adopt(ctx, chromedp.FromContext(ctx).Target.TargetID)
	b.first.resize(cmp.Or(b.width, 1280), 900)
	return b
}

func (b *browser) adopt(ctx context.Context, id target.ID) *tab {
	b.t.Helper()
	closed, err := chromedp.Detached(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	p := &tab{t: b.t, b: b, id: id, ctx: ctx, closed: closed}
	b.known[id] = true
	b.tabs = append(b.tabs, p)
	_, _ = command(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	if b.off {
		_, _ = command(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	}
	if b.width > 0 {
		p.resize(b.width, 900)
	}
	return p
}

func (b *browser) listen(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError || ev.Entry.Level == log.EntryLevelWarning {
			b.messages = append(b.messages, fmt.Sprintf("%s: %s (%s)", ev.Entry.Level, ev.Entry.Text, withoutQuery(ev.Entry.URL)))
		}
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeWarning {
			var words []string
			for _, argument := range ev.Args {
				words = append(words, string(argument.Value)+argument.Description)
			}
			b.messages = append(b.messages, fmt.Sprintf("console.%s: %s", ev.Type, strings.Join(words, " ")))
		}
	case *runtime.EventExceptionThrown:
		b.messages = append(b.messages, "uncaught: "+ev.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, ev.Request.URL)
	}
}

func withoutQuery(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return address
}

func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.messages)
}

// addresses are those that pages asked for. What a new window asked for before the test saw it is missing.
func (b *browser) addresses() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.asked)
}

// report ends a profile: it complains about violations, and leaves pictures behind when the test failed.
func (b *browser) report() {
	for _, message := range b.complaints() {
		if strings.Contains(message, "Content Security Policy") {
			b.t.Error(message)
		}
	}
	if !b.t.Failed() {
		return
	}
	for _, message := range b.complaints() {
		b.t.Log("browser: ", message)
	}
	for i, p := range b.tabs {
		if p.gone() {
			continue
		}
		name := filepath.Join(os.TempDir(), "fairlead-e2e-failures", fmt.Sprintf("%s-%d.png", strings.ReplaceAll(b.t.Name(), "/", "-"), i))
		if picture, err := p.picture(); err == nil {
			_ = os.MkdirAll(filepath.Dir(name), 0o755)
			_ = os.WriteFile(name, picture, 0o600)
		}
		b.t.Logf("tab %d is at %s, see %s", i, withoutQuery(p.address()), name)
	}
}

// open opens a new tab of the profile.
func (b *browser) open(address string) *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithListener(b.listen))
	b.cancels = append(b.cancels, cancel)
	if err := chromedp.Do(ctx); err != nil {
		b.t.Fatalf("open a tab: %v", err)
	}
	p := b.adopt(ctx, chromedp.FromContext(ctx).Target.TargetID)
	p.resize(cmp.Or(b.width, 1280), 900)
	p.open(address)
	return p
}

// newWindow waits for the window or tab that a page opened.
func (b *browser) newWindow() *tab {
	b.t.Helper()
	var id target.ID
	b.wait("a new window", func() bool {
		for _, info := range b.windows() {
			if !b.known[info.TargetID] {
				id = info.TargetID
			}
		}
		return id != ""
	})
	var ctx context.Context
	b.wait("the new window to be attached to", func() bool { // a window on its way to another page refuses
		attached, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(id), chromedp.WithListener(b.listen))
		b.cancels = append(b.cancels, cancel)
		ctx = attached
		return chromedp.Do(ctx) == nil
	})
	return b.adopt(ctx, id)
}

// windows lists the tabs and windows of the profile.
func (b *browser) windows() []*target.Info {
	own := chromedp.FromContext(b.ctx).BrowserContextID
	all, err := chromedp.Targets(b.ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(info *target.Info) bool { return info.Type != "page" || info.BrowserContextID != own })
}

// wait waits for a condition.
func (b *browser) wait(what string, holds func() bool) {
	b.t.Helper()
	for end := time.Now().Add(patience); !holds(); {
		if time.Now().After(end) {
			b.t.Fatalf("waited %s for %s", patience, what)
		}
		time.Sleep(15 * time.Millisecond) // between two looks
	}
}
