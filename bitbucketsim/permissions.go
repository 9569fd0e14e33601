package bitbucketsim

import (
	"slices"
	"strings"
)

// permissionGroup is one group of checkboxes of the "OAuth client" form; each box is one classic scope.
type permissionGroup struct {
	Name  string
	Boxes []permissionBox
}

type permissionBox struct {
	Scope string
	Label string
}

// ID is the checkbox's id on the page.
func (b permissionBox) ID() string { return "permission-" + strings.ReplaceAll(b.Scope, ":", "-") }

// permissionGroups is the form's own order (documented: "Bitbucket Cloud REST API scopes").
func permissionGroups() []permissionGroup {
	return []permissionGroup{
		{"Account", []permissionBox{{"email", "Email"}, {"account", "Read"}, {"account:write", "Write"}}},
		{"Projects", []permissionBox{{"project", "Read"}, {"project:admin", "Admin"}}},
		{"Repositories", []permissionBox{
			{"repository", "Read"}, {"repository:write", "Write"}, {"repository:admin", "Admin"}, {"repository:delete", "Delete"},
		}},
		{"Pull requests", []permissionBox{{"pullrequest", "Read"}, {"pullrequest:write", "Write"}}},
		{"Issues", []permissionBox{{"issue", "Read"}, {"issue:write", "Write"}}},
		{"Wikis", []permissionBox{{"wiki", "Read and write"}}},
		{"Snippets", []permissionBox{{"snippet", "Read"}, {"snippet:write", "Write"}}},
		{"Webhooks", []permissionBox{{"webhook", "Read and write"}}},
		{"Pipelines", []permissionBox{{"pipeline", "Read"}, {"pipeline:write", "Write"}, {"pipeline:variable", "Edit variables"}}},
		{"Runners", []permissionBox{{"runner", "Read"}, {"runner:write", "Write"}}},
	}
}

// knownPermissions keeps those names that are boxes, in the form's order, each once; unknown ones come back separately.
func knownPermissions(names []string) (known, unknown []string) {
	var all []string
	for _, group := range permissionGroups() {
		for _, box := range group.Boxes {
			all = append(all, box.Scope)
			if slices.Contains(names, box.Scope) {
				known = append(known, box.Scope)
			}
		}
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			unknown = append(unknown, name)
		}
	}
	return known, unknown
}

// permissionLabels says permissions in the words of the form: "Repositories: Write".
func permissionLabels(names []string) []string {
	var labels []string
	for _, group := range permissionGroups() {
		for _, box := range group.Boxes {
			if slices.Contains(names, box.Scope) {
				labels = append(labels, group.Name+": "+box.Label)
			}
		}
	}
	return labels
}

// withImplied adds what each permission brings along. Documented: write implies read, pullrequest implies repository,
// and repository:admin implies nothing.
func withImplied(names []string) []string {
	var all []string
	var add func(string)
	add = func(name string) {
		if slices.Contains(all, name) {
			return
		}
		all = append(all, name)
		for _, implied := range impliedBy(name) {
			add(implied)
		}
	}
	for _, name := range names {
		add(name)
	}
	return all
}

func impliedBy(name string) []string {
	switch name {
	case "pullrequest":
		return []string{"repository"}
	case "pullrequest:write":
		return []string{"pullrequest", "repository:write"}
	case "pipeline:variable":
		return []string{"pipeline"}
	}
	if read, isWrite := strings.CutSuffix(name, ":write"); isWrite {
		return []string{read}
	}
	return nil
}

// granularNames translates classic scopes into the second naming family of API tokens and Forge. There write does not imply
// read, so both are named. That OAuth clients ever report them is assumed.
func granularNames(names []string) []string {
	var granular []string
	add := func(more ...string) {
		for _, name := range more {
			if name += ":bitbucket"; !slices.Contains(granular, name) {
				granular = append(granular, name)
			}
		}
	}
	for _, name := range withImplied(names) {
		subject, verb, _ := strings.Cut(name, ":")
		switch {
		case name == "account":
			add("read:user", "read:workspace")
		case name == "account:write":
			add("write:user")
		case name == "email":
			add("read:user")
		case name == "webhook":
			add("read:webhook", "write:webhook", "delete:webhook")
		case name == "wiki":
			add("read:wiki", "write:wiki")
		case name == "pipeline:variable":
			add("admin:pipeline")
		case verb == "":
			add("read:" + subject)
		default:
			add(verb + ":" + subject)
		}
	}
	return granular
}

// scopeNames says permissions as the host would report them under these faults.
func (f Faults) scopeNames(permissions []string) []string {
	if f.GranularScopes {
		return granularNames(permissions)
	}
	return slices.Clone(permissions)
}
