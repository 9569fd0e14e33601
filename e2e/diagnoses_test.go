package e2e

import (
	"slices"
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

func TestWhatAilsTheHostIsNamedBeforeItsWindowOpensAndTheValuesAreKept(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	secret := c.secret // only once: later it is stored
	for _, ill := range []struct {
		code   string
		faults bitbucketsim.Faults
		says   []string
	}{
		{"connection_refused", bitbucketsim.Faults{Refuse: true}, nil},
		{"tls_untrusted", bitbucketsim.Faults{UntrustedCertificate: true}, []string{"Simulated Corporate Root CA", "The certificates that were served"}},
		{"not_the_host", bitbucketsim.Faults{HTML: true}, nil},
		{"rate_limited", bitbucketsim.Faults{Status: 429, RetryAfter: 90 * time.Second}, nil},
		{"host_error", bitbucketsim.Faults{Status: 503}, []string{"503"}},
		{"unexpected_answer", bitbucketsim.Faults{Status: 418}, []string{"418"}},
		{"timeout", bitbucketsim.Faults{Hang: true}, nil},
	} {
		f.faults(ill.faults)
		submit(p, c.id, secret)
		diagnosed(p, ill.code)
		says(p, ill.says...)
		onlyWindow(p)
		if got := p.value(css("#application_id")); got != c.id {
			t.Fatalf("after %s the Application ID is %q", ill.code, got)
		}
		secret = ""
	}
	p.shot("step-2-diagnosis-timeout")
	f.faults(healthy())
	next(p)
	grant(p.b.newWindow())
	waitVerified(p)
}

func TestWhatAilsTheHostDuringTheProofIsNamedAndTheNextTryWorks(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	f.faults(bitbucketsim.Faults{AppUser: true})
	submit(p, c.id, c.secret)
	grant(p.b.newWindow())
	diagnosed(p, "not_a_person")

	// From now on the host does not ask again: its window comes and goes by itself.
	for _, ill := range []struct {
		code   string
		faults bitbucketsim.Faults
	}{
		{"code_rejected", bitbucketsim.Faults{ExpireCodes: true}},
		{"host_error", bitbucketsim.Faults{Status: 503, Where: "api"}},
		{"rate_limited", bitbucketsim.Faults{Status: 429, Where: "api"}},
		{"not_the_host", bitbucketsim.Faults{HTML: true, Where: "api"}},
	} {
		f.faults(ill.faults)
		next(p)
		diagnosed(p, ill.code)
		onlyWindow(p)
	}
	f.faults(healthy())
	next(p)
	waitVerified(p)
	onlyWindow(p)
}

func TestAnUnknownApplicationIDIsFoundOutByAskingWhatTheWindowShows(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id+"x", c.secret)
	diagnosed(p, "application_id_or_secret_wrong")
	onlyWindow(p)
	p.shot("step-2-diagnosis-credentials")
	p.click(button("Find out which"))
	w := p.b.newWindow()
	w.click(css("#sign-in-priya"))
	w.waitShown(sel{"h1", "Invalid client id"})
	report(p, "application_id_unknown")
	diagnosed(p, "application_id_unknown")
	w.close()
	submit(p, c.id, c.secret)
	grant(p.b.newWindow())
	waitVerified(p)
}

// report tells what the host's window shows, by the diagnosis that follows from it.
func report(p *tab, code string) {
	p.t.Helper()
	waitWaiting(p)
	p.click(sel{"summary", "What do you see in the other window?"})
	swapping(p, func() { p.click(css(`button[name="seen"][value="` + code + `"]`)) })
}

func TestAWrongSecretIsFoundOutByGoingToTheHost(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, "not-the-secret")
	diagnosed(p, "application_id_or_secret_wrong")
	onlyWindow(p)
	p.click(button("Find out which"))
	grant(p.b.newWindow())
	diagnosed(p, "secret_wrong")
	p.shot("step-2-diagnosis-secret")
	// The stored secret is the wrong one: an empty field does not keep it.
	next(p)
	p.waitShown(css("#secret-error"))
	onlyWindow(p)
	submit(p, c.id, c.secret)
	waitVerified(p) // the host does not ask again
}

func TestAnErrorCodeOfTheNewBackendIsUnderstoodAsWell(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	f.faults(bitbucketsim.Faults{Backend2026: true, GranularScopes: true})
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, "not-the-secret")
	diagnosed(p, "application_id_or_secret_wrong")
	onlyWindow(p)
	submit(p, c.id, c.secret)
	grant(p.b.newWindow())
	waitVerified(p)
}

func TestAMissingCallbackURLIsNamedBeforeTheWindowOpens(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register(func(c *client) { c.callback = "" })
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	diagnosed(p, "callback_missing")
	says(p, f.callbackURL())
	onlyWindow(p)
	c.callback = f.callbackURL()
	f.edit(c)
	next(p)
	grant(p.b.newWindow())
	waitVerified(p)
}

func TestACallbackURLThatDiffersIsFoundOutByAskingWhatTheWindowShows(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register(func(c *client) { c.callback += "/" })
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	w.click(css("#sign-in-priya"))
	w.waitShown(sel{"h1", "Invalid redirect_uri"})
	report(p, "callback_mismatch")
	diagnosed(p, "callback_mismatch")
	says(p, f.callbackURL())
	w.close()
	c.callback = f.callbackURL()
	f.edit(c)
	next(p)
	grant(p.b.newWindow())
	waitVerified(p)
}

func TestCancelAtTheHostIsNamedAndTheNextTryWorks(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	w.click(css("#cancel"))
	w.waitClosed()
	diagnosed(p, "access_denied")
	next(p)
	grant(p.b.newWindow())
	waitVerified(p)
}

func TestEachMissingPermissionIsNamed(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	secret := c.secret
	for _, missing := range []struct{ permission, says string }{
		{permissionAccount, "Account: Read"},
		{permissionWebhooks, "Webhooks: Read and write"},
		{permissionRepositories, "Repositories: Write"},
	} {
		c.permissions = slices.DeleteFunc(allPermissions(), func(name string) bool { return name == missing.permission })
		f.edit(c)
		submit(p, c.id, secret)
		w := p.b.newWindow() // the host asks again: what it would grant is not what it granted
		grant(w)
		diagnosed(p, "permission_missing")
		says(p, missing.says)
		f.postToHost("/account/settings/app-authorizations/revoke", map[string][]string{"client_id": {c.id}})
		secret = ""
	}
	c.permissions, c.private = []string{permissionAccount, permissionWebhooks}, true
	f.edit(c)
	next(p) // a private client tells before its window opens
	diagnosed(p, "permission_missing")
	onlyWindow(p)
	c.permissions = allPermissions()
	f.edit(c)
	next(p)
	grant(p.b.newWindow())
	waitVerified(p)
}

func TestAClockThatDiffersIsAWarningThatDoesNotStopTheSetup(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	f.faults(bitbucketsim.Faults{ClockSkew: -7 * time.Minute})
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	diagnosed(p, "clock_skew")
	says(p, "7 minutes")
	onlyWindow(p)
	p.click(button("Continue anyway"))
	grant(p.b.newWindow())
	waitVerified(p)
	p.waitShown(css(`.alert[data-tone="warn"]`))
	says(p, "7 minutes")
	confirm(p)
	says(p, "was added")
}

func TestWhatAHostDoesNotSayIsNotShownAsATick(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	f.faults(bitbucketsim.Faults{NoScopes: true})
	beginSetup(f, p)
	verify(p, c.id, c.secret)
	wantMarks(p, "Account: Read: used", "Repositories: Write: not known", "Webhooks: Read and write: not known")
	says(p, "Nothing failed, and what was not tried is marked below.")
}

func TestAnAccountWithoutRepositoriesVerifiesWithRowsThatAreNotKnown(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "nora")
	w.click(css("#grant-access"))
	waitVerified(p)
	wantMarks(p, "Account: Read: used", "Repositories: Write: not known", "Webhooks: Read and write: not known")
	says(p, "Nora Lindqvist", "no repositories")
	p.shot("step-3-not-known")
	confirm(p)
	says(p, "as Nora Lindqvist")
}

// wantMarks compares the proof on the page.
func wantMarks(p *tab, want ...string) {
	p.t.Helper()
	got := get[[]string](p, `[...document.querySelectorAll(".ladder li")].map(li => (li.querySelector("p").innerText + ": " + li.querySelector(".meta").innerText.split(",")[0]).replace(/\s+/g, " "))`)
	if !slices.Equal(got, want) {
		p.t.Errorf("the proof shows %q, want %q", got, want)
	}
}

func TestTwoMinutesOfSilenceAreExplainedAndTheSetupGoesOnWaiting(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	submit(p, c.id, c.secret)
	w := p.b.newWindow()
	atHost(w, "priya")
	doesNotSay(p, "It shows this")
	for _, passed := range []struct {
		time time.Duration
		says string
	}{{21 * time.Second, "It shows this"}, {121 * time.Second, "Bitbucket did not come back"}} {
		f.kill()
		f.sql("UPDATE setups SET waiting_since = waiting_since - ?", passed.time.Milliseconds())
		f.restart()
		p.waitFor("the page to say "+passed.says, `document.body.innerText.includes(`+quoted(passed.says)+`)`)
	}
	says(p, "Fairlead goes on waiting")
	wantChoices(p)
	p.shot("step-2-no-callback")
	w.click(css("#grant-access"))
	w.waitClosed()
	waitVerified(p)
}

func TestTheSimulatorsOwnPageMakesThingsGoWrong(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c := f.register()
	beginSetup(f, p)
	control := p.b.open(f.host + "/simulator")
	secret := c.secret
	for _, ill := range []struct {
		code, field, value string // a box where there is no value
	}{
		{"host_error", "#status", "503"},
		{"not_the_host", "#html", ""},
		{"connection_refused", "#refuse", ""},
		{"tls_untrusted", "#untrusted-certificate", ""},
		{"clock_skew", "#clock-skew", "-7m"},
	} {
		if ill.value == "" {
			control.click(css(ill.field))
		} else {
			control.fill(css(ill.field), ill.value)
		}
		control.leaving(func() { control.click(css("#set-faults")) })
		submit(p, c.id, secret)
		diagnosed(p, ill.code)
		p.b.wait("the small window to close", func() bool { return len(p.b.windows()) == 2 })
		control.leaving(func() { control.click(css("#reset-faults")) })
		secret = ""
	}
	next(p)
	grant(p.b.newWindow())
	waitVerified(p)
}
