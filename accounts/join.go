package accounts

import (
	"context"

	"fairlead"
)

type joinStore interface {
	CreateWorkspace(ctx context.Context, by fairlead.Actor, tokenHash, name string, owner fairlead.Person, passwordHash string) (fairlead.Person, error)
	CreateMember(ctx context.Context, by fairlead.Actor, tokenHash, name, passwordHash string) (fairlead.Person, error)
	RecoverOwner(ctx context.Context, by fairlead.Actor, tokenHash, passwordHash string) (fairlead.Person, error)
}

// FirstOwner is what the first-owner link asks for.
type FirstOwner struct {
	Workspace string
	Email     string
	Name      string
	Password  fairlead.Secret
}

// CreateWorkspace spends a first-owner link: the workspace gets its name and its first owner, who is then signed in.
// Errors are FindLink's, and CodeInvalid.
func (f *Flow) CreateWorkspace(ctx context.Context, token string, in FirstOwner, from Browser) (SignedIn, error) {
	if _, err := f.FindLink(ctx, token, fairlead.LinkFirstOwner, from); err != nil {
		return SignedIn{}, err
	}
	var v fairlead.Invalid
	workspace := parseName(&v, FieldWorkspace, "a name for the workspace", in.Workspace)
	owner := fairlead.Person{Email: parseEmail(&v, in.Email), Name: parseName(&v, FieldName, "your name", in.Name)}
	checkPassword(&v, FieldPassword, owner.Email, in.Password)
	if err := v.Err(); err != nil {
		return SignedIn{}, err
	}
	return f.enter(ctx, in.Password, from, func(by fairlead.Actor, hash string) (fairlead.Person, error) {
		return f.store.CreateWorkspace(ctx, by, fairlead.HashToken(token), workspace, owner, hash)
	})
}

// Joining is what an invitation asks for; the address and the role are the invitation's.
type Joining struct {
	Name     string
	Password fairlead.Secret
}

// Join spends an invitation and signs the new person in. Errors are FindLink's, CodeInvalid, and CodeConflict if the
// address belongs to somebody here by now.
func (f *Flow) Join(ctx context.Context, token string, in Joining, from Browser) (SignedIn, error) {
	link, err := f.FindLink(ctx, token, fairlead.LinkInvitation, from)
	if err != nil {
		return SignedIn{}, err
	}
	var v fairlead.Invalid
	name := parseName(&v, FieldName, "your name", in.Name)
	checkPassword(&v, FieldPassword, link.Email, in.Password)
	if err := v.Err(); err != nil {
		return SignedIn{}, err
	}
	return f.enter(ctx, in.Password, from, func(by fairlead.Actor, hash string) (fairlead.Person, error) {
		return f.store.CreateMember(ctx, by, fairlead.HashToken(token), name, hash)
	})
}

// RecoverOwner spends an owner link: the owner gets a new password, every older session ends, and this browser is
// signed in. Errors are FindLink's, CodeInvalid, and CodeNotFound if the address no longer belongs to an owner.
func (f *Flow) RecoverOwner(ctx context.Context, token string, password fairlead.Secret, from Browser) (SignedIn, error) {
	link, err := f.FindLink(ctx, token, fairlead.LinkOwner, from)
	if err != nil {
		return SignedIn{}, err
	}
	var v fairlead.Invalid
	checkPassword(&v, FieldPassword, link.Email, password)
	if err := v.Err(); err != nil {
		return SignedIn{}, err
	}
	signedIn, err := f.enter(ctx, password, from, func(by fairlead.Actor, hash string) (fairlead.Person, error) {
		return f.store.RecoverOwner(ctx, by, fairlead.HashToken(token), hash)
	})
	if err == nil {
		f.limits.forget(accountKey(link.Email)) // whoever tried out passwords tried out the old one
	}
	return signedIn, err
}

// enter hashes the new password, lets spend store it together with the spent link, and signs the person in.
func (f *Flow) enter(ctx context.Context, password fairlead.Secret, from Browser,
	spend func(by fairlead.Actor, hash string) (fairlead.Person, error),
) (SignedIn, error) {
	hash, err := f.passwords.hash(ctx, password)
	if err != nil {
		return SignedIn{}, err
	}
	person, err := spend(fairlead.Actor{Address: from.Address}, hash)
	if err != nil {
		return SignedIn{}, err
	}
	return f.open(ctx, person, hash, from)
}
