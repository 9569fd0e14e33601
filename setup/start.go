package setup

import (
	"context"
	"errors"

	"fairlead"
	"fairlead/gitprovider"
)

// Start turns a draft with application ID and secret into a setup and runs the check before the host's window. Sent
// again, it answers with the setup that the draft became. The error is CodeInvalid with the fields "application_id" and
// "secret" when one is empty.
func (f *Flow) Start(ctx context.Context, by fairlead.Actor, d fairlead.Draft, applicationID, secret string) (fairlead.Setup, error) {
	d, err := f.ParseDraft(ctx, d)
	if err != nil {
		return fairlead.Setup{}, err
	}
	applicationID, secret, err = parseCredentials(applicationID, secret, true)
	if err != nil {
		return fairlead.Setup{}, err
	}
	s, made, err := f.Store.CreateSetup(ctx, by, fairlead.Setup{
		ID: fairlead.NewID(f.Random, fairlead.PrefixSetup), DraftID: d.ID,
		Kind: d.Kind, InstanceURL: d.InstanceURL, DisplayName: d.DisplayName, Owner: d.Owner,
		ApplicationID: applicationID, Secret: fairlead.NewSecret(secret),
		State: fairlead.SetupChecking, CreatedBy: fairlead.Person{ID: by.PersonID, Name: by.Name},
	})
	if err != nil || !made {
		return s, err
	}
	return f.precheck(ctx, by, s)
}

// Resubmit stores corrected values and runs the check again. An empty secret keeps the stored one, unless that is the
// one that the host did not accept. Any change voids the proof.
func (f *Flow) Resubmit(ctx context.Context, by fairlead.Actor, id, applicationID, secret string) (fairlead.Setup, error) {
	s, err := f.Store.FindSetup(ctx, id)
	if err != nil {
		return s, err
	}
	applicationID, secret, err = parseCredentials(applicationID, secret, s.Secret.IsZero() || s.Diagnosis.Concerns(fairlead.FieldSecret))
	if err != nil {
		return s, err
	}
	if s.State == fairlead.SetupVerified && applicationID == s.ApplicationID && (secret == "" || secret == s.Secret.Reveal()) {
		return s, nil // Back and Next without a change: the proof still holds
	}
	if s, err = f.Store.UpdateCredentials(ctx, by, id, applicationID, fairlead.NewSecret(secret)); err != nil {
		return s, err
	}
	return f.precheck(ctx, by, s)
}

// parseCredentials trims both values. Nothing judges their length: hosts change it.
func parseCredentials(applicationID, secret string, needSecret bool) (string, string, error) {
	applicationID, secret = cleanLine(applicationID), cleanLine(secret)
	var invalid fairlead.Invalid
	if applicationID == "" {
		invalid.Add(fairlead.FieldApplicationID, "Enter the Application ID")
	}
	if secret == "" && needSecret {
		invalid.Add(fairlead.FieldSecret, "Enter the Secret")
	}
	return applicationID, secret, invalid.Err()
}

// precheck asks the host, where it can, whether it accepts the pair. It ends in "waiting" or "refused"; if it cannot
// end, the next start of Fairlead says so.
func (f *Flow) precheck(ctx context.Context, by fairlead.Actor, s fairlead.Setup) (fairlead.Setup, error) {
	host, err := f.host(s.Kind)
	if err != nil {
		return s, err
	}
	// The browser may go away meanwhile; the row must not stay in "checking".
	ctx = context.WithoutCancel(ctx)
	check, cancel := context.WithTimeout(ctx, f.Patience)
	defer cancel()
	s.State, s.Diagnosis, s.WaitingSince = fairlead.SetupWaiting, nil, f.Clock()
	if checker, ok := host.(gitprovider.Prechecker); ok {
		s.Reach, err = checker.Precheck(check, f.app(s))
		if d, unknown := f.diagnosisOf(err); d != nil {
			s.State, s.Diagnosis = fairlead.SetupRefused, d
		} else if unknown != nil {
			return s, errors.Join(unknown, f.Store.UpdateState(ctx, by, f.interrupt(s)))
		}
	}
	return s, f.Store.UpdateState(ctx, by, s)
}

func (f *Flow) interrupt(s fairlead.Setup) fairlead.Setup {
	s.State, s.Diagnosis = fairlead.SetupFailed, interrupted(f.Clock())
	return s
}

func (f *Flow) app(s fairlead.Setup) gitprovider.App {
	return gitprovider.App{ID: s.ApplicationID, Secret: s.Secret, CallbackURL: f.CallbackURL}
}

// diagnosisOf splits an error of a host into its diagnosis, or what is no diagnosis.
func (f *Flow) diagnosisOf(err error) (*fairlead.Diagnosis, error) {
	var d *fairlead.Diagnosis
	if errors.As(err, &d) {
		return d, nil
	}
	return nil, err
}

// Find returns a setup.
func (f *Flow) Find(ctx context.Context, id string) (fairlead.Setup, error) {
	return f.Store.FindSetup(ctx, id)
}

// List returns the unfinished setups, newest first.
func (f *Flow) List(ctx context.Context) ([]fairlead.Setup, error) { return f.Store.ListSetups(ctx) }

// Rename gives the setup another display name; CodeInvalid with the field "display_name".
func (f *Flow) Rename(ctx context.Context, by fairlead.Actor, id, name string) error {
	name = cleanLine(name)
	s, err := f.Store.FindSetup(ctx, id)
	if err != nil {
		return err
	}
	var invalid fairlead.Invalid
	if message, err := f.checkName(ctx, name, s.ProviderID); err != nil {
		return err
	} else if message != "" {
		invalid.Add("display_name", "%s", message)
		return invalid.Err()
	}
	return f.Store.UpdateDisplayName(ctx, by, id, name)
}

// SetOwner remembers under which owner the host keeps the registration, for links.
func (f *Flow) SetOwner(ctx context.Context, by fairlead.Actor, id, owner string) error {
	return f.Store.UpdateOwner(ctx, by, id, fairlead.ParseOwner(owner))
}

// Continue goes on to the host although the check before the window found something, or after a failed attempt.
func (f *Flow) Continue(ctx context.Context, by fairlead.Actor, id string) (fairlead.Setup, error) {
	s, err := f.Store.FindSetup(ctx, id)
	if err != nil {
		return s, err
	}
	if s.State == fairlead.SetupVerified || s.State == fairlead.SetupChecking || !s.HasCredentials() {
		return s, nil
	}
	s.State, s.Diagnosis, s.WaitingSince = fairlead.SetupWaiting, nil, f.Clock()
	return s, f.Store.UpdateState(ctx, by, s)
}

// Stop ends the waiting; the form of step 2 is shown again.
func (f *Flow) Stop(ctx context.Context, by fairlead.Actor, id string) (fairlead.Setup, error) {
	s, err := f.Store.FindSetup(ctx, id)
	if err != nil || s.State != fairlead.SetupWaiting {
		return s, err
	}
	s.State = fairlead.SetupEntered
	return s, f.Store.UpdateState(ctx, by, s)
}

// Report takes what the admin sees in the host's window, where the host will not come back from.
func (f *Flow) Report(ctx context.Context, by fairlead.Actor, id string, seen fairlead.DiagnosisCode) (fairlead.Setup, error) {
	s, err := f.Store.FindSetup(ctx, id)
	if err != nil || s.State != fairlead.SetupWaiting {
		return s, err
	}
	kind, err := f.Kind(s.Kind)
	if err != nil {
		return s, err
	}
	switch seen {
	case fairlead.DiagnosisCallbackMismatch:
		s.Diagnosis = gitprovider.CallbackMismatch(kind, f.app(s))
	case fairlead.DiagnosisUnknownApp:
		s.Diagnosis = gitprovider.UnknownApplicationID(kind, f.app(s))
	default:
		return s, fairlead.Errorf(fairlead.CodeInvalid, "Choose what the window shows.")
	}
	s.State, s.Diagnosis.At = fairlead.SetupFailed, f.Clock()
	return s, f.Store.UpdateState(ctx, by, s)
}

// Confirm turns a verified setup into a Git provider. Pressed twice, it makes one.
func (f *Flow) Confirm(ctx context.Context, by fairlead.Actor, id string) (fairlead.GitProvider, error) {
	return f.Store.ConfirmSetup(ctx, by, id)
}

// Cancel removes a setup; what the host may still send for it is explained when it comes.
func (f *Flow) Cancel(ctx context.Context, by fairlead.Actor, id string) error {
	return f.Store.CancelSetup(ctx, by, id)
}
