package gitprovider

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"fairlead"
)

const (
	bodyLimit  = 2 << 20 // no answer that we read is longer
	maxAnswers = 8       // the last ones of an attempt
)

// answer is one exchange on the wire, as a diagnosis needs it: libraries above drop bodies and headers of failures.
type answer struct {
	method string
	url    *url.URL
	status int // 0 if none came
	header http.Header
	body   []byte
	err    error
	at     time.Time
	took   time.Duration
}

// trace is a transport that keeps the last answers of one verification, and what must be redacted from them.
type trace struct {
	client  *Client
	answers []answer
	secrets []fairlead.Secret
}

func (c *Client) newTrace(secrets ...fairlead.Secret) *trace {
	return &trace{client: c, secrets: secrets}
}

// newAppTrace is a trace that also knows how the pair of ID and secret looks inside Basic authentication.
func (c *Client) newAppTrace(app App, secrets ...fairlead.Secret) *trace {
	secret := app.Secret.Reveal()
	for _, pair := range []string{app.ID + ":" + secret, url.QueryEscape(app.ID) + ":" + url.QueryEscape(secret)} {
		secrets = append(secrets, fairlead.NewSecret(base64.RawStdEncoding.EncodeToString([]byte(pair))))
	}
	return c.newTrace(append(secrets, app.Secret)...)
}

// httpClient sends through the trace. A redirect to another host is not followed: it would carry what was meant for this
// one, and it usually means that something stands in between.
func (t *trace) httpClient() *http.Client {
	return &http.Client{
		Transport: t,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > 3 || req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}

type counter struct{}

// Counted counts the requests that calls with this context make; asked tells how many there were so far. One call can take
// several: a list has pages.
func Counted(ctx context.Context) (counted context.Context, asked func() int64) {
	n := &atomic.Int64{}
	return context.WithValue(ctx, counter{}, n), n.Load
}

// RoundTrip implements http.RoundTripper. It reads the whole answer, so the time-out is set here; http.Client's own one
// now and then ends as a mere "request canceled".
func (t *trace) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), t.client.timeout)
	defer cancel()
	if n, ok := ctx.Value(counter{}).(*atomic.Int64); ok {
		n.Add(1)
	}
	a := answer{method: req.Method, url: req.URL, at: t.client.clock()}
	response, err := t.client.transport.RoundTrip(req.WithContext(ctx))
	if err == nil {
		a.status, a.header = response.StatusCode, response.Header
		a.body, err = readLimited(response.Body)
		response.Body = io.NopCloser(bytes.NewReader(a.body))
	}
	a.err, a.took = err, t.client.clock().Sub(a.at)
	t.answers = append(t.answers, a)
	if len(t.answers) > maxAnswers {
		t.answers = t.answers[1:]
	}
	if err != nil {
		return nil, err
	}
	return response, nil
}

// cancelled is the context's error if the caller gave up. A deadline is none: it is a time-out of the host.
func cancelled(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return nil
}

var errTooLong = fmt.Errorf("the answer is longer than %d bytes", bodyLimit)

func readLimited(body io.ReadCloser) ([]byte, error) {
	defer body.Close()
	content, err := io.ReadAll(io.LimitReader(body, bodyLimit+1))
	if err == nil && len(content) > bodyLimit {
		return content[:bodyLimit], errTooLong
	}
	return content, err
}

// last is the newest answer; zero if nothing was sent.
func (t *trace) last() answer {
	if len(t.answers) == 0 {
		return answer{}
	}
	return t.answers[len(t.answers)-1]
}

// skew is how far this machine's clock is ahead of the host's, by the Date header of the newest answer that has one;
// 0 if there is none. The header has whole seconds and the answer took its time, so small values mean nothing.
func (t *trace) skew() time.Duration {
	for i := len(t.answers) - 1; i >= 0; i-- {
		a := t.answers[i]
		if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
			return a.at.Add(a.took).Sub(date)
		}
	}
	return 0
}
