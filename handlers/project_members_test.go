package handlers_test

import (
	"strings"
	"testing"
)

func TestAProjectsOwnerAddsSomebodyOfTheWorkspace(t *testing.T) {
	s := newPeopleSite(t)
	s.founded()
	ana := s.joined("member")
	path := s.project(ana, "Orders")
	ana.get(path+"/members").want(200, "Ana Brandt Owner", "Add a member", "Priya Raman (priya@acme.example)").wantHTML(`value="developer" selected`)
	for range 2 { // a browser may repeat the form
		page := ana.follow(ana.post(path+"/members", "person", s.person(priyasEmail).ID, "role", "developer").wantTo(path + "/members"))
		page.want(200, "The member was added.", "Priya Raman Developer", "Everybody in the workspace is in this project.")
	}
	ana.get(path).want(200, "Owners Ana Brandt", "Developers Priya Raman")
}

func TestAMemberWithAMistakeKeepsWhatWasChosen(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.joined("member")
	path := s.project(priya, "Orders") + "/members"
	priya.post(path, "person", "", "role", "owner").want(422, "Error: Members · Orders", "Choose a person").wantHTML(`href="#person"`, `value="owner" selected`)
	priya.post(path, "person", s.person(anasEmail).ID, "role", "king").want(422, "Choose a role: owner or developer").wantHTML(`href="#role"`, `value="`+s.person(anasEmail).ID+`" selected`)
	priya.post(path, "person", "pe_abcdefghijkmnpqr", "role", "owner").want(422, "this person left the workspace")
}

func TestAMembersRoleIsChanged(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	ana := s.joined("member")
	path := s.project(priya, "Orders")
	s.addTo(priya, path, anasEmail, "developer")
	member := path + "/members/" + s.person(anasEmail).ID
	priya.get(member).want(200, "Ana Brandt", "Role in Orders", "Remove from the project").wantHTML(`value="developer" checked`)
	priya.follow(priya.post(member+"/role", "role", "owner").wantTo(path+"/members")).want(200, "The role was saved.", "Ana Brandt Owner")
	ana.get(path + "/archive").want(200)
	priya.post(member+"/role", "role", "").want(422, "Choose a role")
	priya.post(path+"/members/pe_nobody/role", "role", "owner").want(404)
	priya.get(path + "/members/pe_nobody").want(404)
}

func TestARemovedMemberNoLongerSeesTheProject(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	ana := s.joined("member")
	path := s.project(priya, "Orders")
	s.addTo(priya, path, anasEmail, "developer")
	member := path + "/members/" + s.person(anasEmail).ID
	priya.get(member).want(200, "Ana Brandt no longer sees Orders. You can add them again.")
	for range 2 { // a browser may repeat the form
		priya.follow(priya.post(member+"/remove").wantTo(path+"/members")).want(200, "The member was removed.")
	}
	ana.get(path).want(404)
	priya.get(member).want(404)
}

func TestAProjectWithoutAnOwnerSaysWhoManagesIt(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	ana := s.joined("member")
	path := s.project(ana, "Orders")
	member := path + "/members/" + s.person(anasEmail).ID
	ana.get(member).want(200, "You are the only owner of Orders. As a developer you no longer see this page, and the owners of the workspace manage the project.",
		"You no longer see Orders. A workspace owner can add you again.")
	ana.follow(ana.post(member+"/remove").wantTo("/projects")).want(200, "You left Orders.")
	ana.get(path).want(404)
	priya.get("/projects").want(200, "Orders ORDERS You are not a member 0 members")
	priya.get(path).want(200, "You are not a member. As a workspace owner you see and manage every project.", "Owners Nobody")
	priya.get(path+"/members").want(200, "Orders has no owner of its own. The owners of the workspace manage it.")
	s.addTo(priya, path, anasEmail, "owner")
	ana.get(path).want(200, "You are an owner.")
}

func TestAWorkspaceOwnerWhoLeavesAProjectStillSeesIt(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	path := s.project(priya, "Orders")
	member := path + "/members/" + s.person(priyasEmail).ID
	priya.get(member).want(200, "You still see Orders as a workspace owner.")
	priya.post(member + "/remove").wantTo(path + "/members")
	priya.get(path).want(200)
}

func TestWhoLeavesTheWorkspaceIsNoLongerListedInProjects(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.joined("member")
	path := s.project(priya, "Orders")
	s.addTo(priya, path, anasEmail, "owner")
	priya.post(s.memberPath(anasEmail) + "/remove").wantTo("/settings/members")
	if page := priya.get(path + "/members").want(200); strings.Contains(page.text(), "Ana") {
		t.Errorf("still listed: %s", page.text())
	}
}
