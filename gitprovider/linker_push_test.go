package gitprovider_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"fairlead"
	"fairlead/gitprovider"
)

func paths(c fairlead.Comparison) map[string]fairlead.ChangeKind {
	all := map[string]fairlead.ChangeKind{}
	for _, f := range c.Files {
		all[f.Path] = f.Kind
	}
	return all
}

func hashes(c fairlead.Comparison) (all []string) {
	for _, made := range c.Commits {
		all = append(all, made.Hash)
	}
	return all
}

func wantFiles(t *testing.T, c fairlead.Comparison, want map[string]fairlead.ChangeKind) {
	t.Helper()
	if got := paths(c); fmt.Sprint(got) != fmt.Sprint(want) || c.MoreFiles {
		t.Errorf("got %v, want %v", got, want)
	}
}

func wantCommits(t *testing.T, c fairlead.Comparison, want ...string) {
	t.Helper()
	if got := hashes(c); !slices.Equal(got, want) || c.MoreCommits {
		t.Errorf("got commits %v, want %v", got, want)
	}
}

func TestAPushIsWhatDiffersFromTheHeadBefore(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		l.push(l.id, push{branch: "main", commits: []map[string]string{{"keep.sql": "1", "go.sql": "x", "move.sql": "SELECT 1;\nSELECT 2;\nSELECT 3;\n"}}})
		done := l.push(l.id, push{branch: "main", commits: []map[string]string{
			{"keep.sql": "2", "new.sql": "1"},
			{"go.sql": "", "move.sql": "", "moved/it.sql": "SELECT 1;\nSELECT 2;\nSELECT 3;\n", "for a moment.sql": "1"},
			{"for a moment.sql": ""},
		}})
		got := l.compare(l.id, done.RefChange)
		wantFiles(t, got, map[string]fairlead.ChangeKind{
			"keep.sql": fairlead.FileModified, "new.sql": fairlead.FileAdded, "go.sql": fairlead.FileRemoved, "moved/it.sql": fairlead.FileRenamed,
		})
		for _, f := range got.Files {
			if want := map[string]string{"moved/it.sql": "move.sql"}[f.Path]; f.OldPath != want {
				t.Errorf("%s was %q before, want %q", f.Path, f.OldPath, want)
			}
		}
		wantCommits(t, got, done.made...)
	})
}

func TestANewBranchIsWhatItHasBeyondTheMainBranch(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		fork := l.push(l.id, push{branch: "main", commits: []map[string]string{{"a.sql": "1"}}})
		l.push(l.id, push{branch: "main", commits: []map[string]string{{"a.sql": "2", "later.sql": "1"}}})
		done := l.push(l.id, push{branch: "topic", from: fork.New, commits: []map[string]string{{"b.sql": "1"}, {"c.sql": "1"}}})
		if done.Old != "" {
			t.Fatalf("got %+v", done)
		}
		got := l.compare(l.id, done.RefChange)
		wantFiles(t, got, map[string]fairlead.ChangeKind{"b.sql": fairlead.FileAdded, "c.sql": fairlead.FileAdded})
		wantCommits(t, got, done.made...)

		bare := l.push(l.id, push{branch: "bare", from: "main"})
		got = l.compare(l.id, bare.RefChange)
		wantFiles(t, got, map[string]fairlead.ChangeKind{})
		wantCommits(t, got)
	})
}

func TestANewTagOnTheMainBranchChangesNothing(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		done := l.push(l.id, push{tag: "v2", from: "main"})
		got := l.compare(l.id, done.RefChange)
		wantFiles(t, got, map[string]fairlead.ChangeKind{})
		wantCommits(t, got)
	})
}

func TestTheFirstPushOfAllAddsEverything(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		id := l.empty()
		done := l.push(id, push{branch: "main", commits: []map[string]string{{"a.sql": "1"}, {"deep/b.sql": "1", "c.sql": "1"}, {"c.sql": ""}}})
		got := l.compare(id, done.RefChange)
		wantFiles(t, got, map[string]fairlead.ChangeKind{"a.sql": fairlead.FileAdded, "deep/b.sql": fairlead.FileAdded})
		wantCommits(t, got, done.made...)
	})
}

func TestARemovedRefChangesNothing(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		l.push(l.id, push{branch: "gone", from: "main"})
		before := l.calls()
		done := l.push(l.id, push{branch: "gone", remove: true})
		got := l.compare(l.id, done.RefChange)
		wantFiles(t, got, map[string]fairlead.ChangeKind{})
		if n := l.calls() - before; n != 0 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestAForcedPushIsWhatDiffersToo(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		base := l.push(l.id, push{branch: "main", commits: []map[string]string{{"a.sql": "1"}}})
		l.push(l.id, push{branch: "main", commits: []map[string]string{{"lost.sql": "1"}}})
		done := l.push(l.id, push{branch: "main", from: base.New, force: true, commits: []map[string]string{{"found.sql": "another one\n"}}})
		if !done.Forced {
			t.Fatalf("got %+v", done)
		}
		got := l.compare(l.id, done.RefChange)
		wantFiles(t, got, map[string]fairlead.ChangeKind{"lost.sql": fairlead.FileRemoved, "found.sql": fairlead.FileAdded})
		wantCommits(t, got, done.made...)
	})
}

func TestWhereTheCommitBeforeIsGoneTheMainBranchIsComparedWith(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		gone := strings.Repeat("0123456789", 4)
		done := l.push(l.id, push{branch: "topic", from: "main", commits: []map[string]string{{"b.sql": "1"}}})
		done.Old = gone
		got := l.compare(l.id, done.RefChange)
		wantFiles(t, got, map[string]fairlead.ChangeKind{"b.sql": fairlead.FileAdded})
		wantCommits(t, got, done.made...)

		main := l.push(l.id, push{branch: "main", commits: []map[string]string{{"c.sql": "1"}}})
		main.Old = gone
		got = l.compare(l.id, main.RefChange)
		if kind := paths(got); kind["c.sql"] != fairlead.FileAdded || kind["migrations/0001_create.sql"] != fairlead.FileAdded || got.Commits[0].Hash != main.New {
			t.Errorf("got %+v", got)
		}
		main.New = gone
		_, err := l.Compare(t.Context(), l.access, fairlead.Repository{ID: l.id}, main.RefChange)
		wantDiagnosis(t, err, fairlead.DiagnosisCommitMissing)
	})
}

func TestALargePushIsReadPageByPage(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		var made []map[string]string
		files := map[string]string{}
		for i := range 1300 {
			files[fmt.Sprintf("many/%04d.sql", i)] = fmt.Sprint(i)
		}
		made = append(made, files)
		for i := range 250 {
			made = append(made, map[string]string{"counter.txt": fmt.Sprint(i)})
		}
		done := l.push(l.id, push{branch: "main", commits: made})
		got := l.compare(l.id, done.RefChange)
		if len(paths(got)) != 1301 || got.MoreFiles || !slices.Equal(hashes(got), done.made) || got.MoreCommits {
			t.Errorf("got %d files, %d commits, %v, %v", len(got.Files), len(got.Commits), got.MoreFiles, got.MoreCommits)
		}
	})
}

func TestWhatIsTooMuchIsCutAndSaidSo(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		files := map[string]string{}
		for i := range 10050 {
			files[fmt.Sprintf("many/%05d.sql", i)] = fmt.Sprint(i)
		}
		made := []map[string]string{files}
		for i := range 1050 {
			made = append(made, map[string]string{"counter.txt": fmt.Sprint(i)})
		}
		done := l.push(l.id, push{branch: "main", commits: made})
		got := l.compare(l.id, done.RefChange)
		if len(got.Files) != 10000 || !got.MoreFiles || len(got.Commits) != 1000 || !got.MoreCommits || got.Commits[0].Hash != done.New {
			t.Errorf("got %d files, %v, %d commits, %v", len(got.Files), got.MoreFiles, len(got.Commits), got.MoreCommits)
		}
		listed, more, err := l.ListFiles(t.Context(), l.access, l.id, done.New)
		if err != nil || !more || len(listed) < 2000 || len(listed) > 9000 {
			t.Errorf("listed %d, %v, %v", len(listed), more, err)
		}
	})
}

func TestAWebhookIsCreatedFoundChangedAndRemoved(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		spec := gitprovider.WebhookSpec{URL: "https://fairlead.example/hooks/rl_1", Secret: fairlead.NewSecret("signs deliveries")}
		made, err := l.CreateWebhook(t.Context(), l.access, l.id, spec)
		l.must(err)
		if made.ID == "" || made.URL != spec.URL || !made.Active || !made.Signed || !slices.Equal(made.Events, l.Events()) {
			t.Errorf("made %+v", made)
		}
		hooks, err := l.ListWebhooks(t.Context(), l.access, l.id)
		if err != nil || len(hooks) != 1 || fmt.Sprint(hooks[0]) != fmt.Sprint(made) {
			t.Errorf("found %+v, %v", hooks, err)
		}
		changed, err := l.UpdateWebhook(t.Context(), l.access, l.id, made.ID, gitprovider.WebhookSpec{URL: spec.URL + "x"})
		if err != nil || changed.ID != made.ID || changed.URL != spec.URL+"x" || !changed.Signed || !changed.Active || !slices.Equal(changed.Events, l.Events()) {
			t.Errorf("changed %+v, %v", changed, err)
		}
		for range 2 { // one that is not there any more counts as removed
			l.must(l.RemoveWebhook(t.Context(), l.access, l.id, made.ID))
		}
		l.must(l.RemoveWebhook(t.Context(), l.access, l.id, ""))
		for _, id := range []string{made.ID, "", "../../hooks"} {
			_, err = l.UpdateWebhook(t.Context(), l.access, l.id, id, spec)
			wantDiagnosis(t, err, fairlead.DiagnosisWebhookMissing)
		}
	})
}

func TestOnlyWhoAdministersARepositoryManagesWebhooks(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		l.role(l.id, fairlead.AccessWrite)
		calls := l.everyCall()
		for _, name := range []string{"webhooks", "create webhook", "update webhook", "remove webhook"} {
			wantDiagnosis(t, calls[name](), fairlead.DiagnosisRepositoryNotAdmin)
		}
	})
}

func TestAnAddressThatTheHostDoesNotTakeIsSaidInItsWords(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		made, err := l.CreateWebhook(t.Context(), l.access, l.id, gitprovider.WebhookSpec{URL: "http://localhost:1/hooks/rl_1"})
		l.must(err)
		l.refuseAddresses()
		spec := gitprovider.WebhookSpec{URL: "http://localhost:2/hooks/rl_1", Secret: fairlead.NewSecret("signs deliveries")}
		_, err = l.CreateWebhook(t.Context(), l.access, l.id, spec)
		d := wantDiagnosis(t, err, fairlead.DiagnosisWebhookRefused)
		if !strings.Contains(d.Because, "cannot be an internal, non-routed address") {
			t.Errorf("got %q", d.Because)
		}
		_, err = l.UpdateWebhook(t.Context(), l.access, l.id, made.ID, spec)
		wantDiagnosis(t, err, fairlead.DiagnosisWebhookRefused)
	})
}

// receive makes a webhook, pushes, and returns what the webhook got.
func (l *linked) receive(secret string, pushes ...push) (got []received, done []pushed) {
	l.t.Helper()
	in := newInbox(l.t)
	_, err := l.CreateWebhook(l.t.Context(), l.access, l.id, gitprovider.WebhookSpec{URL: in.URL + "/hooks/rl_1", Secret: fairlead.NewSecret(secret)})
	l.must(err)
	for _, p := range pushes {
		done = append(done, l.push(l.id, p))
	}
	got = l.delivered(in)
	if len(got) != len(pushes) {
		l.t.Fatalf("%d deliveries of %d pushes", len(got), len(pushes))
	}
	return got, done
}

func TestADeliveryIsReadAsWhatWasPushed(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		got, done := l.receive("signs deliveries",
			push{branch: "main", commits: []map[string]string{{"a.sql": "1"}}},
			push{branch: "feature/new", from: "main", commits: []map[string]string{{"b.sql": "1"}}},
			push{branch: "feature/new", from: "main~1", force: true},
			push{branch: "feature/new", remove: true},
			push{tag: "v9", from: "main"},
			push{tag: "v9", remove: true},
		)
		id, name := l.repository()
		for i, d := range got {
			l.must(l.CheckSignature(d.header, d.body, fairlead.NewSecret("signs deliveries")))
			event, err := l.ParseDelivery(d.header, d.body)
			l.must(err)
			if event.Repository.ID != id || event.Repository.FullName != name || event.Actor != "Priya Raman" || event.HostID != done[i].delivery || !slices.Contains(l.Events(), event.Name) {
				t.Errorf("%d: got %+v", i, event)
			}
			if !slices.Equal(event.Changes, []fairlead.RefChange{done[i].RefChange}) {
				t.Errorf("%d: got %+v, want %+v", i, event.Changes, done[i].RefChange)
			}
			if hostID, kind, err := l.DeliveryID(d.header); err != nil || hostID != event.HostID || kind != event.Name {
				t.Errorf("%d: got %s, %s, %v", i, hostID, kind, err)
			}
		}
	})
}

func TestASignatureIsGoodForOneSecretAndOneBody(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		secret := fairlead.NewSecret("signs deliveries")
		got, _ := l.receive("signs deliveries", push{branch: "main", commits: []map[string]string{{"a.sql": "1"}}})
		header, body := got[0].header, got[0].body
		for _, other := range []fairlead.Secret{fairlead.NewSecret("signs deliverieS"), {}} {
			wantDiagnosis(t, l.CheckSignature(header, body, other), fairlead.DiagnosisSignatureWrong)
		}
		for i := range 50 {
			changed := slices.Clone(body)
			changed[i*(len(body)-1)/49] ^= 1
			wantDiagnosis(t, l.CheckSignature(header, changed, secret), fairlead.DiagnosisSignatureWrong)
		}
		wantDiagnosis(t, l.CheckSignature(header, append(slices.Clone(body), ' '), secret), fairlead.DiagnosisSignatureWrong)
		wantDiagnosis(t, l.CheckSignature(http.Header{}, body, secret), fairlead.DiagnosisSignatureMissing)
		wantDiagnosis(t, l.CheckSignature(http.Header{}, nil, fairlead.Secret{}), fairlead.DiagnosisSignatureMissing)
	})
}

func TestADeliveryThatCannotBeReadSaysSo(t *testing.T) {
	everyLinker(t, func(t *testing.T, l *linked) {
		got, _ := l.receive("signs deliveries", push{branch: "main", commits: []map[string]string{{"a.sql": "1"}}})
		header, body := got[0].header, got[0].body
		for _, broken := range []string{"", "{", "null", "[]", "{}", string(body[:len(body)/2])} {
			_, err := l.ParseDelivery(header, []byte(broken))
			wantDiagnosis(t, err, fairlead.DiagnosisDeliveryUnknown)
		}
		_, err := l.ParseDelivery(http.Header{}, body)
		wantDiagnosis(t, err, fairlead.DiagnosisDeliveryUnknown)
		_, _, err = l.DeliveryID(http.Header{})
		wantDiagnosis(t, err, fairlead.DiagnosisDeliveryUnknown)
	})
}
