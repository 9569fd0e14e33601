package main

import (
	"bytes"
	"context"
	"database/sql"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/mattn/go-sqlite3"
)

// ran is how a command ended.
type ran struct {
	t        *testing.T
	code     int
	out, err string
}

// start runs the program until it ends or, if it serves, until the context ends. onServing is called when it says that it
// serves; nobody is an owner in these tests, so the last thing it says is the first-owner link.
func start(ctx context.Context, t *testing.T, onServing func(), args ...string) ran {
	t.Helper()
	out, err := &announced{on: "/first-owner/", do: onServing}, &bytes.Buffer{}
	code := run(ctx, args, out, err)
	return ran{t: t, code: code, out: out.String(), err: err.String()}
}

// command runs the program; if it serves, it is told to stop at once.
func command(t *testing.T, args ...string) ran {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	return start(ctx, t, cancel, args...)
}

// announced is an output that calls do when it has seen on.
type announced struct {
	bytes.Buffer
	on string
	do func()
}

func (a *announced) Write(p []byte) (int, error) {
	n, err := a.Buffer.Write(p)
	if bytes.Contains(a.Bytes(), []byte(a.on)) {
		a.do()
	}
	return n, err
}

// wantOneLine expects exit code 2 and one line that has all the words.
func (r ran) wantOneLine(words ...string) {
	r.t.Helper()
	if r.code != exitUsage {
		r.t.Errorf("got exit code %d, want %d", r.code, exitUsage)
	}
	if strings.Count(r.err, "\n") != 1 {
		r.t.Errorf("got %q, want one line", r.err)
	}
	for _, word := range words {
		if !strings.Contains(r.err, word) {
			r.t.Errorf("the line does not name %q: %s", word, r.err)
		}
	}
}

// started makes a data folder by a start that ends at once.
func started(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if r := command(t, "serve", "--data", dir, "--listen", "127.0.0.1:0", "--external-url", "http://fairlead.test"); r.code != exitOK {
		t.Fatalf("the first start: %s", r.err)
	}
	return dir
}

func TestTheFirstStartPrintsTheFirstOwnerLinkAndStopsCleanly(t *testing.T) {
	r := command(t, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--external-url", "https://fairlead.test")
	if r.code != exitOK {
		t.Errorf("got exit code %d: %s", r.code, r.err)
	}
	if strings.Count(r.out, "https://fairlead.test/first-owner/") != 1 {
		t.Errorf("no first-owner link in %q", r.out)
	}
}

func TestBadConfigurationIsOneLineThatNamesTheFlag(t *testing.T) {
	for name, c := range map[string]struct{ args, words []string }{
		"an unknown flag":             {[]string{"serve", "--prot", "1"}, []string{"--prot"}},
		"no command":                  {nil, []string{"fairlead --help"}},
		"a wildcard without a name":   {[]string{"serve", "--listen", ":8080"}, []string{"--external-url", ":8080"}},
		"a listen address of nothing": {[]string{"serve", "--listen", "nonsense"}, []string{"--listen", "nonsense"}},
		"an external URL of nothing":  {[]string{"serve", "--external-url", "fairlead"}, []string{"--external-url fairlead"}},
		"another scheme":              {[]string{"serve", "--external-url", "ftp://fairlead.test"}, []string{"--external-url ftp://fairlead.test"}},
		"an external URL with a path": {[]string{"serve", "--external-url", "https://x.test/fairlead"}, []string{"--external-url", "host name of its own"}},
		"a proxy of nothing":          {[]string{"serve", "--trusted-proxy", "proxy.test"}, []string{"--trusted-proxy proxy.test"}},
		"checking all the time":       {[]string{"serve", "--catch-up-every", "59s"}, []string{"--catch-up-every 59s", "less than a minute"}},
		"keeping nothing":             {[]string{"serve", "--keep-payloads", "1s"}, []string{"--keep-payloads 1s", "less than an hour"}},
	} {
		t.Run(name, func(t *testing.T) {
			command(t, append(c.args, dataOf(t, c.args)...)...).wantOneLine(c.words...)
		})
	}
}

func dataOf(t *testing.T, args []string) []string {
	if len(args) == 0 {
		return nil
	}
	return []string{"--data", t.TempDir()}
}

func TestFlagsCanComeFromTheEnvironment(t *testing.T) {
	t.Setenv("FAIRLEAD_EXTERNAL_URL", "https://from.environment.test/with/path")
	command(t, "serve", "--data", t.TempDir()).wantOneLine("https://from.environment.test/with/path")
}

func TestATakenPortIsOneLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	command(t, "serve", "--data", t.TempDir(), "--listen", address).wantOneLine("cannot listen on "+address, "address already in use", "--listen")
	command(t, "demo", "--data", t.TempDir(), "--listen", address, "--bitbucket-listen", "127.0.0.1:0").wantOneLine(address, "--listen")
	command(t, "demo", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--bitbucket-listen", address).wantOneLine(address, "--bitbucket-listen")
}

func TestALostOrDifferentKeyIsOneLineThatNamesTheFile(t *testing.T) {
	dir := started(t)
	key := filepath.Join(dir, "fairlead.key")
	own, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(started(t), "fairlead.key")
	serve := []string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--external-url", "http://fairlead.test"}

	command(t, append(serve, "--key-file", other)...).wantOneLine(other, "--key-file")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	command(t, serve...).wantOneLine(key, "missing")
	if _, err := os.Stat(key); err == nil {
		t.Error("a new key was made in the place of the lost one")
	}
	if err := os.WriteFile(key, []byte("not a key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, serve...).wantOneLine(key)
	if err := os.WriteFile(key, own, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := command(t, serve...); r.code != exitOK {
		t.Errorf("with the key back: %s", r.err)
	}
}

func TestADatabaseOfANewerFairleadIsOneLine(t *testing.T) {
	dir := started(t)
	database, err := sql.Open("sqlite3", filepath.Join(dir, "fairlead.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := database.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := database.Close(); err != nil {
		t.Fatal(err)
	}
	command(t, "serve", "--data", dir, "--listen", "127.0.0.1:0", "--external-url", "http://fairlead.test").wantOneLine("newer Fairlead", "9999")
}

func TestADataFolderInUseIsOneLineAndOwnerLinkWorksBesideIt(t *testing.T) {
	dir := started(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended, serving := make(chan ran, 1), make(chan struct{})
	go func() {
		ended <- start(ctx, t, sync.OnceFunc(func() { close(serving) }), "serve", "--data", dir, "--listen", "127.0.0.1:0", "--external-url", "http://fairlead.test")
	}()
	<-serving
	command(t, "serve", "--data", dir, "--listen", "127.0.0.1:0", "--external-url", "http://fairlead.test").wantOneLine(dir, "in use")
	command(t, "owner-link", "--data", dir, "--external-url", "http://fairlead.test").wantOneLine("owner")
	cancel()
	if r := <-ended; r.code != exitOK {
		t.Errorf("the running one: %s", r.err)
	}
	command(t, "owner-link", "--data", t.TempDir()).wantOneLine("no Fairlead database", "--data")
}

func TestAnOwnerLinkLeadsToWhereFairleadWasLastStarted(t *testing.T) {
	for _, c := range []struct {
		name string
		link ownerLinkCommand
		want string
	}{
		{"no flag", ownerLinkCommand{dataFlags: dataFlags{Data: started(t)}}, "http://fairlead.test"},
		{"a flag", ownerLinkCommand{dataFlags: dataFlags{Data: started(t)}, ExternalURL: "https://other.test"}, "https://other.test"},
		{"a folder of an older version", ownerLinkCommand{dataFlags: dataFlags{Data: t.TempDir()}}, "http://127.0.0.1:8080"},
	} {
		if got, err := c.link.external(); err != nil || got.String() != c.want {
			t.Errorf("%s: got %v, %v, want %s", c.name, got, err, c.want)
		}
	}
}

func TestHelpAndVersionReadWell(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"demo", "--help"}, {"owner-link", "--help"}} {
		r := command(t, args...)
		if r.code != exitOK || !strings.Contains(r.out, "Usage: fairlead") {
			t.Errorf("%v: got %d %q", args, r.code, r.out)
		}
	}
	help := command(t, "serve", "--help").out
	for _, flag := range []string{"--listen", "--external-url", "--data", "--key-file", "--trusted-proxy", "--allow-loopback-hosts", "FAIRLEAD_LISTEN", "127.0.0.1:8080"} {
		if !strings.Contains(help, flag) {
			t.Errorf("the help of serve does not tell of %s", flag)
		}
	}
	if strings.Contains(help, "bitbucket") {
		t.Error("serve can be pointed at a simulated Bitbucket")
	}
	if r := command(t, "version"); r.code != exitOK || !strings.HasPrefix(r.out, "fairlead ") {
		t.Errorf("got %d %q", r.code, r.out)
	}
}
