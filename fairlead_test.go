package fairlead_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"fairlead"
)

const planted = "correct-horse-battery"

func TestASecretPrintsRedactedHoweverItIsPrinted(t *testing.T) {
	s := fairlead.NewSecret(planted)
	app := struct {
		ID     string
		Secret fairlead.Secret
		Nested *fairlead.Setup
		List   []fairlead.Secret
		Map    map[string]fairlead.Secret
	}{"id", s, &fairlead.Setup{Secret: s}, []fairlead.Secret{s}, map[string]fairlead.Secret{"a": s}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v", "%10.3s", "%p"} {
		for _, value := range []any{s, &s, app, &app, app.List, app.Map, fmt.Errorf("wrapped %v", s)} {
			if got := fmt.Sprintf(verb, value); strings.Contains(got, planted) || strings.Contains(got, fmt.Sprintf("%x", planted)) {
				t.Errorf("%s of %T prints %s", verb, value, got)
			}
		}
	}
	encoded, err := json.Marshal(map[string]any{"app": app, "secret": s})
	if err != nil || bytes.Contains(encoded, []byte(planted)) || !bytes.Contains(encoded, []byte(`"secret":"[redacted]"`)) {
		t.Errorf("got %s, %v", encoded, err)
	}
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"JSON": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var out bytes.Buffer
		slog.New(handler(&out)).Info("setup", "secret", s, "app", app, "pointer", &app, slog.Group("group", "secret", s))
		if strings.Contains(out.String(), planted) || !strings.Contains(out.String(), "[redacted]") {
			t.Errorf("%s log: %s", name, out.String())
		}
	}
	if s.String() != "[redacted]" || s.Reveal() != planted || s.IsZero() || !(fairlead.Secret{}).IsZero() {
		t.Error("String, Reveal or IsZero is wrong")
	}
}

func TestAnOwnerIsReadFromASlugOrAnAddress(t *testing.T) {
	for typed, want := range map[string]string{
		"acme-data": "acme-data", " acme_1.x\n": "acme_1.x", "https://bitbucket.org/acme-data/": "acme-data", "acme/repo": "acme",
		"https://bitbucket.org/acme/workspace/settings?x=1": "acme", "/acme/": "acme", "https://bitbucket.org": "",
		"": "", ".": "", "..": "", "../..": "", "acme data": "", "acme?x": "", "acme#x": "", "a%2fb": "", "javascript:alert(1)": "", "{owner}": "", "åcme": "",
	} {
		if got := fairlead.ParseOwner(typed); got != want {
			t.Errorf("%q: got %q, want %q", typed, got, want)
		}
	}
}

// FuzzParseOwner holds that nothing but a slug ever becomes part of a link, and that a slug is read as itself.
func FuzzParseOwner(f *testing.F) {
	for _, typed := range []string{"acme", "https://bitbucket.org/acme/", "../x", "a://b://c/d", "\u202eacme"} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		owner := fairlead.ParseOwner(typed)
		for _, r := range owner {
			if r > 0x7f || !strings.ContainsRune("-_.", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
				t.Errorf("%q gives %q", typed, owner)
			}
		}
		if again := fairlead.ParseOwner(owner); again != owner || strings.Trim(owner, ".") == "" && owner != "" {
			t.Errorf("%q gives %q, and that gives %q", typed, owner, again)
		}
	})
}

func TestLinksToTheHostNeedAnOwner(t *testing.T) {
	k := fairlead.Kind{RegistrationURL: "https://host.example/{owner}/settings", ClientsURL: ""}
	if got, want := k.RegistrationPage("acme"), "https://host.example/acme/settings"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if k.RegistrationPage("") != "" || k.RegistrationPage("a b") != "" || k.ClientsPage("acme") != "" {
		t.Error("a link without its parts")
	}
}

func TestIDsAndTokensHaveTheirShape(t *testing.T) {
	random := fairlead.SystemRandom()
	id := fairlead.NewID(random, fairlead.PrefixSetup)
	if !fairlead.IsID(id, fairlead.PrefixSetup) || id == fairlead.NewID(random, fairlead.PrefixSetup) || len(id) != 19 {
		t.Errorf("got %s", id)
	}
	for _, wrong := range []string{"", "su_", id + "a", id[:18], "gp_" + id[3:], strings.ToUpper(id), "su_" + strings.Repeat("0", 16)} {
		if fairlead.IsID(wrong, fairlead.PrefixSetup) {
			t.Errorf("%q is taken for an id", wrong)
		}
	}
	token := fairlead.NewToken(random)
	if len(token) != 43 || strings.ContainsAny(token, "+/=") || fairlead.HashToken(token) == token || len(fairlead.HashToken(token)) != 64 {
		t.Errorf("got %s", token)
	}
	defer func() {
		if recover() == nil {
			t.Error("an id without randomness")
		}
	}()
	fairlead.NewID(strings.NewReader("short"), fairlead.PrefixSetup)
}

func TestIDsOfOneSecondBeginAlike(t *testing.T) {
	random, at := fairlead.SystemRandom(), time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	id := func(at time.Time) string { return fairlead.NewIDAt(at, random, fairlead.PrefixDelivery) }
	one, same, later := id(at), id(at.Add(999*time.Millisecond)), id(at.Add(time.Minute))
	if !fairlead.IsID(one, fairlead.PrefixDelivery) || one == same || one[:9] != same[:9] || one[:9] == later[:9] {
		t.Errorf("got %s and %s, and a minute later %s", one, same, later)
	}
}

func TestErrorsCarryCodeSentenceAndCause(t *testing.T) {
	cause := errors.New("disk full")
	err := fmt.Errorf("while saving: %w", &fairlead.Error{Code: fairlead.CodeConflict, Message: "Try again.", Cause: cause})
	if fairlead.CodeOf(err) != fairlead.CodeConflict || !errors.Is(err, cause) || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("got %v", err)
	}
	if fairlead.CodeOf(nil) != "" || fairlead.CodeOf(cause) != fairlead.CodeInternal || fairlead.FieldsOf(cause) != nil {
		t.Error("an error of nobody's has a wrong code")
	}
	var invalid fairlead.Invalid
	if invalid.Err() != nil {
		t.Error("no complaint is an error")
	}
	invalid.Add("name", "Enter %s", "a name")
	if err := invalid.Err(); fairlead.CodeOf(err) != fairlead.CodeInvalid || fairlead.FieldsOf(err)[0] != (fairlead.FieldError{Field: "name", Message: "Enter a name"}) {
		t.Errorf("got %v", invalid.Err())
	}
	if got := fairlead.CodeOf(fairlead.Errorf(fairlead.CodeGone, "Gone.")); got != fairlead.CodeGone {
		t.Errorf("got %s", got)
	}
}

func TestEveryDiagnosisCodeIsListedOnce(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "diagnosis.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []fairlead.DiagnosisCode
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "DiagnosisCode" {
				code, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				declared = append(declared, fairlead.DiagnosisCode(code))
			}
		}
		return true
	})
	listed := fairlead.DiagnosisCodes()
	slices.Sort(declared)
	slices.Sort(listed)
	if len(declared) < 30 || !slices.Equal(declared, listed) || len(slices.Compact(slices.Clone(listed))) != len(listed) {
		t.Errorf("declared %v\nlisted   %v", declared, listed)
	}
}

func TestADiagnosisConcernsItsField(t *testing.T) {
	var none *fairlead.Diagnosis
	pair := &fairlead.Diagnosis{Code: fairlead.DiagnosisCredentials, Field: fairlead.FieldApplicationID}
	callback := &fairlead.Diagnosis{Code: fairlead.DiagnosisCallbackMissing, Field: fairlead.FieldCallbackURL, Title: "The Callback URL is empty"}
	if none.Concerns(fairlead.FieldSecret) || !pair.Concerns(fairlead.FieldSecret) || !pair.Concerns(fairlead.FieldApplicationID) ||
		pair.Concerns(fairlead.FieldCallbackURL) || !callback.Concerns(fairlead.FieldCallbackURL) || callback.Concerns(fairlead.FieldSecret) {
		t.Error("a field is concerned that is not, or the other way round")
	}
	if got, want := callback.Error(), "diagnosis callback_missing: The Callback URL is empty"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPeopleHaveRolesAndInitials(t *testing.T) {
	for name, want := range map[string]string{"": "", "Ana": "A", "ana brandt": "AB", "Ana María de la Cruz": "AC", "  émile  zola ": "ÉZ"} {
		if got := (fairlead.Person{Name: name}).Initials(); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	if _, ok := fairlead.ParseRole("admin"); ok {
		t.Error("a role that nobody has")
	}
	if r, ok := fairlead.ParseRole("owner"); !ok || !(fairlead.Person{Role: r}).IsOwner() || (fairlead.Person{Role: fairlead.RoleMember}).IsOwner() {
		t.Error("an owner is none, or a member is one")
	}
	if fairlead.AttemptLife != 10*time.Minute {
		t.Error("the texts speak of 10 minutes")
	}
}
