package handlers

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"fairlead"
)

// How many drafts a browser keeps, how many that became setups it remembers for Back, and how long a draft's cookie may be:
// all of them go into one header, for which proxies have 8 KiB.
const (
	maxDrafts      = 3
	maxSettled     = 4
	maxDraftCookie = 1600
)

// cookieDraft is a draft, whose it is (another person at the same browser must not see it), and the setup that it became.
// Each has a cookie of its own, so that two tabs that send at the same time do not overwrite each other's.
type cookieDraft struct {
	fairlead.Draft
	PersonID string `json:"p"`
	SetupID  string `json:"s,omitempty"`
	Turn     int    `json:"t"` // the higher, the newer
}

func (c *cookies) draftCookie(id string) string { return c.draftPrefix + id }

// findDraft reads one draft, whoever it belongs to.
func (c *cookies) findDraft(r *http.Request, id string) (d cookieDraft, found bool) {
	if !fairlead.IsID(id, fairlead.PrefixDraft) {
		return d, false
	}
	session, _ := c.draftStore.Get(r, c.draftCookie(id))
	text, _ := session.Values["draft"].(string)
	err := json.Unmarshal([]byte(text), &d) // an unreadable cookie is none
	return d, err == nil && d.ID == id
}

// allDrafts are those that the browser sent along, newest first.
func (c *cookies) allDrafts(r *http.Request) (all []cookieDraft) {
	for _, cookie := range r.Cookies() {
		if id, ok := strings.CutPrefix(cookie.Name, c.draftPrefix); ok {
			if d, found := c.findDraft(r, id); found {
				all = append(all, d)
			}
		}
	}
	slices.SortFunc(all, func(a, b cookieDraft) int { return cmp.Or(cmp.Compare(b.Turn, a.Turn), cmp.Compare(a.ID, b.ID)) })
	return all
}

// drafts lists the person's drafts, newest first.
func (c *cookies) drafts(r *http.Request, personID string) (own []fairlead.Draft) {
	for _, d := range c.allDrafts(r) {
		if d.PersonID == personID && d.SetupID == "" {
			own = append(own, d.Draft)
		}
	}
	return own
}

func (c *cookies) draft(r *http.Request, personID, id string) (fairlead.Draft, bool) {
	d, found := c.findDraft(r, id)
	if !found || d.PersonID != personID || d.SetupID != "" {
		return fairlead.Draft{}, false
	}
	return d.Draft, true
}

// saveDraft stores a draft. The oldest goes when there are too many.
func (c *cookies) saveDraft(w http.ResponseWriter, r *http.Request, personID string, draft fairlead.Draft) error {
	return c.putDraft(w, r, cookieDraft{Draft: draft, PersonID: personID}, maxDrafts)
}

func (c *cookies) putDraft(w http.ResponseWriter, r *http.Request, d cookieDraft, keep int) error {
	kept := 1
	for i, other := range c.allDrafts(r) {
		if i == 0 {
			d.Turn = other.Turn + 1
		}
		if other.ID == d.ID || (other.SetupID == "") != (d.SetupID == "") {
			continue
		}
		if kept++; kept > keep {
			if err := c.removeDraft(w, r, other.ID); err != nil {
				return err
			}
		}
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	session, _ := c.draftStore.Get(r, c.draftCookie(d.ID))
	session.Values["draft"] = string(text)
	return session.Save(r, w)
}

func (c *cookies) removeDraft(w http.ResponseWriter, r *http.Request, id string) error {
	session, _ := c.draftStore.Get(r, c.draftCookie(id))
	delete(session.Values, "draft")
	session.Options.MaxAge = -1
	return session.Save(r, w)
}

// dropDraft forgets a draft; if it became a setup, Back finds that one. The setup itself is a row.
func (c *cookies) dropDraft(w http.ResponseWriter, r *http.Request, id, setupID string) error {
	d, found := c.findDraft(r, id)
	switch {
	case !found:
		return nil
	case setupID == "":
		return c.removeDraft(w, r, id)
	}
	return c.putDraft(w, r, cookieDraft{Draft: fairlead.Draft{ID: id}, PersonID: d.PersonID, SetupID: setupID}, maxSettled)
}
