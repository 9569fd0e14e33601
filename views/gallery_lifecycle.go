package views

import (
	"time"

	"fairlead"
)

// handOvers shows the links beside step 2 and the sheet that their holder sees.
func (c canned) handOvers() []Exhibit {
	link := func(id string, change func(*fairlead.HandOver)) fairlead.HandOver {
		h := fairlead.HandOver{ID: id, SetupID: "su_example", CreatedBy: c.owner(), CreatedAt: c.now.Add(-time.Hour), ExpiresAt: c.now.Add(fairlead.HandOverLife)}
		change(&h)
		return h
	}
	links := []fairlead.HandOver{
		link("ho_open", func(*fairlead.HandOver) {}),
		link("ho_revoked", func(h *fairlead.HandOver) { h.RevokedAt = c.now.Add(-time.Minute) }),
		link("ho_expired", func(h *fairlead.HandOver) { h.ExpiresAt = c.now.Add(-time.Minute) }),
	}
	fresh, received := c.consumer(), c.consumer()
	fresh.HandOvers.Links, fresh.HandOvers.Fresh = links, cannedURL+"/hand-over/7Kq2mV9xPd4wTzR8Zr9fAAexampleAAexampleAAexampl"
	received.Received, received.SecretStored, received.ApplicationID, received.Owner = true, true, cannedID, "acme-data"
	received.HandOvers.Links = []fairlead.HandOver{link("ho_used", func(h *fairlead.HandOver) { h.SpentAt = c.now.Add(-time.Minute) })}
	sheet := HandOverSheet{Kind: c.kind(), Workspace: "Acme Data", AskedBy: "Priya Raman", Ends: c.now.Add(fairlead.HandOverLife), CallbackURL: cannedCallback, Owner: "acme-data"}
	wrong := sheet
	wrong.ApplicationID, wrong.Errors = cannedID, Errors{{Field: fairlead.FieldSecret, Message: "Enter the Secret"}}
	return []Exhibit{
		exhibit("hand-over-fresh", WizardStep{Number: 2}.Title(), AreaGitOps, ConsumerStep(fresh)),
		exhibit("hand-over-received", WizardStep{Number: 2}.Title(), AreaGitOps, ConsumerStep(received)),
		bare("hand-over-sheet", "Register Fairlead on Bitbucket.org", HandOverSheetPage(sheet)),
		bare("hand-over-sheet-error", "Error: Register Fairlead on Bitbucket.org", HandOverSheetPage(wrong)),
		bare("hand-over-sent", "The values were sent", HandOverDonePage()),
	}
}

// providers shows one Git provider: healthy, while it is changed, and before it is removed.
func (c canned) providers() []Exhibit {
	provider := fairlead.GitProvider{ID: "gp_example", Kind: c.kind().ID, InstanceURL: "https://bitbucket.org", DisplayName: "Bitbucket.org", ApplicationID: cannedID,
		Proof: *c.proof(fairlead.MarkGranted, "14 repositories", "Listed those that this account administers. Nothing was written."), VerifiedBy: c.owner(), CreatedAt: c.now}
	change := c.setup(fairlead.SetupFailed)
	change.ProviderID, change.CreatedBy = provider.ID, fairlead.Person{Name: "Ana Brandt"}
	page := Provider{Kind: c.kind(), Provider: provider, Path: "/settings/gitops/providers/gp_example", Name: provider.DisplayName}
	changing, wrong, used := page, page, page
	used.Links, used.Connections = []fairlead.RepositoryLink{c.link()}, 2
	changing.Change = &change
	wrong.Name, wrong.Errors = "", Errors{{Field: "display_name", Message: "Enter a display name"}}
	remove := RemoveProvider{Kind: c.kind(), Provider: provider, Path: page.Path}
	needed, mistyped, linked := remove, remove, remove
	linked.Links = used.Links
	needed.Dependents = []fairlead.Setup{change}
	mistyped.Errors = Errors{{Field: "name", Message: "Enter Bitbucket.org to remove it"}}
	verified := c.setup(fairlead.SetupVerified)
	verified.ProviderID, verified.Proof = provider.ID, &provider.Proof
	stored := c.consumer()
	stored.Heading, stored.Change, stored.SecretStored, stored.ApplicationID, stored.SameClient = "Change Bitbucket.org", true, true, cannedID, []string{"Bitbucket.org 2"}
	return []Exhibit{
		exhibit("provider", provider.DisplayName, AreaGitOps, ProviderPage(page)),
		exhibit("provider-changing", provider.DisplayName, AreaGitOps, ProviderPage(changing)),
		exhibit("provider-error", "Error: "+provider.DisplayName, AreaGitOps, ProviderPage(wrong)),
		exhibit("provider-remove", remove.Title(), AreaGitOps, RemoveProviderPage(remove)),
		exhibit("provider-remove-needed", needed.Title(), AreaGitOps, RemoveProviderPage(needed)),
		exhibit("provider-used", provider.DisplayName, AreaGitOps, ProviderPage(used)),
		exhibit("provider-remove-linked", linked.Title(), AreaGitOps, RemoveProviderPage(linked)),
		exhibit("provider-remove-error", "Error: "+mistyped.Title(), AreaGitOps, RemoveProviderPage(mistyped)),
		exhibit("provider-change", WizardStep{Number: 2}.Title(), AreaGitOps, ConsumerStep(stored)),
		exhibit("provider-change-confirm", WizardStep{Number: 3, Change: true}.Title(), AreaGitOps, ConfirmStep(Confirm{Kind: c.kind(), Setup: verified, Path: cannedSetup})),
		exhibit("provider-verified-again", WizardStep{Number: 3, Change: true}.Title(), AreaGitOps, ConfirmStep(Confirm{Kind: c.kind(), Setup: verified, Path: cannedSetup, Again: true})),
	}
}
