package db_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"fairlead"
)

// wanted is a link as a form asks for it: branch main, files below migrations.
func wanted(p fairlead.Project, c fairlead.Connection, name string) fairlead.RepositoryLink {
	return fairlead.RepositoryLink{
		ID: fairlead.NewID(rand.Reader, fairlead.PrefixRepositoryLink), Project: p, ProviderID: c.ProviderID, Connection: c,
		Repository: fairlead.Repository{ID: "{" + name + "}", FullName: name, MainBranch: "main", Private: true, WebURL: "https://bitbucket.org/" + name},
		Rule:       fairlead.LinkRule{Branch: "main", Paths: fairlead.PathFilter{"migrations"}, Tags: true},
		Secret:     fairlead.NewSecret("webhook-secret-of-" + name),
	}
}

// linked is such a link, made; main stands at commit a0.
func (w *town) linked(by fairlead.Person, p fairlead.Project, c fairlead.Connection, name string) fairlead.RepositoryLink {
	w.t.Helper()
	l, err := w.CreateRepositoryLink(context.Background(), as(by), wanted(p, c, name), []fairlead.Branch{{Name: "main", Head: "a0"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// oneLink is a workspace with one link of Priya's.
func (w *town) oneLink() (priya fairlead.Person, l fairlead.RepositoryLink) {
	w.t.Helper()
	priya = w.founded()
	return priya, w.linked(priya, w.project(priya, "Orders", "ORDERS"), w.connected(priya, w.provider(priya, "a"), "priya"), "acme/orders")
}

func (w *town) repositoryLink(id string) fairlead.RepositoryLink {
	w.t.Helper()
	l, err := w.FindRepositoryLink(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func (w *town) must(errs ...error) {
	w.t.Helper()
	if err := errors.Join(errs...); err != nil {
		w.t.Fatal(err)
	}
}

func TestALinkComesBackAsItWasMade(t *testing.T) {
	w := newTown(t)
	priya := w.founded()
	p, c := w.project(priya, "Orders", "ORDERS"), w.connected(priya, w.provider(priya, "a"), "priya")
	w.news()
	want := wanted(p, c, "acme/orders")
	got, err := w.CreateRepositoryLink(context.Background(), as(priya), want, []fairlead.Branch{{Name: "main", Head: "a0"}})
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != want.ID || got.Project != p || got.ProviderID != c.ProviderID || got.Repository != want.Repository || !reflect.DeepEqual(got.Rule, want.Rule) ||
		!got.Secret.Equal(want.Secret) || !got.OldSecret.IsZero() || got.CreatedBy.Name != priya.Name || !got.CreatedAt.Equal(w.now) || !got.SyncedAt.IsZero() || got.KnowsTags ||
		!got.LastPushAt.IsZero() || !got.Health.CheckedAt.IsZero() || got.PauseReason() != "" {
		t.Errorf("got %+v", got)
	}
	if got.Connection.ID != c.ID || got.Connection.Person.Name != priya.Name || got.Connection.Account != c.Account || !got.Connection.IsAlive() || !got.Connection.Tokens.Access.IsZero() {
		t.Errorf("got connection %+v", got.Connection)
	}
	w.wantHeads(got, "main a0")
	w.wantNews("repository_link.created")
}

func TestAFormThatIsSentTwiceMakesOneLink(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya := w.founded()
	p, other := w.project(priya, "Orders", "ORDERS"), w.project(priya, "Billing", "BILLING")
	form := wanted(p, w.connected(priya, w.provider(priya, "a"), "priya"), "acme/orders")
	make := func() error {
		_, err := w.CreateRepositoryLink(ctx, as(priya), form, []fairlead.Branch{{Name: "main", Head: "a0"}})
		return err
	}
	w.news()
	if won := together(make, make, make); won != 3 {
		t.Errorf("%d went well", won)
	}
	w.wantNews("repository_link.created")
	elsewhere := form
	elsewhere.Project = other
	_, err := w.CreateRepositoryLink(ctx, as(priya), elsewhere, nil)
	wantCode(t, err, fairlead.CodeNotFound)
	w.must(w.RemoveRepositoryLink(ctx, as(priya), form.ID, ""))
	wantCode(t, make(), fairlead.CodeNotFound)
}

func TestNoLinkIsMadeWithWhatIsGone(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya := w.founded()
	p, g := w.project(priya, "Orders", "ORDERS"), w.provider(priya, "a")
	c := w.connected(priya, g, "priya")
	other := w.connected(priya, w.provider(priya, "b"), "priya")
	try := func(change func(*fairlead.RepositoryLink), want fairlead.ErrorCode) {
		t.Helper()
		l := wanted(p, c, "acme/orders")
		change(&l)
		_, err := w.CreateRepositoryLink(ctx, as(priya), l, nil)
		wantCode(t, err, want)
	}
	try(func(l *fairlead.RepositoryLink) { l.Project.ID = "pr_nothing" }, fairlead.CodeNotFound)
	try(func(l *fairlead.RepositoryLink) { l.Connection.ID = "co_nothing" }, fairlead.CodeConflict)
	try(func(l *fairlead.RepositoryLink) { l.Connection = other }, fairlead.CodeConflict)
	w.must(w.ArchiveProject(ctx, as(priya), p.ID))
	try(func(*fairlead.RepositoryLink) {}, fairlead.CodeConflict)
}

func TestLinksAreListedByProjectAndRepositoryAndFiltered(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya := w.founded()
	ana := w.joined(priya, "ana@acme.example", "Ana", fairlead.RoleMember)
	orders, billing := w.project(priya, "Orders", "ORDERS"), w.project(priya, "billing", "BILLING")
	g, other := w.provider(priya, "a"), w.provider(priya, "b")
	mine, hers := w.connected(priya, g, "priya"), w.connected(ana, other, "ana")
	w.linked(priya, orders, mine, "acme/Zoo")
	w.linked(priya, orders, hers, "acme/alpha")
	w.linked(priya, billing, mine, "acme/Zoo")
	removed := w.linked(priya, billing, mine, "acme/removed")
	w.must(w.RemoveRepositoryLink(ctx, as(priya), removed.ID, ""))
	for name, c := range map[string]struct {
		filter fairlead.LinkFilter
		want   string
	}{
		"all":        {fairlead.LinkFilter{}, "[billing acme/Zoo Orders acme/alpha Orders acme/Zoo]"},
		"project":    {fairlead.LinkFilter{ProjectID: orders.ID}, "[Orders acme/alpha Orders acme/Zoo]"},
		"provider":   {fairlead.LinkFilter{ProviderID: other.ID}, "[Orders acme/alpha]"},
		"connection": {fairlead.LinkFilter{ConnectionID: mine.ID}, "[billing acme/Zoo Orders acme/Zoo]"},
		"person":     {fairlead.LinkFilter{PersonID: ana.ID}, "[Orders acme/alpha]"},
		"repository": {fairlead.LinkFilter{ProviderID: g.ID, RepositoryID: "{acme/Zoo}", ProjectID: billing.ID}, "[billing acme/Zoo]"},
		"nothing":    {fairlead.LinkFilter{ProviderID: other.ID, RepositoryID: "{acme/Zoo}"}, "[]"},
	} {
		links, err := w.ListRepositoryLinks(ctx, c.filter)
		got := []string{}
		for _, l := range links {
			got = append(got, l.Project.Name+" "+l.Repository.FullName)
		}
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s: got %v, %v, want %s", name, got, err, c.want)
		}
	}
	uses, err := w.ListProviderConnections(ctx, g.ID)
	if err != nil || len(uses) != 1 || uses[0].Connection.ID != mine.ID || len(uses[0].Links) != 2 {
		t.Errorf("got %+v, %v", uses, err)
	}
	uses, err = w.ListConnections(ctx, ana.ID)
	if err != nil || len(uses) != 1 || len(uses[0].Links) != 1 || uses[0].Links[0].Project.ID != orders.ID {
		t.Errorf("got %+v, %v", uses, err)
	}
	if gone, err := w.ListRemovedLinks(ctx, billing.ID); err != nil || len(gone) != 1 || gone[0].Repository.FullName != "acme/removed" || !gone[0].Secret.IsZero() {
		t.Errorf("got %+v, %v", gone, err)
	}
}

func TestLinksAreCheckedAndComparedOldestFirstWhileTheyWork(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya := w.founded()
	g := w.provider(priya, "a")
	alive, dead, gone := w.connected(priya, g, "alive"), w.connected(priya, g, "dead"), w.connected(priya, g, "gone")
	orders, archived := w.project(priya, "Orders", "ORDERS"), w.project(priya, "Old", "OLD")
	first, second := w.linked(priya, orders, alive, "acme/first"), w.linked(priya, orders, alive, "acme/second")
	ofDead := w.linked(priya, orders, dead, "acme/of-dead")
	w.linked(priya, orders, gone, "acme/lost")
	w.linked(priya, archived, alive, "acme/archived")
	w.must(w.RemoveRepositoryLink(ctx, as(priya), w.linked(priya, orders, alive, "acme/removed").ID, ""))
	w.must(w.ArchiveProject(ctx, as(priya), archived.ID))
	_, err := w.RemoveConnection(ctx, as(priya), gone.ID, "Priya disconnected it.")
	w.must(err)
	_, err = w.FailConnection(ctx, dead.ID, dead.Version, fairlead.ConnectionDead, nil)
	w.must(err)
	later := func(minutes int) time.Time { return w.now.Add(time.Duration(minutes) * time.Minute) }
	for i, l := range []fairlead.RepositoryLink{second, first, ofDead} {
		w.must(w.SaveLinkHealth(ctx, l.ID, fairlead.Health{CheckedAt: later(i)}, fairlead.Repository{}), w.MarkSynced(ctx, l.ID, later(i)))
	}
	ids := func(links []fairlead.RepositoryLink, err error) (ids []string) {
		t.Helper()
		for _, l := range links {
			ids = append(ids, l.ID)
		}
		w.must(err)
		return ids
	}
	if got := ids(w.ListLinksToCheck(ctx, later(9), -1)); !slices.Equal(got, []string{second.ID, first.ID, ofDead.ID}) {
		t.Errorf("to check: %v", got)
	}
	if got := ids(w.ListLinksToSync(ctx, later(9), -1)); !slices.Equal(got, []string{second.ID, first.ID}) {
		t.Errorf("to compare: %v", got)
	}
	if got := ids(w.ListLinksToSync(ctx, later(9), 1)); !slices.Equal(got, []string{second.ID}) {
		t.Errorf("the first to compare: %v", got)
	}
	if got := append(ids(w.ListLinksToCheck(ctx, later(1), -1)), ids(w.ListLinksToSync(ctx, later(0), -1))...); !slices.Equal(got, []string{second.ID}) {
		t.Errorf("before: %v", got)
	}
}
