package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"fairlead"
	"fairlead/views"
)

func (s *Server) gitopsRoutes(r chi.Router) {
	r.Get("/settings/gitops", s.do(s.showGitOps))
	r.Post(views.RepairWebhooksPath, s.do(s.repairWebhooks))
}

// showGitOps lists what was added and what is unfinished: setups of everybody, and this browser's drafts.
func (s *Server) showGitOps(w http.ResponseWriter, r *http.Request) error {
	var v views.GitOps
	providers, err := s.Setup.ListGitProviders(r.Context())
	if err != nil {
		return err
	}
	for _, p := range providers {
		kind, err := s.Setup.Kind(p.Kind)
		if err != nil {
			return err
		}
		v.Providers = append(v.Providers, views.NewProviderRow(p, kind))
	}
	setups, err := s.Setup.List(r.Context())
	if err != nil {
		return err
	}
	for _, setup := range setups {
		kind, err := s.Setup.Kind(setup.Kind)
		if err != nil {
			return err
		}
		v.Unfinished = append(v.Unfinished, unfinishedSetup(setup, kind, personOf(r)))
	}
	for _, draft := range s.cookies.drafts(r, personOf(r).ID) {
		kind, err := s.Setup.Kind(draft.Kind)
		if err != nil {
			continue // a cookie of another version
		}
		v.Unfinished = append(v.Unfinished, unfinishedDraft(draft, kind))
	}
	v.External = s.ExternalURL.String()
	if err := s.countLinks(r, providers, &v); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, views.Page{Title: "GitOps", Area: views.AreaGitOps}, views.GitOpsPage(v))
}

// countLinks tells how many repository links each provider has, how many of them need attention, and which lead elsewhere.
func (s *Server) countLinks(r *http.Request, providers []fairlead.GitProvider, v *views.GitOps) error {
	links, err := s.Linking.AllLinks(r.Context())
	if err != nil || len(links) == 0 {
		return err
	}
	rows, err := s.linkRows(r, links)
	for _, row := range rows {
		if s.Linking.LeadsElsewhere(row.Link) {
			v.Elsewhere = append(v.Elsewhere, row.Link)
		}
		of := &v.Providers[slices.IndexFunc(providers, func(p fairlead.GitProvider) bool { return p.ID == row.Provider.ID })]
		of.Links++
		if !row.Link.Project.IsArchived() && row.Trouble().Title != "" {
			of.Troubled++
		}
	}
	return err
}

// repairWebhooks leads all webhooks to the external URL of now. What a host refused stands on each link's page.
func (s *Server) repairWebhooks(w http.ResponseWriter, r *http.Request) error {
	did, err := s.Linking.RepairAll(r.Context(), actor(r))
	if err != nil {
		return err
	}
	flash := views.Flash{Title: fmt.Sprintf("Repaired webhooks: %d.", did.Repaired)}
	if did.Failed > 0 {
		flash.Tone = views.ToneWarn
		flash.Text = fmt.Sprintf("Not repaired: %d. Their links say why.", did.Failed)
	}
	if did.Left > 0 {
		flash.Text = strings.TrimSpace(fmt.Sprintf("%s Still to do: %d. Choose Repair all again to go on.", flash.Text, did.Left))
	}
	return s.goToWith(w, r, gitOpsPath, flash)
}

func unfinishedDraft(d fairlead.Draft, kind fairlead.Kind) views.UnfinishedRow {
	return views.UnfinishedRow{
		Tile: kind.Tile, Name: d.DisplayName, Tone: views.ToneRun, Step: "Step 2 of 3",
		Facts:        []string{"Kept in this browser", "The Application ID and Secret are still missing"},
		ContinueHref: draftPath(d.ID), DiscardAction: draftPath(d.ID) + "/discard",
	}
}

// unfinishedFacts say where each state stands.
var unfinishedFacts = map[fairlead.SetupState]string{
	fairlead.SetupEntered:  "Not verified yet",
	fairlead.SetupChecking: "Being checked",
	fairlead.SetupRefused:  "Not verified yet",
	fairlead.SetupWaiting:  "Waits for the host",
	fairlead.SetupFailed:   "The verification failed",
	fairlead.SetupVerified: "Verified, waits for “Confirm and add”",
}

func unfinishedSetup(s fairlead.Setup, kind fairlead.Kind, reader fairlead.Person) views.UnfinishedRow {
	row := views.UnfinishedRow{
		Tile: kind.Tile, Name: s.DisplayName, Tone: views.ToneRun, Step: "Step 2 of 3",
		Facts:        []string{"Started by " + s.CreatedBy.Name, unfinishedFacts[s.State]},
		ContinueHref: setupPath(s.ID), DiscardAction: setupPath(s.ID) + "/cancel",
	}
	if s.CreatedBy.ID == reader.ID {
		row.Facts[0] = "Started by you"
	}
	switch {
	case s.State == fairlead.SetupVerified:
		row.Step = "Step 3 of 3"
	case s.State != fairlead.SetupEntered:
	case !s.HasCredentials():
		row.Facts[1] = "The Application ID or the Secret is still missing"
	case !s.ReceivedAt.IsZero():
		row.Facts[1], row.Tone = "Received, not yet verified", views.ToneWarn
	}
	if s.ProviderID != "" {
		row.Name = "Change of " + row.Name
	}
	if s.Diagnosis != nil {
		row.Tone = views.ToneWarn
		row.Facts[1] = s.Diagnosis.Title
	}
	return row
}
