package gitprovider_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"fairlead"
	"fairlead/bitbucketsim"
	"fairlead/gitprovider"
)

// delivery is what Bitbucket sends, with headers that can be read.
func delivery(event, body string) (http.Header, []byte) {
	return http.Header{"X-Request-Uuid": {"5f4dcc3b-0000-4000-a000-000000000001"}, "X-Event-Key": {event}}, []byte(body)
}

func ref(kind, name, hash string) string {
	return fmt.Sprintf(`{"type":%q,"name":%q,"target":{"hash":%q}}`, kind, name, hash)
}

func pushBody(changes ...string) string {
	return `{"actor":{"nickname":"priya"},"repository":{"uuid":"{1}","full_name":"acme-data/orders-db"},"push":{"changes":[` + strings.Join(changes, ",") + `]}}`
}

var (
	hashA = strings.Repeat("a1", 20)
	hashB = strings.Repeat("b2", 20)
)

func TestSeveralChangesOfOnePushAreReadInTheirOrder(t *testing.T) {
	s := newBitbucketSite(t)
	l := &linked{linkerSite: s, Linker: s.BitbucketCloud, t: t, access: s.connectedAs(priya).Access}
	l.id, _ = s.repository()
	in := newInbox(t)
	_, err := s.CreateWebhook(t.Context(), l.access, l.id, gitprovider.WebhookSpec{URL: in.URL, Secret: fairlead.NewSecret("signs deliveries")})
	s.must(err)
	result, err := s.sim.PushMany(l.id,
		bitbucketsim.RefChange{Branch: "one", From: "main"},
		bitbucketsim.RefChange{Branch: "feature/add-region", Delete: true},
		bitbucketsim.RefChange{Tag: "v7", From: "main"},
	)
	s.must(err)
	got := s.delivered(in)
	event, err := s.ParseDelivery(got[0].header, got[0].body)
	s.must(err)
	var want []fairlead.RefChange
	for _, c := range result.Changes {
		want = append(want, fairlead.RefChange{Type: fairlead.RefType(c.Type), Name: c.Name, Old: c.Old, New: c.New})
	}
	if !slices.Equal(event.Changes, want) || len(want) != 3 {
		t.Errorf("got %+v, want %+v", event.Changes, want)
	}
}

func TestWhatIsNoPushHasNoChanges(t *testing.T) {
	host := gitprovider.NewBitbucketCloud(nil)
	for _, event := range []string{"repo:updated", "pullrequest:created", "diagnostics:ping", "repo:deleted"} {
		got, err := host.ParseDelivery(delivery(event, `{"actor":{"display_name":"Ana"},"repository":{"uuid":"{1}","full_name":"acme-data/orders-db"},"push":{"changes":[{"new":`+ref("branch", "main", hashA)+`}]}}`))
		if err != nil || got.Name != event || len(got.Changes) != 0 || got.Actor != "Ana" || got.Repository.FullName != "acme-data/orders-db" {
			t.Errorf("%s: got %+v, %v", event, got, err)
		}
	}
}

func TestAPushIsReadFromWhatItSaysAboutRefsOnly(t *testing.T) {
	host := gitprovider.NewBitbucketCloud(nil)
	for body, want := range map[string][]fairlead.RefChange{
		pushBody(`{"old":` + ref("branch", "main", hashA) + `,"new":` + ref("branch", "main", hashB) + `,"forced":true,"truncated":true,"commits":"any"}`): {{Type: "branch", Name: "main", Old: hashA, New: hashB, Forced: true}},
		pushBody(`{"old":null,"new":` + ref("tag", "v1", hashA) + `}`):                                                                                     {{Type: "tag", Name: "v1", New: hashA}},
		pushBody(`{"old":` + ref("branch", "a/b", hashA) + `}`):                                                                                            {{Type: "branch", Name: "a/b", Old: hashA}},
		pushBody():                          nil,
		pushBody(`{"old":null,"new":null}`): nil,
		pushBody(`{"new":` + ref("bookmark", "x", hashA) + `}`):                     nil, // neither a branch nor a tag
		pushBody(`{"new":` + ref("branch", "main", strings.Repeat("c3", 32)) + `}`): {{Type: "branch", Name: "main", New: strings.Repeat("c3", 32)}},
	} {
		got, err := host.ParseDelivery(delivery("repo:push", body))
		if err != nil || !slices.Equal(got.Changes, want) || got.Actor != "priya" {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}
}

func TestAPushThatCannotBeTrueIsUnreadable(t *testing.T) {
	host := gitprovider.NewBitbucketCloud(nil)
	for _, body := range []string{
		pushBody(`{"new":` + ref("branch", "", hashA) + `}`), pushBody(`{"new":` + ref("branch", "main", "") + `}`), pushBody(`{"new":` + ref("branch", "main", hashA[:12]) + `}`),
		pushBody(`{"new":` + ref("branch", "main", "../../../../user?"+hashA) + `}`), pushBody(`{"old":` + ref("branch", "main", "HEAD") + `,"new":` + ref("branch", "main", hashA) + `}`),
		pushBody(`{"new":"main"}`), `{"push":{"changes":[]}}`, `{"repository":{"uuid":"{1}"}}`, `{"repository":{"uuid":"{1}"},"push":null}`, `{"repository":[],"push":{}}`,
	} {
		_, err := host.ParseDelivery(delivery("repo:push", body))
		wantDiagnosis(t, err, fairlead.DiagnosisDeliveryUnknown)
	}
}

func TestANameThatNoRepositoryHasIsNotTakenFromADelivery(t *testing.T) {
	host := gitprovider.NewBitbucketCloud(nil)
	for _, name := range []string{"", "orders-db", "acme-data/", "acme-data/orders db", "acme-data/orders-db/wiki", `acme-data/<b>`} {
		got, err := host.ParseDelivery(delivery("repo:updated", fmt.Sprintf(`{"repository":{"uuid":"{1}","full_name":%q}}`, name)))
		if err != nil || got.Repository.FullName != "" || got.Repository.WebURL != "" || got.Repository.ID != "{1}" {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestHeadersThatNameNoDeliveryAreRefused(t *testing.T) {
	host := gitprovider.NewBitbucketCloud(nil)
	for _, c := range []struct{ id, event string }{
		{"", "repo:push"}, {"5f4d", ""}, {"a b", "repo:push"}, {strings.Repeat("a", 65), "repo:push"}, {"5f4d", "repo push"}, {"5f4d", strings.Repeat("a", 65)}, {"5f4d\n", "repo:push"}, {"{}", "repo:push"}, {"<b>", "repo:push"},
	} {
		_, _, err := host.DeliveryID(http.Header{"X-Request-Uuid": {c.id}, "X-Event-Key": {c.event}})
		wantDiagnosis(t, err, fairlead.DiagnosisDeliveryUnknown)
	}
	id, event, err := host.DeliveryID(http.Header{"X-Request-Uuid": {"{5f4d-1}"}, "X-Event-Key": {"pullrequest:comment_created"}})
	if id != "5f4d-1" || event != "pullrequest:comment_created" || err != nil {
		t.Errorf("got %s, %s, %v", id, event, err)
	}
}

func TestASignatureInAnyOtherFormCountsAsNone(t *testing.T) {
	host, secret := gitprovider.NewBitbucketCloud(nil), fairlead.NewSecret("signs deliveries")
	good := strings.Repeat("ab", 32)
	for _, values := range [][]string{
		nil, {""}, {good}, {"sha256="}, {"sha256=" + good[:62]}, {"sha256=" + good + "00"}, {"sha1=" + good}, {"SHA256=" + good}, {"sha256=" + strings.Repeat("zz", 32)}, {" sha256=" + good}, {"sha256=" + good, "sha256=" + good}, {"sha256=" + good + ","},
	} {
		err := host.CheckSignature(http.Header{"X-Hub-Signature": values}, []byte("body"), secret)
		wantDiagnosis(t, err, fairlead.DiagnosisSignatureMissing)
	}
	wantDiagnosis(t, host.CheckSignature(http.Header{"X-Hub-Signature": {"sha256=" + good}}, []byte("body"), secret), fairlead.DiagnosisSignatureWrong)
}

func TestADeliverysDiagnosisSaysWhen(t *testing.T) {
	s := newBitbucketSite(t)
	if d := diagnosis(t, s.CheckSignature(http.Header{}, nil, fairlead.Secret{})); !d.At.Equal(s.clock.Now()) {
		t.Errorf("got %v", d.At)
	}
}

func TestFaultyDeliveriesOfTheHostAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		faults bitbucketsim.Faults
		want   fairlead.DiagnosisCode
	}{
		"without a signature": {bitbucketsim.Faults{NoSignature: true}, fairlead.DiagnosisSignatureMissing},
		"with a wrong one":    {bitbucketsim.Faults{WrongSignature: true}, fairlead.DiagnosisSignatureWrong},
		"twice":               {bitbucketsim.Faults{DuplicateDeliveries: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newBitbucketSite(t)
			id, _ := s.repository()
			in := newInbox(t)
			_, err := s.CreateWebhook(t.Context(), s.connectedAs(priya).Access, id, gitprovider.WebhookSpec{URL: in.URL, Secret: fairlead.NewSecret("signs deliveries")})
			s.must(err)
			s.set(c.faults)
			s.push(id, push{branch: "main", commits: []map[string]string{{"a.sql": "1"}}})
			ids := map[string]bool{}
			for _, got := range s.delivered(in) {
				err := s.CheckSignature(got.header, got.body, fairlead.NewSecret("signs deliveries"))
				if c.want != "" {
					wantDiagnosis(t, err, c.want)
				} else if err != nil {
					t.Error(err)
				}
				hostID, _, err := s.DeliveryID(got.header)
				s.must(err)
				ids[hostID] = true
			}
			if len(ids) != 1 {
				t.Errorf("got ids %v", ids)
			}
		})
	}
}
