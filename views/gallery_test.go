package views_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fairlead"
	"fairlead/gitprovider"
	"fairlead/views"
)

func gallery() []views.Exhibit {
	client := gitprovider.NewClient(gitprovider.ClientOptions{Random: fairlead.SystemRandom()})
	return views.Gallery(gitprovider.Registry{gitprovider.NewBitbucketCloud(client)}.Kinds())
}

func draw(t *testing.T, e views.Exhibit) string {
	t.Helper()
	var page strings.Builder
	if err := e.Document().Render(context.Background(), &page); err != nil {
		t.Fatalf("%s: %v", e.Name, err)
	}
	return page.String()
}

func eachExhibit(t *testing.T, check func(t *testing.T, page string)) {
	t.Helper()
	for _, e := range gallery() {
		t.Run(e.Name, func(t *testing.T) { check(t, draw(t, e)) })
	}
}

func TestEveryScreenHasOneHeadingAndAtMostOneFilledButton(t *testing.T) {
	primary := regexp.MustCompile(`class="[^"]*\bprimary\b[^"]*"`)
	eachExhibit(t, func(t *testing.T, page string) {
		if got := strings.Count(page, "<h1"); got != 1 {
			t.Errorf("got %d first headings, want 1", got)
		}
		if got := len(primary.FindAllString(page, -1)); got > 1 {
			t.Errorf("got %d filled buttons, want one at most: one question per screen", got)
		}
	})
}

func TestNoScreenHasInlineStyleOrScript(t *testing.T) {
	// The content security policy would block them, and htmx attributes that evaluate text likewise.
	forbidden := regexp.MustCompile(`(?i)<style|\sstyle=|<script>|\son[a-z]+=|hx-on|"js:|every [0-9]+m?s\[`)
	eachExhibit(t, func(t *testing.T, page string) {
		if found := forbidden.FindString(page); found != "" {
			t.Errorf("found %q", found)
		}
	})
}

func TestIdsAreUniqueAndEveryReferenceHasOne(t *testing.T) {
	ids := regexp.MustCompile(`\sid="([^"]*)"`)
	references := regexp.MustCompile(`\s(?:for|aria-describedby|aria-labelledby|aria-controls|data-copy|data-reveal|form|popovertarget)="([^"]*)"`)
	eachExhibit(t, func(t *testing.T, page string) {
		seen := map[string]bool{}
		for _, m := range ids.FindAllStringSubmatch(page, -1) {
			if seen[m[1]] {
				t.Errorf("the id %q stands twice", m[1])
			}
			seen[m[1]] = true
		}
		for _, m := range references.FindAllStringSubmatch(page, -1) {
			for id := range strings.FieldsSeq(m[1]) {
				if !seen[id] {
					t.Errorf("nothing has the id %q", id)
				}
			}
		}
	})
}

func TestEveryFieldHasALabelAndEveryIconIsHiddenFromSpeech(t *testing.T) {
	input := regexp.MustCompile(`<input [^>]*>`)
	id := regexp.MustCompile(`\sid="([^"]*)"`)
	eachExhibit(t, func(t *testing.T, page string) {
		for _, field := range input.FindAllString(page, -1) {
			if strings.Contains(field, `type="hidden"`) || strings.Contains(field, `type="radio"`) {
				continue // a radio stands inside its label
			}
			m := id.FindStringSubmatch(field)
			if m == nil || !strings.Contains(page, `<label for="`+m[1]+`"`) {
				t.Errorf("no label for %s", field)
			}
		}
		if got, want := strings.Count(page, "<svg"), strings.Count(page, `aria-hidden="true"`); got > want {
			t.Errorf("%d icons but only %d hidden from speech", got, want)
		}
	})
}

func TestNoScreenUsesWordsThatBlameOrPromise(t *testing.T) {
	words := regexp.MustCompile(`(?i)\b(please|sorry|oops|successfully|error occurred)\b|!\s*<`)
	tags := regexp.MustCompile(`<[^>]*>`)
	eachExhibit(t, func(t *testing.T, page string) {
		if found := words.FindString(tags.ReplaceAllString(page[strings.Index(page, "<body"):], " ")); found != "" {
			t.Errorf("found %q", found)
		}
	})
}

func TestNoScreenHasAStraightApostrophe(t *testing.T) {
	verbatim := regexp.MustCompile(`(?s)<(pre|code|script|style)\b.*?</(pre|code|script|style)>`) // hosts' own texts, and what is typed
	tags := regexp.MustCompile(`<[^>]*>`)
	found := regexp.MustCompile(`.{0,40}('|&#39;|&apos;).{0,40}`)
	eachExhibit(t, func(t *testing.T, page string) {
		text := tags.ReplaceAllString(verbatim.ReplaceAllString(page, " "), " ")
		if words := found.FindString(text); words != "" {
			t.Errorf("write ’ in %q", words)
		}
	})
}

// Every screen can be seen without a database: each page's component must be in the gallery.
func TestEveryPageIsInTheGallery(t *testing.T) {
	pages := regexp.MustCompile(`(?m)^templ ([A-Z][A-Za-z]*(?:Page|Step|Window))\(`)
	templates, err := filepath.Glob("*.templ")
	if err != nil || len(templates) == 0 {
		t.Fatal(templates, err)
	}
	var shown strings.Builder
	rooms, err := filepath.Glob("gallery*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range rooms {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "_templ.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(text)
	}
	for _, template := range templates {
		text, err := os.ReadFile(template)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range pages.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(shown.String(), m[1]+"(") {
				t.Errorf("%s of %s is not in the gallery", m[1], template)
			}
		}
	}
}
