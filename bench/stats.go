package main

import (
	"cmp"
	"math"
	"slices"
)

// percentile is the nearest-rank percentile: the smallest value that at least p percent of all values do not exceed. It
// never invents a value between two measured ones.
func percentile[T cmp.Ordered](values []T, p float64) T {
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

func median[T cmp.Ordered](values []T) T { return percentile(values, 50) }

// spread is what a figure of several rounds comes to.
type spread[T cmp.Ordered] struct{ min, median, max T }

func spreadOf[T cmp.Ordered](values []T) spread[T] {
	return spread[T]{slices.Min(values), median(values), slices.Max(values)}
}
