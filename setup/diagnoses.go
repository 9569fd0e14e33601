package setup

import (
	"strings"
	"time"
	"unicode"

	"fairlead"
)

// The diagnoses of the trip through the host's window and back.

func interrupted(at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisInterrupted, Rung: fairlead.RungSecret, At: at,
		Title:   "The verification was interrupted",
		Because: "Fairlead stopped, or failed in a way it has no name for, before the outcome was stored. Your values are kept.",
		Fix:     []string{"Choose **Next** again.", "If it stays, the server's log says more."},
	}
}

func hostReturned(k fairlead.Kind, c Callback, at time.Time) *fairlead.Diagnosis {
	d := &fairlead.Diagnosis{At: at, Rung: fairlead.RungRegistered,
		Answers: []fairlead.Answer{{Request: "GET /oauth/callback", Status: "with an error in its query", Text: strings.TrimSpace(printable(c.Error, 80) + "\n" + printable(c.ErrorDescription, 300))}}}
	if c.Error == "access_denied" {
		d.Code = fairlead.DiagnosisDenied
		d.Title = "Access was not granted"
		d.Because = "Someone chose Cancel in the " + k.Host + " window, or " + k.Host + " did not let this account grant it."
		d.Fix = []string{
			"Choose **Next** again.",
			"In the " + k.Host + " window, sign in with the right account and choose **" + k.GrantButton + "**.",
		}
		return d
	}
	d.Code = fairlead.DiagnosisHostReturnedError
	d.Title = k.Host + " came back with an error"
	d.Because = k.Host + " sent “" + printable(c.Error, 80) + "” instead of a code. Fairlead has no name for its cause."
	d.Fix = []string{"Read what " + k.Host + " said, below.", "Choose **Next** again."}
	return d
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

func callbackIncomplete(k fairlead.Kind, at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisCallbackIncomplete, Rung: fairlead.RungRegistered, At: at,
		Title:   k.Host + " came back without a code",
		Because: "The call to the Callback URL had the right state, but neither a code nor an error.",
		Fix: []string{
			"If a proxy stands before Fairlead, make sure that it passes on the whole query of `/oauth/callback`.",
			"Choose **Next** again.",
		},
	}
}

func noCallback(k fairlead.Kind, callbackURL string, at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisNoCallback, Rung: fairlead.RungRegistered, At: at,
		Title:   k.Host + " did not come back",
		Because: "Nothing reached `" + callbackURL + "` in 2 minutes. Fairlead goes on waiting.",
		Fix: []string{
			"Look at the " + k.Host + " window. If it shows an error, choose below which.",
			"If it waits for you, sign in and choose **" + k.GrantButton + "**.",
			"If it is closed, choose **Open " + k.Name + "**.",
			"If it shows that this address cannot be reached, your browser cannot open `" + callbackURL + "`: open Fairlead under its external URL.",
		},
	}
}

func callbackWithoutState(at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisCallbackNoState, At: at,
		Title:   "This address was opened without a sign-in attempt",
		Because: "A Git host comes back here with a one-time state. There was none.",
		Fix:     []string{"Go to GitOps and continue the setup there.", "If a proxy stands before Fairlead, make sure that it passes on the whole query of `/oauth/callback`."},
	}
}

func attemptUnknown(at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisAttemptUnknown, At: at,
		Title:   "Fairlead did not start this sign-in",
		Because: "The state that came along belongs to no attempt. It may be very old, cut off, or made up.",
		Fix:     []string{"Go to GitOps and continue the setup there. If you did not start one, close this page."},
	}
}

func attemptForeign(at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisAttemptForeign, At: at,
		Title:   "This sign-in was started in another browser or session",
		Because: "It can only be finished where it was started: in the same browser, and without signing out of Fairlead meanwhile.",
		Fix:     []string{"Sign in to Fairlead in this browser, go to GitOps, continue the setup and open the window from there.", "Open Fairlead always under its external URL: under another name the browser does not send its session along."},
	}
}

func attemptUsed(at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisAttemptUsed, At: at,
		Title:   "This sign-in was already used",
		Because: "The page was opened a second time. The first time counted.",
		Fix:     []string{"Continue with the setup: it shows how the first time ended."},
	}
}

func attemptExpired(at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisAttemptExpired, At: at,
		Title:   "This sign-in took longer than 10 minutes",
		Because: "For your safety an attempt is good for 10 minutes.",
		Fix:     []string{"Continue with the setup and open the window again."},
	}
}

func attemptOutdated(at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisAttemptOutdated, At: at,
		Title:   "A newer attempt replaced this one",
		Because: "The Application ID or Secret changed after this window was opened, or the window was opened again several times.",
		Fix:     []string{"Continue with the setup and open the window again."},
	}
}

func setupCancelled(at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisSetupCancelled, At: at,
		Title:   "This setup is over",
		Because: "It was cancelled or confirmed before this window came back. Nothing was changed.",
		Fix:     []string{"Go to GitOps to see what was added, or begin again there."},
	}
}
