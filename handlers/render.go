package handlers

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"

	"github.com/a-h/templ"

	"fairlead"
	"fairlead/views"
)

// action is a handler that may fail; do answers the failure.
type action func(w http.ResponseWriter, r *http.Request) error

func (s *Server) do(a action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := a(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

// isPartial decides between fragment and page. Only this header tells: a history restore carries other htmx headers too.
func isPartial(r *http.Request) bool { return r.Header.Get("HX-Request-Type") == "partial" }

func isHTMX(r *http.Request) bool { return r.Header.Get("HX-Request-Type") != "" }

// render answers with the fragment for htmx and with the whole page otherwise. It renders to a buffer first, so that a
// failure is a clean error page.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, page views.Page, content templ.Component) error {
	var buffer bytes.Buffer
	document := views.Fragment(page, content)
	if !isPartial(r) {
		page.Workspace, page.Person = workspaceName(r), personOf(r)
		page.Flash = s.cookies.takeFlash(w, r)
		document = views.Document(page, content)
	}
	if err := document.Render(r.Context(), &buffer); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := w.Write(buffer.Bytes())
	return err
}

// renderPart answers htmx with a part of a page that has no title of its own.
func (s *Server) renderPart(w http.ResponseWriter, r *http.Request, part templ.Component) error {
	var buffer bytes.Buffer
	if err := part.Render(r.Context(), &buffer); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := w.Write(buffer.Bytes())
	return err
}

// goTo leaves for another page: a real navigation, with htmx and without.
func (s *Server) goTo(w http.ResponseWriter, r *http.Request, path string) error {
	if isHTMX(r) {
		w.Header().Set("HX-Redirect", path)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// statuses map the codes of errors for people to HTTP.
var statuses = map[fairlead.ErrorCode]int{
	fairlead.CodeInvalid:   http.StatusUnprocessableEntity,
	fairlead.CodeNotFound:  http.StatusNotFound,
	fairlead.CodeConflict:  http.StatusConflict,
	fairlead.CodeForbidden: http.StatusForbidden,
	fairlead.CodeGone:      http.StatusGone,
	fairlead.CodeTooMany:   http.StatusTooManyRequests,
	fairlead.CodeInternal:  http.StatusInternalServerError,
}

// fail ends every failing branch: what people can be told is told; anything else is logged under the request's id.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = &fairlead.Error{Code: fairlead.CodeInvalid, Message: "That is more than this form takes.", Cause: err}
	}
	code := fairlead.CodeOf(err)
	view := views.Failure{Code: code, Message: messageOf(err), RequestID: requestID(r), SignedIn: personOf(r).ID != ""}
	if code == fairlead.CodeInternal && r.Context().Err() == nil {
		s.logUnknown(r, err)
	}
	page := views.Page{Title: view.Title(), Layout: views.LayoutBare}
	if view.SignedIn {
		page.Layout = views.LayoutShell
	}
	if err := s.render(w, r, statuses[code], page, views.FailurePage(view)); err != nil && r.Context().Err() == nil { // not for a browser that left
		s.Log.LogAttrs(r.Context(), slog.LevelError, "error page", slog.String("request", requestID(r)), slog.Any("error", err))
	}
}

// logUnknown writes down a failure that has no name, under the request's id.
func (s *Server) logUnknown(r *http.Request, err error) {
	s.Log.LogAttrs(r.Context(), slog.LevelError, "unknown failure", slog.String("request", requestID(r)), slog.Any("error", err))
}

func (s *Server) notFound(http.ResponseWriter, *http.Request) error {
	return fairlead.Errorf(fairlead.CodeNotFound, "There is no page at this address.")
}

// messageOf is the sentence for people in an error, "" if it has none.
func messageOf(err error) string {
	var e *fairlead.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return ""
}
