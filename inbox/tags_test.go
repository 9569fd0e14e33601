package inbox_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/gitprovider"
	"fairlead/inbox"
)

// loseTag is a push of a tag of which no webhook tells.
func (q *quay) loseTag(changes ...bitbucketsim.RefChange) {
	q.t.Helper()
	q.faults(bitbucketsim.Faults{DropDeliveries: true})
	q.push(changes...)
	q.faults(bitbucketsim.Faults{})
}

func tagAt(name, from string) bitbucketsim.RefChange {
	return bitbucketsim.RefChange{Tag: name, From: from, Force: true}
}

// followTags changes whether the link follows tags, and lets it look.
func (q *quay) followTags(tags bool) {
	q.t.Helper()
	rule := q.fresh().Rule
	rule.Tags = tags
	q.must(q.linking.ChangeRule(context.Background(), as(q.ana), q.access(), q.fresh(), rule))
	q.link = q.fresh()
	q.look()
}

func TestLostNewMovedAndRemovedTagsAreFoundToo(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.loseTag(tagAt("moves", "main"), tagAt("goes", "main"), tagAt("stays", "main"))
	q.followTags(true)
	q.main("a.sql")
	q.work()
	q.loseTag(tagAt("comes", "main"), tagAt("moves", "main"), bitbucketsim.RefChange{Tag: "goes", Delete: true})
	if n := q.catchUp(); n != 3 {
		t.Errorf("found %d", n)
	}
	reasons := []string{}
	for _, d := range q.deliveries()[:3] {
		reasons = append(reasons, d.Ref+": "+string(d.Verdict)+": "+d.Reason)
	}
	slices.Sort(reasons)
	want := []string{
		"comes: caught_up: The webhook never came. The regular check found it 2 minutes later. The tag comes is new.",
		"goes: caught_up: The webhook never came. The regular check found it 2 minutes later. The tag goes was removed.",
		"moves: caught_up: The webhook never came. The regular check found it 2 minutes later. The tag moves was moved. 1 commit and 1 changed file.",
	}
	if !slices.Equal(reasons, want) {
		t.Errorf("got %q", reasons)
	}
	q.wantHeads()
}

func TestTagsThatWereThereBeforeTheyWereFollowedAreNoPushes(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.loseTag(tagAt("v7", "main"), tagAt("v8", "main"))
	q.link = q.linked(orders, fairlead.LinkRule{Branch: "main", Tags: true})
	if q.fresh().KnowsTags {
		t.Error("nobody has looked yet")
	}
	if n := q.catchUp(); n != 0 || !q.fresh().KnowsTags {
		t.Errorf("found %d", n)
	}
	q.wantHeads()
	q.followTags(false)
	q.loseTag(tagAt("v9", "main"))
	if n := q.catchUp(); n != 0 {
		t.Errorf("found %d of a link that does not follow tags", n)
	}
	q.wantHeads() // those of the tags are forgotten
	q.followTags(true)
	q.loseTag(tagAt("v10", "main"))
	if n := q.catchUp(); n != 1 {
		t.Errorf("found %d", n)
	}
	q.want(fairlead.VerdictCaughtUp, "The tag v10 is new.")
	q.wantHeads()
}

func TestWhySpeaksOfTheTagThatBroughtACommit(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{Tags: true})
	q.look()
	commit := q.lose("a.sql").Changes[0].New
	q.push(tagAt("v1.0", "main"))
	q.work()
	if a := q.why(commit, "Verdict", ""); a.Steps[1].Text != "It arrived with a push of the tag v1.0." {
		t.Errorf("got %+v", a.Steps)
	}
}

// aside is a commit on a branch that the link does not follow.
func (q *quay) aside(name string) string {
	q.t.Helper()
	return q.push(bitbucketsim.RefChange{Branch: name, Commits: []bitbucketsim.NewCommit{file(name + ".sql")}}).Changes[0].New
}

func TestWhyNamesTheLostTagThatPointsAtACommit(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{Tags: true})
	q.look()
	untagged, tagged := q.aside("one"), q.aside("two")
	q.work()
	q.loseTag(tagAt("lost", tagged))
	if a := q.why(untagged, "Verdict", fairlead.DiagnosisNotFollowed); a.Push == nil {
		t.Errorf("got %+v", a)
	}
	a := q.why(tagged, "Verdict", fairlead.DiagnosisNotFollowed) // what was told of the branch is what is known
	if a.Push == nil {
		t.Errorf("got %+v", a)
	}
	q.faults(bitbucketsim.Faults{DropDeliveries: true})
	nowhere, silent := q.aside("three"), q.aside("four")
	q.faults(bitbucketsim.Faults{})
	if a := q.why(nowhere, "Branch", fairlead.DiagnosisNotFollowed); !strings.Contains(a.Stopped.Because, "follows tags as well, and none points at the commit") {
		t.Errorf("got %+v", a.Stopped)
	}
	q.loseTag(tagAt("silent", silent))
	a = q.why(silent, "Arrival", fairlead.DiagnosisDeliveryLost)
	if !slices.ContainsFunc(a.Steps, func(s inbox.Step) bool { return s.Text == "The tag silent points at it, and this link follows tags." }) {
		t.Errorf("got %+v", a.Steps)
	}
	q.catchUp()
	q.why(silent, "Verdict", "")
}

func TestWhySaysThatATagWasThereBeforeTheLinkFollowedIt(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.faults(bitbucketsim.Faults{DropDeliveries: true})
	at := q.aside("side")
	q.loseTag(tagAt("v0", at))
	q.why(at, "Branch", fairlead.DiagnosisNotFollowed)
	rule := q.fresh().Rule
	rule.Tags = true
	q.must(q.linking.ChangeRule(context.Background(), as(q.ana), q.access(), q.fresh(), rule))
	if a := q.why(at, "Tag", ""); a.Steps[len(a.Steps)-1].Mark != inbox.MarkUnknown {
		t.Errorf("got %+v", a.Steps)
	}
	q.look()
	if a := q.why(at, "Linked", fairlead.DiagnosisBeforeLink); a.Stopped.Title != "The tag v0 was at the commit before the link followed it" {
		t.Errorf("got %+v", a.Stopped)
	}
}

func TestATagWhoseWebhookComesLateIsRecordedOnce(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{Tags: true})
	q.look()
	q.loseTag(tagAt("v7", "main"))
	_, err := q.SyncNow(context.Background(), q.fresh())
	q.must(err)
	if d := q.deliveries()[0]; d.Ref != "v7" || d.RefType != fairlead.RefTag {
		t.Errorf("while it waits it is %s %s", d.RefType, d.Ref)
	}
	q.work()
	_, pushes := q.want(fairlead.VerdictCaughtUp, "The tag v7 is new.")
	body := pushBody(q.link.Repository, pushes[0].Change)
	_, err = q.deliver(context.Background(), q.link.ID, signed(q.link.Secret, "late", body), body, "192.0.2.1")
	q.must(err)
	q.work()
	q.want(fairlead.VerdictDuplicate, "recorded the same change before")
	if n := q.catchUp(); n != 0 {
		t.Errorf("found %d more", n)
	}
	q.wantHeads()
}

func TestOnlyALinkThatFollowsTagsAsksForThem(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	calls := func() int {
		before := len(q.sim.Requests())
		q.clock.forward(inbox.DefaultCatchUpEvery + time.Second)
		q.look()
		return len(q.sim.Requests()) - before
	}
	if n := calls(); n != 1 {
		t.Errorf("without tags: %d calls", n)
	}
	q.followTags(true)
	if n := calls(); n != 2 {
		t.Errorf("with tags: %d calls", n)
	}
}

func TestWhereTheHostShowsOnlyTheNewestTagsWhatIsNewAmongThemIsFoundAndNothingIsMadeUp(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	old := []bitbucketsim.RefChange{}
	for i := range 520 {
		old = append(old, tagAt(fmt.Sprintf("t%03d", i), "main"))
	}
	q.loseTag(old...)
	q.followTags(true)
	if n := len(q.heads()); n != 501 {
		t.Fatalf("%d heads are known", n)
	}
	q.loseTag(tagAt("t250-again", "main"))
	if n := q.catchUp(); n != 1 {
		t.Errorf("found %d", n)
	}
	q.want(fairlead.VerdictCaughtUp, "The tag t250-again is new.")
	q.loseTag(bitbucketsim.RefChange{Tag: "t519", Delete: true}, bitbucketsim.RefChange{Tag: "t518", Delete: true}) // two old ones move up
	if n := q.catchUp(); n != 0 {
		t.Errorf("found %d: whether those two are gone or left out cannot be told", n)
	}
}

func TestWhileDeliveriesWaitItIsNotSaidWhichTagsAreKnown(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.main("a.sql")
	q.followTags(true)
	if q.fresh().KnowsTags {
		t.Error("a tag may be in what waits")
	}
	q.work()
	q.clock.forward(time.Minute) // and not a whole interval
	q.look()
	if !q.fresh().KnowsTags {
		t.Error("nobody looked again")
	}
	q.wantHeads()
}

// interrupted does something before the first call to the host.
type interrupted struct {
	inbox.Caller
	do func()
}

func (i *interrupted) Call(ctx context.Context, connection string, background bool, do func(context.Context, fairlead.Secret) error) error {
	if i.do != nil {
		i.do()
		i.do = nil
	}
	return i.Caller.Call(ctx, connection, background, do)
}

func TestALinkThatBeginsToFollowTagsWhileTheHostAnswersLooksOnceMore(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.loseTag(tagAt("v7", "main"))
	q.clock.forward(time.Hour)
	q.rewire = func(o *inbox.Options) {
		o.Caller = &interrupted{o.Caller, func() {
			rule := q.fresh().Rule
			rule.Tags = true
			q.must(q.linking.ChangeRule(context.Background(), as(q.ana), q.access(), q.fresh(), rule))
		}}
	}
	q.wire()
	q.look()
	if q.link = q.fresh(); !q.link.Rule.Tags || q.link.KnowsTags {
		t.Errorf("got %+v", q.link)
	}
	if n := q.catchUp(); n != 0 {
		t.Errorf("found %d", n)
	}
	q.wantHeads()
}

func TestABranchAndATagOfOneNameAreTwoRefs(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{Branch: "**", Tags: true})
	q.look()
	q.loseTag(tagAt("twin", "main"), bitbucketsim.RefChange{Branch: "twin"})
	if n := q.catchUp(); n != 2 {
		t.Errorf("found %d", n)
	}
	q.wantHeads()
}

func TestWhatWasToldOfATagBeforeItWasFollowedMovesNothing(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.push(tagAt("v7", "main")) // and is not worked off yet
	q.followTags(true)
	q.loseTag(bitbucketsim.RefChange{Tag: "v7", Delete: true})
	q.work()
	if n := q.catchUp(); n != 0 {
		t.Errorf("found %d", n)
	}
	q.wantHeads()
}

// slippery is a host in whose list of tags one slips through between two pages.
type slippery struct {
	gitprovider.Linker
	tag string
}

func (h *slippery) ListTags(ctx context.Context, access fairlead.Secret, repository, name string) ([]fairlead.Tag, bool, error) {
	tags, more, err := h.Linker.ListTags(ctx, access, repository, name)
	if name == "" {
		tags = slices.DeleteFunc(tags, func(t fairlead.Tag) bool { return t.Name == h.tag })
	}
	return tags, more, err
}

func TestATagIsRemovedOnlyIfTheHostSaysSoWhenItIsAskedAlone(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{Tags: true})
	q.loseTag(tagAt("v7", "main"), tagAt("v8", "main"))
	q.look()
	q.rewire = func(o *inbox.Options) { o.Hosts = gitprovider.Registry{&slippery{q.host, "v7"}} }
	q.wire()
	if n := q.catchUp(); n != 0 {
		t.Errorf("found %d", n)
	}
	q.wantHeads()
	q.loseTag(bitbucketsim.RefChange{Tag: "v7", Delete: true})
	if n := q.catchUp(); n != 1 {
		t.Errorf("found %d", n)
	}
	q.want(fairlead.VerdictCaughtUp, "The tag v7 was removed.")
	q.wantHeads()
}

func TestOfManyRemovedTagsAFewAreAskedAboutAtATimeAndAllAreFound(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{Tags: true})
	made, gone := []bitbucketsim.RefChange{}, []bitbucketsim.RefChange{}
	for i := range 50 {
		name := fmt.Sprintf("t%02d", i)
		made, gone = append(made, tagAt(name, "main")), append(gone, bitbucketsim.RefChange{Tag: name, Delete: true})
	}
	q.loseTag(made...)
	q.look()
	q.loseTag(gone...)
	for _, want := range []int{20, 20, 10, 0} {
		n, err := q.SyncNow(context.Background(), q.fresh())
		if err != nil || n != want {
			t.Errorf("found %d, %v, want %d", n, err, want)
		}
		q.work()
	}
	q.wantHeads()
}
