package linking

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"fairlead"
)

func TestOneAtATimeHasTheTurnAndNothingIsKeptAfterwards(t *testing.T) {
	turns := newTurns()
	working, most := map[string]int{}, 0
	var mu sync.Mutex
	var group sync.WaitGroup
	for i := range 60 {
		id := fmt.Sprint("co_", i%3)
		group.Go(func() {
			done, err := turns.take(t.Context(), id)
			if err != nil {
				t.Error(err)
				return
			}
			defer done()
			mu.Lock()
			working[id]++
			most = max(most, working[id])
			mu.Unlock()
			defer func() { mu.Lock(); defer mu.Unlock(); working[id]-- }()
		})
	}
	group.Wait()
	if most != 1 || len(turns.held) != 0 {
		t.Errorf("%d at once, %d kept", most, len(turns.held))
	}
}

func TestWhoeverStopsWaitingForTheTurnLeavesNothingBehind(t *testing.T) {
	turns := newTurns()
	done, err := turns.take(t.Context(), "co_1")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := turns.take(ctx, "co_1"); err == nil {
		t.Error("two have the turn")
	}
	done()
	if len(turns.held) != 0 {
		t.Errorf("%d kept", len(turns.held))
	}
}

func TestBudgetsThatAreFullAgainAreForgotten(t *testing.T) {
	b, now := newBudget(), time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for i := range budgetEntries {
		if err := b.take(fmt.Sprint("ac_", i), now, ofCalls); err != nil {
			t.Fatal(err)
		}
	}
	b.pause("ac_7", now, &fairlead.Diagnosis{RetryAfter: 2 * time.Hour})
	now = now.Add(time.Hour)
	if err := b.take("ac_new", now, ofCalls); err != nil || len(b.entries) != 2 {
		t.Errorf("%d kept, %v", len(b.entries), err)
	}
	if b.take("ac_7", now, ofChecks) == nil {
		t.Error("a pause is forgotten")
	}
}
