package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// scene is a demo that has been used: a workspace with an owner, a Git provider, and one setup in each state that a page
// exists for. The simulated Bitbucket stands in for the host, so nothing leaves this machine.
type scene struct {
	server  *process
	browser *browser
	base    string // of Fairlead
	host    string // of the simulated Bitbucket
	data    string
	binary  string

	id, secret string // the OAuth client
	draft      string // path of step 1
	step2      string
	waiting    string // paths of setups
	refused    string
	verified   string
	provider   string
	handOver   string
}

const (
	ownerEmail    = "ana@acme.example"
	ownerPassword = "a kettle, two mugs and rain"
	clientsPath   = "/acme-data/workspace/settings/oauth-clients"
)

var (
	demoReady  = regexp.MustCompile(`^Stop with Ctrl-C\.$`)
	saidURL    = regexp.MustCompile(`^Fairlead is at (\S+)$`)
	saidOwner  = regexp.MustCompile(`^Become the first owner .*: (\S+)$`)
	saidHost   = regexp.MustCompile(`^The simulated Bitbucket is at (\S+) `)
	saidPerson = regexp.MustCompile(`^  .*\s(\S+@\S+) +password (.+)$`)
)

// startScene starts an empty demo; link is what makes the first owner.
func startScene(ctx context.Context, binary, dir string) (s *scene, link string, err error) {
	s = &scene{browser: newBrowser(), data: filepath.Join(dir, "data"), binary: binary}
	s.server, err = start(ctx, filepath.Join(dir, "demo.log"), nil, demoReady, binary, "demo", "--data", s.data, "--listen", "127.0.0.1:0", "--bitbucket-listen", "localhost:0")
	if err != nil {
		return nil, "", err
	}
	for _, said := range []struct {
		pattern *regexp.Regexp
		value   *string
	}{{saidURL, &s.base}, {saidOwner, &link}, {saidHost, &s.host}} {
		groups, err := s.server.find(said.pattern)
		if err != nil {
			s.server.stop()
			return nil, "", err
		}
		*said.value = groups[0]
	}
	return s, link, nil
}

// play does what people would do until every state is there.
func (s *scene) play(ownerLink string) error {
	form := url.Values{"workspace": {"Acme Data"}, "email": {ownerEmail}, "name": {"Ana Brandt"}, "password": {ownerPassword}}
	if _, err := s.browser.submit(ownerLink, form); err != nil {
		return err
	}
	if err := s.register(); err != nil {
		return err
	}
	var err error
	if s.verified, err = s.setup("Bitbucket.org", s.secret); err != nil {
		return err
	}
	if err := s.grant(s.verified); err != nil {
		return err
	}
	list, err := s.browser.submit(s.base+s.verified+"/confirm", nil)
	if err != nil {
		return err
	}
	if s.provider, err = list.text(`href="(/settings/gitops/providers/gp_\w+)"`); err != nil {
		return err
	}
	if s.verified, err = s.setup("Verified", s.secret); err != nil {
		return err
	}
	if err := s.grant(s.verified); err != nil {
		return err
	}
	wrong := strings.Repeat("x", len(s.secret))
	if s.refused, err = s.setup("Refused", wrong); err != nil {
		return err
	}
	if s.waiting, err = s.setup("Waiting", s.secret); err != nil {
		return err
	}
	sheet, err := s.browser.submit(s.base+s.refused+"/hand-overs", nil)
	if err != nil {
		return err
	}
	if s.handOver, err = sheet.text(`(/hand-over/[\w-]+)`); err != nil {
		return err
	}
	s.draft, s.step2, err = s.begin("Draft")
	return err
}

// register makes the OAuth client at the simulated Bitbucket, as step 2 asks for it.
func (s *scene) register() error {
	person, err := s.server.find(saidPerson)
	if err != nil {
		return err
	}
	signIn := url.Values{"email": {person[0]}, "password": {person[1]}, "next": {"/"}}
	if _, err := s.browser.submit(s.host+"/account/signin", signIn); err != nil {
		return err
	}
	client, err := s.browser.submit(s.host+clientsPath, url.Values{"name": {"Fairlead"}, "callback_url": {s.base + "/oauth/callback"},
		"authorization_code": {"on"}, "permission": {"account", "webhook", "repository:write"}})
	if err != nil {
		return err
	}
	var errID, errSecret error
	s.id, errID = client.text(`id="client-id">([^<]+)<`)
	s.secret, errSecret = client.text(`id="client-secret">([^<]+)<`)
	return errors.Join(errID, errSecret)
}

func step1Form(name string) url.Values {
	return url.Values{"kind": {"bitbucket-cloud"}, "instance_url": {"https://bitbucket.org"}, "display_name": {name}}
}

// begin sends step 1 and returns the paths of both steps.
func (s *scene) begin(name string) (step1, step2 string, err error) {
	first, err := s.browser.open(s.base + "/settings/gitops/new")
	if err != nil {
		return "", "", err
	}
	second, err := s.browser.submit(first.url.String(), step1Form(name))
	return first.url.RequestURI(), second.url.RequestURI(), err
}

func (s *scene) pair(secret string) url.Values {
	return url.Values{"application_id": {s.id}, "secret": {secret}}
}

// setup goes through step 2 and returns the setup's path.
func (s *scene) setup(name, secret string) (string, error) {
	_, step2, err := s.begin(name)
	if err != nil {
		return "", err
	}
	p, err := s.browser.submit(s.base+step2, s.pair(secret))
	if err == nil && !strings.HasPrefix(p.url.Path, "/settings/gitops/setups/") {
		err = fmt.Errorf("step 2 of %s led to %s", name, p.url.Path)
	}
	return p.url.Path, err
}

// grant is the trip of a setup through the host's window.
func (s *scene) grant(setup string) error { return s.consent(s.base + setup + "/authorize") }

// consent goes to the host, which asks only the first time, and comes back.
func (s *scene) consent(authorize string) error {
	consent, err := s.browser.open(authorize)
	if err != nil || strings.HasPrefix(consent.url.String(), s.base) {
		return err
	}
	action, err := consent.text(`<form method="post" action="([^"]+)" class="actions">`)
	if err != nil {
		return err
	}
	address, err := consent.url.Parse(action)
	if err != nil {
		return err
	}
	_, err = s.browser.submit(address.String(), url.Values{"decision": {"grant"}})
	return err
}

// waitAnew makes the waiting setup wait from now on: its panel changes after 20 seconds, and a poll that finds nothing
// new is what is measured.
func (s *scene) waitAnew() error {
	if _, err := s.browser.submit(s.base+s.waiting+"/stop", nil); err != nil {
		return err
	}
	_, err := s.browser.submit(s.base+s.waiting, s.pair(s.secret))
	return err
}

// fragments are the requests of the wizard that call no host, as htmx sends them.
func (s *scene) fragments() []request {
	header := browserHeaders.Clone()
	for name, value := range map[string]string{"Cookie": s.browser.cookies(s.base), "HX-Request": "true", "HX-Request-Type": "partial", "Sec-Fetch-Site": "same-origin"} {
		header.Set(name, value)
	}
	all := []request{
		{name: "poll of a waiting setup (nothing new)", path: s.waiting + "/status?stage=0", status: http.StatusNoContent},
		{name: "step 1, Next (POST)", method: http.MethodPost, path: s.draft, body: step1Form("Draft").Encode()},
		{name: "step 1", path: s.draft},
		{name: "step 2", path: s.step2},
		{name: "step 2, the host's link (POST)", method: http.MethodPost, path: s.step2 + "/owner", body: url.Values{"owner": {"acme-data"}}.Encode()},
		{name: "step 2, waiting", path: s.waiting},
	}
	for i := range all {
		all[i].header = header
		if all[i].method == "" {
			all[i].method = http.MethodGet
		}
		if all[i].status == 0 {
			all[i].status = http.StatusOK
		}
	}
	return all
}

// mainPages are the pages that an owner opens, by name.
func (s *scene) mainPages() [][2]string {
	return [][2]string{
		{"GitOps", "/settings/gitops"},
		{"Wizard, step 1", s.draft},
		{"Wizard, step 2", s.step2},
		{"Wizard, step 2, waiting", s.waiting},
		{"Wizard, step 2, diagnosis", s.refused},
		{"Wizard, step 3", s.verified},
		{"Window: checking", "/settings/gitops/checking"},
		{"Window: back from the host", s.verified + "/returned"},
		{"Git provider", s.provider},
		{"General", "/settings/general"},
		{"Members", "/settings/members"},
		{"Invite", "/settings/members/invite"},
		{"Audit log", "/settings/audit"},
		{"Profile", "/account/profile"},
		{"Sessions", "/account/sessions"},
	}
}
