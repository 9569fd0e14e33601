package bitbucketsim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

// order lists the request UUIDs as they came.
func order(got []received) (ids []string) {
	for _, one := range got {
		ids = append(ids, one.header.Get("X-Request-Uuid"))
	}
	return ids
}

func TestFaultsOfDeliveries(t *testing.T) {
	push := func(s *site, i int) string {
		return s.push(orders, "main", file("x", fmt.Sprint(i))).Deliveries[0]
	}
	t.Run("dropped", func(t *testing.T) {
		s, r := start(t), newReceiver(t, nil)
		s.hook(orders, r.URL, "")
		s.set(bitbucketsim.Faults{DropDeliveries: true})
		push(s, 1)
		s.set(bitbucketsim.Faults{})
		second := push(s, 2)
		if got := order(r.settled(s)); !slices.Equal(got, []string{second}) || s.Deliveries()[0].State != bitbucketsim.DeliveryDropped {
			t.Errorf("came %q", got)
		}
	})
	t.Run("duplicated", func(t *testing.T) {
		s, r := start(t), newReceiver(t, nil)
		s.hook(orders, r.URL, "")
		s.set(bitbucketsim.Faults{DuplicateDeliveries: true})
		first := push(s, 1)
		got := r.settled(s)
		if !slices.Equal(order(got), []string{first, first}) || string(got[0].body) != string(got[1].body) || got[1].header.Get("X-Attempt-Number") != "1" {
			t.Errorf("came %q", order(got))
		}
	})
	t.Run("swapped", func(t *testing.T) {
		s, r := start(t), newReceiver(t, nil)
		s.hook(orders, r.URL, "")
		s.set(bitbucketsim.Faults{ReorderDeliveries: true})
		var sent []string
		for i := range 5 {
			sent = append(sent, push(s, i))
		}
		if got := order(r.settled(s)); !slices.Equal(got, []string{sent[1], sent[0], sent[3], sent[2]}) {
			t.Errorf("came %q, sent %q", got, sent)
		}
		if s.Deliveries()[4].State != bitbucketsim.DeliveryHeld {
			t.Errorf("the last is %s", s.Deliveries()[4].State)
		}
		s.set(bitbucketsim.Faults{})
		if got := order(r.settled(s)); len(got) != 5 || got[4] != sent[4] {
			t.Errorf("came %q after the reset", got)
		}
	})
	t.Run("delayed", func(t *testing.T) {
		s, r := start(t), newReceiver(t, nil)
		s.hook(orders, r.URL, "")
		s.set(bitbucketsim.Faults{DelayDeliveries: 20 * time.Millisecond})
		began := time.Now()
		push(s, 1)
		push(s, 2)
		if got := r.settled(s); len(got) != 2 || time.Since(began) < 20*time.Millisecond {
			t.Errorf("%d came after %v", len(got), time.Since(began))
		}
	})
	t.Run("signed", func(t *testing.T) {
		s, r := start(t), newReceiver(t, nil)
		s.hook(orders, r.URL, "s3cret")
		for i, f := range []bitbucketsim.Faults{{WrongSignature: true}, {NoSignature: true}, {}} {
			s.set(f)
			push(s, i)
		}
		got := r.settled(s)
		right := func(i int) bool {
			return got[i].header.Get("X-Hub-Signature") == signatureOf("s3cret", got[i].body)
		}
		if right(0) || got[0].header.Get("X-Hub-Signature") == "" || got[1].header.Get("X-Hub-Signature") != "" || !right(2) {
			t.Errorf("signatures %q %q %q", got[0].header.Get("X-Hub-Signature"), got[1].header.Get("X-Hub-Signature"), got[2].header.Get("X-Hub-Signature"))
		}
	})
}

func TestAStatusCanBeAnsweredForSomePathsAndSomeTimesOnly(t *testing.T) {
	s := start(t)
	s.priya()
	s.set(bitbucketsim.Faults{Status: 401, Where: "api", Times: 2, PathPrefix: "/2.0/repositories/acme-data/orders-db/hooks"})
	wantStatus(t, s.get("/user"), 200)
	wantStatus(t, s.get("/repositories/"+orders), 200)
	for range 2 {
		a := s.get(ordersHooks)
		wantAPIError(t, a, 401, "Access token expired. Use your refresh token to obtain a new access token.")
		if a.header.Get("WWW-Authenticate") == "" {
			t.Error("no WWW-Authenticate")
		}
	}
	wantStatus(t, s.get(ordersHooks), 200)
	if s.Faults() != (bitbucketsim.Faults{Where: "api"}) {
		t.Errorf("faults %+v", s.Faults())
	}
	s.set(bitbucketsim.Faults{Status: 401, Where: "api", Message: "OAuth2 access token expired."})
	for range 3 {
		wantAPIError(t, s.get(ordersHooks), 401, "OAuth2 access token expired.")
	}
	s.set(bitbucketsim.Faults{Status: 410, Where: "api"})
	if inner := wantAPIError(t, s.get(ordersHooks), 410, "CHANGE-2770 - Functionality has been deprecated"); inner["data"] == nil {
		t.Errorf("gone %v", inner)
	}
	s.set(bitbucketsim.Faults{Status: 555, Where: "api", Message: "Timed out"})
	wantAPIError(t, s.get(ordersHooks), 555, "Timed out")
}

func TestCallsAreCountedByPersonKindAndRollingHour(t *testing.T) {
	s := start(t)
	other := accessToken(s, wes)
	s.priya()
	s.set(bitbucketsim.Faults{RateLimit: 3, RetryAfter: 90 * time.Second})
	repo := "/repositories/" + orders
	for i := range 3 {
		wantStatus(t, s.get(repo), 200)
		if last := s.Requests()[len(s.Requests())-1]; last.Account != priya || last.Used != i+1 {
			t.Errorf("request %+v", last)
		}
		s.clock.forward(10 * time.Minute)
	}
	a := s.get(repo)
	wantAPIError(t, a, http.StatusTooManyRequests, "Rate limit for this resource has been exceeded")
	if a.header.Get("Retry-After") != "90" || a.header.Get("X-Ratelimit-Limit") != "" {
		t.Errorf("headers %v", a.header)
	}
	wantStatus(t, s.get(ordersHooks), 200)
	wantStatus(t, s.get("/user"), 200)
	wantStatus(t, s.api(other, repo), 200)
	s.clock.forward(31 * time.Minute) // the first call is over an hour ago
	s.set(bitbucketsim.Faults{RateLimit: 3, RateLimitHeaders: true})
	a = s.get(repo)
	if a.status != 200 || a.header.Get("X-Ratelimit-Limit") != "3" || a.header.Get("X-Ratelimit-Resource") != "repository" || a.header.Get("X-Ratelimit-Nearlimit") != "true" {
		t.Errorf("%d, headers %v", a.status, a.header)
	}
	if a := s.get(repo); a.status != 429 || a.header.Get("Retry-After") != "" {
		t.Errorf("%d, headers %v", a.status, a.header)
	}
}

func TestRefreshTokensRotateAlsoOnTheLegacyBackend(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	_, old := s.tokens(priya, c)
	refresh := func(token string) answer {
		return s.token(c.ID, c.Secret, "grant_type", "refresh_token", "refresh_token", token)
	}
	s.set(bitbucketsim.Faults{RotateRefreshTokens: true})
	second := refresh(old).json(t)["refresh_token"].(string)
	s.clock.forward(9 * time.Minute)
	if wantStatus(t, refresh(old), 200); second == old {
		t.Error("the token did not change")
	}
	s.clock.forward(time.Minute)
	wantError(t, refresh(old), 400, "invalid_request", "Invalid refresh_token")
	s.set(bitbucketsim.Faults{StrictRotation: true})
	third := refresh(second).json(t)["refresh_token"].(string)
	wantStatus(t, refresh(second), 400)
	if n, err := s.KillConnections(c.ID); err != nil || n == 0 {
		t.Errorf("killed %d, %v", n, err)
	}
	wantStatus(t, refresh(third), 400)
}

func TestAccessTokensCanLiveShortlyBeLongAndExpireAtOnce(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	s.set(bitbucketsim.Faults{AccessTokenLife: 5 * time.Second, LongTokens: true})
	a := s.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", s.code(priya, c), "redirect_uri", callback)
	body := a.json(t)
	access, refresh := body["access_token"].(string), body["refresh_token"].(string)
	if body["expires_in"] != 5.0 || len(access) <= 2500 || len(refresh) <= 2500 || body["scopes"] == nil {
		t.Errorf("expires in %v, %d and %d characters", body["expires_in"], len(access), len(refresh))
	}
	wantStatus(t, s.api(access, "/user"), 200)
	s.clock.forward(5 * time.Second)
	wantAPIError(t, s.api(access, "/user"), 401, "Access token expired. Use your refresh token to obtain a new access token.")
	s.set(bitbucketsim.Faults{})
	access, _ = s.token(c.ID, c.Secret, "grant_type", "refresh_token", "refresh_token", refresh).json(t)["access_token"].(string)
	wantStatus(t, s.api(access, "/user"), 200)
	if n, err := s.ExpireAccessTokens(""); err != nil || n != 1 {
		t.Errorf("expired %d, %v", n, err)
	}
	wantStatus(t, s.api(access, "/user"), 401)
}

func TestTheControlPageKillsAndExpiresWhatAClientWasGiven(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	access, refresh := s.tokens(priya, c)
	b := s.browser()
	wantText(t, b.get("/simulator"), `id="kill-`+c.ID, `id="expire-`+c.ID)
	wantStatus(t, b.post("/simulator/expire-access-tokens", url.Values{"client_id": {c.ID}}), http.StatusSeeOther)
	wantStatus(t, s.api(access, "/user"), 401)
	wantStatus(t, s.token(c.ID, c.Secret, "grant_type", "refresh_token", "refresh_token", refresh), 200)
	wantStatus(t, b.post("/simulator/kill-connections", url.Values{"client_id": {c.ID}}), http.StatusSeeOther)
	wantStatus(t, s.token(c.ID, c.Secret, "grant_type", "refresh_token", "refresh_token", refresh), 400)
}
