package accounts

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"fairlead"
)

// Limits of what people type. Passwords are counted in characters below and in bytes above.
const (
	maxEmail         = 254
	maxName          = 80
	minPasswordChars = 12
	maxPasswordBytes = 512
)

// Names of form fields, which the complaints about them carry.
const (
	FieldEmail     = "email"
	FieldPassword  = "password"
	FieldName      = "name"
	FieldWorkspace = "workspace"
	FieldRole      = "role"
	FieldTheme     = "theme"
	FieldCurrent   = "current_password"
	FieldNew       = "new_password"
)

// parseEmail gives a bare address in lower case. Sign-in looks addresses up in the same form.
func parseEmail(v *fairlead.Invalid, typed string) string {
	email := strings.ToLower(clean(typed))
	if email == "" {
		v.Add(FieldEmail, "Enter an e-mail")
		return ""
	}
	address, err := mail.ParseAddress(email)
	if err != nil || address.Address != email || len(email) > maxEmail { // "Ana <ana@example.com>" parses too
		v.Add(FieldEmail, "Enter an e-mail such as ana@example.com")
	}
	return email
}

func parseName(v *fairlead.Invalid, field, label, typed string) string {
	name := clean(typed)
	switch {
	case name == "":
		v.Add(field, "Enter %s", label)
	case utf8.RuneCountInString(name) > maxName:
		v.Add(field, "Enter a name of at most %d characters", maxName)
	}
	return name
}

// checkPassword is the rule for new passwords. Spaces count: they are part of what was chosen.
func checkPassword(v *fairlead.Invalid, field, email string, password fairlead.Secret) {
	text := password.Reveal()
	switch {
	case strings.TrimSpace(text) == "":
		v.Add(field, "Enter a password")
	case utf8.RuneCountInString(text) < minPasswordChars:
		v.Add(field, "Enter a password of at least %d characters", minPasswordChars)
	case len(text) > maxPasswordBytes:
		v.Add(field, "Enter a shorter password: at most %d bytes", maxPasswordBytes)
	case strings.EqualFold(strings.TrimSpace(text), email):
		v.Add(field, "Enter a password that is not your e-mail")
	}
}

func parseRole(v *fairlead.Invalid, typed string) fairlead.Role {
	role, ok := fairlead.ParseRole(typed)
	if !ok {
		v.Add(FieldRole, "Choose a role: owner or member")
	}
	return role
}

func parseTheme(v *fairlead.Invalid, typed string) fairlead.Theme {
	switch theme := fairlead.Theme(typed); theme {
	case "", "light", "dark":
		return theme
	}
	v.Add(FieldTheme, "Choose the colours: system, light or dark")
	return ""
}

// clean removes what cannot be seen: spaces at the ends, runs of white space, control characters, and the marks that turn
// the direction of text and could make one name look like another.
func clean(typed string) string {
	visible := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u200b', r == '\ufeff', r == utf8.RuneError:
			return -1
		}
		return r
	}, typed)
	return strings.Join(strings.Fields(visible), " ")
}
