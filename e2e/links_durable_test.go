package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// traced makes Fairlead run under strace from its next start on. The file then tells what reached the kernel, and in what order.
func traced(t *testing.T, f *fairlead) (file string) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatalf("strace is missing, install it with the task strace: %v", err)
	}
	if out, err := exec.Command(strace, "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Fatalf("strace may not trace a process here, so nobody can see what reaches the disk; run this test where ptrace is permitted: %v\n%s", err, out)
	}
	file = filepath.Join(t.TempDir(), "trace")
	// With -D Fairlead stays our own process, and strace is the one beside it.
	f.under = []string{strace, "-D", "-f", "--seccomp-bpf", "-y", "-s", "5000", "-e", "trace=read,write,writev,sendto,pwrite64,fsync,fdatasync", "-o", file}
	return file
}

// deliver posts a delivery as the host does, signed with the webhook's secret, and returns the status.
func deliver(t *testing.T, address, secret, id string) int {
	t.Helper()
	body := []byte(`{"push":{"changes":[]}}`)
	sum := hmac.New(sha256.New, []byte(secret))
	_, _ = sum.Write(body)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "X-Event-Key": "repo:push", "X-Request-UUID": id, "X-Attempt-Number": "1",
		"X-Hub-Signature": "sha256=" + hex.EncodeToString(sum.Sum(nil)),
	} {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// call is one call of the kernel in a trace: the lines where it began and where it had ended.
type call struct {
	thread, name, on, text string
	began, ended           int
	ok                     bool
}

var (
	wholeCall  = regexp.MustCompile(`^(\d+) +(\w+)\(\d+<([^>]*)>(.*)$`)
	resumed    = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)$`)
	unfinished = " <unfinished ...>"
	failedCall = regexp.MustCompile(`= -1 \w+ \(`)
)

// callsIn reads a trace. A call that another thread's cut in two is put together again.
func callsIn(trace string) (calls []*call) {
	open := map[string]*call{}
	for i, line := range strings.Split(trace, "\n") {
		if m := resumed.FindStringSubmatch(line); m != nil && open[m[1]] != nil {
			c := open[m[1]]
			c.text, c.ended, c.ok = c.text+m[3], i, !failedCall.MatchString(m[3])
			delete(open, m[1])
			continue
		}
		m := wholeCall.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		c := &call{thread: m[1], name: m[2], on: m[3], text: m[4], began: i, ended: i, ok: !failedCall.MatchString(m[4])}
		if text, cut := strings.CutSuffix(c.text, unfinished); cut {
			c.text, c.ended, c.ok = text, len(trace), false // until it is resumed
			open[c.thread] = c
		}
		calls = append(calls, c)
	}
	return calls
}

func firstCall(calls []*call, wanted func(*call) bool) *call {
	for _, c := range calls {
		if wanted(c) {
			return c
		}
	}
	return nil
}

func TestADeliveryIsOnTheDiskBeforeItIsAcknowledged(t *testing.T) {
	t.Parallel()
	f, _, _ := newLink(t, "")
	file := traced(t, f)
	secret, address := hookSecret(t, f)
	f.killAndRestart()
	const id = "5d1a9c3e-0000-4000-a000-durable00001"
	if status := deliver(t, address, secret, id); status != http.StatusAccepted {
		t.Fatalf("the delivery was answered with %d", status)
	}
	const wal = "/fairlead.db-wal"
	var calls []*call
	var request, answer *call
	f.wait("the acknowledgement in the trace", func() bool {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		calls = callsIn(string(text))
		request = firstCall(calls, func(c *call) bool {
			return c.name == "read" && strings.Contains(c.text, "POST /hooks/rl_") && strings.Contains(c.text, id)
		})
		answer = firstCall(calls, func(c *call) bool {
			return request != nil && c.began > request.began && c.on == request.on && c.name != "read" && strings.Contains(c.text, "HTTP/1.1 202")
		})
		return answer != nil
	})
	written := firstCall(calls, func(c *call) bool {
		return c.began >= request.ended && c.name == "pwrite64" && strings.HasSuffix(c.on, wal) && strings.Contains(c.text, id)
	})
	if written == nil || written.ended >= answer.began {
		t.Fatalf("the delivery was acknowledged in line %d of the trace, and written to the log of the database in %+v", answer.began, written)
	}
	// A transaction is written and synced by one thread, in one call of SQLite.
	synced := firstCall(calls, func(c *call) bool {
		return c.thread == written.thread && c.began > written.ended && c.ok && (c.name == "fdatasync" || c.name == "fsync") && strings.HasSuffix(c.on, wal)
	})
	if synced == nil || synced.ended >= answer.began {
		t.Fatalf("the delivery was acknowledged in line %d of the trace, written in line %d, and synced in %+v", answer.began, written.began, synced)
	}
	last := 0 // of the same transaction
	for _, c := range calls {
		if c.thread == written.thread && c.name == "pwrite64" && strings.HasSuffix(c.on, wal) && c.began < synced.began {
			last = c.ended
		}
	}
	if last < written.ended || last >= synced.began {
		t.Errorf("the last write of the transaction ended in line %d, its sync began in line %d", last, synced.began)
	}
	t.Logf("request in line %d, written by %d, synced by %d, acknowledged in line %d", request.began, last, synced.ended, answer.began)
}
