package gitprovider

import (
	"strings"
	"time"
	"unicode"

	"fairlead"
)

// Callback is what a host's redirect carries. All of it is untrusted.
type Callback struct {
	State            string
	Code             fairlead.Secret
	Error            string
	ErrorDescription string
}

// Problem says why a callback brings no code, nil if it brings one. again is the step that begins the trip anew, as a
// sentence: "Choose **Next** again."
func (c Callback) Problem(k fairlead.Kind, again string, at time.Time) *fairlead.Diagnosis {
	switch {
	case c.Error == "access_denied":
		d := c.returned(fairlead.DiagnosisDenied, at)
		d.Title = "Access was not granted"
		d.Because = "Someone chose Cancel in the " + k.Host + " window, or " + k.Host + " did not let this account grant it."
		d.Fix = []string{again, "In the " + k.Host + " window, sign in with the right account and choose **" + k.GrantButton + "**."}
		return d
	case c.Error != "":
		d := c.returned(fairlead.DiagnosisHostReturnedError, at)
		d.Title = k.Host + " came back with an error"
		d.Because = k.Host + " sent “" + printable(c.Error, 80) + "” instead of a code. Fairlead has no name for its cause."
		d.Fix = []string{"Read what " + k.Host + " said, below.", again}
		return d
	case c.Code.IsZero():
		return &fairlead.Diagnosis{
			Code: fairlead.DiagnosisCallbackIncomplete, Rung: fairlead.RungRegistered, At: at,
			Title:   k.Host + " came back without a code",
			Because: "The call to the Callback URL had the right state, but neither a code nor an error.",
			Fix:     []string{"If a proxy stands before Fairlead, make sure that it passes on the whole query of `/oauth/callback`.", again},
		}
	}
	return nil
}

func (c Callback) returned(code fairlead.DiagnosisCode, at time.Time) *fairlead.Diagnosis {
	said := strings.TrimSpace(printable(c.Error, 80) + "\n" + printable(c.ErrorDescription, 300))
	return &fairlead.Diagnosis{
		Code: code, At: at, Rung: fairlead.RungRegistered,
		Answers: []fairlead.Answer{{Request: "GET /oauth/callback", Status: "with an error in its query", Text: said}},
	}
}

// NoCallback is what a long silence of the host means.
func NoCallback(k fairlead.Kind, callbackURL string, at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisNoCallback, Rung: fairlead.RungRegistered, At: at,
		Title:   k.Host + " did not come back",
		Because: "Nothing reached `" + callbackURL + "` in 2 minutes. Fairlead goes on waiting.",
		Fix: []string{
			"Look at the " + k.Host + " window. If it shows an error, choose it below.",
			"If it waits for you, sign in and choose **" + k.GrantButton + "**.",
			"If it is closed, choose **Open " + k.Name + "**.",
			"If it shows that this address cannot be reached, your browser cannot open `" + callbackURL + "`: open Fairlead under its external URL.",
		},
	}
}

// printable cuts a host's text to what a page can show.
func printable(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit]) + " ..."
	}
	return text
}
