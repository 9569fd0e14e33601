package accounts_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/accounts"
	"fairlead/db"
)

const (
	priyasPassword = "fair winds, priya"
	anasPassword   = "following seas, ana"
)

// harbor is the flow on a real database, with a clock that the test moves.
type harbor struct {
	*accounts.Flow
	t   *testing.T
	db  *db.DB
	now time.Time
}

func newHarbor(t *testing.T) *harbor {
	t.Helper()
	h := &harbor{t: t, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return h.now }
	var err error
	h.db, err = db.Open(context.Background(), db.Options{Dir: t.TempDir(), Clock: clock, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.db.Close(); err != nil {
			t.Error(err)
		}
	})
	h.Flow = accounts.New(h.db, clock, rand.Reader)
	return h
}

// founded gives the workspace its first owner, Priya.
func (h *harbor) founded() accounts.SignedIn {
	h.t.Helper()
	link, needed, err := h.NewFirstOwnerLink(context.Background())
	if err != nil || !needed {
		h.t.Fatal(needed, err)
	}
	priya, err := h.CreateWorkspace(context.Background(), link.Token.Reveal(), accounts.FirstOwner{
		Workspace: "Acme Data", Email: "priya@acme.example", Name: "Priya Raman", Password: secret(priyasPassword),
	}, from("192.0.2.1"))
	if err != nil {
		h.t.Fatal(err)
	}
	return priya
}

// joined invites somebody on Priya's behalf and lets them join.
func (h *harbor) joined(by accounts.SignedIn, email, name, role, password string) accounts.SignedIn {
	h.t.Helper()
	link := h.invited(by, email, role)
	person, err := h.Join(context.Background(), link.Token.Reveal(), accounts.Joining{Name: name, Password: secret(password)}, from("192.0.2.2"))
	if err != nil {
		h.t.Fatal(err)
	}
	return person
}

func (h *harbor) invited(by accounts.SignedIn, email, role string) accounts.NewLink {
	h.t.Helper()
	link, err := h.Invite(context.Background(), as(by), email, role)
	if err != nil {
		h.t.Fatal(err)
	}
	return link
}

func (h *harbor) signIn(email, password, address string) (accounts.SignedIn, error) {
	return h.SignIn(context.Background(), email, secret(password), from(address))
}

// isSignedIn reports whether the session's token still opens anything.
func (h *harbor) isSignedIn(s accounts.SignedIn) bool {
	h.t.Helper()
	person, _, err := h.FindSession(context.Background(), s.Token.Reveal())
	if err != nil && fairlead.CodeOf(err) != fairlead.CodeNotFound {
		h.t.Fatal(err)
	}
	return person.ID != ""
}

// lastEvent is the newest line of the audit log with that action.
func (h *harbor) lastEvent(action string) fairlead.AuditEvent {
	h.t.Helper()
	events, err := h.db.ListAuditEvents(context.Background(), fairlead.AuditFilter{}, fairlead.Cursor{}, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	i := slices.IndexFunc(events, func(e fairlead.AuditEvent) bool { return e.Action == action })
	if i < 0 {
		h.t.Fatalf("no %s in the audit log", action)
	}
	return events[i]
}

func secret(text string) fairlead.Secret { return fairlead.NewSecret(text) }

func from(address string) accounts.Browser {
	return accounts.Browser{Address: address, UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
}

func as(s accounts.SignedIn) fairlead.Actor {
	return fairlead.Actor{PersonID: s.Person.ID, Name: s.Person.Name, Address: s.Session.Address}
}

func wantCode(t *testing.T, err error, want fairlead.ErrorCode) {
	t.Helper()
	if got := fairlead.CodeOf(err); got != want {
		t.Errorf("got code %q (%v), want %q", got, err, want)
	}
}

// wantMessage expects an error for people whose sentence contains the words.
func wantMessage(t *testing.T, err error, code fairlead.ErrorCode, words string) {
	t.Helper()
	wantCode(t, err, code)
	var e *fairlead.Error
	if !errors.As(err, &e) || !strings.Contains(e.Message, words) {
		t.Errorf("got %v, want words %q", err, words)
	}
}

// wantField expects the first complaint to be about the field, with the words.
func wantField(t *testing.T, err error, field, words string) {
	t.Helper()
	wantCode(t, err, fairlead.CodeInvalid)
	fields := fairlead.FieldsOf(err)
	if len(fields) == 0 || fields[0].Field != field || !strings.Contains(fields[0].Message, words) {
		t.Errorf("got %+v, want %q at %s", fields, words, field)
	}
}

func TestTheFlowKnowsTheWorkspace(t *testing.T) {
	h := newHarbor(t)
	h.founded()
	if w, err := h.Workspace(context.Background()); err != nil || w.Name != "Acme Data" {
		t.Errorf("got %+v, %v", w, err)
	}
}
