package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/linking"
	"fairlead/views"
)

// linkListRoutes list a project's repository links and lead through the steps that make one.
func (s *Server) linkListRoutes(r chi.Router) {
	const path = views.ProjectsPath + "/{key}/repositories"
	r.Get(path, s.withProject(s.showLinks))
	r.Get(path+"/new", s.withProject(s.showLinkProvider))
	r.Get(path+"/new/{provider}", s.withProject(s.showLinkRepository))
	r.Get(path+"/new/{provider}/{repository}", s.withProject(s.showLinkRule))
	r.Get(path+"/new/{provider}/{repository}/preview", s.withProject(s.previewLinkRule))
	r.Post(path+"/new/{provider}/{repository}", s.withProject(s.makeLink))
}

// linkRows puts the Git provider beside each link. One that was removed meanwhile has no row: it has no links.
func (s *Server) linkRows(r *http.Request, links []fairlead.RepositoryLink) ([]views.LinkRow, error) {
	providers, err := s.Linking.Providers(r.Context())
	if err != nil {
		return nil, err
	}
	var rows []views.LinkRow
	for _, link := range links {
		for _, provider := range providers {
			if provider.ID != link.ProviderID {
				continue
			}
			kind, err := s.Linking.Kind(provider.Kind)
			if err != nil {
				return nil, err
			}
			rows = append(rows, views.LinkRow{Link: link, Provider: provider, Kind: kind, Polling: s.Linking.IsPolling(link), Reader: personOf(r).ID})
		}
	}
	return rows, nil
}

// projectLinks lists the project's links with their Git providers.
func (s *Server) projectLinks(r *http.Request, project linking.Access) ([]views.LinkRow, error) {
	links, err := s.Linking.LinksOf(r.Context(), project)
	if err != nil {
		return nil, err
	}
	return s.linkRows(r, links)
}

// owners are the names of the workspace's owners, for whoever has to ask one.
func (s *Server) owners(r *http.Request) ([]string, error) {
	members, err := s.Accounts.Members(r.Context())
	var names []string
	for _, person := range members.People {
		if person.IsOwner() {
			names = append(names, person.Name)
		}
	}
	return names, err
}

// repositoriesPage is a page of the project's area Repositories.
func (s *Server) repositoriesPage(r *http.Request, title string, project linking.Access, errors views.Errors) (views.Page, error) {
	return s.projectPage(r, titleIn(project.Project, title, errors), views.AreaRepositories, project.Project)
}

func (s *Server) showLinks(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	rows, err := s.projectLinks(r, project)
	if err != nil {
		return err
	}
	providers, err := s.Linking.Providers(r.Context())
	if err != nil {
		return err
	}
	view := views.RepositoryLinks{Project: project.Project, Rows: rows, Providers: len(providers), MayAdd: personOf(r).IsOwner()}
	if view.Owners, err = s.owners(r); err != nil {
		return err
	}
	if view.Past, err = s.Linking.PastLinks(r.Context(), project); err != nil {
		return err
	}
	if project.Project.IsArchived() {
		if view.Archived, err = s.archived(r, project, r.URL.Path); err != nil {
			return err
		}
	}
	page, err := s.repositoriesPage(r, "Repositories", project, nil)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page, views.RepositoryLinksPage(view))
}

// showLinkProvider is step 1. With one Git provider there is nothing to choose.
func (s *Server) showLinkProvider(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	if project.Project.IsArchived() {
		return s.renderArchived(w, r, project)
	}
	choices, err := s.choices(r)
	if err != nil {
		return err
	}
	view := views.LinkProvider{Project: project.Project, Choices: choices, MayAdd: personOf(r).IsOwner(), Chosen: r.URL.Query().Get("provider")}
	for _, choice := range choices {
		if choice.Provider.ID == view.Chosen || len(choices) == 1 {
			return s.goTo(w, r, views.PickRepositoryPath(project.Project.Key, choice.Provider.ID))
		}
	}
	status := http.StatusOK
	if r.URL.Query().Has("provider") {
		status, view.Errors = http.StatusUnprocessableEntity, views.Errors{{Field: "provider", Message: "Choose a Git provider"}}
	}
	if view.Owners, err = s.owners(r); err != nil {
		return err
	}
	page, err := s.repositoriesPage(r, views.LinkStepTitle(1), project, view.Errors)
	if err != nil {
		return err
	}
	return s.render(w, r, status, page, views.LinkProviderStep(view))
}

// linkTrip is what the steps after the first have in common: the Git provider of the address and the reader's connection.
type linkTrip struct {
	project    linking.Access
	provider   fairlead.GitProvider
	kind       fairlead.Kind
	connection fairlead.Connection
}

// beginTrip finds them. Without a live connection it answers with the step that makes one, and ok is false.
func (s *Server) beginTrip(w http.ResponseWriter, r *http.Request, project linking.Access) (trip linkTrip, ok bool, err error) {
	if project.Project.IsArchived() {
		return trip, false, s.renderArchived(w, r, project)
	}
	trip.project = project
	if trip.provider, trip.kind, err = s.linkable(r, providerID(r)); err != nil {
		return trip, false, err
	}
	trip.connection, _, err = s.Linking.Connection(r.Context(), personOf(r), trip.provider.ID)
	if err != nil {
		return trip, false, err
	}
	if trip.connection.IsAlive() && r.URL.Query().Get("account") != "change" {
		return trip, true, nil
	}
	return trip, false, s.renderLinkConnect(w, r, trip)
}

func (s *Server) renderLinkConnect(w http.ResponseWriter, r *http.Request, trip linkTrip) error {
	providers, err := s.Linking.Providers(r.Context())
	if err != nil {
		return err
	}
	view := views.LinkConnect{Project: trip.project.Project, Multiple: len(providers) > 1, Connect: views.Connect{
		Provider: trip.provider, Kind: trip.kind, Connection: trip.connection, Return: views.PickRepositoryPath(trip.project.Project.Key, trip.provider.ID),
	}}
	page, err := s.repositoriesPage(r, views.LinkStepTitle(1), trip.project, nil)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page, views.LinkConnectStep(view))
}
