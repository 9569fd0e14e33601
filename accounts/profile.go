package accounts

import (
	"context"

	"fairlead"
)

type profileStore interface {
	UpdateProfile(ctx context.Context, by fairlead.Actor, personID, name string, theme fairlead.Theme) error
	UpdatePassword(ctx context.Context, by fairlead.Actor, personID, oldHash, newHash, keepSession string) error
}

// UpdateProfile changes the actor's own name and colours: "" follows the system, "light" and "dark" do not.
func (f *Flow) UpdateProfile(ctx context.Context, by fairlead.Actor, name, theme string) error {
	var v fairlead.Invalid
	parsedName, parsedTheme := parseName(&v, FieldName, "your name", name), parseTheme(&v, theme)
	if err := v.Err(); err != nil {
		return err
	}
	return f.store.UpdateProfile(ctx, by, by.PersonID, parsedName, parsedTheme)
}

// PasswordChange is what the profile asks for.
type PasswordChange struct {
	Current fairlead.Secret
	New     fairlead.Secret
}

// ChangePassword gives the person a new password and ends all their sessions but keepSession. The current password is
// asked for, or a browser left open would be enough; guesses at it count like sign-ins. CodeInvalid, CodeTooMany, and
// CodeConflict if the password changed meanwhile.
func (f *Flow) ChangePassword(ctx context.Context, by fairlead.Actor, person fairlead.Person, in PasswordChange, keepSession string) error {
	if err := checkChange(person, in); err != nil {
		return err
	}
	var hash string
	account, address := accountKey(person.Email), addressKey(by.Address)
	err := f.limits.guard(account, address, func() (err error) {
		hash, err = f.checkCurrent(ctx, by, person, in.Current)
		return err
	})
	if fairlead.CodeOf(err) == fairlead.CodeTooMany {
		err = f.limited(ctx, err, by, "password.limited", account, address)
	}
	if err != nil {
		return err
	}
	newHash, err := f.passwords.hash(ctx, in.New)
	if err != nil {
		return err
	}
	return f.store.UpdatePassword(ctx, by, person.ID, hash, newHash, keepSession)
}

// checkCurrent returns the hash that the current password was verified against.
func (f *Flow) checkCurrent(ctx context.Context, by fairlead.Actor, person fairlead.Person, current fairlead.Secret) (string, error) {
	hash, err := f.store.FindPasswordHash(ctx, person.ID)
	if err != nil {
		return "", err
	}
	right, err := f.passwords.verify(ctx, hash, current)
	if err == nil && !right {
		if err := f.store.RecordEvent(ctx, by, "password.refused", person.ID, person.Name); err != nil {
			return "", err
		}
		var v fairlead.Invalid
		v.Add(FieldCurrent, "Enter your current password again: this is not it")
		err = v.Err()
	}
	return hash, err
}

func checkChange(person fairlead.Person, in PasswordChange) error {
	var v fairlead.Invalid
	if in.Current.IsZero() {
		v.Add(FieldCurrent, "Enter your current password")
	}
	checkPassword(&v, FieldNew, person.Email, in.New)
	if len(v) == 0 && in.New.Equal(in.Current) {
		v.Add(FieldNew, "Enter a password that differs from the current one")
	}
	return v.Err()
}
