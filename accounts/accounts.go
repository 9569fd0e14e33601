// Package accounts is the flow for people: the first owner, invitations, sign-in, sessions, passwords, roles. It knows no
// HTTP, no HTML and no SQL; each file declares the few store methods that it needs beside their use.
package accounts

import (
	"context"

	"fairlead"
)

// Store is everything that the flow keeps; *db.DB is one.
type Store interface {
	signInStore
	sessionStore
	linkStore
	joinStore
	memberStore
	profileStore
	refusalStore
}

// Flow is what people do with their accounts. Make one with New; it is safe for use by many requests at once.
type Flow struct {
	store     Store
	clock     fairlead.Clock
	random    fairlead.Random
	passwords *hasher
	limits    *limiter
}

// New makes the flow. Clock and store must tell the same time.
func New(store Store, clock fairlead.Clock, random fairlead.Random) *Flow {
	return &Flow{store: store, clock: clock, random: random, passwords: newHasher(random), limits: newLimiter(clock)}
}

// Workspace returns this installation.
func (f *Flow) Workspace(ctx context.Context) (fairlead.Workspace, error) {
	return f.store.FindWorkspace(ctx)
}
