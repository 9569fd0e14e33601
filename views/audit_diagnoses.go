package views

import (
	"strings"

	"fairlead"
)

// diagnosisTitles say each cause in a few words, for the audit log: it keeps codes, since they stay the same when texts change,
// and no more is known of a failure when it is read there.
var diagnosisTitles = map[fairlead.DiagnosisCode]string{
	fairlead.DiagnosisDNS:               "The name of the host was not found",
	fairlead.DiagnosisRefused:           "The host refused the connection",
	fairlead.DiagnosisTimeout:           "The host did not answer in time",
	fairlead.DiagnosisUnreachable:       "The connection to the host broke off",
	fairlead.DiagnosisAddressNotAllowed: "The host’s name points to an address that Fairlead does not call",
	fairlead.DiagnosisProxy:             "The proxy could not be reached",
	fairlead.DiagnosisTLSUntrusted:      "The host’s certificate is not trusted here",
	fairlead.DiagnosisNotTheHost:        "What answered does not look like the host",
	fairlead.DiagnosisRateLimited:       "The host answered that there were too many calls",
	fairlead.DiagnosisHostError:         "The host had a problem",
	fairlead.DiagnosisClockSkew:         "The clock of the server was wrong",
	fairlead.DiagnosisUnexpectedAnswer:  "The host answered something that Fairlead does not know",

	fairlead.DiagnosisCredentials:       "The host did not accept Application ID and Secret together",
	fairlead.DiagnosisUnknownApp:        "The host did not know the Application ID",
	fairlead.DiagnosisSecretWrong:       "The host did not accept the Secret",
	fairlead.DiagnosisCallbackMissing:   "The Callback URL was empty at the host",
	fairlead.DiagnosisCallbackMismatch:  "The Callback URL at the host was not the one that Fairlead sends",
	fairlead.DiagnosisPermissionMissing: "A permission was not ticked at the host",
	fairlead.DiagnosisNotAPerson:        "An application signed in at the host, not a person",

	fairlead.DiagnosisDenied:             "Access was not granted",
	fairlead.DiagnosisHostReturnedError:  "The host came back with an error",
	fairlead.DiagnosisNoCallback:         "The host did not come back",
	fairlead.DiagnosisCodeRejected:       "The host no longer accepted the code that it sent",
	fairlead.DiagnosisInterrupted:        "It was interrupted",
	fairlead.DiagnosisCallbackNoState:    "The callback address was opened without a sign-in attempt",
	fairlead.DiagnosisAttemptUnknown:     "Fairlead did not start this sign-in",
	fairlead.DiagnosisAttemptUsed:        "The sign-in was used before",
	fairlead.DiagnosisAttemptExpired:     "The sign-in took too long",
	fairlead.DiagnosisAttemptForeign:     "The sign-in was started in another browser",
	fairlead.DiagnosisAttemptOutdated:    "The values changed while the window was open",
	fairlead.DiagnosisSetupCancelled:     "The setup was over",
	fairlead.DiagnosisCallbackIncomplete: "The host came back without a code",

	fairlead.DiagnosisTokenRejected:       "The host no longer took the token",
	fairlead.DiagnosisConnectionExpired:   "The host gave no new token",
	fairlead.DiagnosisConnectionReplaced:  "The Application ID was replaced",
	fairlead.DiagnosisConnectionMissing:   "There was no connection",
	fairlead.DiagnosisConnectionNoRefresh: "The host gave access for a short time only",

	fairlead.DiagnosisEndpointRemoved:    "The host no longer offers a call that Fairlead needs",
	fairlead.DiagnosisRepositoryGone:     "The host did not find the repository",
	fairlead.DiagnosisRepositoryNotAdmin: "The account did not administer the repository",
	fairlead.DiagnosisBranchMissing:      "The repository had no such branch",
	fairlead.DiagnosisCommitMissing:      "The repository had no such commit",
	fairlead.DiagnosisWebhookMissing:     "The webhook was not there any more",
	fairlead.DiagnosisWebhookInactive:    "The webhook was switched off at the host",
	fairlead.DiagnosisWebhookElsewhere:   "The webhook led to another address",
	fairlead.DiagnosisWebhookEvents:      "The webhook does not send pushes",
	fairlead.DiagnosisWebhookUnsigned:    "The host did not have the webhook’s secret",
	fairlead.DiagnosisWebhookRefused:     "The host refused the webhook",
	fairlead.DiagnosisWebhookSilent:      "The webhook did not arrive",
	fairlead.DiagnosisUnreachableFromOut: "The host cannot reach the external URL",

	fairlead.DiagnosisSignatureMissing: "The delivery was not signed",
	fairlead.DiagnosisSignatureWrong:   "The delivery was signed with another secret",
	fairlead.DiagnosisDeliveryTooLarge: "The delivery was too large",
	fairlead.DiagnosisDeliveryUnknown:  "The delivery could not be read",

	fairlead.DiagnosisProjectArchived: "The project was archived",
	fairlead.DiagnosisNotFollowed:     "The commit was on no branch that the link follows",
	fairlead.DiagnosisBeforeLink:      "The commit was there before the link followed its branch",
	fairlead.DiagnosisDeliveryLost:    "No delivery contains the commit",
}

// withoutCode takes the code of a diagnosis from the end of an event's detail; "" if there is none.
func withoutCode(detail string) (rest string, code fairlead.DiagnosisCode) {
	i := strings.LastIndex(detail, ": ")
	if i < 0 {
		return detail, ""
	}
	code = fairlead.DiagnosisCode(detail[i+2:])
	if diagnosisTitles[code] == "" {
		return detail, ""
	}
	return detail[:i], code
}
