package linking

import (
	"slices"
	"strings"
	"time"

	"fairlead"
)

// The diagnoses of connections and links that no single answer of a host makes.

func interrupted(at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisInterrupted, At: at,
		Title:   "Connecting was interrupted",
		Because: "Fairlead stopped, or failed in a way it has no name for, before the outcome was stored. Nothing was connected.",
		Fix:     []string{"Choose **Try again**.", "If it stays, the server’s log says more."},
	}
}

func externalURLPrivate(host, external string, at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisUnreachableFromOut, At: at,
		Title:   host + " cannot reach Fairlead",
		Because: "The external URL " + external + " is a private address. " + host + " sends webhooks to public ones only.",
		Fix: []string{
			"Without a webhook the link works by the regular check alone: pushes arrive some minutes later.",
			"For webhooks, start Fairlead with an `--external-url` that the internet can reach, and choose **Repair**.",
		},
	}
}

// diagnosed is the row of a health table that a diagnosis makes. What says nothing about the link, such as a host that does
// not answer at the moment, is not known rather than wrong.
func diagnosed(name string, d *fairlead.Diagnosis) fairlead.HealthCheck {
	row := fairlead.HealthCheck{Name: name, Evidence: "not known", Text: d.Title + ". " + d.Because}
	switch d.Code {
	case fairlead.DiagnosisConnectionExpired, fairlead.DiagnosisConnectionReplaced, fairlead.DiagnosisConnectionMissing, fairlead.DiagnosisTokenRejected,
		fairlead.DiagnosisRepositoryGone, fairlead.DiagnosisRepositoryNotAdmin, fairlead.DiagnosisPermissionMissing, fairlead.DiagnosisCredentials,
		fairlead.DiagnosisEndpointRemoved, fairlead.DiagnosisWebhookMissing, fairlead.DiagnosisWebhookRefused:
		row.Code, row.Evidence = d.Code, ""
		for _, step := range d.Fix {
			row.Text += " " + step
		}
	}
	row.Text = plain.Replace(row.Text)
	return row
}

// plain takes the marks out of a diagnosis's texts, for a line that has none.
var plain = strings.NewReplacer("**", "", "`", "")

// notAdmin is for a repository whose webhooks the account may not change.
func notAdmin(k fairlead.Kind, repo fairlead.Repository, at time.Time) *fairlead.Diagnosis {
	because := k.Host + " did not say what it may do there. Webhooks need the admin role."
	if repo.Access != "" {
		because = "It has " + repo.Access + " there. Webhooks need the admin role."
	}
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisRepositoryNotAdmin, At: at,
		Title:   "The connected account does not administer " + repo.FullName,
		Because: because,
		Fix:     []string{"Ask an admin of the repository to give the account that role, or to link it here or take the link over."},
	}
}

// isDiagnosis reports whether an error is a diagnosis, with one of the codes if there are some.
func isDiagnosis(err error, codes ...fairlead.DiagnosisCode) bool {
	d := fairlead.DiagnosisOf(err)
	return d != nil && (len(codes) == 0 || slices.Contains(codes, d.Code))
}
