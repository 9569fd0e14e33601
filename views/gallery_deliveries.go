package views

import (
	"time"

	"fairlead"
)

// deliveries has one of each sort, newest first.
func (c canned) deliveries() []fairlead.Delivery {
	at := c.now
	made := func(id string, earlier time.Duration, d fairlead.Delivery) fairlead.Delivery {
		at = at.Add(-earlier)
		d.ID, d.LinkID, d.ProjectID, d.ReceivedAt, d.Place = id, cannedLink, "pr_orders", at, at.Unix()
		if d.Event == "" {
			d.Event = "repo:push"
		}
		if d.Source == "" {
			d.Source, d.Address, d.HostID = fairlead.SourceWebhook, "104.192.136.3", "7d0a3a4c-5c0e-4b7e-9d3c-0f6b8c2e1a55"
		}
		if d.State == "" {
			d.State, d.FinishedAt, d.Attempts = fairlead.DeliveryDone, at.Add(31*time.Millisecond), 1
		}
		return d
	}
	hostDown := &fairlead.Diagnosis{Code: fairlead.DiagnosisHostError, Title: "Bitbucket.org has a problem", Because: "It answered 503 six times.", At: c.now,
		Fix:     []string{"Wait until Bitbucket.org works again and choose **Reprocess**."},
		Answers: []fairlead.Answer{{Request: "GET https://api.bitbucket.org/2.0/repositories/{orders-db}/diffstat/9b1c07d2..4c2f8aa1", Status: "503 Service Unavailable", Text: "upstream connect error"}}}
	return []fairlead.Delivery{
		made("dl_0", 10*time.Second, fairlead.Delivery{State: fairlead.DeliveryWaiting, Verdict: fairlead.VerdictWaiting, Reason: "Bitbucket.org has a problem. Fairlead tries again by itself.", Ref: "main", Actor: "Ana Brandt", Attempts: 2, NextAt: c.now.Add(30 * time.Second)}),
		made("dl_1", 4*time.Minute, fairlead.Delivery{Verdict: fairlead.VerdictRecorded, Ref: "main", Actor: "Tomás Vidal", Commits: 3, Files: 1}),
		made("dl_2", 31*time.Minute, fairlead.Delivery{Verdict: fairlead.VerdictBranch, Reason: "This link follows main. The push was to feature/invoice-index.", Ref: "feature/invoice-index", Actor: "Tomás Vidal"}),
		made("dl_3", 13*time.Minute, fairlead.Delivery{State: fairlead.DeliveryFailed, Verdict: fairlead.VerdictFailed, Reason: "Bitbucket.org has a problem. Fairlead gave up after 6 attempts.", Ref: "main", More: 2, Actor: "Ana Brandt", Attempts: 6, Diagnosis: hostDown, FinishedAt: c.now}),
		made("dl_4", 15*time.Hour, fairlead.Delivery{Source: fairlead.SourceCatchUp, Event: "regular check", Verdict: fairlead.VerdictCaughtUp, Reason: "The webhook never came. The regular check found it 4 minutes later. 1 commit and 2 changed files.", Ref: "main", Commits: 1, Files: 2, Attempts: 1}),
		made("dl_5", time.Hour, fairlead.Delivery{Verdict: fairlead.VerdictPath, Reason: "4 files changed, none of them in the path filter.", Ref: "main", Actor: "Tomás Vidal"}),
		made("dl_7", time.Hour, fairlead.Delivery{Verdict: fairlead.VerdictTag, Reason: "This link does not follow tags. The push was of the tag v1.1.", Ref: "v1.1", RefType: fairlead.RefTag, Actor: "Ana Brandt"}),
		made("dl_8", time.Minute, fairlead.Delivery{Verdict: fairlead.VerdictRecorded, Ref: "main", Forced: 1, Actor: "Tomás Vidal", Commits: 2, Files: 1}),
		made("dl_6", time.Hour, fairlead.Delivery{Event: "pullrequest:created", Verdict: fairlead.VerdictEvent, Reason: "Only pushes are recorded.", Actor: "Ana Brandt"}),
	}
}

func (c canned) deliveryPages() []Exhibit {
	names := map[string]string{cannedLink: "acme-data/orders-db"}
	page := func(name, title string, e Exhibit) Exhibit {
		e.Name, e.Page.Title, e.Page.Area = name, title+" · Orders", AreaDeliveries
		return c.inProject(e, c.orders())
	}
	list := func(name string, v Deliveries) Exhibit {
		v.Project, v.Log.Project, v.Log.Names = c.orders(), "ORDERS", names
		v.Log.CommitURL = func(d fairlead.Delivery) string { return "https://bitbucket.org/acme-data/orders-db/commits/" + d.Head }
		return page(name, "Deliveries", Exhibit{Content: DeliveriesPage(v)})
	}
	all := c.deliveries()
	cursor := all[len(all)-1].Cursor()
	parked := all[0]
	parked.Reason, parked.NextAt = "Waits for the connection of Priya Raman.", time.Time{}
	return append([]Exhibit{
		list("deliveries", Deliveries{Linked: true, Log: DeliveryLog{Deliveries: all, Older: cursor, Newest: all[0].Cursor()}}),
		list("deliveries-attention", Deliveries{Linked: true, Log: DeliveryLog{Deliveries: []fairlead.Delivery{all[3], all[4]}, Show: fairlead.ShowAttention, Newer: 1, Open: "dl_4"}}),
		list("deliveries-older", Deliveries{Linked: true, Log: DeliveryLog{Deliveries: all[4:], Before: cursor}}),
		list("deliveries-no-match", Deliveries{Linked: true, Log: DeliveryLog{Show: fairlead.ShowIgnored}}),
		list("deliveries-none", Deliveries{Linked: true}),
		list("deliveries-end", Deliveries{Linked: true, Log: DeliveryLog{Before: cursor}}),
		list("deliveries-not-linked", Deliveries{}),
		list("deliveries-disconnected", Deliveries{Linked: true, Trouble: []LinkRow{c.row(func(r *LinkRow) { r.Link.Connection = c.connection(c.owner(), fairlead.ConnectionDead) })},
			Log: DeliveryLog{Deliveries: []fairlead.Delivery{parked}}}),
	}, c.deliveryDetails(all, page)...)
}

func (c canned) deliveryDetails(all []fairlead.Delivery, page func(name, title string, e Exhibit) Exhibit) []Exhibit {
	payload := fairlead.Payload{
		Headers: map[string]string{"X-Event-Key": "repo:push", "X-Request-UUID": "7d0a3a4c-5c0e-4b7e-9d3c-0f6b8c2e1a55", "X-Hub-Signature": "[redacted]", "User-Agent": "Bitbucket-Webhooks/2.0"},
		Body:    []byte(`{"actor":{"display_name":"Tomás Vidal","type":"user"},"repository":{"full_name":"acme-data/orders-db","uuid":"{orders-db}"},"push":{"changes":[{"old":{"name":"main","target":{"hash":"4c2f8aa1"}},"new":{"name":"main","target":{"hash":"9b1c07d2"}},"forced":false,"truncated":false}]}}`)}
	push := fairlead.Push{ID: "ps_1", Change: fairlead.RefChange{Type: fairlead.RefBranch, Name: "main", Old: "4c2f8aa1d0b39e77a6c5f4e3d2c1b0a998877665", New: cannedHead}, Verdict: fairlead.VerdictRecorded, Actor: "Tomás Vidal", Matched: 2,
		Comparison: fairlead.Comparison{Commits: []fairlead.Commit{{Hash: cannedHead, Message: "Add the index of invoices", Author: "Tomás Vidal"}, {Hash: "0aa55c3f91d2", Message: "Rename a column", Author: "Ana Brandt"}},
			Files: []fairlead.ChangedFile{{Path: "migrations/0042_invoice_index.sql", Kind: fairlead.FileAdded, Matched: true}, {Path: "migrations/0041_column.sql", OldPath: "migrations/0040_column.sql", Kind: fairlead.FileRenamed, Matched: true}, {Path: "README.md", Kind: fairlead.FileModified}}}}
	tag := fairlead.Push{ID: "ps_2", Change: fairlead.RefChange{Type: fairlead.RefTag, Name: "v2.1", New: cannedHead}, Verdict: fairlead.VerdictTag, Reason: "This link does not follow tags."}
	forced := fairlead.Push{ID: "ps_3", Change: fairlead.RefChange{Type: fairlead.RefBranch, Name: "release/2.1", Old: "4c2f8aa1d0b3", New: cannedHead, Forced: true}, Verdict: fairlead.VerdictPath, Reason: "Its 1 file is not in the path filter.",
		Comparison: fairlead.Comparison{Files: []fairlead.ChangedFile{{Path: "README.md", Kind: fairlead.FileModified}}}}
	show := func(name string, d fairlead.Delivery, payload fairlead.Payload, pushes ...fairlead.Push) Exhibit {
		v := DeliveryDetail{Link: c.link(), Kind: c.kind(), Delivery: d, Payload: payload, Pushes: pushes, KeptFor: 90 * 24 * time.Hour,
			CommitURL: func(hash string) string { return "https://bitbucket.org/acme-data/orders-db/commits/" + hash }}
		return page(name, v.title(), Exhibit{Content: DeliveryPage(v)})
	}
	again := all[0]
	again.Attempts, again.Reason, again.NextAt = 0, "", c.now
	followed := page("delivery-followed", "Push to main", Exhibit{Content: DeliveryPage(DeliveryDetail{Link: c.link(), Kind: c.kind(), Delivery: again, Payload: payload, KeptFor: 90 * 24 * time.Hour, Since: c.now})})
	dead := c.row(func(r *LinkRow) { r.Link.Connection = c.connection(c.owner(), fairlead.ConnectionDead) })
	dead.Link.LastPushAt = all[0].ReceivedAt
	disconnected := page("delivery-disconnected", "Push to main", Exhibit{Content: DeliveryPage(DeliveryDetail{Link: dead.Link, Row: dead, Kind: c.kind(), Delivery: all[0], Payload: payload, KeptFor: 12 * time.Hour})})
	return []Exhibit{
		show("delivery", all[1], payload, push, tag, forced),
		show("delivery-failed", all[3], payload),
		show("delivery-waiting", all[0], payload),
		followed,
		disconnected,
		show("delivery-ignored", all[2], fairlead.Payload{}),
		show("delivery-caught-up", all[4], fairlead.Payload{}, push),
		show("delivery-event", all[len(all)-1], payload),
	}
}
