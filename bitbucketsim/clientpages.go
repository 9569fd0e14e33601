package bitbucketsim

import (
	"errors"
	"net/http"
	"slices"
)

// clientForm is the form "Create OAuth client" and its edit twin.
type clientForm struct {
	Workspace         workspace
	Client            Client
	AuthorizationCode bool
	Groups            []permissionGroup
	Action            string
	Problem           clientProblem // zero when there is none
}

// Ticked tells whether a permission's box is ticked.
func (f clientForm) Ticked(scope string) bool { return slices.Contains(f.Client.Permissions, scope) }

type clientBody struct {
	Workspace workspace
	Client    Client
	Labels    []string
}

type administratorHandler func(http.ResponseWriter, *http.Request, workspace)

// forAdministrator lets only administrators of the workspace in the path through (documented: nobody else sees its settings).
func (s *Sim) forAdministrator(next administratorHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		account, ok := s.signedIn(r)
		if !ok {
			if r.Method != http.MethodGet {
				http.Redirect(w, r, "/account/signin", http.StatusSeeOther)
				return
			}
			s.toSignIn(w, r)
			return
		}
		ws, found := s.world.workspace(r.PathValue("workspace"))
		switch {
		case !found:
			s.notFound(w, r)
		case !ws.administeredBy(account):
			s.say(w, r, http.StatusForbidden, "You are not an admin of this workspace", message{
				Text: []string{account.Name + " is not an admin of the workspace " + ws.Name + ". Only admins can see its settings."},
				Link: "/", Go: "Go to the home page",
			})
		default:
			next(w, r, ws)
		}
	}
}

func settingsPath(ws workspace) string { return "/" + ws.Slug + "/workspace/settings" }
func clientsPath(ws workspace) string  { return settingsPath(ws) + "/oauth-clients" }

func (s *Sim) settingsPage(w http.ResponseWriter, r *http.Request, ws workspace) {
	s.render(w, r, http.StatusOK, "settings", "Workspace settings", ws)
}

// olderClientsAddress is where the list lived while it was called "OAuth consumers"; that it still leads there is assumed.
func (s *Sim) olderClientsAddress(w http.ResponseWriter, r *http.Request, ws workspace) {
	http.Redirect(w, r, clientsPath(ws), http.StatusSeeOther)
}

func (s *Sim) clientsPage(w http.ResponseWriter, r *http.Request, ws workspace) {
	body := struct {
		Workspace workspace
		Clients   []Client
	}{Workspace: ws}
	s.look(func(st *state) {
		for _, c := range st.Clients {
			if c.Workspace == ws.Slug {
				body.Clients = append(body.Clients, c)
			}
		}
	})
	s.render(w, r, http.StatusOK, "clients", "OAuth clients", body)
}

func (s *Sim) newClientPage(w http.ResponseWriter, r *http.Request, ws workspace) {
	s.renderClientForm(w, r, http.StatusOK, clientForm{Workspace: ws, AuthorizationCode: true, Action: clientsPath(ws)})
}

func (s *Sim) renderClientForm(w http.ResponseWriter, r *http.Request, status int, form clientForm) {
	form.Groups = permissionGroups()
	title := "Create OAuth client"
	if form.Client.ID != "" {
		title = "Edit OAuth client"
	}
	s.render(w, r, status, "clientform", title, form)
}

// parseClientForm reads what was typed. A callback URL belongs to the authorization code grant: without its box there is none.
func parseClientForm(r *http.Request, form clientForm) (clientForm, error) {
	if err := r.ParseForm(); err != nil {
		return form, &clientProblem{"name", "The form cannot be read."}
	}
	form.Client.Name = r.PostForm.Get("name")
	form.Client.CallbackURL = r.PostForm.Get("callback_url")
	form.Client.Private = r.PostForm.Has("private")
	form.Client.Permissions = r.PostForm["permission"]
	form.AuthorizationCode = r.PostForm.Has("authorization_code")
	if form.Client.CallbackURL != "" && !form.AuthorizationCode {
		return form, &clientProblem{"callback_url", "Tick “Authorization code” to use a callback URL."}
	}
	return form, nil
}

func (s *Sim) createClient(w http.ResponseWriter, r *http.Request, ws workspace) {
	form, err := parseClientForm(r, clientForm{Workspace: ws, Client: Client{Workspace: ws.Slug}, Action: clientsPath(ws)})
	if err == nil {
		var created Client
		if created, err = s.CreateClient(form.Client); err == nil {
			http.Redirect(w, r, clientsPath(ws)+"/"+created.ID, http.StatusSeeOther)
			return
		}
	}
	s.clientFailed(w, r, form, err)
}

// clientFailed shows the form again with what was typed, when the mistake is in it.
func (s *Sim) clientFailed(w http.ResponseWriter, r *http.Request, form clientForm, err error) {
	if problem, ok := errors.AsType[*clientProblem](err); ok {
		form.Problem = *problem
		s.renderClientForm(w, r, http.StatusUnprocessableEntity, form)
		return
	}
	if errors.Is(err, errNoClient) {
		s.notFound(w, r)
		return
	}
	s.broken(w, r, err)
}

// clientInPath finds the workspace's client that the path names, or answers 404.
func (s *Sim) clientInPath(w http.ResponseWriter, r *http.Request, ws workspace) (c Client, ok bool) {
	s.look(func(st *state) { c, ok = st.client(r.PathValue("client")) })
	if !ok || c.Workspace != ws.Slug {
		s.notFound(w, r)
		return Client{}, false
	}
	return c, true
}

func (s *Sim) clientPage(w http.ResponseWriter, r *http.Request, ws workspace) {
	if c, ok := s.clientInPath(w, r, ws); ok {
		s.render(w, r, http.StatusOK, "client", c.Name, clientBody{ws, c, permissionLabels(c.Permissions)})
	}
}

func (s *Sim) editClientPage(w http.ResponseWriter, r *http.Request, ws workspace) {
	if c, ok := s.clientInPath(w, r, ws); ok {
		form := clientForm{Workspace: ws, Client: c, AuthorizationCode: c.CallbackURL != "", Action: clientsPath(ws) + "/" + c.ID}
		s.renderClientForm(w, r, http.StatusOK, form)
	}
}

// updateClient leaves tokens as they are: they keep the permissions that they were given (observed).
func (s *Sim) updateClient(w http.ResponseWriter, r *http.Request, ws workspace) {
	c, ok := s.clientInPath(w, r, ws)
	if !ok {
		return
	}
	form, err := parseClientForm(r, clientForm{Workspace: ws, Client: c, Action: clientsPath(ws) + "/" + c.ID})
	if err == nil {
		err = s.alterClient(ws, c.ID, func(st *state, stored *Client) error {
			form.Client.Secret = stored.Secret
			checked, err := st.checkedClient(form.Client)
			*stored = checked
			return err
		})
	}
	if err != nil {
		s.clientFailed(w, r, form, err)
		return
	}
	http.Redirect(w, r, clientsPath(ws)+"/"+c.ID, http.StatusSeeOther)
}

func (s *Sim) regenerateSecret(w http.ResponseWriter, r *http.Request, ws workspace) {
	id := r.PathValue("client")
	_, secret, err := s.newCredentials()
	if err == nil {
		err = s.alterClient(ws, id, func(_ *state, c *Client) error { c.Secret = secret; return nil })
	}
	s.clientChanged(w, r, err, clientsPath(ws)+"/"+id)
}

func (s *Sim) deleteClient(w http.ResponseWriter, r *http.Request, ws workspace) {
	s.clientChanged(w, r, s.removeClient(ws, r.PathValue("client")), clientsPath(ws))
}

func (s *Sim) clientChanged(w http.ResponseWriter, r *http.Request, err error, next string) {
	if err != nil {
		s.clientFailed(w, r, clientForm{}, err)
		return
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}
