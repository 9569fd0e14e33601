package accounts_test

import (
	"context"
	"strings"
	"testing"

	"fairlead"
	"fairlead/accounts"
)

func TestNameAndColoursAreOnesOwn(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	if err := h.UpdateProfile(context.Background(), as(priya), " Priya\tR. ", "dark"); err != nil {
		t.Fatal(err)
	}
	got, _, err := h.FindSession(context.Background(), priya.Token.Reveal())
	if err != nil || got.Name != "Priya R." || got.Theme != "dark" {
		t.Errorf("got %+v, %v", got, err)
	}
	wantField(t, h.UpdateProfile(context.Background(), as(priya), " ", ""), accounts.FieldName, "Enter your name")
	wantField(t, h.UpdateProfile(context.Background(), as(priya), strings.Repeat("n", 81), ""), accounts.FieldName, "at most 80 characters")
	wantField(t, h.UpdateProfile(context.Background(), as(priya), "Priya", "pink"), accounts.FieldTheme, "Choose the colours")
}

func change(current, next string) accounts.PasswordChange {
	return accounts.PasswordChange{Current: secret(current), New: secret(next)}
}

func TestANewPasswordSignsOutTheOtherBrowsers(t *testing.T) {
	h := newHarbor(t)
	phone := h.founded()
	desk, err := h.signIn("priya@acme.example", priyasPassword, "192.0.2.9")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.ChangePassword(context.Background(), as(desk), desk.Person, change(priyasPassword, "a new wind, priya"), desk.Session.ID); err != nil {
		t.Fatal(err)
	}
	if !h.isSignedIn(desk) || h.isSignedIn(phone) {
		t.Error("the browser that asked stays signed in, the other one does not")
	}
	_, err = h.signIn("priya@acme.example", priyasPassword, "192.0.2.9")
	wantCode(t, err, fairlead.CodeInvalid)
	if _, err := h.signIn("priya@acme.example", "a new wind, priya", "192.0.2.9"); err != nil {
		t.Error(err)
	}
}

func TestThePasswordChangesOnlyForWhoKnowsIt(t *testing.T) {
	h := newHarbor(t)
	priya := h.founded()
	try := func(in accounts.PasswordChange) error {
		return h.ChangePassword(context.Background(), as(priya), priya.Person, in, priya.Session.ID)
	}
	wantField(t, try(change("", "a new wind, priya")), accounts.FieldCurrent, "Enter your current password")
	wantField(t, try(change(priyasPassword, "short")), accounts.FieldNew, "at least 12 characters")
	wantField(t, try(change(priyasPassword, priyasPassword)), accounts.FieldNew, "differs from the current one")
	current := priyasPassword
	for _, next := range []string{"a new wind, priya", "another wind, priya"} { // the right one starts the count anew
		for range 9 {
			wantField(t, try(change("not her password", next)), accounts.FieldCurrent, "this is not it")
		}
		if err := try(change(current, next)); err != nil {
			t.Fatal(err)
		}
		current = next
	}
	for range 10 {
		wantField(t, try(change("not her password", "a new wind, priya")), accounts.FieldCurrent, "this is not it")
	}
	wantMessage(t, try(change(current, "a new wind, priya")), fairlead.CodeTooMany, "Try again in")
	_, err := h.signIn("priya@acme.example", current, "198.51.100.1")
	wantCode(t, err, fairlead.CodeTooMany)
}
