package bitbucketsim

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
)

//go:embed templates/*.html templates/style.css
var templateFiles embed.FS

// page is what every template gets; Body is the page's own part.
type page struct {
	Title   string
	Account *Account // nil when nobody is signed in
	Body    any
}

func parsePages() (map[string]*template.Template, error) {
	const layout = "templates/layout.html"
	names, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, fmt.Errorf("read the simulator's templates: %w", err)
	}
	pages := map[string]*template.Template{}
	for _, file := range names {
		name, isTemplate := strings.CutSuffix(file.Name(), ".html")
		if !isTemplate || name == "layout" {
			continue
		}
		t, err := template.New("layout.html").ParseFS(templateFiles, layout, path.Join("templates", file.Name()))
		if err != nil {
			return nil, fmt.Errorf("parse the simulator's template %s: %w", name, err)
		}
		pages[name] = t
	}
	return pages, nil
}

func (s *Sim) render(w http.ResponseWriter, r *http.Request, status int, name, title string, body any) {
	data := page{Title: title, Body: body}
	if account, ok := s.signedIn(r); ok {
		data.Account = &account
	}
	var out bytes.Buffer
	if err := s.pages[name].ExecuteTemplate(&out, "layout.html", data); err != nil {
		http.Error(w, "the simulator cannot draw this page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	writeHTML(w, status, out.String())
}

// message is a page that only says something.
type message struct {
	Text []string
	Link string
	Go   string // the link's words
}

func (s *Sim) say(w http.ResponseWriter, r *http.Request, status int, title string, m message) {
	s.render(w, r, status, "message", title, m)
}

func (s *Sim) notFound(w http.ResponseWriter, r *http.Request) {
	s.say(w, r, http.StatusNotFound, "Page not found", message{
		Text: []string{"The simulated Bitbucket has no page at this address."}, Link: "/", Go: "Go to the home page",
	})
}

// broken is for what cannot happen in a healthy simulator: a full disk, for example.
func (s *Sim) broken(w http.ResponseWriter, r *http.Request, err error) {
	s.say(w, r, http.StatusInternalServerError, "The simulator failed", message{Text: []string{err.Error()}, Link: "/", Go: "Go to the home page"})
}

func stylesheet(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, templateFiles, "templates/style.css")
}
