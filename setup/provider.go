package setup

import (
	"context"
	"strings"
	"time"

	"fairlead"
)

// providerStore is what the life of a Git provider needs of the database.
type providerStore interface {
	ListGitProviders(ctx context.Context) ([]fairlead.GitProvider, error)
	FindGitProvider(ctx context.Context, id string) (fairlead.GitProvider, error)
	// RenameGitProvider is CodeConflict if another one has that name.
	RenameGitProvider(ctx context.Context, by fairlead.Actor, id, name string) error
	// RemoveGitProvider is CodeConflict while something depends on it.
	RemoveGitProvider(ctx context.Context, by fairlead.Actor, id string) error
	// DropAbandonedSecrets returns how many setups lost theirs.
	DropAbandonedSecrets(ctx context.Context, unfinished, verified time.Time) (int, error)
}

// ListGitProviders returns what was added, by name.
func (f *Flow) ListGitProviders(ctx context.Context) ([]fairlead.GitProvider, error) {
	return f.Store.ListGitProviders(ctx)
}

// FindGitProvider returns one; CodeNotFound if it was removed.
func (f *Flow) FindGitProvider(ctx context.Context, id string) (fairlead.GitProvider, error) {
	return f.Store.FindGitProvider(ctx, id)
}

// Change begins a change of a Git provider: a setup that starts from its values and takes the wizard's own path. The
// provider's own values stay in force until it is confirmed. While one is unfinished, it is that one.
func (f *Flow) Change(ctx context.Context, by fairlead.Actor, id string) (fairlead.Setup, error) {
	g, err := f.Store.FindGitProvider(ctx, id)
	if err != nil {
		return fairlead.Setup{}, err
	}
	s, _, err := f.Store.CreateSetup(ctx, by, fairlead.Setup{
		ID: fairlead.NewID(f.Random, fairlead.PrefixSetup), DraftID: g.ID, ProviderID: g.ID, // the provider's id: one change at a time
		Kind: g.Kind, InstanceURL: g.InstanceURL, DisplayName: g.DisplayName, ApplicationID: g.ApplicationID, Secret: g.Secret,
		State: fairlead.SetupEntered, CreatedBy: fairlead.Person{ID: by.PersonID, Name: by.Name},
	})
	return s, err
}

// VerifyAgain takes the values in force to the host once more, or goes on with the change that is unfinished.
func (f *Flow) VerifyAgain(ctx context.Context, by fairlead.Actor, id string) (fairlead.Setup, error) {
	s, err := f.Change(ctx, by, id)
	if err != nil || s.State != fairlead.SetupEntered {
		return s, err
	}
	return f.precheck(ctx, by, s)
}

// VerifiesAgain reports whether a setup holds the values that are in force already: confirming it replaces nothing.
func (f *Flow) VerifiesAgain(ctx context.Context, s fairlead.Setup) (bool, error) {
	if s.ProviderID == "" {
		return false, nil
	}
	g, err := f.Store.FindGitProvider(ctx, s.ProviderID)
	return err == nil && g.Holds(s), err
}

// RenameGitProvider gives a provider another display name; CodeInvalid with the field "display_name".
func (f *Flow) RenameGitProvider(ctx context.Context, by fairlead.Actor, id, name string) error {
	name = cleanLine(name)
	message, err := f.checkName(ctx, name, id)
	if err != nil {
		return err
	}
	var invalid fairlead.Invalid
	if message != "" {
		invalid.Add("display_name", "%s", message)
		return invalid.Err()
	}
	return f.Store.RenameGitProvider(ctx, by, id, name)
}

// RemoveGitProvider forgets a provider and its secret, once its name was typed; CodeInvalid with the field "name" if it
// was not, CodeConflict while something depends on it.
func (f *Flow) RemoveGitProvider(ctx context.Context, by fairlead.Actor, id, typed string) error {
	g, err := f.Store.FindGitProvider(ctx, id)
	if err != nil {
		return err
	}
	var invalid fairlead.Invalid
	if cleanLine(typed) != g.DisplayName {
		invalid.Add("name", "Enter %s to remove it", g.DisplayName)
		return invalid.Err()
	}
	return f.Store.RemoveGitProvider(ctx, by, id)
}

// Dependents lists what depends on a provider: today, an unfinished change of it.
func (f *Flow) Dependents(ctx context.Context, id string) ([]fairlead.Setup, error) {
	setups, err := f.Store.ListSetups(ctx)
	var own []fairlead.Setup
	for _, s := range setups {
		if s.ProviderID == id {
			own = append(own, s)
		}
	}
	return own, err
}

// SameClient lists the providers at the same host with the same application ID as a setup: that is allowed, and worth a
// word, because what is changed at the host then changes for both.
func (f *Flow) SameClient(ctx context.Context, s fairlead.Setup) ([]fairlead.GitProvider, error) {
	providers, err := f.Store.ListGitProviders(ctx)
	var same []fairlead.GitProvider
	for _, g := range providers {
		if g.ID != s.ProviderID && s.ApplicationID != "" && g.ApplicationID == s.ApplicationID && strings.EqualFold(g.InstanceURL, s.InstanceURL) {
			same = append(same, g)
		}
	}
	return same, err
}

// How long secrets of unfinished setups are kept.
const (
	KeepUnfinished = 7 * 24 * time.Hour
	KeepVerified   = 24 * time.Hour
)

// Sweep drops the secrets of setups that were abandoned. Call it now and then.
func (f *Flow) Sweep(ctx context.Context) error {
	now := f.Clock()
	dropped, err := f.Store.DropAbandonedSecrets(ctx, now.Add(-KeepUnfinished), now.Add(-KeepVerified))
	if dropped > 0 {
		f.Log.Info("dropped the secrets of abandoned setups", "setups", dropped)
	}
	return err
}
