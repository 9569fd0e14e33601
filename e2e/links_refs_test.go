package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"fairlead/bitbucketsim"
)

// previewSays waits until the preview beside a rule says something.
func previewSays(p *tab, words string) {
	p.t.Helper()
	p.waitFor("the preview to say "+words, `document.querySelector("#preview").innerText.replace(/\s+/g, " ").includes(`+quoted(words)+`)`)
}

func TestARuleIsEditedBesideItsPreviewAndDecidesFromThenOn(t *testing.T) {
	t.Parallel()
	f, p, link := newLink(t, "migrations")
	f.pushMany(ordersDB, bitbucketsim.RefChange{Branch: "release/1.0"}, bitbucketsim.RefChange{Branch: "release/2.0"}) // both where main is
	waitLog(p, ordersLog, "Ignored")
	says(p, "This link follows main. The push was to release/1.0.")
	p.open(link)
	p.click(sel{"a[href]", "Edit"})
	p.waitAt("/projects/ORDERS/repositories/rl_")
	previewSays(p, "2 files")

	p.fill(css("#branch"), "release/*")
	previewSays(p, "release/1.0, release/2.0")
	p.fill(css("#paths"), "nowhere")
	previewSays(p, "No file matches. Pushes are ignored until one does.")
	p.fill(css("#paths"), "**/*.sql\nREADME.md")
	previewSays(p, "4 files")
	p.fill(css("#branch"), "hotfix/*")
	previewSays(p, "No branch matches hotfix/* yet. One that is made later is followed from its first push.")
	p.fill(css("#branch"), "mian")
	previewSays(p, "There is no branch mian.")
	does(p, "Save", "Enter a branch of "+ordersDB+": it has none called mian")
	if branch, paths := p.value(css("#branch")), p.value(css("#paths")); branch != "mian" || paths != "**/*.sql\nREADME.md" {
		t.Errorf("after the error the form holds %q and %q", branch, paths)
	}
	p.fill(css("#branch"), "release/*")
	does(p, "Save", "What the link follows was saved.", "release/*", "**/*.sql")

	f.push(ordersDB, "main", "migrations/0003_main.sql")
	f.push(ordersDB, "release/1.0", "app/notes.txt")
	f.push(ordersDB, "release/2.0", "app/queries/new.sql")
	waitLog(p, ordersLog, "Ignored", "Ignored", "Ignored", "Recorded")
	says(p, "This link follows release/*. The push was to main.", "Its 1 file is not in the path filter.", "1 commit, 1 file")
	p.click(css(".log > li:nth-of-type(3) summary"))
	p.click(sel{"details[open] a", "Change the rule"})
	if got := p.value(css("#branch")); got != "release/*" {
		t.Errorf("the rule's form has %q", got)
	}
}

// heldPreview keeps the answer to the first preview of each page back until answerPreview() is called.
const heldPreview = `const ask = window.fetch; let asked = false;
window.fetch = (to, ...more) => {
	const answer = ask(to, ...more);
	if (asked || !String(to).includes("/preview")) return answer;
	asked = true;
	return answer.then(a => new Promise(go => { window.answerPreview = () => go(a) }));
}`

func TestWhatIsTypedWhileTheFirstPreviewIsOnItsWayIsPreviewedToo(t *testing.T) {
	t.Parallel()
	_, p, link := newLink(t, "migrations")
	defer p.evaluateOnNewDocument(heldPreview)()
	p.open(link + "/edit")
	p.waitFor("the first preview to be on its way", "window.answerPreview")
	get[bool](p, `document.querySelector("#paths").value = "nowhere", document.querySelector("#paths").dispatchEvent(new Event("input", {bubbles: true})), answerPreview(), true`)
	previewSays(p, "2 files") // what was asked first
	previewSays(p, "No file matches. Pushes are ignored until one does.")
}

func TestThePreviewLoadsByItselfAlsoAfterAnError(t *testing.T) {
	t.Parallel()
	_, p, link := newLink(t, "migrations")
	p.open(link + "/edit")
	p.fill(css("#branch"), "mian")
	does(p, "Save", "Enter a branch of "+ordersDB+": it has none called mian")
	previewSays(p, "There is no branch mian.")
}

func TestEveryKindOfPushHasAVerdictAndItsFiles(t *testing.T) {
	t.Parallel()
	f, p, link := newLink(t, "migrations")
	tag := func(name string) {
		f.simulate(http.MethodPost, "/repositories/"+ordersDB+"/tags", map[string]string{"name": name})
	}
	var want []string
	next := func(verdict string, words ...string) {
		t.Helper()
		want = append(want, verdict)
		waitLog(p, ordersLog, want...)
		openDelivery(p, 1)
		says(p, words...)
	}
	tag("v2.0")
	next("Ignored", "This link does not follow tags. The push was of the tag v2.0.")

	p.open(link + "/edit")
	p.fill(css("#branch"), "**")
	p.click(css("#tags"))
	p.click(css("#deletions"))
	does(p, "Save", "What the link follows was saved.", "Tags and removed branches")

	tag("v2.1")
	next("Recorded", "Tag v2.1", "New tag at", "The tag v2.1 is new.")
	f.push(ordersDB, "feature/new", "migrations/0003_branch.sql")
	next("Recorded", "Push to feature/new", "New branch at", "migrations/0003_branch.sql", "Change migrations/0003_branch.sql")
	doesNotSay(p, "0001_create.sql")

	forced := f.pushMany(ordersDB, bitbucketsim.RefChange{Branch: "feature/new", Force: true, From: "main", Commits: []bitbucketsim.NewCommit{commitOf("migrations/0004_forced.sql")}})
	if !forced.Changes[0].Forced {
		t.Fatal("that was no forced push")
	}
	next("Recorded", "Forced push to feature/new", "history was replaced", "migrations/0004_forced.sql")
	f.simulate(http.MethodDelete, "/repositories/"+ordersDB+"/branches/feature/new", nil)
	next("Recorded", "Removed, it was at "+forced.Changes[0].New[:10], "The branch feature/new was removed.")

	var many []bitbucketsim.NewCommit
	for i := range 8 {
		many = append(many, commitOf(fmt.Sprintf("migrations/01%02d_many.sql", i)))
	}
	if pushed := f.pushMany(ordersDB, bitbucketsim.RefChange{Branch: "main", Commits: many}); !pushed.Changes[0].Truncated {
		t.Fatal("the host did not cut the list of commits")
	}
	next("Recorded", "8 commits", "8 files match", "migrations/0100_many.sql", "migrations/0107_many.sql")

	f.pushMany(ordersDB,
		bitbucketsim.RefChange{Branch: "main", Commits: []bitbucketsim.NewCommit{commitOf("app/readme.txt")}},
		bitbucketsim.RefChange{Branch: "feature/two", Commits: []bitbucketsim.NewCommit{commitOf("migrations/0200_two.sql")}},
		bitbucketsim.RefChange{Tag: "v3.0"})
	next("Recorded", "Push to main and 2 more refs", "3 changes: 2 recorded, 1 ignored.", "migrations/0200_two.sql", "app/readme.txt", "Its 1 file is not under migrations.", "New tag at")
	p.open(link)
	does(p, "Ask now", "Bitbucket has no new pushes.")
}

func TestWhyNothingHappenedStopsAtThePointOfEveryFate(t *testing.T) {
	t.Parallel()
	f, p, link := newLink(t, "migrations")
	recorded := f.push(ordersDB, "main", "migrations/0003_recorded.sql")
	branch := f.push(ordersDB, "feature/why", "migrations/0004_branch.sql")
	path := f.push(ordersDB, "main", "app/readme.txt")
	waitLog(p, ordersLog, "Recorded", "Ignored", "Ignored")
	var seeded bitbucketsim.Repository
	f.simulated(http.MethodGet, "/repositories/"+ordersDB, nil, &seeded)
	f.faults(bitbucketsim.Faults{DropDeliveries: true})
	lost := f.push(ordersDB, "main", "migrations/0005_lost.sql")
	elsewhere := f.push("acme-data/billing-db", "master", "migrations/0001_billing.sql")

	address := func(repository, hash string) string { return f.host + "/" + repository + "/commits/" + hash }
	for _, fate := range []struct {
		typed string
		says  []string
	}{
		{recorded, []string{"This commit was recorded", "It arrived with a push to main.", "Change migrations/0003_recorded.sql", "Priya Raman", "View the delivery"}},
		{address(ordersDB, recorded), []string{"This commit was recorded"}},
		{recorded[:7], []string{"This commit was recorded"}},
		{branch, []string{"This commit was ignored", "This link follows main. The push was to feature/why.", "choose Change the rule and let it follow feature/why"}},
		{path, []string{"This commit was ignored", "Its 1 file is not under migrations.", "choose Change the rule and widen its path filter"}},
		{address(ordersDB, lost), []string{"This commit was not recorded", "The push did not arrive", "It is present and right."}},
		{seeded.Tags["v1.0"], []string{"This commit was not recorded", "The commit was on main before the link followed it"}},
		{"0123456789abcdef0123456789abcdef01234567", []string{"This commit was not recorded", "The repository has no such commit"}},
		{address("acme-data/billing-db", elsewhere), []string{"The repository has no such commit", "The address is of acme-data/billing-db. This link is with " + ordersDB + "."}},
		{"the last one", []string{"Enter the hash of a commit, or paste its address"}},
	} {
		asksWhy(p, link, fate.typed, fate.says...)
		if got := p.value(css("#commit")); got != fate.typed {
			t.Errorf("the field holds %q, want %q", got, fate.typed)
		}
	}
}
