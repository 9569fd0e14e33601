package inbox_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/inbox"
)

// why asks, and checks the step that it stops at; "" if it is not to stop.
func (q *quay) why(typed string, step string, code fairlead.DiagnosisCode) inbox.Answer {
	q.t.Helper()
	a, err := q.Why(context.Background(), q.fresh(), typed)
	q.must(err)
	last := a.Steps[len(a.Steps)-1]
	if (a.Stopped == nil) != (code == "") || a.Stopped != nil && a.Stopped.Code != code || last.Name != step {
		q.t.Errorf("got %+v at %+v, want %s at %s", a.Stopped, last, code, step)
	}
	if d := a.Stopped; d != nil && (d.Title == "" || d.Because == "" || len(d.Fix) == 0 || d.At.IsZero()) {
		q.t.Errorf("title, because, fix or time is missing in %+v", *d)
	}
	for i, s := range a.Steps {
		if s.Text == "" || !strings.HasSuffix(s.Text, ".") || s.Mark == inbox.MarkStop && i < len(a.Steps)-1 {
			q.t.Errorf("got %+v", a.Steps)
		}
	}
	return a
}

func TestTheHashOfACommitIsTakenFromWhateverIsPasted(t *testing.T) {
	for typed, want := range map[string]string{
		"  ABCDEF1 ": "abcdef1", strings.Repeat("0a", 20): strings.Repeat("0a", 20),
		"https://bitbucket.org/acme/orders/commits/0123456789abcdef0123456789abcdef01234567": "0123456789abcdef0123456789abcdef01234567",
		"https://bitbucket.org/acme/orders/commits/0123456789ab#chg-a.sql":                   "0123456789ab",
		"https://bitbucket.org/acme/orders/commits/0123456789ab?at=main":                     "0123456789ab",
		"https://api.bitbucket.org/2.0/repositories/a/b/commit/0123456789ab/statuses":        "0123456789ab",
		"": "", "abcdef": "", "main": "", "https://bitbucket.org/acme/orders": "", "xyz1234": "", "https://x/commits/main": "",
	} {
		if got, ok := inbox.ParseCommit(typed); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v", typed, got, ok)
		}
	}
	q := newQuay(t, fairlead.LinkRule{})
	_, err := q.Why(context.Background(), q.link, "what?")
	if fields := fairlead.FieldsOf(err); len(fields) != 1 || fields[0].Field != inbox.FieldCommit {
		t.Errorf("got %v", err)
	}
}

func TestWhyKnowsWhatBecameOfAPush(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{Paths: fairlead.PathFilter{"migrations"}})
	good, bad := q.main("migrations/a.sql").Changes[0].New, q.main("docs/b.md").Changes[0].New
	q.work()
	a := q.why(good, "Verdict", "")
	if a.Push == nil || a.Push.Change.New != good || a.DeliveryID != a.Push.DeliveryID || a.Commit.Message == "" || a.Steps[2].Mark != inbox.MarkOK {
		t.Errorf("got %+v", a)
	}
	a = q.why(bad[:7], "Verdict", fairlead.DiagnosisNotFollowed)
	if a.Push == nil || a.Push.Verdict != fairlead.VerdictPath || !strings.Contains(a.Stopped.Because, "is not under migrations") || !strings.Contains(a.Stopped.Fix[0], "path filter") {
		t.Errorf("got %+v", a)
	}
}

func TestWhyNamesThePauseOfALink(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	recorded := q.main("a.sql").Changes[0].New
	q.work()
	q.must(q.linking.Archive(context.Background(), as(q.ana), q.access()))
	missing := q.lose("b.sql").Changes[0].New
	q.why(missing, "Link", fairlead.DiagnosisProjectArchived)
	q.why(recorded, "Verdict", "")
	q.must(q.linking.Restore(context.Background(), as(q.ana), q.access()))
	_, err := q.linking.Disconnect(context.Background(), as(q.ana), q.ana, q.connection().ID)
	q.must(err)
	q.why(missing, "Link", fairlead.DiagnosisConnectionMissing)
}

func TestWhyNamesADeadConnection(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	_, err := q.sim.KillConnections("")
	q.must(err)
	_, err = q.sim.ExpireAccessTokens("")
	q.must(err)
	missing := q.lose("a.sql").Changes[0].New
	q.why(missing, "Connection", fairlead.DiagnosisConnectionExpired) // found out while asking
	q.why(missing, "Connection", fairlead.DiagnosisConnectionExpired)
}

func TestWhyNamesACommitThatTheHostDoesNotHave(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	a := q.why(q.host.Web+"/acme-data/billing-db/commits/0123456789abcdef0123456789abcdef01234567", "Commit", fairlead.DiagnosisCommitMissing)
	if !slices.ContainsFunc(a.Stopped.Hints, func(h string) bool { return strings.Contains(h, "The address is of acme-data/billing-db.") }) {
		t.Errorf("got %+v", a.Stopped.Hints)
	}
}

func TestWhyNamesACommitOnABranchThatIsNotFollowed(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	r, err := q.sim.Repository(orders)
	q.must(err)
	q.why(r.Branches["feature/add-region"], "Branch", fairlead.DiagnosisNotFollowed)
	_, err = q.sim.CreateBranch(orders, "topic", "main")
	q.must(err)
	q.settle()
	q.must(q.db.UpdateLinkRule(context.Background(), as(q.ana), q.link.ID, fairlead.LinkRule{Branch: "release/*"}, nil))
	q.why(r.Branches["main"], "Branch", fairlead.DiagnosisBranchMissing)
}

func TestWhyNamesACommitFromBeforeTheLink(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	r, err := q.sim.Repository(orders)
	q.must(err)
	q.main("a.sql")
	q.work()
	q.why(r.Branches["main"], "Linked", fairlead.DiagnosisBeforeLink)
}

func TestWhyNamesAWebhookThatIsNotAsItShouldBe(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.must(q.linking.Call(context.Background(), q.link.Connection.ID, false, func(ctx context.Context, access fairlead.Secret) error {
		return q.host.RemoveWebhook(ctx, access, q.link.Repository.ID, q.link.Webhook.ID)
	}))
	q.why(q.main("a.sql").Changes[0].New, "Webhook", fairlead.DiagnosisWebhookMissing)
}

func TestWhyNamesDeliveriesThatWereRefused(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.faults(bitbucketsim.Faults{WrongSignature: true})
	missing := q.main("a.sql").Changes[0].New
	q.faults(bitbucketsim.Faults{})
	q.why(missing, "Signature", fairlead.DiagnosisSignatureWrong)
}

func TestWhyNamesAPushThatWasLostAndCatchingUpFindsIt(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	missing := q.lose("a.sql").Changes[0].New
	a := q.why(missing, "Arrival", fairlead.DiagnosisDeliveryLost)
	for _, s := range a.Steps[:len(a.Steps)-1] {
		if s.Mark == inbox.MarkStop {
			t.Errorf("got %+v", a.Steps)
		}
	}
	if a.Commit.Hash != missing || a.Commit.Author == "" {
		t.Errorf("got %+v", a.Commit)
	}
	_, err := q.SyncNow(context.Background(), q.fresh())
	q.must(err)
	if a := q.why(missing, "Arrival", fairlead.DiagnosisDeliveryLost); a.DeliveryID == "" || !strings.Contains(a.Stopped.Title, "not processed yet") {
		t.Errorf("got %+v", a)
	}
	q.work()
	q.why(missing, "Verdict", "")
}

func TestWhySaysWhenTheHostDoesNotAnswer(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	missing := q.lose("a.sql").Changes[0].New
	q.faults(bitbucketsim.Faults{Status: http.StatusBadGateway, Where: "api"})
	q.why(missing, "Commit", fairlead.DiagnosisHostError)
}

func TestWhyOfALinkWithoutAWebhookSaysHowItWorks(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{}, func(q *quay) { q.host.ReachesPrivate = false })
	a := q.why(q.main("a.sql").Changes[0].New, "Arrival", fairlead.DiagnosisDeliveryLost)
	if !slices.ContainsFunc(a.Steps, func(s inbox.Step) bool {
		return s.Text == "This link has no webhook: pushes arrive by the regular check, every 15 minutes."
	}) {
		t.Errorf("got %+v", a.Steps)
	}
}

func TestWhyNamesWhatAFailedPushWasToldByTheHost(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	missing := q.main("a.sql").Changes[0].New
	q.faults(bitbucketsim.Faults{Status: 500, Where: "api"})
	for range 7 {
		q.work()
		q.clock.forward(2 * time.Hour)
	}
	q.why(missing, "Verdict", fairlead.DiagnosisHostError)
}

func TestWhyFindsEachCommitOfALongPushAndClaimsNothingBeyondThat(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	r, err := q.sim.Repository(orders)
	q.must(err)
	var commits []bitbucketsim.NewCommit
	for range 300 { // more than are told
		commits = append(commits, file("x.sql"))
	}
	q.clock.forward(time.Hour)
	made := q.push(bitbucketsim.RefChange{Branch: "main", Commits: commits}).Changes[0].Commits
	q.work()
	q.why(made[0], "Verdict", "")
	q.why(made[len(made)-1], "Verdict", "")
	q.why(r.Branches["main"], "Linked", fairlead.DiagnosisBeforeLink)
	q.must(q.linking.Archive(context.Background(), as(q.ana), q.access()))
	made = q.push(bitbucketsim.RefChange{Branch: "main", Commits: commits[:2]}).Changes[0].Commits
	q.work() // ignored, so nobody read its commits
	q.must(q.linking.Restore(context.Background(), as(q.ana), q.access()))
	if a := q.why(made[0], "Linked", ""); a.Steps[len(a.Steps)-1].Mark != inbox.MarkUnknown {
		t.Errorf("got %+v", a.Steps)
	}
}

func TestWhySaysSinceWhenTheBranchIsFollowed(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.push(bitbucketsim.RefChange{Branch: "other", Commits: []bitbucketsim.NewCommit{file("o.sql")}})
	q.clock.forward(24 * time.Hour)
	q.rule("other")
	q.work()
	before := q.branch("main")
	q.must(q.linking.ChangeRule(context.Background(), as(q.ana), q.access(), q.fresh(), fairlead.LinkRule{Branch: "other"}))
	a := q.why(before, "Linked", fairlead.DiagnosisBeforeLink)
	if !strings.Contains(a.Stopped.Title, "before the link followed it") || !strings.Contains(a.Stopped.Because, q.clock.Now().UTC().Format("2 January 2006 15:04 UTC")) {
		t.Errorf("got %+v", a.Stopped)
	}
}
