package inbox

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"fairlead"
)

// countedLookups looks up nothing, and counts; those who gather wait until they are let go on.
func countedLookups() (l *lookups, count *atomic.Int64, goOn chan struct{}) {
	count, goOn = new(atomic.Int64), make(chan struct{})
	l = newLookups(func(ctx context.Context, id string) (HookedLink, error) {
		count.Add(1)
		if err := ctx.Err(); err != nil {
			return HookedLink{}, err
		}
		if id == "rl_none" {
			return HookedLink{}, errNoWebhook()
		}
		return HookedLink{link: fairlead.RepositoryLink{ID: id}}, nil
	})
	l.gather = func() { <-goOn }
	return l, count, goOn
}

func TestDeliveriesAtTheDoorAtTheSameTimeShareOneLookUpOfTheirLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, count, goOn := countedLookups()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if got, err := l.get(t.Context(), "rl_one"); err != nil || got.link.ID != "rl_one" {
					t.Errorf("got %+v, %v", got, err)
				}
			})
			all.Go(func() {
				if _, err := l.get(t.Context(), "rl_none"); fairlead.CodeOf(err) != fairlead.CodeNotFound {
					t.Errorf("got %v", err)
				}
			})
		}
		synctest.Wait()
		close(goOn)
		all.Wait()
		if n := count.Load(); n != 2 {
			t.Errorf("%d look-ups for two links", n)
		}
		if _, err := l.get(t.Context(), "rl_one"); err != nil || count.Load() != 3 {
			t.Errorf("a later delivery got what was read before it came: %d look-ups, %v", count.Load(), err)
		}
	})
}

// A secret that was changed before a delivery came is the one that it is checked with.
func TestNobodyGetsALookUpThatBeganBeforeTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, goOn, version := make(chan struct{}), make(chan struct{}), "rl_old"
		l := newLookups(func(context.Context, string) (HookedLink, error) {
			read := version
			if read == "rl_old" {
				close(began)
				<-goOn
			}
			return HookedLink{link: fairlead.RepositoryLink{ID: read}}, nil
		})
		var first sync.WaitGroup
		first.Go(func() { _, _ = l.get(t.Context(), "rl_one") })
		<-began
		version = "rl_new"
		if got, err := l.get(t.Context(), "rl_one"); err != nil || got.link.ID != "rl_new" {
			t.Errorf("got %+v, %v", got, err)
		}
		close(goOn)
		first.Wait()
	})
}

func TestWhoeverGivesUpDoesNotStopALookUpForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, goOn := countedLookups()
		impatient, giveUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { _, _ = l.get(impatient, "rl_one") }) // it looks for all
		synctest.Wait()
		all.Go(func() {
			if got, err := l.get(t.Context(), "rl_one"); err != nil || got.link.ID != "rl_one" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
		all.Go(func() {
			if _, err := l.get(impatient, "rl_one"); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		giveUp()
		synctest.Wait()
		close(goOn)
		all.Wait()
	})
}
