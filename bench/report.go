package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// The bounds.
const (
	boundVisit    = 32_000
	boundRequests = 6
	boundStep1    = 14_000
	boundStart    = 60 * time.Millisecond
	boundFresh    = 25_000_000
	boundUsed     = 45_000_000
	boundFragment = 5 * time.Millisecond
	boundRatio    = 0.5
	boundBinary   = 20_000_000
)

const step1Page = "Wizard, step 1"

// figure is one line of the table.
type figure struct {
	name, measured, bound string
	holds                 bool
	floor, ratio, spread  string
}

func (r *results) markdown() string {
	var b strings.Builder
	b.WriteString("| Figure | Measured | Bound | Holds | Bare server | Ratio | Rounds: min / median / max |\n|---|---|---|---|---|---|---|\n")
	for _, f := range slices.Concat(r.figures(), r.linkedFigures()) {
		holds := "yes"
		if !f.holds {
			holds = "**no**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", f.name, f.measured, f.bound, holds, f.floor, f.ratio, f.spread)
	}
	b.WriteString("\nA first visit of each page, with an empty cache:\n\n| Page | All | of it HTML | of it CSS | Requests | From elsewhere | HTML without compression |\n|---|---|---|---|---|---|---|\n")
	for _, v := range r.visits {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %d | %s | %s |\n", v.page, kB(v.received), kB(v.html), kB(v.css), v.requests, elsewhere(v), kB(v.plain))
	}
	b.WriteString("\nThe wizard's fragments, all rounds together:\n\n| Fragment | p50 | p99 | max | Bare server: p50 | p99 | max |\n|---|---|---|---|---|---|---|\n")
	for i, q := range r.kinds {
		product, floor := tookOf(slices.Concat(r.fragments.product...), i), tookOf(slices.Concat(r.fragments.floor...), i)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", q.name, ms(median(product)), ms(percentile(product, 99)), ms(slices.Max(product)),
			ms(median(floor)), ms(percentile(floor, 99)), ms(slices.Max(floor)))
	}
	b.WriteString(r.linkedTables())
	fmt.Fprintf(&b, "\n%s\n", r.circumstances())
	return b.String()
}

func elsewhere(v visit) string {
	if len(v.foreign) == 0 {
		return "nothing"
	}
	return strings.Join(v.foreign, " ")
}

func (r *results) figures() []figure {
	heaviest := slices.MaxFunc(r.visits, func(a, b visit) int { return int(a.received - b.received) })
	requests, foreign, step1 := 0, 0, int64(0)
	for _, v := range r.visits {
		requests, foreign = max(requests, v.requests), foreign+len(v.foreign)
		if v.page == step1Page {
			step1 = v.html + v.css
		}
	}
	starts, floorStarts := spreadOf(r.starts.product), spreadOf(r.starts.floor)
	tails, floorTails := spreadOf(eachRound(r.fragments.product, 99)), spreadOf(eachRound(r.fragments.floor, 99))
	rates, floorRates := spreadOf(r.throughput.product), spreadOf(r.throughput.floor)
	ratio := rates.median / floorRates.median
	work, floorWork := median(r.work.product), median(r.work.floor)
	return []figure{
		{"heaviest first visit (" + heaviest.page + ")", kB(heaviest.received), "32 kB", heaviest.received <= boundVisit, "", "", ""},
		{"requests of a first visit", fmt.Sprint(requests), "6", requests <= boundRequests, "", "", ""},
		{"loaded from third parties", fmt.Sprint(foreign), "0", foreign == 0, "", "", ""},
		{"HTML and CSS of the wizard's step 1", kB(step1), "14 kB", step1 <= boundStep1, "", "", ""},
		{"start to the first answer, existing data", ms(starts.median), "60 ms", starts.median <= boundStart, ms(floorStarts.median), times(starts.median, floorStarts.median), spreadText(starts, ms)},
		{"memory before the first sign-in", mB(r.fresh), "25 MB", r.fresh <= boundFresh, "", "", ""},
		{fmt.Sprintf("memory %s after one sign-in and 300 requests", r.options.idle), mB(r.used), "45 MB", r.used <= boundUsed, "", "", ""},
		{"p99 of the wizard's fragments, 200 requests/s", ms(tails.median), "5 ms", tails.median <= boundFragment, ms(floorTails.median), times(tails.median, floorTails.median), spreadText(tails, ms)},
		{"signed-in GitOps list, requests/s", perS(rates.median), "half of the bare server", ratio >= boundRatio, perS(floorRates.median), fmt.Sprintf("%.2f", ratio), spreadText(rates, perS)},
		{"processor time of the server per GitOps list", us(work), "none", true, us(floorWork), times(work, floorWork), spreadText(spreadOf(r.work.product), us)},
		{"binary, static", mB(r.binarySize), "20 MB", r.binarySize <= boundBinary, "", "", ""},
	}
}

// circumstances are the conditions and the noise, as sentences.
func (r *results) circumstances() string {
	c, o := r.conditions, r.options
	load := "How busy the machine was otherwise is not known."
	if c.busy >= 0 {
		load = fmt.Sprintf("Just before the run other work kept %.0f %% of the cores busy.", 100*c.busy)
		if c.busy > 0.05 {
			load += " **The figures were taken under that load.**"
		}
	}
	return fmt.Sprintf("Conditions: %s, %d cores (servers limited to 2), %s, Linux %s, commit %s, %s. %s %d rounds of %s for each load, %d starts; "+
		"product and bare server in turn. The bare server's rounds: p99 of the fragments %s, requests/s %s, starts %s. The body of the GitOps list is %s.",
		c.processor, c.cores, c.goVersion, c.kernel, c.commit, c.date, load, o.rounds, o.load, o.starts,
		spreadText(spreadOf(eachRound(r.fragments.floor, 99)), ms), spreadText(spreadOf(r.throughput.floor), perS), spreadText(spreadOf(r.starts.floor), ms), kB(int64(r.listBytes)))
}

const anyKind = -1

func tookOf(samples []sample, kind int) (all []time.Duration) {
	for _, s := range samples {
		if kind == anyKind || s.kind == kind {
			all = append(all, s.took)
		}
	}
	return all
}

func kB(n int64) string         { return fmt.Sprintf("%.1f kB", float64(n)/1e3) }
func mB(n int64) string         { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
func perS(rate float64) string  { return fmt.Sprintf("%.0f", rate) }
func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/1e6) }
func us(d time.Duration) string { return fmt.Sprintf("%.0f µs", float64(d)/1e3) }

func times(product, floor time.Duration) string {
	return fmt.Sprintf("%.1f", float64(product)/float64(floor))
}

func spreadText[T int64 | float64 | time.Duration](s spread[T], text func(T) string) string {
	return text(s.min) + " / " + text(s.median) + " / " + text(s.max)
}

// The figures stand between these lines of the document; the words around them are written by people.
const (
	figuresBegin = "<!-- figures: written by \"task bench -- --write\" -->\n"
	figuresEnd   = "<!-- end of figures -->\n"
)

func writeFigures(document, figures string) error {
	old, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	text, err := replaceFigures(string(old), figures)
	if err != nil {
		return err
	}
	return os.WriteFile(document, []byte(text), 0o644)
}

func replaceFigures(document, figures string) (string, error) {
	before, rest, hasBegin := strings.Cut(document, figuresBegin)
	_, after, hasEnd := strings.Cut(rest, figuresEnd)
	if !hasBegin || !hasEnd {
		return "", fmt.Errorf("the document has no lines %q and %q", figuresBegin, figuresEnd)
	}
	return before + figuresBegin + "\n" + figures + "\n" + figuresEnd + after, nil
}
