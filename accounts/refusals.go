package accounts

import (
	"context"

	"fairlead"
)

type refusalStore interface {
	RecordEvent(ctx context.Context, by fairlead.Actor, action, object, detail string) error
}

// limited tells the audit log that the limiter refused something, once per window: whoever goes on trying must not fill
// the log. It returns the refusal.
func (f *Flow) limited(ctx context.Context, refusal error, by fairlead.Actor, action string, keys ...limitKey) error {
	full, first := f.limits.tell(action, keys...)
	if !first {
		return refusal
	}
	object, detail := "", "Too many attempts from this address"
	if full.kind == "account" {
		var err error
		if object, detail, err = f.account(ctx, full); err != nil {
			return err
		}
	}
	if err := f.store.RecordEvent(ctx, by, action, object, detail); err != nil {
		return err
	}
	return refusal
}

// account names whom an account's key belongs to. An address that belongs to nobody is not repeated: a password in the
// wrong field is a common slip.
func (f *Flow) account(ctx context.Context, key limitKey) (object, detail string, err error) {
	person, err := f.store.FindPersonByEmail(ctx, key.value)
	if fairlead.CodeOf(err) == fairlead.CodeNotFound {
		return "", "Too many attempts for an e-mail that no account has", nil
	}
	return person.ID, "Too many attempts for " + person.Name, err
}
