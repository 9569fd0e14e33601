package handlers_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"fairlead"
	"fairlead/bitbucketsim"
)

func TestAPushTravelsFromTheHostToItsPage(t *testing.T) {
	s := newLinkSite(t)
	s.priya.get(s.link).want(200, ordersDB, "Waiting for the first push", externalURL+"/hooks/"+s.linkID())
	s.delivered("main", "migrations/0009_new.sql")
	s.priya.get(s.link).want(200, "Recorded", "1 commit, 1 file").not("Waiting for the first push")
	s.priya.get(s.project+"/deliveries").want(200, ordersDB+": 1 commit, 1 file")
	s.priya.get(s.newest()).want(200, "Push to main", "migrations/0009_new.sql", "X-Hub-Signature: [redacted]", "Came by", "192.0.2.200")
	s.delivered("feature/add-region", "migrations/0010_new.sql")
	s.priya.get(s.newest()).want(200, "This link follows main. The push was to feature/add-region.", "Change the rule")
	s.priya.get(s.link+"?show=recorded").want(200, "1 commit, 1 file").not("This link follows main.")
}

func TestTheDoorAnswersEachKindOfDeliveryWithItsStatus(t *testing.T) {
	s := newLinkSite(t)
	d := s.push("main", "migrations/1.sql")
	secret := s.row().Secret
	for want, send := range map[int]func() answer{
		http.StatusAccepted:     func() answer { return s.carry(d, sign(secret, d.Body)) },
		http.StatusUnauthorized: func() answer { return s.carry(d, sign(fairlead.NewSecret("another"), d.Body)) },
		http.StatusRequestEntityTooLarge: func() answer {
			large := d
			large.Body = strings.Repeat("x", 600_000)
			return s.carry(large, sign(secret, large.Body))
		},
		http.StatusBadRequest: func() answer {
			nameless := d
			nameless.RequestUUID = ""
			return s.carry(nameless, sign(secret, d.Body))
		},
	} {
		if a := send(); a.status != want {
			t.Errorf("got %d %s, want %d", a.status, a.body, want)
		}
	}
	if a := s.carry(d, sign(secret, d.Body)); a.status != http.StatusOK {
		t.Errorf("sent again: %d %s", a.status, a.body)
	}
	if a := s.carry(d, ""); a.status != http.StatusUnauthorized {
		t.Errorf("unsigned: %d %s", a.status, a.body)
	}
	unknown := httptest.NewRequest(http.MethodPost, externalURL+"/hooks/"+fairlead.NewID(fairlead.SystemRandom(), fairlead.PrefixRepositoryLink), strings.NewReader(d.Body))
	if a := s.visitor("192.0.2.200").send(unknown); a.status != http.StatusNotFound {
		t.Errorf("unknown link: %d %s", a.status, a.body)
	}
	if err := s.inbox.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	page := s.priya.get(s.link).want(200, "Rejected requests", "4 requests", "192.0.2.200")
	if strings.Contains(page.body, "xxxxxxxx") {
		t.Error("the page shows the body of a rejected request")
	}
}

func TestLinkingTwiceWithOneFormMakesOneLink(t *testing.T) {
	s := newLinkSite(t)
	step := s.picked()
	id := hiddenID.FindStringSubmatch(s.priya.get(step + "?step=confirm&branch=master").body)
	for range 2 {
		a := s.priya.post(step, "id", id[1], "branch", "master")
		a.wantTo(s.project + "/repositories/" + id[1])
	}
	if n := strings.Count(s.priya.get(s.project+"/repositories").body, `class="provider"`); n != 2 {
		t.Errorf("the project has %d links, want 2", n)
	}
}

func TestABranchThatIsNotThereIsSaidAtItsField(t *testing.T) {
	s := newLinkSite(t)
	s.priya.get(s.picked()+"?step=confirm&branch=nope&paths=a/../b").want(422, "Enter a/../b as a plain path, without //, ./ or ../")
	page := s.priya.get(s.picked()+"?step=confirm&branch=nope&paths=migrations").want(422, "Enter a branch of acme-data/billing-db: it has none called nope")
	for _, kept := range []string{`value="nope"`, ">migrations</textarea>"} {
		if !strings.Contains(page.body, kept) {
			t.Errorf("the form lost %s", kept)
		}
	}
	s.priya.post(s.link+"/edit", "branch", "nope").want(422, "it has none called nope")
	s.priya.post(s.link+"/edit", "branch", "feature/*", "tags", "yes").wantTo(s.link)
	s.priya.get(s.link).want(200, "feature/*", "New, moved and removed tags")
}

func TestOnlyTheProjectsPeopleSeeAndLinkItsRepositories(t *testing.T) {
	s := newLinkSite(t)
	ana := s.joined("member")
	for _, path := range []string{s.project + "/repositories", s.link, s.picking(), s.project + "/deliveries"} {
		ana.get(path).want(404, "There is no project")
	}
	s.priya.post(s.project+"/members", "person", s.person(anasEmail).ID, "role", "developer").wantTo(s.project + "/members")
	ana.get(s.link).want(200, "Take over")
	ana.get(s.picking()).want(200, "Connect your Bitbucket account")
	s.connect(ana)
	path := s.linked(ana, "acme-data/customers-db", "branch", "main")
	s.priya.get(path).want(200, "Ana Brandt")
}

func TestALinkOfAnotherProjectIsNotFound(t *testing.T) {
	s := newLinkSite(t)
	s.delivered("main", "migrations/1.sql")
	other := s.wizardSite.project(s.priya, "Billing")
	s.priya.get(other+"/repositories/"+s.linkID()).want(404, "There is no such link in Billing")
	s.priya.get(other+strings.TrimPrefix(s.newest(), s.project)).want(404, "There is no such delivery")
	s.priya.post(other+strings.TrimPrefix(s.newest(), s.project)+"/reprocess").want(404, "There is no such delivery")
}

func TestARemovedWebhookIsFoundAndRepaired(t *testing.T) {
	s := newLinkSite(t)
	s.removeHook()
	s.priya.follow(s.priya.post(s.link+"/check")).want(200, "needs attention", "Repair")
	s.priya.get(s.project+"/repositories").want(200, "Needs attention", "Repair")
	s.priya.follow(s.priya.post(s.link+"/repair")).want(200, "The webhook was repaired.", "present, active, signed")
	s.delivered("main", "migrations/1.sql")
	s.priya.get(s.link).want(200, "Receiving pushes")
}

// removeHook removes the link's webhook at the host, behind Fairlead's back.
func (s *linkSite) removeHook() {
	s.t.Helper()
	link := s.row()
	if err := s.linking.Call(s.t.Context(), link.Connection.ID, false, s.remover(link)); err != nil {
		s.t.Fatal(err)
	}
}

func TestWhatIsWrongIsLookedAtOnTheLinksPageAndThereInItsHealth(t *testing.T) {
	s := newLinkSite(t)
	s.priya.post(s.link+"/edit", "branch", "feature/add-region").wantTo(s.link)
	s.deliver(s.pushed(bitbucketsim.RefChange{Branch: "feature/add-region", Delete: true}))
	s.priya.post(s.link + "/check").wantTo(s.link)
	s.priya.get(s.project+"/repositories").want(200, "The branch feature/add-region is not there any more.", "See what is wrong").wantHTML(`href="` + s.link + `#health"`)
	s.priya.get(s.link+"?show=ignored").want(200, "The branch feature/add-region is not there any more.", "Go to Health").not("See what is wrong").
		wantHTML(`href="#health"`).wantHTML(`id="health"`)
}

func TestARotatedSecretIsAcceptedBesideTheOldOneUntilItIsUsed(t *testing.T) {
	s := newLinkSite(t)
	old := s.row().Secret
	before := s.push("main", "migrations/1.sql")
	s.priya.follow(s.priya.post(s.link+"/rotate")).want(200, "The webhook has a new secret.", "the old one is accepted too")
	if a := s.carry(before, sign(old, before.Body)); a.status != http.StatusAccepted {
		t.Errorf("the old secret: %d %s", a.status, a.body)
	}
	after := s.push("main", "migrations/2.sql")
	if a := s.carry(after, sign(s.row().Secret, after.Body)); a.status != http.StatusAccepted {
		t.Errorf("the new secret: %d %s", a.status, a.body)
	}
	last := s.push("main", "migrations/3.sql")
	if a := s.carry(last, sign(old, last.Body)); a.status != http.StatusUnauthorized {
		t.Errorf("the old secret after the new one was used: %d %s", a.status, a.body)
	}
}

func TestUnlinkingRemovesTheWebhookAndKeepsTheLog(t *testing.T) {
	s := newLinkSite(t)
	s.delivered("main", "migrations/1.sql")
	delivery := s.newest()
	s.priya.get(s.link+"/unlink").want(200, "Unlink "+ordersDB+"?")
	s.priya.follow(s.priya.post(s.link+"/unlink")).want(200, ordersDB+" was unlinked.")
	s.priya.get(s.link).want(404, "There is no such repository link")
	s.priya.get(s.project+"/deliveries").want(200, ordersDB+": 1 commit, 1 file")
	s.priya.get(delivery).want(200, "unlinked since")
	if hooks := s.hooks(); len(hooks) != 0 {
		t.Errorf("the host still has %v", hooks)
	}
}

func TestWhatUnlinkingLeftAtTheHostStaysFindable(t *testing.T) {
	s := newLinkSite(t)
	s.priya.get(s.project + "/repositories").want(200).not("unlinked")
	s.priya.post("/account/connections/" + s.row().Connection.ID + "/disconnect")
	const left = "1 unlinked repository, with something left at its host"
	s.priya.follow(s.priya.post(s.link+"/unlink")).want(200, ordersDB+" was unlinked.", left)
	s.priya.get(s.project+"/repositories").not(ordersDB+" was unlinked.").
		want(200, left, "The webhook of "+ordersDB+" to "+externalURL+"/hooks/"+s.linkID()+" is still there", "Remove it at Bitbucket").
		wantHTML(`href="` + s.sim.WebURL() + "/" + ordersDB + `"`)
	if hooks, err := s.sim.Repository(ordersDB); err != nil || len(hooks.Hooks) != 1 {
		t.Errorf("got %+v, %v", hooks, err)
	}

	s.connect(s.priya)
	again := s.linked(s.priya, ordersDB, "branch", "main")
	s.priya.post(again + "/unlink").wantTo(s.project + "/repositories")
	s.priya.get(s.project+"/repositories").want(200, "2 unlinked repositories, 1 with something left at the host")
}

func TestDisconnectingPausesLinksAndSomebodyElseTakesThemOver(t *testing.T) {
	s := newLinkSite(t)
	connection := "/account/connections/" + s.row().Connection.ID + "/disconnect"
	s.priya.get("/account/connections").want(200, "Priya Raman", "Used by", ordersDB)
	s.priya.get(connection).want(200, "This link pauses", ordersDB)
	s.priya.follow(s.priya.post(connection)).want(200, "Priya Raman was disconnected.", "No account is connected")
	s.priya.get(s.link).want(200, "Paused", "disconnected the account", "Take over")
	ana := s.joined("member")
	s.priya.post(s.project+"/members", "person", s.person(anasEmail).ID, "role", "developer").wantTo(s.project + "/members")
	ana.get(s.link+"/take-over").want(200, "Connect your Bitbucket account")
	s.connect(ana)
	ana.follow(ana.post(s.link+"/take-over")).want(200, "The link now acts by your connection.", "Ana Brandt")
	s.delivered("main", "migrations/1.sql")
	ana.get(s.link).want(200, "Receiving pushes")
}

func TestWhoLeavesIsToldWhichLinksPause(t *testing.T) {
	s := newLinkSite(t)
	ana := s.joined("member")
	id := s.person(anasEmail).ID
	s.priya.post(s.project+"/members", "person", id, "role", "developer").wantTo(s.project + "/members")
	s.connect(ana)
	path := s.linked(ana, "acme-data/customers-db", "branch", "main")
	s.priya.get(s.project+"/members/"+id).want(200, "This link pauses", "acme-data/customers-db")
	s.priya.get("/settings/members/"+id+"/remove").want(200, "This link pauses", "acme-data/customers-db")
	s.priya.post("/settings/members/" + id + "/remove").wantTo("/settings/members")
	s.priya.get(path).want(200, "Paused", "Ana Brandt left the workspace.")
}

func TestAnArchivedProjectPausesItsLinksAndSaysSo(t *testing.T) {
	s := newLinkSite(t)
	s.priya.get(s.project+"/archive").want(200, "Its links stop")
	s.priya.post(s.project + "/archive").wantTo("/projects")
	s.priya.get(s.project+"/repositories").want(200, "This project is archived", "links are stopped")
	s.priya.get(s.picking()).want(409, "is archived")
	s.delivered("main", "migrations/1.sql")
	s.priya.get(s.newest()).want(200, "Ignored", "The project is archived")
	s.priya.post(s.project + "/restore").wantTo(s.project)
	s.priya.follow(s.priya.post(s.newest()+"/reprocess")).want(200, "processed again")
	s.work()
	s.priya.get(s.newest()).want(200, "Recorded")
}

func TestAnArchivedProjectOffersTheWayBackWhereItIsMissed(t *testing.T) {
	s := newLinkSite(t)
	s.delivered("main", "migrations/1.sql")
	ana := s.joined("member")
	s.priya.post(s.project+"/members", "person", s.person(anasEmail).ID, "role", "developer").wantTo(s.project + "/members")
	step := s.picked() + "?branch=main"
	for page, status := range map[string]int{s.project: 200, s.project + "/repositories": 200, s.link: 200, s.newest(): 200,
		s.project + "/repositories/new": 409, s.picking(): 409, step: 409} {
		s.priya.post(s.project + "/archive").wantTo("/projects")
		shown := s.priya.get(page).want(status, "archived", "Restore Orders").not("That changed meanwhile")
		ana.get(page).want(status, "archived").not("Restore Orders")
		fields := []string{}
		if back := regexp.MustCompile(`name="return" value="([^"]+)"`).FindStringSubmatch(shown.body); back != nil {
			fields = append(fields, "return", html.UnescapeString(back[1]))
		}
		s.priya.follow(s.priya.post(s.project+"/restore", fields...).wantTo(page)).not("is archived")
	}
	s.priya.post(s.project + "/archive").wantTo("/projects")
	ana.get(s.project+"/repositories/new").want(409, "Orders is archived", "A repository can be linked when the project is in use again.", "Ask an owner of the project to restore it: Priya Raman.")
	ana.get(s.project+"/repositories").want(200, "Ask an owner of the project to restore it: Priya Raman.")
	ana.get(s.link).want(200, "until an owner of the project restores it", "See who owns it")
	ana.post(s.project + "/restore").want(403)
	s.priya.htmx(http.MethodGet, s.picking()+"?q=orders").want(204).wantHeader("HX-Redirect", s.project+"/repositories/new")
	s.priya.post(s.project+"/restore", "return", "https://evil.example/").wantTo(s.project)
}

func TestAGitProviderInUseStays(t *testing.T) {
	s := newLinkSite(t)
	provider := "/settings/gitops/providers/" + s.provider
	s.priya.get(provider).want(200, "1 repository link", "1 account is connected", "must then connect again")
	s.priya.get(provider+"/remove").want(200, "is used by 1 repository link", ordersDB)
	name := "Bitbucket.org 0"
	s.priya.post(provider+"/remove", "name", name).want(409, ordersDB)
	s.priya.get(provider).want(200, name)
}

func TestACommitIsFollowedToThePointWhereItStopped(t *testing.T) {
	s := newLinkSite(t)
	s.delivered("main", "migrations/1.sql")
	recorded := s.headOf("main")
	s.priya.get(s.link+"/why?commit="+recorded).want(200, "This commit was recorded", "View the delivery")
	s.delivered("feature/add-region", "migrations/2.sql")
	s.priya.get(s.link+"/why?commit="+s.headOf("feature/add-region")[:9]).want(200, "This commit was ignored", "This link follows main.")
	s.priya.get(s.link+"/why?commit=zzz").want(422, "Enter ")
	s.priya.get(s.link+"/why?commit=0123456789abcdef0123456789abcdef01234567").want(200, "This commit was not recorded").wantDiagnosis(fairlead.DiagnosisCommitMissing)
}

func TestAForeignConnectionCallbackTellsNothing(t *testing.T) {
	s := newLinkSite(t)
	back := s.grant(s.priya, "/connect/"+s.provider+"/authorize?return="+s.project)
	ana := s.joined("member")
	ana.get(back).want(403, "started in another browser").not("Orders")
	s.priya.get(back).want(303)
	s.priya.get(back).want(410, "already used")
}

func TestADeniedConnectionIsExplainedWhereItWasAskedFor(t *testing.T) {
	s := newLinkSite(t)
	toHost := s.priya.get("/connect/" + s.provider + "/authorize?return=" + s.project)
	state := toHost.location[strings.Index(toHost.location, "state=")+len("state="):]
	state, _, _ = strings.Cut(state, "&")
	back := s.priya.get("/oauth/callback?error=access_denied&state=" + state)
	s.priya.follow(back).want(200, "Access was not granted", "Try again").wantDiagnosis(fairlead.DiagnosisDenied)
}

func TestAFailingHostIsNamedInEveryStep(t *testing.T) {
	s := newLinkSite(t)
	if err := s.sim.SetFaults(bitbucketsim.Faults{Status: 503}); err != nil {
		t.Fatal(err)
	}
	s.priya.get(s.picking()).wantDiagnosis(fairlead.DiagnosisHostError)
	s.priya.get(s.picked()).wantDiagnosis(fairlead.DiagnosisHostError)
	s.priya.get(s.picked() + "?step=confirm&branch=master").wantDiagnosis(fairlead.DiagnosisHostError)
	s.priya.get(s.link).want(200, "present, active, signed") // as it was last read back
}

func TestALinkActsByTheAccountThatItsConfirmationNamed(t *testing.T) {
	s := newLinkSite(t)
	step := s.picked()
	page := s.priya.get(step+"?step=confirm&branch=master").want(200, "Priya Raman on Bitbucket.org")
	id := hiddenID.FindStringSubmatch(page.body)[1]
	if named := `name="connection" value="` + s.row().Connection.ID + `"`; !strings.Contains(page.body, named) {
		t.Errorf("the form does not say %s", named)
	}
	s.priya.post(step, "id", id, "connection", "co_another", "branch", "master").want(409, "no longer connected")
	s.priya.post(step, "id", id, "connection", s.row().Connection.ID, "branch", "master").wantTo(s.project + "/repositories/" + id)
}
