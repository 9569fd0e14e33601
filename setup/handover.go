package setup

import (
	"context"

	"fairlead"
)

// handOverStore is what hand-overs need of the database.
type handOverStore interface {
	CreateHandOver(ctx context.Context, by fairlead.Actor, h fairlead.HandOver, tokenHash string) (fairlead.HandOver, error)
	FindHandOver(ctx context.Context, tokenHash string) (fairlead.HandOver, error)
	ListHandOvers(ctx context.Context, setupID string) ([]fairlead.HandOver, error)
	RevokeHandOver(ctx context.Context, by fairlead.Actor, setupID, id string) error
	SpendHandOver(ctx context.Context, by fairlead.Actor, h fairlead.HandOver, applicationID string, secret fairlead.Secret) error
}

// NewHandOver is a hand-over link just made. Token is its bearer value: it is shown once and kept nowhere.
type NewHandOver struct {
	fairlead.HandOver
	Token fairlead.Secret
}

// Keep turns a draft into a setup without values, so that something outlives this browser: a hand-over brings them.
func (f *Flow) Keep(ctx context.Context, by fairlead.Actor, d fairlead.Draft) (fairlead.Setup, error) {
	d, err := f.ParseDraft(ctx, d)
	if err != nil {
		return fairlead.Setup{}, err
	}
	s, _, err := f.Store.CreateSetup(ctx, by, fairlead.Setup{
		ID: fairlead.NewID(f.Random, fairlead.PrefixSetup), DraftID: d.ID,
		Kind: d.Kind, InstanceURL: d.InstanceURL, DisplayName: d.DisplayName, Owner: d.Owner,
		State: fairlead.SetupEntered, CreatedBy: fairlead.Person{ID: by.PersonID, Name: by.Name},
	})
	return s, err
}

// HandOver makes a link with which somebody without an account can register Fairlead at the host for this setup.
func (f *Flow) HandOver(ctx context.Context, by fairlead.Actor, setupID string) (NewHandOver, error) {
	token := fairlead.NewToken(f.Random)
	h, err := f.Store.CreateHandOver(ctx, by, fairlead.HandOver{
		ID: fairlead.NewID(f.Random, fairlead.PrefixHandOver), SetupID: setupID, ExpiresAt: f.Clock().Add(fairlead.HandOverLife),
	}, fairlead.HashToken(token))
	return NewHandOver{HandOver: h, Token: fairlead.NewSecret(token)}, err
}

// HandOvers lists a setup's links, newest first.
func (f *Flow) HandOvers(ctx context.Context, setupID string) ([]fairlead.HandOver, error) {
	return f.Store.ListHandOvers(ctx, setupID)
}

// RevokeHandOver ends a link that nobody used.
func (f *Flow) RevokeHandOver(ctx context.Context, by fairlead.Actor, setupID, id string) error {
	return f.Store.RevokeHandOver(ctx, by, setupID, id)
}

// FindHandOver looks at a link without spending it. CodeNotFound for a token that never was one, CodeGone with what
// happened and whom to ask.
func (f *Flow) FindHandOver(ctx context.Context, token string) (fairlead.HandOver, fairlead.Setup, error) {
	h, err := f.Store.FindHandOver(ctx, fairlead.HashToken(token))
	if fairlead.CodeOf(err) == fairlead.CodeNotFound {
		return h, fairlead.Setup{}, fairlead.Errorf(fairlead.CodeNotFound, "There is no link at this address. Copy the whole link and open it again.")
	}
	if err != nil {
		return h, fairlead.Setup{}, err
	}
	switch h.State(f.Clock()) {
	case fairlead.HandOverUsed:
		return h, fairlead.Setup{}, fairlead.Errorf(fairlead.CodeGone, "This link was already used. If it was not you who used it, tell %s.", h.CreatedBy.Name)
	case fairlead.HandOverRevoked:
		return h, fairlead.Setup{}, fairlead.Errorf(fairlead.CodeGone, "This link was revoked. Ask %s for a new one.", h.CreatedBy.Name)
	case fairlead.HandOverExpired:
		return h, fairlead.Setup{}, fairlead.Errorf(fairlead.CodeGone, "This link ended on %s. Ask %s for a new one.", h.ExpiresAt.Format("2 January 2006"), h.CreatedBy.Name)
	}
	s, err := f.Store.FindSetup(ctx, h.SetupID)
	if fairlead.CodeOf(err) == fairlead.CodeNotFound {
		return h, s, fairlead.Errorf(fairlead.CodeGone, "The setup that this link was for is over. Ask %s whether it is still needed.", h.CreatedBy.Name)
	}
	return h, s, err
}

// Receive takes the two values of a hand-over sheet. They are sealed and wait to be verified. CodeInvalid with the
// fields "application_id" and "secret" when one is empty; the link then stays open.
func (f *Flow) Receive(ctx context.Context, token, applicationID, secret, address string) (fairlead.HandOver, error) {
	h, _, err := f.FindHandOver(ctx, token)
	if err != nil {
		return h, err
	}
	applicationID, secret, err = parseCredentials(applicationID, secret, true)
	if err != nil {
		return h, err
	}
	by := fairlead.Actor{Name: "The holder of a hand-over link", Address: address}
	return h, f.Store.SpendHandOver(ctx, by, h, applicationID, fairlead.NewSecret(secret))
}
