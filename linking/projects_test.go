package linking_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/db"
	"fairlead/linking"
)

// yard is the flow on a real database, with Priya, the owner of the workspace.
type yard struct {
	*linking.Flow
	t     *testing.T
	db    *db.DB
	priya fairlead.Person
}

func newYard(t *testing.T) *yard {
	t.Helper()
	store, err := db.Open(t.Context(), db.Options{Dir: t.TempDir(), Clock: time.Now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	y := &yard{Flow: linking.New(linking.Options{Store: store, ExternalURL: external(t), Clock: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}), t: t, db: store}
	y.founded()
	return y
}

// founded makes the workspace and its owner.
func (y *yard) founded() {
	y.t.Helper()
	y.link("first", fairlead.Link{Purpose: fairlead.LinkFirstOwner, Role: fairlead.RoleOwner})
	var err error
	y.priya, err = y.db.CreateWorkspace(y.t.Context(), fairlead.Actor{}, fairlead.HashToken("first"), "Acme Data", fairlead.Person{Email: "priya@acme.example", Name: "Priya"}, "hash")
	if err != nil {
		y.t.Fatal(err)
	}
}

func (y *yard) link(token string, link fairlead.Link) {
	y.t.Helper()
	link.ExpiresAt = time.Now().Add(time.Hour)
	if _, err := y.db.CreateLink(y.t.Context(), fairlead.System(), link, fairlead.HashToken(token)); err != nil {
		y.t.Fatal(err)
	}
}

// member joins the workspace.
func (y *yard) member(name string) fairlead.Person {
	y.t.Helper()
	y.link(name, fairlead.Link{Purpose: fairlead.LinkInvitation, Email: strings.ToLower(name) + "@acme.example", Role: fairlead.RoleMember})
	person, err := y.db.CreateMember(y.t.Context(), fairlead.Actor{}, fairlead.HashToken(name), name, "hash")
	if err != nil {
		y.t.Fatal(err)
	}
	return person
}

// project is made by somebody; its key comes from its name.
func (y *yard) project(by fairlead.Person, name string) fairlead.Project {
	y.t.Helper()
	p, err := y.Create(y.t.Context(), as(by), y.NewProjectID(), name, "")
	if err != nil {
		y.t.Fatal(err)
	}
	return p
}

// access is what the person has of the project.
func (y *yard) access(person fairlead.Person, p fairlead.Project) linking.Access {
	y.t.Helper()
	a, err := y.Project(y.t.Context(), person, p.Key)
	if err != nil {
		y.t.Fatal(err)
	}
	return a
}

func (y *yard) added(p fairlead.Project, person fairlead.Person, role fairlead.ProjectRole) {
	y.t.Helper()
	if err := y.AddMember(y.t.Context(), as(y.priya), y.access(y.priya, p), person.ID, string(role)); err != nil {
		y.t.Fatal(err)
	}
}

func as(p fairlead.Person) fairlead.Actor { return fairlead.Actor{PersonID: p.ID, Name: p.Name} }

func wantCode(t *testing.T, err error, want fairlead.ErrorCode) {
	t.Helper()
	if got := fairlead.CodeOf(err); got != want {
		t.Errorf("got code %q (%v), want %q", got, err, want)
	}
}

func wantField(t *testing.T, err error, field, words string) {
	t.Helper()
	fields := fairlead.FieldsOf(err)
	if len(fields) != 1 || fields[0].Field != field || !strings.Contains(fields[0].Message, words) {
		t.Errorf("got %v, want %q at %s", err, words, field)
	}
}

func TestAMemberSeesOwnProjectsAndAWorkspaceOwnerAll(t *testing.T) {
	y := newYard(t)
	ana := y.member("Ana")
	y.project(y.priya, "Billing")
	y.project(ana, "Orders")
	for who, want := range map[fairlead.Person][]string{y.priya: {"BILLING", "ORDERS"}, ana: {"ORDERS"}, y.member("Ben"): nil} {
		projects, err := y.Projects(t.Context(), who)
		var got []string
		for _, p := range projects {
			got = append(got, p.Project.Key)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v, want %q", who.Name, got, err, want)
		}
	}
}

func TestAStrangerIsNotToldThatAProjectExists(t *testing.T) {
	y := newYard(t)
	ben := y.member("Ben")
	y.project(y.priya, "Orders")
	_, existing := y.Project(t.Context(), ben, "ORDERS")
	_, missing := y.Project(t.Context(), ben, "NOTHING")
	wantCode(t, existing, fairlead.CodeNotFound)
	if existing.Error() != missing.Error() {
		t.Errorf("%q differs from %q", existing, missing)
	}
	for _, odd := range []string{"", "o", "orders'", "ORDERS%", "new"} {
		_, err := y.Project(t.Context(), y.priya, odd)
		wantCode(t, err, fairlead.CodeNotFound)
	}
}

func TestOwnersOfProjectAndWorkspaceManageAndDevelopersLook(t *testing.T) {
	y := newYard(t)
	ana, ben := y.member("Ana"), y.member("Ben")
	p := y.project(ana, "Orders")
	y.added(p, ben, fairlead.ProjectDeveloper)
	ctx := t.Context()
	for who, want := range map[fairlead.Person]fairlead.ErrorCode{ana: "", y.priya: "", ben: fairlead.CodeForbidden} {
		a := y.access(who, p)
		if a.Manages() != (want == "") {
			t.Errorf("%s manages: %v", who.Name, a.Manages())
		}
		_, err := y.Candidates(ctx, a)
		for what, err := range map[string]error{
			"rename": y.Rename(ctx, as(who), a, "By "+who.Name), "archive": y.Archive(ctx, as(who), a), "restore": y.Restore(ctx, as(who), a),
			"add": y.AddMember(ctx, as(who), a, y.priya.ID, "developer"), "change": y.ChangeRole(ctx, as(who), a, y.priya.ID, "owner"),
			"remove": y.RemoveMember(ctx, as(who), a, y.priya.ID), "candidates": err,
		} {
			if got := fairlead.CodeOf(err); got != want {
				t.Errorf("%s, %s: got %q (%v), want %q", who.Name, what, got, err, want)
			}
		}
		if members, err := y.Members(ctx, a); err != nil || len(members) != 2 {
			t.Errorf("%s sees %d members, %v", who.Name, len(members), err)
		}
	}
	if got := y.access(ana, p).Project; got.Name == "By Ben" || got.IsArchived() {
		t.Errorf("got %+v", got)
	}
}

func TestAnybodyOfTheWorkspaceCreatesAProjectAndOwnsIt(t *testing.T) {
	y := newYard(t)
	ana := y.member("Ana")
	p, err := y.Create(t.Context(), as(ana), y.NewProjectID(), "  Order \u202edesk\n", " order-1 ")
	if err != nil || p.Name != "Order desk" || p.Key != "ORDER-1" {
		t.Fatalf("got %+v, %v", p, err)
	}
	if a := y.access(ana, p); a.Role != fairlead.ProjectOwner || !a.Manages() {
		t.Errorf("got %+v", a)
	}
	_, err = y.Project(t.Context(), ana, "oRDER-1")
	wantCode(t, err, "")
}

func TestAFormSentTwiceMakesOneProject(t *testing.T) {
	y := newYard(t)
	id := y.NewProjectID()
	first, err := y.Create(t.Context(), as(y.priya), id, "Orders", "")
	again, err2 := y.Create(t.Context(), as(y.priya), id, "Orders", "")
	if err != nil || err2 != nil || first.ID != again.ID || again.Key != "ORDERS" {
		t.Errorf("got %+v, %v and %+v, %v", first, err, again, err2)
	}
	other, err := y.Create(t.Context(), as(y.priya), "made up", "Orders", "")
	if err != nil || other.Key != "ORDERS-2" {
		t.Errorf("got %+v, %v", other, err)
	}
}

func TestWhatIsTypedForAProjectIsChecked(t *testing.T) {
	y := newYard(t)
	y.project(y.priya, "Orders")
	for _, c := range []struct{ name, key, field, words string }{
		{"", "OK", "name", "Enter a name"},
		{"\u200b", "OK", "name", "Enter a name"},
		{strings.Repeat("ä", 81), "OK", "name", "at most 80 characters"},
		{"Other", "A", "key", "2 to 12"},
		{"Other", "1A", "key", "begins with a letter"},
		{"Other", "-A", "key", "begins with a letter"},
		{"Other", "A_B", "key", "letters, digits and hyphens"},
		{"Other", "ÄRGER", "key", "letters, digits and hyphens"},
		{"Other", strings.Repeat("A", 13), "key", "2 to 12"},
		{"Other", "new", "key", "Fairlead uses NEW itself"},
		{"Other", "orders", "key", "ORDERS is taken"},
	} {
		_, err := y.Create(t.Context(), as(y.priya), y.NewProjectID(), c.name, c.key)
		wantField(t, err, c.field, c.words)
	}
	_, err := y.Create(t.Context(), as(y.priya), y.NewProjectID(), "", "?")
	if got := fairlead.FieldsOf(err); len(got) != 2 {
		t.Errorf("got %v", got)
	}
	if p, err := y.Create(t.Context(), as(y.priya), y.NewProjectID(), strings.Repeat("ä", 80), strings.Repeat("A", 12)); err != nil {
		t.Error(p, err)
	}
	wantField(t, y.Rename(t.Context(), as(y.priya), y.access(y.priya, fairlead.Project{Key: "ORDERS"}), " "), "name", "Enter a name")
}

func TestAKeyIsMadeFromTheName(t *testing.T) {
	y := newYard(t)
	for _, c := range []struct{ name, want string }{
		{"Orders", "ORDERS"},
		{"orders", "ORDERS-2"},
		{"Orders!", "ORDERS-3"},
		{"Web shop", "WEB-SHOP"},
		{"Customer relationship data", "CUSTOMER"},
		{"Infrastructure as code", "INFRASTRUCTU"},
		{"infrastructure", "INFRASTRUC-2"},
		{"2026 roadmap", "ROADMAP"},
		{"Größe & Übergänge", "GROESSE"},
		{"Ana’s café", "ANAS-CAFE"},
		{"顧客", "PROJECT"},
		{"X", "PROJECT-2"},
		{"new", "PROJECT-3"},
	} {
		if got := y.project(y.priya, c.name).Key; got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestANameWithoutAFreeKeyAsksForOne(t *testing.T) {
	y := newYard(t)
	for range 99 {
		y.project(y.priya, "Orders")
	}
	_, err := y.Create(context.Background(), as(y.priya), y.NewProjectID(), "Orders", "")
	wantField(t, err, "key", "Enter another key")
}
