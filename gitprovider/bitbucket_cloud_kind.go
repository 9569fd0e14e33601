package gitprovider

import (
	"sync"

	"fairlead"
)

// bitbucketCloudKind describes Bitbucket Cloud as its pages were in 2026, with the older words beside the newer.
// Sources: Bitbucket Cloud's "Use OAuth on Bitbucket Cloud", its REST scopes page, and the change log of May 2026, which
// renamed OAuth consumers to OAuth clients. It is put together once: every delivery asks for it.
var bitbucketCloudKind = sync.OnceValue(func() fairlead.Kind {
	return fairlead.Kind{
		ID:              fairlead.KindBitbucketCloud,
		Name:            "Bitbucket.org",
		Host:            "Bitbucket",
		Hosting:         "Cloud",
		Tile:            "Bb",
		InstanceURL:     "https://bitbucket.org",
		FixedURL:        true,
		NeedsAdmin:      "An admin of the Bitbucket workspace. It need not be you: step 2 can be sent as a link.",
		NeedsRepository: "A repository created on Bitbucket.org.",

		AdminWord:     "an admin of the Bitbucket workspace",
		ApplicationID: "**Client ID**, or **Key** on older pages",
		Secret:        "Secret",
		GrantButton:   "Grant access",
		Owner: fairlead.OwnerField{
			Label: "Bitbucket workspace",
			Help:  "The part after bitbucket.org/ in its address. Used only to open the right page.",
		},
		Forms:       bitbucketCloudForms(),
		Permissions: bitbucketCloudPermissions(),
		Pages: []fairlead.HostPage{
			{Shows: "Invalid redirect_uri", Code: fairlead.DiagnosisCallbackMismatch},
			{Shows: "Invalid client id", Code: fairlead.DiagnosisUnknownApp},
		},
		StatusPage:      "https://bitbucket.status.atlassian.com",
		RegistrationURL: "https://bitbucket.org/{owner}/workspace/settings",
		ClientsURL:      "https://bitbucket.org/{owner}/workspace/settings",
		SecretLength:    76,
	}
})

func bitbucketCloudPermissions() []fairlead.Permission {
	return []fairlead.Permission{
		{ID: permissionAccount, Box: "Account", Level: "Read", Reason: "To show who authorized, and their workspaces."},
		{ID: permissionWebhooks, Box: "Webhooks", Level: "Read and write", Reason: "To hear about pushes to a linked repository."},
		{ID: permissionRepositories, Box: "Repositories", Level: "Write", Reason: "To read files and put the result on the commit."},
	}
}

func bitbucketCloudForms() []fairlead.RegistrationForm {
	name := fairlead.RegistrationRow{Label: "Name", Kind: fairlead.RowText, Value: "Fairlead", Note: "Any name works, as long as the workspace admin can recognize it."}
	callback := fairlead.RegistrationRow{Label: "Callback URL", Kind: fairlead.RowCallback, Note: "Must match exactly, with no slash at the end."}
	var scopes []fairlead.RegistrationRow
	for _, p := range bitbucketCloudPermissions() {
		scopes = append(scopes, fairlead.RegistrationRow{Label: p.Box, Kind: fairlead.RowTick, Value: p.Level, Note: p.Reason})
	}
	return []fairlead.RegistrationForm{
		{
			ID: "clients", Name: "OAuth clients", Path: []string{"Workspace settings", "OAuth clients", "Create OAuth client"},
			Groups: []fairlead.RegistrationGroup{
				{Title: "Tab “Details”", Rows: []fairlead.RegistrationRow{name}},
				{Title: "Tab “Authorization”", Rows: []fairlead.RegistrationRow{
					{Label: "Grant type", Kind: fairlead.RowTick, Value: "Authorization code", Note: "If there is a box for client credentials or “private consumer”, leave it unticked: Fairlead does not need it."},
					callback,
				}},
				{Title: "Tab “Scopes”", Rows: scopes},
			},
		},
		{
			ID: "consumers", Name: "OAuth consumers", Path: []string{"Workspace settings", "OAuth consumers", "Add consumer"},
			Groups: []fairlead.RegistrationGroup{
				{Title: "Form", Rows: []fairlead.RegistrationRow{
					name,
					{Label: "Description", Kind: fairlead.RowEmpty},
					callback,
					{Label: "URL", Kind: fairlead.RowEmpty},
					{Label: "This is a private consumer", Kind: fairlead.RowUntick, Note: "Fairlead works with and without it."},
				}},
				{Title: "Permissions", Rows: scopes},
			},
		},
	}
}
