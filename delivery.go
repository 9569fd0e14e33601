package fairlead

import (
	"strings"
	"time"
)

// Prefixes of the ids of what arrives.
const (
	PrefixDelivery = "dl_"
	PrefixPush     = "ps_"
)

// DeliverySource says how a delivery came.
type DeliverySource string

// The sources of deliveries.
const (
	SourceWebhook DeliverySource = "webhook"
	SourceCatchUp DeliverySource = "catch-up" // the regular comparison of heads found it
)

// DeliveryState is where a delivery stands.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryWaiting DeliveryState = "waiting" // for the worker, or for its next try
	DeliveryWorking DeliveryState = "working" // leased by a worker
	DeliveryDone    DeliveryState = "done"
	DeliveryFailed  DeliveryState = "failed" // given up; can be processed again by hand
)

// Verdict is what became of a delivery or of one push in it.
type Verdict string

// The verdicts.
const (
	VerdictWaiting   Verdict = "waiting"           // not worked off yet
	VerdictRecorded  Verdict = "recorded"          // a push with its files was written down
	VerdictCaughtUp  Verdict = "caught_up"         // recorded, but no webhook told of it
	VerdictBranch    Verdict = "ignored_branch"    // the link does not follow this branch
	VerdictPath      Verdict = "ignored_path"      // no changed file matches the path filter
	VerdictTag       Verdict = "ignored_tag"       // the link does not follow tags
	VerdictDeletion  Verdict = "ignored_deletion"  // the link does not follow removed branches
	VerdictEvent     Verdict = "ignored_event"     // no push, or nothing in it
	VerdictPaused    Verdict = "ignored_paused"    // the link was not in use: its project archived, or itself removed
	VerdictDuplicate Verdict = "ignored_duplicate" // recorded before, by the webhook or by the regular check
	VerdictFailed    Verdict = "failed"            // the host did not tell what changed, after several tries
)

// Verdicts lists every verdict, in the order of the documentation.
func Verdicts() []Verdict {
	return []Verdict{VerdictWaiting, VerdictRecorded, VerdictCaughtUp, VerdictBranch, VerdictPath, VerdictTag, VerdictDeletion,
		VerdictEvent, VerdictPaused, VerdictDuplicate, VerdictFailed}
}

// IsIgnored reports whether nothing was recorded, on purpose.
func (v Verdict) IsIgnored() bool { return strings.HasPrefix(string(v), "ignored_") }

// NeedsAttention reports whether somebody should look at it.
func (v Verdict) NeedsAttention() bool { return v == VerdictFailed || v == VerdictCaughtUp }

// Delivery is one event that a host sent to a link's webhook, or that the regular check made up for a lost one.
type Delivery struct {
	ID         string
	LinkID     string
	ProjectID  string
	HostID     string // the host's id of the delivery, unique for the link
	Event      string // as the host names it
	Source     DeliverySource
	Address    string // where it came from: the client's IP address
	State      DeliveryState
	Verdict    Verdict
	Reason     string     // why, in a sentence
	Diagnosis  *Diagnosis // what the host answered when the last try failed; nil otherwise
	Ref        string     // of its first push, for lists: "main"
	RefType    RefType    // of Ref; "" for a branch too
	More       int        // further pushes in it
	Forced     int        // pushes in it that replaced history
	Commits    int        // of its pushes together
	Files      int        // matched, of its pushes together
	Actor      string     // who pushed, as the host tells it
	Head       string     // the newest commit, for a link to the host
	ReceivedAt time.Time
	FinishedAt time.Time // zero while it is not done
	Attempts   int       // tries of the worker that count
	Claim      int64     // rises each time a worker takes it: whose hands it is in
	NextAt     time.Time // of the next try; zero when there is none
	Place      int64     // in the log: of two deliveries at the same instant, the later has the larger
}

// Took is how long it took from receipt to verdict; 0 while there is none.
func (d Delivery) Took() time.Duration {
	if d.FinishedAt.IsZero() {
		return 0
	}
	return d.FinishedAt.Sub(d.ReceivedAt)
}

// Payload is what came over the wire; it is kept for a limited time.
type Payload struct {
	Headers map[string]string
	Body    []byte // nil when it is no longer kept
}

// Push is one change of one ref that a delivery told of.
type Push struct {
	ID         string
	DeliveryID string
	LinkID     string
	Change     RefChange
	Verdict    Verdict
	Reason     string
	Actor      string
	Comparison Comparison // what the host says differs
	Matched    int        // changed files that the path filter wants
	At         time.Time
	Position   int      // in its delivery, from 0
	Hashes     []string // of all commits that were read, newest first, also those that Comparison leaves out; not read back
	Incomplete bool     // it may have brought commits that it is not found by; not read back
	Open       bool     // the link's head did not go over this change of a followed branch; not read back
	Told       int64    // place of the newest delivery that told of it
	Stale      bool     // its delivery is to be judged anew
}

// Rejection is a request to a link's webhook that was refused. Nothing of its body is kept.
type Rejection struct {
	At     time.Time
	Reason string // a sentence
	Code   DiagnosisCode
	Source string // the client's IP address
}

// DeliveryFilter chooses deliveries of one link or of one project.
type DeliveryFilter struct {
	LinkID, ProjectID string  // exactly one is set
	Show              Showing // "" is all
}

// Showing is a filter of a list of deliveries.
type Showing string

// What a list of deliveries can show.
const (
	ShowAll       Showing = ""
	ShowRecorded  Showing = "recorded"
	ShowIgnored   Showing = "ignored"
	ShowAttention Showing = "attention"
)

// ParseShowing accepts exactly the known filters; anything else shows all.
func ParseShowing(s string) Showing {
	switch show := Showing(s); show {
	case ShowRecorded, ShowIgnored, ShowAttention:
		return show
	}
	return ShowAll
}

// Cursor is the place of a delivery, to go on from there.
func (d Delivery) Cursor() Cursor { return Cursor{At: d.ReceivedAt, Place: d.Place} }

// Arrival is a delivery on its way into the database, with what came over the wire.
type Arrival struct {
	Delivery Delivery
	Payload  Payload
}

// Head is how far a link has followed a branch or a tag.
type Head struct {
	Ref       Ref
	Hash      string    // the last commit that was worked off
	Suspect   string    // another one that the host has, seen by the regular check and not told by the webhook; "" if none
	SuspectAt time.Time // when that was first seen
	// FollowedAt is since when the link follows the ref: what came before is none of its business.
	FollowedAt time.Time
}

// HeadSync is what a comparison of a link's heads with the host's found.
type HeadSync struct {
	At     time.Time // when the host was asked
	Place  int64     // of the newest delivery at that time; what later ones move stays as they leave it
	Before []Head    // the heads as they were read
	After  []Head    // as they should be; a ref that is gone is missing
	Behind []Ref     // those of which everything that was told until then lies behind the head
	Tags   bool      // the tags that the host has are known from now on
}
