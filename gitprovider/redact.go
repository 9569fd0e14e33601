package gitprovider

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"fairlead"
)

const maxShown = 600 // characters of an answer that a page shows

// tokenFields finds values of fields that hold secrets, whatever the answer around them looks like.
var tokenFields = regexp.MustCompile(`(?i)("?(?:access_token|refresh_token|client_secret|id_token|code|secret|password)"?\s*[:=]\s*"?)[^"&\s,}]+`)

// redact makes a host's text fit to show: known secrets and token fields are removed, control characters too, and it is
// cut to a length.
func redact(text string, secrets []fairlead.Secret) string {
	for _, secret := range secrets {
		value := secret.Reveal()
		if len(value) < 4 {
			continue // too short to be a secret, and removing it would garble the text
		}
		for _, form := range []string{value, url.QueryEscape(value), url.PathEscape(value)} {
			text = strings.ReplaceAll(text, form, "[redacted]")
		}
	}
	text = tokenFields.ReplaceAllString(text, "${1}[redacted]")
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > maxShown {
		text = string(runes[:maxShown]) + " ..."
	}
	return strings.TrimSpace(text)
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
