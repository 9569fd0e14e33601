package db_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"fairlead"
)

// arrival is a delivery of a link's webhook that comes now.
func (w *town) arrival(l fairlead.RepositoryLink, hostID string) fairlead.Arrival {
	return fairlead.Arrival{
		Delivery: fairlead.Delivery{LinkID: l.ID, HostID: hostID, Event: "repo:push", Source: fairlead.SourceWebhook, Address: "203.0.113.9", ReceivedAt: w.now},
		Payload:  fairlead.Payload{Headers: map[string]string{"X-Request-Uuid": hostID}, Body: []byte("body of " + hostID)},
	}
}

// arrived stores deliveries that come together, and tells which are new.
func (w *town) arrived(l fairlead.RepositoryLink, hostIDs ...string) []bool {
	w.t.Helper()
	var all []fairlead.Arrival
	for _, id := range hostIDs {
		all = append(all, w.arrival(l, id))
	}
	stored, err := w.SaveArrivals(context.Background(), all)
	w.must(err)
	return stored
}

// log lists what a filter shows from a cursor on, by the host's ids.
func (w *town) log(f fairlead.DeliveryFilter, before fairlead.Cursor, limit int) ([]string, fairlead.Cursor) {
	w.t.Helper()
	page, err := w.ListDeliveries(context.Background(), f, before, limit)
	w.must(err)
	ids := []string{}
	for _, v := range page {
		ids = append(ids, v.HostID)
		before = v.Cursor()
	}
	return ids, before
}

func (w *town) delivery(l fairlead.RepositoryLink, hostID string) fairlead.Delivery {
	w.t.Helper()
	page, err := w.ListDeliveries(context.Background(), fairlead.DeliveryFilter{LinkID: l.ID}, fairlead.Cursor{}, 1000)
	w.must(err)
	i := slices.IndexFunc(page, func(v fairlead.Delivery) bool { return v.HostID == hostID })
	if i < 0 {
		w.t.Fatalf("there is no delivery %s", hostID)
	}
	return page[i]
}

func TestADeliveryIsStoredWithWhatCameOverTheWire(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	_, l := w.oneLink()
	w.arrived(l, "d1")
	got := w.delivery(l, "d1")
	want := fairlead.Delivery{
		ID: got.ID, LinkID: l.ID, ProjectID: l.Project.ID, HostID: "d1", Event: "repo:push", Source: fairlead.SourceWebhook, Address: "203.0.113.9",
		State: fairlead.DeliveryWaiting, Verdict: fairlead.VerdictWaiting, ReceivedAt: w.now, NextAt: w.now, Place: got.Place,
	}
	if got != want || !fairlead.IsID(got.ID, fairlead.PrefixDelivery) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if found, err := w.FindDelivery(ctx, got.ID); err != nil || found != got {
		t.Errorf("got %+v, %v", found, err)
	}
	if p, err := w.FindPayload(ctx, got.ID); err != nil || string(p.Body) != "body of d1" || !maps.Equal(p.Headers, map[string]string{"X-Request-Uuid": "d1"}) {
		t.Errorf("got %+v, %v", p, err)
	}
	if at := w.repositoryLink(l.ID).LastPushAt; !at.Equal(w.now) {
		t.Errorf("the last push came at %v", at)
	}
	_, err := w.FindDelivery(ctx, "dl_nothing")
	wantCode(t, err, fairlead.CodeNotFound)
	_, err = w.FindPayload(ctx, "dl_nothing")
	wantCode(t, err, fairlead.CodeNotFound)
}

func TestWhatTheHostSendsAgainIsStoredOnce(t *testing.T) {
	w := newTown(t)
	priya, l := w.oneLink()
	other := w.linked(priya, l.Project, l.Connection, "acme/other")
	if got := w.arrived(l, "d1", "d2", "d1"); !slices.Equal(got, []bool{true, true, false}) {
		t.Errorf("in one batch: got %v", got)
	}
	received := w.now
	w.now = w.now.Add(time.Minute)
	if got := w.arrived(l, "d2", "d3"); !slices.Equal(got, []bool{false, true}) {
		t.Errorf("later: got %v", got)
	}
	if got := w.delivery(l, "d2"); !got.ReceivedAt.Equal(received) {
		t.Errorf("the second time counts: %+v", got)
	}
	if got := w.arrived(other, "d1"); !got[0] {
		t.Error("another link's delivery counts as the same")
	}
	send := func() error {
		stored, err := w.SaveArrivals(context.Background(), []fairlead.Arrival{w.arrival(l, "d4")})
		if err == nil && !stored[0] {
			err = fmt.Errorf("was there")
		}
		return err
	}
	if won := together(send, send, send); won != 1 {
		t.Errorf("stored %d times", won)
	}
}

func TestAnArrivalForALinkThatIsGoneDoesNotStopTheOthers(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	removed := w.linked(priya, l.Project, l.Connection, "acme/removed")
	w.must(w.RemoveRepositoryLink(ctx, as(priya), removed.ID, ""))
	stored, err := w.SaveArrivals(ctx, []fairlead.Arrival{w.arrival(removed, "d1"), w.arrival(fairlead.RepositoryLink{ID: "rl_nothing"}, "d1"), w.arrival(l, "d1")})
	if err != nil || !slices.Equal(stored, []bool{false, false, true}) {
		t.Errorf("got %v, %v", stored, err)
	}
}

// So many that they are stored by statements of every size, twice of the largest, with some between them that are not new.
func TestOfManyArrivalsEachIsStoredWithItsOwnPayload(t *testing.T) {
	w := newTown(t)
	_, l := w.oneLink()
	w.arrived(l, "d3", "d40", "d90")
	var ids []string
	for i := range 92 {
		ids = append(ids, fmt.Sprint("d", i))
	}
	for i, isNew := range w.arrived(l, append(ids, "d7")...) {
		if known := i == 3 || i == 40 || i == 90 || i == 92; isNew == known {
			t.Errorf("place %d: new is %v", i, isNew)
		}
	}
	log, _ := w.log(fairlead.DeliveryFilter{LinkID: l.ID}, fairlead.Cursor{}, 1000)
	if len(log) != len(ids) || log[0] != "d91" {
		t.Errorf("the log has %d, the last is %s", len(log), log[0])
	}
	for _, id := range ids {
		p, err := w.FindPayload(context.Background(), w.delivery(l, id).ID)
		if err != nil || string(p.Body) != "body of "+id || p.Headers["X-Request-Uuid"] != id {
			t.Errorf("%s: got %s, %v, %v", id, p.Body, p.Headers, err)
		}
	}
}

func TestOneArrivalThatCannotBeStoredStoresNothing(t *testing.T) {
	w := newTown(t)
	_, l := w.oneLink()
	bad := w.arrival(l, "d2")
	bad.Delivery.Source = "nowhere"
	if stored, err := w.SaveArrivals(context.Background(), []fairlead.Arrival{w.arrival(l, "d1"), bad}); err == nil || stored != nil {
		t.Errorf("got %v, %v", stored, err)
	}
	if got, _ := w.log(fairlead.DeliveryFilter{LinkID: l.ID}, fairlead.Cursor{}, 10); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestTheRegularCheckIsNoSignOfTheWebhook(t *testing.T) {
	w := newTown(t)
	_, l := w.oneLink()
	a := w.arrival(l, "catch-up:1")
	a.Delivery.Source, a.Payload = fairlead.SourceCatchUp, fairlead.Payload{}
	stored, err := w.SaveArrivals(context.Background(), []fairlead.Arrival{a})
	if err != nil || !stored[0] {
		t.Fatal(stored, err)
	}
	if at := w.repositoryLink(l.ID).LastPushAt; !at.IsZero() {
		t.Errorf("got %v", at)
	}
	if p, err := w.FindPayload(context.Background(), w.delivery(l, "catch-up:1").ID); err != nil || p.Body == nil || len(p.Body) != 0 {
		t.Errorf("an empty body is not a lost one: %+v, %v", p, err)
	}
}

// verdicts works off a log of twelve deliveries, three at each of four instants, with four kinds of ends that take turns.
func (w *town) verdicts(l fairlead.RepositoryLink) (ids []string, ends []fairlead.Verdict) {
	w.t.Helper()
	ends = []fairlead.Verdict{fairlead.VerdictRecorded, fairlead.VerdictPath, fairlead.VerdictFailed, fairlead.VerdictCaughtUp, fairlead.VerdictWaiting}
	for i := range 12 {
		ids = append(ids, fmt.Sprintf("d%02d", i))
	}
	for three := range slices.Chunk(ids, 3) {
		w.now = w.now.Add(time.Second)
		w.arrived(l, three...)
	}
	for i := range ids {
		v := w.claimed()
		if v.Verdict = ends[i%len(ends)]; v.Verdict == fairlead.VerdictWaiting {
			w.must(w.RetryDelivery(context.Background(), v, nil)) // parked
			continue
		}
		v.State = fairlead.DeliveryDone
		w.must(w.FinishDelivery(context.Background(), v, nil, nil))
	}
	return ids, ends
}

func TestEveryFilterPagesThroughTheLogWithoutLossOrRepetition(t *testing.T) {
	w := newTown(t)
	priya, l := w.oneLink()
	ids, ends := w.verdicts(l)
	w.arrived(w.linked(priya, w.project(priya, "Billing", "BILLING"), l.Connection, "acme/elsewhere"), "elsewhere")
	shows := map[fairlead.Showing][]fairlead.Verdict{
		fairlead.ShowAll: ends, fairlead.ShowRecorded: {fairlead.VerdictRecorded}, fairlead.ShowIgnored: {fairlead.VerdictPath},
		fairlead.ShowAttention: {fairlead.VerdictFailed, fairlead.VerdictCaughtUp, fairlead.VerdictWaiting}, // those that wait are parked
	}
	for show, of := range shows {
		var want []string
		for i, id := range slices.Backward(ids) {
			if slices.Contains(of, ends[i%len(ends)]) {
				want = append(want, id)
			}
		}
		for _, f := range []fairlead.DeliveryFilter{{LinkID: l.ID, Show: show}, {ProjectID: l.Project.ID, Show: show}} {
			for _, size := range []int{1, 2, 5, 12} {
				got, before := []string{}, fairlead.Cursor{}
				for {
					var page []string
					if page, before = w.log(f, before, size); len(page) == 0 {
						break
					}
					got = append(got, page...)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%+v by %d: got %v, want %v", f, size, got, want)
				}
			}
		}
	}
}

func TestNewDeliveriesAreCountedFromTheCursorOnUpToAHundred(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	_, l := w.oneLink()
	w.verdicts(l)
	newer := func(show fairlead.Showing, after fairlead.Cursor) (n int) {
		t.Helper()
		for _, f := range []fairlead.DeliveryFilter{{LinkID: l.ID, Show: show}, {ProjectID: l.Project.ID, Show: show}} {
			var err error
			n, err = w.CountNewerDeliveries(ctx, f, after)
			w.must(err)
		}
		return n
	}
	after := w.delivery(l, "d07").Cursor() // the second of the three at its instant
	for show, want := range map[fairlead.Showing]int{fairlead.ShowAll: 4, fairlead.ShowRecorded: 1, fairlead.ShowIgnored: 1, fairlead.ShowAttention: 2} {
		if got := newer(show, after); got != want {
			t.Errorf("%q: got %d, want %d", show, got, want)
		}
	}
	if got := newer(fairlead.ShowAll, fairlead.Cursor{}); got != 12 {
		t.Errorf("from an empty page on: got %d", got)
	}
	if got := newer(fairlead.ShowAll, w.delivery(l, "d11").Cursor()); got != 0 {
		t.Errorf("from the newest on: got %d", got)
	}
	var many []string
	for i := range 120 {
		many = append(many, fmt.Sprint("more", i))
	}
	w.arrived(l, many...)
	if got := newer(fairlead.ShowAll, after); got != 100 {
		t.Errorf("got %d, want 100", got)
	}
}

func TestDeliveriesOfARemovedLinkStayInTheLogOfItsProject(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	w.arrived(l, "d1", "d2", "d3")
	done := w.claimed()
	w.finish(done, []fairlead.Push{push("main", "a0", "a1", fairlead.VerdictRecorded)})
	working := w.claimed()
	w.must(w.RemoveRepositoryLink(ctx, as(priya), l.ID, ""), w.RemoveRepositoryLink(ctx, as(priya), l.ID, ""))
	_, err := w.FindRepositoryLink(ctx, l.ID)
	wantCode(t, err, fairlead.CodeNotFound)
	if got, _ := w.log(fairlead.DeliveryFilter{ProjectID: l.Project.ID}, fairlead.Cursor{}, 10); !slices.Equal(got, []string{"d3", "d2", "d1"}) {
		t.Errorf("got %v", got)
	}
	if pushes, err := w.ListPushes(ctx, done.ID); err != nil || len(pushes) != 1 {
		t.Errorf("got %+v, %v", pushes, err)
	}
	for _, id := range []string{"d2", "d3"} {
		if v := w.delivery(l, id); v.State != fairlead.DeliveryDone || v.Verdict != fairlead.VerdictPaused || v.Reason == "" {
			t.Errorf("got %+v", v)
		}
	}
	working.State = fairlead.DeliveryDone
	wantCode(t, w.FinishDelivery(ctx, working, nil, nil), fairlead.CodeConflict)
	wantCode(t, w.ReprocessDelivery(ctx, as(priya), done.ID), fairlead.CodeConflict)
}

func TestADeliveryIsProcessedAgainFromTheBeginning(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	w.arrived(l, "d1")
	v := w.claimed()
	wantCode(t, w.ReprocessDelivery(ctx, as(priya), v.ID), fairlead.CodeConflict) // a worker has it
	v.State, v.Verdict, v.Reason, v.Diagnosis = fairlead.DeliveryFailed, fairlead.VerdictFailed, "Bitbucket did not answer.", &fairlead.Diagnosis{Code: fairlead.DiagnosisHostError}
	w.must(w.FinishDelivery(ctx, v, nil, nil))
	if got := w.delivery(l, "d1"); got.State != fairlead.DeliveryFailed || got.Diagnosis.Code != fairlead.DiagnosisHostError || !got.FinishedAt.Equal(w.now) {
		t.Errorf("got %+v", got)
	}
	w.news()
	w.now = w.now.Add(time.Hour)
	w.must(w.ReprocessDelivery(ctx, as(priya), v.ID))
	got := w.delivery(l, "d1")
	if got.State != fairlead.DeliveryWaiting || got.Verdict != fairlead.VerdictWaiting || got.Reason != "" || got.Diagnosis != nil || got.Attempts != 0 ||
		!got.NextAt.Equal(w.now) || !got.FinishedAt.IsZero() {
		t.Errorf("got %+v", got)
	}
	w.wantNews("delivery.reprocessed")
	if again := w.claimed(); again.ID != v.ID || again.Attempts != 1 {
		t.Errorf("got %+v", again)
	}
	wantCode(t, w.ReprocessDelivery(ctx, as(priya), "dl_nothing"), fairlead.CodeNotFound)
}

func TestOldPayloadsGoAndEverythingElseStays(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	var old []string
	for i := range 450 { // more than one transaction's worth
		old = append(old, fmt.Sprint("old", i))
	}
	w.arrived(l, old...)
	w.must(w.finishAll(l))
	w.arrived(l, "unfinished")
	w.now = w.now.Add(time.Hour)
	before := w.now
	w.arrived(l, "new")
	w.finish(w.claimed(), nil) // the unfinished one is older, so that is the one
	w.arrived(l, "waits")
	v := w.delivery(l, "new")
	for _, want := range []int{200, 200, 51, 0} { // one transaction's worth each
		if dropped, err := w.DropOldPayloads(ctx, before); err != nil || dropped != want {
			t.Errorf("got %d, %v", dropped, err)
		}
	}
	for id, kept := range map[string]bool{"old0": false, "old449": false, "unfinished": false, "new": true} {
		if p, err := w.FindPayload(ctx, w.delivery(l, id).ID); err != nil || (p.Body != nil) != kept {
			t.Errorf("%s: got %+v, %v", id, p, err)
		}
	}
	wantCode(t, w.ReprocessDelivery(ctx, as(priya), w.delivery(l, "old0").ID), fairlead.CodeConflict)
	w.now = w.now.Add(time.Hour)
	if dropped, err := w.DropOldPayloads(ctx, w.now); err != nil || dropped != 0 {
		t.Errorf("the payload of what is not worked off went: %d, %v", dropped, err)
	}
	if p, err := w.FindPayload(ctx, v.ID); err != nil || p.Body == nil {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestWhatWaitsForTooLongIsGivenUpAndItsPayloadGoes(t *testing.T) {
	w := newTown(t)
	ctx := context.Background()
	priya, l := w.oneLink()
	other := w.linked(priya, l.Project, l.Connection, "acme/other")
	w.arrived(l, "parked", "due")
	parked := w.claimed()
	parked.Reason, parked.Diagnosis = "This waits for Priya.", &fairlead.Diagnosis{Code: fairlead.DiagnosisConnectionExpired}
	w.must(w.RetryDelivery(ctx, parked, nil))
	w.now = w.now.Add(time.Hour)
	w.arrived(other, "young")
	young := w.delivery(other, "young")
	for i, want := range []int{1, 0} {
		if n, err := w.GiveUpOldDeliveries(ctx, young.ReceivedAt, "Nobody reconnected in time."); err != nil || n != want {
			t.Errorf("time %d: got %d, %v", i, n, err)
		}
	}
	got := w.delivery(l, "parked")
	if got.State != fairlead.DeliveryFailed || got.Verdict != fairlead.VerdictFailed || got.Reason != "Nobody reconnected in time." ||
		got.Diagnosis.Code != fairlead.DiagnosisConnectionExpired || !got.FinishedAt.Equal(w.now) {
		t.Errorf("got %+v", got)
	}
	if got := w.delivery(l, "due"); got.State != fairlead.DeliveryWaiting {
		t.Errorf("what is only late is given up: %+v", got)
	}
	if ids, _ := w.log(fairlead.DeliveryFilter{LinkID: l.ID, Show: fairlead.ShowAttention}, fairlead.Cursor{}, 9); len(ids) != 1 {
		t.Errorf("to look at are %v", ids)
	}
	if n, err := w.DropOldPayloads(ctx, young.ReceivedAt); err != nil || n != 1 {
		t.Errorf("%d payloads went, %v", n, err)
	}
}
