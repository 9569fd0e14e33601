package views

import (
	"time"

	"github.com/a-h/templ"

	"fairlead"
)

// Exhibit is one screen in one state, drawn from canned data: the design review, the screenshots and the tests of every
// page look at these.
type Exhibit struct {
	Name    string // of its address, "wizard-waiting"
	Page    Page
	Content templ.Component
}

// Document is the whole page.
func (e Exhibit) Document() templ.Component { return Document(e.Page, e.Content) }

// Gallery lists every screen in every state. kinds are the kinds that the product offers.
func Gallery(kinds []fairlead.Kind) []Exhibit {
	c := canned{kinds: kinds, now: time.Date(2026, 11, 23, 9, 41, 6, 0, time.UTC)}
	var all []Exhibit
	for _, room := range [][]Exhibit{c.projects(), c.links(), c.linking(), c.deliveryPages(), c.connections(), c.people(), c.workspace(), c.audit(), c.gitops(), c.wizard(), c.diagnoses(), c.handOvers(), c.providers(), c.windows(), c.failures()} {
		for _, e := range room {
			e.Page.Workspace = "Acme Data"
			if e.Page.Layout == LayoutShell {
				e.Page.Person = c.owner()
			}
			all = append(all, e)
		}
	}
	return all
}

// canned makes the data of the gallery.
type canned struct {
	kinds []fairlead.Kind
	now   time.Time
}

func (c canned) kind() fairlead.Kind { return c.kinds[0] }

func (c canned) owner() fairlead.Person {
	return fairlead.Person{ID: "pe_priya", Email: "priya@acme.example", Name: "Priya Raman", Role: fairlead.RoleOwner, CreatedAt: c.now.Add(-90 * 24 * time.Hour)}
}

const (
	cannedURL      = "https://fairlead.acme.example"
	cannedCallback = cannedURL + "/oauth/callback"
	cannedSetup    = "/settings/gitops/setups/su_example"
	cannedID       = "9fK2mQ7xT4vB8nR3wL6pYc5dZ1hJ0sGa"
)

// exhibit is a page of the shell.
func exhibit(name, title string, area Area, content templ.Component) Exhibit {
	return Exhibit{Name: name, Page: Page{Title: title, Area: area}, Content: content}
}

// bare is a page on the desk.
func bare(name, title string, content templ.Component) Exhibit {
	return Exhibit{Name: name, Page: Page{Title: title, Layout: LayoutBare}, Content: content}
}

func (c canned) workspace() []Exhibit {
	general := General{Workspace: "Acme Data", ExternalURL: cannedURL, CallbackURL: cannedCallback}
	warned := General{Workspace: "Acme Data", ExternalURL: "http://localhost:8080", CallbackURL: "http://localhost:8080/oauth/callback", ThisMachine: true,
		Origin: Origin{Differs: true, Browser: "10.0.0.4:8080", ExternalURL: "http://localhost:8080"}}
	plain := General{Workspace: "Acme Data", ExternalURL: "http://fairlead.lan", CallbackURL: "http://fairlead.lan/oauth/callback", PlainHTTP: true}
	return []Exhibit{
		exhibit("general", "General", AreaGeneral, GeneralPage(general)),
		exhibit("general-warned", "General", AreaGeneral, GeneralPage(warned)),
		exhibit("general-plain-http", "General", AreaGeneral, GeneralPage(plain)),
	}
}

func (c canned) failures() []Exhibit {
	failure := func(name string, f Failure) Exhibit {
		e := exhibit(name, f.Title(), "", FailurePage(f))
		if !f.SignedIn {
			e.Page.Layout = LayoutBare
		}
		return e
	}
	return []Exhibit{
		failure("failure-unknown", Failure{Code: fairlead.CodeInternal, RequestID: "rq_8wq2mz5hv7xk3bnd", SignedIn: true}),
		failure("failure-not-found", Failure{Code: fairlead.CodeNotFound, Message: "There is no page at this address."}),
		failure("failure-forbidden", Failure{Code: fairlead.CodeForbidden, Message: "Only a workspace owner can open this page. Owners: Priya Raman, Ana Brandt.", SignedIn: true}),
		failure("failure-conflict", Failure{Code: fairlead.CodeConflict, Message: "This link was used or revoked meanwhile.", SignedIn: true}),
		failure("failure-gone", Failure{Code: fairlead.CodeGone, Message: "This link was already used. Ask Priya Raman for a new one."}),
		failure("failure-too-many", Failure{Code: fairlead.CodeTooMany, Message: "Too many attempts. Try again in 15 minutes."}),
	}
}
