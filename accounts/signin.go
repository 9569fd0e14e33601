package accounts

import (
	"context"
	"strings"
	"unicode/utf8"

	"fairlead"
)

type signInStore interface {
	FindPersonByEmail(ctx context.Context, email string) (fairlead.Person, error)
	FindPasswordHash(ctx context.Context, personID string) (string, error)
	CreateSession(ctx context.Context, by fairlead.Actor, s fairlead.Session, tokenHash, passwordHash string) (fairlead.Session, error)
}

// Browser is where a request comes from.
type Browser struct {
	Address   string // IP address
	UserAgent string // as the browser sent it
}

// SignedIn is a new session. Token goes into the browser's cookie and is kept nowhere else.
type SignedIn struct {
	Person  fairlead.Person
	Session fairlead.Session
	Token   fairlead.Secret
}

// SignIn checks e-mail and password and opens a session. CodeInvalid for a wrong pair, which never says what of the two
// is wrong; CodeTooMany after too many attempts for the account or from the address.
func (f *Flow) SignIn(ctx context.Context, email string, password fairlead.Secret, from Browser) (SignedIn, error) {
	var v fairlead.Invalid
	email = parseEmail(&v, email)
	if password.IsZero() {
		v.Add(FieldPassword, "Enter your password")
	}
	if err := v.Err(); err != nil {
		return SignedIn{}, err
	}
	var person fairlead.Person
	var hash string
	account, address := accountKey(email), addressKey(from.Address)
	err := f.limits.guard(account, address, func() (err error) {
		person, hash, err = f.authenticate(ctx, email, password, from)
		return err
	})
	if fairlead.CodeOf(err) == fairlead.CodeTooMany {
		err = f.limited(ctx, err, fairlead.Actor{Address: from.Address}, "sign_in.limited", account, address)
	}
	if err != nil {
		return SignedIn{}, err
	}
	return f.open(ctx, person, hash, from)
}

// authenticate finds the person that e-mail and password belong to, and the hash that was verified.
func (f *Flow) authenticate(ctx context.Context, email string, password fairlead.Secret, from Browser) (fairlead.Person, string, error) {
	person, err := f.store.FindPersonByEmail(ctx, email)
	if fairlead.CodeOf(err) == fairlead.CodeNotFound {
		if err := f.passwords.verifyNobody(ctx, password); err != nil {
			return fairlead.Person{}, "", err
		}
		// What was typed stays out of the log: a password in the wrong field is a common slip.
		return fairlead.Person{}, "", f.refuse(ctx, from, "", "No account has this e-mail")
	}
	if err != nil {
		return fairlead.Person{}, "", err
	}
	hash, err := f.store.FindPasswordHash(ctx, person.ID)
	if err != nil {
		return fairlead.Person{}, "", err
	}
	right, err := f.passwords.verify(ctx, hash, password)
	if err == nil && !right {
		err = f.refuse(ctx, from, person.ID, "Wrong password for "+person.Name)
	}
	return person, hash, err
}

func (f *Flow) refuse(ctx context.Context, from Browser, object, detail string) error {
	if err := f.store.RecordEvent(ctx, fairlead.Actor{Address: from.Address}, "sign_in.refused", object, detail); err != nil {
		return err
	}
	var v fairlead.Invalid
	v.Add(FieldPassword, "Fairlead does not know this e-mail and password together. Check the e-mail and enter the password again")
	return v.Err()
}

// open starts a session for somebody whose password hash was just verified or set.
func (f *Flow) open(ctx context.Context, person fairlead.Person, passwordHash string, from Browser) (SignedIn, error) {
	token := fairlead.NewToken(f.random)
	by := fairlead.Actor{PersonID: person.ID, Name: person.Name, Address: from.Address}
	session, err := f.store.CreateSession(ctx, by, fairlead.Session{
		PersonID:  person.ID,
		ExpiresAt: f.clock().Add(SessionLife),
		Address:   from.Address,
		UserAgent: shorten(from.UserAgent, maxUserAgent),
	}, fairlead.HashToken(token), passwordHash)
	if err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Person: person, Session: session, Token: fairlead.NewSecret(token)}, nil
}

// maxUserAgent is more than any browser sends; the rest is somebody's joke.
const maxUserAgent = 400

// shorten cuts at most limit bytes from text, at the border of a character.
func shorten(text string, limit int) string {
	text = strings.ToValidUTF8(text, "")
	if len(text) <= limit {
		return text
	}
	for !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
