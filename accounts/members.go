package accounts

import (
	"context"

	"fairlead"
)

type memberStore interface {
	ListInvitations(ctx context.Context) ([]fairlead.Link, error)
	RevokeInvitation(ctx context.Context, by fairlead.Actor, id string) error
	UpdateRole(ctx context.Context, by fairlead.Actor, personID string, role fairlead.Role) error
	RemovePerson(ctx context.Context, by fairlead.Actor, personID string) error
}

// Members is everybody who belongs to the workspace or is asked to.
type Members struct {
	People      []fairlead.Person // owners first, then by name
	Invitations []fairlead.Link   // open ones, newest first
}

// Owners counts the people who are owners.
func (m Members) Owners() int {
	n := 0
	for _, person := range m.People {
		if person.IsOwner() {
			n++
		}
	}
	return n
}

// Find returns one of the people; CodeNotFound for everybody else.
func (m Members) Find(id string) (fairlead.Person, error) {
	for _, person := range m.People {
		if person.ID == id {
			return person, nil
		}
	}
	return fairlead.Person{}, fairlead.Errorf(fairlead.CodeNotFound, "There is no such person in this workspace.")
}

// Members lists people and open invitations.
func (f *Flow) Members(ctx context.Context) (m Members, err error) {
	if m.People, err = f.store.ListPeople(ctx); err != nil {
		return Members{}, err
	}
	m.Invitations, err = f.store.ListInvitations(ctx)
	return m, err
}

// Invite makes a one-time link for an address. An open invitation for the same address ends: the new link replaces it.
// CodeInvalid for what was typed, and for an address that belongs to somebody here.
func (f *Flow) Invite(ctx context.Context, by fairlead.Actor, email, role string) (NewLink, error) {
	var v fairlead.Invalid
	link := fairlead.Link{Purpose: fairlead.LinkInvitation, Email: parseEmail(&v, email), Role: parseRole(&v, role)}
	if err := v.Err(); err != nil {
		return NewLink{}, err
	}
	invitation, err := f.newLink(ctx, by, link, invitationLife)
	if fairlead.CodeOf(err) == fairlead.CodeConflict {
		v.Add(FieldEmail, "Enter the e-mail of somebody new: %s belongs to the workspace already", link.Email)
		return NewLink{}, v.Err()
	}
	return invitation, err
}

// RevokeInvitation makes an open invitation useless; CodeConflict once the person has joined.
func (f *Flow) RevokeInvitation(ctx context.Context, by fairlead.Actor, linkID string) error {
	return f.store.RevokeInvitation(ctx, by, linkID)
}

// ChangeRole makes a person an owner or a member; CodeConflict for the last owner.
func (f *Flow) ChangeRole(ctx context.Context, by fairlead.Actor, personID, role string) error {
	var v fairlead.Invalid
	parsed := parseRole(&v, role)
	if err := v.Err(); err != nil {
		return err
	}
	return f.store.UpdateRole(ctx, by, personID, parsed)
}

// RemovePerson takes a person out of the workspace and ends all their sessions; CodeConflict for the last owner.
func (f *Flow) RemovePerson(ctx context.Context, by fairlead.Actor, personID string) error {
	return f.store.RemovePerson(ctx, by, personID)
}
