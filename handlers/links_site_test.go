package handlers_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"fairlead"
	"fairlead/bitbucketsim"
)

const ordersDB = "acme-data/orders-db"

// linkSite is a workspace in which Priya has added a Git provider, made the project Orders, connected her account and
// linked a repository. What the host sends is carried by hand, since no server listens under the external URL.
type linkSite struct {
	*wizardSite
	provider string // its id
	project  string // path
	link     string // path
}

func newLinkSite(t *testing.T) *linkSite {
	t.Helper()
	return linkedOn(newWizardSite(t))
}

// linkedOn makes all that on a site; called again, it makes another provider and project.
func linkedOn(site *wizardSite) *linkSite {
	site.t.Helper()
	s := &linkSite{wizardSite: site}
	s.provider = strings.TrimPrefix(s.added(fmt.Sprintf("Bitbucket.org %d", s.clients)), "/settings/gitops/providers/")
	s.project = s.wizardSite.project(s.priya, "Orders")
	s.connect(s.priya)
	s.link = s.linked(s.priya, ordersDB, "branch", "main", "paths", "migrations")
	return s
}

// connect walks to the host and back; whose account it is there is always Priya's.
func (s *linkSite) connect(v *visitor) answer {
	s.t.Helper()
	back := v.get(s.grant(v, "/connect/"+s.provider+"/authorize?return=/projects"))
	if back.status != http.StatusSeeOther {
		s.t.Fatalf("back from the host: %d %s", back.status, back.text())
	}
	return v.follow(back)
}

var hiddenID = regexp.MustCompile(`name="id" value="(rl_[^"]+)"`)

// linked goes through the steps and returns the path of the link.
func (s *linkSite) linked(v *visitor, repository string, rule ...string) string {
	s.t.Helper()
	seen, err := s.sim.Repository(repository)
	if err != nil {
		s.t.Fatal(err)
	}
	step := s.project + "/repositories/new/" + s.provider + "/" + url.PathEscape(seen.UUID)
	query := url.Values{"step": {"confirm"}}
	for i := 0; i < len(rule); i += 2 {
		query.Set(rule[i], rule[i+1])
	}
	confirm := v.get(step + "?" + query.Encode())
	id := hiddenID.FindStringSubmatch(confirm.body)
	if id == nil {
		s.t.Fatalf("no confirmation: %d %s", confirm.status, confirm.text())
	}
	made := v.post(step, append([]string{"id", id[1]}, rule...)...)
	if made.status != http.StatusSeeOther {
		s.t.Fatalf("not linked: %d %s", made.status, made.text())
	}
	return made.location
}

// picking is step 2, picked step 3 of linking one more repository.
func (s *linkSite) picking() string { return s.project + "/repositories/new/" + s.provider }

func (s *linkSite) picked() string {
	s.t.Helper()
	seen, err := s.sim.Repository("acme-data/billing-db")
	if err != nil {
		s.t.Fatal(err)
	}
	return s.picking() + "/" + url.PathEscape(seen.UUID)
}

func (s *linkSite) linkID() string { return s.link[strings.LastIndex(s.link, "/")+1:] }

// row is the link as it is stored, its secrets kept from all pages and logs from now on.
func (s *linkSite) row() fairlead.RepositoryLink {
	s.t.Helper()
	link, err := s.db.FindRepositoryLink(context.Background(), s.linkID())
	if err != nil {
		s.t.Fatal(err)
	}
	s.secrets = append(s.secrets, link.Secret.Reveal())
	return link
}

// push pushes a file at the host and waits until the host has tried to tell of it.
func (s *linkSite) push(branch, path string) bitbucketsim.Delivery {
	s.t.Helper()
	return s.pushed(bitbucketsim.RefChange{Branch: branch, Commits: []bitbucketsim.NewCommit{changed(path)}})
}

func changed(path string) bitbucketsim.NewCommit {
	return bitbucketsim.NewCommit{Message: "Change " + path, Files: map[string]string{path: "SELECT 1;\n"}}
}

// pushed is push, of whatever.
func (s *linkSite) pushed(changes ...bitbucketsim.RefChange) bitbucketsim.Delivery {
	s.t.Helper()
	result, err := s.sim.PushMany(ordersDB, changes...)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.sim.Settle(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	for _, d := range s.sim.Deliveries() {
		if len(result.Deliveries) > 0 && d.RequestUUID == result.Deliveries[0] {
			return d
		}
	}
	s.t.Fatal("the host has no webhook for it")
	return bitbucketsim.Delivery{}
}

func sign(secret fairlead.Secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// carry brings a delivery to the link, with this signature.
func (s *linkSite) carry(d bitbucketsim.Delivery, signature string) answer {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodPost, externalURL+"/hooks/"+s.linkID(), strings.NewReader(d.Body))
	for name, value := range map[string]string{"X-Event-Key": d.Event, "X-Hook-UUID": strings.Trim(d.HookUUID, "{}"), "X-Request-UUID": d.RequestUUID,
		"X-Attempt-Number": "1", "Content-Type": "application/json", "X-Hub-Signature": signature} {
		r.Header.Set(name, value)
	}
	return s.visitor("192.0.2.200").send(r)
}

// delivered pushes, carries the delivery, and works it off.
func (s *linkSite) delivered(branch, path string) {
	s.t.Helper()
	s.deliver(s.push(branch, path))
}

func (s *linkSite) deliver(d bitbucketsim.Delivery) {
	s.t.Helper()
	if a := s.carry(d, sign(s.row().Secret, d.Body)); a.status != http.StatusAccepted {
		s.t.Fatalf("the delivery was answered %d %s", a.status, a.body)
	}
	s.work()
}

func (s *linkSite) work() {
	s.t.Helper()
	if _, err := s.inbox.Work(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// newest is the path of the project's newest delivery.
func (s *linkSite) newest() string {
	s.t.Helper()
	link := s.row()
	list, _, err := s.inbox.Deliveries(s.t.Context(), fairlead.DeliveryFilter{LinkID: link.ID}, fairlead.Cursor{}, 1)
	if err != nil || len(list) == 0 {
		s.t.Fatal(len(list), err)
	}
	return s.project + "/deliveries/" + list[0].ID
}

func (s *linkSite) remover(link fairlead.RepositoryLink) func(context.Context, fairlead.Secret) error {
	return func(ctx context.Context, access fairlead.Secret) error {
		return s.host.RemoveWebhook(ctx, access, link.Repository.ID, link.Webhook.ID)
	}
}

// hooks are the webhooks that the host has for the repository.
func (s *linkSite) hooks() (hooks []fairlead.Webhook) {
	s.t.Helper()
	uses, err := s.linking.Connections(s.t.Context(), s.person(priyasEmail).ID)
	if err != nil || len(uses) == 0 {
		s.t.Fatal(len(uses), err)
	}
	seen, err := s.sim.Repository(ordersDB)
	if err != nil {
		s.t.Fatal(err)
	}
	err = s.linking.Call(s.t.Context(), uses[0].Connection.ID, false, func(ctx context.Context, access fairlead.Secret) (err error) {
		hooks, err = s.host.ListWebhooks(ctx, access, seen.UUID)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return hooks
}

// headOf is the newest commit of a branch at the host.
func (s *linkSite) headOf(branch string) string {
	s.t.Helper()
	seen, err := s.sim.Repository(ordersDB)
	if err != nil {
		s.t.Fatal(err)
	}
	return seen.Branches[branch]
}
