package gitprovider

import (
	"context"
	"net/http"
	"net/url"

	"fairlead"
)

// Linker is a Host whose repositories projects can be linked with. Its parts are what different flows need of it. Errors
// are *fairlead.Diagnosis, or the context's own error. An access token that the host no longer takes is
// fairlead.DiagnosisTokenRejected, whatever the call.
type Linker interface {
	Host
	Connector
	Browser
	Hooker
	Receiver
}

// Connector keeps a person's authorization alive.
type Connector interface {
	// Connect turns the code of a callback into tokens that are kept, and asks the host whose they are.
	Connect(ctx context.Context, app App, code, verifier fairlead.Secret) (fairlead.Tokens, fairlead.Account, error)
	// Refresh gets new tokens. Where the host does not rotate, the refresh token stays the same.
	// DiagnosisConnectionExpired: the host refused the refresh token; DiagnosisCredentials: it refused the application.
	Refresh(ctx context.Context, app App, tokens fairlead.Tokens) (fairlead.Tokens, error)
}

// RepositoryQuery asks for one page of the repositories of one owner.
type RepositoryQuery struct {
	Owner  string // slug
	Search string // part of a name; "" is all
	Page   string // Next of the page before; "" is the first
}

// RepositoryPage is one page of a list.
type RepositoryPage struct {
	Repositories []fairlead.Repository
	Next         string // opaque; "" on the last page
}

// Browser reads what a connection's account can see. A repository is named by the host's immutable id, or by its full
// name where somebody typed it. DiagnosisRepositoryGone: there is no such repository, or the account may not see it; hosts
// do not tell which. DiagnosisEndpointRemoved: the host answers that it no longer offers the call.
type Browser interface {
	// RepositoryOwners lists what the account belongs to.
	RepositoryOwners(ctx context.Context, access fairlead.Secret) ([]fairlead.RepositoryOwner, error)
	// ListRepositories returns repositories with what the account may do in each.
	ListRepositories(ctx context.Context, access fairlead.Secret, query RepositoryQuery) (RepositoryPage, error)
	// ReadRepository returns one without what the account may do in it, in one request.
	ReadRepository(ctx context.Context, access fairlead.Secret, repository string) (fairlead.Repository, error)
	// FindRepository returns one, with what the account may do in it.
	FindRepository(ctx context.Context, access fairlead.Secret, repository string) (fairlead.Repository, error)
	// ListBranches returns the branches whose name contains search, the first few hundred; more tells that there are more.
	ListBranches(ctx context.Context, access fairlead.Secret, repository, search string) (branches []fairlead.Branch, more bool, err error)
	// ListTags returns the tags, those of the newest commits first, the first few hundred; more tells that there are more. With a
	// name it returns that one, or none.
	ListTags(ctx context.Context, access fairlead.Secret, repository, name string) (tags []fairlead.Tag, more bool, err error)
	// ListFiles returns the paths of a commit, the first few thousand; more tells that there are more.
	ListFiles(ctx context.Context, access fairlead.Secret, repository, commit string) (paths []string, more bool, err error)
	// FindCommit returns a commit by its hash or the beginning of one; DiagnosisCommitMissing.
	FindCommit(ctx context.Context, access fairlead.Secret, repository, hash string) (fairlead.Commit, error)
	// Reaches reports whether a commit belongs to the history of another one.
	Reaches(ctx context.Context, access fairlead.Secret, repository, from, commit string) (bool, error)
	// MainBranch returns the branch that new ones are compared with; the zero one if there is none.
	MainBranch(ctx context.Context, access fairlead.Secret, repository string) (fairlead.Branch, error)
	// Compare tells what a push from old to new changed. An old of "" is a new ref: it is compared with the main branch, and
	// in a repository that had nothing before, with nothing; where the repository has its MainHead, that is not asked again.
	// DiagnosisCommitMissing if one of them is gone.
	Compare(ctx context.Context, access fairlead.Secret, repository fairlead.Repository, change fairlead.RefChange) (fairlead.Comparison, error)
	// ParseRepositoryURL takes a pasted address, or a full name, and returns the full name; false if it is neither.
	ParseRepositoryURL(typed string) (string, bool)
	// CommitURL is the page of a commit.
	CommitURL(repository fairlead.Repository, hash string) string
}

// WebhookSpec is how a webhook should be.
type WebhookSpec struct {
	URL    string
	Secret fairlead.Secret // zero on an update: the host keeps the one it has
}

// Hooker manages webhooks. DiagnosisRepositoryNotAdmin: the account may not; DiagnosisWebhookRefused: the host does not
// take the address.
type Hooker interface {
	// CanReach reports whether the host can be expected to reach an address of ours: hosts in the cloud reach no private one.
	CanReach(address *url.URL) bool
	// Events lists what a webhook of ours subscribes to, as the host names it.
	Events() []string
	ListWebhooks(ctx context.Context, access fairlead.Secret, repository string) ([]fairlead.Webhook, error)
	CreateWebhook(ctx context.Context, access fairlead.Secret, repository string, spec WebhookSpec) (fairlead.Webhook, error)
	// UpdateWebhook makes an existing webhook as it should be: active, signed, with our events. DiagnosisWebhookMissing.
	UpdateWebhook(ctx context.Context, access fairlead.Secret, repository, id string, spec WebhookSpec) (fairlead.Webhook, error)
	// RemoveWebhook removes a webhook; one that is not there any more counts as removed.
	RemoveWebhook(ctx context.Context, access fairlead.Secret, repository, id string) error
}

// Event is a delivery, read.
type Event struct {
	Name       string // as the host names it: "repo:push"
	HostID     string // of the delivery, the same when it is sent again
	Repository fairlead.Repository
	Actor      string               // who did it
	Changes    []fairlead.RefChange // empty for what is no push
}

// Receiver understands what a host sends to a webhook. It needs no connection.
type Receiver interface {
	// DeliveryID reads the headers alone: the host's id of the delivery and its event. DiagnosisDeliveryUnknown.
	DeliveryID(header http.Header) (id, event string, err error)
	// CheckSignature verifies the raw body, in a time that does not depend on where signatures differ; nil if it is signed
	// with the secret, else DiagnosisSignatureMissing or DiagnosisSignatureWrong.
	CheckSignature(header http.Header, body []byte, secret fairlead.Secret) error
	// ParseDelivery reads a delivery. The body counts as a hint only: what changed is asked of the host.
	// DiagnosisDeliveryUnknown if it cannot be read.
	ParseDelivery(header http.Header, body []byte) (Event, error)
}

// FindLinker returns the host of a kind if projects can be linked with its repositories.
func (r Registry) FindLinker(id fairlead.KindID) (Linker, bool) {
	host, ok := r.Find(id)
	if !ok {
		return nil, false
	}
	linker, ok := host.(Linker)
	return linker, ok
}
