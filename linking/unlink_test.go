package linking_test

import (
	"net/http"
	"strings"
	"testing"

	"fairlead"
	"fairlead/bitbucketsim"
)

func TestUnlinkingFindsAWebhookWhoseIDWasNotStored(t *testing.T) {
	d := newDock(t)
	d.wire(externalURL, &forgetful{d.db, true})
	c := d.connected(d.ana, hostPriya)
	repo, err := d.FindRepository(t.Context(), c, ordersDB)
	d.must(err)
	id := d.NewLinkID()
	_, _ = d.Link(t.Context(), as(d.ana), d.access(d.ana, d.orders), id, c, repo, rule("main"))
	note, err := d.Unlink(t.Context(), as(d.ana), d.access(d.ana, d.orders), d.found(id))
	if hooks := d.hooks(c, ordersDB); err != nil || note != "" || len(hooks) != 0 {
		t.Errorf("got %q, %v and %+v", note, err, hooks)
	}
}

func TestUnlinkingRemovesTheWebhookOrSaysWhatIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		before func(d *dock, c fairlead.Connection, l fairlead.RepositoryLink)
		note   string // a part of it; "" for none
		left   int    // webhooks at the host
	}{
		"as it should be": {},
		"the webhook is gone": {before: func(d *dock, c fairlead.Connection, l fairlead.RepositoryLink) {
			d.api(c, http.MethodDelete, hookPath(ordersDB, l.Webhook.ID), nil)
		}},
		"the connection is dead": {left: 1, note: "is still there", before: func(d *dock, _ fairlead.Connection, _ fairlead.RepositoryLink) {
			_, err := d.sim.KillConnections("")
			d.must(err)
			_, err = d.sim.ExpireAccessTokens("")
			d.must(err)
		}},
		"somebody disconnected": {left: 1, note: "Nobody’s connection is used here", before: func(d *dock, c fairlead.Connection, _ fairlead.RepositoryLink) {
			_, err := d.Disconnect(d.t.Context(), as(d.ana), d.ana, c.ID)
			d.must(err)
		}},
		"the account lost its role": {left: 1, note: "Remove it at Bitbucket", before: func(d *dock, _ fairlead.Connection, _ fairlead.RepositoryLink) {
			d.must(d.sim.SetRole(ordersDB, hostPriya, "write"))
		}},
		"the host has a problem": {left: 1, note: "has a problem", before: func(d *dock, _ fairlead.Connection, _ fairlead.RepositoryLink) {
			d.faults(bitbucketsim.Faults{Status: 500})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDock(t)
			connection := d.connected(d.ana, hostPriya)
			l := d.linked(connection, ordersDB)
			if c.before != nil {
				c.before(d, connection, l)
			}
			note, err := d.Unlink(t.Context(), as(d.ana), d.access(d.ana, d.orders), d.found(l.ID))
			if err != nil || (note == "") != (c.note == "") || !strings.Contains(note, c.note) {
				t.Errorf("got %q, %v", note, err)
			}
			_, err = d.FindLink(t.Context(), d.access(d.ana, d.orders), l.ID)
			wantCode(t, err, fairlead.CodeNotFound)
			repo, err := d.sim.Repository(ordersDB)
			if err != nil || len(repo.Hooks) != c.left {
				t.Errorf("%d webhooks, %v", len(repo.Hooks), err)
			}
		})
	}
}

func TestUnlinkingADeletedRepositoryGoesThrough(t *testing.T) {
	d := newDock(t)
	c := d.connected(d.ana, hostPriya)
	l := d.linked(c, ordersDB)
	d.must(d.sim.DeleteRepository(ordersDB))
	note, err := d.Unlink(t.Context(), as(d.ana), d.access(d.ana, d.orders), l)
	if err != nil || !strings.Contains(note, "does not find the repository") {
		t.Errorf("got %q, %v", note, err)
	}
}

func TestWhoeverUnlinksHelpsOutWithAConnectionOfTheirOwn(t *testing.T) {
	d := newDock(t)
	ben := d.member("Ben")
	d.added(d.orders, ben, fairlead.ProjectDeveloper)
	c := d.connected(d.ana, hostPriya)
	l := d.linked(c, ordersDB)
	bens := d.connected(ben, hostPriya)
	_, err := d.Disconnect(t.Context(), as(d.ana), d.ana, c.ID)
	d.must(err)
	note, err := d.Unlink(t.Context(), as(ben), d.access(ben, d.orders), d.found(l.ID))
	if hooks := d.hooks(bens, ordersDB); err != nil || note != "" || len(hooks) != 0 {
		t.Errorf("got %q, %v, %+v", note, err, hooks)
	}
}

func TestWhatWasUnlinkedIsStillKnownToItsProject(t *testing.T) {
	d := newDock(t)
	cleo := d.member("Cleo")
	other := d.project(cleo, "Billing")
	c := d.connected(d.ana, hostPriya)
	gone, kept := d.linked(c, ordersDB), d.linked(c, "acme-data/billing-db")
	a := d.access(d.ana, d.orders)
	_, err := d.Unlink(t.Context(), as(d.ana), a, gone)
	d.must(err)
	if past, err := d.PastLinks(t.Context(), a); err != nil || len(past) != 1 || past[0].ID != gone.ID {
		t.Errorf("got %+v, %v", past, err)
	}
	for id, wantPast := range map[string]bool{gone.ID: true, kept.ID: false} {
		if l, past, err := d.FindPastLink(t.Context(), a, id); err != nil || l.ID != id || past != wantPast {
			t.Errorf("got %+v, %v, %v", l, past, err)
		}
		_, _, err := d.FindPastLink(t.Context(), d.access(cleo, other), id)
		wantCode(t, err, fairlead.CodeNotFound)
	}
}
