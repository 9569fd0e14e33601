package handlers_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"fairlead"
)

func TestTheWizardAddsAGitProviderWithoutJavaScript(t *testing.T) {
	s := newWizardSite(t)
	client := s.register()
	step1 := s.priya.follow(s.priya.get("/settings/gitops/new"))
	step1.want(200, "Where are your repositories?", "Bitbucket.org").wantHTML(`value="Bitbucket.org"`, `value="`+s.sim.WebURL()+`"`, "readonly")
	step2 := s.draft(s.priya, "Bitbucket.org")
	s.priya.get(step2).want(200, "Register Fairlead on Bitbucket.org", "OAuth clients", "OAuth consumers", "Account", "Webhooks", "Read and write", "Repositories").
		wantHTML(`http://fairlead.test<wbr>/oauth<wbr>/callback`)
	path := s.priya.post(step2, "application_id", "  "+client.ID+"\n", "secret", "\t"+client.Secret+" ").location
	s.priya.get(path).want(200, "Waiting for you on Bitbucket.org", "Continue in this tab").wantHTML(`<noscript><meta http-equiv="refresh" content="3">`)
	s.priya.get(s.grant(s.priya, path+"/authorize")).wantTo(path)
	s.priya.get(path).want(200, "The setup is correct", "Account: Read", "Repositories: Write", "16 repositories", "Webhooks: Read and write", "Stored encrypted, not shown")
	list := s.priya.follow(s.priya.post(path+"/confirm")).want(200, "Bitbucket.org was added.", "Verified by Priya Raman")
	if strings.Contains(list.text(), "Unfinished") {
		t.Error("the setup is still listed as unfinished")
	}
	if again := s.priya.get("/settings/gitops"); strings.Contains(again.text(), "was added") {
		t.Error("the message stays")
	}
	s.priya.follow(s.priya.get(path)).want(200, "Bitbucket.org", client.ID) // Back leads to what the setup became
}

func TestHtmxGetsTheNextStepAsAFragmentUnderItsAddress(t *testing.T) {
	s := newWizardSite(t)
	step1 := s.priya.get("/settings/gitops/new").location
	step2 := s.priya.htmx(http.MethodPost, step1, "kind", "bitbucket-cloud", "display_name", "Ours").want(200, "Register Fairlead on Bitbucket.org")
	if !strings.Contains(step2.body, "<title>Step 2 of 3: OAuth consumer info") || strings.Contains(step2.body, "<html") {
		t.Error("step 2 is not a fragment with a title")
	}
	address := step2.header.Get("HX-Push-Url")
	if !strings.HasPrefix(address, "/settings/gitops/new/dr_") {
		t.Fatalf("step 2 stands under %q", address)
	}
	client := s.register()
	waiting := s.priya.htmx(http.MethodPost, address, "application_id", client.ID, "secret", client.Secret).want(200, "Waiting for you")
	path := waiting.header.Get("HX-Push-Url")
	waiting.wantHTML(`data-authorize="` + path + `/authorize?window=popup"`)
	// The browser's Back asks for the draft, which is a setup by now.
	s.priya.get(address).wantTo(path)
	s.priya.get(step1).wantTo(path + "/name")
}

func TestAWrongFormIsAnswered422AndKeepsWhatWasTyped(t *testing.T) {
	s := newWizardSite(t)
	step1 := s.priya.get("/settings/gitops/new").location
	s.priya.post(step1, "kind", "bitbucket-cloud", "display_name", "   ").want(422, "Enter a display name").wantHTML("<title>Error: Step 1 of 3")
	s.priya.post(step1, "kind", "gitweb", "display_name", "x").want(422, "Choose where your repositories are")
	step2 := s.draft(s.priya, "Ours")
	s.secrets = append(s.secrets, "typed-but-alone")
	s.priya.post(step2, "application_id", "", "secret", "typed-but-alone").want(422, "Enter the Application ID").wantHTML(`href="#application_id"`)
	page := s.priya.htmx(http.MethodPost, step2, "application_id", "typed-id", "secret", "").want(422, "Enter the Secret")
	page.wantHTML(`value="typed-id"`)
	s.priya.get(step2).wantHTML(`value="typed-id"`) // reload
	if texts := s.cookieTexts(s.priya); !strings.Contains(texts, "typed-id") || strings.Contains(texts, "typed-but-alone") {
		t.Errorf("the cookies hold %s", texts)
	}
}

func TestADraftSentTwiceMakesOneSetup(t *testing.T) {
	s := newWizardSite(t)
	client := s.register()
	step2 := s.draft(s.priya, "Ours")
	repeat := s.priya.clone() // a browser that repeats a POST sends the cookies of the first one
	first := s.priya.post(step2, "application_id", client.ID, "secret", client.Secret)
	second := repeat.post(step2, "application_id", client.ID, "secret", client.Secret)
	if first.location != second.location || first.status != http.StatusSeeOther {
		t.Errorf("got %q and %q", first.location, second.location)
	}
}

func TestThreeDraftsDoNotDisturbEachOtherAndAFourthPushesTheOldestOut(t *testing.T) {
	s := newWizardSite(t)
	var steps []string
	for _, name := range []string{"One", "Two", "Three", "Four"} {
		steps = append(steps, s.draft(s.priya, name))
	}
	s.priya.get(steps[1]).want(200, "Add Two")
	s.priya.get(steps[3]).want(200, "Add Four")
	s.priya.get(steps[0]).want(404, "This browser no longer has that draft")
	s.priya.get("/settings/gitops").want(200, "Two", "Three", "Four", "Kept in this browser")
	s.priya.post(steps[2] + "/discard").wantTo("/settings/gitops")
	if text := s.priya.get("/settings/gitops").text(); strings.Contains(text, "Three") {
		t.Error("the discarded draft is still there")
	}
}

func TestTwoTabsThatSendAtTheSameTimeKeepBothDrafts(t *testing.T) {
	s := newWizardSite(t)
	one, two := s.priya.get("/settings/gitops/new").location, s.priya.get("/settings/gitops/new").location
	other := s.priya.clone() // it sends before the answer to the first is here
	first := s.priya.post(one, "kind", "bitbucket-cloud", "display_name", "First").location
	second := other.post(two, "kind", "bitbucket-cloud", "display_name", "Second").location
	address, _ := url.Parse(externalURL)
	s.priya.jar.SetCookies(address, other.jar.Cookies(address))
	s.priya.get(first).want(200, "Add First")
	s.priya.get(second).want(200, "Add Second")
}

func TestAnotherPersonAtTheSameBrowserDoesNotSeeTheDrafts(t *testing.T) {
	s := newWizardSite(t)
	step2 := s.draft(s.priya, "Hers alone")
	ana := s.priya.clone()
	ana.post(s.invitePath(anasEmail, "owner"), "name", "Ana Brandt", "password", anasPassword).wantTo("/")
	ana.get(step2).want(404)
	if text := ana.get("/settings/gitops").text(); strings.Contains(text, "Hers alone") {
		t.Error("Ana sees Priya's draft")
	}
}

func TestASessionThatEndsInTheMiddleLosesNothing(t *testing.T) {
	s := newWizardSite(t)
	step2 := s.draft(s.priya, "Ours")
	s.priya.post("/sign-out").want(303)
	s.secrets = append(s.secrets, "the-secret-typed")
	s.priya.htmx(http.MethodPost, step2, "application_id", "typed-before", "secret", "the-secret-typed").want(401)
	r := s.priya.post(step2, "application_id", "typed-before", "secret", "the-secret-typed").want(303)
	if !strings.HasPrefix(r.location, "/sign-in?next=") {
		t.Errorf("got %q", r.location)
	}
	s.priya.signIn(priyasEmail, priyasPassword)
	s.priya.get(step2).want(200, "Add Ours").wantHTML(`value="typed-before"`)
}

func TestAPollSaysNothingUntilSomethingChanged(t *testing.T) {
	s := newWizardSite(t)
	path := s.waiting(s.priya, "Ours")
	status := path + "/status?stage="
	if a := s.priya.htmx(http.MethodGet, status+"0").want(204); a.body != "" {
		t.Error("a 204 has a body")
	}
	s.now = s.now.Add(21 * time.Second)
	s.priya.htmx(http.MethodGet, status+"0").want(200, "What do you see in the other window?").wantHeader("HX-Reswap", "outerMorph").wantHTML(`hx-trigger="every 2s`, "<details class=\"tech\" open")
	s.priya.htmx(http.MethodGet, status+"1").want(204)
	s.now = s.now.Add(2 * time.Minute)
	s.priya.htmx(http.MethodGet, status+"1").want(200, "Bitbucket did not come back", "Nothing reached "+externalURL+"/oauth/callback")
	s.priya.htmx(http.MethodGet, status+"2").want(204)

	s.priya.htmx(http.MethodPost, path+"/report", "seen", string(fairlead.DiagnosisCallbackMismatch)).want(200).wantDiagnosis(fairlead.DiagnosisCallbackMismatch)
	s.priya.htmx(http.MethodGet, status+"2").want(200).wantDiagnosis(fairlead.DiagnosisCallbackMismatch).wantHeader("HX-Retarget", "#wizard")
	s.priya.post(path + "/cancel").wantTo("/settings/gitops")
	s.priya.htmx(http.MethodGet, status+"2").want(204).wantHeader("HX-Redirect", "/settings/gitops")
}

func TestAPollLeadsOnWhenTheSetupIsVerified(t *testing.T) {
	s := newWizardSite(t)
	path := s.verified(s.priya, "Ours")
	s.priya.htmx(http.MethodGet, path+"/status?stage=0").want(204).wantHeader("HX-Redirect", path)
}

func TestAPollOfASignedOutBrowserLeadsToTheSignInPage(t *testing.T) {
	s := newWizardSite(t)
	path := s.waiting(s.priya, "Ours")
	s.priya.post("/sign-out")
	if got := s.priya.htmx(http.MethodGet, path+"/status?stage=0").want(401).header.Get("HX-Redirect"); got != "/sign-in?next=%2Fsettings%2Fgitops" {
		t.Errorf("got %q", got)
	}
}

func TestThePopupEndsOnAPageThatClosesItself(t *testing.T) {
	s := newWizardSite(t)
	path := s.waiting(s.priya, "Ours")
	back := s.grant(s.priya, path+"/authorize?window=popup")
	s.priya.get(back).wantTo(path + "/returned")
	s.priya.get(path+"/returned").want(200, "Back from Bitbucket.org", "You can close this window").wantHTML("data-came-back")
	s.priya.get(back).want(410).wantDiagnosis(fairlead.DiagnosisAttemptUsed)
}

func TestACallbackThatCompletesNothingIsExplained(t *testing.T) {
	s := newWizardSite(t)
	s.priya.get("/oauth/callback").want(400).wantDiagnosis(fairlead.DiagnosisCallbackNoState)
	s.priya.get("/oauth/callback?state=&code=x").want(400).wantDiagnosis(fairlead.DiagnosisCallbackNoState)
	s.priya.get("/oauth/callback?state=made-up&code=x").want(400).wantDiagnosis(fairlead.DiagnosisAttemptUnknown)

	path := s.waiting(s.priya, "Ours")
	back := s.grant(s.priya, path+"/authorize")
	stranger := s.visitor("192.0.2.66")
	if text := stranger.get(back).want(403).wantDiagnosis(fairlead.DiagnosisAttemptForeign).body; strings.Contains(text, path) {
		t.Error("a stranger learns which setup it was")
	}
	ana := s.joined("owner")
	ana.get(back).want(403).wantDiagnosis(fairlead.DiagnosisAttemptForeign)
	s.now = s.now.Add(fairlead.AttemptLife + time.Second)
	s.priya.get(back).want(410).wantDiagnosis(fairlead.DiagnosisAttemptExpired).wantHTML(path)
	back = s.grant(s.priya, path+"/authorize")
	s.priya.post(path + "/cancel")
	s.priya.get(back).want(410).wantDiagnosis(fairlead.DiagnosisSetupCancelled)
}

func TestARefusedPairCanBeFoundOutOrCorrected(t *testing.T) {
	s := newWizardSite(t)
	client := s.register()
	s.secrets = append(s.secrets, "not-the-secret")
	path := s.begun(s.priya, "Ours", client.ID, "not-the-secret")
	s.priya.get(path).want(200, "Find out which").wantDiagnosis(fairlead.DiagnosisCredentials)
	s.priya.post(path + "/continue").wantTo(path)
	s.priya.get(s.grant(s.priya, path+"/authorize")).wantTo(path)
	s.priya.get(path).want(200).wantDiagnosis(fairlead.DiagnosisSecretWrong)
	s.priya.post(path, "application_id", client.ID, "secret", "").want(422, "Enter the Secret").wantDiagnosis(fairlead.DiagnosisSecretWrong)
	s.priya.post(path, "application_id", client.ID, "secret", client.Secret).wantTo(path)
	s.priya.get(s.grant(s.priya, path+"/authorize")).wantTo(path)
	s.priya.get(path).want(200, "The setup is correct")
	// Back and Next without a change keep the proof; another application ID voids it.
	s.priya.get(path+"?step=2").want(200, "Verify the setup")
	s.priya.post(path, "application_id", client.ID, "secret", "").wantTo(path)
	s.priya.get(path).want(200, "The setup is correct")
	s.priya.post(path, "application_id", "another", "secret", "").wantTo(path)
	s.priya.get(path).want(200).wantDiagnosis(fairlead.DiagnosisCredentials)
	s.priya.post(path + "/confirm").want(409).wantDiagnosis(fairlead.DiagnosisCredentials)
}

func TestANameThatWasTakenMeanwhileIsSaidAtConfirm(t *testing.T) {
	s := newWizardSite(t)
	one := s.verified(s.priya, "Ours")
	other := s.verified(s.priya, "Ours")
	s.priya.post(one + "/confirm").wantTo("/settings/gitops")
	s.priya.post(other+"/confirm").want(409, "Ours was not added", "Another Git provider is called Ours")
	s.priya.post(other+"/name", "display_name", "Ours").want(422, "Another Git provider is called Ours. Enter a different display name")
	s.priya.post(other+"/name", "display_name", "Ours too").wantTo(other)
	s.priya.post(other + "/confirm").wantTo("/settings/gitops")
	s.priya.post(other + "/confirm").wantTo("/settings/gitops") // pressed twice
	providers, err := s.flow.ListGitProviders(context.Background())
	if err != nil || len(providers) != 2 {
		t.Errorf("got %d providers, %v", len(providers), err)
	}
}

func TestTheLinkToTheHostsPageAppearsWithTheSlugAndNothingElseBecomesALink(t *testing.T) {
	s := newWizardSite(t)
	step2 := s.draft(s.priya, "Ours")
	link := `href="` + s.sim.WebURL() + `/acme-data/workspace/settings"`
	s.priya.htmx(http.MethodPost, step2+"/owner", "owner", "acme-data").want(200, "Open its settings").wantHTML(link)
	s.priya.post(step2+"/owner", "owner", "https://bitbucket.org/acme-data/orders").wantTo(step2)
	s.priya.get(step2).wantHTML(link)
	if a := s.priya.htmx(http.MethodPost, step2+"/owner", "owner", `"><script>`).want(200); strings.Contains(a.body, "href") {
		t.Errorf("got %s", a.body)
	}
	path := s.waiting(s.priya, "Theirs")
	s.priya.htmx(http.MethodPost, path+"/owner", "owner", "acme-data").wantHTML(link)
}

func TestTheBrowserIsWarnedWhenItIsAtAnotherAddress(t *testing.T) {
	s := newWizardSite(t)
	s.priya.get("/settings/general").want(200, "Acme Data", "The external URL is plain http").wantHTML(externalURL + "<wbr>/oauth<wbr>/callback")
	page := s.priya.at("10.0.0.4:8080", "/settings/general")
	page.want(200, "You opened Fairlead under another address", "10.0.0.4:8080")
}

func TestAnUnknownFailureIsLoggedUnderTheNumberThatThePageShows(t *testing.T) {
	s := newWizardSite(t)
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	page := s.priya.get("/settings/gitops").want(500, "Fairlead does not know what went wrong")
	id := page.header.Get("X-Request-Id")
	if !strings.Contains(page.text(), id) || !strings.Contains(s.log.String(), id) || strings.Contains(page.text(), "sql") {
		t.Errorf("page: %s\nlog: %s", page.text(), s.log.String())
	}
}
