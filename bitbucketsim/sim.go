// Package bitbucketsim is a simulated Bitbucket Cloud: its pages for people (sign-in, OAuth clients, consent, pushing), its OAuth
// endpoints, repositories with commits in memory, webhooks, and the part of its REST API that Fairlead reads. `fairlead demo` and
// tests talk to it over real HTTP; webhooks are real HTTP requests too. Conditional requests (ETag) are left out: no source tells
// that Bitbucket's API knows them.
//
// Comments cite where a behaviour comes from: "documented" (Atlassian's own pages or OpenAPI), "observed" (quoted in a public
// issue of a client), "assumed" (neither; a guess that the real service may contradict).
package bitbucketsim

import (
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"sync"
	"time"
)

// Options are the simulator's outside world.
type Options struct {
	Clock     func() time.Time // nil means time.Now
	Random    io.Reader        // nil means crypto/rand.Reader; ids, secrets and tokens come from it, TLS keys do not
	StateFile string           // "" means memory only; else a JSON file that survives kill -9 and restart

	ManyRepositories int            // so many more in one more workspace, acme-fleet (see AddRepositories); 0 means no such workspace
	DeliveryTimeout  time.Duration  // how long a webhook's receiver may take; 0 means Bitbucket's 10 seconds
	DeliveryRoots    *x509.CertPool // which CAs a webhook's receiver may have its certificate from; nil means the machine's
}

// Sim is one simulated Bitbucket. Its methods may be called from several goroutines.
type Sim struct {
	clock     func() time.Time
	random    io.Reader
	randomMu  sync.Mutex
	stateFile string
	world     world
	pages     map[string]*template.Template
	trusted   certificate
	untrusted certificate
	requests  requestLog
	handler   http.Handler

	stateMu sync.Mutex
	state   state

	hosting    *hosting
	keepMu     sync.Mutex // one write of the repositories at a time
	deliveries *deliveries
	background sync.WaitGroup // the keeper and the deliveries
	limits     rateLimits

	faultsMu sync.Mutex // serialises SetFaults: the stored faults and the backend's listener change together
	servers  servers
}

// New makes a simulator, or carries on from the state file when there is one. It serves nothing before Start, except through Handler.
func New(options Options) (*Sim, error) {
	s := &Sim{
		clock:     options.Clock,
		random:    options.Random,
		stateFile: options.StateFile,
		servers:   servers{closing: make(chan struct{})},
	}
	s.deliveries = newDeliveries(options)
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.random == nil {
		s.random = rand.Reader
	}
	var err error
	if s.state, err = loadState(s.stateFile); err != nil {
		return nil, err
	}
	if err = s.openHosting(options.ManyRepositories); err != nil {
		return nil, err
	}
	if s.pages, err = parsePages(); err != nil {
		return nil, err
	}
	if s.trusted, err = newCertificate("Simulated Bitbucket Root CA"); err != nil {
		return nil, err
	}
	if s.untrusted, err = newCertificate("Simulated Corporate Root CA"); err != nil {
		return nil, err
	}
	s.handler = s.routes()
	return s, nil
}

func (s *Sim) openHosting(fleet int) error {
	s.hosting = newHosting()
	s.hosting.seed()
	if fleet > 0 {
		s.hosting.addFleet(fleetWorkspace, fleet)
	}
	if err := s.hosting.restore(s.state.Hosting); err != nil {
		return fmt.Errorf("the repositories in the simulator's state file %s cannot be read (remove it to start afresh): %w", s.stateFile, err)
	}
	s.world = seededWorld(s.hosting.fleet[fleetWorkspace] > 0)
	return nil
}

// Handler answers every route: pages, OAuth endpoints and API.
func (s *Sim) Handler() http.Handler { return s.handler }

// CertPool trusts the simulator's own CA, and so BackendURL while UntrustedCertificate is not set.
func (s *Sim) CertPool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.trusted.root)
	return pool
}

const (
	alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	base64URL    = alphanumeric + "-_"
)

// randomText draws n characters of the alphabet. The small bias of the remainder does not matter to a simulator.
func (s *Sim) randomText(alphabet string, n int) (string, error) {
	s.randomMu.Lock()
	defer s.randomMu.Unlock()
	text := make([]byte, n)
	if _, err := io.ReadFull(s.random, text); err != nil {
		return "", fmt.Errorf("draw random text: %w", err)
	}
	for i, b := range text {
		text[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(text), nil
}
