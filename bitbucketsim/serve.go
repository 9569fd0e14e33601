package bitbucketsim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// servers are the two listeners: the web one for browsers, and the backend one (TLS) that can be refused and opened again.
type servers struct {
	mu          sync.Mutex
	closing     chan struct{} // closed by Close; releases hanging answers
	closed      bool
	web         *http.Server
	webPort     string
	backend     *http.Server // nil while refused
	backendPort net.Listener // the open port of backend
	backendAddr string       // "" before Start
	newBackend  func() *http.Server
	running     sync.WaitGroup
}

// Start opens both listeners and serves in the background. The backend's port is the one of the last run when it is free.
func (s *Sim) Start(webAddress string) error {
	sv := &s.servers
	sv.mu.Lock()
	defer sv.mu.Unlock()
	if sv.web != nil || sv.closed {
		return errors.New("start the simulated Bitbucket: it was started before")
	}
	host, _, err := net.SplitHostPort(webAddress)
	if err != nil {
		return fmt.Errorf("start the simulated Bitbucket: the address %q is not host:port: %w", webAddress, err)
	}
	webListener, err := listen(webAddress)
	if err != nil {
		return err
	}
	backendListener, err := s.listenBackend(host)
	if err != nil {
		return errors.Join(err, webListener.Close())
	}
	_, sv.webPort, _ = net.SplitHostPort(webListener.Addr().String())
	sv.backendAddr = backendListener.Addr().String()
	_, backendPort, _ := net.SplitHostPort(sv.backendAddr)
	if err := s.change(func(st *state) error { st.BackendPort = backendPort; return nil }); err != nil {
		return errors.Join(err, webListener.Close(), backendListener.Close())
	}
	sv.newBackend = s.newBackendServer
	sv.web = newServer(s.handler)
	sv.serve(sv.web, webListener)
	if s.Faults().Refuse { // it was refusing when the last run ended
		return backendListener.Close()
	}
	sv.openBackend(backendListener)
	return nil
}

func (s *Sim) listenBackend(host string) (net.Listener, error) {
	var port string
	s.look(func(st *state) { port = st.BackendPort })
	if port != "" {
		if l, err := listen(net.JoinHostPort(host, port)); err == nil {
			return l, nil
		}
	}
	return listen(net.JoinHostPort(host, "0"))
}

func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		_, port, _ := net.SplitHostPort(address)
		return nil, fmt.Errorf("the simulated Bitbucket cannot listen on port %s (%s): %w", port, address, err)
	}
	return l, nil
}

func newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // handshakes that fail on purpose are not news
	}
}

// newBackendServer presents the certificate that the faults call for. Without keep-alive and session tickets every request is a
// new handshake, so that a change takes effect at once for every client.
func (s *Sim) newBackendServer() *http.Server {
	server := newServer(s.handler)
	server.TLSConfig = &tls.Config{
		MinVersion:             tls.VersionTLS12,
		SessionTicketsDisabled: true,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if s.Faults().UntrustedCertificate {
				return &s.untrusted.chain, nil
			}
			return &s.trusted.chain, nil
		},
	}
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.SetKeepAlivesEnabled(false)
	return server
}

// The goroutines of serve and openBackend end when their server is closed, which Close does and waits for.
func (sv *servers) serve(server *http.Server, l net.Listener) {
	sv.running.Go(func() { _ = server.Serve(l) })
}

func (sv *servers) openBackend(l net.Listener) {
	server := sv.newBackend()
	sv.backend, sv.backendPort = server, l
	sv.running.Go(func() { _ = server.ServeTLS(l, "", "") })
}

// syncBackend closes the backend's port or opens the same one again.
func (sv *servers) syncBackend(refuse bool) error {
	sv.mu.Lock()
	defer sv.mu.Unlock()
	if sv.backendAddr == "" || sv.closed || refuse == (sv.backend == nil) {
		return nil
	}
	if refuse {
		// The port first: a server that has not begun to serve yet does not know its listener.
		err := sv.backendPort.Close()
		if closed := sv.backend.Close(); !errors.Is(closed, net.ErrClosed) {
			err = errors.Join(err, closed)
		}
		sv.backend = nil
		return err
	}
	l, err := listen(sv.backendAddr)
	if err != nil {
		return err
	}
	sv.openBackend(l)
	return nil
}

// WebURL is where browsers go; "" before Start.
func (s *Sim) WebURL() string {
	s.servers.mu.Lock()
	defer s.servers.mu.Unlock()
	if s.servers.web == nil {
		return ""
	}
	return "http://localhost:" + s.servers.webPort
}

// BackendURL is where Fairlead's server goes; "" before Start. It stays the same while the backend refuses.
func (s *Sim) BackendURL() string {
	s.servers.mu.Lock()
	defer s.servers.mu.Unlock()
	if s.servers.backendAddr == "" {
		return ""
	}
	_, port, _ := net.SplitHostPort(s.servers.backendAddr)
	return "https://localhost:" + port
}

// closeGrace bounds the wait for connections that browsers open ahead and never use.
const closeGrace = 300 * time.Millisecond

// Close stops listening, drops hanging answers and deliveries under way, waits for the rest until ctx ends, and stores what is not
// stored yet. Closing twice does no harm.
func (s *Sim) Close(ctx context.Context) error {
	sv := &s.servers
	sv.mu.Lock()
	if sv.closed {
		sv.mu.Unlock()
		return nil
	}
	sv.closed = true
	close(sv.closing)
	open := []*http.Server{sv.web, sv.backend}
	sv.mu.Unlock() // answers under way may still ask for WebURL
	ctx, cancel := context.WithTimeout(ctx, closeGrace)
	defer cancel()
	var failed error
	for _, server := range open {
		if server == nil {
			continue
		}
		if err := server.Shutdown(ctx); err != nil {
			failed = errors.Join(failed, server.Close())
		}
	}
	sv.running.Wait()
	s.deliveries.close()
	failed = errors.Join(failed, s.closeKeeper())
	s.background.Wait()
	return failed
}
