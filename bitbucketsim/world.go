package bitbucketsim

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
)

// Account is a simulated person who can sign in.
type Account struct {
	Name     string
	Email    string
	Password string
	Nickname string
	UUID     string // in braces, as Bitbucket writes it
}

// Accounts lists the seeded people: an administrator, a member who may only write, and a person without any workspace.
func Accounts() []Account {
	seed := func(name, email, password, nickname string) Account {
		return Account{Name: name, Email: email, Password: password, Nickname: nickname, UUID: uuidOf("account " + email)}
	}
	return []Account{
		seed("Priya Raman", priya, "priya-keeps-bees", "priya"),
		seed("Wes Okafor", wes, "wes-bakes-bread", "wes"),
		seed("Nora Lindqvist", nora, "nora-sails-north", "nora"),
	}
}

const (
	priya = "priya@acme.example"
	wes   = "wes@acme.example"
	nora  = "nora@acme.example"
)

// uuidOf gives the same thing the same UUID in every run.
func uuidOf(name string) string {
	sum := sha256.Sum256([]byte("bitbucketsim " + name))
	sum[6] = sum[6]&0x0f | 0x50 // version 5, by RFC 9562
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("{%x-%x-%x-%x-%x}", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

type world struct {
	accounts   []Account
	workspaces []workspace
}

type workspace struct {
	Slug         string
	Name         string
	UUID         string
	Roles        map[string]string // account e-mail to "owner" (an administrator) or "member"
	Repositories []repository
}

type repository struct {
	Name        string
	Slug        string
	Workspace   string
	UUID        string
	Private     bool
	UpdatedOn   time.Time
	Permissions map[string]string // account e-mail to "admin", "write" or "read"
}

func seededWorld() world {
	data := workspace{Slug: "acme-data", Name: "Acme Data", Roles: map[string]string{priya: "owner", wes: "member"}}
	for i, name := range []string{
		"orders-db", "billing-db", "customers-db", "inventory-db", "shipping-db", "payments-db", "analytics-warehouse",
		"reporting-views", "audit-archive", "identity-db", "pricing-db", "returns-db", "search-index", "schema-tools",
	} {
		permissions := map[string]string{priya: "admin"}
		if i < 5 {
			permissions[wes] = "write"
		}
		data.add(name, true, permissions)
	}
	web := workspace{Slug: "acme-web", Name: "Acme Web", Roles: map[string]string{priya: "member"}}
	web.add("storefront", true, map[string]string{priya: "admin"})
	web.add("checkout", true, map[string]string{priya: "write"})
	web.add("design-system", false, map[string]string{priya: "read"})
	own := workspace{Slug: "priya-raman", Name: "Priya Raman", Roles: map[string]string{priya: "owner"}}
	own.add("dotfiles", true, map[string]string{priya: "admin"})
	w := world{accounts: Accounts(), workspaces: []workspace{data, web, own}}
	for i := range w.workspaces {
		w.workspaces[i].UUID = uuidOf("workspace " + w.workspaces[i].Slug)
	}
	return w
}

func (ws *workspace) add(name string, private bool, permissions map[string]string) {
	ws.Repositories = append(ws.Repositories, repository{
		Name: name, Slug: name, Workspace: ws.Slug, UUID: uuidOf("repository " + ws.Slug + "/" + name), Private: private,
		UpdatedOn:   time.Date(2026, time.August, 1+len(ws.Repositories), 9, 30, 0, 0, time.UTC),
		Permissions: permissions,
	})
}

func (r repository) fullName() string { return r.Workspace + "/" + r.Slug }

// workspace finds by slug or by UUID in braces: Bitbucket's paths take both.
func (w world) workspace(id string) (workspace, bool) {
	for _, ws := range w.workspaces {
		if ws.Slug == id || ws.UUID == id {
			return ws, true
		}
	}
	return workspace{}, false
}

func (ws workspace) repository(id string) (repository, bool) {
	for _, repo := range ws.Repositories {
		if repo.Slug == id || repo.UUID == id {
			return repo, true
		}
	}
	return repository{}, false
}

func (w world) account(uuid string) (Account, bool) {
	for _, account := range w.accounts {
		if account.UUID == uuid {
			return account, true
		}
	}
	return Account{}, false
}

func (w world) accountByEmail(email string) (Account, bool) {
	for _, account := range w.accounts {
		if strings.EqualFold(account.Email, strings.TrimSpace(email)) {
			return account, true
		}
	}
	return Account{}, false
}

func (ws workspace) administeredBy(account Account) bool { return ws.Roles[account.Email] == "owner" }
