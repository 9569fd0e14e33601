package bitbucketsim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// rateLimits counts calls in a rolling hour, by caller and by kind of data (documented). Atlassian's pages disagree whether OAuth
// calls count against the person or against the client; here it is the person. In memory only: a restart forgets the counts.
type rateLimits struct {
	mu   sync.Mutex
	seen map[string][]time.Time
}

const rateWindow = time.Hour

// rateResource sorts a path into a bucket: webhooks and repository data have their own (documented); the rest shares one (assumed).
func rateResource(path string) string {
	switch parts := strings.Split(strings.TrimPrefix(path, "/2.0/"), "/"); {
	case parts[0] != "repositories":
		return "account"
	case len(parts) > 3 && parts[3] == "hooks":
		return "webhook"
	}
	return "repository"
}

// count notes a call and refuses it when the caller has made too many. A refused call does not count (assumed). The headers
// X-RateLimit-* are not sent: OAuth clients do not get them (documented for access tokens and Forge only), nor is Retry-After promised;
// the faults can add both.
func (l *rateLimits) count(w http.ResponseWriter, r *http.Request, c caller, now time.Time, f Faults) *apiError {
	who := c.account.UUID
	if c.isApp() {
		who = "app " + c.client.ID
	}
	resource := rateResource(r.URL.Path)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string][]time.Time{}
	}
	key := who + " " + resource
	begin := now.Add(-rateWindow)
	recent := slices.DeleteFunc(l.seen[key], func(at time.Time) bool { return !at.After(begin) })
	refused := f.RateLimit > 0 && len(recent) >= f.RateLimit
	if !refused {
		recent = append(recent, now)
	}
	if extra := len(recent) - rateKept; extra > 0 {
		recent = slices.Delete(recent, 0, extra)
	}
	l.seen[key] = recent
	noteCaller(r, c, len(recent))
	if f.RateLimitHeaders && f.RateLimit > 0 {
		w.Header().Set("X-RateLimit-Limit", strconv.Itoa(f.RateLimit))
		w.Header().Set("X-RateLimit-Resource", resource)
		w.Header().Set("X-RateLimit-NearLimit", strconv.FormatBool(len(recent)*5 >= f.RateLimit*4)) // over 80 %
	}
	if !refused {
		return nil
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", retryAfter(f.RetryAfter))
	}
	return &apiError{status: http.StatusTooManyRequests, message: "Rate limit for this resource has been exceeded"}
}

// rateKept bounds what is remembered; a higher limit cannot be set.
const rateKept = 10_000
