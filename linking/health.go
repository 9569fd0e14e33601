package linking

import (
	"context"
	"slices"
	"strconv"
	"time"

	"fairlead"
)

type healthStore interface {
	SaveLinkHealth(ctx context.Context, id string, h fairlead.Health, r fairlead.Repository) error
	ListLinksToCheck(ctx context.Context, before time.Time, limit int) ([]fairlead.RepositoryLink, error)
	ListDeliveries(ctx context.Context, filter fairlead.DeliveryFilter, before fairlead.Cursor, limit int) ([]fairlead.Delivery, error)
}

// Names of the rows of a link's health.
const (
	rowConnection = "Connection"
	rowRepository = "Repository"
	rowBranch     = "Branch"
	rowWebhook    = "Webhook"
	rowDeliveries = "Deliveries"
)

// Check reads a link's health back from the host and stores it.
func (f *Flow) Check(ctx context.Context, l fairlead.RepositoryLink) (fairlead.Health, error) {
	p, err := f.provider(ctx, l.ProviderID)
	if err != nil {
		return fairlead.Health{}, err
	}
	return f.check(ctx, p, l)
}

func (f *Flow) check(ctx context.Context, p provider, l fairlead.RepositoryLink) (fairlead.Health, error) {
	known, err := f.gather(ctx, p, l)
	if err != nil {
		return fairlead.Health{}, err
	}
	if l, err = f.store.FindRepositoryLink(ctx, l.ID); err != nil { // the calls may have found its connection dead
		return fairlead.Health{}, err
	}
	if known.silent, err = f.isSilent(ctx, l); err != nil {
		return fairlead.Health{}, err
	}
	health := f.assess(p, l, known)
	return health, f.store.SaveLinkHealth(ctx, l.ID, health, known.repository)
}

// facts are what the host said about a link. Errors are diagnoses.
type facts struct {
	repository    fairlead.Repository // as stored, if the host did not say
	repositoryErr error
	branches      []fairlead.Branch
	more          bool // further branches were not looked at
	branchErr     error
	hook          *fairlead.Webhook // nil if there is none, or none was looked for
	hookErr       error
	silent        bool // the last pushes came without the webhook
}

// callsOfCheck is how many calls of the host a check takes at most, while lists fit on a page: the repository and the role in
// it, its branches, its webhooks.
const callsOfCheck = 4

// gather asks the host. What ends it is ours: the context, the database.
func (f *Flow) gather(ctx context.Context, p provider, l fairlead.RepositoryLink) (known facts, err error) {
	repo, err := f.findRepository(ctx, p, l.Connection.ID, l.Repository.ID)
	if err = known.keep(&known.repositoryErr, err); err != nil || known.repositoryErr != nil {
		known.repository, known.branchErr, known.hookErr = l.Repository, known.repositoryErr, known.repositoryErr
		return known, err
	}
	known.repository = repo
	known.branches, known.more, err = f.followed(ctx, p, l.Connection.ID, repo.ID, l.Rule)
	if err = known.keep(&known.branchErr, err); err != nil {
		return known, err
	}
	switch {
	case !f.canReach(p):
		return known, nil
	case repo.Access != "" && !repo.CanHook():
		known.hookErr = notAdmin(p.host.Kind(), repo, f.clock())
		return known, nil
	}
	hooks, err := f.webhooks(ctx, p, l, l.Connection.ID)
	for _, hook := range hooks {
		if hook.ID == l.Webhook.ID || known.hook == nil && hook.URL == f.WebhookURL(l.ID) {
			known.hook = &hook
		}
	}
	return known, known.keep(&known.hookErr, err)
}

// keep puts a diagnosis where it belongs and passes every other error on.
func (*facts) keep(place *error, err error) error {
	if d := diagnosisOf(err); d != nil {
		*place = d
		return nil
	}
	return err
}

// isSilent reports whether the last two pushes were found by the regular check, and the webhook told of none since.
func (f *Flow) isSilent(ctx context.Context, l fairlead.RepositoryLink) (bool, error) {
	const lookedAt, enough = 20, 2
	newest, err := f.store.ListDeliveries(ctx, fairlead.DeliveryFilter{LinkID: l.ID}, fairlead.Cursor{}, lookedAt)
	n := 0
	for _, d := range newest {
		switch {
		case d.Verdict == fairlead.VerdictCaughtUp && l.LastPushAt.Before(d.ReceivedAt):
			if n++; n == enough {
				return true, err
			}
		case d.Verdict == fairlead.VerdictCaughtUp, d.Source == fairlead.SourceWebhook:
			return false, err
		}
	}
	return false, err
}

// assess turns facts into the rows of a link's health.
func (f *Flow) assess(p provider, l fairlead.RepositoryLink, known facts) fairlead.Health {
	return fairlead.Health{CheckedAt: f.clock(), Checks: []fairlead.HealthCheck{
		f.connectionRow(l), repositoryRow(p.host.Kind(), l, known), branchRow(l, known), f.webhookRow(p, l, known), f.deliveriesRow(p, l, known),
	}}
}

func (f *Flow) connectionRow(l fairlead.RepositoryLink) fairlead.HealthCheck {
	c := l.Connection
	switch {
	case c.ID == "":
		return diagnosed(rowConnection, connectionMissing(l.Lost, f.clock()))
	case c.IsAlive():
		return fairlead.HealthCheck{Name: rowConnection, OK: true, Evidence: "alive, " + c.Person.Name + " as " + c.Account.Name}
	case c.Diagnosis == nil:
		return diagnosed(rowConnection, connectionMissing("", f.clock()))
	}
	return diagnosed(rowConnection, c.Diagnosis)
}

// isOfConnection reports whether an error tells of the connection, which has a row of its own.
func isOfConnection(err error) bool {
	return isDiagnosis(err, fairlead.DiagnosisConnectionExpired, fairlead.DiagnosisConnectionReplaced, fairlead.DiagnosisConnectionMissing)
}

// failedRow is a row for which the host was asked without success. again tells that another row says why.
func failedRow(name string, err error, again bool) fairlead.HealthCheck {
	if again || isOfConnection(err) || !isDiagnosis(err) {
		return fairlead.HealthCheck{Name: name, Evidence: "not known"}
	}
	return diagnosed(name, diagnosisOf(err))
}

func repositoryRow(k fairlead.Kind, l fairlead.RepositoryLink, known facts) fairlead.HealthCheck {
	if known.repositoryErr != nil {
		row := failedRow(rowRepository, known.repositoryErr, false)
		if row.Code == fairlead.DiagnosisRepositoryGone {
			row.Text = k.Host + " does not show " + l.Repository.FullName + " to " + l.Connection.Account.Name + " any more: it was deleted, or the account lost its " +
				"access. Give the account access again, let somebody else take the link over, or unlink it."
		}
		return row
	}
	row := fairlead.HealthCheck{Name: rowRepository, OK: true, Evidence: known.repository.FullName}
	if known.repository.FullName != l.Repository.FullName {
		row.Evidence += ", called " + l.Repository.FullName + " before"
	}
	if isDiagnosis(known.hookErr, fairlead.DiagnosisRepositoryNotAdmin) {
		return diagnosed(rowRepository, notAdmin(k, known.repository, time.Time{}))
	}
	return row
}

func branchRow(l fairlead.RepositoryLink, known facts) fairlead.HealthCheck {
	row := fairlead.HealthCheck{Name: rowBranch, OK: true}
	switch n := len(known.branches); {
	case known.branchErr != nil:
		return failedRow(rowBranch, known.branchErr, known.repositoryErr != nil)
	case n > 0 && fairlead.IsPattern(l.Rule.Branch):
		row.Evidence = l.Rule.Branch + " matches " + countedBranches(n)
	case n > 0:
		row.Evidence = l.Rule.Branch + " exists"
	case known.more:
		row.OK, row.Evidence = false, "not known"
		row.Text = "The repository has more branches than Fairlead looks at, and " + l.Rule.Branch + " is not among the first."
	case fairlead.IsPattern(l.Rule.Branch): // branches such as release/* may come later
		row.OK, row.Evidence = false, l.Rule.Branch+" matches no branch"
		row.Text = "No branch matches " + l.Rule.Branch + " at the moment. Pushes are recorded as soon as one does."
	default:
		row.OK, row.Code = false, fairlead.DiagnosisBranchMissing
		row.Text = "The branch " + l.Rule.Branch + " is not there any more. Change the link to follow another one, or push the branch again."
	}
	return row
}

func (f *Flow) webhookRow(p provider, l fairlead.RepositoryLink, known facts) fairlead.HealthCheck {
	host, hook := p.host.Kind().Host, known.hook
	bad := func(code fairlead.DiagnosisCode, text string) fairlead.HealthCheck {
		return fairlead.HealthCheck{Name: rowWebhook, Code: code, Text: text + " Choose Repair.", Repairable: true}
	}
	switch {
	case !f.canReach(p): // works as it was set up, and says how
		d := externalURLPrivate(host, f.external, f.clock())
		return fairlead.HealthCheck{Name: rowWebhook, OK: true, Evidence: "none: the regular check alone", Code: d.Code, Text: d.Title + ". " + d.Because}
	case known.hookErr != nil:
		row := failedRow(rowWebhook, known.hookErr, known.repositoryErr != nil || isDiagnosis(known.hookErr, fairlead.DiagnosisRepositoryNotAdmin))
		row.Repairable = l.Webhook.ID == "" // linking did not get so far
		return row
	case hook == nil:
		return bad(fairlead.DiagnosisWebhookMissing, "The webhook is not there any more at "+host+", so pushes are only found by the regular check.")
	case hook.URL != f.WebhookURL(l.ID):
		return bad(fairlead.DiagnosisWebhookElsewhere, "The webhook leads to "+hook.URL+" instead of "+f.WebhookURL(l.ID)+".")
	case !hook.Active:
		return bad(fairlead.DiagnosisWebhookInactive, "The webhook is switched off at "+host+".")
	case !hasAll(hook.Events, p.host.Events()):
		return bad(fairlead.DiagnosisWebhookEvents, "The webhook does not tell of everything that the link needs.")
	case !hook.Signed:
		return bad(fairlead.DiagnosisWebhookUnsigned, "The webhook has no secret at "+host+", so Fairlead refuses what it sends.")
	}
	return fairlead.HealthCheck{Name: rowWebhook, OK: true, Evidence: "present, active, signed"}
}

func (f *Flow) deliveriesRow(p provider, l fairlead.RepositoryLink, known facts) fairlead.HealthCheck {
	row := fairlead.HealthCheck{Name: rowDeliveries}
	switch {
	case !f.canReach(p):
		row.OK, row.Evidence = true, "found by the regular check"
	case known.silent:
		row.Code, row.Repairable = fairlead.DiagnosisWebhookSilent, true
		row.Text = "The last pushes were found by the regular check: their webhook never came. Choose Repair; if it stays, look whether a firewall or a proxy " +
			"before Fairlead refuses calls from " + p.host.Kind().Host + "."
	case l.LastPushAt.IsZero():
		row.Evidence = "none yet"
	default:
		row.OK, row.Evidence = true, "the last on "+l.LastPushAt.UTC().Format("2 January 2006, 15:04 UTC")
	}
	return row
}

func hasAll(has, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(event string) bool { return !slices.Contains(has, event) })
}

func countedBranches(n int) string {
	if n == 1 {
		return "1 branch"
	}
	return strconv.Itoa(n) + " branches"
}
