package bitbucketsim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Faults are the simulator's misbehaviours and variants. The zero value is a healthy Bitbucket with the long-known backend.
// Status, HTML, Hang, Slow and ClockSkew touch only the server-side endpoints (token endpoint and API), never pages.
type Faults struct {
	Status     int           `json:"status"`      // answer this HTTP status instead
	RetryAfter time.Duration `json:"retry_after"` // Retry-After of those answers; 0 sends none
	Where      string        `json:"where"`       // "token", "api", or "" for both
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
	case f.Slow < 0 || f.RetryAfter < 0:
		return errors.New("slow and retry_after cannot be negative")
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
	return nil
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
		answered := s.requests.add(s.clock(), r)
		status := &statusWriter{ResponseWriter: w}
		defer func() { answered(status.status) }()
		w.Header().Set("Cache-Control", "no-store")
		if f := s.Faults(); f.Where == "" || f.Where == where {
			if s.misbehave(f, where, status, r) {
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

// writeFaultStatus answers as the part of the site that fails would: a gateway speaks HTML, the application JSON.
func writeFaultStatus(w http.ResponseWriter, f Faults, where string) {
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	words := http.StatusText(f.Status)
	switch {
	case f.Status > http.StatusInternalServerError:
		writeHTML(w, f.Status, fmt.Sprintf("<html>\n<head><title>%[1]d %[2]s</title></head>\n<body>\n<center><h1>%[1]d %[2]s</h1></center>\n</body>\n</html>\n", f.Status, words))
	case f.Status == http.StatusTooManyRequests:
		writeJSON(w, f.Status, apiErrorBody("Rate limit for this resource has been exceeded", nil, nil))
	case where == whereToken:
		writeJSON(w, f.Status, map[string]string{"error": "server_error", "error_description": words})
	default:
		writeJSON(w, f.Status, apiErrorBody(words, nil, nil))
	}
}
