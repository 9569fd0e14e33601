package e2e

import (
	"strings"
	"testing"
)

func TestAnOwnerAddsBitbucketFromTheFirstLinkToTheList(t *testing.T) {
	t.Parallel()
	f := startFairlead(t)
	b := newBrowser(t)
	p := b.first
	foundWorkspace(f, p)
	p.shot("gitops-empty")

	// Sign out, ask for a page, sign in: back at that page.
	p.click(button("Sign out"))
	p.waitAt("/sign-in")
	says(p, "You are signed out.")
	p.shot("sign-in")
	p.open(f.url + "/settings/general")
	p.waitAt("/sign-in?next=%2Fsettings%2Fgeneral")
	signIn(p)
	p.waitAt("/settings/general")

	// Step 1.
	p.click(link("GitOps"))
	p.click(link("Add a Git provider"))
	p.waitAt("/settings/gitops/new")
	if got := p.value(css("#display_name")); got != "Bitbucket.org" {
		t.Errorf("display name is prefilled with %q", got)
	}
	p.shot("step-1")
	p.click(button("Next"))

	// Step 2, part one: at the host, in another tab.
	callback := p.text(css("#clients-callback-url"))
	p.click(css("button[data-copy=clients-callback-url]"))
	p.waitFor("what was copied to be spoken", `document.querySelector("#live").textContent === "Callback URL copied"`)
	p.fill(css("#owner"), "acme-data")
	p.waitShown(link("Open its settings"))
	p.shot("step-2")
	p.click(link("Open its settings"))
	w := b.newWindow()
	w.click(css("#sign-in-priya"))
	w.click(css("#oauth-clients"))
	w.click(css("#create-oauth-client"))
	w.fill(css("#name"), p.text(css("#clients-name")))
	w.fill(css("#callback-url"), callback)
	for _, box := range []string{"#permission-account", "#permission-webhook", "#permission-repository-write"} {
		w.click(css(box))
	}
	w.click(css("#save"))
	id, secret := w.text(css("#client-id")), w.text(css("#client-secret"))
	w.click(css("#sign-out")) // so that the small window asks to sign in
	w.waitShown(link("Sign in"))
	w.close()

	// Step 2, part two.
	submit(p, id, secret)
	w = b.newWindow()
	waitWaiting(p)
	p.waitFor("the focus on the waiting panel", `document.activeElement?.id === "status-heading"`)
	if got := p.title(); !strings.HasPrefix(got, "Waiting for Bitbucket.org") {
		t.Errorf("title is %q", got)
	}
	p.shot("step-2-waiting")
	w.waitShown(css("#sign-in-form, #signin-form"))
	w.fill(css("#email"), "priya@acme.example")
	w.fill(css("#password"), "priya-keeps-bees")
	w.click(css("#sign-in"))
	w.waitShown(css("#grant-access"))
	w.click(css("#grant-access"))
	w.waitClosed()

	// Step 3.
	waitVerified(p)
	if got := p.title(); !strings.HasPrefix(got, "Step 3 of 3") {
		t.Errorf("title is %q", got)
	}
	wantMarks(p, "Account: Read: used", "Repositories: Write: granted", "Webhooks: Read and write: granted")
	says(p, "Priya Raman", "16 repositories", id, "Stored encrypted, not shown")
	p.shot("step-3")
	confirm(p)

	says(p, "Bitbucket.org was added.", "Verified by "+ownerName+" as Priya Raman", id)
	if !p.shows(css(".provider time[datetime]")) {
		t.Error("the list does not say when it was verified")
	}
	p.shot("gitops-list")
	p.reload()
	doesNotSay(p, "was added", "Unfinished setup")
	says(p, "Bitbucket.org")

	if messages := b.complaints(); len(messages) > 0 {
		t.Errorf("the browser complained: %q", messages)
	}
	for _, address := range b.addresses() {
		if !strings.HasPrefix(address, f.url+"/") && !strings.HasPrefix(address, f.host+"/") && !strings.HasPrefix(address, "data:") {
			t.Errorf("a page asked for %s", address)
		}
	}
}
