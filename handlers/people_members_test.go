package handlers_test

import (
	"context"
	"regexp"
	"testing"

	"fairlead"
)

func TestOnlyOwnersGetToMembersAndGitOps(t *testing.T) {
	s := newPeopleSite(t)
	s.founded()
	ana := s.joined("member")
	priyas := s.memberPath(priyasEmail)
	for _, path := range []string{"/settings/gitops", "/settings/gitops/new", "/settings/general", "/settings/members", "/settings/members/invite", priyas, priyas + "/remove"} {
		ana.get(path).want(403, "Only a workspace owner can open this page. Owners: Priya Raman.")
		s.visitor("192.0.2.66").get(path).want(303)
	}
	for path, form := range map[string][]string{
		"/settings/members/invite":               {"email", "eve@evil.example", "role", "owner"},
		s.memberPath(anasEmail) + "/role":        {"role", "owner"},
		priyas + "/role":                         {"role", "member"},
		priyas + "/remove":                       nil,
		"/settings/members/invitations/x/revoke": nil,
		"/settings/gitops/new":                   {"kind", "bitbucket-cloud"},
	} {
		ana.post(path, form...).want(403)
		s.visitor("192.0.2.66").post(path, form...).want(303)
	}
	if s.person(anasEmail).IsOwner() || !s.belongs(priyasEmail) {
		t.Error("a member changed something")
	}
	links, err := s.db.ListInvitations(context.Background())
	if err != nil || len(links) != 0 {
		t.Errorf("a member invited: %+v, %v", links, err)
	}
	page := ana.get("/account/profile").want(200)
	for _, hidden := range []string{"GitOps", "Members", "General"} {
		if regexp.MustCompile(`\b` + hidden + `\b`).MatchString(page.text()) {
			t.Errorf("a member sees %s", hidden)
		}
	}
}

func TestAnInvitationsLinkIsShownOnceWithACopyButton(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	priya.get("/settings/members/invite").want(200, "Invite somebody", "E-mail", "Role", "Member", "Owner").wantHTML(`value="member" checked`)
	page := priya.post("/settings/members/invite", "email", "Ana@acme.example", "role", "member")
	page.want(200, "The invitation for ana@acme.example is ready", "joins as a member", "until 30 November 2026, 09:00 UTC", "Copy")
	link := regexp.MustCompile(`<code id="invitation-link">(http://fairlead\.test(/join/[A-Za-z0-9_-]{43}))</code>`).FindStringSubmatch(page.body)
	if link == nil {
		t.Fatalf("no link on the page: %s", page.body)
	}
	page.wantHTML(`data-copy="invitation-link"`)
	s.secrets = append(s.secrets, link[2])
	priya.get("/settings/members").want(200, "Owner priya@acme.example You Joined 23 November 2026", "Manage Priya Raman",
		"Open invitations ana@acme.example As member Invited by Priya Raman Ends 30 November 2026", "Revoke the invitation for ana@acme.example")
	s.visitor("192.0.2.2").get(link[2]).want(200, "Priya Raman invites you as a member.")
}

func TestAnInvitationWithAMistakeKeepsWhatWasTyped(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	page := priya.post("/settings/members/invite", "email", "ana at acme", "role", "owner")
	page.want(422, "Error: Invite somebody", "Enter an e-mail such as ana@example.com").wantHTML(`value="ana at acme"`, `value="owner" checked`)
	priya.post("/settings/members/invite", "email", anasEmail).want(422, "Choose a role: owner or member").wantHTML(`href="#role"`, `id="role"`)
	priya.post("/settings/members/invite", "email", priyasEmail, "role", "member").want(422, "priya@acme.example belongs to the workspace already")
	links, err := s.db.ListInvitations(context.Background())
	if err != nil || len(links) != 0 {
		t.Errorf("got %+v, %v", links, err)
	}
}

func TestARevokedInvitationLeavesTheList(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.invitePath(anasEmail, "member")
	links, _ := s.db.ListInvitations(context.Background())
	for range 2 { // a browser may repeat the form
		page := priya.follow(priya.post("/settings/members/invitations/" + links[0].ID + "/revoke").wantTo("/settings/members"))
		page.want(200, "The invitation was revoked.")
		if got := page.text(); regexp.MustCompile(`Open invitations`).MatchString(got) {
			t.Errorf("still listed: %s", got)
		}
	}
	priya.post("/settings/members/invitations/ol_nothing/revoke").want(404)
}

func TestAnOwnerMakesAnotherOwner(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	ana := s.joined("member")
	path := s.memberPath(anasEmail)
	priya.get(path).want(200, "Ana Brandt", anasEmail, "Role", "Remove from the workspace").wantHTML(`value="member" checked`)
	priya.follow(priya.post(path+"/role", "role", "owner").wantTo("/settings/members")).want(200, "Ana Brandt is now an owner.")
	if !s.person(anasEmail).IsOwner() {
		t.Error("not stored")
	}
	ana.get("/settings/members").want(200)
	priya.post(path+"/role", "role", "king").want(422, "Choose a role")
	priya.get("/settings/members/pe_nobody").want(404)
	priya.post("/settings/members/pe_nobody/role", "role", "owner").want(404)
}

func TestAnOwnerWhoBecomesAMemberLosesThePagesOfOwners(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.joined("owner")
	priya.follow(priya.post(s.memberPath(priyasEmail)+"/role", "role", "member").wantTo("/account/profile")).want(200, "Priya Raman is now a member.")
	priya.get("/settings/members").want(403)
}

func TestThePageOfTheLastOwnerSaysWhyNothingCanBeDone(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.joined("member")
	path := s.memberPath(priyasEmail)
	const words = "You are the last owner. Make someone else an owner first."
	priya.get(path).want(200, words)
	priya.post(path+"/role", "role", "member").want(409, words)
	priya.post(path+"/remove").want(409, words)
	if got := s.person(priyasEmail); got.Role != fairlead.RoleOwner || !priya.signedIn() {
		t.Errorf("got %+v", got)
	}
}

func TestRemovingAPersonAsksFirstAndSignsThemOut(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	ana := s.joined("member")
	path := s.memberPath(anasEmail) + "/remove"
	page := priya.get(path).want(200, "Remove Ana Brandt?", "Ana Brandt (ana@acme.example) is signed out everywhere at once and cannot sign in any more.", "An owner can invite them again.")
	page.wantHTML(`<button class="danger primary">Remove Ana Brandt</button>`)
	if !ana.signedIn() {
		t.Fatal("asking is not removing")
	}
	for range 2 { // a browser may repeat the form
		priya.follow(priya.post(path).wantTo("/settings/members")).want(200, "The person was removed.")
	}
	if ana.signedIn() || s.belongs(anasEmail) {
		t.Error("Ana is still here")
	}
	ana.signIn(anasEmail, anasPassword).want(422)
	priya.get(path).want(404)
	events, err := s.db.ListAuditEvents(context.Background(), fairlead.AuditFilter{}, fairlead.Cursor{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Action == "person.removed" && (e.Actor.Name != "Priya Raman" || e.Actor.Address != "192.0.2.1" || e.Detail != "Ana Brandt") {
			t.Errorf("got %+v", e)
		}
	}
}

func TestAnOwnerMayLeaveWhileThereIsAnother(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.joined("owner")
	path := s.memberPath(priyasEmail) + "/remove"
	priya.get(path).want(200, "You are signed out everywhere, here included", "Open invitations that they made end.")
	priya.follow(priya.post(path).wantTo("/sign-in")).want(200, "You left the workspace.")
	if priya.signedIn() || s.belongs(priyasEmail) {
		t.Error("Priya is still here")
	}
}
