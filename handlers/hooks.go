package handlers

import (
	"errors"
	"io"
	"net/http"

	"github.com/go-chi/chi/v5"

	"fairlead"
)

// hookLimit is twice the largest body that Bitbucket sends (256 KB, documented).
const hookLimit = 512 << 10

// hookRoutes are for hosts: no cookie, no page. The signature is the only proof of who sends.
func (s *Server) hookRoutes(r chi.Router) {
	r.Post("/hooks/{link}", s.receiveDelivery)
}

// hookStatuses say with what status a delivery is refused. None of them is a 5xx: a host would only send it again.
var hookStatuses = map[fairlead.DiagnosisCode]int{
	fairlead.DiagnosisSignatureMissing: http.StatusUnauthorized,
	fairlead.DiagnosisSignatureWrong:   http.StatusUnauthorized,
	fairlead.DiagnosisDeliveryUnknown:  http.StatusBadRequest,
	fairlead.DiagnosisDeliveryTooLarge: http.StatusRequestEntityTooLarge,
}

// receiveDelivery answers 202 once the delivery is on the disk, 200 if it was there already. What fails on our side is a
// 503, so that the host sends it again.
func (s *Server) receiveDelivery(w http.ResponseWriter, r *http.Request) {
	link, address := chi.URLParam(r, "link"), clientIP(r)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, hookLimit))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		err = s.Inbox.TooLarge(r.Context(), link, address)
	} else if err != nil {
		answerHook(w, http.StatusBadRequest, "The body could not be read.")
		return
	} else {
		receipt, failed := s.Inbox.Receive(r.Context(), link, r.Header, body, address)
		if failed == nil {
			status, text := http.StatusAccepted, "Stored."
			if !receipt.Stored {
				status, text = http.StatusOK, "Stored before."
			}
			answerHook(w, status, text)
			return
		}
		err = failed
	}
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
