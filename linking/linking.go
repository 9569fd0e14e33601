// Package linking is the flow that links a project with a repository and keeps that link healthy: projects and their
// members, people's connections at Git hosts, links and their webhooks. It knows no HTTP, no HTML and no SQL, and it alone
// decides who may do what with a project.
package linking

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"fairlead"
	"fairlead/gitprovider"
)

// Store is everything that the flow keeps; *db.DB is one.
type Store interface {
	projectStore
	memberStore
	attemptStore
	connectionStore
	tokenStore
	linkStore
	webhookStore
	healthStore
	pastStore
	useStore
}

// Options are what the flow is wired from.
type Options struct {
	Store       Store
	Hosts       gitprovider.Registry
	ExternalURL *url.URL // ours: webhooks and callbacks lead there
	Clock       fairlead.Clock
	Random      fairlead.Random
	Log         *slog.Logger
	Patience    time.Duration // for all that follows a callback, and for a refresh; 0 = a minute
}

// Flow is what people do with projects and their links. Make one with New; it is safe for use by many requests at once.
type Flow struct {
	store    Store
	hosts    gitprovider.Registry
	external string // without a slash at the end
	clock    fairlead.Clock
	random   fairlead.Random
	log      *slog.Logger
	patience time.Duration
	turns    turns
	budget   budget
	seen     seen
	borrowed borrowed
}

// New makes the flow.
func New(o Options) *Flow {
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	return &Flow{
		store: o.Store, hosts: o.Hosts, external: strings.TrimRight(o.ExternalURL.String(), "/"), clock: o.Clock, random: o.Random, log: o.Log,
		patience: o.Patience, turns: newTurns(), budget: newBudget(), seen: newSeen(), borrowed: newBorrowed(),
	}
}

// Providers lists the Git providers whose repositories can be linked, by name.
func (f *Flow) Providers(ctx context.Context) ([]fairlead.GitProvider, error) {
	all, err := f.store.ListGitProviders(ctx)
	var linkable []fairlead.GitProvider
	for _, p := range all {
		if _, ok := f.hosts.FindLinker(p.Kind); ok {
			linkable = append(linkable, p)
		}
	}
	return linkable, err
}

// Kind finds a kind of host; CodeNotFound for one that this installation does not offer.
func (f *Flow) Kind(id fairlead.KindID) (fairlead.Kind, error) {
	host, ok := f.hosts.Find(id)
	if !ok {
		return fairlead.Kind{}, fairlead.Errorf(fairlead.CodeNotFound, "Fairlead does not know this kind of Git host.")
	}
	return host.Kind(), nil
}

// provider is a Git provider with the host behind it and the application that acts there.
type provider struct {
	fairlead.GitProvider
	host gitprovider.Linker
	app  gitprovider.App
}

// provider finds one; CodeNotFound if it was removed, or if projects cannot be linked with its repositories.
func (f *Flow) provider(ctx context.Context, id string) (provider, error) {
	g, err := f.store.FindGitProvider(ctx, id)
	if err != nil {
		return provider{}, err
	}
	host, ok := f.hosts.FindLinker(g.Kind)
	if !ok {
		return provider{}, fairlead.Errorf(fairlead.CodeNotFound, "Projects cannot be linked with repositories of %s.", g.DisplayName)
	}
	return provider{g, host, gitprovider.App{ID: g.ApplicationID, Secret: g.Secret, CallbackURL: f.callbackURL()}}, nil
}

func (f *Flow) callbackURL() string { return f.external + "/oauth/callback" }
