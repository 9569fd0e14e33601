package linking

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"fairlead"
)

// Names of form fields, which the complaints about them carry.
const (
	FieldName   = "name"
	FieldKey    = "key"
	FieldPerson = "person"
	FieldRole   = "role"
)

const (
	maxName = 80
	maxKey  = 12
)

// notKeys are words that stand in the place of a key in addresses.
var notKeys = map[string]bool{"NEW": true}

var keyShape = regexp.MustCompile(`^[A-Z][A-Z0-9-]{1,11}$`)

func isKey(s string) bool { return keyShape.MatchString(s) && !notKeys[s] }

func upper(typed string) string { return strings.ToUpper(clean(typed)) }

func parseName(v *fairlead.Invalid, typed string) string {
	name := clean(typed)
	switch {
	case name == "":
		v.Add(FieldName, "Enter a name")
	case utf8.RuneCountInString(name) > maxName:
		v.Add(FieldName, "Enter a name of at most %d characters", maxName)
	}
	return name
}

func parseKey(v *fairlead.Invalid, typed string) string {
	key := upper(typed)
	switch {
	case notKeys[key]:
		v.Add(FieldKey, "Enter another key: Fairlead uses %s itself", key)
	case !isKey(key):
		v.Add(FieldKey, "Enter a key of 2 to %d letters, digits and hyphens that begins with a letter, such as ORDERS", maxKey)
	}
	return key
}

func parseRole(v *fairlead.Invalid, typed string) fairlead.ProjectRole {
	role, ok := fairlead.ParseProjectRole(typed)
	if !ok {
		v.Add(FieldRole, "Choose a role: owner or developer")
	}
	return role
}

// plainLetters are the letters of European names that have a plain form; other scripts have none.
var plainLetters = strings.NewReplacer(
	"Ä", "AE", "Ö", "OE", "Ü", "UE", "ẞ", "SS", "ß", "SS", "Æ", "AE", "Ø", "O", "Å", "A", "Œ", "OE", "Ł", "L", "Đ", "D",
	"À", "A", "Á", "A", "Â", "A", "Ã", "A", "Ç", "C", "Č", "C", "Ć", "C", "È", "E", "É", "E", "Ê", "E", "Ë", "E", "Ě", "E", "Ę", "E",
	"Ì", "I", "Í", "I", "Î", "I", "Ï", "I", "Ñ", "N", "Ń", "N", "Ò", "O", "Ó", "O", "Ô", "O", "Õ", "O", "Ř", "R", "Š", "S", "Ś", "S",
	"Ù", "U", "Ú", "U", "Û", "U", "Ů", "U", "Ý", "Y", "Ž", "Z", "Ź", "Z", "Ż", "Z", "'", "", "’", "",
)

// keyFrom makes a key of a name, of that length at most: as many of its words as fit, with hyphens between.
func keyFrom(name string, longest int) string {
	words := strings.FieldsFunc(plainLetters.Replace(upper(name)), func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
	key := ""
	for _, word := range words {
		longer := strings.TrimLeft(key+"-"+word, "0123456789-")
		if len(longer) > longest {
			if key == "" {
				key = longer[:longest]
			}
			break
		}
		key = longer
	}
	if !isKey(key) {
		return "PROJECT"
	}
	return key
}

// clean removes what cannot be seen: spaces at the ends, runs of white space, control characters and marks.
func clean(typed string) string {
	visible := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, typed)
	return strings.Join(strings.Fields(visible), " ")
}

// byName sorts people for a list to choose from.
func byName(a, b fairlead.Person) int {
	return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
}
