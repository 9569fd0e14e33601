package gitprovider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/gitprovider"
)

var backends = map[string]bitbucketsim.Faults{
	"the older backend": {}, "the backend of 2026": {Backend2026: true}, "strict rotation": {StrictRotation: true}, "long tokens": {LongTokens: true}, "no scopes": {NoScopes: true},
	"granular scopes": {GranularScopes: true},
}

func TestEveryBackendConnectsAndRefreshes(t *testing.T) {
	for name, faults := range backends {
		t.Run(name, func(t *testing.T) {
			s := newBitbucketSite(t)
			s.set(faults)
			tokens := s.connectedAs(priya)
			for range 3 {
				fresh, err := s.Refresh(t.Context(), s.app(), tokens)
				s.must(err)
				rotates := faults.Backend2026 || faults.StrictRotation
				if fresh.Refresh.Equal(tokens.Refresh) == rotates || !fresh.ExpiresAt.Equal(s.clock.Now().Add(2*time.Hour)) {
					t.Errorf("got %+v after %+v", fresh, tokens)
				}
				tokens = fresh
			}
			_, err := s.RepositoryOwners(t.Context(), tokens.Access)
			s.must(err)
			s.revoke()
			_, err = s.Refresh(t.Context(), s.app(), tokens)
			wantDiagnosis(t, err, fairlead.DiagnosisConnectionExpired)
			other := s.app()
			other.Secret = fairlead.NewSecret("another")
			_, err = s.Refresh(t.Context(), other, tokens)
			wantDiagnosis(t, err, fairlead.DiagnosisCredentials)
		})
	}
}

func TestTheLifetimeOfATokenIsTheHosts(t *testing.T) {
	s := newBitbucketSite(t)
	s.set(bitbucketsim.Faults{AccessTokenLife: 11 * time.Minute})
	if tokens := s.connectedAs(priya); !tokens.ExpiresAt.Equal(s.clock.Now().Add(11 * time.Minute)) {
		t.Errorf("got %v", tokens.ExpiresAt)
	}
}

func TestAConnectionOfAnApplicationIsRefused(t *testing.T) {
	s := newBitbucketSite(t)
	code, verifier := s.grant()
	s.set(bitbucketsim.Faults{AppUser: true})
	_, _, err := s.Connect(t.Context(), s.app(), code, verifier)
	wantDiagnosis(t, err, fairlead.DiagnosisNotAPerson)
}

func TestAConnectionWithTooFewPermissionsIsRefusedAtOnce(t *testing.T) {
	s := newBitbucketSite(t)
	var err error
	s.client, err = s.sim.CreateClient(bitbucketsim.Client{Workspace: "acme-data", Name: "Less", CallbackURL: callbackURL, Permissions: []string{"account", "repository"}})
	s.must(err)
	code, verifier := s.grant()
	_, _, err = s.Connect(t.Context(), s.app(), code, verifier)
	d := wantDiagnosis(t, err, fairlead.DiagnosisPermissionMissing)
	if text := strings.Join(d.Fix, " "); fmt.Sprint(d.Missing) != "[webhooks repositories]" || strings.Contains(text, "**Next**") || !strings.Contains(text, "connect again") {
		t.Errorf("got %+v", *d)
	}
}

func TestAMissingPermissionIsNamedWhereItIsNeeded(t *testing.T) {
	s := newBitbucketSite(t)
	var err error
	s.client, err = s.sim.CreateClient(bitbucketsim.Client{Workspace: "acme-data", Name: "Less", CallbackURL: callbackURL, Permissions: []string{"account", "repository:write"}})
	s.must(err)
	s.set(bitbucketsim.Faults{NoScopes: true}) // so that connecting cannot tell
	access := s.connectedAs(priya).Access
	s.set(bitbucketsim.Faults{})
	id, _ := s.repository()
	_, err = s.CreateWebhook(t.Context(), access, id, gitprovider.WebhookSpec{URL: "https://fairlead.example/hooks/rl_1"})
	if d := wantDiagnosis(t, err, fairlead.DiagnosisPermissionMissing); fmt.Sprint(d.Missing) != "[webhooks]" {
		t.Errorf("got %+v", *d)
	}
}

func TestATokenAnswerIsTakenAsItIs(t *testing.T) {
	at := time.Date(2026, 9, 10, 12, 0, 0, 0, time.UTC)
	old := fairlead.Tokens{Access: fairlead.NewSecret("old access"), Refresh: fairlead.NewSecret("old refresh"), Scopes: []string{"account"}}
	for body, want := range map[string]struct {
		refresh string
		life    time.Duration
		code    fairlead.DiagnosisCode
	}{
		`{"access_token":"new access","token_type":"bearer","expires_in":7200,"refresh_token":"new refresh"}`: {"new refresh", 2 * time.Hour, ""},
		`{"access_token":"new access","token_type":"bearer","expires_in":"60"}`:                               {"old refresh", time.Minute, ""},
		`{"access_token":"new access","token_type":"bearer"}`:                                                 {"old refresh", 0, ""},
		`{"token_type":"bearer","expires_in":7200}`:                                                           {"", 0, fairlead.DiagnosisUnexpectedAnswer},
	} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(body))
		})
		host := hostAt(server, func(o *gitprovider.ClientOptions) { o.Clock = func() time.Time { return at } })
		fresh, err := host.Refresh(t.Context(), plainApp(), old)
		if want.code != "" {
			wantDiagnosis(t, err, want.code)
			continue
		}
		expires := time.Time{}
		if want.life > 0 {
			expires = at.Add(want.life)
		}
		if err != nil || fresh.Access.Reveal() != "new access" || fresh.Refresh.Reveal() != want.refresh || !fresh.ExpiresAt.Equal(expires) || len(fresh.Scopes) != 1 {
			t.Errorf("%s: got %+v, %v", body, fresh, err)
		}
		_, _, err = host.Connect(t.Context(), plainApp(), fairlead.NewSecret("code"), fairlead.NewSecret("verifier"))
		if want.refresh == "old refresh" {
			wantDiagnosis(t, err, fairlead.DiagnosisConnectionNoRefresh)
		}
	}
}

func TestOnlyWhatIsSaidAboutTheTokenEndsAConnection(t *testing.T) {
	for body, want := range map[string]fairlead.DiagnosisCode{
		`{"error":"invalid_grant","error_description":"The refresh token is invalid or expired"}`: fairlead.DiagnosisConnectionExpired,
		`{"error":"invalid_request","error_description":"Invalid refresh_token"}`:                 fairlead.DiagnosisConnectionExpired,
		`{"error":"unauthorized_client","error_description":"Invalid OAuth client credentials"}`:  fairlead.DiagnosisCredentials,
		`{"error":"invalid_client"}`: fairlead.DiagnosisCredentials,
		`{"error":"invalid_grant","error_description":"Unsupported grant type: None"}`:                    fairlead.DiagnosisUnexpectedAnswer,
		`{"error":"invalid_request","error_description":"Missing parameter: grant_type"}`:                 fairlead.DiagnosisUnexpectedAnswer,
		`{"error":"invalid_request","error_description":"No callback uri defined for the OAuth client."}`: fairlead.DiagnosisCallbackMissing,
		`{"error":"temporarily_unavailable"}`:                                                             fairlead.DiagnosisUnexpectedAnswer,
		`{}`:                                                                                              fairlead.DiagnosisUnexpectedAnswer,
		`<html>Sign in to the guest network</html>`:                                                       fairlead.DiagnosisNotTheHost,
	} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400); _, _ = w.Write([]byte(body)) })
		_, err := hostAt(server).Refresh(t.Context(), plainApp(), fairlead.Tokens{Refresh: fairlead.NewSecret("refresh token")})
		d := wantDiagnosis(t, err, want)
		if text := strings.Join(d.Fix, " "); strings.Contains(text, "**Next**") || d.Field != "" {
			t.Errorf("%s: got %+v", body, *d)
		}
	}
}
