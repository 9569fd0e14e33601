package views

import (
	"time"

	"fairlead"
)

func (c canned) people() []Exhibit {
	ends := c.now.Add(7 * 24 * time.Hour)
	ana := fairlead.Person{ID: "pe_ana", Email: "ana@acme.example", Name: "Ana Brandt", Role: fairlead.RoleMember, CreatedAt: c.now.Add(-20 * 24 * time.Hour)}
	short := Errors{{Field: "password", Message: "Enter a password of at least 12 characters"}}
	wrong := Errors{{Field: "password", Message: "Fairlead does not know this e-mail and password together. Check the e-mail and enter the password again"}}
	page := func(name, title string, area Area, content Exhibit) Exhibit {
		content.Name, content.Page.Title, content.Page.Area = name, title, area
		return content
	}
	return []Exhibit{
		bare("first-owner", "Create the workspace", FirstOwnerPage(FirstOwner{})),
		bare("first-owner-error", "Error: Create the workspace", FirstOwnerPage(FirstOwner{Workspace: "Acme Data", Email: "priya@acme.example", Name: "Priya Raman", Errors: short})),
		bare("join", "Join Acme Data", JoinPage(Join{Workspace: "Acme Data", Inviter: "Priya Raman", Email: ana.Email, Role: fairlead.RoleMember, Ends: ends})),
		bare("join-signed-in", "Join Acme Data", JoinPage(Join{Workspace: "Acme Data", Email: ana.Email, Role: fairlead.RoleOwner, Ends: ends, SignedInAs: "Priya Raman"})),
		bare("owner-link", "Set a new password", OwnerLinkPage(OwnerLink{Workspace: "Acme Data", Email: "priya@acme.example", Ends: c.now.Add(time.Hour)})),
		bare("sign-in", "Sign in", SignInPage(SignIn{Founded: true})),
		bare("sign-in-error", "Error: Sign in", SignInPage(SignIn{Founded: true, Email: "priya@acme.example", Errors: wrong})),
		bare("sign-in-nobody", "Sign in", SignInPage(SignIn{})),
		page("members", "Members", AreaMembers, Exhibit{Content: MembersPage(Members{People: []fairlead.Person{c.owner(), ana}, You: "pe_priya",
			Invitations: []InvitationRow{{ID: "ol_example", Email: "wes@acme.example", Role: fairlead.RoleMember, By: "Priya Raman", Ends: ends}}})}),
		page("members-invite", "Invite somebody", AreaMembers, Exhibit{Content: InvitePage(Invite{Role: fairlead.RoleMember})}),
		page("members-invited", "Invitation", AreaMembers, Exhibit{Content: InvitedPage(Invited{Email: "wes@acme.example", Role: fairlead.RoleMember, Ends: ends,
			Link: cannedURL + "/join/7Kq2mV9xPd4wTzR8Zr9fAAexampleAAexampleAAexampl"})}),
		page("member", "Ana Brandt", AreaMembers, Exhibit{Content: MemberPage(Member{Person: ana, Role: ana.Role})}),
		page("member-last-owner", "Priya Raman", AreaMembers, Exhibit{Content: MemberPage(Member{Person: c.owner(), You: true, LastOwner: true, Role: fairlead.RoleOwner})}),
		page("member-remove", "Remove Ana Brandt?", AreaMembers, Exhibit{Content: RemoveMemberPage(RemoveMember{Person: ana})}),
		page("member-remove-links", "Remove Ana Brandt?", AreaMembers, Exhibit{Content: RemoveMemberPage(RemoveMember{Person: ana, Links: []fairlead.RepositoryLink{c.link()}})}),
		page("profile", "Profile", AreaProfile, Exhibit{Content: ProfilePage(Profile{Email: "priya@acme.example", Name: "Priya Raman"})}),
		page("password", "Change password", AreaProfile, Exhibit{Content: PasswordPage(Password{Email: "priya@acme.example"})}),
		page("sessions", "Sessions", AreaSessions, Exhibit{Content: SessionsPage(Sessions{Here: "se_here", Now: c.now, Sessions: []fairlead.Session{
			{ID: "se_here", SeenAt: c.now, CreatedAt: c.now.Add(-3 * time.Hour), Address: "192.0.2.1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"},
			{ID: "se_other", SeenAt: c.now.Add(-26 * time.Hour), CreatedAt: c.now.Add(-9 * 24 * time.Hour), Address: "198.51.100.7", UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1"},
		}})}),
	}
}
