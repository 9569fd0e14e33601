//go:build !release

package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"fairlead"
	"fairlead/gitprovider"
	"fairlead/static"
	"fairlead/views"
)

// developerCommands are for whoever changes Fairlead; the binary that is handed out does without.
type developerCommands struct {
	Gallery galleryCommand `cmd:"" hidden:"" help:"Serve every screen in every state from canned data, for design reviews."`
}

type galleryCommand struct {
	Listen string `help:"Address to listen on (default ${default})." default:"127.0.0.1:7402" placeholder:"HOST:PORT"`
}

// Run serves every screen in every state, from canned data, until the context ends. Links and forms lead nowhere.
func (c galleryCommand) Run(ctx context.Context, o output) error {
	l, err := listen(c.Listen, "--listen")
	if err != nil {
		return err
	}
	client := gitprovider.NewClient(gitprovider.ClientOptions{Clock: time.Now, Random: fairlead.SystemRandom()})
	exhibits := views.Gallery(gitprovider.Registry{gitprovider.NewBitbucketCloud(client)}.Kinds())
	server := &http.Server{Handler: galleryHandler(exhibits), ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintf(o.out, "The gallery is at http://%s\n", l.Addr())
	return serveUntil(ctx, server, l)
}

func galleryHandler(exhibits []views.Exhibit) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(static.Prefix, static.Handler())
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		_ = views.Document(views.Page{Title: "Gallery", Layout: views.LayoutBare}, views.GalleryIndex(exhibits)).Render(r.Context(), w)
	})
	for _, exhibit := range exhibits {
		mux.HandleFunc("GET /"+exhibit.Name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_ = exhibit.Document().Render(r.Context(), w)
		})
	}
	// What a part of a page asks for by itself is not here: nothing then replaces it.
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("HX-Request") != "" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		http.NotFound(w, r)
	})
	return mux
}
