package accounts

import (
	"strings"
	"testing"

	"fairlead"
)

func TestWhatCannotBeSeenIsRemoved(t *testing.T) {
	for typed, want := range map[string]string{
		"  Ana  Brandt\r\n":  "Ana Brandt",
		"\u00a0Ana\u2003B\t": "Ana B",
		"A\u200bna\ufeff":    "Ana",
		"\u202eana\u202c":    "ana",
		"A\x00n\x1ba\x7f":    "Ana",
		"bad \xff utf8":      "bad utf8",
		"Иван 王小明 नमस्ते 👩‍🚀": "Иван 王小明 नमस्ते 👩‍🚀",
		"\u200b \u202e": "",
	} {
		if got := clean(typed); got != want {
			t.Errorf("%q: got %q, want %q", typed, got, want)
		}
	}
}

func TestAnEmailIsOneBareAddressInLowerCase(t *testing.T) {
	for typed, want := range map[string]string{
		"ana@acme.example":       "ana@acme.example",
		" Ana.B+x@Acme.Example ": "ana.b+x@acme.example",
		"ana@münchen.example":    "ana@münchen.example",
		"o'neil@acme.example":    "o'neil@acme.example",
	} {
		var v fairlead.Invalid
		if got := parseEmail(&v, typed); got != want || v.Err() != nil {
			t.Errorf("%q: got %q, %v", typed, got, v.Err())
		}
	}
	for _, typed := range []string{
		"", "ana", "@acme.example", "ana@", "a b@acme.example", "Ana <ana@acme.example>", "<ana@acme.example>",
		"ana@acme.example (Ana)", "ana@acme.example,ben@acme.example", strings.Repeat("a", 250) + "@x.example",
	} {
		var v fairlead.Invalid
		if got := parseEmail(&v, typed); v.Err() == nil {
			t.Errorf("%q: taken as %q", typed, got)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("  Ana  \u202eBrandt\r\n")
	f.Fuzz(func(t *testing.T, typed string) {
		once := clean(typed)
		if clean(once) != once || strings.TrimSpace(once) != once || strings.ContainsAny(once, "\r\n\t\x00") {
			t.Errorf("%q became %q", typed, once)
		}
	})
}
