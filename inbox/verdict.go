package inbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fairlead"
)

// ruled decides what the link's rule alone decides; "" if the push is wanted so far.
func ruled(link fairlead.RepositoryLink, c fairlead.RefChange) (fairlead.Verdict, string) {
	switch rule := link.Rule; {
	case link.Project.IsArchived():
		return fairlead.VerdictPaused, "The project is archived. Restore it, then choose Reprocess at this delivery."
	case c.Type == fairlead.RefTag && !rule.Tags:
		return fairlead.VerdictTag, "This link does not follow tags. The push was of the tag " + c.Name + "."
	case c.Type == fairlead.RefTag:
		return "", ""
	case !rule.FollowsBranch(c.Name):
		return fairlead.VerdictBranch, "This link follows " + rule.Branch + ". The push was to " + c.Name + "."
	case c.New == "" && !rule.Deletions:
		return fairlead.VerdictDeletion, "This link does not follow removed branches. The branch " + c.Name + " was removed."
	}
	return "", ""
}

// asksHost reports whether there are two ends to compare. A new tag names a commit that a branch brought.
func asksHost(c fairlead.RefChange) bool {
	return c.New != "" && (c.Type == fairlead.RefBranch || c.Old != "")
}

// filtered marks the files that the path filter wants, and cuts lists that are too long to keep: then the wanted files stay.
func filtered(wanted fairlead.PathFilter, c fairlead.Comparison) (fairlead.Comparison, int) {
	matched := 0
	for i := range c.Files {
		file := &c.Files[i]
		if file.Matched = wanted.Matches(file.Path) || file.OldPath != "" && wanted.Matches(file.OldPath); file.Matched {
			matched++
		}
	}
	if len(c.Files) > mostFiles {
		slices.SortStableFunc(c.Files, func(a, b fairlead.ChangedFile) int {
			switch {
			case a.Matched == b.Matched:
				return 0
			case a.Matched:
				return -1
			}
			return 1
		})
		c.Files, c.MoreFiles = slices.Clone(c.Files[:mostFiles]), true
	}
	if len(c.Commits) > mostCommits {
		c.Commits, c.MoreCommits = slices.Clone(c.Commits[:mostCommits]), true
	}
	return c, matched
}

// weighed decides by what the host said. The path filter does not judge tags: they bring no files. Where the host has more
// files than were read, a push without a match among them is recorded rather than missed.
func weighed(link fairlead.RepositoryLink, p fairlead.Push) (fairlead.Verdict, string) {
	if p.Change.Type == fairlead.RefBranch && p.Change.New != "" && len(link.Rule.Paths) > 0 && p.Matched == 0 && !p.Comparison.MoreFiles {
		if len(p.Comparison.Files) == 1 {
			return fairlead.VerdictPath, "Its 1 file is not " + where(link.Rule.Paths) + "."
		}
		return fairlead.VerdictPath, count(len(p.Comparison.Files), "file", false) + " changed, none of them " + where(link.Rule.Paths) + "."
	}
	return fairlead.VerdictRecorded, recordedReason(link.Rule.Paths, p)
}

func recordedReason(wanted fairlead.PathFilter, p fairlead.Push) string {
	ref := string(p.Change.Type) + " " + p.Change.Name
	switch c := p.Change; {
	case c.New == "":
		return "The " + ref + " was removed."
	case c.Type == fairlead.RefTag && c.Old == "":
		return "The " + ref + " is new."
	case c.Type == fairlead.RefTag:
		return "The " + ref + " was moved. " + brought(nil, p)
	case c.Old == "":
		return "The " + ref + " is new. " + brought(wanted, p)
	case c.Forced:
		return "The " + ref + " was replaced by a forced push. " + brought(wanted, p)
	}
	return brought(wanted, p)
}

// brought is the sentence of commits and files.
func brought(wanted fairlead.PathFilter, p fairlead.Push) string {
	c := p.Comparison
	text := count(len(c.Commits), "commit", c.MoreCommits) + " and " + count(len(c.Files), "changed file", c.MoreFiles)
	switch {
	case len(wanted) == 0 || len(c.Files) == 0:
		return text + "."
	case p.Matched == 0:
		return text + "; none of those that Fairlead read is " + where(wanted) + ", but there are more."
	case p.Matched == len(c.Files) && !c.MoreFiles:
		return text + ", all " + where(wanted) + "."
	}
	return fmt.Sprintf("%s, %d of them %s.", text, p.Matched, where(wanted))
}

// where names a path filter as the end of a sentence about files.
func where(wanted fairlead.PathFilter) string {
	switch {
	case len(wanted) > 1:
		return "in the path filter"
	case fairlead.IsPattern(wanted[0]):
		return "matching " + wanted[0]
	}
	return "under " + wanted[0]
}

// count writes "1 file", "3 files", "more than 2000 files".
func count(n int, what string, more bool) string {
	text := strconv.Itoa(n) + " " + what
	if n != 1 {
		text += "s"
	}
	if more {
		return "more than " + text
	}
	return text
}

// caughtUp is how a push that the regular check found is recorded. told: the webhook had come, but the host did not answer.
func caughtUp(link fairlead.RepositoryLink, p fairlead.Push, head fairlead.Head, d fairlead.Delivery, told bool) (fairlead.Verdict, string) {
	switch {
	case link.Webhook.ID == "":
		return fairlead.VerdictRecorded, "Found by the regular check: this link has no webhook. " + p.Reason
	case told:
		return fairlead.VerdictRecorded, "The webhook came, but the host did not answer then. The regular check found it again. " + p.Reason
	case d.Event == askedEvent: // the webhook may be on its way
		return fairlead.VerdictCaughtUp, "Found when somebody asked. " + p.Reason
	case head.SuspectAt.IsZero() || d.ReceivedAt.Sub(head.SuspectAt) < time.Second:
		return fairlead.VerdictCaughtUp, "The webhook never came. The regular check found it. " + p.Reason
	}
	return fairlead.VerdictCaughtUp, "The webhook never came. The regular check found it " + later(d.ReceivedAt.Sub(head.SuspectAt)) + " later. " + p.Reason
}

// later writes a duration as people do.
func later(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return count(int(d.Hours())/24, "day", false)
	case d >= 2*time.Hour:
		return count(int(d.Hours()), "hour", false)
	case d >= time.Minute:
		return count(int(d.Minutes()), "minute", false)
	}
	return count(int(d.Seconds()), "second", false)
}

// heldReason says what a delivery waits for whose host refuses the calls for now.
func heldReason(d *fairlead.Diagnosis) string {
	if d.Code == fairlead.DiagnosisRateLimited {
		return d.Title + ". Fairlead goes on when the pause that the host asked for is over."
	}
	return d.Title + ". This waits until that is put right; Fairlead looks every hour, and goes on at once when somebody reconnects or changes the Git provider."
}

// waitsFor says whose connection a delivery waits for.
func waitsFor(link fairlead.RepositoryLink) string {
	return "Waits for the connection of " + link.Connection.Person.Name + "."
}

func failedReason(d *fairlead.Diagnosis, delivery fairlead.Delivery) string {
	return d.Title + ". Fairlead gave up after " + count(delivery.Attempts, "attempt", false) + "."
}

// rank orders verdicts: a delivery has the best one of its pushes.
func rank(v fairlead.Verdict) int {
	switch v {
	case fairlead.VerdictRecorded:
		return 3
	case fairlead.VerdictCaughtUp:
		return 2
	case fairlead.VerdictFailed:
		return 1
	}
	return 0
}

// concluded is a delivery's reason: that of its best push and, if there are several, what became of the others.
func concluded(best fairlead.Push, all []fairlead.Push) string {
	if len(all) == 1 {
		return best.Reason
	}
	recorded, failed := 0, 0
	for _, p := range all {
		switch p.Verdict {
		case fairlead.VerdictRecorded, fairlead.VerdictCaughtUp:
			recorded++
		case fairlead.VerdictFailed:
			failed++
		}
	}
	parts := []string{}
	for _, part := range []struct {
		n    int
		text string
	}{{recorded, "recorded"}, {len(all) - recorded - failed, "ignored"}, {failed, "failed"}} {
		if part.n > 0 {
			parts = append(parts, strconv.Itoa(part.n)+" "+part.text)
		}
	}
	return fmt.Sprintf("%d changes: %s. %s: %s", len(all), strings.Join(parts, ", "), best.Change.Name, best.Reason)
}
