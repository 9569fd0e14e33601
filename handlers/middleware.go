package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"fairlead"
)

// bodyLimit is generous for forms: the largest is an application ID and a secret.
const bodyLimit = 64 << 10

type requestIDKey struct{}

// identify gives every request an id, which the log and the page of an unknown failure share.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := fairlead.NewID(s.Random, fairlead.PrefixRequest)
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

func requestID(r *http.Request) string {
	id, _ := r.Context().Value(requestIDKey{}).(string)
	return id
}

// clientAddress finds the client's IP address: from the connection, or from X-Forwarded-For where trusted proxies are
// configured.
func (s *Server) clientAddress() func(http.Handler) http.Handler {
	if len(s.TrustedProxies) == 0 {
		return middleware.ClientIPFromRemoteAddr
	}
	prefixes := make([]string, len(s.TrustedProxies))
	for i, prefix := range s.TrustedProxies {
		prefixes[i] = prefix.String()
	}
	return middleware.ClientIPFromXFF(prefixes...)
}

func clientIP(r *http.Request) string { return middleware.GetClientIP(r.Context()) }

// logRequests writes one line per request: the route's pattern and never the path or the query, since both can hold
// one-time tokens, states and codes.
func (s *Server) logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := s.Clock()
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		next.ServeHTTP(ww, r)
		route := chi.RouteContext(r.Context()).RoutePattern()
		if route == "" {
			route = "(none)"
		}
		level := slog.LevelInfo
		if ww.Status() >= 500 {
			level = slog.LevelError
		}
		s.Log.LogAttrs(r.Context(), level, "request", slog.String("method", r.Method), slog.String("route", route),
			slog.Int("status", ww.Status()), slog.Duration("took", s.Clock().Sub(started)), slog.String("address", clientIP(r)),
			slog.String("request", requestID(r)))
	})
}

// recoverPanics turns a panic into the page of an unknown failure.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.fail(w, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}()
		next.ServeHTTP(w, r)
	})
}

// contentSecurityPolicy allows our own files and nothing else; data: images are for the icon of native controls.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// secure sets the headers that every answer carries.
func (s *Server) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		// Not no-referrer: over plain http Chromium would then send "Origin: null" with every form.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		// Pages hold what only this person may see; a static file overrides this.
		h.Set("Cache-Control", "no-store")
		h.Add("Vary", "HX-Request-Type")
		next.ServeHTTP(w, r)
	})
}

// refuseForeignForms is the protection against cross-site request forgery.
func (s *Server) refuseForeignForms(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	// A proxy may rewrite Host; the external URL is what browsers send as Origin.
	if err := protection.AddTrustedOrigin(s.ExternalURL.Scheme + "://" + s.ExternalURL.Host); err != nil {
		panic(fmt.Sprintf("handlers: external URL %s: %v", s.ExternalURL, err)) // cmd has parsed it
	}
	protection.SetDenyHandler(s.do(func(http.ResponseWriter, *http.Request) error {
		return fairlead.Errorf(fairlead.CodeForbidden, "This form was sent from another site. Open Fairlead at %s and try again there.", s.ExternalURL)
	}))
	return protection.Handler(next)
}

// compressPages makes a page a quarter of its size on the way. No page holds a secret that stays the same from one answer to
// the next, so their lengths tell nothing. Static files are compressed ahead of time.
var compressPages = middleware.Compress(compressionLevel, "text/html")

// compressionLevel: on our largest page higher levels save less than 3 % more and take longer; level 1 saves 14 % less.
const compressionLevel = 4

func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
		next.ServeHTTP(w, r)
	})
}
