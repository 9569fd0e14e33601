package inbox_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/db"
	"fairlead/gitprovider"
	"fairlead/inbox"
	"fairlead/linking"
)

// TestMain keeps a proxy of the machine out of the tests, and fails if a goroutine of ours still runs after them.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		_ = os.Unsetenv(name)
	}
	goleak.VerifyTestMain(m)
}

const (
	hostPriya = "priya@acme.example" // administers the repositories at the host
	orders    = "acme-data/orders-db"
)

// clock begins at the real time, because hosts date their answers by it, and only the test moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// testing.TB and *rapid.T have this in common.
type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

// quay is the flow on a real database, with a simulated Bitbucket at the other end of the wire in both directions: its
// webhooks come in by HTTP, and Fairlead asks it by HTTP. Ana linked a repository by her connection.
type quay struct {
	*inbox.Flow
	t        tester
	clock    *clock
	db       *db.DB
	sim      *bitbucketsim.Sim
	host     *gitprovider.BitbucketCloud
	linking  *linking.Flow
	server   *httptest.Server
	ana      fairlead.Person
	project  fairlead.Project
	provider fairlead.GitProvider
	link     fairlead.RepositoryLink
	log      *bytes.Buffer
	rewire   func(*inbox.Options)

	mu       sync.Mutex
	statuses []int // what webhooks were answered
}

// newQuay links orders with that rule; a zero one follows main.
func newQuay(t testing.TB, rule fairlead.LinkRule, alter ...func(*quay)) *quay {
	t.Helper()
	q, stop := openQuay(t, t.TempDir(), rule, alter...)
	t.Cleanup(stop)
	return q
}

func openQuay(t tester, dir string, rule fairlead.LinkRule, alter ...func(*quay)) (q *quay, stop func()) {
	t.Helper()
	q = &quay{t: t, clock: &clock{now: time.Now().UTC().Truncate(time.Millisecond)}, log: &bytes.Buffer{}}
	var stops []func()
	q.server = httptest.NewServer(http.HandlerFunc(q.receive))
	stops = append(stops, q.server.Close)
	var err error
	q.sim, err = bitbucketsim.New(bitbucketsim.Options{Clock: q.clock.Now})
	q.must(err)
	q.must(q.sim.Start("127.0.0.1:0"))
	stops = append(stops, func() { _ = q.sim.Close(context.Background()) })
	client := gitprovider.NewClient(gitprovider.ClientOptions{AllowLoopback: true, RootCAs: q.sim.CertPool(), Clock: q.clock.Now, Random: rand.Reader})
	q.host = &gitprovider.BitbucketCloud{Client: client, Web: q.sim.WebURL(), Site: q.sim.BackendURL(), API: q.sim.BackendURL() + "/2.0", ReachesPrivate: true}
	for _, f := range alter {
		f(q)
	}
	q.db, err = db.Open(context.Background(), db.Options{Dir: dir, Clock: q.clock.Now, Random: rand.Reader})
	q.must(err)
	stops = append(stops, func() { _ = q.db.Close() })
	q.wire()
	q.found()
	if rule.Branch == "" {
		rule.Branch = "main"
	}
	q.link = q.linked(orders, rule)
	slices.Reverse(stops)
	return q, func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// wire makes the flows anew, as a restart does.
func (q *quay) wire() {
	q.t.Helper()
	external, err := url.Parse(q.server.URL)
	q.must(err)
	hosts := gitprovider.Registry{q.host}
	log := slog.New(slog.NewTextHandler(q.log, nil))
	q.linking = linking.New(linking.Options{Store: q.db, Hosts: hosts, ExternalURL: external, Clock: q.clock.Now, Random: rand.Reader, Log: log})
	options := inbox.Options{
		Store: q.db, Hosts: hosts, Caller: q.linking, CheckHealth: q.linking.Check, Clock: q.clock.Now, Random: rand.Reader, Log: log,
	}
	if q.rewire != nil {
		q.rewire(&options)
	}
	q.Flow = inbox.New(options)
}

// deliver is one call of a webhook.
func (q *quay) deliver(ctx context.Context, linkID string, header http.Header, body []byte, address string) (inbox.Receipt, error) {
	link, err := q.FindHookedLink(ctx, linkID)
	if err != nil {
		return inbox.Receipt{}, err
	}
	return q.Receive(ctx, link, header, body, address)
}

// receive is the other side of the host's webhooks.
func (q *quay) receive(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, err := q.deliver(r.Context(), strings.TrimPrefix(r.URL.Path, "/hooks/"), r.Header, body, "192.0.2.7")
	status := http.StatusAccepted
	if d, ok := errors.AsType[*fairlead.Diagnosis](err); ok {
		status = map[fairlead.DiagnosisCode]int{
			fairlead.DiagnosisSignatureMissing: 401, fairlead.DiagnosisSignatureWrong: 401, fairlead.DiagnosisDeliveryUnknown: 400,
		}[d.Code]
	} else if fairlead.CodeOf(err) == fairlead.CodeNotFound {
		status = 404
	} else if err != nil {
		status = 503
	}
	q.mu.Lock()
	q.statuses = append(q.statuses, status)
	q.mu.Unlock()
	w.WriteHeader(status)
}

func (q *quay) must(err error) {
	q.t.Helper()
	if err != nil {
		q.t.Fatal(err)
	}
}

func as(p fairlead.Person) fairlead.Actor { return fairlead.Actor{PersonID: p.ID, Name: p.Name} }

// found makes the workspace, Ana, her project, the Git provider, and her connection.
func (q *quay) found() {
	q.t.Helper()
	ctx := context.Background()
	link := func(token string, l fairlead.Link) {
		l.ExpiresAt = q.clock.Now().Add(time.Hour)
		_, err := q.db.CreateLink(ctx, fairlead.System(), l, fairlead.HashToken(token))
		q.must(err)
	}
	link("first", fairlead.Link{Purpose: fairlead.LinkFirstOwner, Role: fairlead.RoleOwner})
	owner, err := q.db.CreateWorkspace(ctx, fairlead.Actor{}, fairlead.HashToken("first"), "Acme Data", fairlead.Person{Email: "priya@acme.example", Name: "Priya"}, "hash")
	q.must(err)
	link("ana", fairlead.Link{Purpose: fairlead.LinkInvitation, Email: "ana@acme.example", Role: fairlead.RoleMember})
	q.ana, err = q.db.CreateMember(ctx, fairlead.Actor{}, fairlead.HashToken("ana"), "Ana", "hash")
	q.must(err)
	q.project, err = q.linking.Create(ctx, as(q.ana), q.linking.NewProjectID(), "Orders", "")
	q.must(err)
	client, err := q.sim.CreateClient(bitbucketsim.Client{
		Workspace: "acme-data", Name: "Fairlead", CallbackURL: q.server.URL + "/oauth/callback", Permissions: []string{"account", "repository:write", "webhook"},
	})
	q.must(err)
	s, _, err := q.db.CreateSetup(ctx, as(owner), fairlead.Setup{
		ID: "su_one", DraftID: "dr_one", Kind: fairlead.KindBitbucketCloud, InstanceURL: q.host.Web, DisplayName: "Bitbucket.org", ApplicationID: client.ID,
		Secret: fairlead.NewSecret(client.Secret), State: fairlead.SetupChecking, CreatedBy: owner,
	})
	q.must(err)
	s.State, s.Proof = fairlead.SetupVerified, &fairlead.Proof{At: q.clock.Now()}
	q.must(q.db.UpdateState(ctx, fairlead.System(), s))
	q.provider, err = q.db.ConfirmSetup(ctx, as(owner), s.ID)
	q.must(err)
	q.connect()
}

// connect is Ana's trip through the host's window.
func (q *quay) connect() fairlead.Connection {
	q.t.Helper()
	ctx := context.Background()
	session := fairlead.Session{ID: "se_ana", PersonID: q.ana.ID}
	address, err := q.linking.Authorize(ctx, session, q.provider.ID, "/projects/ORDERS", true)
	q.must(err)
	jar, err := cookiejar.New(nil)
	q.must(err)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	browser := &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	send := func(response *http.Response, err error) string {
		q.must(err)
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return response.Header.Get("Location")
	}
	all := bitbucketsim.Accounts()
	account := all[slices.IndexFunc(all, func(a bitbucketsim.Account) bool { return a.Email == hostPriya })]
	send(browser.PostForm(q.sim.WebURL()+"/account/signin", url.Values{"email": {hostPriya}, "password": {account.Password}}))
	location := send(browser.Get(address))
	if location == "" { // not granted before: the page asks
		location = send(browser.PostForm(address, url.Values{"decision": {"grant"}}))
	}
	back, err := url.Parse(location)
	q.must(err)
	_, err = q.linking.Complete(ctx, session, linking.Callback{State: back.Query().Get("state"), Code: fairlead.NewSecret(back.Query().Get("code"))})
	q.must(err)
	return q.connection()
}

func (q *quay) connection() fairlead.Connection {
	q.t.Helper()
	c, ok, err := q.linking.Connection(context.Background(), q.ana, q.provider.ID)
	q.must(err)
	if !ok {
		q.t.Fatal("Ana is not connected")
	}
	return c
}

func (q *quay) access() linking.Access {
	q.t.Helper()
	a, err := q.linking.Project(context.Background(), q.ana, q.project.Key)
	q.must(err)
	return a
}

func (q *quay) linked(repository string, rule fairlead.LinkRule) fairlead.RepositoryLink {
	q.t.Helper()
	ctx := context.Background()
	c := q.connection()
	repo, err := q.linking.FindRepository(ctx, c, repository)
	q.must(err)
	l, err := q.linking.Link(ctx, as(q.ana), q.access(), q.linking.NewLinkID(), c, repo, rule)
	q.must(err)
	return l
}

// fresh is the link as the database has it now.
func (q *quay) fresh() fairlead.RepositoryLink {
	q.t.Helper()
	l, err := q.db.FindRepositoryLink(context.Background(), q.link.ID)
	q.must(err)
	return l
}

func (q *quay) faults(f bitbucketsim.Faults) {
	q.t.Helper()
	q.must(q.sim.SetFaults(f))
}

// push pushes at the host and waits until its webhooks are through.
func (q *quay) push(changes ...bitbucketsim.RefChange) bitbucketsim.PushResult {
	q.t.Helper()
	result, err := q.sim.PushMany(orders, changes...)
	q.must(err)
	q.settle()
	return result
}

func (q *quay) settle() {
	q.t.Helper()
	q.must(q.sim.Settle(context.Background()))
}

// main is a push to main that adds a file.
func (q *quay) main(path string) bitbucketsim.PushResult {
	q.t.Helper()
	return q.push(bitbucketsim.RefChange{Branch: "main", Commits: []bitbucketsim.NewCommit{file(path)}})
}

// lose is a push to main of which no webhook tells.
func (q *quay) lose(path string) bitbucketsim.PushResult {
	q.t.Helper()
	before := q.sim.Faults()
	dropping := before
	dropping.DropDeliveries = true
	q.faults(dropping)
	result := q.main(path)
	q.faults(before)
	return result
}

func file(paths ...string) bitbucketsim.NewCommit {
	c := bitbucketsim.NewCommit{Message: "Change " + paths[0], Files: map[string]string{}}
	for _, path := range paths {
		c.Files[path] = "SELECT 1; -- " + path + "\n"
	}
	return c
}

// work works off everything that is due.
func (q *quay) work() {
	q.t.Helper()
	for {
		n, err := q.Work(context.Background())
		q.must(err)
		if n == 0 {
			return
		}
	}
}

// catchUp lets the regular check find what was lost: it looks, waits for the grace, looks again, and looks once more when
// that is worked off.
func (q *quay) catchUp() (found int) {
	q.t.Helper()
	q.clock.forward(time.Hour)
	for range 6 {
		n, err := q.CatchUp(context.Background())
		q.must(err)
		found += n
		q.work()
		q.clock.forward(2 * time.Minute)
	}
	return found
}

// deliveries lists the log, newest first.
func (q *quay) deliveries() []fairlead.Delivery {
	q.t.Helper()
	list, more, err := q.Deliveries(context.Background(), fairlead.DeliveryFilter{LinkID: q.link.ID}, fairlead.Cursor{}, 1000)
	q.must(err)
	if more {
		q.t.Fatal("there are more deliveries than the test looks at")
	}
	return list
}

// last is the newest delivery with its pushes.
func (q *quay) last() (fairlead.Delivery, []fairlead.Push) {
	q.t.Helper()
	d, pushes, _, err := q.Delivery(context.Background(), q.deliveries()[0].ID)
	q.must(err)
	return d, pushes
}

// want checks what became of the newest delivery.
func (q *quay) want(verdict fairlead.Verdict, reason string) (fairlead.Delivery, []fairlead.Push) {
	q.t.Helper()
	d, pushes := q.last()
	if d.Verdict != verdict || !strings.Contains(d.Reason, reason) {
		q.t.Errorf("got %s (%s), want %s (%s)", d.Verdict, d.Reason, verdict, reason)
	}
	return d, pushes
}

// heads are how far the link has followed branches and tags, "name hash" each.
func (q *quay) heads() (all []string) {
	q.t.Helper()
	heads, err := q.db.ListHeads(context.Background(), q.link.ID)
	q.must(err)
	for _, h := range heads {
		all = append(all, h.Ref.Name+" "+h.Hash)
	}
	return all
}

// hostHeads are the branches and tags at the host that the link follows.
func (q *quay) hostHeads() (all []string) {
	q.t.Helper()
	r, err := q.sim.Repository(orders)
	q.must(err)
	for name, hash := range r.Branches {
		if q.link.Rule.FollowsBranch(name) {
			all = append(all, name+" "+hash)
		}
	}
	slices.Sort(all)
	if !q.link.Rule.Tags {
		return all
	}
	tags := []string{}
	for name, hash := range r.Tags {
		tags = append(tags, name+" "+hash)
	}
	slices.Sort(tags)
	return append(all, tags...)
}

func (q *quay) wantHeads() {
	q.t.Helper()
	if got, want := q.heads(), q.hostHeads(); !slices.Equal(got, want) {
		q.t.Errorf("the link is at %q, the host at %q", got, want)
	}
}

// answered are the statuses that the host's webhooks got so far.
func (q *quay) answered() []int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.statuses)
}

// signed is a delivery as the host would sign it.
func signed(secret fairlead.Secret, id string, body []byte) http.Header {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write(body)
	return http.Header{
		"X-Event-Key": {"repo:push"}, "X-Request-Uuid": {id}, "X-Hook-Uuid": {"11111111-2222-3333-4444-555555555555"}, "X-Attempt-Number": {"1"},
		"Content-Type": {"application/json"}, "User-Agent": {"Bitbucket-Webhooks/2.0"},
		"X-Hub-Signature": {"sha256=" + hex.EncodeToString(mac.Sum(nil))},
	}
}

// pushBody is what the host sends of a push.
func pushBody(repository fairlead.Repository, changes ...fairlead.RefChange) []byte {
	var list []string
	for _, c := range changes {
		side := func(hash string) string {
			if hash == "" {
				return "null"
			}
			return fmt.Sprintf(`{"type":%q,"name":%q,"target":{"hash":%q}}`, c.Type, c.Name, hash)
		}
		list = append(list, fmt.Sprintf(`{"old":%s,"new":%s,"forced":%v}`, side(c.Old), side(c.New), c.Forced))
	}
	return []byte(fmt.Sprintf(`{"actor":{"display_name":"Priya Raman"},"repository":{"uuid":%q,"full_name":%q},"push":{"changes":[%s]}}`,
		repository.ID, repository.FullName, strings.Join(list, ",")))
}
