package inbox

import (
	"time"

	"fairlead"
)

// The diagnoses of deliveries that no single answer of a host makes.

func tooLarge(at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisDeliveryTooLarge, At: at,
		Title:   "A delivery was too large",
		Because: "Its body is larger than any that the host is known to send.",
		Fix: []string{
			"If it really came from the host, nothing is lost: the regular check finds the push.",
			"If such requests come again, somebody else knows the address of the webhook. They cannot get in without its secret.",
		},
	}
}

func tookTooLong(k fairlead.Kind, at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisTimeout, At: at,
		Title:   k.Host + " takes too long to tell what changed",
		Because: "Fairlead waited for almost two minutes, over all pages of the answer.",
		Fix:     []string{"Nothing: Fairlead asks again by itself. A very large push may have to be looked at on " + k.Host + "."},
	}
}

// The diagnoses of why nothing happened with a commit.

func projectArchived(link fairlead.RepositoryLink, at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisProjectArchived, At: at,
		Title:   "The project is archived",
		Because: "Its links receive deliveries and ignore them.",
		Fix:     []string{"An owner of the project chooses **Restore**.", "Then choose **Reprocess** at the deliveries that came meanwhile."},
	}
}

func connectionLost(link fairlead.RepositoryLink, at time.Time) *fairlead.Diagnosis {
	d := &fairlead.Diagnosis{
		Code: fairlead.DiagnosisConnectionMissing, At: at,
		Title:   "The link has no connection to act by",
		Because: link.PauseReason(),
		Fix:     []string{"Somebody of the project who administers the repository chooses **Take over**: the link then acts by that person’s connection."},
	}
	if d.Because == "" {
		d.Title = "The connection of " + link.Connection.Person.Name + " has ended"
		d.Because = "The host no longer takes it."
		d.Fix = []string{link.Connection.Person.Name + " chooses **Reconnect**. All links are kept and go on."}
	}
	return d
}

// ignored is for a push that arrived and was not wanted.
func ignored(link fairlead.RepositoryLink, p fairlead.Push, at time.Time) *fairlead.Diagnosis {
	d := &fairlead.Diagnosis{
		Code: fairlead.DiagnosisNotFollowed, At: at,
		Title:   "The link’s rule does not want this push",
		Because: p.Reason,
	}
	again := "Then choose **Reprocess** at the delivery."
	switch p.Verdict {
	case fairlead.VerdictPaused:
		return projectArchived(link, at)
	case fairlead.VerdictBranch:
		d.Fix = []string{"If it should, choose **Change the rule** and let it follow `" + p.Change.Name + "`.", again}
	case fairlead.VerdictPath:
		d.Fix = []string{"If it should, choose **Change the rule** and widen its path filter.", again}
	default:
		d.Fix = []string{"If it should, choose **Change the rule** and tick what it records.", again}
	}
	return d
}

func gaveUp(k fairlead.Kind, p fairlead.Push, at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisHostError, At: at,
		Title:   k.Host + " did not tell what the push changed",
		Because: p.Reason,
		Fix:     []string{"Choose **Reprocess** at the delivery."},
	}
}

func noBranch(k fairlead.Kind, link fairlead.RepositoryLink, at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisBranchMissing, At: at,
		Title:   "The repository has no branch that the link follows",
		Because: "This link follows " + link.Rule.Branch + ". " + k.Host + " has no branch of that name.",
		Fix:     []string{"Choose **Edit** at the link and enter a branch that exists."},
	}
}

func onNoBranch(link fairlead.RepositoryLink, seen sight, at time.Time) *fairlead.Diagnosis {
	d := &fairlead.Diagnosis{
		Code: fairlead.DiagnosisNotFollowed, At: at,
		Title:   "The commit is on no branch that the link follows",
		Because: "This link follows " + link.Rule.Branch + ". The commit is in the repository, and not in the history of that.",
		Fix: []string{
			"Merge the commit into a branch that the link follows, and push.",
			"Or choose **Edit** at the link and let it follow the branch of the commit.",
		},
		Hints: []string{"A forced push may have taken the commit off the branch."},
	}
	switch {
	case !link.Rule.Tags:
	case seen.isPart[fairlead.RefTag]:
		d.Hints = append(d.Hints, "This link follows tags as well. None that Fairlead asked about points at the commit; there are more.")
	default:
		d.Because += " This link follows tags as well, and none points at the commit."
	}
	return d
}

func tagBeforeLink(head fairlead.Head, at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisBeforeLink, At: at,
		Title: "The tag " + head.Ref.Name + " was at the commit before the link followed it",
		Because: "The link follows " + head.Ref.Name + " since " + head.FollowedAt.UTC().Format("2 January 2006 15:04 UTC") +
			", from where it stood then. No branch that the link follows holds the commit.",
		Fix: []string{"Nothing is broken: what was there before is not recorded. Push a new tag to see it arrive."},
	}
}

func beforeLink(head fairlead.Head, c fairlead.Commit, at time.Time) *fairlead.Diagnosis {
	d := &fairlead.Diagnosis{
		Code: fairlead.DiagnosisBeforeLink, At: at,
		Title:   "The commit was on " + head.Ref.Name + " before the link followed it",
		Because: "The link follows " + head.Ref.Name + " since " + head.FollowedAt.UTC().Format("2 January 2006 15:04 UTC") + ", from where it stood then. The commit is in that history, and no later push contains it.",
		Fix:     []string{"Nothing is broken: what was there before is not recorded. Push something new to see it arrive."},
	}
	if c.At.After(head.FollowedAt) {
		d.Hints = []string{"The date of the commit is later than that. The clock that dated it may be wrong."}
	}
	return d
}

// unhealthy is a row of a link's health that is wrong.
func unhealthy(c fairlead.HealthCheck, at time.Time) *fairlead.Diagnosis {
	d := &fairlead.Diagnosis{Code: c.Code, At: at, Title: c.Name + " needs attention", Because: c.Text}
	if c.Repairable {
		d.Fix = []string{"Choose **Repair** at the link.", catchUpFix}
	} else {
		d.Fix = []string{"Put it right as it says there.", catchUpFix}
	}
	return d
}

const catchUpFix = "Choose **Ask now** at the link: Fairlead asks the host for everything that it missed."

func refusedOne(newest fairlead.Rejection, n int, at time.Time) *fairlead.Diagnosis {
	were := "were"
	if n == 1 {
		were = "was"
	}
	d := &fairlead.Diagnosis{
		Code: newest.Code, At: at,
		Title:   count(n, "request", false) + " to the webhook " + were + " refused in the last 24 hours",
		Because: "The commit may have been in one of them. The newest: " + newest.Reason,
		Fix:     []string{catchUpFix},
	}
	switch newest.Code {
	case fairlead.DiagnosisSignatureWrong, fairlead.DiagnosisSignatureMissing:
		d.Fix = []string{"Choose **Rotate webhook secret** at the link: both sides then have the same one.", catchUpFix}
	}
	return d
}

func stillWaiting(at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisDeliveryLost, At: at,
		Title:   "A delivery is not processed yet",
		Because: "The link has deliveries that wait. The commit is probably in one of them.",
		Fix:     []string{"Look at the delivery: it says what it waits for."},
	}
}

func deliveryLost(k fairlead.Kind, link fairlead.RepositoryLink, at time.Time) *fairlead.Diagnosis {
	d := &fairlead.Diagnosis{
		Code: fairlead.DiagnosisDeliveryLost, At: at,
		Title:   "The push did not arrive",
		Because: "Everything between " + k.Host + " and this link is as it should be, and yet no delivery contains the commit. Hosts lose some.",
		Fix:     []string{catchUpFix, "Or wait: the regular check finds it by itself."},
	}
	if link.Webhook.ID == "" {
		d.Because = "This link has no webhook. The regular check has not come by since the push."
	}
	return d
}
