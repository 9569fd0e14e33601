package handlers

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/linking"
	"fairlead/views"
)

// projectRoutes are for everybody who is signed in: the flow decides who sees which project and may do what with it.
func (s *Server) projectRoutes(r chi.Router) {
	const path = views.ProjectsPath + "/{key}"
	r.Get(views.ProjectsPath, s.do(s.showProjects))
	r.Get(views.ProjectsPath+"/new", s.do(s.showNewProject))
	r.Post(views.ProjectsPath+"/new", s.do(s.createProject))
	r.Get(path, s.withProject(s.showProject))
	r.Post(path+"/name", s.withProject(s.renameProject))
	r.Get(path+"/archive", s.withProject(s.showArchiveProject))
	r.Post(path+"/archive", s.withProject(s.archiveProject))
	r.Post(path+"/restore", s.withProject(s.restoreProject))
	r.Get(path+"/members", s.withProject(s.showProjectMembers))
	r.Post(path+"/members", s.withProject(s.addProjectMember))
	r.Get(path+"/members/{person}", s.withProject(s.showProjectMember))
	r.Post(path+"/members/{person}/role", s.withProject(s.changeProjectRole))
	r.Post(path+"/members/{person}/remove", s.withProject(s.removeProjectMember))
}

// projectAction is an action on the project in the address.
type projectAction func(w http.ResponseWriter, r *http.Request, project linking.Access) error

// withProject finds the project in the address for the person who asks, and leads a key in other letters to its own
// address. What the person may not do is told to the audit log.
func (s *Server) withProject(a projectAction) http.HandlerFunc {
	return s.do(func(w http.ResponseWriter, r *http.Request) error {
		key := chi.URLParam(r, "key")
		project, err := s.Linking.Project(r.Context(), personOf(r), key)
		if err != nil {
			return err
		}
		if own := project.Project.Key; r.Method == http.MethodGet && key != own {
			return s.goTo(w, r, views.ProjectPath(own)+strings.TrimPrefix(r.URL.RequestURI(), views.ProjectPath(key)))
		}
		err = a(w, r, project)
		if fairlead.CodeOf(err) == fairlead.CodeForbidden {
			s.recordRefusal(r, "access.refused", routeOf(r))
		}
		return err
	})
}

// projectPage is a page of the projects' area; open is the project that it belongs to, zero for the list.
func (s *Server) projectPage(r *http.Request, title string, area views.Area, open fairlead.Project) (views.Page, error) {
	page := views.Page{Title: title, Area: area, Projects: views.ProjectNav{Open: open}}
	all, err := s.Linking.Projects(r.Context(), personOf(r))
	for _, other := range all {
		if others := page.Projects.Others; len(others) < views.MostInSidebar && other.Project.ID != open.ID && !other.Project.IsArchived() {
			page.Projects.Others = append(others, other.Project)
		}
	}
	return page, err
}

// titleIn is the title of one of a project's pages.
func titleIn(project fairlead.Project, title string, errors views.Errors) string {
	return errors.Title(title + " · " + project.Name)
}

func (s *Server) showProjects(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Linking.Projects(r.Context(), personOf(r))
	if err != nil {
		return err
	}
	view := views.Projects{All: personOf(r).IsOwner()}
	for _, project := range all {
		if project.Project.IsArchived() {
			view.Archived = append(view.Archived, project.ProjectMembership)
		} else {
			view.InUse = append(view.InUse, project.ProjectMembership)
		}
	}
	page, err := s.projectPage(r, "Projects", views.AreaProjects, fairlead.Project{})
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page, views.ProjectsPage(view))
}

func (s *Server) showNewProject(w http.ResponseWriter, r *http.Request) error {
	return s.renderNewProject(w, r, http.StatusOK, views.NewProject{ID: s.Linking.NewProjectID()})
}

func (s *Server) renderNewProject(w http.ResponseWriter, r *http.Request, status int, view views.NewProject) error {
	page, err := s.projectPage(r, view.Errors.Title("Create a project"), views.AreaNewProject, fairlead.Project{})
	if err != nil {
		return err
	}
	return s.render(w, r, status, page, views.NewProjectPage(view))
}

func (s *Server) createProject(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	view := views.NewProject{ID: r.PostForm.Get("id"), Name: r.PostForm.Get(linking.FieldName), Key: r.PostForm.Get(linking.FieldKey)}
	project, err := s.Linking.Create(r.Context(), actor(r), view.ID, view.Name, view.Key)
	if view.Errors = fairlead.FieldsOf(err); view.Errors != nil {
		return s.renderNewProject(w, r, http.StatusUnprocessableEntity, view)
	}
	if err != nil {
		return err
	}
	return s.goToWith(w, r, views.ProjectPath(project.Key), views.Flash{Title: project.Name + " was created.", Text: "Its key is " + project.Key + "."})
}

func (s *Server) showProject(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	return s.renderProject(w, r, http.StatusOK, project, project.Project.Name, nil)
}

// renderProject shows a project; name is the one in the form.
func (s *Server) renderProject(w http.ResponseWriter, r *http.Request, status int, project linking.Access, name string, errors views.Errors) error {
	members, err := s.Linking.Members(r.Context(), project)
	if err != nil {
		return err
	}
	links, err := s.projectLinks(r, project)
	if err != nil {
		return err
	}
	page, err := s.projectPage(r, errors.Title(project.Project.Name), views.AreaProject, project.Project)
	if err != nil {
		return err
	}
	return s.render(w, r, status, page, views.ProjectPage(views.Project{
		Project: project.Project, Role: project.Role, Manages: project.Manages(), Members: members, Links: links, Name: name, Errors: errors,
	}))
}

func (s *Server) renameProject(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	name := r.PostFormValue(linking.FieldName)
	err := s.Linking.Rename(r.Context(), actor(r), project, name)
	if errors := fairlead.FieldsOf(err); errors != nil {
		return s.renderProject(w, r, http.StatusUnprocessableEntity, project, name, errors)
	}
	if err != nil {
		return err
	}
	return s.goToWith(w, r, views.ProjectPath(project.Project.Key), views.Flash{Title: "The name was saved."})
}

func (s *Server) showArchiveProject(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	if err := project.MayManage(); err != nil {
		return err
	}
	if project.Project.IsArchived() {
		return s.goTo(w, r, views.ProjectPath(project.Project.Key)) // which says so
	}
	page, err := s.projectPage(r, titleIn(project.Project, "Archive", nil), views.AreaProject, project.Project)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page, views.ArchiveProjectPage(project.Project))
}

func (s *Server) archiveProject(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	if err := s.Linking.Archive(r.Context(), actor(r), project); err != nil {
		return err
	}
	return s.goToWith(w, r, views.ProjectsPath, views.Flash{Title: project.Project.Name + " was archived."})
}

func (s *Server) restoreProject(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	if err := s.Linking.Restore(r.Context(), actor(r), project); err != nil {
		return err
	}
	back := views.ProjectPath(project.Project.Key)
	if from := ownPath(r.PostFormValue("return")); from != "/" {
		back = from
	}
	return s.goToWith(w, r, back, views.Flash{Title: project.Project.Name + " was restored."})
}

// archived is what a page of an archived project says of that; returnTo is the page that goes on after restoring it.
func (s *Server) archived(r *http.Request, project linking.Access, returnTo string) (views.Archived, error) {
	view := views.Archived{Project: project.Project, Manages: project.Manages(), Return: returnTo}
	members, err := s.Linking.Members(r.Context(), project)
	for _, m := range members {
		if m.Role == fairlead.ProjectOwner {
			view.Owners = append(view.Owners, m.Person.Name)
		}
	}
	return view, err
}

// renderArchived answers what an archived project does not do. A part of a page cannot say so: it leads to the page that does.
func (s *Server) renderArchived(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	if isPartial(r) {
		return s.goTo(w, r, views.NewLinkPath(project.Project.Key))
	}
	returnTo := r.URL.Path
	if r.Method == http.MethodGet {
		returnTo = r.URL.RequestURI()
	}
	view, err := s.archived(r, project, returnTo)
	if err != nil {
		return err
	}
	page, err := s.repositoriesPage(r, project.Project.Name+" is archived", project, nil)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusConflict, page, views.ArchivedPage(view))
}
