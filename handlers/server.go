// Package handlers is HTTP in, HTML out: routes, middleware and one file per screen. Handlers parse, call one flow and
// answer; they know the flows and the views, never SQL.
package handlers

import (
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/accounts"
	"fairlead/inbox"
	"fairlead/linking"
	"fairlead/setup"
	"fairlead/static"
)

// Options are what the server is wired from.
type Options struct {
	Accounts       *accounts.Flow
	Setup          *setup.Flow
	Linking        *linking.Flow
	Inbox          *inbox.Flow
	Audit          auditLog
	Ready          readiness
	ExternalURL    *url.URL // how browsers reach this installation: scheme, host and port, path without a slash at the end
	CookieAuthKey  []byte   // 64 bytes
	CookieSealKey  []byte   // 32 bytes
	TrustedProxies []netip.Prefix
	Clock          fairlead.Clock
	Random         fairlead.Random
	Log            *slog.Logger
}

// Server answers requests. Make one with New.
type Server struct {
	Options
	cookies *cookies
}

// New wires the server.
func New(o Options) *Server { return &Server{Options: o, cookies: newCookies(o)} }

// Handler returns the whole site, middleware included.
func (s *Server) Handler() http.Handler { return s.Router() }

// Router returns the routes, for the test that holds them against the contract table.
func (s *Server) Router() chi.Router {
	r := chi.NewRouter()
	r.Use(s.identify, s.clientAddress(), s.logRequests, answerHead, compressPages, s.recoverPanics, s.secure, s.refuseForeignForms)
	r.Method(http.MethodGet, static.Prefix+"*", static.Handler())
	s.probeRoutes(r)
	s.hookRoutes(r)
	r.Group(func(r chi.Router) {
		r.Use(limitBody, s.loadPerson)
		r.NotFound(s.do(s.notFound))
		r.MethodNotAllowed(s.do(s.notFound))
		s.publicRoutes(r)
		r.Group(func(r chi.Router) {
			r.Use(s.requirePerson)
			s.personRoutes(r)
		})
		r.Group(func(r chi.Router) {
			r.Use(s.keepTyped, s.requirePerson, s.requireOwner)
			s.ownerRoutes(r)
		})
	})
	return r
}

// publicRoutes need no sign-in.
func (s *Server) publicRoutes(r chi.Router) {
	s.callbackRoutes(r)
	s.signInRoutes(r)
	s.linkRoutes(r)
	s.handOverRoutes(r)
}

// personRoutes need a signed-in person.
func (s *Server) personRoutes(r chi.Router) {
	s.homeRoutes(r)
	s.accountRoutes(r)
	s.projectRoutes(r)
	s.linkListRoutes(r)
	s.repositoryLinkRoutes(r)
	s.deliveryRoutes(r)
	s.connectionRoutes(r)
	s.connectRoutes(r)
}

// ownerRoutes need a workspace owner.
func (s *Server) ownerRoutes(r chi.Router) {
	s.generalRoutes(r)
	s.memberRoutes(r)
	s.gitopsRoutes(r)
	s.auditRoutes(r)
	s.wizardRoutes(r)
	s.setupRoutes(r)
	s.handOverOwnerRoutes(r)
	s.providerRoutes(r)
}
