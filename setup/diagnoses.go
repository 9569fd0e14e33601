package setup

import (
	"time"

	"fairlead"
)

// The diagnoses of the trip through the host's window and back.

func interrupted(at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisInterrupted, Rung: fairlead.RungSecret, At: at,
		Title:   "The verification was interrupted",
		Because: "Fairlead stopped, or failed in a way it has no name for, before the outcome was stored. Your values are kept.",
		Fix:     []string{"Choose **Next** again.", "If it stays, the server’s log says more."},
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

func setupCancelled(at time.Time) *fairlead.Diagnosis {
	return &fairlead.Diagnosis{
		Code: fairlead.DiagnosisSetupCancelled, At: at,
		Title:   "This setup is over",
		Because: "It was cancelled or confirmed before this window came back. Nothing was changed.",
		Fix:     []string{"Go to GitOps to see what was added, or begin again there."},
	}
}
