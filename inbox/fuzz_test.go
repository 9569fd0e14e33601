package inbox_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"fairlead"
)

// FuzzReceive sends whatever comes to mind. Nothing panics, nothing that is not signed is stored, and what is signed gets a
// verdict or waits, whatever it says.
func FuzzReceive(f *testing.F) {
	q := newQuay(f, fairlead.LinkRule{Branch: "**", Tags: true, Deletions: true})
	good := pushBody(q.link.Repository, fairlead.RefChange{Type: fairlead.RefBranch, Name: "main", Old: "a", New: "b"})
	f.Add("sha256=00", "repo:push", "one", "application/json", good, false)
	f.Fuzz(func(t *testing.T, signature, event, id, contentType string, body []byte, sign bool) {
		q.t = t
		q.clock.forward(time.Second)
		ctx := context.Background()
		filter := fairlead.DeliveryFilter{LinkID: q.link.ID}
		newest := func() fairlead.Delivery {
			list, _, err := q.Deliveries(ctx, filter, fairlead.Cursor{}, 1)
			q.must(err)
			if len(list) == 0 {
				return fairlead.Delivery{}
			}
			return list[0]
		}
		before := newest()
		header := http.Header{"X-Hub-Signature": {signature}}
		if sign {
			header = signed(q.link.Secret, id, body)
		}
		for name, value := range map[string]string{"X-Event-Key": event, "X-Request-Uuid": id, "Content-Type": contentType} {
			header.Set(name, value)
		}
		receipt, err := q.deliver(ctx, q.link.ID, header, body, "192.0.2.1")
		after := newest()
		switch {
		case !sign && (err == nil || receipt.Stored || after.ID != before.ID):
			t.Fatalf("stored without a signature: %+v", after)
		case receipt.Stored != (after.ID != before.ID) || err != nil && receipt.Stored:
			t.Fatalf("got %+v, %v, and %+v is stored", receipt, err, after)
		case !receipt.Stored:
			return
		}
		if _, err := q.Work(ctx); err != nil {
			t.Fatal(err)
		}
		if d := newest(); d.Reason == "" || d.State == fairlead.DeliveryWorking {
			t.Errorf("got %+v", d)
		}
	})
}
