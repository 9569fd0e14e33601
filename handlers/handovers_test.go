package handlers_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"fairlead"
)

var handOverLink = regexp.MustCompile(regexp.QuoteMeta(externalURL) + `(/hand-over/[A-Za-z0-9_-]{43})`)

// copied is the page without the places where a long address may wrap.
func (a answer) copied() string { return strings.ReplaceAll(a.body, "<wbr>", "") }

// handedOver makes a link in step 2 and returns the setup's path and the link's.
func (s *wizardSite) handedOver() (setup, link string) {
	s.t.Helper()
	setup = s.priya.post(s.draft(s.priya, "Ours") + "/hand-over").location
	page := s.priya.get(setup).want(200, "Send this link to an admin of the Bitbucket workspace", "Shown only now.")
	m := handOverLink.FindStringSubmatch(page.copied())
	if m == nil {
		s.t.Fatalf("no link on the page: %s", page.text())
	}
	if again := s.priya.get(setup); handOverLink.MatchString(again.copied()) {
		s.t.Error("the link is shown twice")
	}
	s.secrets = append(s.secrets, strings.TrimPrefix(m[1], "/hand-over/"))
	return setup, m[1]
}

func TestTheHostsAdminRegistersAndTheOwnerVerifies(t *testing.T) {
	s := newWizardSite(t)
	client := s.register()
	setup, link := s.handedOver()
	s.priya.get(setup).want(200, "Register Fairlead on Bitbucket.org", "Open", "Works until")

	admin := s.visitor("198.51.100.20")
	sheet := admin.get(link).want(200, "Register Fairlead on Bitbucket.org", "Priya Raman of Acme Data asks", "Callback URL", "Webhooks", "Read and write")
	sheet.wantHTML(externalURL + "<wbr>/oauth<wbr>/callback")
	admin.get(link).want(200) // mail scanners open links; looking spends nothing
	admin.post(link, "application_id", client.ID, "secret", " ").want(422, "Enter the Secret").wantHTML(`value="` + client.ID + `"`)
	admin.follow(admin.post(link, "application_id", " "+client.ID+" ", "secret", client.Secret)).want(200, "The values were sent")
	admin.get(link).want(410, "This link was already used")
	admin.post(link, "application_id", "other", "secret", "other").want(410)

	s.priya.get("/settings/gitops").want(200, "Received, not yet verified")
	s.priya.get(setup).want(200, "The values from Bitbucket are here", "Received, not yet verified", "Used").wantHTML(`value="` + client.ID + `"`)
	s.priya.post(setup, "application_id", client.ID, "secret", "").wantTo(setup)
	s.priya.get(s.grant(s.priya, setup+"/authorize")).wantTo(setup)
	s.priya.get(setup).want(200, "The setup is correct")
}

func TestADeadHandOverLinkSaysSoAndWhomToAsk(t *testing.T) {
	s := newWizardSite(t)
	setup, link := s.handedOver()
	admin := s.visitor("198.51.100.20")
	revoke := regexp.MustCompile(`action="(` + regexp.QuoteMeta(setup) + `/hand-overs/ho_[a-z0-9]+/revoke)"`).FindStringSubmatch(s.priya.get(setup).body)
	if revoke == nil {
		t.Fatal("an open link cannot be revoked")
	}
	s.priya.post(revoke[1]).wantTo(setup)
	s.priya.get(setup).want(200, "Revoked")
	admin.get(link).want(410, "This link was revoked", "Ask Priya Raman for a new one.")
	admin.post(link, "application_id", "x", "secret", "revoked-secret").want(410)

	_, late := s.handedOver()
	s.now = s.now.Add(fairlead.HandOverLife)
	admin.get(late).want(410, "This link ended on", "Ask Priya Raman for a new one.")

	s.priya.signIn(priyasEmail, priyasPassword) // a week without use ended her session
	over, orphan := s.handedOver()
	s.priya.post(over + "/cancel")
	admin.get(orphan).want(410, "The setup that this link was for is over")
}

func TestGuessingHandOverLinksIsLimited(t *testing.T) {
	s := newWizardSite(t)
	_, link := s.handedOver()
	guesser := s.visitor("203.0.113.9")
	var last answer
	for range 31 {
		last = guesser.get("/hand-over/" + strings.Repeat("x", 43))
	}
	last.want(http.StatusTooManyRequests, "Too many attempts")
	guesser.get(link).want(http.StatusTooManyRequests)
	s.visitor("203.0.113.10").get(link).want(200)
	s.now = s.now.Add(15 * time.Minute)
	guesser.get(link).want(200)
}

func TestAnotherOwnerCanContinueASetup(t *testing.T) {
	s := newWizardSite(t)
	setup, link := s.handedOver()
	client := s.register()
	s.visitor("198.51.100.20").post(link, "application_id", client.ID, "secret", client.Secret).wantTo("/hand-over/sent")
	ana := s.joined("owner")
	ana.get("/settings/gitops").want(200, "Started by Priya Raman", "Received, not yet verified")
	ana.post(setup, "application_id", client.ID, "secret", "").wantTo(setup)
	ana.get(s.grant(ana, setup+"/authorize")).wantTo(setup)
	ana.follow(ana.post(setup+"/confirm")).want(200, "Ours was added.", "Verified by Ana Brandt as Priya Raman")
}
