package linking

import (
	"context"
	"slices"
	"strings"

	"fairlead"
)

// WhyMissing answers "Why is my repository missing?": the known causes in their order, each checked. It ends with the
// first that explains it. CodeInvalid with the field "repository" if what was typed names none.
func (f *Flow) WhyMissing(ctx context.Context, c fairlead.Connection, typed string) ([]fairlead.HealthCheck, error) {
	p, err := f.provider(ctx, c.ProviderID)
	if err != nil {
		return nil, err
	}
	kind := p.host.Kind()
	name, ok := p.host.ParseRepositoryURL(strings.TrimSpace(typed))
	if !ok {
		return nil, repositoryUnnamed(kind)
	}
	owners, err := f.Owners(ctx, c)
	if d := fairlead.DiagnosisOf(err); d != nil {
		return []fairlead.HealthCheck{diagnosed("Connection", d)}, nil
	}
	if err != nil {
		return nil, err
	}
	checks := []fairlead.HealthCheck{{Name: "Connection", OK: true, Evidence: "alive, as " + c.Account.Name}}
	owner, _, _ := strings.Cut(name, "/")
	belongs := fairlead.HealthCheck{Name: kind.Owner.Label, Evidence: owner}
	belongs.OK = slices.ContainsFunc(owners, func(o fairlead.RepositoryOwner) bool { return strings.EqualFold(o.Slug, owner) })
	if !belongs.OK {
		belongs.Text = c.Account.Name + " does not belong to " + owner + ", so its repositories are not in the list. If that is the wrong account, " +
			"sign out at " + kind.Host + ", connect again and sign in there with the right one."
	}
	checks = append(checks, belongs)
	repo, err := f.findRepository(ctx, p, c.ID, name)
	if d := fairlead.DiagnosisOf(err); d != nil {
		row := diagnosed("Repository", d)
		if d.Code == fairlead.DiagnosisRepositoryGone {
			row.Text = kind.Host + " does not show " + name + " to " + c.Account.Name + ". It does not say whether there is no such repository, or " +
				"this account may not see it. Compare the address; then ask an admin of the repository for access."
		}
		return append(checks, row), nil
	}
	if err != nil {
		return nil, err
	}
	return append(checks, fairlead.HealthCheck{Name: "Repository", OK: true, Evidence: "found as " + repo.FullName}, roleRow(kind, repo)), nil
}

// roleRow says whether the account may do what a link needs.
func roleRow(k fairlead.Kind, repo fairlead.Repository) fairlead.HealthCheck {
	row := fairlead.HealthCheck{Name: "Role", OK: repo.CanHook(), Evidence: repo.Access}
	switch {
	case row.OK:
	case repo.Access == "":
		row.Evidence = "not known"
		row.Text = k.Host + " did not say what this account may do in " + repo.FullName + "."
	default:
		row.Code = fairlead.DiagnosisRepositoryNotAdmin
		row.Text = "The account has " + repo.Access + " there. Webhooks need the admin role: ask an admin of the repository for it, or to link it here."
	}
	return row
}
