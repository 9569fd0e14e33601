package main

import (
	"testing"
	"time"
)

func TestAPercentileIsAValueThatWasMeasured(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = 100 - i // not sorted
	}
	for _, c := range []struct {
		values []int
		p      float64
		want   int
	}{
		{hundred, 50, 50}, {hundred, 99, 99}, {hundred, 100, 100}, {hundred, 0, 1}, {hundred, 98.5, 99},
		{[]int{7}, 99, 7}, {[]int{3, 1}, 50, 1}, {[]int{1, 2, 3}, 50, 2}, {[]int{1, 2, 3, 4}, 99, 4},
	} {
		if got := percentile(c.values, c.p); got != c.want {
			t.Errorf("p%v of %d values is %d, want %d", c.p, len(c.values), got, c.want)
		}
	}
	if hundred[0] != 100 {
		t.Error("the values were sorted in place")
	}
}

func TestASpreadShowsTheNoise(t *testing.T) {
	got := spreadOf([]time.Duration{5, 1, 9})
	if want := (spread[time.Duration]{1, 5, 9}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
