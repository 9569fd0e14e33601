package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
)

// hook is a webhook as its host knows it, and what the host would send there: real deliveries of real commits, each telling
// of another change, so that the worker asks the host about every one of them.
type hook struct {
	path   string
	uuid   string
	secret []byte
	texts  []string // of a body, between the hashes
	isNew  []bool   // which of the two hashes comes after each text but the last
	size   int      // of a body, in bytes
	hashes []string
	sent   atomic.Int64
}

// newHook takes a delivery that the host has sent as the pattern of all others.
func newHook(address, uuid, secret, body string, hashes []string) (*hook, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	type ref struct{ Target struct{ Hash string } }
	var push struct {
		Push struct{ Changes []struct{ Old, New *ref } }
	}
	if err := json.Unmarshal([]byte(body), &push); err != nil {
		return nil, err
	}
	if len(push.Push.Changes) != 1 || push.Push.Changes[0].Old == nil || push.Push.Changes[0].New == nil || secret == "" || len(hashes) < 2 {
		return nil, errors.New("the pattern is no delivery of one change between two commits")
	}
	change := push.Push.Changes[0]
	h := &hook{path: u.Path, uuid: strings.Trim(uuid, "{}"), secret: []byte(secret), size: len(body), hashes: hashes}
	h.cut(body, change.Old.Target.Hash, change.New.Target.Hash)
	return h, nil
}

// cut takes the pattern apart once: the senders share the cores with the server that they measure.
func (h *hook) cut(body, older, newer string) {
	for {
		i, j := strings.Index(body, older), strings.Index(body, newer)
		if i < 0 && j < 0 {
			h.texts = append(h.texts, body)
			return
		}
		isNew := i < 0 || j >= 0 && j < i
		if isNew {
			i = j
		}
		h.texts, h.isNew = append(h.texts, body[:i]), append(h.isNew, isNew)
		body = body[i+len(older):] // all hashes are of one length
	}
}

// about is the body that tells of the change between two commits.
func (h *hook) about(older, newer string) string {
	var body strings.Builder
	body.Grow(h.size)
	for i, isNew := range h.isNew {
		_, _ = body.WriteString(h.texts[i])
		if isNew {
			_, _ = body.WriteString(newer)
		} else {
			_, _ = body.WriteString(older)
		}
	}
	_, _ = body.WriteString(h.texts[len(h.texts)-1])
	return body.String()
}

// pairOf is the i-th of all pairs of n commits, the older first: near ones come before far ones. After the last pair it
// begins anew.
func pairOf(i, n int) (older, newer int) {
	i %= n * (n - 1) / 2
	distance := 1
	for i >= n-distance {
		i -= n - distance
		distance++
	}
	return i, i + distance
}

// id is that of the i-th delivery, in the shape of the host's: in no order, which an index feels.
func (h *hook) id(i int) string {
	sum := sha256.Sum256([]byte(h.uuid + strconv.Itoa(i)))
	return fmt.Sprintf("%x-%x-4%03x-8%03x-%x", sum[:4], sum[4:6], sum[6], sum[7], sum[8:14])
}

// delivery is the i-th delivery, signed as the host signs it. Sent again it is the same.
func (h *hook) delivery(i int) request {
	older, newer := pairOf(i, len(h.hashes))
	body := h.about(h.hashes[older], h.hashes[newer])
	mac := hmac.New(sha256.New, h.secret)
	_, _ = mac.Write([]byte(body)) // a hash takes everything
	header := http.Header{
		"User-Agent": {"Bitbucket-Webhooks/2.0"}, "Content-Type": {"application/json"}, "X-Event-Key": {"repo:push"}, "X-Hook-Uuid": {h.uuid},
		"X-Request-Uuid": {h.id(i)}, "X-Attempt-Number": {"1"}, "X-Hub-Signature": {"sha256=" + hex.EncodeToString(mac.Sum(nil))},
	}
	return request{name: "delivery", method: http.MethodPost, path: h.path, status: http.StatusAccepted, header: header, body: body}
}

// another is a delivery that was not sent before.
func (h *hook) another() request { return h.delivery(int(h.sent.Add(1)) - 1) }

// stored is what the product keeps of a delivery: its headers as JSON, the signature hidden, and its body.
func (q request) stored() (headers, body string) {
	kept := map[string]string{}
	for name := range q.header {
		kept[name] = q.header.Get(name)
	}
	kept["X-Hub-Signature"] = "[redacted]"
	text, _ := json.Marshal(kept) // strings do not fail
	return string(text), q.body
}
