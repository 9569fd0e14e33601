package gitprovider

import (
	"fairlead"
)

// The diagnoses of a repository, its webhook and its deliveries.

// endpointRemoved is not the reader's fault, and nothing they do helps; hosts announce such things, and often say where.
func endpointRemoved(k fairlead.Kind, a answer, said string) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisEndpointRemoved,
		Title:   k.Host + " no longer offers a call that Fairlead needs",
		Because: answered("It answered "+statusLine(a.status), said),
		Fix: []string{
			"Update Fairlead: a newer version may use what replaced the call.",
			"If there is none, report it with the answer below.",
		},
	}
}

func ownerClosed(k fairlead.Kind, said string) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisRepositoryGone,
		Title:   k.Host + " shows no repositories there to the connected account",
		Because: answered("There is no such place, or the account does not belong to it", said),
		Fix: []string{
			"Choose another place, or ask an admin there on " + k.Host + " to add the account.",
			"If the account was added just now, try again.",
		},
	}
}

func repositoryGone(k fairlead.Kind, said string) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisRepositoryGone,
		Title:   k.Host + " does not find the repository",
		Because: answered("It was removed, or the connected account may not see it; "+k.Host+" does not tell which", said),
		Fix: []string{
			"Look on " + k.Host + " whether the repository is there, under that address.",
			"If it is, ask one of its admins to give the connected account access. If it is gone, a link with it can only be unlinked.",
		},
	}
}

func repositoryClosed(k fairlead.Kind, said string) *fairlead.Diagnosis {
	d := repositoryGone(k, "")
	d.Title = k.Host + " does not let the connected account into the repository"
	d.Because = answered("It answered 403 Forbidden", said)
	d.Hints = []string{"A list of allowed addresses at " + k.Host + " looks like this, too: the address of this server must be on it."}
	return d
}

func repositoryNotAdmin(k fairlead.Kind, said string) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisRepositoryNotAdmin,
		Title:   "The connected account may not manage webhooks of the repository",
		Because: answered(k.Host+" asks for admin rights on the repository for that", said),
		Fix: []string{
			"Ask an admin of the repository on " + k.Host + " to give the account admin rights.",
			"Or let somebody who administers it link it, or take the link over.",
		},
	}
}

func branchMissing(k fairlead.Kind, said string) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisBranchMissing,
		Title:   "The repository has no such branch",
		Because: answered(k.Host+" does not find it", said),
		Fix:     []string{"Choose a branch that exists, or create it on " + k.Host + "."},
	}
}

func commitMissing(k fairlead.Kind, said string) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisCommitMissing,
		Title:   "The repository has no such commit",
		Because: answered(k.Host+" does not find it", said),
		Fix: []string{
			"Check that the commit was pushed to this repository: `git branch -r --contains HASH`.",
			"Use the full hash: the beginning of one may fit several commits.",
		},
		Hints: []string{"A commit that no branch holds any more, for instance after a force push, is removed some time later."},
	}
}

func webhookMissing(k fairlead.Kind, said string) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisWebhookMissing,
		Title:   "The webhook is not there any more",
		Because: answered(k.Host+" does not find it in the repository", said),
		Fix:     []string{"Choose **Repair**: Fairlead creates it again."},
	}
}

func webhookRefused(k fairlead.Kind, said string) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisWebhookRefused,
		Title:   k.Host + " refuses the webhook",
		Because: answered("It answered 400 Bad Request", said),
		Fix: []string{
			"Make sure that the external URL of Fairlead can be reached from the internet by its name: " + k.Host + " takes no internal address.",
			"Then choose **Repair**.",
		},
		Hints: []string{"A repository can have a limited number of webhooks. Remove those that nobody needs on " + k.Host + "."},
	}
}

func signatureMissing(k fairlead.Kind) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisSignatureMissing,
		Title:   "A delivery was not signed",
		Because: "It had no signature that can be read, so anybody could have sent it.",
		Fix: []string{
			"Choose **Check now** and **Repair** at the link: the webhook then has its secret again.",
			"If it stays, a proxy in front of Fairlead may remove the headers of " + k.Host + ".",
		},
	}
}

func signatureWrong(k fairlead.Kind) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisSignatureWrong,
		Title:   "A delivery was signed with another secret",
		Because: "Its signature does not fit its content and the secret of the link.",
		Fix: []string{
			"Choose **Rotate webhook secret** at the link: both sides then have the same one.",
			"If it stays, something in front of Fairlead may change the content, or it was not sent by " + k.Host + ".",
		},
	}
}

func deliveryUnreadable(k fairlead.Kind, what string) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisDeliveryUnknown,
		Title:   "A delivery cannot be read",
		Because: what,
		Fix: []string{
			"If it really came from " + k.Host + ", something in front of Fairlead may change headers or content.",
			"Nothing is lost: the regular check finds the push. Report it if it comes again.",
		},
	}
}
