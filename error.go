package fairlead

import (
	"errors"
	"fmt"
)

// ErrorCode says what kind of failure an Error is; handlers map it to a status.
type ErrorCode string

// The kinds of failure that a person can be told about. Everything else is internal.
const (
	CodeInvalid   ErrorCode = "invalid"   // the input needs a change; Fields says where
	CodeNotFound  ErrorCode = "not_found" // there is no such thing, or it is not this person's
	CodeConflict  ErrorCode = "conflict"  // the thing changed meanwhile, or another one is in the way
	CodeForbidden ErrorCode = "forbidden" // this person may not
	CodeGone      ErrorCode = "gone"      // a one-time link that is spent, expired or revoked
	CodeTooMany   ErrorCode = "too_many"  // a limit on attempts
	CodeInternal  ErrorCode = "internal"  // unknown cause: logged, never shown
)

// FieldError is one complaint at one form field, in the user's words.
type FieldError struct{ Field, Message string }

// Error is a failure with a code for the program, a sentence for people and a cause for the log.
type Error struct {
	Code    ErrorCode
	Message string       // a full sentence for people; never holds a secret or a raw error
	Fields  []FieldError // for CodeInvalid: at least one
	Cause   error        // for the log only
}

// Error implements error; it is what the log shows.
func (e *Error) Error() string {
	text := string(e.Code) + ": " + e.Message
	for _, f := range e.Fields {
		text += fmt.Sprintf(" [%s: %s]", f.Field, f.Message)
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf builds an Error whose message is a sentence for people.
func Errorf(code ErrorCode, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid collects field errors; Err is nil while there are none.
type Invalid []FieldError

// Add records a complaint.
func (v *Invalid) Add(field, format string, args ...any) {
	*v = append(*v, FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
}

// Err returns the collected complaints as one Error, or nil.
func (v Invalid) Err() error {
	if len(v) == 0 {
		return nil
	}
	return &Error{Code: CodeInvalid, Message: "There is a problem", Fields: v}
}

// CodeOf returns the code of the Error in err's chain, CodeInternal if there is none, "" for nil.
func CodeOf(err error) ErrorCode {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// FieldsOf returns the field errors in err's chain.
func FieldsOf(err error) []FieldError {
	var e *Error
	if errors.As(err, &e) {
		return e.Fields
	}
	return nil
}
