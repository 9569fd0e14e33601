package e2e

import (
	"strings"
	"testing"
)

// registerByHand registers an OAuth client in the host's own pages, from what a sheet of Fairlead's says.
func registerByHand(sheet *tab, w *tab) (id, secret string) {
	w.t.Helper()
	w.click(css("#sign-in-priya"))
	w.click(css("#oauth-clients"))
	w.click(css("#create-oauth-client"))
	w.fill(css("#name"), sheet.text(css("#clients-name")))
	w.fill(css("#callback-url"), sheet.text(css("#clients-callback-url")))
	for _, box := range []string{"#permission-account", "#permission-webhook", "#permission-repository-write"} {
		w.click(css(box))
	}
	w.click(css("#save"))
	return w.text(css("#client-id")), w.text(css("#client-secret"))
}

func TestTheHostsAdminRegistersInAnotherBrowserAndTheOwnerVerifies(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	p.open(f.url + "/settings/gitops/new")
	p.click(button("Next"))
	p.waitShown(css("#register"))
	p.fill(css("#owner"), "acme-data")
	p.waitShown(link("Open its settings"))
	p.click(button("Create a hand-over link"))
	address := p.text(css("#hand-over-link"))
	if !strings.HasPrefix(address, f.url+"/hand-over/") {
		t.Fatalf("the link is %q", address)
	}
	p.reload()
	if p.shows(css("#hand-over-link")) {
		t.Error("the link is shown twice")
	}
	says(p, "Open", "Works until", "Revoke")

	admin := newBrowser(t).first
	admin.open(address)
	says(admin, ownerName+" of Acme Data asks an admin of the Bitbucket workspace", "You need no account here.")
	for _, other := range []string{"Settings", "GitOps", "Projects"} {
		if admin.shows(link(other)) {
			t.Errorf("the sheet leads to %s", other)
		}
	}
	admin.click(css("button[data-copy=clients-callback-url]"))
	admin.waitFor("what was copied to be spoken", `document.querySelector("#live").textContent === "Callback URL copied"`)
	admin.click(link("Open the settings of acme-data"))
	w := admin.b.newWindow()
	id, secret := registerByHand(admin, w)
	w.close()
	admin.fill(css("#application_id"), id)
	admin.click(button("Send the values"))
	admin.waitShown(css("#secret-error"))
	admin.fill(css("#secret"), secret)
	f.killAndRestart()
	admin.click(button("Send the values"))
	admin.waitShown(sel{"h1", "The values were sent"})
	admin.open(address)
	says(admin, "This link was already used", ownerName)

	p.open(f.url + "/settings/gitops")
	says(p, "Received, not yet verified")
	p.click(link("Continue"))
	says(p, "The values from Bitbucket are here")
	p.click(sel{"summary", "Values to register"})
	says(p, "Used")
	next(p)
	grant(p.b.newWindow())
	waitVerified(p)
	confirm(p)
	says(p, "Bitbucket.org was added.", id)
}

// waitListed waits for the page that lists the Git providers.
func waitListed(p *tab) {
	p.t.Helper()
	p.waitFor("the list", `location.pathname === "/settings/gitops" && document.readyState === "complete"`)
}

// added is a Git provider that was added as people do, and its path.
func added(f *fairlead, p *tab) (c client, path string) {
	p.t.Helper()
	c = f.register()
	beginSetup(f, p)
	verify(p, c.id, c.secret)
	confirm(p)
	p.click(link("Bitbucket.org"))
	p.waitAt("/settings/gitops/providers/")
	return c, p.path()
}

func TestAWrongSecretLeavesTheOldPairInForceAndARightOneReplacesIt(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	old, provider := added(f, p)
	c := f.register()
	p.click(button("Replace Application ID and Secret"))
	p.waitAt("/settings/gitops/setups/")
	says(p, "Change Bitbucket.org", "One is stored.")
	submit(p, c.id, "not-the-secret")
	diagnosed(p, "application_id_or_secret_wrong")
	onlyWindow(p)

	p.open(f.url + provider)
	says(p, "A change is unfinished", old.id)
	doesNotSay(p, c.id)
	f.killAndRestart()
	p.reload()
	says(p, "A change is unfinished", old.id)
	p.click(link("Continue the change"))
	diagnosed(p, "application_id_or_secret_wrong")
	submit(p, c.id, c.secret)
	grant(p.b.newWindow())
	waitVerified(p)
	p.open(f.url + provider)
	says(p, old.id)
	p.click(link("Continue the change"))
	says(p, "These values replace the ones in force when you confirm.")
	p.click(button("Confirm and replace"))
	waitListed(p)
	says(p, "The new values of Bitbucket.org are in force.", c.id)
	doesNotSay(p, old.id, "Unfinished setup")
}

func TestVerifyAgainOpensTheHostsWindowAndSaysThatNothingChanged(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	c, provider := added(f, p)
	f.postToHost("/account/settings/app-authorizations/revoke", map[string][]string{"client_id": {c.id}}) // so that it asks
	p.click(button("Verify again"))
	grant(p.b.newWindow())
	waitVerified(p)
	says(p, "The values stay as they are.")
	doesNotSay(p, "replace")
	p.click(button("Confirm"))
	waitListed(p)
	says(p, "Bitbucket.org was verified again.", c.id)

	// What ails the host is named, and the window closes.
	p.open(f.url + provider)
	f.postToHost("/acme-data/workspace/settings/oauth-clients/"+c.id+"/regenerate-secret", nil)
	p.click(button("Verify again"))
	diagnosed(p, "application_id_or_secret_wrong")
	onlyWindow(p)
	p.back()
	p.waitAt(provider)
	says(p, "A change is unfinished", c.id)
}

func TestAProviderThatIsRemovedIsReadBackInTheAuditLog(t *testing.T) {
	t.Parallel()
	f, p := newOwner(t)
	_, provider := added(f, p)
	p.fill(css("#display_name"), "Code")
	p.click(button("Save display name"))
	p.waitShown(sel{"h1", "Code"})
	says(p, "The display name was saved.")

	p.click(button("Replace Application ID and Secret"))
	p.waitAt("/settings/gitops/setups/")
	p.open(f.url + provider + "/remove")
	says(p, "Code is still needed")
	p.click(link("The change that " + ownerName + " began"))
	p.click(button("Cancel"))
	waitListed(p)
	p.open(f.url + provider)
	p.click(link("Remove Code"))
	says(p, "The OAuth client (or consumer) on Bitbucket.org stays.")
	p.fill(css("#name"), "code")
	p.click(button("Remove Code"))
	p.waitShown(css("#name-error"))
	p.fill(css("#name"), "Code")
	p.click(button("Remove Code"))
	waitListed(p)
	says(p, "Code was removed.", "Before you start")

	p.click(link("Audit log"))
	p.waitAt("/settings/audit")
	says(p, ownerName+" removed the Git provider Code", ownerName+" renamed a Git provider to Code", ownerName+" added the Git provider Bitbucket.org",
		ownerName+" verified the setup Bitbucket.org", ownerName+" created the workspace Acme Data", "127.0.0.1")
	id := strings.TrimPrefix(provider, "/settings/gitops/providers/")
	p.click(sel{"a[href] code", id})
	p.waitAt("/settings/audit?")
	says(p, "removed the Git provider Code")
	doesNotSay(p, "created the workspace")
}
