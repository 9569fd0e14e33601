package linking_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/linking"
)

// unlucky is a store that fails now and then, as if the process ended there.
type unlucky struct {
	linking.Store
	random *rand.Rand
	odds   float64
}

var errUnlucky = errors.New("the process ends here")

func (s *unlucky) strikes() bool { return s.random.Float64() < s.odds }

func (s *unlucky) UpdateLinkWebhook(ctx context.Context, by fairlead.Actor, id string, w fairlead.Webhook) error {
	if s.strikes() {
		return errUnlucky
	}
	return s.Store.UpdateLinkWebhook(ctx, by, id, w)
}

func (s *unlucky) RemoveRepositoryLink(ctx context.Context, by fairlead.Actor, id, note string) error {
	if s.strikes() {
		return errUnlucky
	}
	return s.Store.RemoveRepositoryLink(ctx, by, id, note)
}

func (s *unlucky) SaveLinkHealth(ctx context.Context, id string, h fairlead.Health, r fairlead.Repository) error {
	if s.strikes() {
		return errUnlucky
	}
	return s.Store.SaveLinkHealth(ctx, id, h, r)
}

func (s *unlucky) RotateLinkSecret(ctx context.Context, by fairlead.Actor, id string, secret fairlead.Secret) error {
	if s.strikes() {
		return errUnlucky
	}
	return s.Store.RotateLinkSecret(ctx, by, id, secret)
}

// walk does what people, hosts and bad luck do with links, in any order.
type walk struct {
	*dock
	random *rand.Rand
	store  *unlucky
	c      fairlead.Connection
	repo   fairlead.Repository
	access linking.Access
	forms  []string          // every id that a form ever carried
	notes  map[string]string // of those that were unlinked
}

func (w *walk) step() string {
	id := w.forms[w.random.IntN(len(w.forms))]
	ctx := context.Background()
	l, err := w.db.FindRepositoryLink(ctx, id)
	exists := err == nil
	switch n := w.random.IntN(10); {
	case n < 2:
		id = w.NewLinkID()
		w.forms = append(w.forms, id)
		_, err = w.Link(ctx, as(w.ana), w.access, id, w.c, w.repo, rule("main"))
		return fmt.Sprintf("link %s: %v", id, err)
	case n < 4:
		_, err = w.Link(ctx, as(w.ana), w.access, id, w.c, w.repo, rule("main"))
		return fmt.Sprintf("link %s again: %v", id, err)
	case n < 6 && exists:
		note, err := w.Unlink(ctx, as(w.ana), w.access, l)
		if err == nil {
			w.notes[id] = note
		}
		return fmt.Sprintf("unlink %s: %q, %v", id, note, err)
	case n < 7 && exists:
		_, err = w.Repair(ctx, as(w.ana), l)
		return fmt.Sprintf("repair %s: %v", id, err)
	case n < 8 && exists:
		return fmt.Sprintf("rotate %s: %v", id, w.RotateSecret(ctx, as(w.ana), w.access, l))
	case n < 9:
		w.faults(hookFault(500, 1+w.random.IntN(3)))
		return "the host has a problem"
	}
	w.deliveriesGoNowhere()
	if hooks := w.hooks(w.c, w.repo.ID); len(hooks) > 0 {
		gone := hooks[w.random.IntN(len(hooks))]
		w.api(w.c, http.MethodDelete, hookPath(ordersDB, gone.ID), nil)
		return "somebody removes " + gone.URL
	}
	return "the host is well"
}

// count is how many webhooks each link has at the host.
func (w *walk) count() map[string]int {
	before := w.sim.Faults()
	w.deliveriesGoNowhere()
	defer func() { w.must(w.sim.SetFaults(before)) }()
	counts := map[string]int{}
	for _, hook := range w.hooks(w.c, w.repo.ID) {
		counts[strings.TrimPrefix(hook.URL, externalURL+"/hooks/")]++
	}
	return counts
}

func TestWhateverHappensALinkHasOneWebhookAtMost(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 4))
			d := newDock(t)
			w := &walk{dock: d, random: random, store: &unlucky{d.db, random, 0.15}, notes: map[string]string{}}
			d.wire(externalURL, w.store)
			w.c = d.connected(d.ana, hostPriya)
			var err error
			w.repo, err = d.FindRepository(t.Context(), w.c, ordersDB)
			d.must(err)
			w.access, w.forms = d.access(d.ana, d.orders), []string{d.NewLinkID()}
			var story []string
			for range 40 {
				story = append(story, w.step())
				for id, n := range w.count() {
					if n > 1 {
						t.Fatalf("%s has %d webhooks after\n%s", id, n, strings.Join(story, "\n"))
					}
				}
			}
			w.settle(story)
		})
	}
}

// settle ends all troubles: then repair leaves each link with its webhook, and what was unlinked without a note with none.
func (w *walk) settle(story []string) {
	w.t.Helper()
	w.store.odds = 0
	w.must(w.sim.SetFaults(bitbucketsim.Faults{DropDeliveries: true}))
	links, err := w.LinksOf(context.Background(), w.access)
	w.must(err)
	for _, l := range links {
		_, err := w.Repair(context.Background(), as(w.ana), l)
		w.must(err)
	}
	counts := w.count()
	for _, l := range links {
		if counts[l.ID] != 1 || w.found(l.ID).Webhook.URL != w.WebhookURL(l.ID) {
			w.t.Errorf("%s has %d webhooks after\n%s", l.ID, counts[l.ID], strings.Join(story, "\n"))
		}
		wantHealthy(w.t, w.found(l.ID).Health)
	}
	for id, note := range w.notes {
		if note == "" && counts[id] != 0 {
			w.t.Errorf("%s left %d webhooks without a note after\n%s", id, counts[id], strings.Join(story, "\n"))
		}
	}
}
