package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// pictures are what README and docs show: the upper part of these exhibits, down to a height in CSS pixels.
var pictures = map[string]float64{
	"wizard-setting-up":     560,
	"wizard-consumer-owner": 1060,
	"wizard-waiting":        800,
	"wizard-confirm":        1080,
	"diagnosis-secret":      945,
	"hand-over-sheet":       965,
	"link":                  980,
}

// TestScreenshotsOfTheGallery is the task screenshots: it renders every exhibit into the folder FAIRLEAD_SCREENSHOTS, and
// the pictures of the documentation into docs/pictures.
func TestScreenshotsOfTheGallery(t *testing.T) {
	dir := os.Getenv("FAIRLEAD_SCREENSHOTS")
	if dir == "" {
		t.Skip("the task screenshots sets FAIRLEAD_SCREENSHOTS")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	eachExhibit(t, func(*tab) {}, func(t *testing.T, p *tab) {
		// The system's own typeface on most machines looks like Inter, so that is used where it is installed.
		get[bool](p, `document.documentElement.style.setProperty("--sans", "Inter, " + getComputedStyle(document.documentElement).getPropertyValue("--sans")), true`)
		exhibit := strings.TrimPrefix(get[string](p, "location.pathname"), "/")
		for _, width := range []int64{1280, 390} {
			for _, scheme := range []string{"light", "dark"} {
				p.scheme(scheme)
				p.resize(width, 100)
				p.resize(width, max(720, get[int64](p, "document.scrollingElement.scrollHeight")))
				p.stand()
				picture, err := p.picture()
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", exhibit, width, scheme)), picture, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		if height, wanted := pictures[exhibit]; wanted {
			forDocs(t, p, exhibit, height)
		}
	})
}

// forDocs takes a picture for the documentation: light, 1280 px wide, sharp on dense screens, small on disk.
func forDocs(t *testing.T, p *tab, exhibit string, height float64) {
	t.Helper()
	p.scheme("light")
	_, err := command(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 1280, Height: int64(height), DeviceScaleFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	get[bool](p, `document.activeElement.blur(), true`)
	p.stand()
	shot, err := command(p, page.CaptureScreenshot, page.CaptureScreenshotParams{Clip: &page.Viewport{Width: 1280, Height: height, Scale: 1.5}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "docs", "pictures", exhibit+".png")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, shot.Data, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, optimize := range [][]string{{"pngquant", "--force", "--strip", "--ext", ".png", "--speed", "1", file}, {"optipng", "-quiet", "-o2", file}} {
		if _, err := exec.LookPath(optimize[0]); err != nil {
			t.Logf("%s is not installed: %s stays larger", optimize[0], exhibit)
		} else if out, err := exec.Command(optimize[0], optimize[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s", optimize[0], err, out)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Size() > 120<<10 {
		t.Errorf("%s: %d bytes, %v", file, info.Size(), err)
	}
}

// stand waits until the page is drawn from its top.
func (p *tab) stand() {
	p.t.Helper()
	p.settle()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	drawn := `new Promise(done => { scrollTo(0, 0); requestAnimationFrame(() => requestAnimationFrame(() => done(true))); })`
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](drawn, chromedp.EvalAwaitPromise)); err != nil {
		p.t.Fatal(err)
	}
}
