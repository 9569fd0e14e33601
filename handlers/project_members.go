package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/linking"
	"fairlead/views"
)

func projectMembersPath(project linking.Access) string {
	return views.ProjectPath(project.Project.Key) + "/members"
}

func (s *Server) showProjectMembers(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	view := views.ProjectMembers{Role: string(fairlead.ProjectDeveloper)}
	return s.renderProjectMembers(w, r, http.StatusOK, project, view)
}

// renderProjectMembers shows everybody in a project, and to those who manage it the form that adds somebody.
func (s *Server) renderProjectMembers(w http.ResponseWriter, r *http.Request, status int, project linking.Access, view views.ProjectMembers) error {
	members, err := s.Linking.Members(r.Context(), project)
	if err != nil {
		return err
	}
	view.Project, view.Members, view.You, view.Manages = project.Project, members, personOf(r).ID, project.Manages()
	if view.Manages {
		if view.Candidates, err = s.Linking.Candidates(r.Context(), project); err != nil {
			return err
		}
	}
	page, err := s.projectPage(r, titleIn(project.Project, "Members", view.Errors), views.AreaProjectMembers, project.Project)
	if err != nil {
		return err
	}
	return s.render(w, r, status, page, views.ProjectMembersPage(view))
}

func (s *Server) addProjectMember(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	view := views.ProjectMembers{Person: r.PostForm.Get(linking.FieldPerson), Role: r.PostForm.Get(linking.FieldRole)}
	err := s.Linking.AddMember(r.Context(), actor(r), project, view.Person, view.Role)
	if view.Errors = fairlead.FieldsOf(err); view.Errors != nil {
		return s.renderProjectMembers(w, r, http.StatusUnprocessableEntity, project, view)
	}
	if err != nil {
		return err
	}
	return s.goToWith(w, r, projectMembersPath(project), views.Flash{Title: "The member was added."})
}

func (s *Server) showProjectMember(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	return s.renderProjectMember(w, r, http.StatusOK, project, nil)
}

func (s *Server) renderProjectMember(w http.ResponseWriter, r *http.Request, status int, project linking.Access, errors views.Errors) error {
	if err := project.MayManage(); err != nil {
		return err
	}
	members, err := s.Linking.Members(r.Context(), project)
	if err != nil {
		return err
	}
	member, err := members.Find(chi.URLParam(r, "person"))
	if err != nil {
		return err
	}
	links, err := s.Linking.LinksByMember(r.Context(), project, member.Person.ID)
	if err != nil {
		return err
	}
	page, err := s.projectPage(r, titleIn(project.Project, member.Person.Name, errors), views.AreaProjectMembers, project.Project)
	if err != nil {
		return err
	}
	return s.render(w, r, status, page, views.ProjectMemberPage(views.ProjectMember{
		Project: project.Project, Member: member, You: member.Person.ID == personOf(r).ID, Reader: personOf(r), LastOwner: member.Role == fairlead.ProjectOwner && members.Owners() == 1,
		Role: member.Role, Links: links, Errors: errors,
	}))
}

func (s *Server) changeProjectRole(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	err := s.Linking.ChangeRole(r.Context(), actor(r), project, chi.URLParam(r, "person"), r.PostFormValue(linking.FieldRole))
	if errors := fairlead.FieldsOf(err); errors != nil {
		return s.renderProjectMember(w, r, http.StatusUnprocessableEntity, project, errors)
	}
	if err != nil {
		return err
	}
	return s.goToWith(w, r, projectMembersPath(project), views.Flash{Title: "The role was saved."})
}

func (s *Server) removeProjectMember(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	id := chi.URLParam(r, "person")
	if err := s.Linking.RemoveMember(r.Context(), actor(r), project, id); err != nil {
		return err
	}
	if you := personOf(r); id == you.ID && !you.IsOwner() {
		return s.goToWith(w, r, views.ProjectsPath, views.Flash{Title: "You left " + project.Project.Name + "."})
	}
	return s.goToWith(w, r, projectMembersPath(project), views.Flash{Title: "The member was removed."})
}
