package setup_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlead"
)

// wantNoSecret looks for a value in everything that outlives a call: the files, the log, the setups as pages get them.
func wantNoSecret(t testing.TB, w *world, values ...string) {
	t.Helper()
	all, err := w.List(context.Background())
	w.must(err)
	text, err := json.Marshal(all)
	w.must(err)
	places := map[string][]byte{"the setups": text, "the log": w.log.Bytes()}
	files, err := filepath.Glob(filepath.Join(w.dir, "fairlead.db*"))
	w.must(err)
	if len(files) < 2 {
		t.Fatalf("only %v to look at, want the database and its WAL", files)
	}
	for _, file := range files {
		places[filepath.Base(file)], err = os.ReadFile(file)
		w.must(err)
	}
	for _, value := range values {
		for _, form := range []string{value, url.QueryEscape(value), base64.StdEncoding.EncodeToString([]byte(value))} {
			for place, content := range places {
				if bytes.Contains(content, []byte(form)) {
					t.Errorf("%q is in %s", form, place)
				}
			}
		}
	}
}

func TestNoSecretIsInTheFileBeforeOrAfterCancelling(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	s := w.start(c.ID, c.Secret)
	callback := w.granted(s.ID)
	wantNoSecret(t, w, c.Secret, callback.Code.Reveal(), callback.State)
	w.finish(callback)
	wantNoSecret(t, w, c.Secret, callback.Code.Reveal(), callback.State)
	w.must(w.Cancel(context.Background(), w.by, s.ID))
	wantNoSecret(t, w, c.Secret, callback.Code.Reveal(), callback.State)
	_, err := w.Find(context.Background(), s.ID)
	w.wantCode(err, fairlead.CodeNotFound)
	_, err = w.Confirm(context.Background(), w.by, s.ID)
	w.wantCode(err, fairlead.CodeNotFound)
	w.must(w.Cancel(context.Background(), w.by, s.ID)) // twice cancelled is cancelled
	w.wantAstray(w.session, callback, fairlead.DiagnosisSetupCancelled)
}

func TestNoSecretIsInTheFileOfAConfirmedProvider(t *testing.T) {
	w := newWorld(t)
	s, c := w.verified()
	provider, err := w.Confirm(context.Background(), w.by, s.ID)
	w.must(err)
	if provider.Secret.Reveal() != c.Secret {
		t.Error("the provider has another secret than the one that was proven")
	}
	wantNoSecret(t, w, c.Secret)
}

func TestTheVerifierGoesWithTheAttemptThatWasSpent(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	callback := w.granted(w.start(c.ID, c.Secret).ID)
	before, err := w.db.FindAttempt(context.Background(), fairlead.HashToken(callback.State))
	w.must(err)
	w.finish(callback)
	after, err := w.db.FindAttempt(context.Background(), fairlead.HashToken(callback.State))
	w.must(err)
	if before.Verifier.IsZero() || !after.Verifier.IsZero() || strings.Contains(before.Verifier.String(), "verifier") {
		t.Error("the verifier is missing before, or still there afterwards")
	}
}
