package handlers

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/linking"
	"fairlead/views"
)

// How many deliveries a page lists: a link's has much else on it.
const (
	deliveriesShown       = 30
	deliveriesShownOfLink = 15
)

// deliveryRoutes are the deliveries of a project.
func (s *Server) deliveryRoutes(r chi.Router) {
	const path = views.ProjectsPath + "/{key}/deliveries"
	r.Get(path, s.withProject(s.showDeliveries))
	r.Get(path+"/newer", s.withProject(s.showNewer))
	r.Get(path+"/{delivery}", s.withProject(s.showDelivery))
	r.Post(path+"/{delivery}/reprocess", s.withProject(s.reprocess))
}

// readLog fills in a page of a log. An unreadable place in it is the newest page.
func (s *Server) readLog(r *http.Request, filter fairlead.DeliveryFilter, log views.DeliveryLog) (views.DeliveryLog, error) {
	query := r.URL.Query()
	filter.Show = fairlead.ParseShowing(query.Get("show"))
	log.Show, log.Open = filter.Show, query.Get("delivery")
	log.Before, _ = fairlead.ParseCursor(query.Get("before"))
	limit := deliveriesShown
	if filter.LinkID != "" {
		limit = deliveriesShownOfLink
	}
	list, more, err := s.Inbox.Deliveries(r.Context(), filter, log.Before, limit)
	if err != nil {
		return log, err
	}
	log.Deliveries = list
	if len(list) > 0 {
		log.Newest = list[0].Cursor()
	}
	if more {
		log.Older = list[len(list)-1].Cursor()
	}
	return log, nil
}

func (s *Server) linkLog(r *http.Request, row views.LinkRow) (views.DeliveryLog, error) {
	log := views.DeliveryLog{Project: row.Link.Project.Key, Link: row.Link.ID, CommitURL: func(d fairlead.Delivery) string {
		return s.Linking.CommitURL(row.Kind.ID, row.Link.Repository, d.Head)
	}}
	return s.readLog(r, fairlead.DeliveryFilter{LinkID: row.Link.ID}, log)
}

// projectLog is the log of all links of a project, with the names of their repositories.
func (s *Server) projectLog(r *http.Request, project linking.Access) (view views.Deliveries, err error) {
	rows, err := s.projectLinks(r, project)
	if err != nil {
		return view, err
	}
	past, err := s.Linking.PastLinks(r.Context(), project)
	if err != nil {
		return view, err
	}
	view.Project, view.Linked = project.Project, len(rows) > 0
	names, byID := map[string]string{}, map[string]views.LinkRow{}
	for _, link := range past {
		names[link.ID] = link.Repository.FullName
	}
	for _, row := range rows {
		names[row.Link.ID], byID[row.Link.ID] = row.Link.Repository.FullName, row
		if row.Trouble().Title != "" && !project.Project.IsArchived() {
			view.Trouble = append(view.Trouble, row)
		}
	}
	view.Log, err = s.readLog(r, fairlead.DeliveryFilter{ProjectID: project.Project.ID}, views.DeliveryLog{Project: project.Project.Key, Names: names,
		CommitURL: func(d fairlead.Delivery) string {
			row := byID[d.LinkID]
			return s.Linking.CommitURL(row.Kind.ID, row.Link.Repository, d.Head)
		}})
	return view, err
}

func (s *Server) deliveriesPage(r *http.Request, title string, project linking.Access) (views.Page, error) {
	return s.projectPage(r, titleIn(project.Project, title, nil), views.AreaDeliveries, project.Project)
}

func (s *Server) showDeliveries(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	view, err := s.projectLog(r, project)
	if err != nil {
		return err
	}
	page, err := s.deliveriesPage(r, "Deliveries", project)
	if err != nil {
		return err
	}
	if isPartial(r) {
		return s.render(w, r, http.StatusOK, page, views.DeliveryLogPart(view.Log))
	}
	return s.render(w, r, http.StatusOK, page, views.DeliveriesPage(view))
}

// showLinkDeliveries is the log of one link alone, for htmx.
func (s *Server) showLinkDeliveries(w http.ResponseWriter, r *http.Request, _ linking.Access, row views.LinkRow) error {
	if !isPartial(r) {
		return s.goTo(w, r, linkPath(row)+"?"+r.URL.RawQuery)
	}
	log, err := s.linkLog(r, row)
	if err != nil {
		return err
	}
	return s.renderPart(w, r, views.DeliveryLogPart(log))
}

// newer answers the poll of a log: how many came since it was drawn, or nothing while none did.
func (s *Server) newer(w http.ResponseWriter, r *http.Request, filter fairlead.DeliveryFilter, log views.DeliveryLog) error {
	filter.Show = fairlead.ParseShowing(r.URL.Query().Get("show"))
	after, _ := fairlead.ParseCursor(r.URL.Query().Get("after"))
	n, err := s.Inbox.Newer(r.Context(), filter, after)
	if err != nil {
		return err
	}
	if n == 0 || !isPartial(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	log.Show, log.Newest, log.Newer = filter.Show, after, n
	return s.renderPart(w, r, views.NewerPart(log))
}

func (s *Server) showNewer(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	return s.newer(w, r, fairlead.DeliveryFilter{ProjectID: project.Project.ID}, views.DeliveryLog{Project: project.Project.Key})
}

func (s *Server) showNewerOfLink(w http.ResponseWriter, r *http.Request, project linking.Access, row views.LinkRow) error {
	return s.newer(w, r, fairlead.DeliveryFilter{LinkID: row.Link.ID}, views.DeliveryLog{Project: project.Project.Key, Link: row.Link.ID})
}

// delivery finds the one in the address; CodeNotFound for those of other projects.
func (s *Server) delivery(r *http.Request, project linking.Access) (views.DeliveryDetail, error) {
	d, pushes, payload, err := s.Inbox.Delivery(r.Context(), chi.URLParam(r, "delivery"))
	if err == nil && d.ProjectID != project.Project.ID {
		err = fairlead.Errorf(fairlead.CodeNotFound, "There is no such delivery.")
	}
	return views.DeliveryDetail{Delivery: d, Pushes: pushes, Payload: payload, KeptFor: s.Inbox.KeepPayloads}, err
}

// followDelivery is for how long a page follows a delivery to its verdict.
const followDelivery = 2 * time.Minute

// follow lets a page follow a delivery that is about to be processed: not one whose next try is later than the page would ask,
// and not one that waits for somebody.
func (s *Server) follow(r *http.Request, view *views.DeliveryDetail) {
	since, now := s.sinceOf(r), s.Clock()
	d := view.Delivery
	isSoon := d.State == fairlead.DeliveryWorking || !d.NextAt.IsZero() && d.NextAt.Sub(since) < followDelivery
	if view.IsOpen() && isSoon && now.Sub(since) < followDelivery {
		view.Since = since
	}
}

func (s *Server) showDelivery(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	view, err := s.delivery(r, project)
	if err != nil {
		return err
	}
	s.follow(r, &view)
	if isPartial(r) && !view.Since.IsZero() && r.URL.Query().Get("seen") == view.Seen() {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if view.Link, view.Unlinked, err = s.Linking.FindPastLink(r.Context(), project, view.Delivery.LinkID); err != nil {
		return err
	}
	rows, err := s.linkRows(r, []fairlead.RepositoryLink{view.Link})
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		view.Kind = rows[0].Kind
		view.CommitURL = func(hash string) string { return s.Linking.CommitURL(view.Kind.ID, view.Link.Repository, hash) }
		if !view.Unlinked {
			view.Row = rows[0]
			view.Row.Manages = project.Manages()
		}
	}
	page, err := s.deliveriesPage(r, "Delivery", project)
	if err != nil {
		return err
	}
	if isPartial(r) {
		return s.render(w, r, http.StatusOK, page, views.DeliveryPart(view))
	}
	return s.render(w, r, http.StatusOK, page, views.DeliveryPage(view))
}

func (s *Server) reprocess(w http.ResponseWriter, r *http.Request, project linking.Access) error {
	view, err := s.delivery(r, project)
	if err != nil {
		return err
	}
	if err := s.Inbox.Reprocess(r.Context(), actor(r), view.Delivery); err != nil {
		return err
	}
	return s.goToWith(w, r, views.DeliveryPath(project.Project.Key, view.Delivery.ID), views.Flash{Title: "The delivery is processed again."})
}
