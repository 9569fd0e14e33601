package bitbucketsim_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime/pprof"
	"strings"
	"testing"

	"fairlead/bitbucketsim"
)

func TestBothURLsSayLocalhost(t *testing.T) {
	s := start(t)
	if !strings.HasPrefix(s.WebURL(), "http://localhost:") || !strings.HasPrefix(s.BackendURL(), "https://localhost:") {
		t.Errorf("web %q, backend %q", s.WebURL(), s.BackendURL())
	}
	wantStatus(t, s.browser().get("/"), 200)
	wantStatus(t, s.send(http.MethodGet, "/", nil, nil), 200)
	wantStatus(t, s.browser().get("/2.0/user"), 401)
}

func TestATakenPortIsNamed(t *testing.T) {
	squatter, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer squatter.Close()
	_, port, _ := net.SplitHostPort(squatter.Addr().String())
	sim, err := bitbucketsim.New(bitbucketsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Start("localhost:" + port); err == nil || !strings.Contains(err.Error(), "port "+port) {
		t.Errorf("error %v", err)
	}
	if err := sim.Start("localhost:0"); err != nil {
		t.Errorf("a second try on a free port: %v", err)
	}
	if err := sim.Start("localhost:0"); err == nil {
		t.Error("started twice")
	}
	if err := sim.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := sim.Start("localhost:0"); err == nil {
		t.Error("started after Close")
	}
}

func TestCloseDropsHangingAnswersAndLeavesNothingRunning(t *testing.T) {
	s := start(t)
	s.set(bitbucketsim.Faults{Hang: true})
	const clients = 3
	ended := make(chan error, clients)
	for range clients {
		client := s.backend()
		go func() {
			response, err := client.Get(s.BackendURL() + "/2.0/user")
			if err == nil {
				_ = response.Body.Close()
			}
			ended <- err
		}()
	}
	s.waitForRequests(clients)
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	for range clients {
		if err := <-ended; err == nil {
			t.Error("a hanging request was answered")
		}
	}
	var stacks strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&stacks, 1); err != nil {
		t.Fatal(err)
	}
	for _, running := range []string{"bitbucketsim.(*Sim).misbehave", "bitbucketsim.(*servers).serve"} {
		if strings.Contains(stacks.String(), running) {
			t.Errorf("%s still runs", running)
		}
	}
	for _, address := range []string{s.WebURL(), s.BackendURL()} {
		u, _ := url.Parse(address)
		l, err := net.Listen("tcp", "127.0.0.1:"+u.Port())
		if err != nil {
			t.Errorf("%s is still open: %v", address, err)
			continue
		}
		_ = l.Close()
	}
	if err := s.Close(t.Context()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if err := s.SetFaults(bitbucketsim.Faults{Refuse: true}); err != nil {
		t.Errorf("faults after Close: %v", err)
	}
}

func TestCloseDoesNotWaitForBrowsersThatOpenConnectionsAhead(t *testing.T) {
	s := start(t)
	u, _ := url.Parse(s.WebURL())
	ahead, err := net.Dial("tcp", "127.0.0.1:"+u.Port())
	if err != nil {
		t.Fatal(err)
	}
	defer ahead.Close()
	wantStatus(t, s.browser().get("/"), 200)
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestTheHandlerWorksWithoutListeners(t *testing.T) {
	sim, err := bitbucketsim.New(bitbucketsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	response, err := server.Client().Get(server.URL + "/account/signin")
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, read(t, response), "Priya Raman")
	if sim.WebURL() != "" || sim.BackendURL() != "" {
		t.Error("there is a URL before Start")
	}
}

func TestRequestsAreRecordedWithoutValuesAndBounded(t *testing.T) {
	s := start(t)
	c := s.client("Fairlead")
	access, refresh := s.tokens(priya, c)
	s.token(c.ID, c.Secret, "grant_type", "refresh_token", "refresh_token", refresh)
	s.api(access, "/user/workspaces?pagelen=5&administrator=true")
	all := s.Requests()
	last := all[len(all)-1]
	if last.Method != "GET" || last.Path != "/2.0/user/workspaces" || fmt.Sprint(last.QueryKeys) != "[administrator pagelen]" || last.Status != 200 {
		t.Errorf("last %+v", last)
	}
	if before := all[len(all)-2]; before.GrantType != "refresh_token" || before.Path != "/site/oauth2/access_token" || before.Status != 200 {
		t.Errorf("before %+v", before)
	}
	for _, secret := range []string{c.Secret, access, refresh} {
		if strings.Contains(fmt.Sprintf("%+v", all), secret) {
			t.Error("a secret was recorded")
		}
	}
	handler := s.Handler()
	for range 250 {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/2.0/user", nil))
	}
	if got := len(s.Requests()); got != 200 {
		t.Errorf("%d requests are kept, want 200", got)
	}
}
