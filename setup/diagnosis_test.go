package setup_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/gitprovider"
	"fairlead/setup"
)

// mishap is one thing that is wrong at the host or on the way to it, and the one diagnosis that it must get.
type mishap struct {
	faults  bitbucketsim.Faults        // from the beginning
	later   *bitbucketsim.Faults       // from the callback on
	client  func(*bitbucketsim.Client) // how the client was registered
	pasted  func(id, secret *string)   // what the admin pastes instead
	dial    func(*gitprovider.ClientOptions)
	cancels bool                         // chooses Cancel in the host's window
	address func(url.Values)             // changes the query of the host's window
	way     func(*world, setup.Callback) // happens between the host's window and the callback

	early   bool // found before the host's window opens
	forward bool // the check found something too, and the admin goes on all the same
	code    fairlead.DiagnosisCode
	rung    fairlead.Rung
	field   string
	missing []string
}

func without(permissions ...string) func(*bitbucketsim.Client) {
	return func(c *bitbucketsim.Client) {
		c.Permissions = slices.DeleteFunc(slices.Clone(c.Permissions), func(p string) bool { return slices.Contains(permissions, p) })
	}
}

func private(c *bitbucketsim.Client) { c.Private = true }

func both(first, second func(*bitbucketsim.Client)) func(*bitbucketsim.Client) {
	return func(c *bitbucketsim.Client) { first(c); second(c) }
}

func impatient(o *gitprovider.ClientOptions) { o.Timeout = 150 * time.Millisecond }

func registrationMishaps() map[string]mishap {
	const wrong = "a secret that was never issued!"
	return map[string]mishap{
		"an application ID that the host does not know": {
			pasted: func(id, secret *string) { *id, *secret = "nobodysClientID", wrong }, early: true,
			code: fairlead.DiagnosisCredentials, rung: fairlead.RungRegistered, field: fairlead.FieldApplicationID,
		},
		"a wrong secret": {
			pasted: func(_, secret *string) { *secret = wrong }, early: true,
			code: fairlead.DiagnosisCredentials, rung: fairlead.RungRegistered, field: fairlead.FieldApplicationID,
		},
		"a wrong secret for a private client": {
			client: private, pasted: func(_, secret *string) { *secret = wrong }, early: true,
			code: fairlead.DiagnosisCredentials, rung: fairlead.RungRegistered, field: fairlead.FieldApplicationID,
		},
		"a wrong secret, found out by going on": {
			pasted: func(_, secret *string) { *secret = wrong }, forward: true,
			code: fairlead.DiagnosisSecretWrong, rung: fairlead.RungSecret, field: fairlead.FieldSecret,
		},
		"no callback URL": {
			client: func(c *bitbucketsim.Client) { c.CallbackURL = "" }, early: true,
			code: fairlead.DiagnosisCallbackMissing, rung: fairlead.RungRegistered, field: fairlead.FieldCallbackURL,
		},
		"no callback URL for a private client": {
			client: func(c *bitbucketsim.Client) { c.CallbackURL, c.Private = "", true }, early: true,
			code: fairlead.DiagnosisCallbackMissing, rung: fairlead.RungRegistered, field: fairlead.FieldCallbackURL,
		},
		"a private client lacks a permission, known before the window": {
			client: both(private, without("webhook")), early: true, missing: []string{"webhooks"},
			code: fairlead.DiagnosisPermissionMissing, rung: fairlead.RungPermissions, field: fairlead.FieldPermissions,
		},
		"the token is an application's, not a person's": {
			faults: bitbucketsim.Faults{AppUser: true},
			code:   fairlead.DiagnosisNotAPerson, rung: fairlead.RungPermissions,
		},
		"access was denied": {
			cancels: true, code: fairlead.DiagnosisDenied, rung: fairlead.RungRegistered,
		},
		"the host comes back with another error": {
			address: func(q url.Values) { q.Set("scope", "no-such-scope") },
			code:    fairlead.DiagnosisHostReturnedError, rung: fairlead.RungRegistered,
		},
		"the code has expired": {
			faults: bitbucketsim.Faults{ExpireCodes: true}, code: fairlead.DiagnosisCodeRejected, rung: fairlead.RungSecret,
		},
		"the code was used before": {
			way: func(w *world, c setup.Callback) { w.spendElsewhere(c) }, code: fairlead.DiagnosisCodeRejected, rung: fairlead.RungSecret,
		},
	}
}

// spendElsewhere is what a proxy or a browser that repeats the call does.
func (w *world) spendElsewhere(c setup.Callback) {
	w.t.Helper()
	s := w.find(w.onlySetup())
	app := gitprovider.App{ID: s.ApplicationID, Secret: s.Secret, CallbackURL: callbackURL}
	if _, err := w.host.Exchange(context.Background(), app, c.Code, fairlead.NewSecret("another-verifier")); err == nil {
		w.t.Fatal("the host took a wrong verifier")
	}
}

func (w *world) onlySetup() string {
	w.t.Helper()
	all, err := w.List(context.Background())
	w.must(err)
	if len(all) != 1 {
		w.t.Fatalf("%d setups, want 1", len(all))
	}
	return all[0].ID
}

// permissionMishaps: every permission missing alone and all together, however the host names what was granted.
func permissionMishaps() map[string]mishap {
	all := map[string]mishap{}
	for naming, faults := range map[string]bitbucketsim.Faults{
		"classic names": {}, "granular names": {GranularScopes: true},
		"no names but a 403": {NoScopes: true}, "no names but a granular 403": {NoScopes: true, GranularScopes: true},
	} {
		for missing, scopes := range map[string][]string{
			"account": {"account"}, "webhooks": {"webhook"}, "repositories": {"repository:write"},
			"account webhooks": {"account", "webhook"}, "account repositories": {"account", "repository:write"},
			"webhooks repositories": {"webhook", "repository:write"}, "account webhooks repositories": {"account", "webhook", "repository:write"},
		} {
			all["not ticked: "+missing+", "+naming] = mishap{
				faults: faults, client: without(scopes...), missing: strings.Fields(missing),
				code: fairlead.DiagnosisPermissionMissing, rung: fairlead.RungPermissions, field: fairlead.FieldPermissions,
			}
		}
	}
	all["only reading of repositories is ticked"] = mishap{
		client: func(c *bitbucketsim.Client) { c.Permissions = []string{"account", "repository", "webhook"} }, missing: []string{"repositories"},
		code: fairlead.DiagnosisPermissionMissing, rung: fairlead.RungPermissions, field: fairlead.FieldPermissions,
	}
	return all
}

// wayMishaps: what goes wrong on the way, before the window, at the exchange and at the proof.
func wayMishaps() map[string]mishap {
	type way struct {
		faults bitbucketsim.Faults
		dial   func(*gitprovider.ClientOptions)
		code   fairlead.DiagnosisCode
		places []string // "" is the beginning
	}
	everywhere := []string{"", "token", "api"}
	all := map[string]mishap{}
	for name, one := range map[string]way{
		"connections are refused":       {bitbucketsim.Faults{Refuse: true}, nil, fairlead.DiagnosisRefused, []string{"", "token"}},
		"the certificate is foreign":    {bitbucketsim.Faults{UntrustedCertificate: true}, nil, fairlead.DiagnosisTLSUntrusted, []string{"", "token"}},
		"no answer comes":               {bitbucketsim.Faults{Hang: true}, impatient, fairlead.DiagnosisTimeout, everywhere},
		"a web page answers":            {bitbucketsim.Faults{HTML: true}, nil, fairlead.DiagnosisNotTheHost, everywhere},
		"too many calls":                {bitbucketsim.Faults{Status: 429, RetryAfter: 45 * time.Second}, nil, fairlead.DiagnosisRateLimited, everywhere},
		"the host fails, in JSON":       {bitbucketsim.Faults{Status: 500}, nil, fairlead.DiagnosisHostError, everywhere},
		"the gateway fails, in HTML":    {bitbucketsim.Faults{Status: 503}, nil, fairlead.DiagnosisHostError, everywhere},
		"an answer nobody told of":      {bitbucketsim.Faults{Status: http.StatusTeapot}, nil, fairlead.DiagnosisUnexpectedAnswer, everywhere},
		"an address that is not called": {bitbucketsim.Faults{}, func(o *gitprovider.ClientOptions) { o.AllowLoopback = false }, fairlead.DiagnosisAddressNotAllowed, []string{""}},
	} {
		for _, place := range one.places {
			m := mishap{dial: one.dial, code: one.code, rung: fairlead.RungReach}
			f := one.faults
			if place == "" {
				m.faults, m.early = f, true
			} else {
				if f.Where = place; f.Refuse || f.UntrustedCertificate {
					f.Where = ""
				}
				m.later = &f
			}
			if one.code == fairlead.DiagnosisUnexpectedAnswer {
				m.rung = map[string]fairlead.Rung{"": fairlead.RungRegistered, "token": fairlead.RungSecret, "api": fairlead.RungPermissions}[place]
			}
			all[strings.TrimSpace(name+" "+place)] = m
		}
	}
	return all
}

func TestEveryMishapAtTheHostGetsItsOneDiagnosis(t *testing.T) {
	for _, group := range []map[string]mishap{registrationMishaps(), permissionMishaps(), wayMishaps()} {
		for name, m := range group {
			for backend, newer := range map[string]bool{"older backend": false, "backend of 2026": true} {
				t.Run(name+"/"+backend, func(t *testing.T) { m.happen(t, newer) })
			}
		}
	}
}

func (m mishap) happen(t *testing.T, newer bool) {
	t.Parallel()
	w := newWorld(t, m.options()...)
	w.faults(bitbucketsim.Faults{Backend2026: newer})
	c := w.register(m.registration())
	id, secret := c.ID, c.Secret
	if m.pasted != nil {
		m.pasted(&id, &secret)
	}
	m.faults.Backend2026 = newer
	w.faults(m.faults)
	s := w.start(id, secret)
	if refused := s.State == fairlead.SetupRefused; refused != (m.early || m.forward) {
		t.Fatalf("state %s after the check; diagnosis %+v", s.State, s.Diagnosis)
	}
	if !m.early {
		s = m.through(w, s, newer)
	}
	w.wantDiagnosis(w.find(s.ID), m.code, m.rung, m.field)
	if !slices.Equal(s.Diagnosis.Missing, m.missing) {
		t.Errorf("missing: got %v, want %v", s.Diagnosis.Missing, m.missing)
	}
	wantNoSecret(t, w, secret)
}

func (m mishap) options() []func(*gitprovider.ClientOptions) {
	if m.dial == nil {
		return nil
	}
	return []func(*gitprovider.ClientOptions){m.dial}
}

func (m mishap) registration() func(*bitbucketsim.Client) {
	if m.client == nil {
		return func(*bitbucketsim.Client) {}
	}
	return m.client
}

// through goes to the host and comes back.
func (m mishap) through(w *world, s fairlead.Setup, newer bool) fairlead.Setup {
	w.t.Helper()
	if m.forward {
		var err error
		s, err = w.Continue(context.Background(), w.by, s.ID)
		w.must(err)
	}
	address, err := url.Parse(w.window(s.ID))
	w.must(err)
	if m.address != nil {
		q := address.Query()
		m.address(q)
		address.RawQuery = q.Encode()
	}
	decision := "grant"
	if m.cancels {
		decision = "cancel"
	}
	callback := w.trip(priya, address.String(), decision)
	if m.way != nil {
		m.way(w, callback)
	}
	if m.later != nil {
		later := *m.later
		later.Backend2026 = newer
		w.faults(later)
	}
	s = w.finish(callback)
	if s.State != fairlead.SetupFailed || s.Proof != nil {
		w.t.Fatalf("state %s, want failed; proof %+v", s.State, s.Proof)
	}
	return s
}

func TestANameThatDoesNotResolveIsADiagnosisOfDNS(t *testing.T) {
	w := newWorld(t)
	w.host.Site = "https://bitbucket.invalid"
	s := w.start("id", "a secret of some length")
	w.wantDiagnosis(s, fairlead.DiagnosisDNS, fairlead.RungReach, "")
}

func TestTheCertificatesThatWereServedAreShown(t *testing.T) {
	w := newWorld(t)
	w.faults(bitbucketsim.Faults{UntrustedCertificate: true})
	c := w.register()
	chain := w.start(c.ID, c.Secret).Diagnosis.Chain
	if len(chain) != 2 || chain[0].Subject != "localhost" || chain[1].Issuer != "Simulated Corporate Root CA" || chain[0].NotAfter.IsZero() {
		t.Errorf("got %+v", chain)
	}
}

func TestTheWaitThatTheHostAsksForIsTold(t *testing.T) {
	w := newWorld(t)
	w.faults(bitbucketsim.Faults{Status: 429, RetryAfter: 45 * time.Second})
	c := w.register()
	if fix := w.start(c.ID, c.Secret).Diagnosis.Fix[0]; !strings.Contains(fix, "45 seconds") {
		t.Errorf("got %q", fix)
	}
}

func TestASlowHostIsFine(t *testing.T) {
	w := newWorld(t)
	w.faults(bitbucketsim.Faults{Slow: 20 * time.Millisecond})
	if s, _ := w.verified(); s.Diagnosis != nil || len(s.Proof.Warnings) > 0 {
		t.Errorf("got %+v", s)
	}
}

func TestAClockThatDiffersIsSaidFirstAndWarnedOfAfterwards(t *testing.T) {
	for direction, skew := range map[string]time.Duration{"10 minutes ahead": -10 * time.Minute, "10 minutes behind": 10 * time.Minute} {
		for kind, alter := range map[string]func(*bitbucketsim.Client){"public": func(*bitbucketsim.Client) {}, "private": private} {
			t.Run(direction+" "+kind, func(t *testing.T) {
				w := newWorld(t)
				c := w.register(alter)
				w.faults(bitbucketsim.Faults{ClockSkew: skew})
				s := w.start(c.ID, c.Secret)
				w.wantDiagnosis(s, fairlead.DiagnosisClockSkew, fairlead.RungReach, "")
				if !s.Reach.Accepted || !strings.Contains(s.Diagnosis.Title, direction) {
					t.Errorf("got %+v, %q", s.Reach, s.Diagnosis.Title)
				}
				_, err := w.Continue(context.Background(), w.by, s.ID)
				w.must(err)
				s = w.finish(w.granted(s.ID))
				if s.State != fairlead.SetupVerified || len(s.Proof.Warnings) != 1 || !strings.Contains(s.Proof.Warnings[0], direction) {
					t.Errorf("got %s, %+v", s.State, s.Proof)
				}
			})
		}
	}
}

func TestTheCheckTellsWhatItLearned(t *testing.T) {
	for name, alter := range map[string]func(*bitbucketsim.Client){"public": func(*bitbucketsim.Client) {}, "private": private} {
		for _, newer := range []bool{false, true} {
			w := newWorld(t)
			w.faults(bitbucketsim.Faults{Backend2026: newer})
			c := w.register(alter)
			s := w.start(c.ID, c.Secret)
			if s.State != fairlead.SetupWaiting || !s.Reach.Reached || !s.Reach.Accepted || (len(s.Reach.Scopes) == 3) != c.Private {
				t.Errorf("%s, newer %v: got %s, %+v", name, newer, s.State, s.Reach)
			}
		}
	}
}

func TestTheHostsWindowIsAskedForWithoutScopesAndWithPKCE(t *testing.T) {
	w := newWorld(t)
	c := w.register()
	address, err := url.Parse(w.window(w.start(c.ID, c.Secret).ID))
	w.must(err)
	q := address.Query()
	if q.Has("scope") || q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" ||
		q.Get("redirect_uri") != callbackURL || q.Get("client_id") != c.ID || len(q.Get("state")) != 43 || len(q) != 6 {
		t.Errorf("got %v", q)
	}
}

// The host's own error pages never call back, so the admin says what the window shows.
func TestWhatTheHostsWindowShowsCanBeReported(t *testing.T) {
	for code, field := range map[fairlead.DiagnosisCode]string{
		fairlead.DiagnosisCallbackMismatch: fairlead.FieldCallbackURL, fairlead.DiagnosisUnknownApp: fairlead.FieldApplicationID,
	} {
		w := newWorld(t)
		c := w.register()
		s := w.start(c.ID, c.Secret)
		s, err := w.Report(context.Background(), w.by, s.ID, code)
		w.must(err)
		w.wantDiagnosis(s, code, fairlead.RungRegistered, field)
	}
	w := newWorld(t)
	c := w.register()
	_, err := w.Report(context.Background(), w.by, w.start(c.ID, c.Secret).ID, fairlead.DiagnosisSecretWrong)
	w.wantCode(err, fairlead.CodeInvalid)
}
