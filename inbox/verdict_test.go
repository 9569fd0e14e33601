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
)

func TestAPushIsRecordedWithItsFilesAndCommits(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	pushed := q.push(bitbucketsim.RefChange{Branch: "main", Commits: []bitbucketsim.NewCommit{file("migrations/0009.sql"), file("docs/a.md", "docs/b.md")}})
	q.work()
	d, pushes := q.want(fairlead.VerdictRecorded, "2 commits and 3 changed files.")
	if d.State != fairlead.DeliveryDone || d.Ref != "main" || d.More != 0 || d.Commits != 2 || d.Files != 3 || d.Head != pushed.Changes[0].New || d.Actor != "Priya Raman" ||
		d.Event != "repo:push" || d.Source != fairlead.SourceWebhook || d.Address == "" || d.FinishedAt.IsZero() || d.Diagnosis != nil {
		t.Errorf("got %+v", d)
	}
	if len(pushes) != 1 {
		t.Fatalf("got %d pushes", len(pushes))
	}
	p := pushes[0]
	if p.Verdict != fairlead.VerdictRecorded || p.Matched != 3 || p.Change.New != pushed.Changes[0].New || p.Comparison.Commits[0].Hash != p.Change.New {
		t.Errorf("got %+v", p)
	}
	if f := p.Comparison.Files[0]; f.Path != "docs/a.md" || f.Kind != fairlead.FileAdded || !f.Matched {
		t.Errorf("got %+v", f)
	}
	q.wantHeads()
	if status := q.answered(); !slices.Equal(status, []int{202}) {
		t.Errorf("the host was answered %v", status)
	}
}

func TestWhatALinkDoesNotWantIsIgnoredWithItsReason(t *testing.T) {
	for name, c := range map[string]struct {
		rule    fairlead.LinkRule
		push    []bitbucketsim.RefChange
		verdict fairlead.Verdict
		reason  string
	}{
		"another branch": {
			push:    []bitbucketsim.RefChange{{Branch: "feature/add-region", Commits: []bitbucketsim.NewCommit{file("a.sql")}}},
			verdict: fairlead.VerdictBranch, reason: "This link follows main. The push was to feature/add-region.",
		},
		"other files": {
			rule:    fairlead.LinkRule{Paths: fairlead.PathFilter{"migrations"}},
			push:    []bitbucketsim.RefChange{{Branch: "main", Commits: []bitbucketsim.NewCommit{file("a", "b", "migrations-old/c")}}},
			verdict: fairlead.VerdictPath, reason: "3 files changed, none of them under migrations.",
		},
		"a tag": {
			push:    []bitbucketsim.RefChange{{Tag: "v7", From: "main"}},
			verdict: fairlead.VerdictTag, reason: "This link does not follow tags. The push was of the tag v7.",
		},
		"a removed branch": {
			rule:    fairlead.LinkRule{Branch: "**"},
			push:    []bitbucketsim.RefChange{{Branch: "feature/add-region", Delete: true}},
			verdict: fairlead.VerdictDeletion, reason: "The branch feature/add-region was removed.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := newQuay(t, c.rule)
			q.push(c.push...)
			q.work()
			d, pushes := q.want(c.verdict, c.reason)
			if d.State != fairlead.DeliveryDone || len(pushes) != 1 || pushes[0].Verdict != c.verdict || pushes[0].Reason != d.Reason {
				t.Errorf("got %+v, %+v", d, pushes)
			}
			q.wantHeads()
		})
	}
}

func TestWhatALinkWantsOfTagsBranchesAndFilesIsRecorded(t *testing.T) {
	everything := fairlead.LinkRule{Branch: "**", Tags: true, Deletions: true}
	for name, c := range map[string]struct {
		rule   fairlead.LinkRule
		push   bitbucketsim.RefChange
		reason string
		files  int
	}{
		"a new tag":        {everything, bitbucketsim.RefChange{Tag: "v7", From: "main"}, "The tag v7 is new.", 0},
		"a removed tag":    {everything, bitbucketsim.RefChange{Tag: "v1.0", Delete: true}, "The tag v1.0 was removed.", 0},
		"a moved tag":      {everything, bitbucketsim.RefChange{Tag: "v1.0", From: "main", Force: true}, "The tag v1.0 was moved. 1 commit and", 1},
		"a removed branch": {everything, bitbucketsim.RefChange{Branch: "feature/add-region", Delete: true}, "The branch feature/add-region was removed.", 0},
		"a new branch": {
			everything, bitbucketsim.RefChange{Branch: "release/1", Commits: []bitbucketsim.NewCommit{file("x.sql")}},
			"The branch release/1 is new. 1 commit and 1 changed file.", 1,
		},
		"a new branch without commits": {everything, bitbucketsim.RefChange{Branch: "release/2"}, "The branch release/2 is new. 0 commits and 0 changed files.", 0},
		"some of the files": {
			fairlead.LinkRule{Paths: fairlead.PathFilter{"migrations"}},
			bitbucketsim.RefChange{Branch: "main", Commits: []bitbucketsim.NewCommit{file("a", "migrations/b", "c")}},
			"1 commit and 3 changed files, 1 of them under migrations.", 1,
		},
		"a pattern of files": {
			fairlead.LinkRule{Paths: fairlead.PathFilter{"**/*.sql"}},
			bitbucketsim.RefChange{Branch: "main", Commits: []bitbucketsim.NewCommit{file("a/b.sql")}},
			"1 commit and 1 changed file, all matching **/*.sql.", 1,
		},
		"a merge": {everything, bitbucketsim.RefChange{Branch: "main", Merge: "feature/add-region"}, "2 commits and 1 changed file.", 1},
	} {
		t.Run(name, func(t *testing.T) {
			q := newQuay(t, c.rule)
			q.look() // at the tags that are there
			q.push(c.push)
			q.work()
			d, pushes := q.want(fairlead.VerdictRecorded, c.reason)
			if len(pushes) != 1 || pushes[0].Matched != c.files || d.Files != c.files {
				t.Errorf("got %+v", pushes)
			}
			q.wantHeads()
		})
	}
}

func TestAForcedPushSaysSoAndIsComparedWithWhatWasThere(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.main("a.sql")
	q.push(bitbucketsim.RefChange{Branch: "main", From: "main~1", Force: true, Commits: []bitbucketsim.NewCommit{file("b.sql")}})
	q.work()
	_, pushes := q.want(fairlead.VerdictRecorded, "The branch main was replaced by a forced push. 1 commit and 2 changed files.")
	if got := pushes[0].Comparison.Files; got[0].Kind != fairlead.FileRemoved || got[1].Kind != fairlead.FileAdded || !pushes[0].Change.Forced {
		t.Errorf("got %+v", got)
	}
	q.wantHeads()
}

func TestEachChangeOfADeliveryHasAVerdictAndTheDeliveryTheBest(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.push(
		bitbucketsim.RefChange{Branch: "topic", Commits: []bitbucketsim.NewCommit{file("x")}},
		bitbucketsim.RefChange{Tag: "v9", From: "main"},
		bitbucketsim.RefChange{Branch: "main", Commits: []bitbucketsim.NewCommit{file("a.sql")}},
	)
	q.work()
	d, pushes := q.want(fairlead.VerdictRecorded, "3 changes: 1 recorded, 2 ignored. main: 1 commit and 1 changed file.")
	got := []fairlead.Verdict{}
	for _, p := range pushes {
		got = append(got, p.Verdict)
	}
	if !slices.Equal(got, []fairlead.Verdict{fairlead.VerdictBranch, fairlead.VerdictTag, fairlead.VerdictRecorded}) || d.Ref != "topic" || d.More != 2 {
		t.Errorf("got %v, %+v", got, d)
	}
	q.wantHeads()
}

func TestACutListOfCommitsIsReadInFullFromTheHost(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	commits := []bitbucketsim.NewCommit{}
	for i := range 12 {
		commits = append(commits, file(fmt.Sprintf("migrations/%04d.sql", i)))
	}
	if pushed := q.push(bitbucketsim.RefChange{Branch: "main", Commits: commits}); !pushed.Changes[0].Truncated {
		t.Fatal("the host cut nothing")
	}
	q.work()
	if _, pushes := q.want(fairlead.VerdictRecorded, "12 commits and 12 changed files."); len(pushes[0].Comparison.Commits) != 12 {
		t.Errorf("got %d commits", len(pushes[0].Comparison.Commits))
	}
}

func TestHundredsOfFilesAreReadPageByPageAndALimitIsKept(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{Paths: fairlead.PathFilter{"z"}})
	paths := []string{"z/last.sql"}
	for i := range 2100 {
		paths = append(paths, fmt.Sprintf("a/%05d.sql", i))
	}
	q.push(bitbucketsim.RefChange{Branch: "main", Commits: []bitbucketsim.NewCommit{file(paths[:700]...), file(paths[700:1400]...), file(paths[1400:]...)}})
	q.work()
	_, pushes := q.want(fairlead.VerdictRecorded, "3 commits and more than 2000 changed files, 1 of them under z.")
	if c := pushes[0].Comparison; len(c.Files) != 2000 || !c.MoreFiles || c.Files[0].Path != "z/last.sql" || pushes[0].Matched != 1 {
		t.Errorf("got %d files, first %+v", len(c.Files), c.Files[0])
	}
}

func TestHundredsOfCommitsAreKeptUpToALimit(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	commits := []bitbucketsim.NewCommit{}
	for i := range 260 {
		commits = append(commits, file(fmt.Sprintf("m/%04d.sql", i)))
	}
	q.push(bitbucketsim.RefChange{Branch: "main", Commits: commits})
	q.work()
	d, pushes := q.want(fairlead.VerdictRecorded, "more than 250 commits and 260 changed files.")
	if c := pushes[0].Comparison; len(c.Commits) != 250 || !c.MoreCommits || d.Commits != 250 {
		t.Errorf("got %d commits", len(c.Commits))
	}
	q.wantHeads()
}

func TestAnArchivedProjectIgnoresAndRestoredItCanBeProcessedAgain(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.must(q.linking.Archive(context.Background(), as(q.ana), q.access()))
	q.main("a.sql")
	q.work()
	d, _ := q.want(fairlead.VerdictPaused, "The project is archived.")
	q.must(q.linking.Restore(context.Background(), as(q.ana), q.access()))
	if n := q.catchUp(); n != 0 {
		t.Errorf("%d pushes were caught up that were ignored on purpose", n)
	}
	q.must(q.Reprocess(context.Background(), as(q.ana), d))
	q.work()
	q.want(fairlead.VerdictRecorded, "1 commit")
	q.wantHeads()
}

func TestAfterAChangeOfTheRuleADeliveryCanBeProcessedAgain(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{Paths: fairlead.PathFilter{"migrations"}})
	q.main("docs/a.md")
	q.work()
	d, _ := q.want(fairlead.VerdictPath, "Its 1 file is not under migrations.")
	for _, paths := range []fairlead.PathFilter{{"docs"}, {"migrations"}, nil} {
		q.must(q.linking.ChangeRule(context.Background(), as(q.ana), q.access(), q.fresh(), fairlead.LinkRule{Branch: "main", Paths: paths}))
		q.must(q.Reprocess(context.Background(), as(q.ana), d))
		q.work()
		want := fairlead.VerdictRecorded
		if slices.Equal(paths, fairlead.PathFilter{"migrations"}) {
			want = fairlead.VerdictPath
		}
		if _, pushes := q.want(want, "1"); len(pushes) != 1 || pushes[0].Verdict != want {
			t.Errorf("with %v: got %+v", paths, pushes)
		}
	}
}

func TestWhatIsNoPushIsIgnored(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	for id, c := range map[string]struct{ event, body, reason string }{
		"1": {"pullrequest:created", `{"repository":{"uuid":"` + q.link.Repository.ID + `"}}`, "The event pullrequest:created changed no branch and no tag."},
		"2": {"repo:push", `{"repository":{"uuid":"` + q.link.Repository.ID + `"},"push":{"changes":[]}}`, "The event repo:push changed no branch and no tag."},
		"3": {"repo:push", `{"repository":{"uuid":"{other}","full_name":"acme/other"},"push":{"changes":[{"new":{"type":"branch","name":"main","target":{"hash":"` +
			strings.Repeat("a", 40) + `"}}}]}}`, "This is about another repository, acme/other."},
	} {
		header := signed(q.link.Secret, id, []byte(c.body))
		header.Set("X-Event-Key", c.event)
		_, err := q.deliver(context.Background(), q.link.ID, header, []byte(c.body), "192.0.2.1")
		q.must(err)
		q.work()
		q.want(fairlead.VerdictEvent, c.reason)
		q.clock.forward(time.Second)
	}
}

func TestASignedDeliveryThatCannotBeReadFailsVisibly(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	_, err := q.deliver(context.Background(), q.link.ID, signed(q.link.Secret, "1", []byte("no JSON")), []byte("no JSON"), "192.0.2.1")
	q.must(err)
	q.work()
	d, _ := q.want(fairlead.VerdictFailed, "Fairlead cannot read what the host sent.")
	if d.State != fairlead.DeliveryFailed || d.Diagnosis == nil || d.Diagnosis.Code != fairlead.DiagnosisDeliveryUnknown {
		t.Errorf("got %+v", d)
	}
}
