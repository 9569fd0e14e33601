package e2e

import (
	"slices"
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

func TestAPushWhoseWebhookNeverComesIsFoundByAskingAndByTheRegularCheck(t *testing.T) {
	t.Parallel()
	f, p, link := newLink(t, "migrations")
	f.faults(bitbucketsim.Faults{DropDeliveries: true})
	lost := f.push(ordersDB, "main", "migrations/0003_lost.sql")
	asksWhy(p, link, lost, "This commit was not recorded", "The push did not arrive", "Choose Ask now at the link")

	p.open(link)
	does(p, "Ask now", "Bitbucket had new pushes. They are being processed.")
	waitLog(p, ordersLog, "Caught up")
	says(p, "Found when somebody asked.", "1 changed file, all under migrations.")
	openDelivery(p, 1)
	says(p, "The regular check", "never came", "migrations/0003_lost.sql", "Change migrations/0003_lost.sql")
	asksWhy(p, link, lost, "This commit was recorded")
	p.open(link)
	does(p, "Ask now", "Bitbucket has no new pushes.")

	// The regular check needs two looks, and says how long it took.
	second := f.push(ordersDB, "main", "migrations/0004_lost.sql")
	f.waitKeptByHost(second)
	f.minutesPass()
	f.waitSQL("the first look", `SELECT count(*) FROM link_heads WHERE suspect = ?`, second)
	f.minutesPass()
	waitLog(p, ordersLog, "Caught up", "Caught up")
	says(p, "The regular check found it", "minutes later")

	// A webhook that is silent twice is named, and the next push that comes puts it right.
	p.open(link)
	does(p, "Check now", "The check found something that needs attention.", "their webhook never came")
	does(p, "Repair", "The webhook was repaired.")
	f.faults(healthy())
	f.push(ordersDB, "main", "migrations/0005_heard.sql")
	waitLog(p, ordersLog, "Caught up", "Caught up", "Recorded")
	p.open(link)
	does(p, "Check now", "Everything is as it should be.", "All 5 checks passed")
}

func TestATagWhoseWebhookNeverComesIsFoundTooAndOlderTagsAreNot(t *testing.T) {
	t.Parallel()
	f, p, link := newLink(t, "migrations")
	f.faults(bitbucketsim.Faults{DropDeliveries: true})
	f.pushMany(ordersDB, bitbucketsim.RefChange{Tag: "v2.0"})
	p.open(link + "/edit")
	p.click(css("#tags"))
	does(p, "Save", "What the link follows was saved.", "New, moved and removed tags")
	does(p, "Ask now", "Bitbucket has no new pushes.")

	f.pushMany(ordersDB, bitbucketsim.RefChange{Tag: "v2.1"})
	does(p, "Ask now", "Bitbucket had new pushes. They are being processed.")
	waitLog(p, ordersLog, "Caught up")
	says(p, "Found when somebody asked. The tag v2.1 is new.")
	f.pushMany(ordersDB, bitbucketsim.RefChange{Tag: "v2.0", Delete: true})
	p.open(link)
	does(p, "Ask now", "Bitbucket had new pushes. They are being processed.")
	waitLog(p, ordersLog, "Caught up", "Caught up")
	says(p, "The tag v2.0 was removed.")
}

func TestAPushThatComesTwiceOrLateOrOutOfOrderIsRecordedOnce(t *testing.T) {
	t.Parallel()
	f, p, link := newLink(t, "")
	f.faults(bitbucketsim.Faults{DuplicateDeliveries: true})
	f.push(ordersDB, "main", "migrations/0003_twice.sql")
	f.settle()
	waitLog(p, ordersLog, "Recorded")

	f.faults(bitbucketsim.Faults{DelayDeliveries: 300 * time.Millisecond})
	f.push(ordersDB, "main", "migrations/0004_late.sql")
	waitLog(p, ordersLog, "Recorded", "Recorded")

	// The third leaves after the fourth.
	f.faults(bitbucketsim.Faults{ReorderDeliveries: true})
	f.push(ordersDB, "main", "migrations/0005_third.sql")
	f.push(ordersDB, "main", "migrations/0006_fourth.sql")
	waitLog(p, ordersLog, "Recorded", "Recorded", "Recorded", "Recorded")
	openDelivery(p, 1)
	says(p, "migrations/0005_third.sql")
	doesNotSay(p, "0006_fourth.sql")
	p.open(link)
	does(p, "Ask now", "Bitbucket has no new pushes.")

	// The fifth is held back until the regular check has it, and then comes all the same.
	f.push(ordersDB, "main", "migrations/0007_fifth.sql")
	does(p, "Ask now", "Bitbucket had new pushes.")
	waitLog(p, ordersLog, "Recorded", "Recorded", "Recorded", "Recorded", "Caught up")
	openDelivery(p, 1)
	says(p, "migrations/0007_fifth.sql")
	doesNotSay(p, "0006_fourth.sql")
	f.faults(healthy())
	waitLog(p, ordersLog, "Recorded", "Recorded", "Recorded", "Recorded", "Caught up", "Ignored")
	says(p, "recorded the same change before")
}

func TestARequestThatIsNotSignedIsCountedAndTheWhyPageNamesIt(t *testing.T) {
	t.Parallel()
	f, p, link := newLink(t, "")
	f.faults(bitbucketsim.Faults{WrongSignature: true})
	f.push(ordersDB, "main", "migrations/0003_wrong.sql")
	f.settle()
	f.faults(bitbucketsim.Faults{NoSignature: true})
	unsigned := f.push(ordersDB, "main", "migrations/0004_unsigned.sql")
	f.settle()
	f.faults(healthy())
	asksWhy(p, link, unsigned, "This commit was not recorded", "2 requests to the webhook were refused in the last 24 hours", "A delivery was not signed", "Choose Rotate webhook secret")
	f.waitSQL("the rejections to be written down", `SELECT count(*) FROM repository_links WHERE rejected = ?`, 2)
	p.open(link)
	says(p, "Rejected requests", "2 requests were rejected; their contents were not kept.", "A delivery was not signed.", "A delivery was signed with another secret.", "127.0.0.1")
	if got := verdicts(p, ordersLog); len(got) > 0 {
		t.Errorf("refused requests stand in the log: %q", got)
	}

	before, _ := hookSecret(t, f)
	does(p, "Rotate", "The webhook has a new secret.")
	if after, _ := hookSecret(t, f); after == before {
		t.Error("the host has the old secret")
	}
	f.push(ordersDB, "main", "migrations/0005_signed.sql")
	waitLog(p, ordersLog, "Recorded")
	p.open(link)
	does(p, "Ask now", "Bitbucket had new pushes.")
	waitLog(p, ordersLog, "Recorded", "Caught up")
	openDelivery(p, 1)
	says(p, "migrations/0003_wrong.sql", "migrations/0004_unsigned.sql")
	doesNotSay(p, "0005_signed.sql")
	asksWhy(p, link, unsigned[:12], "This commit was recorded")
}

func TestAHostInTroubleLeavesPushesWaitingWithTheReasonUntilItIsWell(t *testing.T) {
	t.Parallel()
	f, p, link := newLink(t, "")
	picker := get[string](p, `location.href.replace(/rl_.*/, "new")`)
	const again = ". Fairlead tries again by itself."
	for i, trouble := range []struct {
		faults      bitbucketsim.Faults
		says, after string
	}{
		{bitbucketsim.Faults{Status: 503, Where: "api"}, "Bitbucket.org has a problem", again},
		{bitbucketsim.Faults{Status: 410, Where: "api"}, "Bitbucket no longer offers a call that Fairlead needs", again},
		{bitbucketsim.Faults{Status: 429, Where: "api", RetryAfter: 2 * time.Second}, "Bitbucket answers that there were too many calls",
			". Fairlead goes on when the pause that the host asked for is over."},
	} {
		f.faults(trouble.faults)
		f.push(ordersDB, "main", "migrations/000"+string(rune('3'+i))+"_waits.sql")
		p.b.wait("the reason", func() bool {
			yes, _ := fetched[bool](p, ordersLog, `page.querySelector(".log")?.textContent.includes(`+quoted(trouble.says+trouble.after)+`) ?? false`)
			return yes
		})
		waitLog(p, ordersLog, slices.Repeat([]string{"Waiting"}, i+1)...)
		openDelivery(p, 1)
		says(p, "Waiting to be processed", trouble.says)
		p.open(picker)
		says(p, trouble.says)
	}
	f.faults(bitbucketsim.Faults{Status: 503, Where: "api"})
	p.open(link)
	does(p, "Check now", "Not everything could be checked. Health says why.", "Bitbucket.org has a problem")
	f.faults(healthy())
	waitLog(p, ordersLog, "Recorded", "Recorded", "Recorded")
	openDelivery(p, 1)
	says(p, "migrations/0005_waits.sql")
	p.open(f.url + ordersLog)
	openDelivery(p, 3)
	says(p, "migrations/0003_waits.sql", "2 tries")
	does(p, "Reprocess", "The delivery is processed again.")
	waitLog(p, ordersLog, "Recorded", "Recorded", "Recorded")
}
