package gitprovider

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"fairlead"
)

func wantCode(t *testing.T, err error, codes ...fairlead.DiagnosisCode) {
	t.Helper()
	var d *fairlead.Diagnosis
	if !errors.As(err, &d) || !slices.Contains(codes, d.Code) || d.Title == "" || d.Because == "" || len(d.Fix) == 0 {
		t.Fatalf("got %v, want one of %v", err, codes)
	}
}

// FuzzParseDelivery lets anybody send anything: it is read, or said to be unreadable, and what was read can go into an
// address, an id and a log.
func FuzzParseDelivery(f *testing.F) {
	const hash = "0123456789abcdef0123456789abcdef01234567"
	f.Add("5f4dcc3b-0000-4000-a000-000000000001", "repo:push", []byte(`{"repository":{"uuid":"{1}"},"push":{"changes":[{"old":null,"new":{"type":"branch","name":"main","target":{"hash":"`+hash+`"}}}]}}`))
	f.Add("{5f4d}", "repo:updated", []byte(`{}`))
	f.Add("", "repo:push", []byte(`{"push":{"changes":[{}]}}`))
	f.Fuzz(func(t *testing.T, id, name string, body []byte) {
		host := NewBitbucketCloud(nil)
		header := http.Header{}
		header.Set(headerDelivery, id)
		header.Set(headerEvent, name)
		event, err := host.ParseDelivery(header, body)
		if err != nil {
			wantCode(t, err, fairlead.DiagnosisDeliveryUnknown)
			if event.Name != "" || len(event.Changes) != 0 {
				t.Errorf("unreadable, but %+v", event)
			}
			return
		}
		hostID, kind, err := host.DeliveryID(header)
		if err != nil || hostID != event.HostID || kind != event.Name || hostID == "" || len(hostID) > 64 || strings.ContainsAny(hostID+kind, " \n\"<>{}") {
			t.Errorf("got %q, %q, %v", hostID, kind, err)
		}
		if kind != eventPush && len(event.Changes) > 0 {
			t.Errorf("%s has changes: %+v", kind, event.Changes)
		}
		for _, c := range event.Changes {
			isRef := c.Type == fairlead.RefBranch || c.Type == fairlead.RefTag
			if !isRef || c.Name == "" || !utf8.ValidString(c.Name) || c.Old == "" && c.New == "" {
				t.Errorf("got %+v", c)
			}
			for _, hash := range []string{c.Old, c.New} {
				if hash != "" && len(hash) != 40 && len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "" {
					t.Errorf("got hash %q", hash)
				}
			}
		}
	})
}

// FuzzCheckSignature lets anybody sign with anything: only the signature of this body with this secret is good.
func FuzzCheckSignature(f *testing.F) {
	f.Add("sha256=", []byte("body"), "secret")
	f.Add("sha256="+strings.Repeat("ab", 32), []byte(`{"push":{}}`), "")
	f.Add("sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709", []byte(""), "secret")
	f.Fuzz(func(t *testing.T, signature string, body []byte, secret string) {
		host := NewBitbucketCloud(nil)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		right := "sha256=" + hex.EncodeToString(mac.Sum(nil))
		err := host.CheckSignature(http.Header{headerSignature: {signature}}, body, fairlead.NewSecret(secret))
		isRight := secret != "" && strings.EqualFold(signature, right) && strings.HasPrefix(signature, "sha256=")
		switch {
		case isRight && err != nil:
			t.Errorf("refused the right one: %v", err)
		case !isRight:
			wantCode(t, err, fairlead.DiagnosisSignatureMissing, fairlead.DiagnosisSignatureWrong)
		}
		err = host.CheckSignature(http.Header{headerSignature: {right}}, body, fairlead.NewSecret(secret))
		if secret == "" {
			wantCode(t, err, fairlead.DiagnosisSignatureWrong)
		} else if err != nil {
			t.Errorf("refused the right one: %v", err)
		}
		wantCode(t, host.CheckSignature(http.Header{headerSignature: {right}}, append(slices.Clone(body), 0), fairlead.NewSecret(secret)), fairlead.DiagnosisSignatureWrong)
	})
}

// FuzzLinkAnswer lets the API say anything to the calls of a connection: each ends, with success or with a documented
// diagnosis, without a secret.
func FuzzLinkAnswer(f *testing.F) {
	f.Add(200, "application/json", "", `{"uuid":"{1}","full_name":"a/b","values":[{"name":"main","target":{"hash":"0123456"},"path":"a","type":"commit_file","status":"renamed"}],"next":"https://b.example/2.0/more"}`)
	f.Add(404, "application/json", "", `{"type":"error","error":{"message":"{token}"}}`)
	f.Add(400, "application/json", "", `{"type":"error","error":{"fields":{"url":["{token}"]}}}`)
	f.Add(403, "application/json", "", `{"type":"error","error":{"detail":{"required":["issue"],"granted":["account"]}}}`)
	f.Add(410, "application/json", "", `{"error":{"fields":{"url":"gone"}}}`)
	f.Add(555, "text/html", "", "")
	f.Fuzz(func(t *testing.T, status int, contentType, location, body string) {
		host, ctx, access := hostAnswering(status, contentType, location, body), context.Background(), fairlead.NewSecret(fuzzToken)
		const hash = "0123456789abcdef0123456789abcdef01234567"
		hook := WebhookSpec{URL: "https://fairlead.example/hooks/rl_1", Secret: fairlead.NewSecret(fuzzSecret)}
		for _, call := range []func() error{
			func() error { _, err := host.RepositoryOwners(ctx, access); return err },
			func() error {
				_, err := host.ListRepositories(ctx, access, RepositoryQuery{Owner: "a", Search: body})
				return err
			},
			func() error { _, err := host.FindRepository(ctx, access, "{1}"); return err },
			func() error { _, err := host.ReadRepository(ctx, access, "{1}"); return err },
			func() error { _, _, err := host.ListBranches(ctx, access, "{1}", "main"); return err },
			func() error { _, _, err := host.ListTags(ctx, access, "{1}", "v1"); return err },
			func() error { _, _, err := host.ListFiles(ctx, access, "{1}", hash); return err },
			func() error { _, err := host.FindCommit(ctx, access, "{1}", hash); return err },
			func() error { _, err := host.Reaches(ctx, access, "{1}", hash, hash); return err },
			func() error {
				_, err := host.Compare(ctx, access, fairlead.Repository{ID: "{1}"}, fairlead.RefChange{Name: "x", Type: fairlead.RefBranch, Old: hash, New: hash})
				return err
			},
			func() error { _, err := host.ListWebhooks(ctx, access, "{1}"); return err },
			func() error { _, err := host.CreateWebhook(ctx, access, "{1}", hook); return err },
			func() error { _, err := host.UpdateWebhook(ctx, access, "{1}", "{2}", hook); return err },
			func() error { return host.RemoveWebhook(ctx, access, "{1}", "{2}") },
		} {
			if err := call(); err != nil {
				var d *fairlead.Diagnosis
				if !errors.As(err, &d) {
					t.Fatalf("no diagnosis but %v", err)
				}
				d.Rung = fairlead.RungReach // that is the wizard's
				wantNamedOrFine(t, d)
			}
		}
	})
}
