package e2e

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"fairlead/bitbucketsim"
)

// fairlead is a running "fairlead demo".
type fairlead struct {
	t          *testing.T
	data       string
	url        string // of Fairlead, as printed
	host       string // of the simulated Bitbucket, as printed
	firstOwner string // the link, as printed by the first start
	process    *exec.Cmd
	exited     chan struct{}
	output     *output
	admin      *http.Client // signed in to the simulated Bitbucket as Priya
	clients    int          // registered so far
	under      []string     // a command that runs Fairlead; none by default
}

// startFairlead starts a demo of the test's own. It ends with the test, which then fails if the log holds an error that
// nobody expected.
func startFairlead(t *testing.T) *fairlead {
	t.Helper()
	f := &fairlead{t: t, data: t.TempDir(), output: &output{}}
	f.start("127.0.0.1:0", "localhost:0")
	t.Cleanup(func() {
		f.stop()
		log := f.output.String()
		for _, bad := range []string{"DATA RACE", "panic", "level=ERROR"} {
			if strings.Contains(log, bad) {
				t.Errorf("the server's log has %q", bad)
			}
		}
		if t.Failed() {
			t.Logf("log of the server:\n%s", tail(log, 60))
		}
	})
	return f
}

func (f *fairlead) start(listen, hostListen string) {
	f.t.Helper()
	line := append(slices.Clone(f.under), binary, "demo", "--data", f.data, "--listen", listen, "--bitbucket-listen", hostListen)
	f.process = exec.Command(line[0], line[1:]...)
	stdout, err := f.process.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	f.process.Stderr = f.output
	if err := f.process.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.exited = make(chan struct{})
	ready := make(chan bool, 1)
	go func() {
		defer close(f.exited)
		ready <- f.readGreeting(stdout)
		_, _ = io.Copy(f.output, stdout)
		_ = f.process.Wait()
	}()
	select {
	case ok := <-ready:
		if !ok {
			f.t.Fatalf("fairlead did not start:\n%s", f.output.String())
		}
	case <-time.After(patience):
		f.t.Fatalf("fairlead did not start in %s:\n%s", patience, f.output.String())
	}
}

var (
	greetingURL   = regexp.MustCompile(`^Fairlead is at (\S+)$`)
	greetingOwner = regexp.MustCompile(`^Become the first owner .*: (\S+)$`)
	greetingHost  = regexp.MustCompile(`^The simulated Bitbucket is at (\S+) `)
)

// readGreeting reads what the demo prints; false if it ends before its last line.
func (f *fairlead) readGreeting(stdout io.Reader) bool {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		line := lines.Text()
		if m := greetingURL.FindStringSubmatch(line); m != nil {
			f.url = m[1]
		} else if m := greetingOwner.FindStringSubmatch(line); m != nil {
			f.firstOwner = m[1]
		} else if m := greetingHost.FindStringSubmatch(line); m != nil {
			f.host = m[1]
		}
		if line == "Stop with Ctrl-C." {
			return f.url != "" && f.host != ""
		}
	}
	return false
}

// kill is kill -9.
func (f *fairlead) kill() {
	_ = f.process.Process.Kill()
	<-f.exited
}

// restart starts Fairlead again with the same data under the same addresses.
func (f *fairlead) restart() {
	f.t.Helper()
	f.start(strings.TrimPrefix(f.url, "http://"), strings.TrimPrefix(f.host, "http://"))
}

func (f *fairlead) killAndRestart() {
	f.t.Helper()
	f.kill()
	f.restart()
}

func (f *fairlead) stop() {
	_ = f.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-f.exited:
	case <-time.After(5 * time.Second):
		f.kill()
	}
}

// sql changes the database of a stopped Fairlead: the only way to let minutes pass.
func (f *fairlead) sql(statement string, args ...any) {
	f.t.Helper()
	d, err := sql.Open("sqlite3", "file:"+filepath.Join(f.data, "fairlead.db"))
	if err == nil {
		_, err = d.Exec(statement, args...)
		_ = d.Close()
	}
	if err != nil {
		f.t.Fatalf("%s: %v", statement, err)
	}
}

// faults replaces what goes wrong at the simulated Bitbucket.
func (f *fairlead) faults(faults bitbucketsim.Faults) {
	f.t.Helper()
	body, err := json.Marshal(faults)
	if err != nil {
		f.t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPut, f.host+"/simulator/faults", bytes.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		f.t.Fatalf("set faults: %s: %s", answer.Status, text)
	}
}

// waitForHangingCall waits until a call of Fairlead's is under way at the host, which does not answer it.
func (f *fairlead) waitForHangingCall() {
	f.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(15 * time.Millisecond) { // between two looks
		answer, err := http.Get(f.host + "/simulator")
		if err != nil {
			f.t.Fatal(err)
		}
		page, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if bytes.Contains(page, []byte("<td>none</td>")) {
			return
		}
		if time.Now().After(end) {
			f.t.Fatal("Fairlead did not call the host")
		}
	}
}

func (f *fairlead) callbackURL() string { return f.url + "/oauth/callback" }

// client is an OAuth client at the simulated Bitbucket.
type client struct {
	name        string
	id, secret  string
	callback    string
	permissions []string
	private     bool
}

const (
	permissionAccount      = "account"
	permissionWebhooks     = "webhook"
	permissionRepositories = "repository:write"
)

func allPermissions() []string {
	return []string{permissionAccount, permissionWebhooks, permissionRepositories}
}

// register makes an OAuth client as the sheet of step 2 asks for; change may spoil it.
func (f *fairlead) register(change ...func(*client)) client {
	f.t.Helper()
	f.clients++
	c := client{name: fmt.Sprintf("Fairlead %d", f.clients), callback: f.callbackURL(), permissions: allPermissions()}
	for _, spoil := range change {
		spoil(&c)
	}
	page := f.postToHost("/acme-data/workspace/settings/oauth-clients", c.form())
	c.id, c.secret = shown(f.t, page, "client-id"), shown(f.t, page, "client-secret")
	return c
}

// edit saves the client again.
func (f *fairlead) edit(c client) {
	f.t.Helper()
	f.postToHost("/acme-data/workspace/settings/oauth-clients/"+c.id, c.form())
}

func (c client) form() url.Values {
	form := url.Values{"name": {c.name}, "callback_url": {c.callback}, "permission": c.permissions}
	if c.callback != "" {
		form.Set("authorization_code", "on")
	}
	if c.private {
		form.Set("private", "on")
	}
	return form
}

// postToHost sends a form of the simulated Bitbucket as its administrator and returns the page that follows.
func (f *fairlead) postToHost(path string, form url.Values) string {
	f.t.Helper()
	if f.admin == nil {
		jar, _ := cookiejar.New(nil)
		f.admin = &http.Client{Jar: jar, Timeout: patience}
		priya := bitbucketsim.Accounts()[0]
		f.postToHost("/account/signin", url.Values{"email": {priya.Email}, "password": {priya.Password}, "next": {"/"}})
	}
	answer, err := f.admin.PostForm(f.host+path, form)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		f.t.Fatalf("POST %s at the host: %s %v\n%s", path, answer.Status, err, page)
	}
	return string(page)
}

func shown(t *testing.T, page, id string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, fmt.Sprintf("id=%q>", id))
	value, _, ended := strings.Cut(rest, "<")
	if !ok || !ended {
		t.Fatalf("the host's page shows no #%s:\n%s", id, page)
	}
	return html.UnescapeString(value)
}

// output collects what a process writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
