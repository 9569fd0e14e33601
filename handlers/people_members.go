package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/accounts"
	"fairlead/views"
)

// memberRoutes are the people of the workspace and their invitations; owners only.
func (s *Server) memberRoutes(r chi.Router) {
	r.Get(membersPath, s.do(s.showMembers))
	r.Get(membersPath+"/invite", s.do(s.showInvite))
	r.Post(membersPath+"/invite", s.do(s.invite))
	r.Post(membersPath+"/invitations/{link}/revoke", s.do(s.revokeInvitation))
	r.Get(membersPath+"/{person}", s.do(s.showMember))
	r.Post(membersPath+"/{person}/role", s.do(s.changeRole))
	r.Get(membersPath+"/{person}/remove", s.do(s.showRemoveMember))
	r.Post(membersPath+"/{person}/remove", s.do(s.removeMember))
}

const membersPath = "/settings/members"

func memberPage(title string, errors views.Errors) views.Page {
	return views.Page{Title: errors.Title(title), Area: views.AreaMembers}
}

func (s *Server) showMembers(w http.ResponseWriter, r *http.Request) error {
	members, err := s.Accounts.Members(r.Context())
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, person := range members.People {
		names[person.ID] = person.Name
	}
	view := views.Members{People: members.People, You: personOf(r).ID}
	for _, link := range members.Invitations {
		view.Invitations = append(view.Invitations, views.InvitationRow{
			ID: link.ID, Email: link.Email, Role: link.Role, By: names[link.CreatedBy], Ends: link.ExpiresAt,
		})
	}
	return s.render(w, r, http.StatusOK, memberPage("Members", nil), views.MembersPage(view))
}

func (s *Server) showInvite(w http.ResponseWriter, r *http.Request) error {
	view := views.Invite{Role: fairlead.RoleMember}
	return s.render(w, r, http.StatusOK, memberPage("Invite somebody", nil), views.InvitePage(view))
}

// invite answers with the link itself and not with a redirect: the link is a bearer value that is kept nowhere, so there
// is no page that could show it. Sent twice, the form makes a new link that replaces the first.
func (s *Server) invite(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	email, role := r.PostForm.Get(accounts.FieldEmail), r.PostForm.Get(accounts.FieldRole)
	link, err := s.Accounts.Invite(r.Context(), actor(r), email, role)
	if errors := views.Errors(fairlead.FieldsOf(err)); errors != nil {
		view := views.Invite{Email: email, Role: fairlead.Role(role), Errors: errors}
		return s.render(w, r, http.StatusUnprocessableEntity, memberPage("Invite somebody", errors), views.InvitePage(view))
	}
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, memberPage("Invitation", nil), views.InvitedPage(views.Invited{
		Email: link.Email, Role: link.Role, Ends: link.ExpiresAt, Link: s.ExternalURL.String() + LinkPath(link),
	}))
}

func (s *Server) revokeInvitation(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.RevokeInvitation(r.Context(), actor(r), chi.URLParam(r, "link")); err != nil {
		return err
	}
	return s.goToWith(w, r, membersPath, views.Flash{Title: "The invitation was revoked.", Text: "Its link opens nothing any more."})
}

// findMember gives the person that the address names, and everybody, to tell the last owner.
func (s *Server) findMember(r *http.Request) (fairlead.Person, accounts.Members, error) {
	members, err := s.Accounts.Members(r.Context())
	if err != nil {
		return fairlead.Person{}, members, err
	}
	person, err := members.Find(chi.URLParam(r, "person"))
	return person, members, err
}

func (s *Server) showMember(w http.ResponseWriter, r *http.Request) error {
	return s.renderMember(w, r, http.StatusOK, "", nil)
}

// renderMember shows a person; chosen is the role in the form, "" for the one that the person has.
func (s *Server) renderMember(w http.ResponseWriter, r *http.Request, status int, chosen fairlead.Role, errors views.Errors) error {
	person, members, err := s.findMember(r)
	if err != nil {
		return err
	}
	if chosen == "" {
		chosen = person.Role
	}
	view := views.Member{Person: person, You: person.ID == personOf(r).ID, LastOwner: person.IsOwner() && members.Owners() == 1, Role: chosen, Errors: errors}
	if person.IsOwner() {
		if view.Links, err = s.Linking.LinksByOwnership(r.Context(), person.ID); err != nil {
			return err
		}
	}
	return s.render(w, r, status, memberPage(person.Name, errors), views.MemberPage(view))
}

func (s *Server) changeRole(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	person, _, err := s.findMember(r)
	if err != nil {
		return err
	}
	role := r.PostForm.Get(accounts.FieldRole)
	err = s.Accounts.ChangeRole(r.Context(), actor(r), person.ID, role)
	if errors := fairlead.FieldsOf(err); errors != nil {
		return s.renderMember(w, r, http.StatusUnprocessableEntity, "", errors)
	}
	if fairlead.CodeOf(err) == fairlead.CodeConflict {
		return s.renderMember(w, r, http.StatusConflict, "", nil) // the page says why
	}
	if err != nil {
		return err
	}
	next := membersPath
	if person.ID == personOf(r).ID && fairlead.Role(role) != fairlead.RoleOwner {
		next = profilePath // this page is for owners
	}
	return s.goToWith(w, r, next, views.Flash{Title: person.Name + " is now " + inWords[fairlead.Role(role)] + "."})
}

// inWords are the roles inside a sentence.
var inWords = map[fairlead.Role]string{fairlead.RoleOwner: "an owner", fairlead.RoleMember: "a member"}

func (s *Server) showRemoveMember(w http.ResponseWriter, r *http.Request) error {
	person, _, err := s.findMember(r)
	if err != nil {
		return err
	}
	links, err := s.Linking.LinksBy(r.Context(), person.ID)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, memberPage("Remove "+person.Name, nil), views.RemoveMemberPage(views.RemoveMember{
		Person: person, You: person.ID == personOf(r).ID, Links: links,
	}))
}

func (s *Server) removeMember(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "person")
	err := s.Accounts.RemovePerson(r.Context(), actor(r), id)
	if fairlead.CodeOf(err) == fairlead.CodeConflict {
		return s.renderMember(w, r, http.StatusConflict, "", nil) // the page says why
	}
	if err != nil {
		return err
	}
	if id == personOf(r).ID {
		return s.leave(w, r, views.Flash{Title: "You left the workspace."})
	}
	return s.goToWith(w, r, membersPath, views.Flash{Title: "The person was removed.", Text: "All their sessions have ended."})
}
