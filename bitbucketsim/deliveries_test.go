package bitbucketsim_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"fairlead/bitbucketsim"
)

func TestAPushIsDeliveredAsBitbucketDocuments(t *testing.T) {
	s := start(t)
	r := newReceiver(t, nil)
	hook := s.hook(orders, r.URL+"/hook?a=b", "s3cret")
	before := s.repository(orders).Branches["main"]
	result := s.push(orders, "main", file("migrations/0003_x.sql", "SELECT 1;\n"))
	got := r.settled(s)
	if len(got) != 1 {
		t.Fatalf("%d deliveries", len(got))
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "Bitbucket-Webhooks/2.0", "X-Event-Key": "repo:push", "X-Attempt-Number": "1",
		"X-Hook-Uuid": strings.Trim(hook, "{}"), "X-Request-Uuid": result.Deliveries[0], "X-Hub-Signature": signatureOf("s3cret", got[0].body),
	} {
		if got[0].header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got[0].header.Get(name), want)
		}
	}
	body := got[0].json(t)
	change := at(t, body, "push", "changes", 0)
	after := result.Changes[0].New
	for want, got := range map[any]any{
		"branch": at(t, change, "new", "type"), "main": at(t, change, "new", "name"), after: at(t, change, "new", "target", "hash"),
		before: at(t, change, "old", "target", "hash"), "{": at(t, body, "repository", "uuid").(string)[:1], orders: at(t, body, "repository", "full_name"),
		"acme-data": at(t, body, "repository", "workspace", "slug"), "Priya Raman": at(t, body, "actor", "display_name"),
		"Change migrations/0003_x.sql\n": at(t, change, "commits", 0, "message"),
		"Priya Raman <" + priya + ">":    at(t, change, "commits", 0, "author", "raw"),
		s.BackendURL() + "/2.0/repositories/" + orders + "/commits?include=" + after + "&exclude=" + before: at(t, change, "links", "commits", "href"),
	} {
		if got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	for _, flag := range []string{"created", "closed", "forced", "truncated"} {
		if at(t, change, flag) != false {
			t.Errorf("%s is %v", flag, at(t, change, flag))
		}
	}
	if at(t, body, "repository", "mainbranch") != nil {
		t.Error("there is a main branch in the payload")
	}
}

func TestMoreThanFiveCommitsAreCutOffNewestFirst(t *testing.T) {
	s := start(t)
	r := newReceiver(t, nil)
	s.hook(orders, r.URL, "")
	var commits []bitbucketsim.NewCommit
	for i := range 12 {
		commits = append(commits, file(fmt.Sprintf("migrations/1%02d.sql", i), "SELECT 1;\n"))
	}
	result := s.push(orders, "main", commits...)
	got := r.settled(s)[0]
	change := at(t, got.json(t), "push", "changes", 0)
	if n := len(at(t, change, "commits").([]any)); n != 5 || at(t, change, "truncated") != true || !result.Changes[0].Truncated {
		t.Errorf("%d commits, truncated %v", n, at(t, change, "truncated"))
	}
	for i := range 5 {
		if at(t, change, "commits", i, "hash") != result.Changes[0].Commits[11-i] {
			t.Errorf("commit %d is not the newest", i)
		}
	}
	if got.header.Get("X-Hub-Signature") != "" {
		t.Error("a signature without a secret")
	}
}

func TestEveryKindOfChangeHasItsShape(t *testing.T) {
	s := start(t)
	r := newReceiver(t, nil)
	s.hook(orders, r.URL, "")
	s.must(s.CreateBranch(orders, "release/2026/09", ""))
	s.must(s.DeleteBranch(orders, "feature/add-region"))
	s.must(s.CreateTag(orders, "v2/rc1", "main~1"))
	s.must(s.ForcePush(orders, "main", "main~1", file("a.sql", "1")))
	s.must(s.PushMany(orders, bitbucketsim.RefChange{Branch: "main", Commits: []bitbucketsim.NewCommit{file("b.sql", "1")}}, bitbucketsim.RefChange{Tag: "v3", Message: "three"}))
	got := r.settled(s)
	if len(got) != 5 {
		t.Fatalf("%d deliveries", len(got))
	}
	change := func(i, j int) any { return at(t, got[i].json(t), "push", "changes", j) }
	created := change(0, 0)
	if at(t, created, "old") != nil || at(t, created, "created") != true || at(t, created, "new", "name") != "release/2026/09" || len(at(t, created, "commits").([]any)) != 4 || at(t, created, "links", "diff") != nil {
		t.Errorf("created %v", created)
	}
	closed := change(1, 0)
	if at(t, closed, "new") != nil || at(t, closed, "closed") != true || at(t, closed, "old", "name") != "feature/add-region" || at(t, closed, "commits") != nil || at(t, closed, "links") != nil {
		t.Errorf("closed %v", closed)
	}
	tag := change(2, 0)
	if at(t, tag, "new", "type") != "tag" || at(t, tag, "new", "name") != "v2/rc1" || at(t, tag, "commits") != nil {
		t.Errorf("tag %v", tag)
	}
	if forced := change(3, 0); at(t, forced, "forced") != true || len(at(t, forced, "commits").([]any)) != 1 {
		t.Errorf("forced %v", forced)
	}
	if at(t, change(4, 0), "new", "name") != "main" || at(t, change(4, 1), "new", "message") != "three\n" {
		t.Errorf("several %s", got[4].body)
	}
}

func TestOnlyServerErrorsAreSentAgainTwiceAtMost(t *testing.T) {
	for status, want := range map[int]int{200: 1, 204: 1, 302: 1, 404: 1, 500: 3, 503: 3} {
		s := start(t)
		r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		s.hook(orders, r.URL, "")
		result := s.push(orders, "main", file("x", "y"))
		got := r.settled(s)
		if len(got) != want {
			t.Errorf("%d: %d requests, want %d", status, len(got), want)
		}
		for i, one := range got {
			if one.header.Get("X-Attempt-Number") != fmt.Sprint(i+1) || one.header.Get("X-Request-Uuid") != result.Deliveries[0] || string(one.body) != string(got[0].body) {
				t.Errorf("%d: attempt %d has header %v", status, i+1, one.header)
			}
		}
		if d := s.Deliveries(); len(d) != 1 || len(d[0].Attempts) != want || d[0].Attempts[0].Outcome != fmt.Sprint(status) || (d[0].State == bitbucketsim.DeliveryDelivered) != (status/100 == 2) {
			t.Errorf("%d: deliveries %+v", status, d)
		}
	}
}

func TestAReceiverThatRecoversGetsTheSecondAttempt(t *testing.T) {
	s := start(t)
	r := newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Attempt-Number") == "1" {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	s.hook(orders, r.URL, "")
	s.push(orders, "main", file("x", "y"))
	if got := r.settled(s); len(got) != 2 || s.Deliveries()[0].State != bitbucketsim.DeliveryDelivered {
		t.Errorf("%d requests, %+v", len(got), s.Deliveries())
	}
}

func TestASlowReceiverIsGivenUpAndNotAskedAgain(t *testing.T) {
	s := startOptions(t, bitbucketsim.Options{DeliveryTimeout: time.Millisecond})
	r := newReceiver(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s.hook(orders, r.URL, "")
	s.push(orders, "main", file("x", "y"))
	r.settled(s)
	if d := s.Deliveries()[0]; len(d.Attempts) != 1 || d.Attempts[0].Outcome != "TIMEOUT" || d.State != bitbucketsim.DeliveryFailed {
		t.Errorf("delivery %+v", d)
	}
}

func TestAReceiverThatIsNotThereIsANetworkError(t *testing.T) {
	s := start(t)
	r := newReceiver(t, nil)
	s.hook(orders, r.URL, "")
	r.Close()
	s.push(orders, "main", file("x", "y"))
	r.settled(s)
	if d := s.Deliveries()[0]; len(d.Attempts) != 1 || d.Attempts[0].Outcome != "NETWORK ERROR" {
		t.Errorf("delivery %+v", d)
	}
}

func TestAPayloadOver256KBIsNotDeliveredAndNobodyIsTold(t *testing.T) {
	s := start(t)
	r := newReceiver(t, nil)
	s.hook(orders, r.URL, "")
	long := file("x", "y")
	long.Message = strings.Repeat("m", 100<<10)
	s.push(orders, "main", long)
	if got := r.settled(s); len(got) != 0 || s.Deliveries()[0].State != bitbucketsim.DeliveryTooLarge || s.Deliveries()[0].Size <= 256<<10 {
		t.Errorf("%d requests", len(got))
	}
	s.push(orders, "feature/add-region", file("x", "y"))
	if got := r.settled(s); len(got) != 1 {
		t.Errorf("%d requests after a small push", len(got))
	}
}

func TestTheReceiversCertificateIsChecked(t *testing.T) {
	r := &receiver{}
	r.Server = httptest.NewTLSServer(r)
	t.Cleanup(r.Close)
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	trusted := x509.NewCertPool()
	trusted.AddCert(r.Certificate())
	for name, test := range map[string]struct {
		roots *x509.CertPool
		want  string
	}{"trusted": {trusted, bitbucketsim.DeliveryDelivered}, "unknown": {x509.NewCertPool(), bitbucketsim.DeliveryFailed}} {
		s := startOptions(t, bitbucketsim.Options{DeliveryRoots: test.roots})
		s.hook(orders, r.URL, "")
		s.push(orders, "main", file("x", "y"))
		r.settled(s)
		if d := s.Deliveries()[0]; d.State != test.want {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestOnlyActiveWebhooksOfTheRepositoryHear(t *testing.T) {
	s := start(t)
	r := newReceiver(t, nil)
	uuid := s.hook(orders, r.URL, "")
	s.hook(orders, r.URL, "")
	s.push(billing, "master", file("x", "y"))
	s.call(http.MethodPut, s.priya(), "/repositories/"+orders+"/hooks/"+uuid, `{"url":"`+r.URL+`","active":false,"events":["repo:push"]}`)
	s.push(orders, "main", file("x", "y"))
	if got := r.settled(s); len(got) != 1 {
		t.Errorf("%d requests", len(got))
	}
}

func TestDeliveriesLeaveInTheOrderOfThePushesAndNeverHoldThemUp(t *testing.T) {
	s := start(t)
	open := make(chan struct{})
	r := newReceiver(t, func(http.ResponseWriter, *http.Request) { <-open })
	s.hook(orders, r.URL, "")
	results, err := s.PushBulk(orders, "main", 300, 1)
	if err != nil || len(results) != 300 {
		t.Fatal(err)
	}
	close(open)
	got := r.settled(s)
	if len(got) != 300 {
		t.Fatalf("%d deliveries", len(got))
	}
	for i := range got {
		if got[i].header.Get("X-Request-Uuid") != results[i].Deliveries[0] {
			t.Fatalf("delivery %d is another one", i)
		}
	}
	if _, err := s.PushBulk(orders, "main", 250, 1); err != nil {
		t.Fatal(err)
	}
	if r.settled(s); len(s.Deliveries()) != 500 {
		t.Errorf("%d deliveries are kept, want the last 500", len(s.Deliveries()))
	}
}

func TestCloseAbortsDeliveriesAndLeavesNothingRunning(t *testing.T) {
	s := start(t)
	arrived := make(chan struct{})
	r := newReceiver(t, func(_ http.ResponseWriter, r *http.Request) { close(arrived); <-r.Context().Done() })
	s.hook(orders, r.URL, "")
	s.push(orders, "main", file("x", "y"))
	s.push(orders, "main", file("x", "z"))
	<-arrived
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, d := range s.Deliveries() {
		if d.State != bitbucketsim.DeliveryAborted {
			t.Errorf("delivery %+v", d)
		}
	}
	var stacks strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
	for _, running := range []string{"bitbucketsim.(*Sim).work", "bitbucketsim.(*Sim).keep"} {
		if strings.Contains(stacks.String(), running) {
			t.Errorf("%s still runs", running)
		}
	}
	if err := s.Settle(t.Context()); err != nil {
		t.Error(err)
	}
	s.push(orders, "main", file("after", "close"))
	if err := s.Settle(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWebhooksHearOfARenameAndATransferWhenTheyAskForIt(t *testing.T) {
	s := start(t)
	r := newReceiver(t, nil)
	wantStatus(t, s.call(http.MethodPost, s.priya(), ordersHooks, hookJSON(map[string]any{"url": r.URL, "events": []string{"repo:updated", "repo:transfer"}})), 201)
	if _, err := s.RenameRepository(orders, "orders-2"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.MoveRepository("acme-data/orders-2", "acme-web"); err != nil {
		t.Fatal(err)
	}
	got := r.settled(s)
	if len(got) != 2 || got[0].header.Get("X-Event-Key") != "repo:updated" || got[1].header.Get("X-Event-Key") != "repo:transfer" {
		t.Fatalf("%d deliveries", len(got))
	}
	if at(t, got[0].json(t), "changes", "full_name", "old") != orders || at(t, got[1].json(t), "repository", "full_name") != "acme-web/orders-2" {
		t.Errorf("payloads %s %s", got[0].body, got[1].body)
	}
}
