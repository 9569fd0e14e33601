package e2e

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
)

// shot writes pictures of a page, for people who review the design: whole pages, wide and narrow, light and dark.
func (p *tab) shot(name string) {
	p.t.Helper()
	dir := os.Getenv("FAIRLEAD_SHOTS")
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.t.Fatal(err)
	}
	for _, width := range []int64{1280, 390} {
		for _, scheme := range []string{"light", "dark"} {
			p.scheme(scheme) // without motion: no colour is on its way
			p.resize(width, 100)
			p.resize(width, max(720, get[int64](p, "document.scrollingElement.scrollHeight")))
			picture, err := p.picture()
			if err != nil {
				p.t.Fatal(err)
			}
			file := filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, width, scheme))
			if err := os.WriteFile(file, picture, 0o644); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	_, _ = command(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	_, _ = command(p, emulation.ClearDeviceMetricsOverride, cdp.Empty{})
	p.resize(cmp.Or(p.b.width, 1280), 900)
}
