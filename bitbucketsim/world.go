package bitbucketsim

import (
	"crypto/sha256"
	"fmt"
	"strings"
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

// workspace is fixed for the whole run; its repositories, which change, are in hosting.
type workspace struct {
	Slug  string
	Name  string
	UUID  string
	Roles map[string]string // account e-mail to "owner" (an administrator) or "member"
}

// fleetWorkspace exists only where many repositories were asked for.
const fleetWorkspace = "acme-fleet"

func seededWorld(withFleet bool) world {
	w := world{accounts: Accounts(), workspaces: []workspace{
		{Slug: "acme-data", Name: "Acme Data", Roles: map[string]string{priya: "owner", wes: "member"}},
		{Slug: "acme-web", Name: "Acme Web", Roles: map[string]string{priya: "member"}},
		{Slug: "priya-raman", Name: "Priya Raman", Roles: map[string]string{priya: "owner"}},
	}}
	if withFleet {
		w.workspaces = append(w.workspaces, workspace{Slug: fleetWorkspace, Name: "Acme Fleet", Roles: map[string]string{priya: "owner", wes: "member"}})
	}
	for i := range w.workspaces {
		w.workspaces[i].UUID = uuidOf("workspace " + w.workspaces[i].Slug)
	}
	return w
}

// workspace finds by slug or by UUID in braces: Bitbucket's paths take both.
func (w world) workspace(id string) (workspace, bool) {
	for _, ws := range w.workspaces {
		if ws.Slug == id || ws.UUID == id {
			return ws, true
		}
	}
	return workspace{}, false
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
