package gitprovider

import (
	"strings"
	"time"

	"fairlead"
)

// The diagnoses of a person's connection: what a host answers when Fairlead acts for somebody. Who reads them is a member
// of a project, who cannot change the registration; so the fixes name who can.

func tokenRejected(k fairlead.Kind, said string) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisTokenRejected,
		Title:   k.Host + " no longer takes the token of this connection",
		Because: answered("It answered 401 Unauthorized", said),
		Fix: []string{
			"Try again: Fairlead gets a new token first.",
			"If it stays, choose **Reconnect** under Account. Links keep working with the renewed connection.",
		},
	}
}

func connectionExpired(k fairlead.Kind) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisConnectionExpired,
		Title:   "The connection to " + k.Host + " has ended",
		Because: k.Host + " did not give a new token for it.",
		Fix:     []string{"Choose **Reconnect** and **" + k.GrantButton + "** at " + k.Host + ". All links that use the connection go on by themselves."},
		Hints: []string{
			"That happens when the access was revoked in " + k.Host + "'s settings, when the person lost the account there, or when the connection was not used for three months.",
		},
	}
}

func connectionWithoutRefresh(k fairlead.Kind) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisConnectionNoRefresh,
		Title:   k.Host + " gave access for a short time only",
		Because: "Its answer had no refresh token, so Fairlead could not follow pushes for longer than about two hours. Nothing was stored.",
		Fix: []string{
			"An admin of " + k.Name + " makes sure that the grant **Authorization code** is ticked for the OAuth client (or consumer) of Fairlead.",
			"Then connect again.",
		},
	}
}

// forConnecting turns a diagnosis of the wizard into one for somebody who connects an account: what happened is the same,
// what to do is not.
func forConnecting(d *fairlead.Diagnosis, fix ...string) *fairlead.Diagnosis {
	d.Field, d.FieldError, d.Fix, d.Hints = "", "", fix, nil
	return d
}

// credentialsLost: the host took the pair when the provider was added, and does not any more.
func credentialsLost(k fairlead.Kind, code fairlead.DiagnosisCode) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    code,
		Title:   k.Host + " no longer accepts the Application ID and Secret of Fairlead",
		Because: "They were accepted when the Git provider was added. The OAuth client may have been removed on " + k.Name + " since, or its secret replaced.",
		Fix: []string{
			"A workspace owner opens **GitOps**, chooses the Git provider, and replaces the Application ID and Secret.",
			"Then try again. Connections stay as they are unless the Application ID changes.",
		},
	}
}

func callbackLost(k fairlead.Kind, app App) *fairlead.Diagnosis {
	return forConnecting(callbackMissing(k, app),
		"An admin of "+k.Name+" edits the OAuth client (or consumer) of Fairlead, pastes `"+app.CallbackURL+"` as its **Callback URL**, and saves.",
		"Then try again.")
}

func codeOutdated(k fairlead.Kind, skew time.Duration) *fairlead.Diagnosis {
	d := codeRejected(k, skew)
	d.Fix = []string{"Connect again: every trip gets a new code."}
	return d
}

func applicationConnected(k fairlead.Kind, accountType string) *fairlead.Diagnosis {
	return forConnecting(notAPerson(k, accountType), "Connect again, sign in at "+k.Host+" as a person, and choose **"+k.GrantButton+"**.")
}

// permissionLost is permissionMissing for a connection: it was granted less than what Fairlead needs.
func permissionLost(k fairlead.Kind, d *fairlead.Diagnosis) *fairlead.Diagnosis {
	var names []string
	for _, id := range d.Missing {
		names = append(names, k.Permission(id).Name())
	}
	lost := forConnecting(d,
		"An admin of "+k.Name+" opens the OAuth client (or consumer) of Fairlead, ticks **"+strings.Join(names, "** and **")+"**, and saves.",
		"Then connect again: a connection keeps what was granted when it was made.")
	lost.Hints = []string{"If all is ticked already, the tick may be newer than the connection: connecting again is then enough."}
	return lost
}

// answered quotes the host if it said something.
func answered(what, said string) string {
	if said == "" {
		return what + "."
	}
	return what + ": “" + strings.TrimRight(said, ".") + "”."
}
