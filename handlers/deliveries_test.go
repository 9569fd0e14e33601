package handlers_test

import (
	"testing"

	"fairlead/bitbucketsim"
)

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
