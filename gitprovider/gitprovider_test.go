package gitprovider_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fairlead"
	"fairlead/gitprovider"
)

// TestMain keeps a proxy of the machine out of the tests.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		_ = os.Unsetenv(name)
	}
	os.Exit(m.Run())
}

const callbackURL = "https://fairlead.example/oauth/callback"

// app is an application whose secret looks different in every escaping.
func app() gitprovider.App {
	return gitprovider.App{ID: "client id+1", Secret: fairlead.NewSecret("ATOAb+c/d=e%20f&g<h\"i'jé k="), CallbackURL: callbackURL}
}

// plainApp is an application whose values need no escaping.
func plainApp() gitprovider.App {
	return gitprovider.App{ID: "plainClientID", Secret: fairlead.NewSecret("plainSecretOfSomeLength"), CallbackURL: callbackURL}
}

// hostAt is Bitbucket at a server of the test's own, for answers that the simulator does not give.
func hostAt(server *httptest.Server, alter ...func(*gitprovider.ClientOptions)) *gitprovider.BitbucketCloud {
	o := gitprovider.ClientOptions{AllowLoopback: true, Timeout: 5 * time.Second, Clock: time.Now, Random: rand.Reader}
	for _, f := range alter {
		f(&o)
	}
	return &gitprovider.BitbucketCloud{Client: gitprovider.NewClient(o), Web: server.URL, Site: server.URL, API: server.URL + "/2.0"}
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	server.Config.SetKeepAlivesEnabled(false)
	t.Cleanup(server.Close)
	return server
}

// trips are the three calls of a setup, each as its own promise.
func trips(host *gitprovider.BitbucketCloud, a gitprovider.App) map[string]func() error {
	return map[string]func() error{
		"precheck": func() error { _, err := host.Precheck(context.Background(), a); return err },
		"exchange": func() error {
			_, err := host.Exchange(context.Background(), a, fairlead.NewSecret(plantedCode), fairlead.NewSecret(plantedVerifier))
			return err
		},
		"proof": func() error {
			_, err := host.Prove(context.Background(), gitprovider.Token{Access: fairlead.NewSecret(plantedToken)})
			return err
		},
	}
}

const (
	plantedCode     = "planted+code/in=the%callback"
	plantedVerifier = "planted-verifier-of-43-characters-0123456789"
	plantedToken    = "planted.access-token_" + "0123456789abcdef"
)

func diagnosis(t *testing.T, err error) *fairlead.Diagnosis {
	t.Helper()
	var d *fairlead.Diagnosis
	if !errors.As(err, &d) {
		t.Fatalf("got %v, want a diagnosis", err)
	}
	return d
}

func wantDiagnosis(t *testing.T, err error, code fairlead.DiagnosisCode) *fairlead.Diagnosis {
	t.Helper()
	d := diagnosis(t, err)
	if d.Code != code {
		t.Errorf("got %s (%+v), want %s", d.Code, *d, code)
	}
	return d
}

func answerJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// hang waits until the caller is gone, which a server notices only when it has read everything.
func hang(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// counted counts how often a server is called.
func counted(t *testing.T) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	calls := &atomic.Int32{}
	return serve(t, func(w http.ResponseWriter, _ *http.Request) { calls.Add(1); answerJSON(w, 200, nil) }), calls
}

func TestAConnectionThatBreaksOffIsUnreachable(t *testing.T) {
	server := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	for name, call := range trips(hostAt(server), plainApp()) {
		t.Run(name, func(t *testing.T) { wantDiagnosis(t, call(), fairlead.DiagnosisUnreachable) })
	}
}

func TestAServerWithoutTLSIsNotTheHost(t *testing.T) {
	server := serve(t, func(http.ResponseWriter, *http.Request) {})
	host := hostAt(server)
	host.Site = strings.Replace(server.URL, "http:", "https:", 1)
	_, err := host.Precheck(t.Context(), plainApp())
	wantDiagnosis(t, err, fairlead.DiagnosisNotTheHost)
}

func TestARedirectToAnotherHostIsNotFollowed(t *testing.T) {
	other, calls := counted(t)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	for name, call := range trips(hostAt(server), plainApp()) {
		t.Run(name, func(t *testing.T) {
			wantDiagnosis(t, call(), fairlead.DiagnosisNotTheHost)
			if n := calls.Load(); n != 0 {
				t.Errorf("the other host got %d calls", n)
			}
		})
	}
}

func TestANextPageAtAnotherHostIsNotAskedFor(t *testing.T) {
	other, calls := counted(t)
	for _, next := range []string{other.URL + "/2.0/user/workspaces", "//" + other.Listener.Addr().String() + "/2.0", "::not an address", "/2.0/relative"} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/2.0/user" {
				answerJSON(w, 200, map[string]string{"type": "user", "uuid": "{1}", "display_name": "Ana"})
				return
			}
			answerJSON(w, 200, map[string]any{"values": []any{}, "next": next})
		})
		if _, err := hostAt(server).Prove(t.Context(), gitprovider.Token{Access: fairlead.NewSecret(plantedToken)}); err != nil {
			t.Errorf("next %q: %v", next, err)
		}
		if n := calls.Load(); n != 0 {
			t.Errorf("next %q: the other host got %d calls", next, n)
		}
	}
}

func TestAnAnswerOverTheLimitIsCutOffAndSaidSo(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 3<<20)) })
	for name, call := range trips(hostAt(server), plainApp()) {
		t.Run(name, func(t *testing.T) {
			d := wantDiagnosis(t, call(), fairlead.DiagnosisUnexpectedAnswer)
			if !strings.Contains(d.Because, "longer than") {
				t.Errorf("got %q", d.Because)
			}
		})
	}
}

func TestACertificateForAnotherNameSaysForWhich(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = quiet()
	t.Cleanup(server.Close)
	host := hostAt(server, func(o *gitprovider.ClientOptions) {
		o.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	})
	host.Site = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	_, err := host.Precheck(t.Context(), plainApp())
	if d := wantDiagnosis(t, err, fairlead.DiagnosisTLSUntrusted); !strings.Contains(d.Because, "example.com") {
		t.Errorf("got %q", d.Because)
	}
}

func TestMetadataAndLinkLocalAddressesAreNeverCalled(t *testing.T) {
	for _, address := range []string{"http://169.254.169.254", "http://[fe80::1]", "http://[fd00:ec2::254]", "http://[fd20:ce::254]", "http://100.100.100.200", "http://[::ffff:169.254.169.254]", "http://0.0.0.0", "http://224.0.0.1"} {
		host := hostAt(httptest.NewUnstartedServer(nil))
		host.Site = address
		_, err := host.Precheck(t.Context(), plainApp())
		wantDiagnosis(t, err, fairlead.DiagnosisAddressNotAllowed)
	}
}

// Hosts differ in whether they decode the form encoding that RFC 6749 wants inside Basic authentication.
func TestASecretWithSpecialCharactersReachesEitherSortOfHost(t *testing.T) {
	for name, decode := range map[string]func(string) string{
		"decodes": unescape, "does not decode": func(s string) string { return s },
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				id, secret, _ := r.BasicAuth()
				if decode(id) != app().ID || decode(secret) != app().Secret.Reveal() {
					answerJSON(w, 400, map[string]string{"error": "unauthorized_client"})
					return
				}
				answerJSON(w, 200, map[string]any{"access_token": "tokenOfThisTest", "token_type": "bearer"})
			})
			if reach, err := hostAt(server).Precheck(t.Context(), app()); err != nil || !reach.Accepted {
				t.Errorf("precheck: got %+v, %v", reach, err)
			}
			token, err := hostAt(server).Exchange(t.Context(), app(), fairlead.NewSecret("code"), fairlead.NewSecret("verifier"))
			if err != nil || token.Access.Reveal() != "tokenOfThisTest" {
				t.Errorf("exchange: got %+v, %v", token, err)
			}
		})
	}
}

func TestARefusedPlainPairIsSentOnce(t *testing.T) {
	var calls atomic.Int32
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		answerJSON(w, 400, map[string]string{"error": "unauthorized_client"})
	})
	_, err := hostAt(server).Exchange(t.Context(), plainApp(), fairlead.NewSecret("code"), fairlead.NewSecret("verifier"))
	wantDiagnosis(t, err, fairlead.DiagnosisSecretWrong)
	if n := calls.Load(); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

func TestAnAnswerWithoutAnAccountIsNotTakenForAnApplication(t *testing.T) {
	for _, body := range []string{`{}`, `null`, `{"type":"user"}`, `[]`, `not JSON`} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		_, err := hostAt(server).Prove(t.Context(), gitprovider.Token{Access: fairlead.NewSecret(plantedToken)})
		if d := wantDiagnosis(t, err, fairlead.DiagnosisUnexpectedAnswer); strings.Contains(strings.Join(d.Fix, ""), "answer below") {
			t.Errorf("%s: the answer is not shown, but the fix says so: %q", body, d.Fix)
		}
	}
}

func TestACallThatIsGivenUpEndsWithTheContextsError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); hang(r) })
	if _, err := hostAt(server).Precheck(ctx, plainApp()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestADeadlineOfTheCallerIsATimeoutOfTheHost(t *testing.T) {
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { hang(r) })
	for name, call := range map[string]func(context.Context) error{
		"precheck": func(ctx context.Context) error { _, err := hostAt(server).Precheck(ctx, plainApp()); return err },
		"exchange": func(ctx context.Context) error {
			_, err := hostAt(server).Exchange(ctx, plainApp(), fairlead.NewSecret("code"), fairlead.NewSecret("verifier"))
			return err
		},
		"proof": func(ctx context.Context) error {
			_, err := hostAt(server).Prove(ctx, gitprovider.Token{Access: fairlead.NewSecret(plantedToken)})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			wantDiagnosis(t, call(ctx), fairlead.DiagnosisTimeout)
		})
	}
}

func TestTheRegistryFindsByKind(t *testing.T) {
	host := gitprovider.NewBitbucketCloud(nil)
	r := gitprovider.Registry{host}
	if got, ok := r.Find(fairlead.KindBitbucketCloud); !ok || got != gitprovider.Host(host) {
		t.Errorf("got %v, %v", got, ok)
	}
	if _, ok := r.Find("no-such-kind"); ok || len(r.Kinds()) != 1 {
		t.Error("found what is not there")
	}
}

func TestTheKindHasAllThatTheWizardDraws(t *testing.T) {
	k := gitprovider.NewBitbucketCloud(nil).Kind()
	for _, form := range k.Forms {
		var rows []fairlead.RegistrationRow
		for _, group := range form.Groups {
			rows = append(rows, group.Rows...)
		}
		if !slices.ContainsFunc(rows, func(r fairlead.RegistrationRow) bool { return r.Kind == fairlead.RowCallback }) {
			t.Errorf("%s has no row for the callback URL", form.ID)
		}
		for _, p := range k.Permissions {
			if !slices.ContainsFunc(rows, func(r fairlead.RegistrationRow) bool {
				return r.Kind == fairlead.RowTick && r.Label == p.Box && r.Value == p.Level
			}) {
				t.Errorf("%s does not say to tick %s", form.ID, p.Name())
			}
		}
	}
	for _, page := range k.Pages {
		if !slices.Contains(fairlead.DiagnosisCodes(), page.Code) {
			t.Errorf("page %q means %q, which is no code", page.Shows, page.Code)
		}
	}
	if got, want := k.RegistrationPage("acme"), "https://bitbucket.org/acme/workspace/settings"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
