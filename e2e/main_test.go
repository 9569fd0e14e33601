package e2e

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long a test waits for what must happen: generous, because the machine may be busy. Nothing that passes
// takes it.
const patience = 20 * time.Second

// What all tests share.
var (
	binary  string          // the race-enabled fairlead
	chrome  context.Context // the browser process
	outside = newTrap()     // where requests to anywhere but this machine end
)

func TestMain(m *testing.M) {
	flag.Parse()
	// Each test runs two servers and several tabs.
	if err := flag.Set("test.parallel", "3"); err != nil {
		panic(err)
	}
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "fairlead-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "fairlead")
	build := exec.Command("go", "build", "-race", "-o", binary, "./cmd/fairlead")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build fairlead: %w\n%s", err, out)
	}
	stop, err := startChromium(filepath.Join(dir, "chromium"))
	if err != nil {
		return 1, err
	}
	defer stop()
	defer outside.server.Close()
	code := m.Run()
	if hosts := outside.hosts(); len(hosts) > 0 {
		return 1, fmt.Errorf("pages asked for something outside of this machine: %s", strings.Join(hosts, ", "))
	}
	return code, nil
}

// startChromium starts the one browser process. The popup blocker stays on: with chromedp's default flag every popup test
// would prove nothing.
func startChromium(profile string) (stop func(), err error) {
	path := "/usr/bin/chromium"
	if _, err := os.Stat(path); err != nil {
		if path, err = exec.LookPath("chromium"); err != nil {
			return nil, fmt.Errorf("Chromium is missing, install it with the task chromium: %w", err)
		}
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-popup-blocking", false), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// The last: forms would be described to Google.
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,AutofillServerCommunication"),
		chromedp.WindowSize(1280, 900))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopBrowser := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	if err := chromedp.Do(ctx); err != nil {
		stopAllocator()
		return nil, fmt.Errorf("start Chromium: %w", err)
	}
	chrome = ctx
	return func() { stopBrowser(); stopAllocator() }, nil
}

// trap is the proxy of every profile for everything that is not on this machine. Nothing may arrive.
type trap struct {
	server *httptest.Server
	mu     sync.Mutex
	asked  []string
}

func newTrap() *trap {
	t := &trap{}
	t.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.mu.Lock()
		t.asked = append(t.asked, r.Host)
		t.mu.Unlock()
		w.WriteHeader(http.StatusBadGateway)
	}))
	return t
}

func (t *trap) hosts() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.asked
}
