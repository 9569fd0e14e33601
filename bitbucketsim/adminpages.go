package bitbucketsim

import (
	"errors"
	"net/http"
)

// repositorySettings is the page where administrators change roles, name, place and existence of a repository.
type repositorySettings struct {
	visit
	People     []personRole
	Workspaces []workspace
	Problem    string
}

type personRole struct {
	Account
	Role string
}

// Roles are the choices for a person.
func (repositorySettings) Roles() []string { return []string{"", "read", "write", "admin"} }

func (s *Sim) repositorySettingsPage(w http.ResponseWriter, r *http.Request, v visit) {
	s.renderRepositorySettings(w, r, http.StatusOK, v, "")
}

func (s *Sim) renderRepositorySettings(w http.ResponseWriter, r *http.Request, status int, v visit, problem string) {
	body := repositorySettings{visit: v, Workspaces: s.world.workspaces, Problem: problem}
	for _, account := range s.world.accounts {
		body.People = append(body.People, personRole{account, v.Repository.Permissions[account.Email]})
	}
	s.render(w, r, status, "repositorysettings", "Settings of "+v.Repository.fullName(), body)
}

func (s *Sim) saveRoles(w http.ResponseWriter, r *http.Request, v visit) {
	for _, account := range s.world.accounts {
		if err := s.SetRole(v.Repository.UUID, account.Email, r.PostFormValue("role-"+account.Nickname)); err != nil {
			s.renderRepositorySettings(w, r, http.StatusUnprocessableEntity, v, err.Error())
			return
		}
	}
	http.Redirect(w, r, v.Path, http.StatusSeeOther) // the settings may be out of reach now
}

func (s *Sim) renameRepository(w http.ResponseWriter, r *http.Request, v visit) {
	s.placed(w, r, v, func() (Repository, error) { return s.RenameRepository(v.Repository.UUID, r.PostFormValue("name")) })
}

func (s *Sim) moveRepository(w http.ResponseWriter, r *http.Request, v visit) {
	s.placed(w, r, v, func() (Repository, error) { return s.MoveRepository(v.Repository.UUID, r.PostFormValue("workspace")) })
}

func (s *Sim) placed(w http.ResponseWriter, r *http.Request, v visit, f func() (Repository, error)) {
	now, err := f()
	if err != nil {
		s.renderRepositorySettings(w, r, http.StatusUnprocessableEntity, v, err.Error())
		return
	}
	http.Redirect(w, r, "/"+now.FullName, http.StatusSeeOther)
}

func (s *Sim) deleteRepository(w http.ResponseWriter, r *http.Request, v visit) {
	if err := s.DeleteRepository(v.Repository.UUID); err != nil && !errors.Is(err, errNoRepository) {
		s.broken(w, r, err)
		return
	}
	http.Redirect(w, r, "/"+v.Repository.Workspace, http.StatusSeeOther)
}

// shownHook leaves the secret out.
type shownHook struct {
	UUID, Bare, URL, Description string
	Active, SecretSet            bool
	Events                       []string
}

func showHook(h hook) shownHook {
	return shownHook{h.UUID, bare(h.UUID), h.URL, h.Description, h.Active, h.Secret != "", h.Events}
}

func (s *Sim) hooksPage(w http.ResponseWriter, r *http.Request, v visit) {
	body := struct {
		visit
		Hooks []shownHook
	}{visit: v}
	for _, h := range v.Repository.hooks {
		body.Hooks = append(body.Hooks, showHook(h))
	}
	s.render(w, r, http.StatusOK, "hooks", "Webhooks of "+v.Repository.fullName(), body)
}

// hookRequestsPage is "View requests". Bitbucket's history is off until somebody enables it; here it is always on.
func (s *Sim) hookRequestsPage(w http.ResponseWriter, r *http.Request, v visit) {
	i := hookIndex(v.Repository.hooks, r.PathValue("uid"))
	if i < 0 {
		s.notFound(w, r)
		return
	}
	list := s.deliveriesOf(v.Repository.hooks[i].UUID)
	s.render(w, r, http.StatusOK, "hookrequests", "Requests of a webhook", struct {
		visit
		Hook       shownHook
		Deliveries []Delivery
	}{v, showHook(v.Repository.hooks[i]), list[:min(len(list), deliveriesShown)]})
}

func (s *Sim) killConnectionsForm(w http.ResponseWriter, r *http.Request) {
	s.afterControl(w, r, func(id string) error { _, err := s.KillConnections(id); return err })
}

func (s *Sim) expireTokensForm(w http.ResponseWriter, r *http.Request) {
	s.afterControl(w, r, func(id string) error { _, err := s.ExpireAccessTokens(id); return err })
}

func (s *Sim) afterControl(w http.ResponseWriter, r *http.Request, f func(clientID string) error) {
	if err := f(r.PostFormValue("client_id")); err != nil {
		s.broken(w, r, err)
		return
	}
	http.Redirect(w, r, "/simulator", http.StatusSeeOther)
}
