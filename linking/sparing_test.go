package linking_test

import (
	"strings"
	"testing"
	"time"

	"fairlead"
)

func TestNobodyUsesUpTheLimitOfTheAccountThatALinkActsBy(t *testing.T) {
	d := newDock(t)
	ben := d.member("Ben")
	l := d.linked(d.connected(d.ana, hostPriya), ordersDB)
	check := func(p fairlead.Person) error {
		t.Helper()
		ctx, done, err := d.Borrow(t.Context(), p, d.found(l.ID))
		if err != nil {
			return err
		}
		defer done()
		_, err = d.Check(ctx, l)
		d.must(err)
		return nil
	}
	n := 0
	for n < 100 && check(ben) == nil {
		n++
	}
	if err := check(ben); fairlead.CodeOf(err) != fairlead.CodeTooMany || !strings.Contains(err.Error(), "account of Ana") || n != 14 { // three requests each
		t.Errorf("%d checks, then %v", n, err)
	}
	d.must(check(d.ana)) // it is hers
	d.clock.forward(time.Minute)
	d.must(check(ben))
	lost := l
	lost.Connection = fairlead.Connection{}
	if _, _, err := d.Borrow(t.Context(), ben, lost); err != nil {
		t.Error(err)
	}
}
