package bitbucketsim

import (
	"context"
	"crypto/tls"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Delivery is one event on its way to one webhook. They are kept in memory only: a restart forgets them, and loses those that wait,
// as Bitbucket loses some too.
type Delivery struct {
	RequestUUID string            `json:"request_uuid"`
	HookUUID    string            `json:"hook_uuid"`  // in braces
	Repository  string            `json:"repository"` // full name at that time
	Event       string            `json:"event"`
	URL         string            `json:"url"`
	At          time.Time         `json:"at"`
	State       string            `json:"state"`
	Size        int               `json:"size"` // of the body, once there is one
	Attempts    []DeliveryAttempt `json:"attempts"`
	Body        string            `json:"body"` // of the newest few only
}

// The states of a Delivery.
const (
	DeliveryWaiting   = "waiting"
	DeliveryHeld      = "held"      // by the fault that reorders, until the next one comes
	DeliveryDelivered = "delivered" // answered 2xx
	DeliveryFailed    = "failed"
	DeliveryDropped   = "dropped"   // by the fault
	DeliveryTooLarge  = "too large" // documented: over 256 KB nothing is sent and nobody is told
	DeliveryAborted   = "aborted"   // the simulator closed
)

// DeliveryAttempt is one request to the receiver.
type DeliveryAttempt struct {
	Number  int           `json:"number"` // X-Attempt-Number
	At      time.Time     `json:"at"`
	Outcome string        `json:"outcome"` // the status, "TIMEOUT" or "NETWORK ERROR", as Bitbucket's log says (documented)
	Status  int           `json:"status"`  // 0 without an answer
	Error   string        `json:"error"`
	Took    time.Duration `json:"took"`
}

const (
	deliveriesKept    = 500
	deliveriesInFull  = 20
	deliveryTimeout   = 10 * time.Second // documented
	deliveryAttempts  = 3                // documented: 5xx is re-sent up to two times; that nothing else is re-sent follows
	deliveryBodyLimit = 256 << 10        // documented
	bodyShown         = 32 << 10         // what the log keeps of a body
)

// deliveries sends what happens to the webhooks. Each webhook has a queue and, while that is not empty, a goroutine: they leave in
// order, unlike Bitbucket's, which promises none; the fault "reorder" is for that.
type deliveries struct {
	client  *http.Client
	timeout time.Duration
	context context.Context // ends with Close
	abort   context.CancelFunc

	mu      sync.Mutex
	queues  map[string]*deliveryQueue // by the webhook's UUID
	log     []*Delivery
	pending int
	idle    chan struct{} // closed and replaced when nothing is pending any more
	closed  bool
}

type deliveryQueue struct {
	jobs    []*deliveryJob
	held    *deliveryJob
	running bool
}

// deliveryJob carries the faults of the moment when it was queued, so that a test may set one, push, and reset.
type deliveryJob struct {
	hook      hook
	event     string
	body      func() ([]byte, error)
	signature string // "", "wrong" or "none"
	due       time.Time
	version   int // of hosting; stored before anything is sent
	record    *Delivery
}

func newDeliveries(options Options) *deliveries {
	d := &deliveries{queues: map[string]*deliveryQueue{}, idle: make(chan struct{}), timeout: options.DeliveryTimeout}
	if d.timeout == 0 {
		d.timeout = deliveryTimeout
	}
	d.context, d.abort = context.WithCancel(context.Background())
	d.client = &http.Client{
		Transport: &http.Transport{ // no proxy of the environment: deliveries go where the webhook says
			TLSClientConfig: &tls.Config{RootCAs: options.DeliveryRoots, MinVersion: tls.VersionTLS12},
			IdleConnTimeout: time.Second,
		},
		// A redirect is an answer like any other (assumed).
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return d
}

// Deliveries lists the last 500, oldest first.
func (s *Sim) Deliveries() []Delivery {
	s.deliveries.mu.Lock()
	defer s.deliveries.mu.Unlock()
	list := make([]Delivery, 0, len(s.deliveries.log))
	for _, d := range s.deliveries.log {
		copied := *d
		copied.Attempts = append([]DeliveryAttempt{}, d.Attempts...)
		list = append(list, copied)
	}
	return list
}

// Settle returns when no delivery is on its way any more. One that the fault "reorder" holds back does not count.
func (s *Sim) Settle(ctx context.Context) error {
	d := s.deliveries
	for {
		d.mu.Lock()
		pending, idle := d.pending, d.idle
		d.mu.Unlock()
		if pending == 0 {
			return nil
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// queue takes a job over. The caller may hold the lock of hosting, never the other way round.
func (s *Sim) queueDelivery(job *deliveryJob, f Faults) {
	d := s.deliveries
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keep(job.record)
	switch {
	case d.closed:
		job.record.State = DeliveryAborted
		return
	case f.DropDeliveries:
		job.record.State = DeliveryDropped
		return
	}
	q := d.queues[job.hook.UUID]
	if q == nil {
		q = &deliveryQueue{}
		d.queues[job.hook.UUID] = q
	}
	if f.ReorderDeliveries && q.held == nil {
		job.record.State, q.held = DeliveryHeld, job
		return
	}
	s.start(q, job)
	if f.DuplicateDeliveries {
		twin := *job
		record := *job.record
		twin.record = &record
		d.keep(twin.record)
		s.start(q, &twin)
	}
	s.releaseHeld(q)
}

// releaseDeliveries lets go what the fault "reorder" has held back, when it is over.
func (s *Sim) releaseDeliveries() {
	s.deliveries.mu.Lock()
	defer s.deliveries.mu.Unlock()
	for _, q := range s.deliveries.queues {
		s.releaseHeld(q)
	}
}

func (s *Sim) releaseHeld(q *deliveryQueue) {
	if job := q.held; job != nil {
		q.held = nil
		s.start(q, job)
	}
}

// start puts a job at the end of its queue. The caller holds the lock.
func (s *Sim) start(q *deliveryQueue, job *deliveryJob) {
	if s.deliveries.closed {
		job.record.State = DeliveryAborted
		return
	}
	job.record.State = DeliveryWaiting
	q.jobs = append(q.jobs, job)
	s.deliveries.pending++
	if !q.running {
		q.running = true
		s.background.Go(func() { s.work(q) })
	}
}

// work ends when its queue is empty; after Close, what is left is only marked.
func (s *Sim) work(q *deliveryQueue) {
	d := s.deliveries
	for {
		d.mu.Lock()
		if len(q.jobs) == 0 {
			q.running = false
			d.mu.Unlock()
			return
		}
		job := q.jobs[0]
		q.jobs[0] = nil
		q.jobs = q.jobs[1:]
		d.mu.Unlock()
		s.deliver(job)
		d.mu.Lock()
		if d.pending--; d.pending == 0 {
			close(d.idle)
			d.idle = make(chan struct{})
		}
		d.mu.Unlock()
	}
}

// keep bounds the log: the oldest go, and of the older ones the bodies. The caller holds the lock.
func (d *deliveries) keep(record *Delivery) {
	d.log = append(d.log, record)
	if extra := len(d.log) - deliveriesKept; extra > 0 {
		d.log = slices.Delete(d.log, 0, extra)
	}
	if full := len(d.log) - deliveriesInFull; full > 0 {
		d.log[full-1].Body = ""
	}
}

func (d *deliveries) note(record *Delivery, f func(*Delivery)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(record)
}

func (d *deliveries) close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.abort()
	d.client.CloseIdleConnections()
}

// of lists a webhook's deliveries, newest first.
func (s *Sim) deliveriesOf(hookUUID string) []Delivery {
	list := slices.DeleteFunc(s.Deliveries(), func(d Delivery) bool { return !strings.EqualFold(d.HookUUID, hookUUID) })
	slices.Reverse(list)
	return list
}
