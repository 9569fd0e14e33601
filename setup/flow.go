// Package setup is the flow that adds a Git provider: from the first Next of step 2 through the check before the host's
// window, the trip to the host and back, to "Confirm and add". It knows no HTTP of ours, no HTML and no SQL.
package setup

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"time"
	"unicode"

	"fairlead"
	"fairlead/gitprovider"
)

// Store is what the flow needs of the database. Each change is one transaction with its audit event.
type Store interface {
	// CreateSetup stores a new setup. If the draft became one before, it returns that one and made is false.
	CreateSetup(ctx context.Context, by fairlead.Actor, s fairlead.Setup) (stored fairlead.Setup, made bool, err error)
	FindSetup(ctx context.Context, id string) (fairlead.Setup, error)
	ListSetups(ctx context.Context) ([]fairlead.Setup, error)
	// UpdateCredentials stores application ID and secret (zero keeps the stored one), drops proof and diagnosis and moves
	// the setup to "checking".
	UpdateCredentials(ctx context.Context, by fairlead.Actor, id, applicationID string, secret fairlead.Secret) (fairlead.Setup, error)
	// UpdateDisplayName renames; CodeConflict if a Git provider has that name.
	UpdateDisplayName(ctx context.Context, by fairlead.Actor, id, name string) error
	UpdateOwner(ctx context.Context, by fairlead.Actor, id, owner string) error
	// UpdateState writes state, reach, diagnosis, proof and waiting-since, if the setup still has the digest that s has.
	UpdateState(ctx context.Context, by fairlead.Actor, s fairlead.Setup) error
	// CreateAttempt stores an attempt under the hash of its state, keeps the setup's three newest good, and moves the
	// setup to "waiting".
	CreateAttempt(ctx context.Context, a fairlead.Attempt, stateHash string) error
	FindAttempt(ctx context.Context, stateHash string) (fairlead.Attempt, error)
	// SpendAttempt marks the attempt as used, exactly once: spent is false if it was used before.
	SpendAttempt(ctx context.Context, id string) (spent bool, err error)
	// FinishAttempt stores an attempt's outcome and, if the setup still has the attempt's digest, the setup's new state,
	// in one transaction.
	FinishAttempt(ctx context.Context, a fairlead.Attempt, s fairlead.Setup) error
	// ListInterrupted returns the setups whose check or attempt was under way when the process ended.
	ListInterrupted(ctx context.Context) ([]fairlead.Setup, error)
	// ConfirmSetup turns a verified setup into a Git provider, once: confirmed again it returns the same one.
	ConfirmSetup(ctx context.Context, by fairlead.Actor, id string) (fairlead.GitProvider, error)
	CancelSetup(ctx context.Context, by fairlead.Actor, id string) error
	handOverStore
	providerStore
}

// Options are what the flow is wired from.
type Options struct {
	Store       Store
	Hosts       gitprovider.Registry
	CallbackURL string // external URL + /oauth/callback, exactly as it is sent
	Clock       fairlead.Clock
	Random      fairlead.Random
	Log         *slog.Logger
	Patience    time.Duration // for the check before the host's window, and for all that follows a callback; 0 = a minute
}

// Flow adds Git providers.
type Flow struct{ Options }

// New makes the flow.
func New(o Options) *Flow {
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	return &Flow{Options: o}
}

// Recover marks what was under way when the process ended last time as interrupted. Call it once, before serving.
func (f *Flow) Recover(ctx context.Context) error {
	setups, err := f.Store.ListInterrupted(ctx)
	if err != nil {
		return err
	}
	for _, s := range setups {
		s.State, s.Diagnosis = fairlead.SetupFailed, interrupted(f.Clock())
		if err := f.Store.UpdateState(ctx, fairlead.System(), s); err != nil {
			return err
		}
	}
	return nil
}

// Kinds lists the hosts to choose from.
func (f *Flow) Kinds() []fairlead.Kind { return f.Hosts.Kinds() }

// Kind finds a kind; CodeNotFound for one that this installation does not offer.
func (f *Flow) Kind(id fairlead.KindID) (fairlead.Kind, error) {
	host, err := f.host(id)
	if err != nil {
		return fairlead.Kind{}, err
	}
	return host.Kind(), nil
}

func (f *Flow) host(id fairlead.KindID) (gitprovider.Host, error) {
	host, ok := f.Hosts.Find(id)
	if !ok {
		return nil, fairlead.Errorf(fairlead.CodeNotFound, "Fairlead does not know this kind of Git host.")
	}
	return host, nil
}

// NewDraft begins step 1: the first kind, prefilled, with a display name that no provider or setup has.
func (f *Flow) NewDraft(ctx context.Context) (fairlead.Draft, error) {
	kind := f.Hosts[0].Kind()
	name, err := f.freeName(ctx, kind.Name)
	return fairlead.Draft{ID: fairlead.NewID(f.Random, fairlead.PrefixDraft), Kind: kind.ID, InstanceURL: kind.InstanceURL, DisplayName: name}, err
}

// ParseDraft checks step 1. The error is CodeInvalid with the fields "kind", "instance_url" and "display_name".
func (f *Flow) ParseDraft(ctx context.Context, d fairlead.Draft) (fairlead.Draft, error) {
	var invalid fairlead.Invalid
	host, ok := f.Hosts.Find(d.Kind)
	if !ok {
		invalid.Add("kind", "Choose where your repositories are")
	} else if kind := host.Kind(); kind.FixedURL {
		d.InstanceURL = kind.InstanceURL
	} else if normal, err := parseInstanceURL(d.InstanceURL); err != "" {
		invalid.Add("instance_url", "%s", err)
	} else {
		d.InstanceURL = normal
	}
	d.DisplayName = cleanLine(d.DisplayName)
	if message, err := f.checkName(ctx, d.DisplayName, ""); err != nil {
		return d, err
	} else if message != "" {
		invalid.Add("display_name", "%s", message)
	}
	return d, invalid.Err()
}

// maxName keeps a display name to a line; it is long enough for any that people use.
const maxName = 80

// checkName says what is wrong with a display name, "" if nothing; own is the provider whose name it may be.
func (f *Flow) checkName(ctx context.Context, name, own string) (string, error) {
	switch {
	case name == "":
		return "Enter a display name", nil
	case len([]rune(name)) > maxName:
		return "Enter a display name of 80 characters at most", nil
	}
	providers, err := f.Store.ListGitProviders(ctx)
	for _, p := range providers {
		if p.ID != own && strings.EqualFold(p.DisplayName, name) {
			return "Another Git provider is called " + p.DisplayName + ". Enter a different display name", nil
		}
	}
	return "", err
}

func parseInstanceURL(typed string) (normal, message string) {
	typed = cleanLine(typed)
	if typed == "" {
		return "", "Enter the instance URL, such as https://gitlab.example.com"
	}
	u, err := url.Parse(typed)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", "Begin the instance URL with https:// or http://"
	}
	return u.Scheme + "://" + strings.ToLower(u.Host) + strings.TrimRight(u.Path, "/"), ""
}

// cleanLine removes what people paste along: spaces and line breaks around, and characters that cannot be seen.
func cleanLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s))
}

// freeName makes a name unique: "Bitbucket.org", "Bitbucket.org 2", ...
func (f *Flow) freeName(ctx context.Context, base string) (string, error) {
	providers, err := f.Store.ListGitProviders(ctx)
	if err != nil {
		return "", err
	}
	setups, err := f.Store.ListSetups(ctx)
	if err != nil {
		return "", err
	}
	taken := map[string]bool{}
	for _, p := range providers {
		taken[strings.ToLower(p.DisplayName)] = true
	}
	for _, s := range setups {
		taken[strings.ToLower(s.DisplayName)] = true
	}
	return firstFree(base, taken), nil
}
