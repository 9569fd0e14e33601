package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

var (
	hashA = strings.Repeat("a", 40)
	hashB = strings.Repeat("b", 40)
	hashC = strings.Repeat("c", 40)
)

func sampleHook(t *testing.T) *hook {
	t.Helper()
	body := `{"push":{"changes":[{"old":{"target":{"hash":"` + hashA + `"}},"new":{"target":{"hash":"` + hashB + `","parents":["` + hashA + `"]}}}]}}`
	h, err := newHook("http://fairlead.test/hooks/rl_x", "{uuid}", "secret", body, []string{hashA, hashB, hashC})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestEveryPairOfCommitsComesOnceBeforeOneComesAgain(t *testing.T) {
	const n = 7
	seen := map[[2]int]int{}
	last := 0
	for i := range n * (n - 1) / 2 {
		older, newer := pairOf(i, n)
		seen[[2]int{older, newer}]++
		if older < 0 || older >= newer || newer >= n || newer-older < last {
			t.Errorf("pair %d is %d and %d", i, older, newer)
		}
		last = newer - older
	}
	if len(seen) != n*(n-1)/2 {
		t.Errorf("%d different pairs", len(seen))
	}
	if older, newer := pairOf(n*(n-1)/2, n); older != 0 || newer != 1 {
		t.Errorf("it begins anew with %d and %d", older, newer)
	}
}

func TestADeliveryIsSignedAsItIsSentAndTellsOfItsOwnChange(t *testing.T) {
	h := sampleHook(t)
	q := h.delivery(1) // from the second commit to the third
	received, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(q.bytes("fairlead.test")))))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(received.Body)
	if err != nil || strings.Count(string(body), hashB) != 2 || strings.Count(string(body), hashC) != 1 || strings.Contains(string(body), hashA) {
		t.Errorf("the body is %s, %v", body, err)
	}
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write(body)
	if got := received.Header.Get("X-Hub-Signature"); got != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
		t.Errorf("signed %q", got)
	}
	if received.Header["Content-Type"][0] != "application/json" || len(received.Header["Content-Type"]) != 1 || received.URL.Path != "/hooks/rl_x" {
		t.Errorf("got %v to %s", received.Header, received.URL)
	}
	again, other := h.delivery(1), h.another()
	if again.body != q.body || again.header.Get("X-Request-Uuid") != received.Header.Get("X-Request-Uuid") {
		t.Error("sent again it is another one")
	}
	if other.header.Get("X-Request-Uuid") == again.header.Get("X-Request-Uuid") || other.header.Get("X-Request-Uuid") == h.another().header.Get("X-Request-Uuid") {
		t.Error("two deliveries have the same id")
	}
	headers, stored := q.stored()
	var kept map[string]string
	if err := json.Unmarshal([]byte(headers), &kept); err != nil || stored != q.body || kept["X-Event-Key"] != "repo:push" || kept["X-Hub-Signature"] != "[redacted]" {
		t.Errorf("the floor stores %s, %v", headers, err)
	}
}

func TestOnlyADeliveryOfOneChangeIsAPattern(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON":     "push",
		"no push":     `{"repository":{}}`,
		"a new ref":   `{"push":{"changes":[{"old":null,"new":{"target":{"hash":"` + hashB + `"}}}]}}`,
		"two changes": `{"push":{"changes":[{},{}]}}`,
	} {
		if _, err := newHook("http://fairlead.test/hooks/rl_x", "", "secret", body, []string{hashA, hashB}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
