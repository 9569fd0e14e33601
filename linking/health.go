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
	ListRejections(ctx context.Context, linkID string) ([]fairlead.Rejection, error) // newest first
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
	health, _, err := f.checkInTurn(ctx, p, l)
	return health, err
}

// checkInTurn is check for callers that do not have the repository's turn. The second result is why the host did not answer for
// the repository, if it did not.
func (f *Flow) checkInTurn(ctx context.Context, p provider, l fairlead.RepositoryLink) (fairlead.Health, error, error) {
	done, err := f.turns.take(ctx, turnAt(l.ProviderID, l.Repository.ID))
	if err != nil {
		return fairlead.Health{}, nil, err
	}
	defer done()
	return f.check(ctx, p, l)
}

func (f *Flow) check(ctx context.Context, p provider, l fairlead.RepositoryLink) (health fairlead.Health, unanswered, err error) {
	known, err := f.gather(ctx, p, l)
	if err != nil {
		return health, nil, err
	}
	if l, err = f.store.FindRepositoryLink(ctx, l.ID); err != nil { // the calls may have found its connection dead
		return health, known.repositoryErr, err
	}
	if l, err = f.settled(ctx, l, known.hook); err != nil {
		return health, known.repositoryErr, err
	}
	if known.refused, err = f.refusedSince(ctx, l); err != nil {
		return health, known.repositoryErr, err
	}
	if known.silent, err = f.isSilent(ctx, l); err != nil {
		return health, known.repositoryErr, err
	}
	health = f.assess(p, l, known)
	if known.repositoryErr != nil { // a push may have told another name meanwhile
		known.repository = fairlead.Repository{}
	}
	return health, known.repositoryErr, f.store.SaveLinkHealth(ctx, l.ID, health, known.repository)
}

// settled writes down where the webhook is and leads, since the process may have ended before that was stored, and ends a
// rotation whose old secret nothing was signed with for long enough.
func (f *Flow) settled(ctx context.Context, l fairlead.RepositoryLink, hook *fairlead.Webhook) (fairlead.RepositoryLink, error) {
	if isUntold(l) || hook == nil {
		return l, nil
	}
	if !l.OldSecret.IsZero() && f.clock().Sub(l.SecretTold) > rotationTime {
		if err := f.store.DropOldSecret(ctx, l.ID, l.OldSecret); err != nil {
			return l, err
		}
	}
	if hook.ID == l.Webhook.ID && hook.URL == l.Webhook.URL {
		return l, nil
	}
	l.Webhook = *hook
	return l, f.store.UpdateLinkWebhook(ctx, fairlead.System(), l.ID, *hook)
}

// rotationTime is how long after the host has the new secret the old one is accepted at most: for deliveries on their way. A
// delivery that is signed with the new one ends it sooner.
const rotationTime = time.Hour

// isUntold reports whether a link's secret was rotated and the host does not have the new one for certain.
func isUntold(l fairlead.RepositoryLink) bool { return !l.OldSecret.IsZero() && l.SecretTold.IsZero() }

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
	refused       bool // what came last was refused for its signature
}

// gather asks the host: for the repository, its branches and its webhooks, one request each while lists fit on a page. Who may
// read webhooks administers the repository, so the role is asked for only to say what it is instead. What ends it is ours: the
// context, the database.
func (f *Flow) gather(ctx context.Context, p provider, l fairlead.RepositoryLink) (known facts, err error) {
	repo, err := call(ctx, f, l.Connection.ID, func(ctx context.Context, access fairlead.Secret) (fairlead.Repository, error) {
		return p.host.ReadRepository(ctx, access, l.Repository.ID)
	})
	if err = known.keep(&known.repositoryErr, err); err != nil || known.repositoryErr != nil {
		known.repository, known.branchErr, known.hookErr = l.Repository, known.repositoryErr, known.repositoryErr
		return known, err
	}
	known.repository = repo
	known.branches, known.more, err = f.followed(ctx, p, l.Connection.ID, repo.ID, l.Rule)
	if err = known.keep(&known.branchErr, err); err != nil || !f.canReach(p) {
		return known, err
	}
	hooks, err := f.webhooks(ctx, p, l, l.Connection.ID)
	for _, hook := range hooks {
		if hook.ID == l.Webhook.ID || known.hook == nil && hook.URL == f.WebhookURL(l.ID) {
			known.hook = &hook
		}
	}
	if isDiagnosis(err, fairlead.DiagnosisRepositoryNotAdmin) {
		if seen, roleErr := f.findRepository(ctx, p, l.Connection.ID, l.Repository.ID); roleErr == nil && !seen.CanHook() {
			known.repository = seen
		}
	}
	return known, known.keep(&known.hookErr, err)
}

// keep puts a diagnosis where it belongs and passes every other error on.
func (*facts) keep(place *error, err error) error {
	if d := fairlead.DiagnosisOf(err); d != nil {
		*place = d
		return nil
	}
	return err
}

// refusedSince reports whether something came since the last good delivery that was refused for its signature.
func (f *Flow) refusedSince(ctx context.Context, l fairlead.RepositoryLink) (bool, error) {
	refused, err := f.store.ListRejections(ctx, l.ID)
	if err != nil || len(refused) == 0 {
		return false, err
	}
	last := refused[0]
	bySignature := last.Code == fairlead.DiagnosisSignatureWrong || last.Code == fairlead.DiagnosisSignatureMissing
	return bySignature && last.At.After(l.LastPushAt), nil
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
		return diagnosed(rowConnection, fairlead.ConnectionMissing(l.Lost, f.clock()))
	case c.IsAlive():
		return fairlead.HealthCheck{Name: rowConnection, OK: true, Evidence: "alive, " + c.Person.Name + " as " + c.Account.Name}
	case c.Diagnosis == nil:
		return diagnosed(rowConnection, fairlead.ConnectionMissing("", f.clock()))
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
	return diagnosed(name, fairlead.DiagnosisOf(err))
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
	switch {
	case !isDiagnosis(known.hookErr, fairlead.DiagnosisRepositoryNotAdmin):
	case known.repository.Access == "": // the host does not say which role it is
		return diagnosed(rowRepository, fairlead.DiagnosisOf(known.hookErr))
	default:
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
	case isUntold(l):
		return bad(fairlead.DiagnosisWebhookUnsigned, "The secret was rotated, and "+host+" does not have the new one for certain. Until it has, both are accepted.")
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
	case known.refused:
		row.Code, row.Repairable, row.Evidence = fairlead.DiagnosisSignatureWrong, true, "the last one was refused"
		row.Text = "What came last to the webhook’s address was not signed with this link’s secret. If a push of yours is missing, choose Repair: " + p.host.Kind().Host +
			" then gets the secret again. If none is, somebody else sent it; nothing of it was kept."
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
