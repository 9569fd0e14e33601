package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/inbox"
)

func (q *quay) wantRefused(header http.Header, body string, want fairlead.DiagnosisCode) {
	q.t.Helper()
	before := len(q.deliveries())
	_, err := q.deliver(context.Background(), q.link.ID, header, []byte(body), "203.0.113.9")
	d, ok := errors.AsType[*fairlead.Diagnosis](err)
	if !ok || d.Code != want {
		q.t.Errorf("got %v, want %s", err, want)
	}
	if len(q.deliveries()) != before {
		q.t.Errorf("what was refused is stored")
	}
}

func TestADeliveryIsOnTheDiskWhenItIsAnswered(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	body := pushBody(q.link.Repository, fairlead.RefChange{Type: fairlead.RefBranch, Name: "main", New: strings.Repeat("a", 40)})
	receipt, err := q.deliver(context.Background(), q.link.ID, signed(q.link.Secret, "one", body), body, "192.0.2.1")
	q.must(err)
	d, _, payload, err := q.Delivery(context.Background(), q.deliveries()[0].ID)
	q.must(err)
	if !receipt.Stored || d.State != fairlead.DeliveryWaiting || d.HostID != "one" || d.Address != "192.0.2.1" || d.ProjectID != q.project.ID || string(payload.Body) != string(body) {
		t.Errorf("got %+v, %+v", receipt, d)
	}
	if got := q.fresh().LastPushAt; !got.Equal(q.clock.Now()) {
		t.Errorf("the last push was at %v", got)
	}
}

func TestTheSameDeliveryIsStoredOnce(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	body := pushBody(q.link.Repository)
	for i := range 3 {
		receipt, err := q.deliver(context.Background(), q.link.ID, signed(q.link.Secret, "one", body), body, "192.0.2.1")
		q.must(err)
		if receipt.Stored != (i == 0) {
			t.Errorf("time %d: got %+v", i, receipt)
		}
	}
	if n := len(q.deliveries()); n != 1 {
		t.Errorf("got %d deliveries", n)
	}
}

func TestOnlyHeadersThatTellSomethingAreKept(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	body := pushBody(q.link.Repository)
	header := signed(q.link.Secret, "one", body)
	for name, value := range map[string]string{"Cookie": "a=b", "Authorization": "Bearer x", "X-Forwarded-Access-Token": "y", "User-Agent": strings.Repeat("u", 900)} {
		header.Set(name, value)
	}
	_, err := q.deliver(context.Background(), q.link.ID, header, body, "192.0.2.1")
	q.must(err)
	_, _, payload, err := q.Delivery(context.Background(), q.deliveries()[0].ID)
	q.must(err)
	want := map[string]string{
		"Content-Type": "application/json", "User-Agent": strings.Repeat("u", 500), "X-Event-Key": "repo:push", "X-Request-Uuid": "one",
		"X-Hook-Uuid": "11111111-2222-3333-4444-555555555555", "X-Attempt-Number": "1", "X-Hub-Signature": "[redacted]",
	}
	if fmt.Sprint(payload.Headers) != fmt.Sprint(want) {
		t.Errorf("got %v", payload.Headers)
	}
}

func TestWhatIsNotSignedAsItShouldBeIsRefused(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	body := string(pushBody(q.link.Repository))
	unsigned := signed(q.link.Secret, "one", []byte(body))
	unsigned.Del("X-Hub-Signature")
	q.wantRefused(unsigned, body, fairlead.DiagnosisSignatureMissing)
	q.wantRefused(signed(fairlead.NewSecret("another"), "one", []byte(body)), body, fairlead.DiagnosisSignatureWrong)
	q.wantRefused(signed(q.link.Secret, "one", []byte(body)), body+" ", fairlead.DiagnosisSignatureWrong)
	q.wantRefused(signed(q.link.Secret, "../../etc", []byte(body)), body, fairlead.DiagnosisDeliveryUnknown)
	noEvent := signed(q.link.Secret, "one", []byte(body))
	noEvent.Del("X-Event-Key")
	q.wantRefused(noEvent, body, fairlead.DiagnosisDeliveryUnknown)
}

func TestALinkWithoutASecretAcceptsNothing(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	link := q.fresh()
	link.ID, link.Secret = fairlead.NewID(fairlead.SystemRandom(), fairlead.PrefixRepositoryLink), fairlead.Secret{}
	link, err := q.db.CreateRepositoryLink(context.Background(), as(q.ana), link, nil)
	q.must(err)
	q.link = link
	q.wantRefused(signed(fairlead.Secret{}, "one", []byte("{}")), "{}", fairlead.DiagnosisSignatureWrong)
}

func TestThereIsNoWebhookForALinkThatIsUnknownOrUnlinked(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	_, err := q.linking.Unlink(context.Background(), as(q.ana), q.access(), q.fresh())
	q.must(err)
	for _, id := range []string{q.link.ID, "rl_aaaaaaaaaaaaaaaa", "", "rl_x", "../x"} {
		_, err := q.deliver(context.Background(), id, signed(q.link.Secret, "one", nil), nil, "192.0.2.1")
		if fairlead.CodeOf(err) != fairlead.CodeNotFound {
			t.Errorf("%q: got %v", id, err)
		}
	}
	if list, err := q.Rejections(context.Background(), q.link.ID); len(list) != 0 || err != nil {
		t.Errorf("got %+v, %v", list, err)
	}
}

func TestBothSecretsAreGoodUntilTheHostUsesTheNewOne(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	ctx := context.Background()
	old, next := q.link.Secret, fairlead.NewSecret("the next secret of this link")
	q.must(q.db.RotateLinkSecret(ctx, as(q.ana), q.link.ID, next))
	send := func(secret fairlead.Secret, id string) error {
		body := pushBody(q.link.Repository)
		_, err := q.deliver(ctx, q.link.ID, signed(secret, id, body), body, "192.0.2.1")
		return err
	}
	q.must(send(old, "1"))
	q.must(send(old, "2"))
	if q.fresh().OldSecret.IsZero() {
		t.Error("the old secret is gone before the host uses the new one")
	}
	q.must(send(next, "3"))
	if !q.fresh().OldSecret.IsZero() {
		t.Error("the old secret is still accepted")
	}
	if err := send(old, "4"); err == nil {
		t.Error("the old secret is still good")
	}
	q.must(send(next, "5"))
}

func TestASecretThatIsRotatedWhileABodyComesIsNoReasonToRefuseIt(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	ctx := context.Background()
	link, err := q.FindHookedLink(ctx, q.link.ID)
	q.must(err)
	next, body := fairlead.NewSecret("the next secret of this link"), pushBody(q.link.Repository)
	q.must(q.db.RotateLinkSecret(ctx, as(q.ana), q.link.ID, next))
	if receipt, err := q.Receive(ctx, link, signed(next, "1", body), body, "192.0.2.1"); err != nil || !receipt.Stored {
		t.Errorf("got %+v, %v", receipt, err)
	}
	if !q.fresh().OldSecret.IsZero() {
		t.Error("the old secret is still accepted")
	}
}

func TestADeliveryOfALinkThatIsUnlinkedWhileItsBodyComesIsStoredNowhere(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	ctx := context.Background()
	link, err := q.FindHookedLink(ctx, q.link.ID)
	q.must(err)
	_, err = q.linking.Unlink(ctx, as(q.ana), q.access(), q.fresh())
	q.must(err)
	body := pushBody(q.link.Repository)
	if receipt, err := q.Receive(ctx, link, signed(q.link.Secret, "1", body), body, "192.0.2.1"); err != nil || receipt.Stored {
		t.Errorf("got %+v, %v", receipt, err)
	}
	if _, err := q.Receive(ctx, link, http.Header{}, body, "192.0.2.1"); fairlead.CodeOf(err) != fairlead.CodeNotFound {
		t.Errorf("got %v", err)
	}
}

func TestARotatedSecretIsUsedByTheHostAtOnce(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.must(q.linking.RotateSecret(context.Background(), as(q.ana), q.access(), q.fresh()))
	q.main("a.sql")
	q.work()
	q.want(fairlead.VerdictRecorded, "1 commit")
	if !q.fresh().OldSecret.IsZero() {
		t.Error("the old secret is still accepted")
	}
}

func TestRejectionsAreCountedAllAndKeptBoundedly(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	ctx := context.Background()
	refuse := func(n int) {
		var group sync.WaitGroup
		for range n {
			group.Go(func() { _, _ = q.deliver(ctx, q.link.ID, http.Header{}, []byte("x"), "203.0.113.9") })
		}
		group.Wait()
	}
	refuse(70)
	if list, err := q.Rejections(ctx, q.link.ID); len(list) != 50 || err != nil {
		t.Errorf("before they are written: got %d, %v", len(list), err)
	}
	if q.fresh().Rejected != 0 {
		t.Error("each refused request costs a write")
	}
	q.must(q.Sweep(ctx))
	q.clock.forward(time.Second)
	link, err := q.FindHookedLink(ctx, q.link.ID)
	q.must(err)
	q.must(refusedAs(q.TooLarge(link, "203.0.113.10")))
	refuse(2)
	q.must(q.Sweep(ctx))
	q.must(q.Sweep(ctx))
	if got := q.fresh().Rejected; got != 73 {
		t.Errorf("counted %d", got)
	}
	list, err := q.Rejections(ctx, q.link.ID)
	q.must(err)
	if len(list) != 50 || list[0].Code != fairlead.DiagnosisSignatureMissing || list[0].Source != "203.0.113.9" || list[0].Reason != "A delivery was not signed." ||
		list[2].Code != fairlead.DiagnosisDeliveryTooLarge {
		t.Errorf("got %d, %+v", len(list), list[:3])
	}
}

func refusedAs(err error) error {
	if d, ok := errors.AsType[*fairlead.Diagnosis](err); ok && d.Code == fairlead.DiagnosisDeliveryTooLarge {
		return nil
	}
	return fmt.Errorf("got %w", err)
}

// slowStore holds the first commit back until it is let go, and can fail.
type slowStore struct {
	inbox.Store
	mu      sync.Mutex
	batches []int
	entered chan struct{}
	release chan struct{}
	spoiled string // a host's id that the database does not take
}

func (s *slowStore) SaveArrivals(ctx context.Context, arrivals []fairlead.Arrival) ([]bool, error) {
	s.mu.Lock()
	s.batches = append(s.batches, len(arrivals))
	first := len(s.batches) == 1
	s.mu.Unlock()
	if first {
		close(s.entered)
		<-s.release
	}
	if slices.ContainsFunc(arrivals, func(a fairlead.Arrival) bool { return a.Delivery.HostID == s.spoiled }) {
		return nil, errors.New("spoiled")
	}
	return s.Store.SaveArrivals(ctx, arrivals)
}

func slowQuay(t *testing.T) (*quay, *slowStore) {
	slow := &slowStore{entered: make(chan struct{}), release: make(chan struct{})}
	q := newQuay(t, fairlead.LinkRule{}, func(q *quay) {
		q.rewire = func(o *inbox.Options) { slow.Store, o.Store = o.Store, slow }
	})
	return q, slow
}

// waiting counts those that handed their delivery over and wait for the commit.
func (q *quay) send(ctx context.Context, id string) error {
	body := pushBody(q.link.Repository)
	_, err := q.deliver(ctx, q.link.ID, signed(q.link.Secret, id, body), body, "192.0.2.1")
	return err
}

func TestWhatWaitsWhileACommitIsUnderWayIsStoredInOneTransaction(t *testing.T) {
	q, slow := slowQuay(t)
	slow.spoiled = "none"
	var group sync.WaitGroup
	group.Go(func() { _ = q.send(context.Background(), "first") })
	<-slow.entered
	for i := range 40 {
		group.Go(func() {
			if err := q.send(context.Background(), fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
		})
	}
	for q.Waiting() < 40 {
		runtime.Gosched()
	}
	close(slow.release)
	group.Wait()
	if !slices.Equal(slow.batches, []int{1, 40}) || len(q.deliveries()) != 41 {
		t.Errorf("got %v, %d deliveries", slow.batches, len(q.deliveries()))
	}
}

func TestASenderThatHangsUpLosesNothingThatItHandedOver(t *testing.T) {
	q, slow := slowQuay(t)
	ctx, hangUp := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		if err := q.send(ctx, "one"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	<-slow.entered
	hangUp()
	group.Wait()
	close(slow.release)
	q.Quiet()
	if got := q.deliveries(); len(got) != 1 || got[0].HostID != "one" {
		t.Errorf("got %+v", got)
	}
	if err := q.send(ctx, "two"); !errors.Is(err, context.Canceled) || len(q.deliveries()) != 1 {
		t.Errorf("a request that is over already was stored: %v", err)
	}
}

func TestOneDeliveryThatCannotBeStoredDoesNotSpoilTheOthers(t *testing.T) {
	q, slow := slowQuay(t)
	slow.spoiled = "spoiled"
	var group sync.WaitGroup
	group.Go(func() { _ = q.send(context.Background(), "first") })
	<-slow.entered
	for _, id := range []string{"1", "spoiled", "2"} {
		group.Go(func() {
			if err := q.send(context.Background(), id); (err != nil) != (id == "spoiled") {
				t.Errorf("%s: got %v", id, err)
			}
		})
	}
	for q.Waiting() < 3 {
		runtime.Gosched()
	}
	close(slow.release)
	group.Wait()
	if len(q.deliveries()) != 3 {
		t.Errorf("got %d deliveries", len(q.deliveries()))
	}
}

func TestAWrongOrMissingSignatureOfTheHostIsCaughtUpAndLeavesATrace(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	for _, f := range []bitbucketsim.Faults{{WrongSignature: true}, {NoSignature: true}} {
		q.faults(f)
		q.main(fmt.Sprintf("%v.sql", f.NoSignature))
	}
	q.faults(bitbucketsim.Faults{})
	if got := q.answered(); !slices.Equal(got, []int{401, 401}) || len(q.deliveries()) != 0 {
		t.Errorf("the host was answered %v", got)
	}
	if n := q.catchUp(); n != 1 {
		t.Errorf("%d changes were caught up", n)
	}
	q.want(fairlead.VerdictCaughtUp, "The webhook never came.")
	if list, err := q.Rejections(context.Background(), q.link.ID); len(list) != 2 || err != nil {
		t.Errorf("got %+v, %v", list, err)
	}
}
