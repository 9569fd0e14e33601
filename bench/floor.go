package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
)

// floorCommand is the argument with which this program is the bare server.
const floorCommand = "floor"

// recorded is an answer of the product, to be sent again byte for byte.
type recorded struct {
	Method, Path string
	Status       int
	Header       http.Header
	Body         []byte
}

// record asks the product once. What net/http adds by itself on the way out is left to the floor's net/http.
func record(base string, q request) (recorded, error) {
	r, err := http.NewRequest(q.method, base+q.path, bytes.NewReader([]byte(q.body)))
	if err != nil {
		return recorded{}, err
	}
	r.Header = q.header.Clone()
	if q.method == http.MethodPost && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return recorded{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != q.status {
		err = fmt.Errorf("%s %s: got status %d, want %d", q.method, q.path, answer.StatusCode, q.status)
	}
	for _, own := range []string{"Date", "Content-Length", "Connection"} {
		answer.Header.Del(own)
	}
	return recorded{q.method, q.path, answer.StatusCode, answer.Header, body}, err
}

// floorHandler is the least that a Go server can do: look the answer up and send it, in one write, as the product does.
func floorHandler(answers []recorded) http.Handler {
	byRequest := map[string]recorded{}
	for _, a := range answers {
		byRequest[a.Method+" "+a.Path] = a
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := byRequest[r.Method+" "+r.RequestURI]
		if !ok {
			http.NotFound(w, r)
			return
		}
		header := w.Header()
		for name, values := range a.Header {
			header[name] = values
		}
		w.WriteHeader(a.Status)
		if len(a.Body) > 0 {
			_, _ = w.Write(a.Body)
		}
	})
}

// serveFloor is the floor's process: the recorded answers come from standard input.
func serveFloor(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet(floorCommand, flag.ExitOnError)
	address := flags.String("listen", "127.0.0.1:0", "address to listen on")
	_ = flags.Parse(args) // it exits
	var answers []recorded
	if err := json.NewDecoder(in).Decode(&answers); err != nil {
		return err
	}
	l, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "The floor is at http://%s\n", l.Addr())
	server := &http.Server{Handler: floorHandler(answers)}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}

var floorReady = regexp.MustCompile(`^The floor is at (\S+)$`)

// startFloor starts this program again as the floor.
func startFloor(ctx context.Context, dir, listen string, answers []recorded) (*process, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	text, err := json.Marshal(answers)
	if err != nil {
		return nil, "", err
	}
	p, err := start(ctx, filepath.Join(dir, "floor.log"), bytes.NewReader(text), floorReady, self, floorCommand, "-listen", listen)
	if err != nil {
		return nil, "", err
	}
	said, err := p.find(floorReady)
	if err != nil {
		p.stop()
		return nil, "", err
	}
	u, err := url.Parse(said[0])
	return p, u.Host, err
}
