package views

import (
	"time"

	"fairlead"
)

// audit shows the log with one event of each sort, filtered, and empty.
func (c canned) audit() []Exhibit {
	priya := fairlead.Actor{PersonID: "pe_priya", Name: "Priya Raman", Address: "192.0.2.1"}
	ana := fairlead.Actor{PersonID: "pe_ana", Name: "Ana Brandt", Address: "2001:db8:85a3:8d3:1319:8a2e:370:7348"}
	visitor := fairlead.Actor{Address: "198.51.100.7"}
	at := c.now
	event := func(earlier time.Duration, by fairlead.Actor, action, object, detail string) fairlead.AuditEvent {
		at = at.Add(-earlier)
		return fairlead.AuditEvent{At: at, Actor: by, Action: action, Object: object, Detail: detail, Place: at.Unix()}
	}
	events := []fairlead.AuditEvent{
		event(0, priya, "git_provider.created", "gp_h4kq7wz2mvx9cbnt", "Bitbucket.org"),
		event(40*time.Second, priya, "setup.verified", "su_8wq2mz5hv7xk3bnd", "Bitbucket.org"),
		event(25*time.Second, priya, "setup.attempted", "su_8wq2mz5hv7xk3bnd", "Bitbucket.org"),
		event(2*time.Minute, priya, "setup.failed", "su_8wq2mz5hv7xk3bnd", "Bitbucket.org: secret_wrong"),
		event(3*time.Minute, priya, "setup.started", "su_8wq2mz5hv7xk3bnd", "Bitbucket.org"),
		event(time.Minute, fairlead.System(), "connection.failed", "co_m4kq7wz2hvx9cbnt", "Ana Brandt of Ana Brandt: connection_expired"),
		event(12*time.Minute, visitor, "sign_in.refused", "pe_priya", "Wrong password for Priya Raman"),
		event(time.Minute, visitor, "sign_in.refused", "", "No account has this e-mail"),
		event(2*time.Hour, ana, "access.refused", "", "/settings/gitops/setups/{id}/authorize"),
		event(11*time.Hour, ana, "session.created", "se_n5tj8dq3kfw7rhvb", ""),
		event(time.Minute, ana, "person.joined", "pe_ana", "Ana Brandt as member"),
		event(time.Second, ana, "link.used", "ol_c9xm4ye7gpz2kvwq", "Invitation of ana@acme.example"),
		event(30*time.Hour, priya, "person.invited", "ol_c9xm4ye7gpz2kvwq", "ana@acme.example as member"),
		event(time.Minute, priya, "workspace.created", "", "Acme Data"),
		event(time.Hour, fairlead.System(), "link.created", "ol_z3vb6nm8rtk5hwqd", "First-owner link"),
		event(time.Hour, priya, "a_newer.action", "", "as another version wrote it"),
	}
	people := []fairlead.Person{{ID: "pe_ana", Name: "Ana Brandt"}, {ID: "pe_priya", Name: "Priya Raman"}}
	page := func(name string, v Audit) Exhibit { return exhibit(name, "Audit log", AreaAudit, AuditPage(v)) }
	nothing := fairlead.AuditFilter{Person: "pe_ana", Object: "gp_h4kq7wz2mvx9cbnt"}
	return []Exhibit{
		page("audit", Audit{Events: events, People: people, Older: events[len(events)-1].Cursor()}),
		page("audit-filtered", Audit{Events: events[1:5], People: people, Filter: fairlead.AuditFilter{Person: "pe_priya", Object: "su_8wq2mz5hv7xk3bnd"}}),
		page("audit-older", Audit{Events: events[10:], People: people, Before: events[9].Cursor()}),
		page("audit-no-match", Audit{People: people, Filter: nothing}),
		page("audit-end", Audit{People: people, Before: events[14].Cursor()}),
		page("audit-none-yet", Audit{}),
	}
}
