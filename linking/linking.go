// Package linking is the flow that links a project with a repository and keeps that link healthy; today it holds the
// projects. It knows no HTTP, no HTML and no SQL, and it alone decides who may do what with a project.
package linking

import "fairlead"

// Store is everything that the flow keeps; *db.DB is one.
type Store interface {
	projectStore
	memberStore
}

// Flow is what people do with projects. Make one with New; it is safe for use by many requests at once.
type Flow struct {
	store  Store
	random fairlead.Random
}

// New makes the flow.
func New(store Store, random fairlead.Random) *Flow { return &Flow{store: store, random: random} }
