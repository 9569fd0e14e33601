package inbox_test

import (
	"context"
	"testing"
	"time"

	"fairlead"
)

func (q *quay) wantName(name string) {
	q.t.Helper()
	if got := q.fresh().Repository; got.FullName != name || got.WebURL != q.sim.WebURL()+"/"+name || got.ID != q.link.Repository.ID || got.MainBranch != "main" || !got.Private {
		q.t.Errorf("got %+v, want %s", got, name)
	}
}

func (q *quay) renamed(to string) {
	q.t.Helper()
	_, err := q.sim.RenameRepository(q.link.Repository.ID, to)
	q.must(err)
}

func TestARenamedOrMovedRepositoryShowsItsNewNameAtTheNextPush(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.main("a.sql")
	q.renamed("ledger")
	_, err := q.sim.MoveRepository(q.link.Repository.ID, "priya-raman")
	q.must(err)
	_, err = q.sim.Push(q.link.Repository.ID, "main", file("b.sql"))
	q.must(err)
	q.settle()
	q.wantName(orders) // nothing is done about it while the host waits for an answer
	q.work()
	q.wantName("priya-raman/ledger")
	events, err := q.db.ListAuditEvents(context.Background(), fairlead.AuditFilter{Object: q.link.ID}, fairlead.Cursor{}, 1)
	q.must(err)
	if len(events) != 1 || events[0].Action != "repository_link.renamed" || events[0].Detail != "priya-raman/ledger, before: "+orders {
		t.Errorf("got %+v", events)
	}
}

func TestAnOldDeliveryDoesNotBringAnOldNameBack(t *testing.T) {
	q := newQuay(t, fairlead.LinkRule{})
	q.main("a.sql")
	q.work()
	first, _ := q.last()
	q.clock.forward(time.Minute)
	q.renamed("ledger")
	again := func() {
		t.Helper()
		q.must(q.Reprocess(context.Background(), as(q.ana), first))
		q.work()
	}
	_, err := q.linking.Check(context.Background(), q.fresh())
	q.must(err)
	q.wantName("acme-data/ledger")
	again() // the host was asked since
	q.wantName("acme-data/ledger")

	q.renamed("journal")
	q.clock.forward(time.Minute)
	_, err = q.sim.Push(q.link.Repository.ID, "main", file("b.sql"))
	q.must(err)
	q.settle()
	q.work()
	q.wantName("acme-data/journal")
	again() // another delivery came since
	q.wantName("acme-data/journal")
}
