package bitbucketsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// switchBox is one on/off fault of the control page; its Name is the fault's JSON name.
type switchBox struct {
	Name  string
	Label string
	Help  string
	on    func(*Faults) *bool
}

// ID is the checkbox's id on the page.
func (b switchBox) ID() string { return strings.ReplaceAll(b.Name, "_", "-") }

func switchBoxes() []switchBox {
	return []switchBox{
		{"html", "Answer with a web page", "Like a captive portal: 200 text/html.", func(f *Faults) *bool { return &f.HTML }},
		{"hang", "Never answer", "Until the client gives up.", func(f *Faults) *bool { return &f.Hang }},
		{"refuse", "Refuse connections", "The backend’s port is closed.", func(f *Faults) *bool { return &f.Refuse }},
		{"untrusted_certificate", "Untrusted certificate", "The backend’s chain comes from “Simulated Corporate Root CA”.", func(f *Faults) *bool { return &f.UntrustedCertificate }},
		{"backend_2026", "Token backend of 2026 (assumed)", "An assumption: nobody has published its errors. RFC 6749 codes, rotating tokens over 2,500 characters, longer client credentials.", func(f *Faults) *bool { return &f.Backend2026 }},
		{"granular_scopes", "Granular scope names (assumed)", "Tokens report read:repository:bitbucket and the like.", func(f *Faults) *bool { return &f.GranularScopes }},
		{"no_scopes", "No scopes in the token answer", "Neither scope nor scopes.", func(f *Faults) *bool { return &f.NoScopes }},
		{"app_user", "Answer type app_user", "GET /2.0/user, for people too.", func(f *Faults) *bool { return &f.AppUser }},
		{"keep_opener", "Keep window.opener", "Pages leave out Cross-Origin-Opener-Policy.", func(f *Faults) *bool { return &f.KeepOpener }},
		{"expire_codes", "Expire authorization codes", "They are too old by the time they are exchanged.", func(f *Faults) *bool { return &f.ExpireCodes }},
		{"rotate_refresh_tokens", "Rotate refresh tokens", "As since 2026: each refresh gives a new one, the old one lives ten more minutes.", func(f *Faults) *bool { return &f.RotateRefreshTokens }},
		{"strict_rotation", "Rotate strictly", "The old refresh token is dead at once.", func(f *Faults) *bool { return &f.StrictRotation }},
		{"long_tokens", "Long tokens", "Over 2,500 characters, with everything else as before.", func(f *Faults) *bool { return &f.LongTokens }},
		{"rate_limit_headers", "Send X-RateLimit headers", "OAuth clients do not get them from the real Bitbucket.", func(f *Faults) *bool { return &f.RateLimitHeaders }},
		{"refuse_local_hooks", "Refuse local webhook URLs", "The real Bitbucket takes no webhook to loopback or private addresses. The simulator does, unless this is on: the demo runs on loopback.", func(f *Faults) *bool { return &f.RefuseLocalHooks }},
		{"drop_deliveries", "Drop deliveries", "Webhooks never hear of a push.", func(f *Faults) *bool { return &f.DropDeliveries }},
		{"duplicate_deliveries", "Duplicate deliveries", "Each is sent twice with the same X-Request-UUID.", func(f *Faults) *bool { return &f.DuplicateDeliveries }},
		{"reorder_deliveries", "Swap deliveries", "Each waits for the next one and leaves after it.", func(f *Faults) *bool { return &f.ReorderDeliveries }},
		{"wrong_signature", "Wrong signature", "Deliveries are signed with another secret.", func(f *Faults) *bool { return &f.WrongSignature }},
		{"no_signature", "No signature", "Deliveries are not signed although the webhook has a secret.", func(f *Faults) *bool { return &f.NoSignature }},
	}
}

type controlBody struct {
	Faults    Faults
	Switches  []switchRow
	Problem   string
	Accounts  []Account
	Clients   []Client
	Requests  []Request
	WebURL    string
	Backend   string
	StateFile string

	Deliveries  []Delivery
	KeepProblem string
}

// deliveriesOnControl: all of a webhook's are on its own page.
const deliveriesOnControl = 20

type switchRow struct {
	switchBox
	On bool
}

func (s *Sim) controlPage(w http.ResponseWriter, r *http.Request) {
	s.renderControl(w, r, http.StatusOK, s.Faults(), "")
}

func (s *Sim) renderControl(w http.ResponseWriter, r *http.Request, status int, f Faults, problem string) {
	body := controlBody{
		Faults: f, Problem: problem, Accounts: s.world.accounts, Requests: s.Requests(),
		WebURL: s.WebURL(), Backend: s.BackendURL(), StateFile: s.stateFile, Deliveries: s.newestDeliveries(deliveriesOnControl),
	}
	if err := s.keepProblem(); err != nil {
		body.KeepProblem = err.Error()
	}
	for _, box := range switchBoxes() {
		body.Switches = append(body.Switches, switchRow{box, *box.on(&f)})
	}
	s.look(func(st *state) { body.Clients = append(body.Clients, st.Clients...) })
	s.render(w, r, status, "control", "Simulator control", body)
}

// control takes the form of the control page.
func (s *Sim) control(w http.ResponseWriter, r *http.Request) {
	f, err := parseFaults(r)
	if err == nil {
		err = s.SetFaults(f)
	}
	if err != nil {
		s.renderControl(w, r, http.StatusUnprocessableEntity, f, err.Error())
		return
	}
	http.Redirect(w, r, "/simulator", http.StatusSeeOther)
}

func (s *Sim) resetFaults(w http.ResponseWriter, r *http.Request) {
	if err := s.SetFaults(Faults{}); err != nil {
		s.renderControl(w, r, http.StatusUnprocessableEntity, s.Faults(), err.Error())
		return
	}
	http.Redirect(w, r, "/simulator", http.StatusSeeOther)
}

func parseFaults(r *http.Request) (f Faults, err error) {
	if err := r.ParseForm(); err != nil {
		return f, fmt.Errorf("the form cannot be read: %w", err)
	}
	for _, box := range switchBoxes() {
		*box.on(&f) = r.PostForm.Has(box.Name)
	}
	f.Where = r.PostForm.Get("where")
	f.PathPrefix = strings.TrimSpace(r.PostForm.Get("path_prefix"))
	f.Message = strings.TrimSpace(r.PostForm.Get("message"))
	for name, field := range map[string]*int{"status": &f.Status, "times": &f.Times, "rate_limit": &f.RateLimit} {
		text := strings.TrimSpace(r.PostForm.Get(name))
		if text == "" {
			continue
		}
		if *field, err = strconv.Atoi(text); err != nil {
			return f, fmt.Errorf("%s %q is not a number", name, text)
		}
	}
	for name, field := range map[string]*time.Duration{
		"retry_after": &f.RetryAfter, "slow": &f.Slow, "clock_skew": &f.ClockSkew,
		"access_token_life": &f.AccessTokenLife, "delay_deliveries": &f.DelayDeliveries,
	} {
		text := strings.TrimSpace(r.PostForm.Get(name))
		if text == "" {
			continue
		}
		if *field, err = time.ParseDuration(text); err != nil {
			return f, fmt.Errorf("%s %q is not a duration such as 90s or 5m", name, text)
		}
	}
	return f, nil
}

func (s *Sim) faultsJSON(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.Faults())
}

// putFaultsJSON replaces all faults; durations are nanoseconds, as encoding/json writes them.
func (s *Sim) putFaultsJSON(w http.ResponseWriter, r *http.Request) {
	var f Faults
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&f)
	if err == nil {
		err = s.SetFaults(f)
	}
	if err != nil {
		writeJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, s.Faults())
}
