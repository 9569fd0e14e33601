package handlers

import (
	"net/http"

	"fairlead/linking"
	"fairlead/views"
)

// sparingly is for actions that ask the host by a link's connection whenever somebody likes: nobody uses up the limit of an
// account that is somebody else's.
func (s *Server) sparingly(a linkAction) linkAction {
	return func(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error {
		ctx, done, err := s.Linking.Borrow(r.Context(), personOf(r), row.Link)
		if err != nil {
			return err
		}
		defer done()
		return a(w, r.WithContext(ctx), project, row)
	}
}

// previewLink is the preview while a link is edited: by the reader's own account where that sees the repository, else by the
// link's.
func (s *Server) previewLink(r *http.Request, row views.LinkRow, view views.LinkRule) *views.RulePreview {
	own, _, err := s.Linking.Connection(r.Context(), personOf(r), row.Provider.ID)
	if err == nil && own.IsAlive() && own.ID != row.Link.Connection.ID {
		if shown := s.preview(r, own, view); shown.Diagnosis == nil {
			return shown
		}
	}
	ctx, done, err := s.Linking.Borrow(r.Context(), personOf(r), row.Link)
	if err != nil {
		rule, _ := s.parseRule(view)
		return &views.RulePreview{Rule: rule, Errors: views.Errors{{Field: "branch", Message: messageOf(err)}}}
	}
	defer done()
	return s.preview(r.WithContext(ctx), row.Link.Connection, view)
}
