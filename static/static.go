// Package static holds the files that a browser loads: one stylesheet, htmx, our own script, the icon. Their names carry
// a hash of their content, so they can be cached for ever and a new version is a new name.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed app.css app.js htmx.min.js icon.svg
var files embed.FS

// Prefix is the path below which the files are served.
const Prefix = "/static/"

type asset struct {
	url         string
	contentType string
	plain       []byte
	zipped      []byte
}

var byName, byURL = load()

// URL returns the address of a file. It panics on a name that is not embedded: a typo must fail in the first test and
// not in a browser.
func URL(name string) string {
	a, ok := byName[name]
	if !ok {
		panic("static: no file " + name)
	}
	return a.url
}

// Names lists the embedded files.
func Names() []string {
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	return names
}

// Handler serves the files below Prefix: immutable, compressed where the browser takes it, 404 for anything else.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := byURL[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.contentType)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Vary", "Accept-Encoding")
		body := a.plain
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = a.zipped
		}
		_, _ = w.Write(body)
	})
}

func load() (byName, byURL map[string]asset) {
	byName, byURL = map[string]asset{}, map[string]asset{}
	entries, err := files.ReadDir(".")
	if err != nil {
		panic("static: " + err.Error())
	}
	var zipped zipper
	for _, entry := range entries {
		name := entry.Name()
		content, err := files.ReadFile(name)
		if err != nil {
			panic("static: " + err.Error())
		}
		sum := sha256.Sum256(content)
		ext := path.Ext(name)
		a := asset{
			url:         Prefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext,
			contentType: contentType(ext),
			plain:       content,
			zipped:      zipped.zip(content),
		}
		byName[name], byURL[a.url] = a, a
	}
	return byName, byURL
}

func contentType(ext string) string {
	if ext == ".js" {
		return "text/javascript; charset=utf-8" // the system's table may say otherwise
	}
	return mime.TypeByExtension(ext)
}

// zipper compresses with one writer, whose tables are larger than all files: every start would leave a pile of them.
type zipper struct{ w *gzip.Writer }

func (z *zipper) zip(content []byte) []byte {
	var buffer bytes.Buffer
	if z.w == nil {
		z.w, _ = gzip.NewWriterLevel(&buffer, gzip.BestCompression) // the level exists
	}
	z.w.Reset(&buffer)
	_, _ = z.w.Write(content)
	_ = z.w.Close() // a buffer does not fail
	return buffer.Bytes()
}
