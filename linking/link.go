package linking

import (
	"context"
	"slices"

	"fairlead"
)

type linkStore interface {
	CreateRepositoryLink(ctx context.Context, by fairlead.Actor, l fairlead.RepositoryLink, heads []fairlead.Branch) (fairlead.RepositoryLink, error)
	FindRepositoryLink(ctx context.Context, id string) (fairlead.RepositoryLink, error)
	ListRepositoryLinks(ctx context.Context, filter fairlead.LinkFilter) ([]fairlead.RepositoryLink, error)
	UpdateLinkRule(ctx context.Context, by fairlead.Actor, id string, rule fairlead.LinkRule, heads []fairlead.Branch) error
	UpdateLinkConnection(ctx context.Context, by fairlead.Actor, id, connectionID string) error
	RemoveRepositoryLink(ctx context.Context, by fairlead.Actor, id, note string) error
}

// MayLink is nil for whoever may link, change and unlink repositories of the project: all its people. CodeConflict while
// it is archived.
func (a Access) MayLink() error {
	if a.Project.IsArchived() {
		return fairlead.Errorf(fairlead.CodeConflict, "%s is archived. Restore it before you link a repository.", a.Project.Name)
	}
	return nil
}

// owns is CodeNotFound for a link of another project.
func (a Access) owns(l fairlead.RepositoryLink) error {
	if l.Project.ID == "" || l.Project.ID != a.Project.ID {
		return fairlead.Errorf(fairlead.CodeNotFound, "There is no such link in %s. It may have been removed.", a.Project.Name)
	}
	return nil
}

// NewLinkID is what a form carries, so that it makes one link however often it is sent.
func (f *Flow) NewLinkID() string { return fairlead.NewID(f.random, fairlead.PrefixRepositoryLink) }

// WebhookURL is where the webhook of a link leads.
func (f *Flow) WebhookURL(linkID string) string { return f.external + hooksPath + linkID }

// Plan is what linking would make.
type Plan struct {
	LinkID     string // for the form that confirms
	WebhookURL string
	Events     []string                  // that the webhook subscribes to, as the host names them
	Polling    bool                      // the host reaches no private external URL: no webhook, only the regular check
	Existing   []fairlead.RepositoryLink // of the same repository in this project
	Branches   []fairlead.Branch         // that the rule follows now; may be empty for a pattern
	BranchHead string                    // of the branch, or of the first that the pattern matches; "" if none does
}

// Plan checks whether a repository can be linked so, and says what that makes. CodeInvalid with the field "branch" for a
// branch that is not there; DiagnosisRepositoryNotAdmin.
func (f *Flow) Plan(ctx context.Context, a Access, c fairlead.Connection, repo fairlead.Repository, rule fairlead.LinkRule) (Plan, error) {
	if err := a.MayLink(); err != nil {
		return Plan{}, err
	}
	p, err := f.provider(ctx, c.ProviderID)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{LinkID: f.NewLinkID(), Polling: !f.canReach(p)}
	plan.WebhookURL, plan.Events = f.WebhookURL(plan.LinkID), p.host.Events()
	if plan.Branches, err = f.heads(ctx, p, c.ID, repo, rule); err != nil {
		return plan, err
	}
	if len(plan.Branches) > 0 {
		plan.BranchHead = plan.Branches[0].Head
	}
	plan.Existing, err = f.store.ListRepositoryLinks(ctx, fairlead.LinkFilter{ProjectID: a.Project.ID, ProviderID: c.ProviderID, RepositoryID: repo.ID})
	return plan, err
}

// heads checks the role and the branch, and returns the branches that a rule follows.
func (f *Flow) heads(ctx context.Context, p provider, connectionID string, repo fairlead.Repository, rule fairlead.LinkRule) ([]fairlead.Branch, error) {
	if !repo.CanHook() {
		return nil, notAdmin(p.host.Kind(), repo, f.clock())
	}
	branches, _, err := f.followed(ctx, p, connectionID, repo.ID, rule)
	if err != nil || len(branches) > 0 || fairlead.IsPattern(rule.Branch) {
		return branches, err
	}
	var v fairlead.Invalid
	if repo.MainBranch == "" {
		v.Add(FieldBranch, "Push a first commit to %s, then link it: it has no branch yet", repo.FullName)
	} else {
		v.Add(FieldBranch, "Enter a branch of %s: it has none called %s", repo.FullName, rule.Branch)
	}
	return nil, v.Err()
}

// Link joins a project with a repository, by the actor's own connection. First the row is stored, then the webhook is made
// and its id stored, so that no webhook is left behind that nothing knows of. If the host does not make the webhook, the
// link is there all the same and its health says what is missing. The same id makes the same link again.
func (f *Flow) Link(ctx context.Context, by fairlead.Actor, a Access, id string, c fairlead.Connection, repo fairlead.Repository, rule fairlead.LinkRule) (fairlead.RepositoryLink, error) {
	if err := a.MayLink(); err != nil {
		return fairlead.RepositoryLink{}, err
	}
	if c.Person.ID != by.PersonID {
		return fairlead.RepositoryLink{}, fairlead.Errorf(fairlead.CodeForbidden, "A link is made with one’s own connection only.")
	}
	if !fairlead.IsID(id, fairlead.PrefixRepositoryLink) {
		id = f.NewLinkID()
	}
	p, err := f.provider(ctx, c.ProviderID)
	if err != nil {
		return fairlead.RepositoryLink{}, err
	}
	seen, err := f.findRepository(ctx, p, c.ID, repo.ID) // the form carries an id; the host says the rest
	if err != nil {
		return fairlead.RepositoryLink{}, err
	}
	done, err := f.turns.take(ctx, turnAt(p.ID, seen.ID))
	if err != nil {
		return fairlead.RepositoryLink{}, err
	}
	defer done()
	heads, err := f.heads(ctx, p, c.ID, seen, rule)
	if err != nil {
		return fairlead.RepositoryLink{}, err
	}
	link, err := f.store.CreateRepositoryLink(ctx, by, fairlead.RepositoryLink{
		ID: id, Project: a.Project, ProviderID: p.ID, Connection: c, Repository: seen, Rule: rule, Secret: fairlead.NewSecret(fairlead.NewToken(f.random)),
		CreatedBy: fairlead.Person{ID: by.PersonID, Name: by.Name}, CreatedAt: f.clock(),
	}, heads)
	if err == nil {
		err = a.owns(link)
	}
	if err == nil && link.Repository.ID != seen.ID {
		err = fairlead.Errorf(fairlead.CodeConflict, "This form made the link with %s already. Begin again to link another repository.", link.Repository.FullName)
	}
	if err != nil {
		return fairlead.RepositoryLink{}, err
	}
	return f.hooked(context.WithoutCancel(ctx), by, p, id, facts{repository: seen, branches: heads})
}

// hooked is the second half of linking: the webhook, and what is known of the link's health afterwards.
func (f *Flow) hooked(ctx context.Context, by fairlead.Actor, p provider, id string, known facts) (fairlead.RepositoryLink, error) {
	if f.canReach(p) {
		hook, err := f.ensureWebhook(ctx, by, p, id)
		if err != nil && !isDiagnosis(err) {
			return fairlead.RepositoryLink{}, err
		}
		known.hook, known.hookErr = &hook, err
	}
	link, err := f.store.FindRepositoryLink(ctx, id)
	if err != nil {
		return link, err
	}
	link.Health = f.assess(p, link, known)
	return link, f.store.SaveLinkHealth(ctx, id, link.Health, known.repository)
}

// LinksOf lists the links of a project.
func (f *Flow) LinksOf(ctx context.Context, a Access) ([]fairlead.RepositoryLink, error) {
	return f.store.ListRepositoryLinks(ctx, fairlead.LinkFilter{ProjectID: a.Project.ID})
}

// FindLink finds a link of a project; CodeNotFound for those of others.
func (f *Flow) FindLink(ctx context.Context, a Access, id string) (fairlead.RepositoryLink, error) {
	if !fairlead.IsID(id, fairlead.PrefixRepositoryLink) {
		return fairlead.RepositoryLink{}, a.owns(fairlead.RepositoryLink{})
	}
	link, err := f.store.FindRepositoryLink(ctx, id)
	if err == nil {
		err = a.owns(link)
	}
	if err != nil {
		return fairlead.RepositoryLink{}, err
	}
	return link, nil
}

// ChangeRule makes a link follow something else. CodeInvalid with the field "branch" for a branch that is not there.
func (f *Flow) ChangeRule(ctx context.Context, by fairlead.Actor, a Access, l fairlead.RepositoryLink, rule fairlead.LinkRule) error {
	if err := a.owns(l); err != nil {
		return err
	}
	if rule.Branch == l.Rule.Branch {
		return f.store.UpdateLinkRule(ctx, by, l.ID, rule, nil)
	}
	p, err := f.provider(ctx, l.ProviderID)
	if err != nil {
		return err
	}
	repo := l.Repository
	repo.Access = fairlead.AccessAdmin // following another branch takes no more than reading
	added, err := f.heads(ctx, p, l.Connection.ID, repo, rule)
	if err != nil {
		return err
	}
	added = slices.DeleteFunc(added, func(b fairlead.Branch) bool { return l.Rule.FollowsBranch(b.Name) })
	if err := f.store.UpdateLinkRule(ctx, by, l.ID, rule, added); err != nil {
		return err
	}
	if l, err = f.store.FindRepositoryLink(ctx, l.ID); err != nil {
		return err
	}
	_, _, err = f.checkInTurn(ctx, p, l) // what health says of the branch is of the old one
	return err
}

// TakeOver makes a link act by the person's own connection, after the host said that its account administers the
// repository.
func (f *Flow) TakeOver(ctx context.Context, by fairlead.Actor, person fairlead.Person, a Access, l fairlead.RepositoryLink) error {
	if err := a.owns(l); err != nil {
		return err
	}
	p, err := f.provider(ctx, l.ProviderID)
	if err != nil {
		return err
	}
	own, found, err := f.Connection(ctx, person, l.ProviderID)
	switch {
	case err != nil:
		return err
	case !found:
		return fairlead.Errorf(fairlead.CodeConflict, "Connect your %s account first, then take the link over.", p.host.Kind().Host)
	}
	repo, err := f.findRepository(ctx, p, own.ID, l.Repository.ID)
	if err != nil {
		return err
	}
	if !repo.CanHook() {
		return notAdmin(p.host.Kind(), repo, f.clock())
	}
	if err := f.store.UpdateLinkConnection(ctx, by, l.ID, own.ID); err != nil {
		return err
	}
	if l, err = f.store.FindRepositoryLink(ctx, l.ID); err != nil {
		return err
	}
	_, _, err = f.checkInTurn(ctx, p, l)
	return err
}
