package handlers_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"fairlead"
)

// unread is a body of which the first byte that is read is told.
type unread struct {
	io.Reader
	once  sync.Once
	begun chan struct{}
}

func (u *unread) Read(p []byte) (int, error) {
	u.once.Do(func() { u.begun <- struct{}{} })
	return u.Reader.Read(p)
}

func TestOfAWebhookThatNobodyHasNoBodyIsRead(t *testing.T) {
	s := newLinkSite(t)
	for _, link := range []string{fairlead.NewID(fairlead.SystemRandom(), fairlead.PrefixRepositoryLink), "rl_short", "anything"} {
		body := &unread{Reader: http.NoBody, begun: make(chan struct{}, 1)}
		if a := s.visitor("192.0.2.200").send(httptest.NewRequest(http.MethodPost, externalURL+"/hooks/"+link, body)); a.status != http.StatusNotFound {
			t.Errorf("%s: got %d %s", link, a.status, a.body)
		}
		if len(body.begun) > 0 {
			t.Errorf("the body for %s was read", link)
		}
	}
}

func TestSendersWhoNeverFinishLeaveRoomAndTheOthersAreToldWhenToComeBack(t *testing.T) {
	s := newLinkSite(t)
	d := s.push("main", "migrations/1.sql")
	var hanging sync.WaitGroup
	begun := make(chan struct{})
	blocked, finish := io.Pipe()
	for range 64 {
		hanging.Go(func() {
			r := httptest.NewRequest(http.MethodPost, externalURL+"/hooks/"+s.linkID(), &unread{Reader: blocked, begun: begun})
			s.handler.ServeHTTP(httptest.NewRecorder(), r)
		})
	}
	for range 64 {
		<-begun
	}
	a := s.carry(d, sign(s.row().Secret, d.Body))
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("got %d %s, retry after %q", a.status, a.body, a.header.Get("Retry-After"))
	}
	_ = finish.CloseWithError(io.ErrUnexpectedEOF) // they break off
	hanging.Wait()
	if a := s.carry(d, sign(s.row().Secret, d.Body)); a.status != http.StatusAccepted {
		t.Errorf("when there is room again: %d %s", a.status, a.body)
	}
}
