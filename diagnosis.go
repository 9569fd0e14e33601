package fairlead

import (
	"errors"
	"time"
)

// DiagnosisCode names a cause. Code decides on codes, never on texts.
type DiagnosisCode string

// Every cause that Fairlead can name. docs/diagnoses.md explains each; a test holds the two together.
const (
	// The way to the host.
	DiagnosisDNS               DiagnosisCode = "dns"
	DiagnosisRefused           DiagnosisCode = "connection_refused"
	DiagnosisTimeout           DiagnosisCode = "timeout"
	DiagnosisUnreachable       DiagnosisCode = "unreachable"
	DiagnosisAddressNotAllowed DiagnosisCode = "address_not_allowed"
	DiagnosisProxy             DiagnosisCode = "proxy_unreachable"
	DiagnosisTLSUntrusted      DiagnosisCode = "tls_untrusted"
	DiagnosisNotTheHost        DiagnosisCode = "not_the_host"
	DiagnosisRateLimited       DiagnosisCode = "rate_limited"
	DiagnosisHostError         DiagnosisCode = "host_error"
	DiagnosisClockSkew         DiagnosisCode = "clock_skew"
	DiagnosisUnexpectedAnswer  DiagnosisCode = "unexpected_answer"

	// The registration at the host.
	DiagnosisCredentials       DiagnosisCode = "application_id_or_secret_wrong"
	DiagnosisUnknownApp        DiagnosisCode = "application_id_unknown"
	DiagnosisSecretWrong       DiagnosisCode = "secret_wrong"
	DiagnosisCallbackMissing   DiagnosisCode = "callback_missing"
	DiagnosisCallbackMismatch  DiagnosisCode = "callback_mismatch"
	DiagnosisPermissionMissing DiagnosisCode = "permission_missing"
	DiagnosisNotAPerson        DiagnosisCode = "not_a_person"

	// The trip through the host's window.
	DiagnosisDenied             DiagnosisCode = "access_denied"
	DiagnosisHostReturnedError  DiagnosisCode = "host_returned_error"
	DiagnosisNoCallback         DiagnosisCode = "no_callback"
	DiagnosisCodeRejected       DiagnosisCode = "code_rejected"
	DiagnosisInterrupted        DiagnosisCode = "attempt_interrupted"
	DiagnosisCallbackNoState    DiagnosisCode = "callback_without_state"
	DiagnosisAttemptUnknown     DiagnosisCode = "attempt_unknown"
	DiagnosisAttemptUsed        DiagnosisCode = "attempt_used"
	DiagnosisAttemptExpired     DiagnosisCode = "attempt_expired"
	DiagnosisAttemptForeign     DiagnosisCode = "attempt_foreign"
	DiagnosisAttemptOutdated    DiagnosisCode = "attempt_outdated"
	DiagnosisSetupCancelled     DiagnosisCode = "setup_cancelled"
	DiagnosisCallbackIncomplete DiagnosisCode = "callback_incomplete"

	// A person's connection.
	DiagnosisTokenRejected       DiagnosisCode = "token_rejected"
	DiagnosisConnectionExpired   DiagnosisCode = "connection_expired"
	DiagnosisConnectionReplaced  DiagnosisCode = "connection_replaced"
	DiagnosisConnectionMissing   DiagnosisCode = "connection_missing"
	DiagnosisConnectionNoRefresh DiagnosisCode = "connection_without_refresh"

	// A repository and its webhook.
	DiagnosisEndpointRemoved    DiagnosisCode = "endpoint_removed"
	DiagnosisRepositoryGone     DiagnosisCode = "repository_not_found"
	DiagnosisRepositoryNotAdmin DiagnosisCode = "repository_not_admin"
	DiagnosisBranchMissing      DiagnosisCode = "branch_missing"
	DiagnosisCommitMissing      DiagnosisCode = "commit_missing"
	DiagnosisWebhookMissing     DiagnosisCode = "webhook_missing"
	DiagnosisWebhookInactive    DiagnosisCode = "webhook_inactive"
	DiagnosisWebhookElsewhere   DiagnosisCode = "webhook_wrong_address"
	DiagnosisWebhookEvents      DiagnosisCode = "webhook_wrong_events"
	DiagnosisWebhookUnsigned    DiagnosisCode = "webhook_unsigned"
	DiagnosisWebhookRefused     DiagnosisCode = "webhook_refused"
	DiagnosisWebhookSilent      DiagnosisCode = "webhook_silent"
	DiagnosisUnreachableFromOut DiagnosisCode = "external_url_private"

	// A delivery.
	DiagnosisSignatureMissing DiagnosisCode = "signature_missing"
	DiagnosisSignatureWrong   DiagnosisCode = "signature_wrong"
	DiagnosisDeliveryTooLarge DiagnosisCode = "delivery_too_large"
	DiagnosisDeliveryUnknown  DiagnosisCode = "delivery_unreadable"

	// Why nothing happened with a commit.
	DiagnosisProjectArchived DiagnosisCode = "project_archived"
	DiagnosisNotFollowed     DiagnosisCode = "not_followed"
	DiagnosisBeforeLink      DiagnosisCode = "pushed_before_linking"
	DiagnosisDeliveryLost    DiagnosisCode = "delivery_lost"
)

// DiagnosisCodes lists every code, in the order of the documentation.
func DiagnosisCodes() []DiagnosisCode {
	return []DiagnosisCode{
		DiagnosisDNS, DiagnosisRefused, DiagnosisTimeout, DiagnosisUnreachable, DiagnosisAddressNotAllowed, DiagnosisProxy,
		DiagnosisTLSUntrusted, DiagnosisNotTheHost, DiagnosisRateLimited, DiagnosisHostError, DiagnosisClockSkew,
		DiagnosisUnexpectedAnswer,
		DiagnosisCredentials, DiagnosisUnknownApp, DiagnosisSecretWrong, DiagnosisCallbackMissing,
		DiagnosisCallbackMismatch, DiagnosisPermissionMissing, DiagnosisNotAPerson,
		DiagnosisDenied, DiagnosisHostReturnedError, DiagnosisNoCallback, DiagnosisCodeRejected, DiagnosisInterrupted,
		DiagnosisCallbackNoState, DiagnosisAttemptUnknown, DiagnosisAttemptUsed, DiagnosisAttemptExpired,
		DiagnosisAttemptForeign, DiagnosisAttemptOutdated, DiagnosisSetupCancelled, DiagnosisCallbackIncomplete,
		DiagnosisTokenRejected, DiagnosisConnectionExpired, DiagnosisConnectionReplaced, DiagnosisConnectionMissing,
		DiagnosisConnectionNoRefresh,
		DiagnosisEndpointRemoved, DiagnosisRepositoryGone, DiagnosisRepositoryNotAdmin, DiagnosisBranchMissing,
		DiagnosisCommitMissing, DiagnosisWebhookMissing, DiagnosisWebhookInactive, DiagnosisWebhookElsewhere,
		DiagnosisWebhookEvents, DiagnosisWebhookUnsigned, DiagnosisWebhookRefused, DiagnosisWebhookSilent,
		DiagnosisUnreachableFromOut,
		DiagnosisSignatureMissing, DiagnosisSignatureWrong, DiagnosisDeliveryTooLarge, DiagnosisDeliveryUnknown,
		DiagnosisProjectArchived, DiagnosisNotFollowed, DiagnosisBeforeLink, DiagnosisDeliveryLost,
	}
}

// Names of the form fields that a diagnosis can concern.
const (
	FieldApplicationID = "application_id"
	FieldSecret        = "secret"
	FieldCallbackURL   = "callback_url"
	FieldPermissions   = "permissions"
)

// Rung is a step of the proof ladder: how far a verification got.
type Rung string

// The rungs, from the bottom.
const (
	RungReach       Rung = "reach"       // the host can be reached and is the host
	RungRegistered  Rung = "registered"  // it knows the application ID and the callback URL
	RungSecret      Rung = "secret"      // it accepts the secret
	RungPermissions Rung = "permissions" // it granted what is needed
)

// Diagnosis is one named cause of a failure, with its fix. It is built from what the host answered on the wire.
// It is an error, so that it travels as one. All texts are safe to show: they never hold a secret.
// In texts, **words** are emphasized and `values` are set in a fixed-width face.
type Diagnosis struct {
	Code       DiagnosisCode
	Field      string        `json:",omitempty"` // the form field it concerns, "" if none
	FieldError string        `json:",omitempty"` // what to say at that field
	Rung       Rung          `json:",omitempty"` // the rung it broke on
	Title      string        // what happened
	Because    string        // how we know
	Fix        []string      `json:",omitempty"` // what to do, in order
	Hints      []string      `json:",omitempty"` // possibilities, worded as such
	Missing    []string      `json:",omitempty"` // ids of permissions that are not granted
	Answers    []Answer      `json:",omitempty"` // what the host said, redacted
	Chain      []Certificate `json:",omitempty"` // the certificates it served, leaf first
	RetryAfter time.Duration `json:",omitempty"` // how long the host asks to wait; 0 if it did not say
	At         time.Time
}

// Error implements error.
func (d *Diagnosis) Error() string { return "diagnosis " + string(d.Code) + ": " + d.Title }

// DiagnosisOf returns the diagnosis in err's chain, nil if there is none.
func DiagnosisOf(err error) *Diagnosis {
	d, _ := errors.AsType[*Diagnosis](err)
	return d
}

// Concerns reports whether the diagnosis asks for a change of that field.
func (d *Diagnosis) Concerns(field string) bool {
	if d == nil {
		return false
	}
	if d.Code == DiagnosisCredentials {
		return field == FieldApplicationID || field == FieldSecret
	}
	return d.Field == field
}

// Answer is one answer of the host, short and redacted.
type Answer struct {
	Request string // "POST https://bitbucket.org/site/oauth2/access_token", without query
	Status  string // "400 Bad Request", "" if no answer came
	Text    string // the beginning of its body, or the transport's complaint
}

// Certificate is what matters of one served certificate.
type Certificate struct {
	Subject, Issuer string
	NotBefore       time.Time
	NotAfter        time.Time
}
