package bitbucketsim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Faults are the simulator's misbehaviours and variants. The zero value is a healthy Bitbucket with the long-known backend.
// Status, HTML, Hang, Slow and ClockSkew touch only the server-side endpoints (token endpoint and API), never pages.
type Faults struct {
	Status     int           `json:"status"`      // answer this HTTP status instead
	RetryAfter time.Duration `json:"retry_after"` // Retry-After of those answers; 0 sends none
	Where      string        `json:"where"`       // "token", "api", or "" for both
	PathPrefix string        `json:"path_prefix"` // only paths that begin so, such as "/2.0/repositories/acme-data/orders-db/src"; "" means all
	Times      int           `json:"times"`       // answer Status so many times, then no more; 0 means until it is reset
	Message    string        `json:"message"`     // of the error's JSON body, instead of the usual one
	HTML       bool          `json:"html"`        // answer 200 text/html, like a captive portal
	Hang       bool          `json:"hang"`        // never answer
	Slow       time.Duration `json:"slow"`        // wait before every answer
	ClockSkew  time.Duration `json:"clock_skew"`  // the Date header is off by this

	Refuse               bool `json:"refuse"`                // the backend's port is closed
	UntrustedCertificate bool `json:"untrusted_certificate"` // the backend's chain comes from a CA that CertPool lacks

	Backend2026    bool `json:"backend_2026"`    // assumed: RFC 6749 error codes, rotating and long tokens, long credentials
	GranularScopes bool `json:"granular_scopes"` // tokens report read:repository:bitbucket and the like (assumed for OAuth clients)
	NoScopes       bool `json:"no_scopes"`       // tokens report neither scope nor scopes
	AppUser        bool `json:"app_user"`        // GET /2.0/user answers type app_user
	KeepOpener     bool `json:"keep_opener"`     // pages do not cut window.opener
	ExpireCodes    bool `json:"expire_codes"`    // authorization codes have expired by the time they are exchanged

	RotateRefreshTokens bool          `json:"rotate_refresh_tokens"` // as since 2026: a new one each time, the old one lives ten more minutes
	StrictRotation      bool          `json:"strict_rotation"`       // and the old one is dead at once
	LongTokens          bool          `json:"long_tokens"`           // over 2,500 characters, also without Backend2026
	AccessTokenLife     time.Duration `json:"access_token_life"`     // 0 means Bitbucket's two hours

	RateLimit        int  `json:"rate_limit"`         // calls per person, kind of data and hour; 0 means none, Bitbucket's is 1,000
	RateLimitHeaders bool `json:"rate_limit_headers"` // send X-RateLimit-*, which OAuth clients do not get

	RefuseLocalHooks    bool          `json:"refuse_local_hooks"`   // as the real one: no webhook to loopback or private addresses
	DropDeliveries      bool          `json:"drop_deliveries"`      // the webhook never hears
	DuplicateDeliveries bool          `json:"duplicate_deliveries"` // twice, with one X-Request-UUID
	ReorderDeliveries   bool          `json:"reorder_deliveries"`   // each waits for the next one and leaves after it
	DelayDeliveries     time.Duration `json:"delay_deliveries"`     // each leaves so much later
	WrongSignature      bool          `json:"wrong_signature"`      // made with another secret
	NoSignature         bool          `json:"no_signature"`         // although there is a secret
}

const (
	whereToken = "token"
	whereAPI   = "api"
)

func (f Faults) validate() error {
	switch {
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return errors.New("status must be 0 or between 400 and 599")
	case f.Where != "" && f.Where != whereToken && f.Where != whereAPI:
		return errors.New(`where must be "token", "api" or empty`)
	case f.Slow < 0 || f.RetryAfter < 0 || f.DelayDeliveries < 0 || f.AccessTokenLife < 0:
		return errors.New("slow, retry_after, delay_deliveries and access_token_life cannot be negative")
	case f.Times < 0 || f.RateLimit < 0 || f.RateLimit > rateKept:
		return fmt.Errorf("times cannot be negative, and rate_limit is between 0 and %d", rateKept)
	}
	return nil
}

// Faults returns what is set now.
func (s *Sim) Faults() (f Faults) {
	s.look(func(st *state) { f = st.Faults })
	return f
}

// SetFaults replaces all faults. They are in effect, and stored, when it returns; on an error the old ones stay.
func (s *Sim) SetFaults(f Faults) error {
	if err := f.validate(); err != nil {
		return fmt.Errorf("set faults: %w", err)
	}
	s.faultsMu.Lock()
	defer s.faultsMu.Unlock()
	before := s.Faults()
	if err := s.storeFaults(f); err != nil {
		return err
	}
	if err := s.servers.syncBackend(f.Refuse); err != nil {
		return errors.Join(err, s.storeFaults(before))
	}
	if !f.ReorderDeliveries {
		s.releaseDeliveries()
	}
	return nil
}

// claim takes one of the Times that a status is to be answered, and ends it with the last.
func (s *Sim) claim(f Faults) Faults {
	if f.Times == 0 || f.Status == 0 {
		return f
	}
	claimed := false
	err := s.change(func(st *state) error {
		if claimed = st.Faults.Times > 0 && st.Faults.Status == f.Status; !claimed {
			return nil
		}
		if st.Faults.Times--; st.Faults.Times == 0 {
			st.Faults.Status, st.Faults.Message, st.Faults.PathPrefix = 0, "", ""
		}
		return nil
	})
	if err != nil || !claimed { // another request was first
		f.Status = 0
	}
	return f
}

func (s *Sim) storeFaults(f Faults) error {
	return s.change(func(st *state) error { st.Faults = f; return nil })
}

const bodyLimit = 64 << 10

// serverSide records a request to a server-side endpoint and lets the faults have it first.
func (s *Sim) serverSide(where string, healthy http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The whole body is read first: only then net/http notices a client that gives up while the answer hangs.
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
		if err != nil {
			http.Error(w, "request entity too large", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if r.ParseForm() != nil { // a malformed form counts as an empty one
			r.PostForm = nil
		}
		r, answered := s.requests.add(s.clock(), r)
		status := &statusWriter{ResponseWriter: w}
		defer func() { answered(status.status) }()
		w.Header().Set("Cache-Control", "no-store")
		if f := s.Faults(); (f.Where == "" || f.Where == where) && strings.HasPrefix(r.URL.Path, f.PathPrefix) {
			if s.misbehave(s.claim(f), where, status, r) {
				return
			}
		}
		healthy.ServeHTTP(status, r)
	})
}

// misbehave reports whether a fault took the answer.
func (s *Sim) misbehave(f Faults, where string, w http.ResponseWriter, r *http.Request) bool {
	if f.Slow > 0 && !s.wait(r, f.Slow) {
		panic(http.ErrAbortHandler)
	}
	if f.Hang {
		select {
		case <-r.Context().Done():
		case <-s.servers.closing:
		}
		panic(http.ErrAbortHandler) // drops the connection without an answer
	}
	if f.ClockSkew != 0 {
		w.Header().Set("Date", s.clock().Add(f.ClockSkew).UTC().Format(http.TimeFormat))
	}
	if f.HTML {
		writeHTML(w, http.StatusOK, captivePortal)
		return true
	}
	if f.Status != 0 {
		writeFaultStatus(w, f, where)
		return true
	}
	return false
}

// wait reports false when the client or the simulator went away first.
func (s *Sim) wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-s.servers.closing:
	}
	return false
}

const captivePortal = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Guest network: sign in</title></head>
<body><h1>Welcome to the guest network</h1><p>Please accept the terms of use to go on.</p></body></html>
`
