// Package views draws every screen: templ components from view models shaped like the screen. It knows the nouns and the
// static files, never a request or a row. The gallery shows all of it from canned data.
package views

import (
	"cmp"

	"fairlead"
)

// Layout is the frame that a page stands in.
type Layout string

// The frames.
const (
	LayoutShell  Layout = ""       // top bar, sidebar, sheet: for people who are signed in
	LayoutBare   Layout = "bare"   // the desk only: sign-in, one-time links, error pages
	LayoutWindow Layout = "window" // the small window that comes back from a host
)

// Area is the page that the sidebar marks as the current one.
type Area string

// The areas.
const (
	AreaGeneral  Area = "general"
	AreaMembers  Area = "members"
	AreaGitOps   Area = "gitops"
	AreaAudit    Area = "audit"
	AreaProfile  Area = "profile"
	AreaSessions Area = "sessions"

	AreaConnections Area = "connections"

	AreaProjects       Area = "projects"
	AreaNewProject     Area = "new-project" // a page that the sidebar does not list
	AreaProject        Area = "project"
	AreaProjectMembers Area = "project-members"
	AreaRepositories   Area = "project-repositories"
	AreaDeliveries     Area = "project-deliveries"
)

// inProjects tells the pages of the top bar's Projects from those of its Settings.
func (a Area) inProjects() bool {
	switch a {
	case AreaProjects, AreaNewProject, AreaProject, AreaProjectMembers, AreaRepositories, AreaDeliveries:
		return true
	}
	return false
}

// Page is what surrounds the content of a screen.
type Page struct {
	Title     string // state included: "Error: ...", "Step 2 of 3: ..."
	Layout    Layout
	Area      Area
	Workspace string
	Person    fairlead.Person // zero when nobody is signed in
	Projects  ProjectNav      // for the pages of projects
	Flash     *Flash
	Refresh   int // seconds after which a browser without script asks again; 0 = never
}

// Flash is the one message that a redirect may leave behind.
type Flash struct {
	Title, Text string
	Tone        Tone      `json:",omitzero"` // "" is done, ToneWarn that something is left to do
	Link        FlashLink `json:",omitzero"` // where to go on, if anywhere
}

func (f Flash) tone() Tone { return cmp.Or(f.Tone, ToneOK) }

func (f Flash) icon() Icon {
	if f.tone() == ToneOK {
		return IconDone
	}
	return IconWarn
}

// FlashLink leads from a message to what it speaks of.
type FlashLink struct{ Href, Label string }

// Tone is the meaning of a colour: "ok", "warn", "bad", "run", "info", "mute", "wait".
type Tone string

// The tones.
const (
	ToneOK   Tone = "ok"
	ToneWarn Tone = "warn"
	ToneBad  Tone = "bad"
	ToneRun  Tone = "run"
	ToneInfo Tone = "info"
	ToneMute Tone = "mute"
	ToneWait Tone = "wait"
)
