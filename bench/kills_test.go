package main

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

func TestPointsOfKillsAreRandomDifferentAndRepeatable(t *testing.T) {
	points := killPoints(rand.New(rand.NewPCG(7, 0)), 100, 10_000)
	if len(points) != 100 || !slices.IsSorted(points) || len(slices.Compact(slices.Clone(points))) != 100 || points[0] < 0 || points[99] >= 9_999 {
		t.Errorf("got %v", points)
	}
	if again := killPoints(rand.New(rand.NewPCG(7, 0)), 100, 10_000); !slices.Equal(points, again) {
		t.Error("the same seed gives other points")
	}
	if other := killPoints(rand.New(rand.NewPCG(8, 0)), 100, 10_000); slices.Equal(points, other) {
		t.Error("another seed gives the same points")
	}
}

// A receiver that forgets, breaks off and refuses is asked again until it says that it has the delivery.
func TestWhatIsNotAcknowledgedIsSentAgain(t *testing.T) {
	var mu sync.Mutex
	tries, kept := map[string]int{}, map[string]int{}
	h := sampleHook(t)
	killedAfterCommit := h.id(5)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Uuid")
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		switch tries[id]++; tries[id] {
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 3:
			kept[id]++
			if id == killedAfterCommit {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(http.StatusAccepted)
		default:
			w.WriteHeader(http.StatusOK)
		}
	}))
	defer server.Close()
	b := &burst{hook: h, address: server.Listener.Addr().String(), total: 20}
	var sending sync.WaitGroup
	for range 3 {
		sending.Go(func() { b.send(context.Background()) })
	}
	sending.Wait()
	var ids []string
	for i := range b.total {
		ids = append(ids, b.hook.id(i))
	}
	if lost, double := compare(ids, kept); lost != 0 || double != 0 || b.acked.Load() != 20 || b.repeated.Load() != 1 || b.unanswered.Load() != 41 {
		t.Errorf("lost %d, double %d, acknowledged %d, repeated %d, unanswered %d", lost, double, b.acked.Load(), b.repeated.Load(), b.unanswered.Load())
	}
}

func TestWhatIsLostAndWhatIsDoubleIsCounted(t *testing.T) {
	if lost, double := compare([]string{"a", "b", "c"}, map[string]int{"a": 1, "b": 2, "d": 3}); lost != 1 || double != 2 {
		t.Errorf("lost %d, double %d", lost, double)
	}
}
