package bitbucketsim_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

func TestAStatusFaultTakesTheAnswersOfItsEndpointsOnly(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	access, _ := s.tokens(priya, c)
	for _, test := range []struct {
		where      string
		token, api int
	}{{"", 503, 503}, {"token", 503, 200}, {"api", 400, 503}} {
		s.set(bitbucketsim.Faults{Status: 503, RetryAfter: 90 * time.Second, Where: test.where})
		token, api := s.token(c.ID, c.Secret, "grant_type", "refresh_token"), s.api(access, "/user")
		if token.status != test.token || api.status != test.api {
			t.Errorf("where %q: token %d, API %d", test.where, token.status, api.status)
		}
		if token.status == 503 && token.header.Get("Retry-After") != "90" {
			t.Errorf("Retry-After %q", token.header.Get("Retry-After"))
		}
		wantStatus(t, s.as(priya).get(oauthClients), 200)
		wantStatus(t, s.as(priya).get(authorizePath(c)), 302)
	}
}

func TestAFaultyAnswerLooksLikeThePartThatFailed(t *testing.T) {
	s := start(t)
	for status, kind := range map[int]string{429: "application/json", 500: "application/json", 502: "text/html", 503: "text/html"} {
		s.set(bitbucketsim.Faults{Status: status})
		for _, a := range []answer{s.api("x", "/user"), s.token("a", "b", "grant_type", "refresh_token")} {
			if a.status != status || !strings.HasPrefix(a.header.Get("Content-Type"), kind) || a.header.Get("Retry-After") != "" {
				t.Errorf("%d: got %d %v", status, a.status, a.header)
			}
		}
	}
	s.set(bitbucketsim.Faults{Status: 429})
	wantAPIError(t, s.api("x", "/user"), 429, "Rate limit for this resource has been exceeded")
}

func TestACaptivePortalAnswersWithAPage(t *testing.T) {
	s := start(t)
	s.set(bitbucketsim.Faults{HTML: true})
	for _, a := range []answer{s.api("x", "/user"), s.token("a", "b", "grant_type", "refresh_token")} {
		if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			t.Errorf("got %d %v", a.status, a.header)
		}
	}
}

func TestHangNeverAnswersUntilTheClientGivesUp(t *testing.T) {
	s := start(t)
	s.set(bitbucketsim.Faults{Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.BackendURL()+"/site/oauth2/access_token", strings.NewReader("grant_type=refresh_token"))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, err := s.backend().Do(request)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if got := s.Requests(); len(got) != 1 || got[0].Status != 0 || got[0].GrantType != "refresh_token" {
		t.Errorf("requests %+v", got)
	}
	wantStatus(t, s.browser().get("/"), 200)
}

func TestSlowDelaysTheAnswerAndHonoursTheClient(t *testing.T) {
	s := start(t)
	s.set(bitbucketsim.Faults{Slow: 60 * time.Millisecond})
	before := time.Now()
	s.api("x", "/user")
	if took := time.Since(before); took < 60*time.Millisecond {
		t.Errorf("took %v", took)
	}
	s.set(bitbucketsim.Faults{Slow: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.BackendURL()+"/2.0/user", nil)
	if _, err := s.backend().Do(request); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestClockSkewMovesTheDateOfServerSideAnswers(t *testing.T) {
	s := start(t)
	s.set(bitbucketsim.Faults{ClockSkew: -26 * time.Hour})
	date, err := http.ParseTime(s.api("x", "/user").header.Get("Date"))
	if err != nil || !date.Equal(s.clock.Now().Add(-26*time.Hour)) {
		t.Errorf("date %v, %v", date, err)
	}
}

func TestRefuseClosesThePortAndOpensTheSameOneAgain(t *testing.T) {
	s := start(t)
	client := s.backend() // one client throughout: no connection of before may survive
	get := func() error {
		response, err := client.Get(s.BackendURL() + "/2.0/user")
		if err == nil {
			err = response.Body.Close()
		}
		return err
	}
	address := s.BackendURL()
	if err := get(); err != nil {
		t.Fatal(err)
	}
	s.set(bitbucketsim.Faults{Refuse: true})
	if err := get(); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %v, want connection refused", err)
	}
	wantText(t, s.browser().get("/simulator"), `id="refuse" name="refuse" type="checkbox" value="on" aria-describedby="refuse-help" checked`)
	s.set(bitbucketsim.Faults{})
	if err := get(); err != nil || s.BackendURL() != address {
		t.Errorf("error %v at %s, want none at %s", err, s.BackendURL(), address)
	}
}

func TestRefuseDropsAnswersUnderWay(t *testing.T) {
	s := start(t)
	s.set(bitbucketsim.Faults{Hang: true})
	failed := make(chan error, 1)
	client := s.backend()
	go func() {
		response, err := client.Get(s.BackendURL() + "/2.0/user")
		if err == nil {
			_ = response.Body.Close()
		}
		failed <- err
	}()
	s.waitForRequests(1)
	s.set(bitbucketsim.Faults{Refuse: true})
	if err := <-failed; err == nil {
		t.Error("the hanging request was answered")
	}
}

func TestWhenThePortIsTakenMeanwhileTheFaultStays(t *testing.T) {
	s := start(t)
	s.set(bitbucketsim.Faults{Refuse: true})
	backend, _ := url.Parse(s.BackendURL())
	squatter, err := net.Listen("tcp", "127.0.0.1:"+backend.Port())
	if err != nil {
		t.Fatal(err)
	}
	err = s.SetFaults(bitbucketsim.Faults{})
	if err == nil || !strings.Contains(err.Error(), backend.Port()) || !s.Faults().Refuse {
		t.Errorf("error %v, faults %+v", err, s.Faults())
	}
	_ = squatter.Close()
	s.set(bitbucketsim.Faults{})
	wantStatus(t, s.api("x", "/user"), 401)
}

func TestAnUntrustedChainNamesTheCorporateRoot(t *testing.T) {
	s := start(t)
	client := s.backend()
	for range 2 { // there and back
		s.set(bitbucketsim.Faults{UntrustedCertificate: true})
		_, err := client.Get(s.BackendURL() + "/2.0/user")
		verification, ok := errors.AsType[*tls.CertificateVerificationError](err)
		if !ok {
			t.Fatalf("error %v", err)
		}
		chain := verification.UnverifiedCertificates
		if len(chain) != 2 || chain[1].Subject.CommonName != "Simulated Corporate Root CA" || chain[0].VerifyHostname("localhost") != nil {
			t.Errorf("chain %v", chain)
		}
		s.set(bitbucketsim.Faults{})
		response, err := client.Get(s.BackendURL() + "/2.0/user")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
}

func TestTheBackendIsTrustedAsLocalhostAndAs127001(t *testing.T) {
	s := start(t)
	for _, host := range []string{"localhost", "127.0.0.1"} {
		response, err := s.backend().Get(strings.Replace(s.BackendURL(), "localhost", host, 1) + "/2.0/user")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
}

func TestPagesCutTheOpenerUnlessTold(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	s.code(priya, c)
	b := s.as(priya)
	for f, want := range map[bitbucketsim.Faults]string{{}: "same-origin", {KeepOpener: true}: ""} {
		s.set(f)
		for _, path := range []string{"/account/signin", authorizePath(c), authorizePath(bitbucketsim.Client{ID: "unknown"})} {
			if got := b.get(path).header.Get("Cross-Origin-Opener-Policy"); got != want {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
	}
}

func TestFaultsThatMakeNoSenseAreRefused(t *testing.T) {
	s := start(t)
	s.set(bitbucketsim.Faults{AppUser: true})
	for _, f := range []bitbucketsim.Faults{{Status: 200}, {Status: 700}, {Where: "pages"}, {Slow: -1}, {RetryAfter: -1}} {
		if err := s.SetFaults(f); err == nil {
			t.Errorf("%+v was taken", f)
		}
	}
	if s.Faults() != (bitbucketsim.Faults{AppUser: true}) {
		t.Errorf("faults %+v", s.Faults())
	}
}

func TestTheControlPageSetsFaultsAndShowsTheWorld(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	s.api("x", "/user?page=1")
	b := s.browser()
	form := url.Values{
		"status": {"429"}, "retry_after": {"90s"}, "where": {"api"}, "slow": {"1ms"}, "clock_skew": {"-1h"},
		"backend_2026": {"on"}, "keep_opener": {"on"}, "path_prefix": {"/2.0/x"}, "times": {"3"}, "message": {"M"}, "rate_limit": {"7"},
		"access_token_life": {"5s"}, "delay_deliveries": {"1s"},
	}
	wantStatus(t, b.post("/simulator", form), http.StatusSeeOther)
	want := bitbucketsim.Faults{
		Status: 429, RetryAfter: 90 * time.Second, Where: "api", Slow: time.Millisecond, ClockSkew: -time.Hour, Backend2026: true, KeepOpener: true,
		PathPrefix: "/2.0/x", Times: 3, Message: "M", RateLimit: 7, AccessTokenLife: 5 * time.Second, DelayDeliveries: time.Second,
	}
	if s.Faults() != want {
		t.Errorf("faults %+v", s.Faults())
	}
	page := b.get("/simulator")
	wantText(t, page, `value="429"`, `value="1m30s"`, `value="api" selected`, "assum", c.ID, c.Secret, "GET /2.0/user", s.BackendURL())
	for _, account := range bitbucketsim.Accounts() {
		wantText(t, page, account.Email, account.Password)
	}
	wantStatus(t, b.post("/simulator", url.Values{"status": {"many"}}), 422)
	wantStatus(t, b.post("/simulator", url.Values{"slow": {"3"}}), 422)
	wantStatus(t, b.post("/simulator/reset", nil), http.StatusSeeOther)
	if s.Faults() != (bitbucketsim.Faults{}) {
		t.Errorf("faults %+v after reset", s.Faults())
	}
}

func TestEverySwitchOfTheControlPageIsAFault(t *testing.T) {
	s := start(t)
	for name, want := range map[string]bitbucketsim.Faults{
		"html": {HTML: true}, "hang": {Hang: true}, "refuse": {Refuse: true}, "untrusted_certificate": {UntrustedCertificate: true},
		"backend_2026": {Backend2026: true}, "granular_scopes": {GranularScopes: true}, "no_scopes": {NoScopes: true},
		"app_user": {AppUser: true}, "keep_opener": {KeepOpener: true}, "expire_codes": {ExpireCodes: true},
		"rotate_refresh_tokens": {RotateRefreshTokens: true}, "strict_rotation": {StrictRotation: true}, "long_tokens": {LongTokens: true},
		"rate_limit_headers": {RateLimitHeaders: true}, "refuse_local_hooks": {RefuseLocalHooks: true}, "drop_deliveries": {DropDeliveries: true},
		"duplicate_deliveries": {DuplicateDeliveries: true}, "reorder_deliveries": {ReorderDeliveries: true},
		"wrong_signature": {WrongSignature: true}, "no_signature": {NoSignature: true},
	} {
		wantStatus(t, s.browser().post("/simulator", url.Values{name: {"on"}}), http.StatusSeeOther)
		if s.Faults() != want {
			t.Errorf("%s: %+v", name, s.Faults())
		}
		wantText(t, s.browser().get("/simulator"), `name="`+name+`" type="checkbox" value="on" aria-describedby="`+strings.ReplaceAll(name, "_", "-")+`-help" checked`)
	}
}

func TestFaultsAreSetAndReadAsJSON(t *testing.T) {
	s := start(t)
	put := func(body string) answer {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, s.WebURL()+"/simulator/faults", strings.NewReader(body))
		response, err := s.browser().http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		return read(t, response)
	}
	wantStatus(t, put(`{"status":500,"where":"token","slow":1000000}`), 200)
	if want := (bitbucketsim.Faults{Status: 500, Where: "token", Slow: time.Millisecond}); s.Faults() != want {
		t.Errorf("faults %+v", s.Faults())
	}
	if got := s.browser().get("/simulator/faults").json(t)["status"]; got != 500.0 {
		t.Errorf("status %v", got)
	}
	for _, body := range []string{`{"stauts":500}`, `{"status":1}`, `nonsense`} {
		wantStatus(t, put(body), 422)
	}
	wantStatus(t, put(`{}`), 200)
	if s.Faults() != (bitbucketsim.Faults{}) {
		t.Errorf("faults %+v", s.Faults())
	}
}
