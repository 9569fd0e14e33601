package handlers_test

import (
	"context"
	"testing"
	"time"

	"fairlead"
	"fairlead/setup"
)

// secretInForce is what calls to the host would use now.
func (s *wizardSite) secretInForce() string {
	s.t.Helper()
	providers, err := s.flow.ListGitProviders(context.Background())
	if err != nil || len(providers) != 1 {
		s.t.Fatal(len(providers), err)
	}
	return providers[0].Secret.Reveal()
}

func TestTheOldPairStaysInForceUntilTheNewOneIsConfirmed(t *testing.T) {
	s := newWizardSite(t)
	provider := s.added("Ours")
	old := s.secretInForce()
	second := s.register()
	s.secrets = append(s.secrets, "a-wrong-secret")
	s.priya.get(provider).want(200, "Last verified", "By Priya Raman on Bitbucket.org", "Replace Application ID and Secret")

	change := s.priya.post(provider + "/change").location
	s.priya.get(change).want(200, "Change Ours", "One is stored. Leave this empty to keep it")
	s.priya.post(provider + "/change").wantTo(change) // one change at a time
	s.priya.get(provider).want(200, "A change is unfinished", "Continue the change")
	s.priya.get("/settings/gitops").want(200, "Change of Ours")
	s.priya.post(change, "application_id", second.ID, "secret", "a-wrong-secret").wantTo(change)
	s.priya.get(change).want(200).wantDiagnosis(fairlead.DiagnosisCredentials)
	if s.secretInForce() != old {
		t.Error("a wrong secret is in force")
	}
	s.priya.post(change, "application_id", second.ID, "secret", second.Secret).wantTo(change)
	s.priya.get(s.grant(s.priya, change+"/authorize")).wantTo(change)
	s.priya.get(change).want(200, "The setup is correct", "Confirm and replace", "These values replace the ones in force")
	if s.secretInForce() != old {
		t.Error("the new secret is in force before it is confirmed")
	}
	s.priya.follow(s.priya.post(change+"/confirm")).want(200, "The new values of Ours are in force.")
	s.priya.post(change + "/confirm").wantTo("/settings/gitops") // pressed twice
	if s.secretInForce() != second.Secret {
		t.Error("the new secret is not in force")
	}
	s.priya.get(provider).want(200, second.ID)
}

func TestVerifyAgainTakesTheValuesInForceToTheHost(t *testing.T) {
	s := newWizardSite(t)
	provider := s.added("Ours")
	s.now = s.now.Add(time.Minute)
	again := s.priya.post(provider + "/verify").location
	s.priya.get(again).want(200, "Waiting for you on Bitbucket.org")
	s.priya.get(s.grant(s.priya, again+"/authorize")).wantTo(again)
	s.priya.get(again).want(200, "The values stay as they are.")
	s.priya.follow(s.priya.post(again+"/confirm")).want(200, "Ours was verified again.")
	s.priya.get(provider).want(200, s.now.Format("2 January 2006, 15:04 UTC"))
	s.priya.get("/settings/audit").want(200, "verified the Git provider Ours again")
}

func TestAProviderIsRenamedAndRemovedByItsName(t *testing.T) {
	s := newWizardSite(t)
	provider := s.added("Ours")
	s.priya.post(provider+"/name", "display_name", " ").want(422, "Enter a display name")
	s.priya.post(provider+"/name", "display_name", "Ours").wantTo(provider) // its own name is not taken
	s.priya.follow(s.priya.post(provider+"/name", "display_name", "Acme's Bitbucket")).want(200, "The display name was saved.", "Acme's Bitbucket")

	change := s.priya.post(provider + "/change").location
	s.priya.post(provider+"/name", "display_name", "Bitbucket of Acme").wantTo(provider)
	s.priya.get(change).want(200, "Change Bitbucket of Acme")
	s.priya.post(provider+"/name", "display_name", "Acme's Bitbucket").wantTo(provider)
	s.priya.get(provider+"/remove").want(200, "is still needed", "The change that Priya Raman began")
	s.priya.post(provider+"/remove", "name", "Acme's Bitbucket").want(409, "is still needed")
	s.priya.post(change + "/cancel").wantTo("/settings/gitops")
	s.priya.get(provider+"/remove").want(200, "The OAuth client (or consumer) on Bitbucket.org stays.")
	s.priya.post(provider+"/remove", "name", "acme").want(422, "Enter Acme's Bitbucket to remove it")
	s.priya.follow(s.priya.post(provider+"/remove", "name", "Acme's Bitbucket")).want(200, "Acme's Bitbucket was removed.")
	s.priya.get(provider).want(404, "It may have been removed.")
}

func TestTheSameApplicationIDTwiceIsAWarning(t *testing.T) {
	s := newWizardSite(t)
	client := s.register()
	first := s.begun(s.priya, "Ours", client.ID, client.Secret)
	s.priya.get(s.grant(s.priya, first+"/authorize"))
	s.priya.post(first + "/confirm").wantTo("/settings/gitops")
	second := s.begun(s.priya, "Theirs", client.ID, client.Secret)
	s.priya.get(s.grant(s.priya, second+"/authorize"))
	s.priya.get(second).want(200, "The setup is correct", "This Application ID is already used by Ours.")
	s.priya.post(second + "/confirm").wantTo("/settings/gitops")
}

func TestAbandonedSetupsLoseTheirSecrets(t *testing.T) {
	s := newWizardSite(t)
	sweep := func() {
		t.Helper()
		if err := s.flow.Sweep(context.Background()); err != nil {
			t.Fatal(err)
		}
		s.priya.signIn(priyasEmail, priyasPassword)
	}
	verified := s.verified(s.priya, "Proven")
	s.secrets = append(s.secrets, "unknown-secret")
	refused := s.begun(s.priya, "Refused", "unknown", "unknown-secret")
	s.now = s.now.Add(setup.KeepVerified - time.Minute)
	sweep()
	s.priya.get(verified).want(200, "The setup is correct")
	s.now = s.now.Add(2 * time.Minute)
	sweep()
	s.priya.get(verified).want(200, "Verify the setup")
	s.priya.get("/settings/gitops").want(200, "The Application ID or the Secret is still missing")
	s.priya.post(verified + "/confirm").want(409)
	s.priya.get(verified+"/authorize").want(409, "is missing")
	s.priya.get(refused).want(200).wantDiagnosis(fairlead.DiagnosisCredentials)
	s.now = s.now.Add(setup.KeepUnfinished)
	sweep()
	if text := s.priya.get(refused).want(200, "Verify the setup").body; dataCode.MatchString(text) {
		t.Error("the diagnosis of a secret that is gone stays")
	}
	s.priya.post(refused, "application_id", "unknown", "secret", "").want(422, "Enter the Secret")
}
