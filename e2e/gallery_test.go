package e2e

import (
	"bufio"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// gallery is "fairlead gallery": one process for all the tests that look at every screen in every state. It starts with
// the first of them and ends when none is left.
var gallery struct {
	mu       sync.Mutex
	users    int
	process  *exec.Cmd
	url      string
	exhibits []string
}

// openGallery returns the gallery's address and the names of its exhibits.
func openGallery(t *testing.T) (url string, exhibits []string) {
	t.Helper()
	gallery.mu.Lock()
	defer gallery.mu.Unlock()
	if gallery.users == 0 {
		startGallery(t)
	}
	gallery.users++
	t.Cleanup(closeGallery)
	return gallery.url, gallery.exhibits
}

func closeGallery() {
	gallery.mu.Lock()
	defer gallery.mu.Unlock()
	if gallery.users--; gallery.users == 0 {
		_ = gallery.process.Process.Signal(syscall.SIGTERM)
		_ = gallery.process.Wait()
	}
}

func startGallery(t *testing.T) {
	t.Helper()
	gallery.process = exec.Command(binary, "gallery", "--listen", "127.0.0.1:0")
	stdout, err := gallery.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := gallery.process.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "The gallery is at ")
	if !ok {
		_ = gallery.process.Process.Kill()
		t.Fatalf("the gallery says %q, %v", line, err)
	}
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	index, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	gallery.url, gallery.exhibits = url, nil
	for _, m := range regexp.MustCompile(`<li><a href="/([a-z0-9-]+)">`).FindAllStringSubmatch(string(index), -1) {
		gallery.exhibits = append(gallery.exhibits, m[1])
	}
	if len(gallery.exhibits) < 50 {
		t.Fatalf("the gallery has only %d exhibits:\n%s", len(gallery.exhibits), index)
	}
}

// eachExhibit opens every exhibit and looks at it, in two tabs at a time.
func eachExhibit(t *testing.T, prepare func(p *tab), look func(t *testing.T, p *tab)) {
	t.Helper()
	url, exhibits := openGallery(t)
	queue := make(chan string, len(exhibits))
	for _, name := range exhibits {
		queue <- name
	}
	close(queue)
	for _, name := range []string{"one", "other"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newBrowser(t).first
			prepare(p)
			for name := range queue {
				t.Run(name, func(t *testing.T) {
					p.t = t
					p.open(url + "/" + name)
					look(t, p)
				})
				p.t = p.b.t
			}
		})
	}
}

func TestGalleryPagesHaveOneLiveRegionFromTheFirstLoad(t *testing.T) {
	t.Parallel()
	eachExhibit(t, func(*tab) {}, func(t *testing.T, p *tab) {
		live := get[[]string](p, `[...document.querySelectorAll("[aria-live],[role=status],[role=alert],[role=log],[role=timer],output")].map(e => e.cloneNode().outerHTML)`)
		if len(live) != 1 || live[0] != `<div id="live" class="sr" role="status"></div>` {
			t.Errorf("got the live regions %q, want #live alone", live)
		}
		// It arrives empty; what a redirect left behind is said in it afterwards.
		p.waitFor("#live to say the message", `document.querySelector("#live").textContent === (document.querySelector(".flash p")?.textContent ?? "")`)
		// Whatever a swap replaces stands beside it, never around it.
		if get[bool](p, `!!document.querySelector("#live").closest("main, [hx-target], [hx-swap]")`) {
			t.Error("#live stands inside of what is swapped")
		}
	})
}

// settle waits until the page stands as it will stay.
func (p *tab) settle() {
	p.t.Helper()
	p.waitFor("the page to stand still", `document.fonts.status === "loaded" && document.getAnimations().every(a => a.playState !== "running" || a.effect?.getTiming().iterations === Infinity)`)
}
