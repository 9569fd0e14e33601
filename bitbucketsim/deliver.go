package bitbucketsim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// told is a repository after a change, and who will hear of it.
type told struct {
	repository repository
	deliveries []string
}

// alterAndTell changes a repository and queues the event for its webhooks in one step. f also returns what the event says, which is
// asked for when it is sent.
func (s *Sim) alterAndTell(name, event string, f func(*repository) (func(repository) any, error)) (told, error) {
	faults := s.Faults()
	h := s.hosting
	h.mu.Lock()
	defer h.mu.Unlock()
	var payload func(repository) any
	var ids []string
	now, err := h.alter(name, s.clock().UTC(), func(r *repository) (err error) {
		if payload, err = f(r); err != nil {
			return err
		}
		ids, err = s.requestIDs(r.hooks, event)
		return err
	})
	if err != nil {
		return told{}, err
	}
	s.tell(faults, now, event, ids, func() any { return payload(now) })
	return told{now, ids}, nil
}

// requestIDs draws one for each webhook that wants the event.
func (s *Sim) requestIDs(hooks []hook, event string) (ids []string, err error) {
	for _, h := range hooks {
		if !h.wants(event) {
			continue
		}
		id, err := s.newUUID()
		if err != nil {
			return nil, err
		}
		ids = append(ids, bare(id))
	}
	return ids, nil
}

// tell queues an event. The caller holds the lock of hosting.
func (s *Sim) tell(f Faults, r repository, event string, ids []string, payload func() any) {
	body := sync.OnceValues(func() ([]byte, error) { return json.Marshal(payload()) })
	next := 0
	for _, h := range r.hooks {
		if !h.wants(event) {
			continue
		}
		job := &deliveryJob{
			hook: h, event: event, body: body, version: s.hosting.version,
			due: time.Now().Add(f.DelayDeliveries), // the real clock: somebody waits for it
			record: &Delivery{
				RequestUUID: ids[next], HookUUID: h.UUID, Repository: r.fullName(), Event: event, URL: h.URL, At: s.clock().UTC(),
				State: DeliveryWaiting,
			},
		}
		next++
		if f.NoSignature {
			job.signature = "none"
		} else if f.WrongSignature {
			job.signature = "wrong"
		}
		s.queueDelivery(job, f)
	}
}

// deliver does everything that Bitbucket does for one event and one webhook.
func (s *Sim) deliver(job *deliveryJob) {
	d := s.deliveries
	set := func(state string) { d.note(job.record, func(r *Delivery) { r.State = state }) }
	if !s.waitKept(job.version) || !d.waitUntil(job.due) {
		set(DeliveryAborted)
		return
	}
	body, err := job.body()
	if err != nil {
		d.note(job.record, func(r *Delivery) { r.State, r.Body = DeliveryFailed, err.Error() })
		return
	}
	d.note(job.record, func(r *Delivery) { r.Size, r.Body = len(body), cut(string(body), bodyShown) })
	if len(body) > deliveryBodyLimit {
		d.note(job.record, func(r *Delivery) { r.State, r.Body = DeliveryTooLarge, "" })
		return
	}
	for number := 1; number <= deliveryAttempts; number++ {
		attempt := s.attempt(job, body, number)
		if d.context.Err() != nil {
			set(DeliveryAborted)
			return
		}
		state := DeliveryFailed
		if attempt.Status/100 == 2 {
			state = DeliveryDelivered
		}
		again := attempt.Status >= http.StatusInternalServerError && number < deliveryAttempts
		d.note(job.record, func(r *Delivery) {
			r.Attempts = append(r.Attempts, attempt)
			if !again {
				r.State = state
			}
		})
		if !again {
			return
		}
	}
}

func (d *deliveries) waitUntil(due time.Time) bool {
	wait := time.Until(due)
	if wait <= 0 {
		return d.context.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-d.context.Done():
		return false
	}
}

func (s *Sim) attempt(job *deliveryJob, body []byte, number int) (a DeliveryAttempt) {
	a = DeliveryAttempt{Number: number, At: s.clock().UTC()}
	began := time.Now()
	defer func() { a.Took = time.Since(began) }()
	ctx, cancel := context.WithTimeout(s.deliveries.context, s.deliveries.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, job.hook.URL, bytes.NewReader(body))
	if err != nil {
		a.Outcome, a.Error = "NETWORK ERROR", err.Error()
		return a
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "Bitbucket-Webhooks/2.0", "X-Event-Key": job.event,
		"X-Hook-UUID": bare(job.hook.UUID), "X-Request-UUID": job.record.RequestUUID, "X-Attempt-Number": strconv.Itoa(number),
	} {
		request.Header.Set(name, value)
	}
	if signature := job.sign(body); signature != "" {
		request.Header.Set("X-Hub-Signature", signature)
	}
	response, err := s.deliveries.client.Do(request)
	if err != nil {
		a.Outcome, a.Error = "NETWORK ERROR", err.Error()
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			a.Outcome = "TIMEOUT"
		}
		return a
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, bodyLimit) // so that the connection can be used again
	a.Status, a.Outcome = response.StatusCode, strconv.Itoa(response.StatusCode)
	return a
}

// sign is the HMAC of the body as it is sent (documented); "" when the webhook has no secret.
func (job *deliveryJob) sign(body []byte) string {
	if job.hook.Secret == "" || job.signature == "none" {
		return ""
	}
	key := job.hook.Secret
	if job.signature == "wrong" {
		key += " but another one"
	}
	sum := hmac.New(sha256.New, []byte(key))
	_, _ = sum.Write(body) // a hash never fails
	return fmt.Sprintf("sha256=%s", hex.EncodeToString(sum.Sum(nil)))
}
