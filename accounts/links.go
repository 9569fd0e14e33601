package accounts

import (
	"cmp"
	"context"
	"strings"
	"time"

	"fairlead"
)

// How long one-time links work.
const (
	firstOwnerLife = 24 * time.Hour
	ownerLinkLife  = time.Hour
	invitationLife = 7 * 24 * time.Hour
)

type linkStore interface {
	CreateLink(ctx context.Context, by fairlead.Actor, link fairlead.Link, tokenHash string) (fairlead.Link, error)
	FindLink(ctx context.Context, tokenHash string) (fairlead.Link, error)
	ListPeople(ctx context.Context) ([]fairlead.Person, error)
	FindWorkspace(ctx context.Context) (fairlead.Workspace, error)
}

// NewLink is a one-time link just made. Token is its bearer value: it is shown once and kept nowhere.
type NewLink struct {
	fairlead.Link
	Token fairlead.Secret
}

// NewFirstOwnerLink makes the link that creates the workspace; needed is false once somebody belongs to it. Each start
// without people makes another one, since the earlier token is not kept; all of them end with the first owner.
func (f *Flow) NewFirstOwnerLink(ctx context.Context) (_ NewLink, needed bool, _ error) {
	people, err := f.store.ListPeople(ctx)
	if err != nil || len(people) > 0 {
		return NewLink{}, false, err
	}
	link, err := f.newLink(ctx, fairlead.System(), fairlead.Link{Purpose: fairlead.LinkFirstOwner, Role: fairlead.RoleOwner}, firstOwnerLife)
	return link, err == nil, err
}

// NewOwnerLink makes the link for an owner who lost the password. The e-mail may be "" while there is only one owner.
// CodeInvalid if it is no owner's.
func (f *Flow) NewOwnerLink(ctx context.Context, email string) (NewLink, error) {
	people, err := f.store.ListPeople(ctx)
	if err != nil {
		return NewLink{}, err
	}
	owner, err := chooseOwner(people, email)
	if err != nil {
		return NewLink{}, err
	}
	return f.newLink(ctx, fairlead.System(), fairlead.Link{Purpose: fairlead.LinkOwner, Email: owner.Email, Role: fairlead.RoleOwner}, ownerLinkLife)
}

func chooseOwner(people []fairlead.Person, email string) (fairlead.Person, error) {
	var v fairlead.Invalid
	if email != "" {
		email = parseEmail(&v, email)
	}
	if v.Err() != nil {
		return fairlead.Person{}, v.Err()
	}
	var owners []fairlead.Person
	var emails []string
	for _, person := range people {
		if person.IsOwner() && (email == "" || person.Email == email) {
			owners, emails = append(owners, person), append(emails, person.Email)
		}
	}
	switch {
	case len(owners) == 1:
		return owners[0], nil
	case email != "":
		v.Add(FieldEmail, "Enter the e-mail of an owner: %s belongs to none", email)
	case len(owners) == 0:
		v.Add(FieldEmail, "Start Fairlead and open the first-owner link: nobody belongs to the workspace yet")
	default:
		v.Add(FieldEmail, "Enter the e-mail of one owner: %s", strings.Join(emails, ", "))
	}
	return fairlead.Person{}, v.Err()
}

func (f *Flow) newLink(ctx context.Context, by fairlead.Actor, link fairlead.Link, life time.Duration) (NewLink, error) {
	token := fairlead.NewToken(f.random)
	link.ExpiresAt = f.clock().Add(life)
	link, err := f.store.CreateLink(ctx, by, link, fairlead.HashToken(token))
	return NewLink{Link: link, Token: fairlead.NewSecret(token)}, err
}

// OpenLink is a link that works, and what its page says about it.
type OpenLink struct {
	fairlead.Link
	Workspace string // "" for the first owner
	Inviter   string // name of the owner who made it; "" if that is nobody, or no owner any more
}

// FindLink looks at a link without spending it. CodeNotFound for a token that never was one of that purpose, CodeGone
// with a sentence that says what happened and whom to ask; CodeTooMany for an address that guesses.
func (f *Flow) FindLink(ctx context.Context, token string, purpose fairlead.LinkPurpose, from Browser) (OpenLink, error) {
	link, err := f.findLink(ctx, token, purpose, from)
	if err != nil {
		return OpenLink{}, err
	}
	people, err := f.store.ListPeople(ctx)
	if err != nil {
		return OpenLink{}, err
	}
	if err := checkLink(link, people, f.clock()); err != nil {
		return OpenLink{}, err
	}
	workspace, err := f.store.FindWorkspace(ctx)
	return OpenLink{Link: link, Workspace: workspace.Name, Inviter: inviter(link, people)}, err
}

// findLink finds the row of a token; a token that is none counts as a guess.
func (f *Flow) findLink(ctx context.Context, token string, purpose fairlead.LinkPurpose, from Browser) (link fairlead.Link, err error) {
	err = f.GuardGuess(ctx, from, func() error {
		link, err = f.store.FindLink(ctx, fairlead.HashToken(token))
		if err == nil && link.Purpose != purpose || fairlead.CodeOf(err) == fairlead.CodeNotFound {
			return fairlead.Errorf(fairlead.CodeNotFound, "There is no link at this address. Copy the whole link and open it again.")
		}
		return err
	})
	return link, err
}

// GuardGuess runs find, which looks for something by a token that whoever asks may have made up. CodeNotFound is a guess
// and counts for the address; after too many the answer is CodeTooMany and find does not run.
func (f *Flow) GuardGuess(ctx context.Context, from Browser, find func() error) error {
	address := addressKey(from.Address)
	if err := f.limits.take(address); err != nil {
		return f.limited(ctx, err, fairlead.Actor{Address: from.Address}, "link.limited", address)
	}
	err := find()
	if fairlead.CodeOf(err) != fairlead.CodeNotFound {
		f.limits.giveBack(address)
	}
	return err
}

// checkLink says why a link no longer works; nil while it does.
func checkLink(link fairlead.Link, people []fairlead.Person, now time.Time) error {
	switch {
	case !link.SpentAt.IsZero():
		return fairlead.Errorf(fairlead.CodeGone, "This link was already used. If that was you, sign in. %s", wayOut(link, people))
	case !link.RevokedAt.IsZero():
		return fairlead.Errorf(fairlead.CodeGone, "This link was revoked. %s", wayOut(link, people))
	case link.Purpose == fairlead.LinkFirstOwner && len(people) > 0:
		return fairlead.Errorf(fairlead.CodeGone, "This workspace has an owner already. %s", wayOut(link, people))
	case !now.Before(link.ExpiresAt):
		return fairlead.Errorf(fairlead.CodeGone, "This link ended on %s. %s", link.ExpiresAt.Format("2 January 2006 at 15:04 MST"), wayOut(link, people))
	}
	return nil
}

// wayOut is what the holder of a dead link can do.
func wayOut(link fairlead.Link, people []fairlead.Person) string {
	switch {
	case link.Purpose == fairlead.LinkOwner:
		return "Run fairlead owner-link on the server for a new one."
	case link.Purpose == fairlead.LinkInvitation:
		return "Ask " + cmp.Or(inviter(link, people), "an owner of the workspace") + " for a new one."
	case len(people) > 0:
		return "Ask an owner of the workspace for an invitation."
	}
	return "Start Fairlead again: it prints a new one."
}

// inviter names whoever made the link while they can still make another.
func inviter(link fairlead.Link, people []fairlead.Person) string {
	for _, person := range people {
		if person.ID == link.CreatedBy && person.IsOwner() {
			return person.Name
		}
	}
	return ""
}
