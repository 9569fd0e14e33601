package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/views"
)

// connectionRoutes are a person's own connections.
func (s *Server) connectionRoutes(r chi.Router) {
	const path = views.ConnectionsPath + "/{connection}/disconnect"
	r.Get(views.ConnectionsPath, s.do(s.showConnections))
	r.Get(path, s.do(s.showDisconnect))
	r.Post(path, s.do(s.disconnect))
}

// choices lists the Git providers that can be linked with, each with the reader's connection.
func (s *Server) choices(r *http.Request) ([]views.ProviderChoice, error) {
	providers, err := s.Linking.Providers(r.Context())
	if err != nil {
		return nil, err
	}
	var all []views.ProviderChoice
	for _, provider := range providers {
		kind, err := s.Linking.Kind(provider.Kind)
		if err != nil {
			return nil, err
		}
		connection, _, err := s.Linking.Connection(r.Context(), personOf(r), provider.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, views.ProviderChoice{Provider: provider, Kind: kind, Connection: connection})
	}
	return all, nil
}

func (s *Server) showConnections(w http.ResponseWriter, r *http.Request) error {
	choices, err := s.choices(r)
	if err != nil {
		return err
	}
	uses, err := s.Linking.Connections(r.Context(), personOf(r).ID)
	if err != nil {
		return err
	}
	var view views.Connections
	byID := map[string]views.ProviderChoice{}
	for _, choice := range choices {
		byID[choice.Provider.ID] = choice
		if choice.Connection.ID == "" {
			view.Others = append(view.Others, choice)
		}
	}
	for _, use := range uses {
		choice := byID[use.Connection.ProviderID]
		view.Rows = append(view.Rows, views.ConnectionRow{ConnectionUse: use, Provider: choice.Provider, Kind: choice.Kind})
	}
	if len(choices) == 0 {
		view.MayAdd = personOf(r).IsOwner()
		if view.Owners, err = s.owners(r); err != nil {
			return err
		}
	}
	return s.render(w, r, http.StatusOK, views.Page{Title: "Connections", Area: views.AreaConnections}, views.ConnectionsPage(view))
}

// ownConnection finds the reader's connection in the address, with the links that act by it.
func (s *Server) ownConnection(r *http.Request) (fairlead.ConnectionUse, error) {
	uses, err := s.Linking.Connections(r.Context(), personOf(r).ID)
	for _, use := range uses {
		if use.Connection.ID == chi.URLParam(r, "connection") {
			return use, nil
		}
	}
	if err == nil {
		err = fairlead.Errorf(fairlead.CodeNotFound, "There is no such connection. It may have been removed.")
	}
	return fairlead.ConnectionUse{}, err
}

func (s *Server) showDisconnect(w http.ResponseWriter, r *http.Request) error {
	use, err := s.ownConnection(r)
	if err != nil {
		return err
	}
	provider, kind, err := s.linkable(r, use.Connection.ProviderID)
	if err != nil {
		return err
	}
	view := views.Disconnect{Connection: use.Connection, Provider: provider, Kind: kind, Links: use.Links}
	return s.render(w, r, http.StatusOK, views.Page{Title: "Disconnect " + use.Connection.Account.Name, Area: views.AreaConnections}, views.DisconnectPage(view))
}

func (s *Server) disconnect(w http.ResponseWriter, r *http.Request) error {
	use, err := s.ownConnection(r)
	if err != nil {
		return err
	}
	if _, err := s.Linking.Disconnect(r.Context(), actor(r), personOf(r), use.Connection.ID); err != nil {
		return err
	}
	return s.goToWith(w, r, views.ConnectionsPath, views.Flash{Title: use.Connection.Account.Name + " was disconnected."})
}
