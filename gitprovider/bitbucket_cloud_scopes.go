package gitprovider

import (
	"slices"
	"strings"

	"fairlead"
)

// Ids of the permissions to tick at Bitbucket.
const (
	permissionAccount      = "account"
	permissionWebhooks     = "webhooks"
	permissionRepositories = "repositories"
)

// bitbucketScopeNames say which scopes give a permission, in the classic naming of OAuth clients and in the granular one
// of API tokens (Bitbucket Cloud REST scopes). Which of the two new clients report is not documented, so both count.
// In the granular family write does not imply read, so each name is needed.
var bitbucketScopeNames = map[string]struct{ classic, granular []string }{
	permissionAccount:      {[]string{"account"}, []string{"read:user:bitbucket", "read:workspace:bitbucket"}},
	permissionWebhooks:     {[]string{"webhook"}, []string{"read:webhook:bitbucket", "write:webhook:bitbucket"}},
	permissionRepositories: {[]string{"repository:write"}, []string{"read:repository:bitbucket", "write:repository:bitbucket"}},
}

// bitbucketClassicScopes are the classic scopes that we can read, with the box that gives each.
var bitbucketClassicScopes = map[string]string{
	"account": "Account: Read", "account:write": "Account: Write", "email": "Account: Email",
	"repository": "Repositories: Read", "repository:write": "Repositories: Write", "repository:admin": "Repositories: Admin", "repository:delete": "Repositories: Delete",
	"pullrequest": "Pull requests: Read", "pullrequest:write": "Pull requests: Write",
	"webhook": "Webhooks: Read and write", "project": "Projects: Read", "project:admin": "Projects: Admin",
	"issue": "Issues: Read", "issue:write": "Issues: Write", "wiki": "Wikis: Read and write", "snippet": "Snippets: Read", "snippet:write": "Snippets: Write",
	"pipeline": "Pipelines: Read", "pipeline:write": "Pipelines: Write", "pipeline:variable": "Pipelines: Edit variables", "runner": "Runners: Read", "runner:write": "Runners: Write",
}

// bitbucketGrant is what a list of scopes says about one permission.
type bitbucketGrant int

const (
	grantUnknown bitbucketGrant = iota // the list says nothing that we can read about it
	granted
	notGranted
)

// bitbucketGranted judges a permission by the scopes that Bitbucket named.
func bitbucketGranted(permission string, scopes []string) bitbucketGrant {
	need := bitbucketScopeNames[permission]
	switch {
	case containsAll(scopes, need.granular):
		return granted
	case containsAll(scopes, need.classic):
		return granted
	case permission == permissionAccount && slices.Contains(scopes, "account:write"):
		return granted // write implies read among classic scopes
	case permission == permissionRepositories && slices.Contains(scopes, "pullrequest:write"):
		return grantUnknown // said to imply repository:write, but no document shows it
	case slices.ContainsFunc(scopes, isBitbucketScope):
		return notGranted
	}
	return grantUnknown
}

func isBitbucketScope(scope string) bool {
	return bitbucketClassicScopes[scope] != "" || strings.HasSuffix(scope, ":bitbucket")
}

func containsAll(have, need []string) bool {
	for _, n := range need {
		if !slices.Contains(have, n) {
			return false
		}
	}
	return true
}

// bitbucketMissing lists the ids of permissions that the scopes show not to be granted.
func bitbucketMissing(scopes []string) (missing []string) {
	for _, p := range bitbucketCloudPermissions() {
		if bitbucketGranted(p.ID, scopes) == notGranted {
			missing = append(missing, p.ID)
		}
	}
	return missing
}

// bitbucketLacking lists the ids of permissions that are missing by a 403: what the call required beyond what is granted,
// and what else is not granted, so that all boxes can be ticked at once. The call requires more than what lacks, so what
// is granted never counts. A nil list of grants was not sent; an empty one says that nothing is granted.
func bitbucketLacking(required, grants []string) (missing []string) {
	for _, p := range bitbucketCloudPermissions() {
		need := bitbucketScopeNames[p.ID]
		// Reading needs "repository"; the box to tick is still Write, which implies it.
		names := append(slices.Concat(need.classic, need.granular), strings.TrimSuffix(need.classic[0], ":write"))
		isRequired := slices.ContainsFunc(required, func(r string) bool { return slices.Contains(names, r) })
		nothing := grants != nil && len(grants) == 0
		switch bitbucketGranted(p.ID, grants) {
		case notGranted:
			missing = append(missing, p.ID)
		case grantUnknown:
			if isRequired || nothing {
				missing = append(missing, p.ID)
			}
		case granted:
		}
	}
	return missing
}

// bitbucketBoxes names the boxes behind scopes, for people. An unknown scope is named as it is.
func bitbucketBoxes(scopes []string) []string {
	var boxes []string
	for _, scope := range scopes {
		box := bitbucketClassicScopes[scope]
		if box == "" {
			box = scope
		}
		if !slices.Contains(boxes, box) {
			boxes = append(boxes, box)
		}
	}
	return boxes
}

// bitbucketExtras lists the boxes that were granted although nothing needs them. What a needed box implies is no extra.
func bitbucketExtras(scopes []string) []string {
	implied := []string{"repository", "delete:webhook:bitbucket"}
	for _, need := range bitbucketScopeNames {
		implied = append(implied, slices.Concat(need.classic, need.granular)...)
	}
	var extra []string
	for _, scope := range scopes {
		if !slices.Contains(implied, scope) {
			extra = append(extra, scope)
		}
	}
	return bitbucketBoxes(extra)
}

// permissionMissing names the boxes to tick.
func permissionMissing(k fairlead.Kind, missing, scopes []string) *fairlead.Diagnosis {
	var names []string
	for _, id := range missing {
		names = append(names, k.Permission(id).Name())
	}
	verb, them, these := "is", "it", "this permission is"
	if len(names) > 1 {
		verb, them, these = "are", "they", "these permissions are"
	}
	d := &fairlead.Diagnosis{
		Code:    fairlead.DiagnosisPermissionMissing,
		Field:   fairlead.FieldPermissions,
		Missing: missing,
		Title:   joinAnd(names) + " " + verb + " not ticked on " + k.Host,
		Because: k.Host + " says that " + these + " not granted.",
		Fix: []string{
			"On " + k.Name + ", open the OAuth client (or consumer) that you registered for Fairlead and tick **" + strings.Join(names, "** and **") + "**. Save.",
			"Choose **Next** here. Access must be granted again, so " + k.Host + " may ask you to **" + k.GrantButton + "** once more.",
		},
		Hints: []string{"If " + them + " already " + verb + " ticked, the tick may be newer than what was granted: choosing Next again is then enough."},
	}
	if len(scopes) > 0 {
		d.Because = "What " + k.Host + " granted: " + joinAnd(bitbucketBoxes(scopes)) + "."
	}
	return d
}

func joinAnd(items []string) string {
	switch len(items) {
	case 0:
		return "nothing"
	case 1:
		return items[0]
	}
	return strings.Join(items[:len(items)-1], ", ") + " and " + items[len(items)-1]
}
