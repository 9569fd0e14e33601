package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	linkedRepository = "acme-data/orders-db"
	linkedOwner      = "acme-data"
	linkedPushes     = 400 // made before anything is measured: their commits are what deliveries tell of later
)

// linked is a scene in which the owner has gone on: a project, a connected account, and a repository that is linked with it.
type linked struct {
	*scene
	project  string // paths
	picker   string
	rule     string // step 3, and with step=confirm step 4
	link     string
	delivery string
	head     string // the newest commit
	hook     *hook
}

// startLinked starts the demo again on a copy of the data that the wizard's scene left. The address stays: the host calls
// back there. The wizard's own data gets no link, because "fairlead serve", which other figures start on it, would then ask
// the real host about it.
func startLinked(ctx context.Context, s *scene, dir string) (*linked, error) {
	next := *s
	next.data = filepath.Join(dir, "linked")
	if err := os.CopyFS(next.data, os.DirFS(s.data)); err != nil {
		return nil, err
	}
	l := &linked{scene: &next}
	return l, l.start(ctx, dir)
}

// start starts the demo at the address of before; the simulated host's changes.
func (l *linked) start(ctx context.Context, dir string) (err error) {
	l.server, err = start(ctx, filepath.Join(dir, "linked.log"), nil, demoReady, l.binary, "demo", "--data", l.data,
		"--listen", l.address(), "--bitbucket-listen", "localhost:0")
	if err != nil {
		return err
	}
	groups, err := l.server.find(saidHost)
	if err != nil {
		l.server.stop()
		return err
	}
	l.host = groups[0]
	return nil
}

func (l *linked) address() string { return strings.TrimPrefix(l.base, "http://") }

// copied is the same scene with data of its own, not started. The server of this one must be stopped.
func (l *linked) copied(dir, name string) (*linked, error) {
	next, data := *l.scene, filepath.Join(dir, name)
	again := *l
	again.scene, next.data = &next, data
	return &again, os.CopyFS(data, os.DirFS(l.data))
}

// play makes the project, connects the account and links the repository, by the forms that a person without script has.
func (l *linked) play() error {
	form, err := l.browser.open(l.base + "/projects/new")
	if err != nil {
		return err
	}
	id, err := form.text(`name="id" value="([^"]+)"`)
	if err != nil {
		return err
	}
	project, err := l.browser.submit(form.url.String(), url.Values{"id": {id}, "name": {"Orders"}, "key": {"ORDERS"}})
	if err != nil {
		return err
	}
	l.project = project.url.Path
	connect, err := l.browser.open(l.base + l.project + "/repositories/new") // one Git provider: it leads on to the account
	if err != nil {
		return err
	}
	l.picker = connect.url.Path
	if err := l.connect(connect); err != nil {
		return err
	}
	return l.linkWith(linkedRepository)
}

// connect takes the trip to the host in the same tab.
func (l *linked) connect(p page) error {
	action, err := p.text(`action="(/connect/gp_\w+)"`)
	if err != nil {
		return err
	}
	waiting, err := l.browser.submit(l.base+action, url.Values{"return": {l.picker}})
	if err != nil {
		return err
	}
	authorize, err := waiting.text(`href="([^"]+)">Continue in this tab<`)
	if err != nil {
		return err
	}
	return l.consent(l.base + authorize)
}

// linkWith goes through the steps from the list of repositories to the link's page.
func (l *linked) linkWith(repository string) error {
	list, err := l.browser.open(l.base + l.picker + "?" + url.Values{"owner": {linkedOwner}, "q": {repository[len(linkedOwner)+1:]}}.Encode())
	if err != nil {
		return err
	}
	if l.rule, err = list.text(`href="([^"]+)">Choose<span class="sr"> ` + regexp.QuoteMeta(repository) + `<`); err != nil {
		return err
	}
	confirm, err := l.browser.open(l.base + l.confirmation())
	if err != nil {
		return err
	}
	id, err := confirm.text(`name="id" value="(rl_\w+)"`)
	if err != nil {
		return err
	}
	made, err := l.browser.submit(l.base+l.rule, url.Values{"id": {id}, "branch": {"main"}, "paths": {"migrations"}})
	if err != nil {
		return err
	}
	l.link = made.url.Path
	if !strings.HasSuffix(l.link, "/repositories/"+id) {
		return fmt.Errorf("linking led to %s", l.link)
	}
	return nil
}

func (l *linked) confirmation() string { return l.rule + "?step=confirm&branch=main&paths=migrations" }

// push lets the simulated host have pushes and waits until each has its verdict.
func (l *linked) push(ctx context.Context) error {
	bulk := map[string]any{"branch": "main", "pushes": linkedPushes}
	if err := l.simulate(http.MethodPost, "/repositories/"+linkedRepository+"/bulk", bulk, nil); err != nil {
		return err
	}
	if err := l.simulate(http.MethodPost, "/settle", struct{}{}, nil); err != nil {
		return err
	}
	var now struct{ Branches map[string]string }
	if err := l.simulate(http.MethodGet, "/repositories/"+linkedRepository, struct{}{}, &now); err != nil {
		return err
	}
	l.head = now.Branches["main"]
	for until := time.Now().Add(2 * time.Minute); ; {
		log, err := l.browser.open(l.base + l.project + "/deliveries")
		if err != nil {
			return err
		}
		if strings.Count(log.body, ">Recorded<") >= 30 { // a whole page; they are worked off oldest first
			l.delivery, err = log.text(`href="(/projects/\w+/deliveries/dl_\w+)"`)
			return err
		}
		if time.Now().After(until) || ctx.Err() != nil {
			return errors.Join(fmt.Errorf("%s: the pushes are not worked off", log.url), ctx.Err())
		}
		rest(ctx, 100*time.Millisecond)
	}
}

// simulate calls the simulated host's own API, which no sign-in guards.
func (s *scene) simulate(method, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, s.host+"/simulator/api"+path, strings.NewReader(string(text)))
	if err != nil {
		return err
	}
	got, err := arrive((&http.Client{Timeout: 2 * time.Minute}).Do(request))
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal([]byte(got.body), answer)
}

// pages are those that linking brought, in the order in which a developer meets them.
func (l *linked) pages() [][2]string {
	return [][2]string{
		{"Projects", "/projects"},
		{"Project", l.project},
		{"Link, step 1: account", l.picker + "?account=change"},
		{"Link, step 2: repository", l.picker},
		{"Link, step 3: branch and paths", l.rule},
		{"Link, step 4: confirm", l.confirmation()},
		{"Repositories", l.project + "/repositories"},
		{"Link", l.link},
		{"Link, edit", l.link + "/edit"},
		{"Link, why did nothing happen", l.link + "/why?commit=" + l.head},
		{"Deliveries, a full page", l.project + "/deliveries"},
		{"Delivery", l.delivery},
		{"Connections", "/account/connections"},
	}
}

// hostState is the part of the simulated host's state file that the bench reads in its role.
type hostState struct {
	Hosting struct {
		Repositories []struct {
			Workspace, Slug string
			Hooks           []struct{ UUID, URL, Secret string }
			Commits         []struct{ Hash string }
		}
	}
}

// takeHostsRole reads what only the host knows: the webhook with its secret, the commits, and what a delivery looks like.
func (l *linked) takeHostsRole() error {
	var sent []struct{ Event, Body string }
	if err := l.simulate(http.MethodGet, "/deliveries", nil, &sent); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(l.data, "bitbucket.json"))
	if err != nil {
		return err
	}
	var state hostState
	if err := json.Unmarshal(text, &state); err != nil {
		return err
	}
	for _, r := range state.Hosting.Repositories {
		if r.Workspace+"/"+r.Slug != linkedRepository || len(r.Hooks) != 1 || len(sent) == 0 {
			continue
		}
		var hashes []string
		for _, c := range r.Commits {
			hashes = append(hashes, c.Hash)
		}
		l.hook, err = newHook(r.Hooks[0].URL, r.Hooks[0].UUID, r.Hooks[0].Secret, sent[len(sent)-1].Body, hashes)
		return err
	}
	return errors.New("the simulated host has no webhook, or sent nothing")
}
