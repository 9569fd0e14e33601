package handlers

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"fairlead"
)

// hookLimit is twice the largest body that Bitbucket sends (256 KB, documented).
const hookLimit = 512 << 10

// hookExpected is more than a delivery of five commits with long messages has.
const hookExpected = 32 << 10

// Bodies are read whole, so only so many at once: senders who never finish must not fill the memory. A burst of honest ones
// is over sooner than the patience.
const (
	hooksAtOnce  = 64
	hookPatience = time.Second
	hookRetry    = "10" // seconds
)

// hookRoutes are for hosts: no cookie, no page. The signature is the only proof of who sends.
func (s *Server) hookRoutes(r chi.Router) {
	door := make(chan struct{}, hooksAtOnce)
	r.Post("/hooks/{link}", func(w http.ResponseWriter, r *http.Request) { s.receiveDelivery(w, r, door) })
}

// hookStatuses say with what status a delivery is refused. None of them is a 5xx: a host would only send it again.
var hookStatuses = map[fairlead.DiagnosisCode]int{
	fairlead.DiagnosisSignatureMissing: http.StatusUnauthorized,
	fairlead.DiagnosisSignatureWrong:   http.StatusUnauthorized,
	fairlead.DiagnosisDeliveryUnknown:  http.StatusBadRequest,
	fairlead.DiagnosisDeliveryTooLarge: http.StatusRequestEntityTooLarge,
}

// receiveDelivery answers 202 once the delivery is on the disk, 200 if it was there already. What fails on our side is a
// 503, so that the host sends it again. Of a webhook that nobody has no body is read.
func (s *Server) receiveDelivery(w http.ResponseWriter, r *http.Request, door chan struct{}) {
	address := clientIP(r)
	link, err := s.Inbox.FindHookedLink(r.Context(), chi.URLParam(r, "link"))
	if err != nil {
		s.refuseDelivery(w, r, err)
		return
	}
	patience := time.NewTimer(hookPatience)
	defer patience.Stop()
	select {
	case door <- struct{}{}:
	case <-patience.C:
		w.Header().Set("Retry-After", hookRetry)
		answerHook(w, http.StatusServiceUnavailable, "Too many deliveries at once. Send it again.")
		return
	case <-r.Context().Done():
		return
	}
	body, err := readHook(w, r)
	<-door // what was read whole waits for the disk only, together with the others
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		s.refuseDelivery(w, r, s.Inbox.TooLarge(link, address))
		return
	}
	if err != nil {
		answerHook(w, http.StatusBadRequest, "The body could not be read.")
		return
	}
	receipt, err := s.Inbox.Receive(r.Context(), link, r.Header, body, address)
	switch {
	case err != nil:
		s.refuseDelivery(w, r, err)
	case receipt.Stored:
		answerHook(w, http.StatusAccepted, "Stored.")
	default:
		answerHook(w, http.StatusOK, "Stored before.")
	}
}

// readHook reads a body that is not too large. Its announced length spares growing the buffer, of which more would go to the
// garbage than the body has; it is believed up to the size of nearly all deliveries.
func readHook(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var body bytes.Buffer
	body.Grow(int(min(max(r.ContentLength, 0), hookExpected)) + bytes.MinRead)
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, hookLimit))
	return body.Bytes(), err
}

func (s *Server) refuseDelivery(w http.ResponseWriter, r *http.Request, err error) {
	var d *fairlead.Diagnosis
	switch {
	case errors.As(err, &d) && hookStatuses[d.Code] != 0:
		answerHook(w, hookStatuses[d.Code], d.Title+".")
	case fairlead.CodeOf(err) == fairlead.CodeNotFound:
		answerHook(w, http.StatusNotFound, "There is no such webhook.")
	default:
		s.logUnknown(r, err)
		answerHook(w, http.StatusServiceUnavailable, "Not stored. Send it again.")
	}
}

func answerHook(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}
