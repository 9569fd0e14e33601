package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func sleepUntil(at time.Time) { time.Sleep(time.Until(at)) }

func TestTheScheduleIsFixedAndDoesNotDrift(t *testing.T) {
	for i, want := range map[int]time.Duration{0: 0, 1: 5 * time.Millisecond, 200: time.Second, 2001: 10*time.Second + 5*time.Millisecond} {
		if got := due(i, 200); got != want {
			t.Errorf("request %d is due after %s, want %s", i, got, want)
		}
	}
	if got := due(3*1000, 3); got != 1000*time.Second {
		t.Errorf("a rate that divides no second drifts: %s", got)
	}
}

// A server that stalls for a second delays every request that was due in it, and each shows how long it waited. A
// generator that waited for the slow answer would have shown one slow request.
func TestAStallIsSeenByEveryRequestThatWasDueInIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := time.Now().Add(2 * time.Second)
		samples := openLoop(t.Context(), 400, 100, 1, sleepUntil, func(int) error {
			if now := time.Now(); now.After(over.Add(-time.Second)) && now.Before(over) {
				sleepUntil(over)
			}
			return nil
		})
		var slow int
		for _, s := range samples {
			if s.took > 0 {
				slow++
			}
		}
		if slow != 99 { // due after 1.01 s to 1.99 s
			t.Errorf("%d requests saw the stall, want 99", slow)
		}
		if got := percentile(tookOf(samples, anyKind), 100); got != 990*time.Millisecond {
			t.Errorf("the longest took %s, want 990ms", got)
		}
	})
}

// When the generator itself is late, the requests look slow, never fast.
func TestALateGeneratorCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := func(at time.Time) { sleepUntil(at.Add(3 * time.Millisecond)) }
		for _, s := range openLoop(t.Context(), 10, 100, 1, late, func(int) error { return nil }) {
			if s.took != 3*time.Millisecond {
				t.Errorf("took %s, want 3ms", s.took)
			}
		}
	})
}

func TestTheKindsTakeTurnsAndFailuresAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		samples := openLoop(t.Context(), 7, 100, 3, sleepUntil, func(kind int) error {
			if kind == 2 {
				return broken
			}
			return nil
		})
		for i, s := range samples {
			if s.kind != i%3 || (s.err != nil) != (i%3 == 2) {
				t.Errorf("sample %d is %+v", i, s)
			}
		}
		if n := len(tookOf(samples, 0)); n != 3 {
			t.Errorf("%d samples of the first kind, want 3", n)
		}
	})
}

func TestAnInterruptedLoadEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 55*time.Millisecond)
		defer cancel()
		if n := len(openLoop(ctx, 1000, 100, 1, sleepUntil, func(int) error { return nil })); n != 6 {
			t.Errorf("%d requests were sent, want 6", n)
		}
	})
}

func TestAClosedLoopCountsAnswersUntilItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		send := func() error { time.Sleep(10 * time.Millisecond); return nil }
		if n, err := closedLoop(t.Context(), []func() error{send, send}, 95*time.Millisecond); n != 20 || err != nil {
			t.Errorf("got %d answers, %v, want 20", n, err)
		}
		broken := func() error { return errors.New("broken") }
		if _, err := closedLoop(t.Context(), []func() error{send, broken}, 95*time.Millisecond); err == nil {
			t.Error("a failure was not told")
		}
	})
}
