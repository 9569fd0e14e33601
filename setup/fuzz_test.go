package setup_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"unicode"
	"unicode/utf8"

	"fairlead"
	"fairlead/setup"
)

// FuzzCallback sends any callback: it never panics, ends with a code that is documented, and all its texts can be shown.
func FuzzCallback(f *testing.F) {
	outer := newWorld(f)
	c := outer.register()
	s := outer.start(c.ID, c.Secret)
	f.Add(false, "", "", "", "")
	f.Add(false, "made-up", "code", "", "")
	f.Add(true, "", "no-such-code", "", "")
	f.Add(true, "", "", "access_denied", "The user denied access.")
	f.Add(true, "", "", "invalid_scope", "<script>\x00\u202e")
	f.Fuzz(func(t *testing.T, good bool, state, code, hostError, description string) {
		w := *outer
		w.t = t
		if good {
			w.window(s.ID)
			state = w.states[len(w.states)-1]
		}
		_, err := w.Complete(context.Background(), w.session, setup.Callback{State: state, Code: fairlead.NewSecret(code), Error: hostError, ErrorDescription: description})
		var d *fairlead.Diagnosis
		if good && err == nil {
			d = w.find(s.ID).Diagnosis
		} else if !errors.As(err, &d) {
			t.Fatalf("no diagnosis but %v", err)
		}
		if d == nil || !slices.Contains(fairlead.DiagnosisCodes(), d.Code) {
			t.Fatalf("got %+v", d)
		}
		wantShowable(t, d)
	})
}

func wantShowable(t *testing.T, d *fairlead.Diagnosis) {
	t.Helper()
	texts := slices.Concat([]string{d.Title, d.Because, d.FieldError}, d.Fix, d.Hints)
	for _, a := range d.Answers {
		texts = append(texts, a.Request, a.Status, a.Text)
	}
	for _, text := range texts {
		if n := utf8.RuneCountInString(text); n > 700 {
			t.Errorf("%d characters: %s", n, text)
		}
		for _, r := range text {
			if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
				t.Errorf("%q is in %q", r, text)
			}
		}
	}
}
