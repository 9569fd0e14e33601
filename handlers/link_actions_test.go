package handlers_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"fairlead"
	"fairlead/bitbucketsim"
)

func (s *linkSite) fault(f bitbucketsim.Faults) {
	s.t.Helper()
	if err := s.sim.SetFaults(f); err != nil {
		s.t.Fatal(err)
	}
}

func TestThePartThatWaitsForTheFirstPushIsReplacedOnceItCame(t *testing.T) {
	s := newLinkSite(t)
	if a := s.priya.htmx(http.MethodGet, s.link+"/waiting"); a.status != http.StatusNoContent {
		t.Errorf("nothing came: got %d", a.status)
	}
	s.priya.get(s.link + "/waiting").wantTo(s.link) // opened by hand
	d := s.push("main", "migrations/1.sql")
	s.carry(d, sign(s.row().Secret, d.Body))
	s.priya.htmx(http.MethodGet, s.link+"/waiting").wantHeader("HX-Location", "").wantHeader("HX-Redirect", s.link)
}

func TestWhatAHostRefusesStandsOnTheLinksPage(t *testing.T) {
	s := newLinkSite(t)
	before := s.row()
	s.fault(bitbucketsim.Faults{Status: 503})
	for _, action := range []string{"/repair", "/rotate", "/sync"} {
		a := s.priya.post(s.link + action)
		a.want(409, ordersDB, "Health").wantDiagnosis(fairlead.DiagnosisHostError)
	}
	s.fault(bitbucketsim.Faults{})
	if after := s.row(); after.Webhook.ID != before.Webhook.ID {
		t.Errorf("the webhook is %s, was %s", after.Webhook.ID, before.Webhook.ID)
	}
	s.delivered("main", "migrations/1.sql") // with the secret that the host has now
}

func TestAskingTheHostForNewPushesSaysWhetherThereWereAny(t *testing.T) {
	s := newLinkSite(t)
	s.priya.follow(s.priya.post(s.link+"/sync")).want(200, "Bitbucket has no new pushes.")
	s.push("main", "migrations/1.sql") // nobody carries its delivery
	s.priya.follow(s.priya.post(s.link+"/sync")).want(200, "Bitbucket had new pushes.")
	s.work()
	s.priya.get(s.link).want(200, "Caught up")
}

func TestUnlinkingSaysWhatCouldNotBeRemovedAtTheHost(t *testing.T) {
	s := newLinkSite(t)
	s.fault(bitbucketsim.Faults{Status: 503})
	s.priya.follow(s.priya.post(s.link+"/unlink")).want(200, ordersDB+" was unlinked.", "is still there", "Remove it at Bitbucket", externalURL+"/hooks/"+s.linkID())
	s.fault(bitbucketsim.Faults{})
	if hooks := s.hooks(); len(hooks) != 1 {
		t.Errorf("the host has %v", hooks)
	}
}

func TestTheRuleStartsAtTheMainBranchAndKeepsWhatTheAddressHas(t *testing.T) {
	s := newLinkSite(t)
	s.priya.get(s.picked()).want(200, "The main branch is master").wantHTML(`type="text" value="master"`)
	s.priya.get(s.picked()+"?branch=release%2F*&paths=a&tags=yes").want(200).wantHTML(`value="release/*"`, ">a</textarea>")
	s.priya.get(s.picked() + "?branch=").want(200).wantHTML(`type="text" value=""`)
}

func TestTheListOfRepositoriesMarksWhatTheProjectIsLinkedWith(t *testing.T) {
	s := newLinkSite(t)
	s.priya.get(s.picking()+"?owner=acme-data").want(200, ordersDB+" Linked already", "acme-data/billing-db Choose")
}

func TestTheSearchForAMissingRepositorySaysWhatItNeedsAtItsField(t *testing.T) {
	s := newLinkSite(t)
	s.priya.get(s.picking()+"?owner=acme-data&missing=no+address").want(422, "Why is my repository missing?").wantHTML(`value="no address"`, `id="missing-error"`)
	s.priya.get(s.picking()+"?owner=acme-data&missing=acme-data/billing-db").want(200, "Show it in the list")
}

func TestAnotherAccountCanBeConnectedAlthoughOneIsAlive(t *testing.T) {
	s := newLinkSite(t)
	s.priya.get(s.picking()+"?account=change").want(200, "Connect", "account").not("Choose " + ordersDB)
	s.priya.get(s.picking()).want(200, ordersDB)
}

func TestOfSeveralGitProvidersOneIsChosen(t *testing.T) {
	s := newLinkSite(t)
	s.priya.get(s.project + "/repositories/new").wantTo(s.picking()) // there is one
	second := s.added("Bitbucket of the other team")
	s.priya.get(s.project+"/repositories/new").want(200, "Bitbucket of the other team").not("Choose a Git provider")
	s.priya.get(s.project+"/repositories/new?provider=").want(422, "Choose a Git provider")
	s.priya.get(s.project + "/repositories/new?provider=" + second[len("/settings/gitops/providers/"):]).wantTo(s.project + "/repositories/new/" + second[len("/settings/gitops/providers/"):])
}

func TestAPreviewThatIsGivenUpForTheNextOneIsNoFailure(t *testing.T) {
	s := newLinkSite(t)
	path := s.picked() + "/preview?branch=master"
	s.fault(bitbucketsim.Faults{Hang: true})
	before := len(s.sim.Requests())
	ctx, giveUp := context.WithCancel(t.Context())
	go func() {
		for len(s.sim.Requests()) == before { // until the host is being asked
			runtime.Gosched()
		}
		giveUp()
	}()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, externalURL+path, nil)
	r.Header.Set("HX-Request-Type", "partial")
	s.priya.send(r)
	if log := s.log.String(); strings.Contains(log, "level=ERROR") {
		t.Errorf("the log has an error: %s", log)
	}
}

func TestTheProjectsLogNamesTheLinksThatDoNotWork(t *testing.T) {
	s := newLinkSite(t)
	s.priya.get(s.project+"/deliveries").want(200).not("See what is wrong", "Repair")
	s.removeHook()
	s.priya.follow(s.priya.post(s.link+"/check")).want(200, "needs attention")
	s.priya.get(s.project+"/deliveries").want(200, ordersDB+" The webhook is not there any more", "Repair")
}
