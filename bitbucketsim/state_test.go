package bitbucketsim_test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlead/bitbucketsim"
)

// The first simulator is never closed before the second reads the file: that is what a kill -9 leaves behind.
func TestARestartCarriesOnWithEverything(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sim.json")
	clock := newClock()
	first := startWith(t, clock, file)
	c := first.client("Fairlead")
	b := first.as(priya)
	access, refresh := first.tokens(priya, c)
	code := first.code(priya, c)
	spent := first.code(priya, c)
	wantStatus(t, first.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", spent, "redirect_uri", callback), 200)
	faults := bitbucketsim.Faults{AppUser: true, KeepOpener: true}
	first.set(faults)

	second := startWith(t, clock, file)
	if second.Faults() != faults {
		t.Errorf("faults %+v", second.Faults())
	}
	b.base = second.WebURL()
	wantText(t, b.get("/"), "Priya Raman")
	wantText(t, b.get(oauthClients), c.ID)
	wantStatus(t, b.get(authorizePath(c)), http.StatusFound)
	wantStatus(t, second.api(access, "/user"), 200)
	wantStatus(t, second.token(c.ID, c.Secret, "grant_type", "refresh_token", "refresh_token", refresh), 200)
	wantStatus(t, second.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", code, "redirect_uri", callback), 200)
	wantError(t, second.token(c.ID, c.Secret, "grant_type", "authorization_code", "code", spent, "redirect_uri", callback), 400, "invalid_grant", "The specified code is not valid.")
}

func TestTheBackendKeepsItsPortOverARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sim.json")
	first := startWith(t, newClock(), file)
	address := first.BackendURL()
	first.set(bitbucketsim.Faults{Refuse: true})
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := startWith(t, newClock(), file)
	if second.BackendURL() != address {
		t.Errorf("backend %s, want %s", second.BackendURL(), address)
	}
	if _, err := second.backend().Get(address); err == nil {
		t.Error("the backend answers although it was refusing")
	}
	second.set(bitbucketsim.Faults{})
	wantStatus(t, second.api("x", "/user"), 401)
}

func TestTheStateFileIsForItsOwnerAndHoldsNoTokens(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sim.json")
	if err := os.WriteFile(file+".next", []byte("left by a kill"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := startWith(t, newClock(), file)
	access, refresh := s.tokens(priya, s.client("Fairlead"))
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(file)
	if err != nil || bytes.Contains(text, []byte(access)) || bytes.Contains(text, []byte(refresh)) {
		t.Errorf("a token is in the file, or %v", err)
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 1 {
		t.Errorf("%d files, want 1", len(left))
	}
}

func TestAStateFileThatCannotBeReadIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sim.json")
	for _, text := range []string{"{", `{"Format":99}`} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := bitbucketsim.New(bitbucketsim.Options{StateFile: file}); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: error %v", text, err)
		}
	}
}

func TestAStateThatCannotBeStoredIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "missing", "sim.json")
	sim, err := bitbucketsim.New(bitbucketsim.Options{StateFile: file})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.SetFaults(bitbucketsim.Faults{AppUser: true}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestTheSameRandomnessMakesTheSameCredentials(t *testing.T) {
	client := bitbucketsim.Client{Workspace: "acme-data", Name: "Fairlead"}
	var made []bitbucketsim.Client
	for range 2 {
		sim, err := bitbucketsim.New(bitbucketsim.Options{Random: strings.NewReader(strings.Repeat("some randomness ", 4))})
		if err != nil {
			t.Fatal(err)
		}
		c, err := sim.CreateClient(client)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, c)
		client.Name = "Another"
		if _, err := sim.CreateClient(client); err == nil {
			t.Error("no error when the randomness has run out")
		}
		client.Name = "Fairlead"
	}
	if made[0].ID != made[1].ID || made[0].Secret != made[1].Secret {
		t.Errorf("made %+v", made)
	}
}
