package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/views"
)

// providerRoutes are the life of a Git provider after it was added.
func (s *Server) providerRoutes(r chi.Router) {
	const path = "/settings/gitops/providers/{provider}"
	r.Get(path, s.do(s.showProvider))
	r.Post(path+"/name", s.do(s.renameProvider))
	r.Post(path+"/change", s.do(s.changeProvider))
	r.Post(path+"/verify", s.do(s.verifyProvider))
	r.Get(path+"/remove", s.do(s.showRemoveProvider))
	r.Post(path+"/remove", s.do(s.removeProvider))
}

func providerPath(id string) string { return "/settings/gitops/providers/" + id }

func providerID(r *http.Request) string { return chi.URLParam(r, "provider") }

// provider finds the one in the address, with its kind.
func (s *Server) provider(r *http.Request) (fairlead.GitProvider, fairlead.Kind, error) {
	provider, err := s.Setup.FindGitProvider(r.Context(), providerID(r))
	if err != nil {
		return provider, fairlead.Kind{}, err
	}
	kind, err := s.Setup.Kind(provider.Kind)
	return provider, kind, err
}

func (s *Server) showProvider(w http.ResponseWriter, r *http.Request) error {
	return s.renderProvider(w, r, http.StatusOK, nil, nil)
}

// renderProvider shows a provider; typed is the display name of a form that was refused.
func (s *Server) renderProvider(w http.ResponseWriter, r *http.Request, status int, typed *string, errors views.Errors) error {
	provider, kind, err := s.provider(r)
	if err != nil {
		return err
	}
	changes, err := s.Setup.Dependents(r.Context(), provider.ID)
	if err != nil {
		return err
	}
	use, err := s.Linking.UseOf(r.Context(), provider.ID)
	if err != nil {
		return err
	}
	v := views.Provider{Kind: kind, Provider: provider, Path: providerPath(provider.ID), Name: provider.DisplayName, Errors: errors, Links: use.Links, Connections: use.Connections}
	if typed != nil {
		v.Name = *typed
	}
	if len(changes) > 0 {
		v.Change = &changes[0]
	}
	return s.render(w, r, status, views.Page{Title: errors.Title(provider.DisplayName), Area: views.AreaGitOps}, views.ProviderPage(v))
}

func (s *Server) renameProvider(w http.ResponseWriter, r *http.Request) error {
	name := r.PostFormValue("display_name")
	err := s.Setup.RenameGitProvider(r.Context(), actor(r), providerID(r), name)
	if fields := fairlead.FieldsOf(err); fields != nil {
		return s.renderProvider(w, r, http.StatusUnprocessableEntity, &name, fields)
	}
	if err != nil {
		return err
	}
	if err := s.cookies.setFlash(w, r, views.Flash{Title: "The display name was saved."}); err != nil {
		return err
	}
	return s.goTo(w, r, providerPath(providerID(r)))
}

// changeProvider begins the replacement of application ID and secret, or goes on with the one that is unfinished.
func (s *Server) changeProvider(w http.ResponseWriter, r *http.Request) error {
	setup, err := s.Setup.Change(r.Context(), actor(r), providerID(r))
	if err != nil {
		return err
	}
	return s.goTo(w, r, setupPath(setup.ID))
}

// verifyProvider takes the values in force to the host again.
func (s *Server) verifyProvider(w http.ResponseWriter, r *http.Request) error {
	setup, err := s.Setup.VerifyAgain(r.Context(), actor(r), providerID(r))
	if err != nil {
		return err
	}
	return s.answerSetup(w, r, setup)
}

// verifiesAgain tells which of two sentences a confirmation deserves. After the first press there is no setup to look at.
func (s *Server) verifiesAgain(r *http.Request, id string) bool {
	setup, err := s.Setup.Find(r.Context(), id)
	if err != nil {
		return false
	}
	again, err := s.Setup.VerifiesAgain(r.Context(), setup)
	return again && err == nil
}

func (s *Server) showRemoveProvider(w http.ResponseWriter, r *http.Request) error {
	return s.renderRemoveProvider(w, r, http.StatusOK, nil)
}

func (s *Server) renderRemoveProvider(w http.ResponseWriter, r *http.Request, status int, errors views.Errors) error {
	provider, kind, err := s.provider(r)
	if err != nil {
		return err
	}
	dependents, err := s.Setup.Dependents(r.Context(), provider.ID)
	if err != nil {
		return err
	}
	use, err := s.Linking.UseOf(r.Context(), provider.ID)
	if err != nil {
		return err
	}
	v := views.RemoveProvider{Kind: kind, Provider: provider, Path: providerPath(provider.ID), Dependents: dependents, Links: use.Links, Connected: use.Connections, Errors: errors}
	return s.render(w, r, status, views.Page{Title: errors.Title(v.Title()), Area: views.AreaGitOps}, views.RemoveProviderPage(v))
}

func (s *Server) removeProvider(w http.ResponseWriter, r *http.Request) error {
	provider, _, err := s.provider(r)
	if err != nil {
		return err
	}
	err = s.Setup.RemoveGitProvider(r.Context(), actor(r), provider.ID, r.PostFormValue("name"))
	if fields := fairlead.FieldsOf(err); fields != nil {
		return s.renderRemoveProvider(w, r, http.StatusUnprocessableEntity, fields)
	}
	if fairlead.CodeOf(err) == fairlead.CodeConflict {
		return s.renderRemoveProvider(w, r, http.StatusConflict, nil)
	}
	if err != nil {
		return err
	}
	if err := s.cookies.setFlash(w, r, views.Flash{Title: provider.DisplayName + " was removed."}); err != nil {
		return err
	}
	return s.goTo(w, r, "/settings/gitops")
}
