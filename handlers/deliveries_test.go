package handlers_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

var progressPoll = regexp.MustCompile(`id="progress"[^>]* hx-get="([^"]+)"`)

// poll is where a page of a delivery asks for the verdict, "" if it does not ask.
func (a answer) poll() string {
	if m := progressPoll.FindStringSubmatch(a.body); m != nil {
		return strings.ReplaceAll(m[1], "&amp;", "&")
	}
	return ""
}

// waitingAgain is a delivery that was ignored and is to be processed again, as its page shows it then.
func (s *linkSite) waitingAgain() (path string, page answer) {
	s.t.Helper()
	s.delivered("feature/new", "migrations/1.sql")
	s.priya.post(s.link+"/edit", "branch", "**").wantTo(s.link)
	path = s.newest()
	if poll := s.priya.get(path).want(200, "Ignored").not("Look again").poll(); poll != "" {
		s.t.Errorf("a page with a verdict asks for it at %s", poll)
	}
	return path, s.priya.follow(s.priya.post(path+"/reprocess")).want(200, "The delivery is processed again.", "Waiting", "Look again")
}

func TestADeliverysPageFollowsItToItsVerdictInPlace(t *testing.T) {
	s := newLinkSite(t)
	path, page := s.waitingAgain()
	poll := page.poll()
	s.priya.htmx(http.MethodGet, poll).want(http.StatusNoContent)
	s.work()
	done := s.priya.htmx(http.MethodGet, poll).want(200, "Recorded", "migrations/1.sql", "Recorded. 1 commit, 1 file").not("Look again")
	if !strings.Contains(done.body, `id="delivery"`) || strings.Contains(done.body, "<html") || done.poll() != "" {
		t.Errorf("got %s", done.body)
	}
	s.priya.get(path).want(200, "Recorded") // without script, by Look again
}

func TestADeliverysPageStopsAskingAfterTwoMinutes(t *testing.T) {
	s := newLinkSite(t)
	path, page := s.waitingAgain()
	s.now = s.now.Add(119 * time.Second)
	s.priya.htmx(http.MethodGet, page.poll()).want(http.StatusNoContent)
	s.now = s.now.Add(2 * time.Second)
	if stopped := s.priya.htmx(http.MethodGet, page.poll()).want(200, "Waiting", "Look again"); stopped.poll() != "" {
		t.Error("the page goes on asking")
	}
	if s.priya.get(path).poll() == "" {
		t.Error("looked at again, the page does not ask")
	}
}

func TestADeliveryThatWaitsForSomebodyIsNotAskedFor(t *testing.T) {
	s := newLinkSite(t)
	path, _ := s.waitingAgain()
	s.priya.post("/account/connections/" + s.row().Connection.ID + "/disconnect")
	s.work()
	if page := s.priya.get(path).want(200, "Waiting", "takes the link over"); page.poll() != "" {
		t.Error("the page asks for what only somebody can bring about")
	}
}

func TestTheLogTellsTagsFromBranchesAndShowsWhatWasForced(t *testing.T) {
	s := newLinkSite(t)
	log := func(change bitbucketsim.RefChange, more ...bitbucketsim.RefChange) answer {
		t.Helper()
		s.deliver(s.pushed(append([]bitbucketsim.RefChange{change}, more...)...))
		s.priya.get(s.newest()).want(200)
		return s.priya.get(s.project + "/deliveries")
	}
	tag := bitbucketsim.RefChange{Tag: "v1.1", From: "main"}
	forced := func(path string) bitbucketsim.RefChange {
		return bitbucketsim.RefChange{Branch: "main", From: "main~1", Force: true, Commits: []bitbucketsim.NewCommit{changed(path)}}
	}
	log(tag).want(200, "Tag v1.1 by Priya Raman", "This link does not follow tags.").not("Push to v1.1")
	s.priya.get(s.newest()).want(200, "Tag v1.1").not("Push to v1.1")
	log(forced("migrations/1.sql")).want(200, "Forced push to main by Priya Raman")
	s.priya.get(s.newest()).want(200, "Forced push to main", "history was replaced")

	s.priya.post(s.link+"/edit", "branch", "**", "tags", "yes", "deletions", "yes").wantTo(s.link)
	log(bitbucketsim.RefChange{Tag: "v1.2", From: "main"}).want(200, "Tag v1.2 by Priya Raman", "The tag v1.2 is new.")
	log(bitbucketsim.RefChange{Tag: "v1.2", Delete: true}).want(200, "The tag v1.2 was removed.")
	log(bitbucketsim.RefChange{Branch: "feature/new", Commits: []bitbucketsim.NewCommit{changed("migrations/2.sql")}}, forced("migrations/3.sql")).
		want(200, "Push to feature/new and 1 more ref, 1 forced by Priya Raman")
}
