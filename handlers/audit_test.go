package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead"
)

var (
	auditRows  = regexp.MustCompile(`(?s)<li class="event">.*?</li>`)
	auditWhats = regexp.MustCompile(`(?s)<div class="what"><p>(.*?)</p>(?:<p class="note">(?:<span>(.*?)</span>)?)?`)
)

// sentences reads a page of the log, the oldest first.
func (a answer) sentences() (all []string) {
	a.t.Helper()
	for _, row := range auditRows.FindAllString(a.want(200).body, -1) {
		parts := auditWhats.FindStringSubmatch(row)
		if parts == nil {
			a.t.Fatalf("no sentence in %s", row)
		}
		sentence := tags.ReplaceAllString(parts[1], "")
		if parts[2] != "" {
			sentence += " (" + parts[2] + ")"
		}
		all = append(all, html.UnescapeString(strings.TrimSpace(spaces.ReplaceAllString(sentence, " "))))
	}
	slices.Reverse(all)
	return all
}

func wantSentences(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheAuditLogTellsWhatPeopleDid(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	ana := s.joined("member")
	ana.get("/settings/members").want(403)
	ana.get("/settings/members").want(403)
	ana.post("/account/profile", "name", "Ana B.", "theme", "dark").want(303)
	ana.post("/account/password", "current_password", "not hers at all", "new_password", "a new wind for ana").want(422)
	s.visitor("192.0.2.66").signIn(anasEmail, "a guess").want(422)
	s.visitor("192.0.2.66").signIn("stranger@evil.example", "a guess").want(422)
	ana.post("/sign-out").want(303)
	priya.post(s.memberPath(anasEmail)+"/role", "role", "owner").want(303)
	priya.post("/settings/members/invite", "email", "wes@acme.example", "role", "member").want(200)
	priya.post(s.memberPath(anasEmail) + "/remove").want(303)
	priya.post("/settings/members/invite", "email", "wes@acme.example", "role", "owner").want(200)
	wantSentences(t, priya.get("/settings/audit").sentences(),
		"Fairlead made a one-time link (First-owner link)",
		"Priya Raman used a one-time link (First-owner link)",
		"Priya Raman created the workspace Acme Data",
		"Priya Raman joined the workspace (Priya Raman as owner)",
		"Priya Raman signed in",
		"Priya Raman invited ana@acme.example as member",
		"Ana Brandt used a one-time link (Invitation of ana@acme.example)",
		"Ana Brandt joined the workspace (Ana Brandt as member)",
		"Ana Brandt signed in",
		"Ana Brandt asked for a page that is for owners (/settings/members)",
		"Ana Brandt changed the profile of Ana B.",
		"Ana B. entered a wrong current password (Ana B.)",
		"A visitor tried to sign in and was refused (Wrong password for Ana B.)",
		"A visitor tried to sign in and was refused (No account has this e-mail)",
		"Ana B. ended a session",
		"Priya Raman changed the role of Ana B. from member to owner",
		"Priya Raman invited wes@acme.example as member",
		"Priya Raman removed Ana B. from the workspace",
		"Priya Raman revoked a one-time link (Invitation of wes@acme.example)",
		"Priya Raman invited wes@acme.example as owner",
	)
}

func TestTheAuditLogTellsTheWayOfASetup(t *testing.T) {
	s := newWizardSite(t)
	client := s.register()
	path := s.begun(s.priya, "Ours", client.ID, "not the secret")
	s.priya.post(path, "application_id", client.ID, "secret", client.Secret).want(303)
	s.priya.post(path+"/name", "display_name", "Acme's").want(303)
	s.priya.get(s.grant(s.priya, path+"/authorize")).wantTo(path)
	s.priya.post(path + "/confirm").want(303)
	dropped := s.begun(s.priya, "Never mind", "unknown", "unknown-secret")
	s.priya.post(dropped + "/cancel").want(303)
	id := strings.TrimPrefix(path, "/settings/gitops/setups/")
	page := s.priya.get("/settings/audit?object=" + id)
	page.want(200, "The host did not accept Application ID and Secret together application_id_or_secret_wrong")
	wantSentences(t, page.sentences(),
		"Priya Raman started the setup Ours",
		"Priya Raman did not pass the first check of the setup Ours (The host did not accept Application ID and Secret together)",
		"Priya Raman entered Application ID or Secret of the setup Ours again",
		"Priya Raman began to wait for the Git host in the setup Ours",
		"Priya Raman renamed a setup to Acme's",
		"Priya Raman went to the Git host for the setup Acme's",
		"Priya Raman verified the setup Acme's",
	)
	all := s.priya.get("/settings/audit").sentences()
	for _, want := range []string{"Priya Raman added the Git provider Acme's", "Priya Raman cancelled the setup Never mind"} {
		if !slices.Contains(all, want) {
			t.Errorf("the log does not say %q: %q", want, all)
		}
	}
}

func TestTheLogIsFilteredAndSaysWhenNothingMatches(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.joined("member")
	anasID := s.person(anasEmail).ID
	priya.post(s.memberPath(anasEmail) + "/remove").want(303)
	page := priya.get("/settings/audit?person="+anasID+"&object=").want(200, "Who", "Everybody", "Show all")
	page.wantHTML(`<option value="`+anasID+`" selected>Ana Brandt</option>`, `href="/settings/audit/export?person=`+anasID+`"`)
	wantSentences(t, page.sentences(), "Ana Brandt used a one-time link (Invitation of ana@acme.example)", "Ana Brandt joined the workspace (Ana Brandt as member)", "Ana Brandt signed in")
	wantSentences(t, priya.get("/settings/audit?object=+"+anasID+"+&person="+s.person(priyasEmail).ID).sentences(), "Priya Raman removed Ana Brandt from the workspace")
	wantSentences(t, priya.get("/settings/audit?person=nobody").sentences(), "Fairlead made a one-time link (First-owner link)")
	priya.get("/settings/audit?object=gp_nothing").want(200, "Nothing matches").wantHTML(`value="gp_nothing"`)
	priya.get("/settings/audit?before=1-1").want(200, "There is nothing older", "Newest")
	priya.get("/settings/audit?before=yesterday").want(404)
	s.visitor("192.0.2.9").get("/settings/audit?person=" + anasID).want(303)
}

// recorded writes events past the pages.
func (s *peopleSite) recorded(n int) {
	s.t.Helper()
	for i := range n {
		if err := s.db.RecordEvent(context.Background(), fairlead.Actor{PersonID: "pe_test", Name: "Test"}, "git_provider.created", "gp_test", fmt.Sprint(i)); err != nil {
			s.t.Fatal(err)
		}
	}
}

var olderLink = regexp.MustCompile(`rel="next" href="([^"]*)"`)

func TestOlderEventsAreOnFurtherPages(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.recorded(120)
	page := priya.get("/settings/audit?object=gp_test")
	var sizes []int
	for {
		if newest := strings.Contains(page.body, ">Newest</a>"); newest != (len(sizes) > 0) {
			t.Errorf("page %d leads to the newest: %v", len(sizes), newest)
		}
		sizes = append(sizes, len(page.sentences()))
		older := olderLink.FindStringSubmatch(page.body)
		if older == nil {
			break
		}
		page = priya.get(html.UnescapeString(older[1]))
	}
	if fmt.Sprint(sizes) != "[50 50 20]" {
		t.Errorf("got pages of %v", sizes)
	}
}

// exported reads an export.
func (a answer) exported() (lines []map[string]string) {
	a.t.Helper()
	for line := range strings.Lines(a.body) {
		fields := map[string]string{}
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			a.t.Fatalf("%q: %v", line, err)
		}
		lines = append(lines, fields)
	}
	return lines
}

func TestTheExportIsJSONLinesOfWhatTheFilterShows(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.now = s.now.Add(1234 * time.Millisecond)
	s.recorded(1201)
	a := priya.get("/settings/audit/export?object=gp_test").want(200)
	a.wantHeader("Content-Type", "application/x-ndjson").wantHeader("Cache-Control", "no-store").
		wantHeader("Content-Disposition", `attachment; filename="fairlead-audit-2026-11-23.jsonl"`)
	lines := a.exported()
	if len(lines) != 1201 {
		t.Fatalf("got %d lines", len(lines))
	}
	first := lines[0]
	if id := first["id"]; !fairlead.IsID(id, fairlead.PrefixAudit) {
		t.Errorf("got id %q", id)
	}
	delete(first, "id")
	want := map[string]string{"time": "2026-11-23T09:00:01.234Z", "person_id": "pe_test", "person": "Test", "address": "", "action": "git_provider.created", "object": "gp_test", "detail": "1200"}
	if fmt.Sprint(first) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", first, want)
	}
	if got := len(priya.get("/settings/audit/export").exported()); got <= 1201 {
		t.Errorf("without a filter got %d lines", got)
	}
	if none := priya.get("/settings/audit/export?object=gp_nothing").want(200).wantHeader("Content-Type", "application/x-ndjson"); none.body != "" {
		t.Errorf("got %q", none.body)
	}
}

// leaving takes a few lines and is gone.
type leaving struct {
	*httptest.ResponseRecorder
	lines int
}

func (l *leaving) Write(line []byte) (int, error) {
	if l.lines--; l.lines < 0 {
		return 0, errors.New("gone")
	}
	return l.ResponseRecorder.Write(line)
}

func TestAnExportThatBreaksOffDoesNotLookWhole(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	s.recorded(50)
	r := httptest.NewRequest(http.MethodGet, externalURL+"/settings/audit/export", nil)
	for _, cookie := range priya.jar.Cookies(r.URL) {
		r.AddCookie(cookie)
	}
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("the answer ended with %v, not by breaking the connection", got)
		}
	}()
	s.handler.ServeHTTP(&leaving{httptest.NewRecorder(), 20}, r)
}

func TestMembersRefusedAtOneRouteFillOneLineAMinute(t *testing.T) {
	s := newWizardSite(t)
	ana := s.joined("member")
	for range 30 {
		ana.get("/settings/gitops/setups/su_x/status").want(403)
		ana.get("/settings/gitops/setups/su_y/status").want(403)
		ana.post("/settings/members/pe_x/remove").want(403)
	}
	s.now = s.now.Add(time.Minute)
	ana.get("/settings/gitops/setups/su_x/status").want(403)
	const status = "Ana Brandt asked for a page that is for owners (/settings/gitops/setups/{id}/status)"
	got := slices.DeleteFunc(s.priya.get("/settings/audit").sentences(), func(line string) bool { return !strings.Contains(line, "for owners") })
	wantSentences(t, got, status, "Ana Brandt asked for a page that is for owners (/settings/members/{person}/remove)", status)
}

func TestACallbackInAnotherBrowserIsInTheLog(t *testing.T) {
	s := newWizardSite(t)
	back := s.grant(s.priya, s.waiting(s.priya, "Ours")+"/authorize")
	for range 3 {
		s.visitor("192.0.2.66").get(back).want(403)
	}
	got := slices.DeleteFunc(s.priya.get("/settings/audit").sentences(), func(line string) bool { return !strings.Contains(line, "came back") })
	wantSentences(t, got, "A visitor came back from a Git host into another browser than went there (attempt_foreign)")
}

func TestGuessesThatAreStoppedAreToldOnce(t *testing.T) {
	s := newPeopleSite(t)
	priya := s.founded()
	guesser := s.visitor("192.0.2.66")
	for i := range 40 {
		guesser.get(fmt.Sprintf("/join/guess-%d", i))
	}
	for range 15 {
		s.visitor("192.0.2.67").signIn(priyasEmail, "a guess")
		s.visitor("192.0.2.68").signIn("stranger@evil.example", "a guess")
		priya.post("/account/password", "current_password", "a guess", "new_password", "a new wind, priya")
	}
	got := slices.DeleteFunc(priya.get("/settings/audit").sentences(), func(line string) bool {
		return !strings.Contains(line, "for a while")
	})
	slices.Sort(got)
	wantSentences(t, got,
		"A visitor guessed at one-time links and was stopped for a while (Too many attempts from this address)",
		"A visitor tried to sign in too often and was stopped for a while (Too many attempts for Priya Raman)",
		"A visitor tried to sign in too often and was stopped for a while (Too many attempts for an e-mail that no account has)",
		"Priya Raman guessed at a current password and was stopped for a while (Too many attempts for Priya Raman)",
	)
}

func TestNothingThatWasTypedIntoARefusedFormIsInTheLog(t *testing.T) {
	s := newWizardSite(t)
	planted := []string{"planted-address@evil.example", "planted password", "planted-token", "planted-id", "planted secret", "planted-state", "planted-code", "planted-query"}
	for range 12 { // over the limit too
		s.visitor("192.0.2.66").signIn(planted[0], planted[1])
	}
	for range 32 {
		s.visitor("192.0.2.67").get("/join/" + planted[2])
	}
	s.priya.post("/account/password", "current_password", planted[1], "new_password", planted[1]+" 2")
	client := s.register()
	path := s.begun(s.priya, "Ours", planted[3], planted[4])
	s.priya.post(path, "application_id", client.ID, "secret", planted[4]+" 2")
	s.priya.get("/oauth/callback?state=" + planted[5] + "&code=" + planted[6])
	ana := s.joined("member")
	ana.get("/settings/members/" + planted[7] + "?token=" + planted[7]).want(403)
	log := s.priya.get("/settings/audit").body + s.priya.get("/settings/audit/export").body
	for _, secret := range append(planted, s.secrets...) {
		if strings.Contains(log, secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
	if len(s.priya.get("/settings/audit/export").exported()) < 20 {
		t.Error("the test looked at too little")
	}
}
