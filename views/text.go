package views

import (
	"context"
	"html"
	"io"
	"strings"

	"github.com/a-h/templ"
)

// Rich draws our own texts: **words** emphasized, `values` in a fixed-width face. Everything is escaped. It is written by
// hand because a template would put white space between the parts.
func Rich(text string) templ.Component {
	var out strings.Builder
	for _, part := range richParts(text) {
		switch part.mark {
		case "**":
			out.WriteString("<strong>" + html.EscapeString(part.text) + "</strong>")
		case "`":
			out.WriteString("<code" + keepTogether(part.text) + ">" + breakable(part.text) + "</code>")
		default:
			out.WriteString(html.EscapeString(part.text))
		}
	}
	return templ.Raw(out.String())
}

// keepTogether stops a browser from breaking an option after its hyphens; long addresses break at their slashes.
func keepTogether(value string) string {
	if len(value) > 28 {
		return ""
	}
	return ` class="nowrap"`
}

type richPart struct{ mark, text string }

func richParts(text string) (parts []richPart) {
	for text != "" {
		at, mark := len(text), ""
		for _, m := range []string{"**", "`"} {
			if i := strings.Index(text, m); i >= 0 && i < at && strings.Contains(text[i+len(m):], m) {
				at, mark = i, m
			}
		}
		if at > 0 {
			parts = append(parts, richPart{"", text[:at]})
		}
		if mark == "" {
			return parts
		}
		inside, rest, _ := strings.Cut(text[at+len(mark):], mark)
		parts, text = append(parts, richPart{mark, inside}), rest
	}
	return parts
}

// firstSentence parts a text after its first sentence, whose full stop goes: it becomes a heading.
func firstSentence(text string) (first, rest string) {
	first, rest, _ = strings.Cut(text, ". ")
	return strings.TrimSuffix(first, "."), rest
}

// Breakable lets a long address wrap before the slashes of its path; copying it is unaffected.
func Breakable(address string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, breakable(address))
		return err
	})
}

func breakable(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return html.EscapeString(address)
	}
	return html.EscapeString(scheme) + "://" + strings.ReplaceAll(html.EscapeString(rest), "/", "<wbr>/")
}
