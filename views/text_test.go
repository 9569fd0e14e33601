package views_test

import (
	"context"
	"strings"
	"testing"

	"fairlead/views"
)

func rich(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	if err := views.Rich(text).Render(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestOwnTextsMayEmphasizeWordsAndSetValues(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                     "plain",
		"choose **Next** again.":    "choose <strong>Next</strong> again.",
		"set `--data`":              `set <code class="nowrap">--data</code>`,
		"**a** and `b`":             `<strong>a</strong> and <code class="nowrap">b</code>`,
		"2 ** 3 and a lone ` too":   "2 ** 3 and a lone ` too",
		"":                          "",
		"**<b>**":                   "<strong>&lt;b&gt;</strong>",
		"`https://a.example/x/y/z`": `<code class="nowrap">https://a.example<wbr>/x<wbr>/y<wbr>/z</code>`,
	} {
		if got := rich(t, text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestALongAddressMayBreakBeforeItsSlashesAndCopiesUnchanged(t *testing.T) {
	const address = "https://fairlead.acme.example/oauth/callback"
	got := rich(t, "`"+address+"`")
	if want := "<code>https://fairlead.acme.example<wbr>/oauth<wbr>/callback</code>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if text := strings.NewReplacer("<wbr>", "", "<code>", "", "</code>", "").Replace(got); text != address {
		t.Errorf("copies as %q", text)
	}
}

// Texts of hosts end up in titles and answers, never in Rich; but if one did, it could not become markup.
func FuzzRichNeverLetsMarkupThrough(f *testing.F) {
	for _, seed := range []string{"**a**", "`b`", "<script>", "**`a**`", "&lt;", "` `` ** ****"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		left := strings.NewReplacer("<strong>", "", "</strong>", "", `<code class="nowrap">`, "", "<code>", "", "</code>", "", "<wbr>", "").Replace(rich(t, text))
		if strings.ContainsAny(left, "<>") {
			t.Errorf("%q became %q", text, left)
		}
	})
}
