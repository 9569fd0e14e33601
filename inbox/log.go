package inbox

import (
	"context"
	"time"

	"fairlead"
)

type logStore interface {
	// ListDeliveries returns those before the cursor, newest first.
	ListDeliveries(ctx context.Context, filter fairlead.DeliveryFilter, before fairlead.Cursor, limit int) ([]fairlead.Delivery, error)
	// CountNewerDeliveries counts those after the cursor, up to 100.
	CountNewerDeliveries(ctx context.Context, filter fairlead.DeliveryFilter, after fairlead.Cursor) (int, error)
	FindDelivery(ctx context.Context, id string) (fairlead.Delivery, error)
	ListPushes(ctx context.Context, deliveryID string) ([]fairlead.Push, error)
	// ReprocessDelivery lets the worker begin anew; CodeConflict if the payload is no longer kept.
	ReprocessDelivery(ctx context.Context, by fairlead.Actor, id string) error
	// DropOldPayloads forgets some of what came over the wire before that time, of deliveries that are done; 0 when none is left.
	DropOldPayloads(ctx context.Context, before time.Time) (dropped int, err error)
	// GiveUpOldDeliveries ends some deliveries that came before that time and still wait for something; 0 when none is left.
	GiveUpOldDeliveries(ctx context.Context, before time.Time, reason string) (ended int, err error)
}

const noDelivery = "There is no such delivery."

// Deliveries lists the deliveries of a link or a project, newest first; more tells that there are more.
func (f *Flow) Deliveries(ctx context.Context, filter fairlead.DeliveryFilter, before fairlead.Cursor, limit int) (list []fairlead.Delivery, more bool, err error) {
	list, err = f.Store.ListDeliveries(ctx, filter, before, limit+1)
	if len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}

// Newer counts what came after the cursor, up to 100.
func (f *Flow) Newer(ctx context.Context, filter fairlead.DeliveryFilter, after fairlead.Cursor) (int, error) {
	return f.Store.CountNewerDeliveries(ctx, filter, after)
}

// Delivery returns one with its pushes and with what came over the wire; CodeNotFound. Whose it is, its ProjectID says.
func (f *Flow) Delivery(ctx context.Context, id string) (fairlead.Delivery, []fairlead.Push, fairlead.Payload, error) {
	if !fairlead.IsID(id, fairlead.PrefixDelivery) {
		return fairlead.Delivery{}, nil, fairlead.Payload{}, fairlead.Errorf(fairlead.CodeNotFound, noDelivery)
	}
	d, err := f.Store.FindDelivery(ctx, id)
	if err != nil {
		return d, nil, fairlead.Payload{}, err
	}
	pushes, err := f.Store.ListPushes(ctx, id)
	if err != nil {
		return d, nil, fairlead.Payload{}, err
	}
	payload, err := f.Store.FindPayload(ctx, id)
	if fairlead.CodeOf(err) == fairlead.CodeNotFound {
		err = nil
	}
	return d, pushes, payload, err
}

// Reprocess works a delivery off once more: by the link's rule as it is now, and by what the host says now.
func (f *Flow) Reprocess(ctx context.Context, by fairlead.Actor, d fairlead.Delivery) error {
	if err := f.Store.ReprocessDelivery(ctx, by, d.ID); err != nil {
		return err
	}
	f.wake()
	return nil
}
