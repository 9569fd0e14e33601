package handlers

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/go-chi/chi/v5"

	"fairlead/views"
)

func (s *Server) generalRoutes(r chi.Router) {
	r.Get("/settings/general", s.do(s.showGeneral))
}

func (s *Server) showGeneral(w http.ResponseWriter, r *http.Request) error {
	local := namesThisMachine(s.ExternalURL.Hostname())
	return s.render(w, r, http.StatusOK, views.Page{Title: "General", Area: views.AreaGeneral}, views.GeneralPage(views.General{
		Workspace: workspaceName(r), ExternalURL: s.ExternalURL.String(), CallbackURL: s.callbackURL(),
		ThisMachine: local, PlainHTTP: s.ExternalURL.Scheme == "http" && !local, Origin: s.origin(r),
	}))
}

func namesThisMachine(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func (s *Server) callbackURL() string { return s.ExternalURL.String() + "/oauth/callback" }

// origin compares how the browser came here with the external URL. A proxy may rewrite Host, so the browser's own Origin
// or Referer is not asked for: a wrong warning is worse than none, and behind a proxy that keeps Host this is right.
func (s *Server) origin(r *http.Request) views.Origin {
	return views.Origin{
		Differs:     len(s.TrustedProxies) == 0 && withoutPort(r.Host, s.ExternalURL.Scheme) != withoutPort(s.ExternalURL.Host, s.ExternalURL.Scheme),
		Browser:     r.Host,
		ExternalURL: s.ExternalURL.String(),
	}
}

// withoutPort drops the port that the scheme implies.
func withoutPort(hostport, scheme string) string {
	host, port, err := net.SplitHostPort(hostport)
	if err == nil && (scheme == "https" && port == "443" || scheme == "http" && port == "80") {
		return host
	}
	return hostport
}
