package db_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"fairlead"
)

func TestRefusedRequestsAreAllCountedAndTheNewestFiftyKept(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	other := w.linked(priya, l.Project, l.Connection, "acme/other")
	refused := func(n int) (all []fairlead.Rejection) {
		for i := range n {
			all = append(all, fairlead.Rejection{At: w.now, Reason: fmt.Sprint("Number ", i), Code: fairlead.DiagnosisSignatureWrong, Source: "203.0.113.9"})
		}
		return all
	}
	w.must(w.RecordRejections(ctx, other.ID, refused(1), 1))
	w.must(w.RecordRejections(ctx, l.ID, refused(40), 10_000))
	w.now = w.now.Add(time.Second)
	w.must(w.RecordRejections(ctx, l.ID, refused(30), 30), w.RecordRejections(ctx, l.ID, nil, 5))
	got, err := w.ListRejections(ctx, l.ID)
	if err != nil || len(got) != 50 {
		t.Fatalf("got %d, %v", len(got), err)
	}
	if want := refused(30)[29]; got[0] != want {
		t.Errorf("got %+v, want %+v", got[0], want)
	}
	if got[30].Reason != "Number 39" || got[49].Reason != "Number 20" {
		t.Errorf("got %q and %q", got[30].Reason, got[49].Reason)
	}
	if n := w.repositoryLink(l.ID).Rejected; n != 10_035 {
		t.Errorf("counted %d", n)
	}
	if kept, err := w.ListRejections(ctx, other.ID); err != nil || len(kept) != 1 || w.repositoryLink(other.ID).Rejected != 1 {
		t.Errorf("another link: got %+v, %v", kept, err)
	}
}

func TestARemovedLinkKeepsNoTraces(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	one := []fairlead.Rejection{{At: w.now, Reason: "x"}}
	w.must(w.RecordRejections(ctx, l.ID, one, 1), w.RemoveRepositoryLink(ctx, as(priya), l.ID, ""), w.RecordRejections(ctx, l.ID, one, 1))
	if got, err := w.ListRejections(ctx, l.ID); err != nil || len(got) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}
