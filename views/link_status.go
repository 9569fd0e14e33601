package views

import (
	"slices"
	"strings"
	"time"

	"fairlead"
)

// LinkRow is a repository link in a list, with its Git provider.
type LinkRow struct {
	Link     fairlead.RepositoryLink
	Provider fairlead.GitProvider
	Kind     fairlead.Kind
	Polling  bool   // the host cannot reach Fairlead, so there is no webhook
	Reader   string // id of who looks: only they can renew their own connection
	Manages  bool   // the reader manages the project; known on the pages of one link only
}

// LinkRemedy is what puts a link right: one button beside the reason.
type LinkRemedy string

// The remedies.
const (
	RemedyNone      LinkRemedy = ""
	RemedyReconnect LinkRemedy = "reconnect" // the reader's own connection
	RemedyTakeOver  LinkRemedy = "take-over" // somebody else's, or none
	RemedyRepair    LinkRemedy = "repair"
	RemedyLook      LinkRemedy = "look" // the link's page says more
	RemedyRestore   LinkRemedy = "restore"
	RemedyAskOwner  LinkRemedy = "ask-owner" // of the project, who can restore it
)

// LinkTrouble says why a link does not work as it should, and what helps. Title is "" while it does.
type LinkTrouble struct {
	Tone        Tone
	Title, Text string
	Remedy      LinkRemedy
}

// problems are those of the link's health; that a private address needs no webhook is none.
func (r LinkRow) problems() (bad []fairlead.HealthCheck) {
	for _, c := range r.Link.Health.Problems() {
		if c.Code != fairlead.DiagnosisUnreachableFromOut {
			bad = append(bad, c)
		}
	}
	return bad
}

// Trouble is the first of what keeps the link from working.
func (r LinkRow) Trouble() LinkTrouble {
	l, c := r.Link, r.Link.Connection
	switch {
	case l.Project.IsArchived() && r.Manages:
		return LinkTrouble{Tone: ToneMute, Title: "The project is archived", Text: "Pushes are received and ignored until it is restored.", Remedy: RemedyRestore}
	case l.Project.IsArchived():
		return LinkTrouble{Tone: ToneMute, Title: "The project is archived", Text: "Pushes are received and ignored until an owner of the project restores it.", Remedy: RemedyAskOwner}
	case c.ID == "":
		return LinkTrouble{Tone: ToneWarn, Title: "This link is paused", Text: l.PauseReason() + " Pushes are received and wait until somebody takes the link over.", Remedy: RemedyTakeOver}
	case !c.IsAlive() && c.Person.ID == r.Reader:
		return LinkTrouble{Tone: ToneBad, Title: connectionTitle(c, r.Kind), Text: "Pushes are received and wait until you connect the account again.", Remedy: RemedyReconnect}
	case !c.IsAlive():
		return LinkTrouble{Tone: ToneBad, Title: connectionTitle(c, r.Kind), Text: "Pushes are received and wait until " + c.Person.Name + " connects the account again or somebody takes the link over.", Remedy: RemedyTakeOver}
	}
	problems := r.problems()
	if len(problems) == 0 {
		return LinkTrouble{}
	}
	first := problems[0]
	t := LinkTrouble{Tone: ToneWarn, Title: first.Name + ": " + first.Evidence, Text: first.Text, Remedy: RemedyLook}
	if first.Evidence == "" { // the text begins with what is wrong
		what, rest, _ := strings.Cut(first.Text, ". ")
		t.Title, t.Text = strings.TrimSuffix(what, "."), rest
	}
	if first.Repairable {
		t.Remedy = RemedyRepair
	}
	return t
}

// connectionTitle says in a few words why a connection is not used.
func connectionTitle(c fairlead.Connection, kind fairlead.Kind) string {
	if c.Diagnosis != nil && c.Diagnosis.Title != "" {
		return c.Diagnosis.Title
	}
	if c.State == fairlead.ConnectionRenew {
		return "The authorization of " + c.Person.Name + " must be renewed"
	}
	return kind.Host + " no longer takes the authorization of " + c.Person.Name
}

// pill is the state of a link in one word or two.
func (r LinkRow) pill() (Tone, string) {
	trouble := r.Trouble()
	switch {
	case r.Link.PauseReason() != "":
		if r.Link.Project.IsArchived() { // then pushes are ignored, while those of a paused link wait
			return trouble.Tone, "Stopped"
		}
		return trouble.Tone, "Paused"
	case !r.Link.Connection.IsAlive():
		return trouble.Tone, "Disconnected"
	case trouble.Title != "":
		return trouble.Tone, "Needs attention"
	case r.Polling:
		return ToneInfo, "Polling"
	case r.Link.LastPushAt.IsZero():
		return ToneRun, "Waiting for the first push"
	}
	return ToneOK, "Receiving pushes"
}

// checks are those that were read back. Whether deliveries come is known here, and later than the last check.
func (r LinkRow) checks() []fairlead.HealthCheck {
	checks := slices.Clone(r.Link.Health.Checks)
	for i, c := range checks {
		if c.Name == "Deliveries" && !c.OK && c.Code == "" && !r.Link.LastPushAt.IsZero() {
			checks[i].OK, checks[i].Evidence = true, "the last on "+moment(r.Link.LastPushAt)
		}
	}
	return checks
}

// canRotate reports whether there is a webhook whose secret can be replaced.
func (v LinkDetail) canRotate() bool {
	return !v.Row.Polling && v.link().Webhook.ID != "" && v.link().Connection.IsAlive()
}

// branchWords say which branches a rule follows.
func branchWords(rule fairlead.LinkRule) string {
	if fairlead.IsPattern(rule.Branch) {
		return "Branches " + rule.Branch
	}
	return "Branch " + rule.Branch
}

// every is an interval in words: "15 minutes".
func every(d time.Duration) string {
	if d >= time.Hour && d%time.Hour == 0 {
		return count(int(d/time.Hour), "hour")
	}
	return count(int(d/time.Minute), "minute")
}

// shortHash is a commit's hash as people read it.
func shortHash(hash string) string {
	const most = 10
	if len(hash) > most {
		return hash[:most]
	}
	return hash
}

// isWorking reports whether pushes come in and are recorded.
func (v LinkDetail) isWorking() bool {
	return v.link().PauseReason() == "" && v.link().Connection.IsAlive()
}

// notDone tells of an action that failed: first what was not done, then why.
func notDone(act string, d *fairlead.Diagnosis) *fairlead.Diagnosis {
	if act == "" || d == nil {
		return d
	}
	told := *d
	told.Title, told.Because = act, strings.TrimSpace(d.Title+". "+d.Because)
	return &told
}

func rejectedWords(n int) string {
	if n == 1 {
		return "1 request was rejected"
	}
	return count(n, "request") + " were rejected"
}

// noPush is for a link without a push. What the regular check finds is not counted there.
func (v LinkDetail) noPush() string {
	switch {
	case v.waits():
		return "None yet"
	case v.Row.Polling:
		return "See Deliveries"
	}
	return "None by the webhook yet"
}

// unlinkMeansBriefly says what unlinking does beside its button.
func (v LinkDetail) unlinkMeansBriefly() string {
	if v.link().Webhook.ID == "" || !v.link().Connection.IsAlive() {
		return "Ends the link. What was recorded stays."
	}
	return "Removes the webhook. What was recorded stays."
}
