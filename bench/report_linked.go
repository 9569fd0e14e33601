package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The bounds of linked repositories.
const (
	boundDurable = 1.5 // times a commit for each
	boundMedian  = 5 * time.Millisecond
	boundTail    = 25 * time.Millisecond
	boundPage    = 10 * time.Millisecond
	boundTrips   = 2
)

// eachRound is a percentile of each round.
func eachRound(rounds [][]sample, p float64) (all []time.Duration) {
	for _, samples := range rounds {
		all = append(all, percentile(tookOf(samples, anyKind), p))
	}
	return all
}

// slowestPage is the page of the long log with the largest p99.
func (l longLogResult) slowestPage() pageResult {
	return slices.MaxFunc(l.pages, func(a, b pageResult) int { return int(percentile(a.long, 99) - percentile(b.long, 99)) })
}

// linkedFigures are the lines of what needs a repository link.
func (r *results) linkedFigures() []figure {
	rates, floorRates := spreadOf(r.hooks.durable.product), spreadOf(r.hooks.durable.floor)
	ratio := rates.median / floorRates.median
	middles, floorMiddles := spreadOf(eachRound(r.hooks.answers.product, 50)), spreadOf(eachRound(r.hooks.answers.floor, 50))
	tails, floorTails := spreadOf(eachRound(r.hooks.answers.product, 99)), spreadOf(eachRound(r.hooks.answers.floor, 99))
	page := r.longLog.slowestPage()
	long, short := percentile(page.long, 99), percentile(page.short, 99)
	k, plans := r.kills, r.longLog.plans
	return []figure{
		{"durable deliveries/s", perS(rates.median), "1.5 × one commit each", ratio >= boundDurable, perS(floorRates.median), fmt.Sprintf("%.2f", ratio), spreadText(rates, perS)},
		{fmt.Sprintf("answer to a delivery at %d/s, p50", hooksPerS), ms(middles.median), "5 ms", middles.median <= boundMedian, ms(floorMiddles.median),
			times(middles.median, floorMiddles.median), spreadText(middles, ms)},
		{fmt.Sprintf("answer to a delivery at %d/s, p99", hooksPerS), ms(tails.median), "25 ms", tails.median <= boundTail, ms(floorTails.median),
			times(tails.median, floorTails.median), spreadText(tails, ms)},
		{fmt.Sprintf("lost, double after %d kills", k.kills), fmt.Sprintf("%d, %d of %d", k.lost, k.double, k.acknowledged), "0, 0",
			k.lost == 0 && k.double == 0 && k.acknowledged == k.sent, "", "", ""},
		{fmt.Sprintf("slowest page of a log of %s, p99 (%s)", grouped(r.longLog.rows), page.name), ms(long), "10 ms", long <= boundPage,
			"of " + grouped(shortLog) + ": " + ms(short), times(long, short), spreadText(spreadOf(page.long), ms)},
		{"query plans unlike those of " + grouped(shortLog), fmt.Sprintf("%d of %d", len(plans.different), plans.queries), "0",
			len(plans.different) == 0 && len(plans.walking) == 0, "", "", ""},
		{fmt.Sprintf("round trips of the picker's first page, %s repositories", grouped(pickerRepositories)), fmt.Sprint(r.picker.trips), "2",
			r.picker.trips <= boundTrips, "", "", ""},
		{"time of the picker's first page", ms(median(r.picker.took)), "none", true, "", "", spreadText(spreadOf(r.picker.took), ms)},
	}
}

// linkedTables are the parts of those figures, and their conditions.
func (r *results) linkedTables() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nThe pages of a log of deliveries, each opened %d times, one at a time:\n\n| Page | %s: p50 | p99 | %s: p50 | p99 | max |\n|---|---|---|---|---|---|\n",
		pageRounds, grouped(shortLog), grouped(r.longLog.rows))
	for _, p := range r.longLog.pages {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", p.name, ms(median(p.short)), ms(percentile(p.short, 99)),
			ms(median(p.long)), ms(percentile(p.long, 99)), ms(slices.Max(p.long)))
	}
	fmt.Fprintf(&b, "\nThe plans of all %d queries that read a log:\n\n", r.longLog.plans.queries)
	for _, plan := range r.longLog.plans.examples {
		fmt.Fprintf(&b, "- `%s`\n", strings.TrimSuffix(plan, "; "))
	}
	for _, name := range slices.Concat(r.longLog.plans.different, r.longLog.plans.walking) {
		fmt.Fprintf(&b, "- **not so**: %s\n", name)
	}
	k, h := r.kills, r.hooks
	fmt.Fprintf(&b, "\nKills: %d with SIGKILL, at random points (seed %d) of %s deliveries from %d senders, in %s. The product did not answer %s sends, which were repeated; "+
		"%d of those were answered as stored before. Acknowledged %s, lost %d, double %d. The database was whole.\n",
		k.kills, k.seed, grouped(k.sent), burstSenders, k.took.Round(100*time.Millisecond), grouped(int(k.unanswered)), k.repeated, grouped(k.acknowledged), k.lost, k.double)
	fmt.Fprintf(&b, "\nDeliveries: bodies of %s, %d senders for the rate, rounds of %s; of %s accepted in these loads %s had been worked off when they ended. "+
		"Each cost the product, worker and simulated host included, %s of processor time; %s went to the disk for it, of the loop of commits %s. The loop of commits: %s per second. Answers of the bare server: p50 %s, p99 %s.\n",
		kB(int64(h.payload)), hookSenders, r.options.load/2, grouped(int(h.accepted)), grouped(int(h.workedOff)), us(median(h.work)), kB(int64(median(h.written.product))), kB(int64(median(h.written.floor))), spreadText(spreadOf(h.durable.floor), perS),
		spreadText(spreadOf(eachRound(h.answers.floor, 50)), ms), spreadText(spreadOf(eachRound(h.answers.floor, 99)), ms))
	fmt.Fprintf(&b, "\nThe picker asked the host for `%s`.\n", strings.Join(r.picker.paths, "`, `"))
	return b.String()
}

// grouped writes a number with commas.
func grouped(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
