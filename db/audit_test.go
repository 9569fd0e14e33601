package db_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
)

func (w *town) events(filter fairlead.AuditFilter) []fairlead.AuditEvent {
	w.t.Helper()
	events, err := w.ListAuditEvents(context.Background(), filter, fairlead.Cursor{}, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	return events
}

// told lists events as "person action object detail", the oldest first.
func told(events []fairlead.AuditEvent) []string {
	lines := []string{}
	for _, e := range slices.Backward(events) {
		lines = append(lines, strings.Join(strings.Fields(strings.Join([]string{e.Actor.Name, e.Action, e.Object, e.Detail}, " ")), " "))
	}
	return lines
}

func (w *town) record(by fairlead.Actor, action, object, detail string) {
	w.t.Helper()
	if err := w.RecordEvent(context.Background(), by, action, object, detail); err != nil {
		w.t.Fatal(err)
	}
}

func wantTold(t *testing.T, got []fairlead.AuditEvent, want ...string) {
	t.Helper()
	if lines := told(got); !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}

var (
	priya = fairlead.Actor{PersonID: "pe_priya", Name: "Priya", Address: "192.0.2.1"}
	ana   = fairlead.Actor{PersonID: "pe_ana", Name: "Ana", Address: "192.0.2.2"}
)

func TestTheAuditLogIsFilteredByPersonAndByObject(t *testing.T) {
	w := newTown(t)
	w.record(priya, "a.done", "gp_1", "")
	w.record(ana, "b.done", "gp_1", "")
	w.record(fairlead.Actor{}, "sign_in.refused", "pe_ana", "")
	w.record(priya, "c.done", "gp_2", "")
	wantTold(t, w.events(fairlead.AuditFilter{}), "Priya a.done gp_1", "Ana b.done gp_1", "sign_in.refused pe_ana", "Priya c.done gp_2")
	wantTold(t, w.events(fairlead.AuditFilter{Person: "pe_priya"}), "Priya a.done gp_1", "Priya c.done gp_2")
	wantTold(t, w.events(fairlead.AuditFilter{Object: "gp_1"}), "Priya a.done gp_1", "Ana b.done gp_1")
	wantTold(t, w.events(fairlead.AuditFilter{Person: "pe_priya", Object: "gp_1"}), "Priya a.done gp_1")
	wantTold(t, w.events(fairlead.AuditFilter{Person: fairlead.AuditNobody}), "sign_in.refused pe_ana")
	wantTold(t, w.events(fairlead.AuditFilter{Object: "' OR 1=1 --"}))
}

func TestPagesStayWhereTheyAreWhileEventsCome(t *testing.T) {
	w := newTown(t)
	for i := range 7 { // all at the same instant
		w.record(priya, "a.done", fmt.Sprint(i), "")
	}
	first, err := w.ListAuditEvents(context.Background(), fairlead.AuditFilter{}, fairlead.Cursor{}, 3)
	if err != nil {
		t.Fatal(err)
	}
	wantTold(t, first, "Priya a.done 4", "Priya a.done 5", "Priya a.done 6")
	w.now = w.now.Add(time.Second)
	w.record(ana, "b.done", "new", "")
	cursor, ok := fairlead.ParseCursor(first[2].Cursor().String())
	if !ok {
		t.Fatal("a cursor does not survive its way through an address")
	}
	second, err := w.ListAuditEvents(context.Background(), fairlead.AuditFilter{}, cursor, 3)
	if err != nil {
		t.Fatal(err)
	}
	wantTold(t, second, "Priya a.done 1", "Priya a.done 2", "Priya a.done 3")
}

func TestPeopleOfTheAuditLogAreNamedAsTheyWereLast(t *testing.T) {
	w := newTown(t)
	for range 3 {
		w.record(priya, "a.done", "", "")
		w.record(ana, "a.done", "", "")
		w.record(fairlead.System(), "a.done", "", "")
	}
	renamed := priya
	renamed.Name = "Aaliyah"
	w.record(renamed, "person.updated", "", "")
	people, err := w.ListAuditPeople(context.Background())
	if err != nil || fmt.Sprint(names(people)) != "[Aaliyah Ana]" {
		t.Errorf("got %+v, %v", people, err)
	}
}

func names(people []fairlead.Person) (all []string) {
	for _, p := range people {
		all = append(all, p.Name)
	}
	return all
}

func TestNobodyAppearsInAnEmptyLog(t *testing.T) {
	w := newTown(t)
	if people, err := w.ListAuditPeople(context.Background()); err != nil || len(people) != 0 {
		t.Errorf("got %+v, %v", people, err)
	}
}

func TestRemovedPeopleStayInTheList(t *testing.T) {
	w := newTown(t)
	owner := w.founded()
	left := w.joined(owner, "ana@acme.example", "Ana Brandt", fairlead.RoleMember)
	if err := w.RemovePerson(context.Background(), as(owner), left.ID); err != nil {
		t.Fatal(err)
	}
	if people, err := w.ListAuditPeople(context.Background()); err != nil || fmt.Sprint(names(people)) != "[Ana Brandt Priya Raman]" {
		t.Errorf("got %+v, %v", people, err)
	}
}

func TestARepeatedRefusalIsToldOnceAMinute(t *testing.T) {
	w := newTown(t)
	refused := func(by fairlead.Actor, route string) func() error {
		return func() error {
			return w.RecordEventOnce(context.Background(), by, "access.refused", "", route, time.Minute)
		}
	}
	moved := ana
	moved.Address = "2001:db8::1"
	if won := together(refused(ana, "/a"), refused(ana, "/a"), refused(moved, "/a"), refused(ana, "/a"), refused(ana, "/b"), refused(priya, "/a")); won != 6 {
		t.Fatal("a call failed")
	}
	w.now = w.now.Add(59 * time.Second)
	if err := refused(ana, "/a")(); err != nil {
		t.Fatal(err)
	}
	lines := told(w.events(fairlead.AuditFilter{}))
	slices.Sort(lines)
	if want := []string{"Ana access.refused /a", "Ana access.refused /b", "Priya access.refused /a"}; !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	w.now = w.now.Add(time.Second)
	if err := refused(ana, "/a")(); err != nil {
		t.Fatal(err)
	}
	if got := len(w.events(fairlead.AuditFilter{})); got != 4 {
		t.Errorf("after a minute got %d events, want 4", got)
	}
}

func TestReadingTheWholeLogStopsWhenTheReaderIsGone(t *testing.T) {
	w := newTown(t)
	for range 3 {
		w.record(priya, "a.done", "", "")
	}
	ctx, leave := context.WithCancel(context.Background())
	gone := errors.New("gone")
	if err := w.EachAuditEvent(ctx, fairlead.AuditFilter{}, func(fairlead.AuditEvent) error { return gone }); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
	leave()
	if err := w.EachAuditEvent(ctx, fairlead.AuditFilter{}, func(fairlead.AuditEvent) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Every reader of the pool may be busy with an export: none of them keeps a connection while it waits.
func TestSlowReadersOfTheLogLeaveTheDatabaseToOthers(t *testing.T) {
	w := newTown(t)
	w.record(priya, "a.done", "", "")
	var nested func(depth int) error
	nested = func(depth int) error {
		return w.EachAuditEvent(context.Background(), fairlead.AuditFilter{}, func(fairlead.AuditEvent) error {
			if depth == 0 {
				return w.Ping(context.Background())
			}
			return nested(depth - 1)
		})
	}
	if err := nested(8); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNoCursorIsNotTakenForOne(t *testing.T) {
	for _, text := range []string{"1", "1-", "-", "x-1", "1-x", "1-2-3", " 1-2", "99999999999999999999-1"} {
		if c, ok := fairlead.ParseCursor(text); ok {
			t.Errorf("%q: got %+v", text, c)
		}
	}
}
