package handlers_test

import (
	"context"
	"crypto/rand"
	"regexp"
	"strings"
	"testing"

	"fairlead"
)

// project creates one and returns the path of its page.
func (s *peopleSite) project(v *visitor, name string) string {
	s.t.Helper()
	a := v.post("/projects/new", "id", fairlead.NewID(rand.Reader, fairlead.PrefixProject), "name", name)
	if a.status != 303 {
		s.t.Fatalf("%d %s", a.status, a.text())
	}
	return a.location
}

// addTo puts somebody into a project on Priya's behalf.
func (s *peopleSite) addTo(priya *visitor, path, email, role string) {
	s.t.Helper()
	priya.post(path+"/members", "person", s.person(email).ID, "role", role).wantTo(path + "/members")
}

func TestAWorkspaceOwnerBeginsWithTheGitProviderAndEverybodyElseWithProjects(t *testing.T) {
	s := newWizardSite(t)
	s.priya.get("/").wantTo("/settings/gitops")
	ana := s.joined("member")
	ana.get("/").wantTo("/projects")
	s.project(s.priya, "Orders")
	s.priya.get("/").wantTo("/projects")
	s.priya.get("/settings").wantTo("/settings/gitops")
	ana.get("/settings").wantTo("/account/profile")
}

func TestAnOwnerWithAGitProviderBeginsWithProjects(t *testing.T) {
	s := newWizardSite(t)
	s.added("Bitbucket.org")
	s.priya.get("/").wantTo("/projects")
}

func TestAMemberIsToldHowToComeToAProject(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	page := s.joined("member").get("/projects").want(200, "Projects", "The projects that you are a member of.", "You are in no project yet. Create one and become its owner, or ask the owner of a project to add you.")
	page.wantHTML(`<a class="btn primary" href="/projects/new">Create a project</a>`)
	priya.get("/projects").want(200, "All projects of this workspace.", "A project is one thing that a team works on")
}

func TestAnybodyOfTheWorkspaceCreatesAProject(t *testing.T) {
	s := newPeopleSite(t)
	s.founded()
	ana := s.joined("member")
	id := regexp.MustCompile(`name="id" value="(pr_[a-z2-9]{16})"`).FindStringSubmatch(ana.get("/projects/new").want(200, "Create a project", "Name", "Key (optional)").body)
	if id == nil {
		t.Fatal("the form has no id")
	}
	for range 2 { // a browser may repeat the form
		page := ana.follow(ana.post("/projects/new", "id", id[1], "name", "Web shop", "key", "shop").wantTo("/projects/SHOP"))
		page.want(200, "Web shop was created. Its key is SHOP.", "You are an owner.", "Owners Ana Brandt", "Developers Nobody")
	}
	ana.get("/projects").want(200, "Web shop SHOP You are an owner 1 member")
}

func TestAProjectWithAMistakeKeepsWhatWasTyped(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.project(priya, "Orders")
	page := priya.post("/projects/new", "id", "pr_abcdefghijkmnpqr", "name", "Order desk", "key", "orders").want(422, "Error: Create a project", "Enter another key: ORDERS is taken")
	page.wantHTML(`value="Order desk"`, `value="orders"`, `value="pr_abcdefghijkmnpqr"`, `href="#key"`)
	priya.post("/projects/new", "name", " ", "key", "1").want(422, "Enter a name", "Enter a key of 2 to 12 letters")
}

func TestAKeyInOtherLettersLeadsToTheProjectsOwnAddress(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.project(priya, "Orders")
	priya.get("/projects/orders").wantTo("/projects/ORDERS")
	priya.get("/projects/Orders/members?a=b").wantTo("/projects/ORDERS/members?a=b")
	priya.post("/projects/orders/name", "name", "Order desk").wantTo("/projects/ORDERS")
	s.joined("member").get("/projects/orders").want(404)
	for _, odd := range []string{"/projects/o", "/projects/%2e%2e", "/projects/or%64ers", "/projects/NEW", "/projects/ORDERS%2f", "/projects/ORDERS/nothing"} {
		priya.get(odd).want(404)
	}
}

func TestAStrangerIsToldThatThereIsNoProject(t *testing.T) {
	s := newPeopleSite(t)
	path := s.project(s.founded(), "Orders")
	ana := s.joined("member")
	const words = "There is no project at this address, or you are not one of its members."
	for _, p := range []string{"", "/archive", "/members", "/members/" + s.person(priyasEmail).ID} {
		ana.get(path+p).want(404, words)
		ana.get("/projects/NOTHING"+p).want(404, words)
	}
	for _, p := range []string{"/name", "/archive", "/restore", "/members", "/members/" + s.person(anasEmail).ID + "/role", "/members/" + s.person(priyasEmail).ID + "/remove"} {
		ana.post(path+p, "name", "Mine", "role", "owner", "person", s.person(anasEmail).ID).want(404, words)
	}
	if got := ana.get("/projects"); strings.Contains(got.body, "Orders") {
		t.Errorf("the list tells of it: %s", got.text())
	}
	ana.get(path).wantHTML(`<a href="/projects">Projects</a>`) // in the top bar, without a mark
}

func TestADeveloperLooksAndChangesNothing(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	path := s.project(priya, "Orders")
	ana := s.joined("member")
	s.addTo(priya, path, anasEmail, "developer")
	page := ana.get(path).want(200, "Orders", "You are a developer.", "Owners Priya Raman See members", "Developers Ana Brandt")
	members := ana.get(path+"/members").want(200, "Priya Raman Owner", "Ana Brandt Developer ana@acme.example You")
	for _, forOwners := range []string{"<form", "Manage", "Archive"} {
		for _, a := range []answer{page, members} {
			if strings.Contains(a.body, forOwners) {
				t.Errorf("a developer sees %s: %s", forOwners, a.text())
			}
		}
	}
	const words = "Only an owner of Orders can do this."
	for _, p := range []string{"/archive", "/members/" + s.person(priyasEmail).ID} {
		ana.get(path+p).want(403, words)
	}
	for _, p := range []string{"/name", "/archive", "/restore", "/members", "/members/" + s.person(anasEmail).ID + "/role", "/members/" + s.person(priyasEmail).ID + "/remove"} {
		ana.post(path+p, "name", "Mine", "role", "owner", "person", s.person(anasEmail).ID).want(403, words)
	}
	priya.get(path+"/members").want(200, "Priya Raman Owner", "Ana Brandt Developer")
	priya.get("/settings/audit").want(200, "Ana Brandt asked for a page that is for owners /projects/{key}/archive")
}

func TestAProjectsOwnerRenamesIt(t *testing.T) {
	s := newPeopleSite(t)
	s.founded()
	ana := s.joined("member")
	path := s.project(ana, "Orders")
	ana.follow(ana.post(path+"/name", "name", " Order  desk ").wantTo(path)).want(200, "The name was saved.", "Order desk")
	ana.post(path+"/name", "name", "").want(422, "Error: Order desk", "Enter a name").wantHTML(`aria-invalid="true"`)
	ana.get("/projects").want(200, "Order desk ORDERS")
}

func TestAnArchivedProjectStandsBelowTheOthersAndCanBeRestored(t *testing.T) {
	s := newPeopleSite(t)
	s.founded()
	ana := s.joined("member")
	path := s.project(ana, "Orders")
	page := ana.get(path+"/archive").want(200, "Archive Orders?", "No other project can take the key.", "An owner can restore it at any time.", "Its links stop")
	page.wantHTML(`<button class="primary">Archive Orders</button>`)
	for range 2 { // a browser may repeat the form
		page = ana.follow(ana.post(path+"/archive").wantTo("/projects")).want(200, "Orders was archived.", "No project is in use.", "1 archived project")
	}
	if side := sidebar(page); strings.Contains(side, "Orders") {
		t.Errorf("the sidebar has it: %s", side)
	}
	ana.get(path + "/archive").wantTo(path)
	page = ana.get(path).want(200, "This project is archived", "Archived 23 November 2026").wantHTML(`<button class="primary">Restore Orders</button>`)
	if strings.Contains(page.body, path+"/archive") {
		t.Error("what is archived can be archived")
	}
	for range 2 {
		ana.follow(ana.post(path+"/restore").wantTo(path)).want(200, "Orders was restored.")
	}
	if page = ana.get("/projects"); strings.Contains(page.text(), "archived") {
		t.Errorf("still archived: %s", page.text())
	}
}

// sidebar is the markup of a page's sidebar.
func sidebar(a answer) string {
	_, side, _ := strings.Cut(a.body, `<nav class="side"`)
	side, _, _ = strings.Cut(side, "</nav>")
	return side
}

func TestTheSidebarLeadsThroughAProjectAndToEightOthers(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	for _, name := range []string{"Aft", "Bow", "Cleat", "Deck", "Eye", "Fender", "Gaff", "Hull", "Iron", "Jib"} {
		s.project(priya, name)
	}
	page := priya.get("/projects/BOW/members").want(200)
	side := sidebar(page)
	for _, want := range []string{`aria-label="Projects"`, "<h2>Bow</h2>", `href="/projects/BOW/members" aria-current="page"`, `<h2>Other projects</h2>`, `href="/projects/AFT"`, `href="/projects/IRON"`, `<a href="/projects">All projects</a>`} {
		if !strings.Contains(side, want) {
			t.Errorf("no %s in %s", want, side)
		}
	}
	if strings.Contains(side, "/projects/JIB") {
		t.Error("a ninth other project is listed")
	}
	page.wantHTML(`<a href="/projects" aria-current="true">Projects</a><a href="/settings">Settings</a>`)
	priya.get("/projects").wantHTML(`<a href="/projects" aria-current="page">All projects</a>`)
	settings := priya.get("/settings/members").wantHTML(`<a href="/projects">Projects</a><a href="/settings" aria-current="true">Settings</a>`)
	for _, a := range []answer{page, settings} { // the phone's menu is the sidebar, with the areas
		if side := sidebar(a); !strings.Contains(side, `<ul class="only-small"><li><a href="/projects"`) || !strings.Contains(side, `<li><a href="/settings"`) {
			t.Errorf("the menu has not both areas: %s", side)
		}
	}
}

func TestWhatHappensToAProjectIsInTheAuditLogInWords(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.joined("member")
	path := s.project(priya, "Orders")
	s.addTo(priya, path, anasEmail, "developer")
	ana := path + "/members/" + s.person(anasEmail).ID
	priya.post(ana+"/role", "role", "owner").want(303)
	priya.post(ana + "/remove").want(303)
	priya.post(path+"/name", "name", "Order desk").want(303)
	priya.post(path + "/archive").want(303)
	priya.post(path + "/restore").want(303)
	priya.get("/settings/audit").want(200, "Priya Raman created the project Orders (ORDERS)", "Priya Raman added Ana Brandt as developer of Orders",
		"Priya Raman changed the project role of Ana Brandt in Orders from developer to owner", "Priya Raman removed Ana Brandt from Orders",
		"Priya Raman renamed a project to Order desk, before: Orders", "Priya Raman archived the project Order desk", "Priya Raman restored the project Order desk")
	events, err := s.db.ListAuditEvents(context.Background(), fairlead.AuditFilter{}, fairlead.Cursor{}, 1)
	if err != nil || events[0].Actor.Address != "192.0.2.1" || !fairlead.IsID(events[0].Object, fairlead.PrefixProject) {
		t.Errorf("got %+v, %v", events, err)
	}
}
