package db_test

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"testing"
	"time"

	"fairlead"
	"fairlead/db"
)

// town is a database in a temporary folder with a clock that the test moves.
type town struct {
	*db.DB
	t    *testing.T
	now  time.Time
	told map[string]bool // ids of audit events that the test has seen
}

func newTown(t *testing.T) *town {
	t.Helper()
	return newTownIn(t, t.TempDir())
}

func newTownIn(t *testing.T, dir string) *town {
	t.Helper()
	w := &town{t: t, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), told: map[string]bool{}}
	var err error
	w.DB, err = db.Open(context.Background(), db.Options{Dir: dir, Clock: func() time.Time { return w.now }, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// link stores a link that works for an hour; its token is the token's name.
func (w *town) link(by fairlead.Actor, token string, link fairlead.Link) fairlead.Link {
	w.t.Helper()
	link.ExpiresAt = w.now.Add(time.Hour)
	if link.Role == "" {
		link.Role = fairlead.RoleMember
	}
	made, err := w.CreateLink(context.Background(), by, link, fairlead.HashToken(token))
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

// founded makes the workspace with its first owner, Priya.
func (w *town) founded() fairlead.Person {
	w.t.Helper()
	w.link(fairlead.System(), "first", fairlead.Link{Purpose: fairlead.LinkFirstOwner})
	priya, err := w.CreateWorkspace(context.Background(), fairlead.Actor{Address: "192.0.2.1"}, fairlead.HashToken("first"), "Acme Data",
		fairlead.Person{Email: "priya@acme.example", Name: "Priya Raman"}, "hash-priya")
	if err != nil {
		w.t.Fatal(err)
	}
	return priya
}

// joined invites somebody on the owner's behalf and lets them join.
func (w *town) joined(by fairlead.Person, email, name string, role fairlead.Role) fairlead.Person {
	w.t.Helper()
	w.link(as(by), "invite "+email, fairlead.Link{Purpose: fairlead.LinkInvitation, Email: email, Role: role})
	person, err := w.CreateMember(context.Background(), fairlead.Actor{}, fairlead.HashToken("invite "+email), name, "hash-"+name)
	if err != nil {
		w.t.Fatal(err)
	}
	return person
}

// news lists the actions that the audit log got since the last call, in the order of the alphabet.
func (w *town) news() []string {
	w.t.Helper()
	events, err := w.ListAuditEvents(context.Background(), fairlead.AuditFilter{}, fairlead.Cursor{}, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	actions := []string{}
	for _, e := range events {
		if !w.told[e.ID] {
			actions = append(actions, e.Action)
		}
		w.told[e.ID] = true
	}
	slices.Sort(actions)
	return actions
}

func (w *town) wantNews(want ...string) {
	w.t.Helper()
	if got := w.news(); !slices.Equal(got, want) {
		w.t.Errorf("the audit log got %v, want %v", got, want)
	}
}

func (w *town) names() []string {
	w.t.Helper()
	people, err := w.ListPeople(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, p := range people {
		names = append(names, p.Name)
	}
	return names
}

func as(p fairlead.Person) fairlead.Actor {
	return fairlead.Actor{PersonID: p.ID, Name: p.Name, Address: "192.0.2.7"}
}

func wantCode(t *testing.T, err error, want fairlead.ErrorCode) {
	t.Helper()
	if got := fairlead.CodeOf(err); got != want {
		t.Errorf("got code %q (%v), want %q", got, err, want)
	}
}

// together runs each call at the same time and returns how many succeeded.
func together(calls ...func() error) int {
	var group sync.WaitGroup
	results := make(chan error, len(calls))
	for _, call := range calls {
		group.Go(func() { results <- call() })
	}
	group.Wait()
	close(results)
	won := 0
	for err := range results {
		if err == nil {
			won++
		}
	}
	return won
}

func TestTheFirstOwnerNamesTheWorkspace(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	before, err := w.FindWorkspace(ctx)
	if err != nil || before.Name != "" {
		t.Fatalf("a new workspace has no name: got %+v, %v", before, err)
	}
	priya := w.founded()
	after, err := w.FindWorkspace(ctx)
	if err != nil || after.Name != "Acme Data" || !after.CreatedAt.Equal(w.now) {
		t.Errorf("got %+v, %v", after, err)
	}
	if !priya.IsOwner() || !fairlead.IsID(priya.ID, fairlead.PrefixPerson) {
		t.Errorf("the first person is an owner with an id: got %+v", priya)
	}
	events, err := w.ListAuditEvents(ctx, fairlead.AuditFilter{}, fairlead.Cursor{}, 10)
	if err != nil || len(events) != 4 {
		t.Fatalf("got %d events, %v", len(events), err)
	}
	for _, e := range events {
		if e.Action != "link.created" && (e.Actor.PersonID != priya.ID || e.Actor.Name != "Priya Raman" || e.Actor.Address != "192.0.2.1") {
			t.Errorf("the new owner is the actor of %s: got %+v", e.Action, e.Actor)
		}
	}
}

func TestAFirstOwnerLinkWorksOnlyWhileThereIsNobody(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	w.link(fairlead.System(), "another start", fairlead.Link{Purpose: fairlead.LinkFirstOwner})
	w.founded()
	_, err := w.CreateWorkspace(ctx, fairlead.Actor{}, fairlead.HashToken("another start"), "Taken over", fairlead.Person{Email: "eve@evil.example", Name: "Eve"}, "h")
	wantCode(t, err, fairlead.CodeConflict)
	_, err = w.CreateLink(ctx, fairlead.System(), fairlead.Link{Purpose: fairlead.LinkFirstOwner, Role: fairlead.RoleOwner, ExpiresAt: w.now.Add(time.Hour)}, "x")
	wantCode(t, err, fairlead.CodeConflict)
	if workspace, _ := w.FindWorkspace(ctx); workspace.Name != "Acme Data" {
		t.Errorf("the name changed to %q", workspace.Name)
	}
	if got := w.names(); !slices.Equal(got, []string{"Priya Raman"}) {
		t.Errorf("got people %v", got)
	}
}

func TestOfTwoFirstOwnersAtTheSameTimeOneWins(t *testing.T) {
	w := newTown(t)
	w.link(fairlead.System(), "a", fairlead.Link{Purpose: fairlead.LinkFirstOwner})
	w.link(fairlead.System(), "b", fairlead.Link{Purpose: fairlead.LinkFirstOwner})
	found := func(token, email string) func() error {
		return func() error {
			_, err := w.CreateWorkspace(context.Background(), fairlead.Actor{}, fairlead.HashToken(token), "W", fairlead.Person{Email: email, Name: email}, "h")
			return err
		}
	}
	if won := together(found("a", "1@x.example"), found("a", "2@x.example"), found("b", "3@x.example"), found("b", "4@x.example")); won != 1 {
		t.Errorf("%d became the first owner", won)
	}
	if got := w.names(); len(got) != 1 {
		t.Errorf("got people %v", got)
	}
}
