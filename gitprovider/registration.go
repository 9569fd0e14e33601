package gitprovider

import (
	"fmt"
	"strings"
	"time"

	"fairlead"
)

// The diagnoses of what an admin registered at the host. What a fact does not settle is worded as a possibility.

func credentialsRefused(k fairlead.Kind, app App) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:       fairlead.DiagnosisCredentials,
		Field:      fairlead.FieldApplicationID,
		FieldError: "Paste both values again. " + k.Host + " did not accept this pair.",
		Title:      k.Host + " does not accept this Application ID and Secret together",
		Because:    k.Host + " does not say which of the two is wrong.",
		Fix: []string{
			"On " + k.Name + ", open the OAuth client (or consumer) that you registered for Fairlead.",
			"Copy its " + k.ApplicationID + ", and its **Secret**. Paste both below and choose **Next**.",
			"Or choose **Find out which**: if " + k.Host + "’s window says “Invalid client id”, it is the Application ID; if it lets you grant access, it is the Secret.",
		},
		Hints: credentialHints(k, app),
	}
}

func secretWrong(k fairlead.Kind, app App) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:       fairlead.DiagnosisSecretWrong,
		Field:      fairlead.FieldSecret,
		FieldError: "Paste the Secret again. " + k.Host + " did not accept this one.",
		Title:      k.Host + " did not accept the Secret",
		Because:    "You granted access and " + k.Host + " called back, so the Application ID and the Callback URL look right. That leaves the Secret.",
		Fix: []string{
			"On " + k.Name + ", open the OAuth client (or consumer) that you registered for Fairlead.",
			"Copy the **Secret**. If it is not shown any more, create a new one.",
			"Paste it below and choose **Next**. " + k.Host + " normally does not ask you to grant access twice.",
		},
		Hints: credentialHints(k, app),
	}
}

// credentialHints are clues from what was pasted: never rules, since hosts change their formats.
func credentialHints(k fairlead.Kind, app App) []string {
	var hints []string
	id, secret := app.ID, app.Secret.Reveal()
	switch {
	case id == secret:
		hints = append(hints, "Both fields hold the same value.")
	case len(id) > len(secret):
		hints = append(hints, "The Application ID is longer than the Secret; the two values may be swapped.")
	case k.SecretLength > 0 && len(secret) != k.SecretLength && abs(len(secret)-k.SecretLength) <= 3:
		hints = append(hints, fmt.Sprintf("What you pasted has %d characters. New %s secrets have %d, so an end may be missing or doubled.", len(secret), k.Host, k.SecretLength))
	}
	if strings.ContainsAny(id+secret, " \t\n") {
		hints = append(hints, "There is a space or a line break inside what you pasted.")
	}
	return append(hints, "The Secret may have been renewed on "+k.Host+" since it was copied, or belong to another client.")
}

func abs(n int) int { return max(n, -n) }

func callbackMissing(k fairlead.Kind, app App) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisCallbackMissing,
		Field:   fairlead.FieldCallbackURL,
		Title:   "The Callback URL is empty on " + k.Host,
		Because: k.Host + " answered that the OAuth client has no callback URL.",
		Fix: []string{
			"On " + k.Name + ", edit the OAuth client (or consumer) that you registered for Fairlead.",
			"Paste `" + app.CallbackURL + "` as its **Callback URL** and save.",
			"Choose **Next** here.",
		},
	}
}

// CallbackMismatch is what the host's own page "Invalid redirect_uri" means; the host never comes back after it.
func CallbackMismatch(k fairlead.Kind, app App) *fairlead.Diagnosis {
	d := &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisCallbackMismatch,
		Field:   fairlead.FieldCallbackURL,
		Rung:    fairlead.RungRegistered,
		Title:   "The Callback URL on " + k.Host + " is not the one that Fairlead sends",
		Because: "You saw “Invalid redirect_uri”. " + k.Host + " shows that when the registered Callback URL differs or is empty, and does not come back.",
		Fix: []string{
			"On " + k.Name + ", edit the OAuth client (or consumer) that you registered for Fairlead.",
			"Make its **Callback URL** exactly `" + app.CallbackURL + "` and save.",
			"Choose **Next** here.",
		},
		Hints: []string{"Often it is http instead of https, another port, or a slash at the end."},
	}
	d.Hints = append(d.Hints, "During an incident "+k.Host+" has shown the same page to everybody; its status page would tell.")
	return d
}

// UnknownApplicationID is what the host's own page "Invalid client id" means.
func UnknownApplicationID(k fairlead.Kind, app App) *fairlead.Diagnosis {
	d := &fairlead.Diagnosis{
		Code:       fairlead.DiagnosisUnknownApp,
		Field:      fairlead.FieldApplicationID,
		FieldError: "Paste the Application ID again. " + k.Host + " does not know this one.",
		Rung:       fairlead.RungRegistered,
		Title:      k.Host + " does not know this Application ID",
		Because:    "You saw “Invalid client id”. " + k.Host + " shows that for an ID that no OAuth client has, and does not come back.",
		Fix: []string{
			"On " + k.Name + ", open the OAuth client (or consumer) that you registered for Fairlead.",
			"Copy its " + k.ApplicationID + ", and paste it below as Application ID.",
			"Choose **Next**.",
		},
		Hints: []string{"An API token, an app password or an app of Atlassian’s developer console is not an OAuth client of the workspace."},
	}
	if len(app.ID) > len(app.Secret.Reveal()) {
		d.Hints = append(d.Hints, "The Application ID is longer than the Secret; the two values may be swapped.")
	}
	return d
}

func codeRejected(k fairlead.Kind, skew time.Duration) *fairlead.Diagnosis {
	d := &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisCodeRejected,
		Title:   k.Host + " no longer accepts the code that it sent",
		Because: "Access was granted, but the code that " + k.Host + " sent along had expired or was used before.",
		Fix:     []string{"Choose **Next** again: every trip gets a new code."},
		Hints:   []string{"A code lives some minutes and works once. A browser that repeats the call, or a proxy in between, uses it up."},
	}
	if skew.Abs() > maxSkew {
		d.Hints = append(d.Hints, clockSkew(k, skew).Title+", which may be the reason.")
	}
	return d
}

func notAPerson(k fairlead.Kind, accountType string) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisNotAPerson,
		Title:   "An application signed in at " + k.Host + ", not a person",
		Because: "The account behind the token is of the type “" + accountType + "”. Tokens of the grant client credentials act as such an account.",
		Fix: []string{
			"On " + k.Name + ", make sure that the grant **Authorization code** is ticked for the OAuth client.",
			"Choose **Next**, sign in at " + k.Host + " as a person, and choose **" + k.GrantButton + "**.",
		},
	}
}
