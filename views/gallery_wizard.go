package views

import (
	"time"

	"fairlead"
)

func (c canned) gitops() []Exhibit {
	provider := ProviderRow{Tile: c.kind().Tile, Name: "Bitbucket.org", InstanceURL: "https://bitbucket.org", ApplicationID: cannedID,
		VerifiedBy: "Priya Raman", VerifiedAs: "Priya Raman", VerifiedAt: c.now}
	unfinished := []UnfinishedRow{
		{Tile: "Bb", Name: "Bitbucket.org 2", Step: "Step 2 of 3", Tone: ToneRun, Facts: []string{"Kept in this browser", "The Application ID and Secret are still missing"}, ContinueHref: "#", DiscardAction: "#"},
		{Tile: "Bb", Name: "Bitbucket.org 3", Step: "Step 2 of 3", Tone: ToneWarn, Facts: []string{"Started by Ana Brandt", "Bitbucket did not accept the Secret"}, ContinueHref: "#", DiscardAction: "#"},
		{Tile: "Bb", Name: "Bitbucket.org 4", Step: "Step 3 of 3", Tone: ToneRun, Facts: []string{"Started by you", "Verified, waits for “Confirm and add”"}, ContinueHref: "#", DiscardAction: "#"},
	}
	linked := provider
	linked.Links, linked.Troubled = 7, 2
	added := exhibit("gitops-added", "GitOps", AreaGitOps, GitOpsPage(GitOps{Providers: []ProviderRow{provider}}))
	added.Page.Flash = &Flash{Title: "Bitbucket.org was added.", Text: "Developers can now link their projects with one of their repositories from it.", Link: FlashLink{ProjectsPath, "Link a project"}}
	elsewhere := []fairlead.RepositoryLink{c.link(), c.link(), c.link(), c.link(), c.link(), c.link(), c.link()}
	return []Exhibit{
		exhibit("gitops-empty", "GitOps", AreaGitOps, GitOpsPage(GitOps{})),
		added,
		exhibit("gitops-linked", "GitOps", AreaGitOps, GitOpsPage(GitOps{Providers: []ProviderRow{linked}})),
		exhibit("gitops-older-address", "GitOps", AreaGitOps, GitOpsPage(GitOps{Providers: []ProviderRow{provider}, Elsewhere: elsewhere, External: cannedURL})),
		exhibit("gitops-unfinished", "GitOps", AreaGitOps, GitOpsPage(GitOps{Providers: []ProviderRow{provider}, Unfinished: unfinished})),
	}
}

func (c canned) draft() fairlead.Draft {
	return fairlead.Draft{ID: "dr_example", Kind: c.kind().ID, InstanceURL: "https://bitbucket.org", DisplayName: "Bitbucket.org"}
}

func (c canned) setup(state fairlead.SetupState) fairlead.Setup {
	return fairlead.Setup{ID: "su_example", Kind: c.kind().ID, InstanceURL: "https://bitbucket.org", DisplayName: "Bitbucket.org", ApplicationID: cannedID,
		State: state, Reach: fairlead.Reach{Reached: true, Took: 138 * time.Millisecond, Accepted: true}, WaitingSince: c.now}
}

func (c canned) consumer() Consumer {
	return Consumer{Kind: c.kind(), Heading: "Add Bitbucket.org", Action: "#", OwnerAction: "#", CallbackURL: cannedCallback, BackHref: "#", CancelAction: "#",
		HandOvers: HandOvers{Create: "#", Setup: cannedSetup, Now: c.now}}
}

func (c canned) proof(mark fairlead.Mark, evidence, note string) *fairlead.Proof {
	return &fairlead.Proof{Account: fairlead.Account{Name: "Priya Raman"}, At: c.now, Checks: []fairlead.Check{
		{Name: "Account: Read", Mark: fairlead.MarkUsed, Evidence: "Priya Raman", Note: "Bitbucket told us who authorized, and the account’s Bitbucket workspaces: acme-data (admin) and acme-web."},
		{Name: "Repositories: Write", Mark: mark, Evidence: evidence, Note: note},
		{Name: "Webhooks: Read and write", Mark: fairlead.MarkGranted, Note: "Read the webhooks of acme-data/orders-db. None was created."},
		{Name: "Pull requests: Write", Mark: fairlead.MarkGranted, Extra: true, Evidence: "not needed", Note: "Was also granted. You can untick it on Bitbucket at any time."},
	}}
}

func (c canned) wizard() []Exhibit {
	step := func(n int, name string, content func() Exhibit) Exhibit {
		e := content()
		e.Name, e.Page.Title, e.Page.Area = name, WizardStep{Number: n}.Title(), AreaGitOps
		return e
	}
	settingUp := func(name string, v SettingUp) Exhibit {
		return step(1, name, func() Exhibit { return Exhibit{Content: SettingUpStep(v)} })
	}
	consumer := func(name string, change func(*Consumer)) Exhibit {
		v := c.consumer()
		change(&v)
		return step(2, name, func() Exhibit { return Exhibit{Content: ConsumerStep(v)} })
	}
	waiting := func(stage int, noCallback *fairlead.Diagnosis) func(*Consumer) {
		return func(v *Consumer) {
			v.Waiting = &Waiting{Kind: c.kind(), Setup: c.setup(fairlead.SetupWaiting), Path: cannedSetup, CallbackURL: cannedCallback, Stage: stage, NoCallback: noCallback}
		}
	}
	confirm := func(name string, v Confirm) Exhibit {
		v.Kind, v.Path = c.kind(), cannedSetup
		return step(3, name, func() Exhibit { return Exhibit{Content: ConfirmStep(v)} })
	}
	nameErrors := Errors{{Field: "display_name", Message: "Another Git provider is called Bitbucket.org. Enter a different display name"}}
	valueErrors := Errors{{Field: fairlead.FieldApplicationID, Message: "Enter the Application ID"}, {Field: fairlead.FieldSecret, Message: "Enter the Secret"}}
	verified, unknown := c.setup(fairlead.SetupVerified), c.setup(fairlead.SetupVerified)
	verified.Proof = c.proof(fairlead.MarkGranted, "14 repositories", "Listed those that this account administers. Nothing was written.")
	unknown.Proof = c.proof(fairlead.MarkUnknown, "no repositories", "This account administers no repository, so there was nothing to try this with.")
	unknown.Proof.Warnings = []string{"The clock of this server is 7 minutes behind. Certificates, tokens and links are judged by the clock. Switch on time synchronization."}
	return []Exhibit{
		settingUp("wizard-setting-up", SettingUp{Kinds: c.kinds, Draft: c.draft(), Action: "#", CancelHref: "#"}),
		settingUp("wizard-setting-up-error", SettingUp{Kinds: c.kinds, Draft: c.draft(), Action: "#", CancelHref: "#", Errors: nameErrors,
			Origin: Origin{Differs: true, Browser: "10.0.0.4:8080", ExternalURL: cannedURL}}),
		settingUp("wizard-rename", SettingUp{Kinds: c.kinds, Draft: c.draft(), Action: "#", CancelHref: "#", Existing: true, Heading: "Add Bitbucket.org", Verified: true}),
		consumer("wizard-consumer", func(*Consumer) {}),
		consumer("wizard-consumer-owner", func(v *Consumer) { v.Owner, v.ApplicationID = "acme-data", cannedID }),
		consumer("wizard-consumer-error", func(v *Consumer) { v.Errors = valueErrors }),
		consumer("wizard-consumer-stored", func(v *Consumer) { v.ApplicationID, v.SecretStored = cannedID, true }),
		consumer("wizard-waiting", waiting(0, nil)),
		consumer("wizard-waiting-help", waiting(1, nil)),
		consumer("wizard-no-callback", waiting(2, &fairlead.Diagnosis{Code: fairlead.DiagnosisNoCallback, Title: "Bitbucket did not come back",
			Because: "Nothing reached `" + cannedCallback + "` in 2 minutes. Fairlead goes on waiting.",
			Fix:     []string{"Look at the Bitbucket window. If it shows an error, choose it below.", "If it is closed, choose **Open Bitbucket.org**."}})),
		confirm("wizard-confirm", Confirm{Setup: verified}),
		confirm("wizard-confirm-unknown", Confirm{Setup: unknown}),
		confirm("wizard-confirm-problem", Confirm{Setup: verified, Problem: "Another Git provider is called Bitbucket.org. Change the display name."}),
	}
}

// diagnoses shows the panel in its kinds: a wrong value, something to go on from, a served chain, what nobody knows.
func (c canned) diagnoses() []Exhibit {
	show := func(name string, state fairlead.SetupState, d fairlead.Diagnosis) Exhibit {
		d.At = c.now
		s := c.setup(state)
		s.Diagnosis = &d
		s.Reach.Accepted = state != fairlead.SetupRefused // what was refused was refused before anything was accepted
		v := c.consumer()
		v.ApplicationID, v.SecretStored = cannedID, true
		v.Diagnosis = &DiagnosisPanel{Kind: c.kind(), Diagnosis: &d, Ladder: SetupLadder(s, c.kind())}
		if state == fairlead.SetupRefused {
			v.Diagnosis.GoOn = cannedSetup
		}
		return exhibit(name, "Error: "+d.Title, AreaGitOps, ConsumerStep(v))
	}
	refused := []fairlead.Answer{{Request: "POST https://bitbucket.org/site/oauth2/access_token", Status: "400 Bad Request",
		Text: `{"error_description": "Invalid OAuth client credentials", "error": "unauthorized_client"}`}}
	return []Exhibit{
		show("diagnosis-secret", fairlead.SetupFailed, fairlead.Diagnosis{Code: fairlead.DiagnosisSecretWrong, Rung: fairlead.RungSecret,
			Field: fairlead.FieldSecret, FieldError: "Paste the Secret again. Bitbucket did not accept this one.", Title: "Bitbucket did not accept the Secret",
			Because: "You granted access and Bitbucket called back, so the Application ID and the Callback URL look right. That leaves the Secret.",
			Fix:     []string{"On Bitbucket.org, open the OAuth client (or consumer) that you registered for Fairlead.", "Copy the **Secret**. If it is not shown any more, create a new one.", "Paste it below and choose **Next**."},
			Hints:   []string{"What you pasted has 75 characters. New Bitbucket secrets have 76, so an end may be missing or doubled."}, Answers: refused}),
		show("diagnosis-either", fairlead.SetupRefused, fairlead.Diagnosis{Code: fairlead.DiagnosisCredentials, Rung: fairlead.RungRegistered,
			Field: fairlead.FieldApplicationID, FieldError: "Paste both values again. Bitbucket did not accept this pair.",
			Title: "Bitbucket does not accept this Application ID and Secret together", Because: "Bitbucket does not say which of the two is wrong.",
			Fix: []string{"On Bitbucket.org, open the OAuth client (or consumer) that you registered for Fairlead.", "Copy its **Client ID**, or **Key** on older pages, and its **Secret**. Paste both below and choose **Next**.",
				"Or choose **Find out which**: if Bitbucket’s window says “Invalid client id”, it is the Application ID; if it lets you grant access, it is the Secret."}, Answers: refused}),
		show("diagnosis-certificate", fairlead.SetupRefused, fairlead.Diagnosis{Code: fairlead.DiagnosisTLSUntrusted, Rung: fairlead.RungReach,
			Title: "The certificate of bitbucket.org is not trusted here", Because: "It was issued by Acme Root CA, which is not among the CAs that this server trusts.",
			Fix:   []string{"Put the issuing CA’s certificate and the system’s into one PEM file and start Fairlead with `SSL_CERT_FILE` set to it.", "Choose **Next** again."},
			Chain: []fairlead.Certificate{{Subject: "bitbucket.org", Issuer: "Acme Root CA", NotBefore: c.now.Add(-30 * 24 * time.Hour), NotAfter: c.now.Add(335 * 24 * time.Hour)}}}),
		show("diagnosis-permission", fairlead.SetupFailed, fairlead.Diagnosis{Code: fairlead.DiagnosisPermissionMissing, Rung: fairlead.RungPermissions,
			Field: fairlead.FieldPermissions, Title: "Webhooks: Read and write is not ticked on Bitbucket", Because: "Granted were Account: Read and Repositories: Write.",
			Fix: []string{"On Bitbucket.org, open the OAuth client (or consumer) that you registered for Fairlead and tick **Webhooks: Read and write**. Save.", "Choose **Next** here. Access must be granted again."}}),
		show("diagnosis-clock", fairlead.SetupRefused, fairlead.Diagnosis{Code: fairlead.DiagnosisClockSkew, Rung: fairlead.RungReach,
			Title: "The clock of this server is 7 minutes behind", Because: "Compared with the time in the answer of Bitbucket.org.", Fix: []string{"On the server that Fairlead runs on, switch on time synchronization, for instance `timedatectl set-ntp true`.", "Choose **Next** again."}}),
		show("diagnosis-unexpected", fairlead.SetupFailed, fairlead.Diagnosis{Code: fairlead.DiagnosisUnexpectedAnswer, Rung: fairlead.RungPermissions,
			Title: "Bitbucket answered something that Fairlead does not know", Because: "It answered 409 Conflict to a call that normally works.",
			Fix: []string{"Read the answer below: it may say what is missing."}, Answers: []fairlead.Answer{{Request: "GET https://api.bitbucket.org/2.0/user", Status: "409 Conflict", Text: "short and stout"}}}),
	}
}

func (c canned) windows() []Exhibit {
	window := func(name, title string, e Exhibit) Exhibit {
		e.Name, e.Page.Title, e.Page.Layout = name, title, LayoutWindow
		return e
	}
	astray := &fairlead.Diagnosis{Code: fairlead.DiagnosisAttemptExpired, Title: "This sign-in took longer than 10 minutes",
		Because: "For your safety an attempt ends after that.", Fix: []string{"Continue with the setup and open the window again."}}
	return []Exhibit{
		window("window-checking", "Checking", Exhibit{Content: CheckingWindow()}),
		window("window-returned", "Back from Bitbucket.org", Exhibit{Content: ReturnedWindow(Returned{Kind: c.kind(), Continue: cannedSetup})}),
		bare("callback-astray", "Error: "+astray.Title, AstrayPage(Astray{Diagnosis: astray, Continue: cannedSetup, Label: "Continue with the setup"})),
	}
}
