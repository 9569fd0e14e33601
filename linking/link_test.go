package linking_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/linking"
)

func TestLinkingMakesOneSignedWebhook(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	repo, err := d.FindRepository(t.Context(), c, ordersDB)
	d.must(err)
	a := d.access(d.ana, d.orders)
	plan, err := d.Plan(t.Context(), a, c, repo, rule("main"))
	if err != nil || plan.Polling || plan.WebhookURL != externalURL+"/hooks/"+plan.LinkID || len(plan.BranchHead) != 40 || len(plan.Existing) != 0 {
		t.Fatalf("got %+v, %v", plan, err)
	}
	first, err := d.Link(t.Context(), as(d.ana), a, plan.LinkID, c, repo, rule("main", "migrations"))
	d.must(err)
	again, err := d.Link(t.Context(), as(d.ana), a, plan.LinkID, c, repo, rule("main", "migrations"))
	d.must(err)
	if again.ID != first.ID || first.ID != plan.LinkID {
		t.Errorf("sent twice, the form made %s and %s", first.ID, again.ID)
	}
	hooks := d.hooks(c, repo.ID)
	if len(hooks) != 1 {
		t.Fatalf("%d webhooks: %+v", len(hooks), hooks)
	}
	l := d.found(first.ID)
	if hook := hooks[0]; hook.URL != plan.WebhookURL || !hook.Active || !hook.Signed || !slices.Equal(hook.Events, d.host.Events()) || l.Webhook.ID != hook.ID || !l.Webhook.Signed {
		t.Errorf("got %+v, stored %+v", hook, l.Webhook)
	}
	if len(l.Secret.Reveal()) < 43 || l.Repository.FullName != ordersDB || l.Rule.Paths[0] != "migrations" || l.CreatedBy.Name != "Ana" {
		t.Errorf("got %+v", l)
	}
	heads, err := d.db.ListHeads(t.Context(), l.ID)
	if err != nil || len(heads) != 1 || heads[0].Ref.Name != "main" || heads[0].Hash != plan.BranchHead {
		t.Errorf("got %+v, %v", heads, err)
	}
	wantHealthy(t, l.Health)
	plan, err = d.Plan(t.Context(), a, c, repo, rule("main"))
	if err != nil || len(plan.Existing) != 1 || plan.Existing[0].ID != l.ID {
		t.Errorf("got %+v, %v", plan.Existing, err)
	}
}

func TestARepositoryCanBeLinkedSeveralTimesAndAProjectHasSeveralRepositories(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	first, second, other := d.linked(c, ordersDB), d.linked(c, ordersDB), d.linked(c, "acme-data/billing-db")
	if hooks := d.hooks(c, first.Repository.ID); len(hooks) != 2 || first.ID == second.ID {
		t.Errorf("got %+v", hooks)
	}
	links, err := d.LinksOf(t.Context(), d.access(d.ana, d.orders))
	if err != nil || len(links) != 3 || links[0].ID != other.ID {
		t.Errorf("got %d links, %v", len(links), err)
	}
}

func TestWhatCannotBeLinkedIsSaidBeforeAnythingIsMade(t *testing.T) {
	d := newDock(t)
	ben := d.member("Ben")
	d.added(d.orders, ben, fairlead.ProjectDeveloper)
	c, bens := d.connected(d.ana, hostPriya), d.connected(ben, hostWes)
	a := d.access(d.ana, d.orders)
	link := func(c fairlead.Connection, name string, r fairlead.LinkRule) error {
		repo, err := d.FindRepository(t.Context(), c, name)
		d.must(err)
		_, planned := d.Plan(t.Context(), a, c, repo, r)
		_, err = d.Link(t.Context(), as(c.Person), d.access(c.Person, d.orders), d.NewLinkID(), c, repo, r)
		if (planned == nil) != (err == nil) {
			t.Errorf("%s: the plan says %v, linking %v", name, planned, err)
		}
		return err
	}
	wantField(t, link(c, ordersDB, rule("mian")), "branch", "none called mian")
	wantField(t, link(c, "acme-data/search-index", rule("main")), "branch", "Push a first commit")
	wantDiagnosis(t, link(bens, ordersDB, rule("main")), fairlead.DiagnosisRepositoryNotAdmin)
	d.must(link(c, ordersDB, rule("release/*"))) // such branches may come later
	links, err := d.LinksOf(t.Context(), a)
	if err != nil || len(links) != 1 {
		t.Errorf("got %d links, %v", len(links), err)
	}
	if row := row(t, links[0].Health, "Branch"); row.OK || row.Code != "" || !strings.Contains(row.Text, "No branch matches release/*") {
		t.Errorf("got %+v", row)
	}
}

func TestPeopleOfAProjectLinkAndNobodyElse(t *testing.T) {
	d := newDock(t)
	ben, cleo := d.member("Ben"), d.member("Cleo")
	d.added(d.orders, ben, fairlead.ProjectDeveloper)
	other := d.project(cleo, "Billing")
	for _, p := range []fairlead.Person{d.ana, ben, d.priya} { // owner, developer, owner of the workspace
		d.linked(d.connected(p, hostPriya), ordersDB)
	}
	_, err := d.Project(t.Context(), cleo, d.orders.Key)
	wantCode(t, err, fairlead.CodeNotFound)
	anas, _, err := d.Connection(t.Context(), d.ana, d.provider.ID)
	d.must(err)
	repo, err := d.FindRepository(t.Context(), anas, ordersDB)
	d.must(err)
	_, err = d.Link(t.Context(), as(ben), d.access(ben, d.orders), d.NewLinkID(), anas, repo, rule("main"))
	wantCode(t, err, fairlead.CodeForbidden) // by somebody else's connection
	links, err := d.LinksOf(t.Context(), d.access(d.ana, d.orders))
	d.must(err)
	if len(links) != 3 {
		t.Fatalf("%d links", len(links))
	}
	a, l := d.access(cleo, other), links[0]
	_, found := d.FindLink(t.Context(), a, l.ID)
	_, malformed := d.FindLink(t.Context(), a, "rl_'")
	_, unlinked := d.Unlink(t.Context(), as(cleo), a, l)
	_, taken := d.Link(t.Context(), as(cleo), a, l.ID, d.connected(cleo, hostPriya), repo, rule("main"))
	for what, err := range map[string]error{
		"find": found, "malformed": malformed, "unlink": unlinked, "link with the id of another": taken, "rotate": d.RotateSecret(t.Context(), as(cleo), a, l),
		"change": d.ChangeRule(t.Context(), as(cleo), a, l, rule("main")), "take over": d.TakeOver(t.Context(), as(cleo), cleo, a, l),
	} {
		if fairlead.CodeOf(err) != fairlead.CodeNotFound {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if got, err := d.FindLink(t.Context(), d.access(ben, d.orders), l.ID); err != nil || got.ID != l.ID {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAnArchivedProjectGetsNoNewLinksAndKeepsTheOld(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	l := d.linked(c, ordersDB)
	d.must(d.Archive(t.Context(), as(d.ana), d.access(d.ana, d.orders)))
	a := d.access(d.ana, d.orders)
	_, err := d.Plan(t.Context(), a, c, l.Repository, rule("main"))
	wantCode(t, err, fairlead.CodeConflict)
	_, err = d.Link(t.Context(), as(d.ana), a, d.NewLinkID(), c, l.Repository, rule("main"))
	wantCode(t, err, fairlead.CodeConflict)
	if reason := d.found(l.ID).PauseReason(); reason != "The project is archived." {
		t.Errorf("got %q", reason)
	}
	note, err := d.Unlink(t.Context(), as(d.ana), a, d.found(l.ID))
	if err != nil || note != "" || len(d.hooks(c, ordersDB)) != 0 {
		t.Errorf("got %q, %v", note, err)
	}
}

func TestAPrivateExternalURLMeansPollingOnly(t *testing.T) {
	for _, address := range []string{"http://192.168.1.20:8080", "http://localhost:7400", "https://fairlead.internal"} {
		t.Run(address, func(t *testing.T) {
			d := newDock(t)
			c := d.connected(d.ana, hostPriya)
			d.wire(address, d.db)
			repo, err := d.FindRepository(t.Context(), c, ordersDB)
			d.must(err)
			a := d.access(d.ana, d.orders)
			plan, err := d.Plan(t.Context(), a, c, repo, rule("main"))
			if err != nil || !plan.Polling {
				t.Fatalf("got %+v, %v", plan, err)
			}
			l := d.linked(c, ordersDB)
			wantHealthy(t, l.Health)
			if row := row(t, l.Health, "Webhook"); !row.OK || row.Code != fairlead.DiagnosisUnreachableFromOut || !d.IsPolling(d.found(l.ID)) {
				t.Errorf("got %+v", row)
			}
			if hooks := d.hooks(c, ordersDB); len(hooks) != 0 {
				t.Errorf("got %+v", hooks)
			}
			_, err = d.Repair(t.Context(), as(d.ana), l)
			wantDiagnosis(t, err, fairlead.DiagnosisUnreachableFromOut)
			wantCode(t, d.RotateSecret(t.Context(), as(d.ana), a, l), fairlead.CodeConflict)
			d.wire(externalURL, d.db) // an owner gave it a public one
			l, err = d.Repair(t.Context(), as(d.ana), l)
			d.must(err)
			wantHealthy(t, l.Health)
			if hooks := d.hooks(c, ordersDB); len(hooks) != 1 || d.IsPolling(l) {
				t.Errorf("got %+v", hooks)
			}
		})
	}
}

// hookFault makes calls to webhooks fail; the rest of the host works.
func hookFault(status, times int) bitbucketsim.Faults {
	return bitbucketsim.Faults{Status: status, Times: times, Where: "api", PathPrefix: "/2.0/repositories/{}/" + uuidOfOrders + "/hooks"}
}

var uuidOfOrders = func() string {
	sim, err := bitbucketsim.New(bitbucketsim.Options{})
	if err != nil {
		panic(err)
	}
	repo, err := sim.Repository(ordersDB)
	if err != nil {
		panic(err)
	}
	return repo.UUID
}()

func TestAWebhookThatTheHostDoesNotMakeIsNotHushedUpAndRepairMakesIt(t *testing.T) {
	for name, c := range map[string]struct {
		faults bitbucketsim.Faults
		row    string
		code   fairlead.DiagnosisCode
	}{
		"the host has a problem":    {hookFault(500, 0), "Webhook", ""},
		"the host says no":          {hookFault(403, 0), "Repository", fairlead.DiagnosisRepositoryNotAdmin},
		"the host takes no address": {bitbucketsim.Faults{RefuseLocalHooks: true}, "Webhook", fairlead.DiagnosisWebhookRefused},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDock(t)
			connection := d.connected(d.ana, hostPriya)
			if c.faults.RefuseLocalHooks {
				d.host.ReachesPrivate = true
				d.wire("http://localhost:7400", d.db)
			}
			d.faults(c.faults)
			l := d.linked(connection, ordersDB)
			if webhook := row(t, l.Health, "Webhook"); webhook.OK || !webhook.Repairable || l.Webhook.ID != "" || !l.Health.Repairable() {
				t.Errorf("got %+v", webhook)
			}
			if row := row(t, l.Health, c.row); row.OK || row.Text == "" || row.Code != c.code {
				t.Errorf("got %+v", row)
			}
			_, err := d.Repair(t.Context(), as(d.ana), l)
			if err == nil {
				t.Error("repaired although the host refuses")
			}
			d.deliveriesGoNowhere()
			l, err = d.Repair(t.Context(), as(d.ana), l)
			d.must(err)
			wantHealthy(t, l.Health)
			if hooks := d.hooks(connection, ordersDB); len(hooks) != 1 || hooks[0].ID != l.Webhook.ID {
				t.Errorf("got %+v", hooks)
			}
		})
	}
}

// forgetful is a store that fails once, as if the process ended there.
type forgetful struct {
	linking.Store
	forgets bool
}

func (s *forgetful) UpdateLinkWebhook(ctx context.Context, by fairlead.Actor, id string, w fairlead.Webhook) error {
	if s.forgets {
		s.forgets = false
		return context.DeadlineExceeded
	}
	return s.Store.UpdateLinkWebhook(ctx, by, id, w)
}

func TestAWebhookWhoseIDWasNotStoredIsFoundAgain(t *testing.T) {
	for name, again := range map[string]func(d *dock, l fairlead.RepositoryLink) error{
		"by the form, sent again": func(d *dock, l fairlead.RepositoryLink) error {
			c, _, err := d.Connection(d.t.Context(), d.ana, d.provider.ID)
			d.must(err)
			_, err = d.Link(d.t.Context(), as(d.ana), d.access(d.ana, d.orders), l.ID, c, l.Repository, l.Rule)
			return err
		},
		"by a check": func(d *dock, l fairlead.RepositoryLink) error {
			health, err := d.Check(d.t.Context(), l)
			wantHealthy(d.t, health)
			return err
		},
		"by repair": func(d *dock, l fairlead.RepositoryLink) error {
			_, err := d.Repair(d.t.Context(), as(d.ana), l)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDock(t)
			d.wire(externalURL, &forgetful{d.db, true})
			c := d.connected(d.ana, hostPriya)
			repo, err := d.FindRepository(t.Context(), c, ordersDB)
			d.must(err)
			id := d.NewLinkID()
			if _, err := d.Link(t.Context(), as(d.ana), d.access(d.ana, d.orders), id, c, repo, rule("main")); err == nil {
				t.Fatal("nothing failed")
			}
			l := d.found(id)
			if l.Webhook.ID != "" || len(d.hooks(c, ordersDB)) != 1 {
				t.Fatalf("got %+v", l.Webhook)
			}
			d.must(again(d, l))
			if hooks := d.hooks(c, ordersDB); len(hooks) != 1 || d.found(id).Webhook.ID != hooks[0].ID {
				t.Errorf("got %+v", hooks)
			}
		})
	}
}

func TestRelinkingTakesOverTheWebhookThatAnEarlierLinkLeft(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	kept, gone := d.linked(c, ordersDB), d.linked(c, ordersDB)
	d.faults(bitbucketsim.Faults{Status: 500})
	note, err := d.Unlink(t.Context(), as(d.ana), d.access(d.ana, d.orders), gone)
	if err != nil || note == "" {
		t.Fatalf("got %q, %v", note, err)
	}
	d.deliveriesGoNowhere()
	anew := d.linked(c, ordersDB)
	hooks := d.hooks(c, ordersDB)
	if len(hooks) != 2 || anew.Webhook.ID != gone.Webhook.ID || d.found(kept.ID).Webhook.ID == anew.Webhook.ID {
		t.Errorf("got %+v", hooks)
	}
	for _, l := range []fairlead.RepositoryLink{kept, anew} {
		health, err := d.Check(t.Context(), l)
		d.must(err)
		wantHealthy(t, health)
	}
}

func TestLinksMadeAtOnceHaveAWebhookEach(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	old := d.linked(c, ordersDB)
	d.faults(bitbucketsim.Faults{Status: 500})
	_, err := d.Unlink(t.Context(), as(d.ana), d.access(d.ana, d.orders), old)
	d.must(err)
	d.deliveriesGoNowhere()
	repo, err := d.FindRepository(t.Context(), c, ordersDB)
	d.must(err)
	a := d.access(d.ana, d.orders)
	ids := []string{d.NewLinkID(), d.NewLinkID(), d.NewLinkID()}
	var group sync.WaitGroup
	for i := range 12 { // each form four times
		group.Go(func() {
			if _, err := d.Link(context.Background(), as(d.ana), a, ids[i%len(ids)], c, repo, rule("main")); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	hooks := d.hooks(c, ordersDB)
	if len(hooks) != len(ids) {
		t.Errorf("%d webhooks", len(hooks))
	}
	for _, id := range ids {
		if !slices.ContainsFunc(hooks, func(h fairlead.Webhook) bool { return h.URL == d.WebhookURL(id) && h.ID == d.found(id).Webhook.ID }) {
			t.Errorf("%s has none of %+v", id, hooks)
		}
	}
}

func TestALinkFollowsSomethingElse(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	l := d.linked(c, ordersDB)
	a := d.access(d.ana, d.orders)
	wantField(t, d.ChangeRule(t.Context(), as(d.ana), a, l, rule("mian")), "branch", "none called mian")
	d.must(d.ChangeRule(t.Context(), as(d.ana), a, l, fairlead.LinkRule{Branch: "*/*", Paths: fairlead.PathFilter{"migrations"}, Tags: true}))
	l = d.found(l.ID)
	heads, err := d.db.ListHeads(t.Context(), l.ID)
	if err != nil || l.Rule.Branch != "*/*" || !l.Rule.Tags || len(heads) != 1 || heads[0].Ref.Name != "feature/add-region" {
		t.Errorf("got %+v, %+v, %v", l.Rule, heads, err)
	}
	before := d.asked()
	d.must(d.ChangeRule(t.Context(), as(d.ana), a, l, rule("*/*")))
	if d.asked() != before || len(d.found(l.ID).Rule.Paths) != 0 {
		t.Error("other paths ask the host for nothing")
	}
	d.must(d.sim.SetRole(ordersDB, hostPriya, "read"))
	d.must(d.ChangeRule(t.Context(), as(d.ana), a, l, rule("main")))
}

func TestALinkIsTakenOverByWhoeverAdministersTheRepository(t *testing.T) {
	d := newDock(t)
	ben := d.member("Ben")
	d.added(d.orders, ben, fairlead.ProjectDeveloper)
	c := d.connected(d.ana, hostPriya)
	l := d.linked(c, ordersDB)
	_, err := d.Disconnect(t.Context(), as(d.ana), d.ana, c.ID)
	d.must(err)
	l = d.found(l.ID)
	a := d.access(ben, d.orders)
	wantCode(t, d.TakeOver(t.Context(), as(ben), ben, a, l), fairlead.CodeConflict) // not connected
	bens := d.connected(ben, hostWes)
	wantDiagnosis(t, d.TakeOver(t.Context(), as(ben), ben, a, l), fairlead.DiagnosisRepositoryNotAdmin)
	if d.found(l.ID).Connection.ID != "" {
		t.Error("taken over all the same")
	}
	d.must(d.sim.SetRole(ordersDB, hostWes, "admin"))
	d.must(d.TakeOver(t.Context(), as(ben), ben, a, l))
	l = d.found(l.ID)
	if l.Connection.ID != bens.ID || l.PauseReason() != "" || len(d.hooks(bens, ordersDB)) != 1 {
		t.Errorf("got %+v", l)
	}
	wantHealthy(t, l.Health)
	d.must(d.sim.DeleteRepository(ordersDB))
	wantDiagnosis(t, d.TakeOver(t.Context(), as(ben), ben, a, l), fairlead.DiagnosisRepositoryGone)
}

func TestWhoLeavesTheProjectLeavesItsLinksPaused(t *testing.T) {
	d := newDock(t)
	ben := d.member("Ben")
	d.added(d.orders, ben, fairlead.ProjectDeveloper)
	l := d.linked(d.connected(ben, hostPriya), ordersDB)
	d.must(d.RemoveMember(t.Context(), as(d.ana), d.access(d.ana, d.orders), ben.ID))
	if l = d.found(l.ID); l.PauseReason() != "Ben left the project." {
		t.Errorf("got %q", l.PauseReason())
	}
	anas := d.connected(d.ana, hostPriya)
	d.must(d.TakeOver(t.Context(), as(d.ana), d.ana, d.access(d.ana, d.orders), l))
	if l = d.found(l.ID); l.Connection.ID != anas.ID || l.PauseReason() != "" {
		t.Errorf("got %+v", l)
	}
}
