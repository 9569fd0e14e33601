package views

import (
	"strconv"
	"time"

	"github.com/a-h/templ"

	"fairlead"
)

// DeliveryLog is one page of a log of deliveries: of a project, or of one link.
type DeliveryLog struct {
	Project    string                           // its key
	Link       string                           // id of the link whose log this is; "" for the project's
	CommitURL  func(d fairlead.Delivery) string // the page of its newest commit, "" if there is none; nil if that is not known
	Names      map[string]string                // full names of repositories by the ids of their links, for the project's log
	Deliveries []fairlead.Delivery              // newest first
	Show       fairlead.Showing
	Before     fairlead.Cursor // where this page begins; zero for the newest
	Older      fairlead.Cursor // where the next page begins; zero if there is none
	Newest     fairlead.Cursor // the newest delivery known when the page was drawn, to count those after it
	Newer      int             // how many came since
	Open       string          // id of the delivery that is open
}

// isFirst reports whether this is the unfiltered log's or the filter's newest page.
func (v DeliveryLog) isFirst() bool { return v.Before.IsZero() }

// hasFilter reports whether there is anything to choose from.
func (v DeliveryLog) hasFilter() bool {
	return len(v.Deliveries) > 0 || v.Show != fairlead.ShowAll || !v.isFirst()
}

// page is where the log stands, part where it is asked for alone.
func (v DeliveryLog) page() string {
	if v.Link != "" {
		return LinkPath(v.Project, v.Link)
	}
	return ProjectDeliveriesPath(v.Project)
}

func (v DeliveryLog) part() string {
	if v.Link != "" {
		return LinkPath(v.Project, v.Link) + "/deliveries"
	}
	return ProjectDeliveriesPath(v.Project)
}

// turn makes a link lead to another page of the log: whole without script, the log alone with it.
func (v DeliveryLog) turn(show fairlead.Showing, before fairlead.Cursor) templ.Attributes {
	at := func(path string) string { return withQuery(path, "show", string(show), "before", before.String()) }
	return templ.Attributes{"href": at(v.page()), "hx-get": at(v.part()), "hx-target": "#log", "hx-swap": "outerHTML", "hx-push-url": at(v.page())}
}

func (v DeliveryLog) newerHref() string {
	path := ProjectDeliveriesPath(v.Project)
	if v.Link != "" {
		path = LinkPath(v.Project, v.Link) + "/deliveries"
	}
	return withQuery(path+"/newer", "show", string(v.Show), "after", v.Newest.String())
}

// newerWords say how many came; counting stops at 100.
func newerWords(n int) string {
	if n >= 100 {
		return "100 or more new deliveries"
	}
	if n == 1 {
		return "1 new delivery"
	}
	return strconv.Itoa(n) + " new deliveries"
}

var deliveryFilters = []struct {
	id, name string
	show     fairlead.Showing
}{
	{"all", "All", fairlead.ShowAll},
	{"recorded", "Recorded", fairlead.ShowRecorded},
	{"ignored", "Ignored", fairlead.ShowIgnored},
	{"attention", "Needs attention", fairlead.ShowAttention},
}

func nothingShown(show fairlead.Showing) string {
	switch show {
	case fairlead.ShowRecorded:
		return "Nothing was recorded yet"
	case fairlead.ShowIgnored:
		return "Nothing was ignored"
	case fairlead.ShowAttention:
		return "Nothing needs attention"
	}
	return "Nothing was delivered yet"
}

// spoken is the page in a few words.
func (v DeliveryLog) spoken() string {
	switch {
	case len(v.Deliveries) > 0:
		return atLeast(len(v.Deliveries), !v.Older.IsZero(), "delivery", "deliveries")
	case !v.Before.IsZero():
		return "There is nothing older"
	}
	return nothingShown(v.Show)
}

func (v DeliveryLog) days() []day[fairlead.Delivery] {
	return byDay(v.Deliveries, func(d fairlead.Delivery) time.Time { return d.ReceivedAt })
}

// verdicts say each verdict in a word, as a tone, and as the point where a push stopped.
var verdicts = map[fairlead.Verdict]struct {
	name  string
	tone  Tone
	title string
}{
	fairlead.VerdictWaiting:   {"Waiting", ToneRun, "Waiting to be processed"},
	fairlead.VerdictRecorded:  {"Recorded", ToneOK, "Recorded"},
	fairlead.VerdictCaughtUp:  {"Caught up", ToneWarn, "Recorded"},
	fairlead.VerdictBranch:    {"Ignored", ToneMute, "Branch is not followed"},
	fairlead.VerdictPath:      {"Ignored", ToneMute, "No file matches"},
	fairlead.VerdictTag:       {"Ignored", ToneMute, "Tags are not followed"},
	fairlead.VerdictDeletion:  {"Ignored", ToneMute, "Removed branches are not followed"},
	fairlead.VerdictEvent:     {"Ignored", ToneMute, "Nothing to record in this event"},
	fairlead.VerdictPaused:    {"Ignored", ToneMute, "The link was not in use"},
	fairlead.VerdictDuplicate: {"Ignored", ToneMute, "Recorded before"},
	fairlead.VerdictFailed:    {"Failed", ToneBad, "What changed could not be read"},
}

func verdictName(v fairlead.Verdict) string { return verdicts[v].name }

func verdictTone(v fairlead.Verdict) Tone { return verdicts[v].tone }

// byRule reports whether another rule of the link would have recorded it.
func byRule(v fairlead.Verdict) bool {
	switch v {
	case fairlead.VerdictBranch, fairlead.VerdictPath, fairlead.VerdictTag, fairlead.VerdictDeletion:
		return true
	}
	return false
}

// pushWords begin what a delivery did, before the name of its first ref.
func pushWords(d fairlead.Delivery) string {
	switch {
	case d.RefType == fairlead.RefTag:
		return "Tag"
	case d.Forced > 0 && d.More == 0:
		return "Forced push to"
	}
	return "Push to"
}

// moreWords go on after it: with the refs that are not named, and with what was forced where the beginning cannot say it.
func moreWords(d fairlead.Delivery) string {
	words := ""
	if d.More > 0 {
		words = " and " + count(d.More, "more ref")
	}
	switch {
	case d.Forced > 0 && d.More > 0:
		words += ", " + strconv.Itoa(d.Forced) + " forced"
	case d.Forced > 0 && d.RefType == fairlead.RefTag:
		words += ", forced"
	}
	return words
}

// deliveryNote is one line about what came of a delivery.
func deliveryNote(d fairlead.Delivery) string {
	nothingToCount := d.Commits == 0 && d.Files == 0 // as of a new tag, or of a removed branch
	if d.Reason != "" && (d.Verdict != fairlead.VerdictRecorded || nothingToCount) {
		return d.Reason
	}
	if d.Verdict == fairlead.VerdictRecorded || d.Verdict == fairlead.VerdictCaughtUp {
		return count(d.Commits, "commit") + ", " + count(d.Files, "file")
	}
	return verdicts[d.Verdict].title
}

// deliveryLadder says how far a delivery got; with its reason, where that does not stand beside it already.
func deliveryLadder(d fairlead.Delivery, reason bool) []Rung {
	rungs := []Rung{
		{Tone: ToneOK, Name: "Received and stored", Evidence: clock(d.ReceivedAt)},
		{Tone: ToneOK, Name: "Signature matches this link’s secret"},
	}
	if d.Source == fairlead.SourceCatchUp {
		rungs = []Rung{{Tone: ToneOK, Name: "Found by asking the host", Evidence: clock(d.ReceivedAt)}}
	}
	if d.Verdict == fairlead.VerdictCaughtUp {
		rungs = append([]Rung{{Tone: ToneWarn, Name: "Webhook", Evidence: "never came"}}, rungs...)
	}
	last := Rung{Tone: verdictTone(d.Verdict), Name: verdicts[d.Verdict].title, Strong: true}
	if reason && d.Reason != "" {
		last.Notes = []string{d.Reason}
	}
	switch d.State {
	case fairlead.DeliveryWaiting, fairlead.DeliveryWorking:
		if d.Attempts > 0 {
			last.Notes = append(last.Notes, triesWords(d.Attempts)+nextTry(d))
		}
	default:
		if d.Verdict == fairlead.VerdictCaughtUp {
			last.Tone = ToneOK
		}
		last.Evidence = tookWords(d.Took())
	}
	return append(rungs, last)
}

func nextTry(d fairlead.Delivery) string {
	if d.NextAt.IsZero() {
		return " so far."
	}
	return " so far. The next one is at " + clock(d.NextAt) + "."
}

// triesWords count how often a delivery was worked on.
func triesWords(n int) string {
	switch n {
	case 0:
		return "None yet"
	case 1:
		return "1 try"
	}
	return strconv.Itoa(n) + " tries"
}

func clock(at time.Time) string { return at.UTC().Format("15:04:05") }

// tookWords are a duration as people read it: "31 ms", "4.2 s", "3 min".
func tookWords(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Second:
		return strconv.FormatInt(max(1, d.Milliseconds()), 10) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < 2*time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + " min"
	}
	return strconv.Itoa(int(d/time.Hour)) + " h"
}

// waiting is the delivery as it stands: while the link's connection is not in use, no next try helps.
func (v DeliveryDetail) waiting() fairlead.Delivery {
	d := v.Delivery
	if c := v.Row.Link.Connection; v.IsOpen() && c.ID != "" && !c.IsAlive() {
		d.Reason, d.NextAt = "Waits for the connection of "+c.Person.Name+".", time.Time{}
	}
	return d
}
