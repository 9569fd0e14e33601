package gitprovider

import (
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"fairlead"
)

const (
	maxShown = 600 // characters of an answer that a page shows
	minHid   = 4   // a shorter value is no secret, and removing it would garble the text
)

// tokenFields finds values of fields that hold secrets, whatever the answer around them looks like.
var tokenFields = regexp.MustCompile(`(?i)("?(?:access_token|refresh_token|client_secret|id_token|code|secret|password)"?\s*[:=]\s*"?)[^"&\s,}]+`)

// redact makes a host's text fit to show: control characters, known secrets and token fields are removed, in this order,
// so that nothing removed can put a secret together again. Then it is cut to a length.
func redact(text string, secrets []fairlead.Secret) string {
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, ""))
	for _, secret := range secrets {
		if value := secret.Reveal(); len(value) >= minHid {
			text = anyForm(value).ReplaceAllLiteralString(text, "[redacted]")
		}
	}
	text = tokenFields.ReplaceAllString(text, "${1}[redacted]")
	if runes := []rune(text); len(runes) > maxShown {
		text = string(runes[:maxShown]) + " ..."
	}
	return strings.TrimSpace(text)
}

// anyForm finds a value however it was escaped on its way back: in an address, in JSON, in HTML.
func anyForm(value string) *regexp.Regexp {
	var pattern strings.Builder
	for _, r := range value {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			pattern.WriteRune(r)
			continue
		}
		char := string(r)
		forms := []string{
			regexp.QuoteMeta(char),
			`\\` + regexp.QuoteMeta(char),
			fmt.Sprintf(`(?i:\\u%04x)`, r),
			fmt.Sprintf(`(?i:&#x0*%x;)`, r),
			`&#0*` + strconv.Itoa(int(r)) + `;`,
			regexp.QuoteMeta(html.EscapeString(char)),
		}
		var percent strings.Builder
		for _, b := range []byte(char) {
			fmt.Fprintf(&percent, `%%(?:25)*%02x`, b)
		}
		forms = append(forms, `(?i:`+percent.String()+`)`)
		if r == ' ' {
			forms = append(forms, `\+`, `(?i:%(?:25)*2b)`) // form encoding, and what a second encoding makes of it
		}
		pattern.WriteString(`(?:` + strings.Join(forms, "|") + `)`)
	}
	return regexp.MustCompile(pattern.String())
}

// shown turns an answer into what a page shows of it. The body of a success is left out: it may hold tokens, and what
// matters of it is in the diagnosis.
func (t *trace) shown(a answer) fairlead.Answer {
	address := *a.url
	address.RawQuery, address.User, address.Fragment = "", nil, ""
	out := fairlead.Answer{Request: a.method + " " + address.String()}
	switch {
	case a.err != nil:
		out.Text = redact(a.err.Error(), t.secrets)
	case a.status/100 == 2 && !isHTML(a):
		out.Text = "(" + strconv.Itoa(len(a.body)) + " bytes, not shown)"
	default:
		out.Text = redact(string(a.body), t.secrets)
	}
	if a.status != 0 {
		out.Status = statusLine(a.status)
	}
	return out
}
