package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/views"
)

// auditLog is what the pages of the log read, and where refusals that change nothing are written.
type auditLog interface {
	ListAuditEvents(ctx context.Context, filter fairlead.AuditFilter, before fairlead.Cursor, limit int) ([]fairlead.AuditEvent, error)
	ListAuditPeople(ctx context.Context) ([]fairlead.Person, error)
	EachAuditEvent(ctx context.Context, filter fairlead.AuditFilter, do func(fairlead.AuditEvent) error) error
	RecordEventOnce(ctx context.Context, by fairlead.Actor, action, object, detail string, every time.Duration) error
}

func (s *Server) auditRoutes(r chi.Router) {
	r.Get(views.AuditPath, s.do(s.showAudit))
	r.Get(views.AuditPath+"/export", s.do(s.exportAudit))
}

const auditPageSize = 50

// auditFilter reads the filter's form. An id that nobody has is no mistake: nothing matches it.
func auditFilter(r *http.Request) fairlead.AuditFilter {
	query := r.URL.Query()
	return fairlead.AuditFilter{Person: strings.TrimSpace(query.Get("person")), Object: strings.TrimSpace(query.Get("object"))}
}

func (s *Server) showAudit(w http.ResponseWriter, r *http.Request) error {
	before, ok := fairlead.ParseCursor(r.URL.Query().Get("before"))
	if !ok {
		return s.notFound(w, r)
	}
	view := views.Audit{Filter: auditFilter(r), Before: before}
	var err error
	if view.People, err = s.Audit.ListAuditPeople(r.Context()); err != nil {
		return err
	}
	// One more than is shown tells whether there are older ones.
	if view.Events, err = s.Audit.ListAuditEvents(r.Context(), view.Filter, before, auditPageSize+1); err != nil {
		return err
	}
	if len(view.Events) > auditPageSize {
		view.Events = view.Events[:auditPageSize]
		view.Older = view.Events[auditPageSize-1].Cursor()
	}
	return s.render(w, r, http.StatusOK, views.Page{Title: "Audit log", Area: views.AreaAudit}, views.AuditPage(view))
}

// auditLine is one line of the export.
type auditLine struct {
	Time     string `json:"time"`
	PersonID string `json:"person_id"`
	Person   string `json:"person"`
	Address  string `json:"address"`
	Action   string `json:"action"`
	Object   string `json:"object"`
	Detail   string `json:"detail"`
	ID       string `json:"id"`
}

func newAuditLine(e fairlead.AuditEvent) auditLine {
	return auditLine{
		Time: e.At.UTC().Format("2006-01-02T15:04:05.000Z07:00"), PersonID: e.Actor.PersonID, Person: e.Actor.Name, Address: e.Actor.Address,
		Action: e.Action, Object: e.Object, Detail: e.Detail, ID: e.ID,
	}
}

const (
	exportSlice = 1000             // lines
	exportTime  = 90 * time.Second // for the browser to take a slice
)

// exportAudit streams what the filter lets through, newest first.
func (s *Server) exportAudit(w http.ResponseWriter, r *http.Request) error {
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false) // it is no HTML, and people read it
	connection, n := http.NewResponseController(w), 0
	begin := func() {
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.Header().Set("Content-Disposition", `attachment; filename="fairlead-audit-`+s.Clock().UTC().Format(time.DateOnly)+`.jsonl"`)
	}
	if isHead(r) { // not worth a walk through the whole log
		begin()
		return nil
	}
	err := s.Audit.EachAuditEvent(r.Context(), auditFilter(r), func(e fairlead.AuditEvent) error {
		if n == 0 {
			begin()
		}
		if n%exportSlice == 0 {
			// The server's own deadline is for pages; a long log on a slow line takes more, as long as it moves.
			if err := connection.SetWriteDeadline(s.Clock().Add(exportTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
				return err
			}
		}
		n++
		return lines.Encode(newAuditLine(e))
	})
	if err != nil && n > 0 {
		if r.Context().Err() == nil {
			s.logUnknown(r, err)
		}
		panic(http.ErrAbortHandler) // a file that ends early must not look whole
	}
	if n == 0 && err == nil {
		begin()
	}
	return err
}

// refusalsEvery bounds how often the same refusal of the same person is written to the log, so that nobody can flood it.
const refusalsEvery = time.Minute

// recordRefusal tells the audit log of a refusal. The refusal stands even if that fails.
func (s *Server) recordRefusal(r *http.Request, action, detail string) {
	err := s.Audit.RecordEventOnce(context.WithoutCancel(r.Context()), actor(r), action, "", detail, refusalsEvery)
	if err != nil {
		s.Log.LogAttrs(r.Context(), slog.LevelError, "audit log", slog.String("request", requestID(r)), slog.Any("error", err))
	}
}

// routeOf is the pattern of the route that a request asks for. chi's own answer is not complete yet inside a middleware.
func routeOf(r *http.Request) string {
	return chi.RouteContext(r.Context()).Routes.Find(chi.NewRouteContext(), r.Method, r.URL.Path)
}
