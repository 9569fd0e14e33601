package gitprovider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"fairlead"
)

// How much a verification looks at: enough to prove, little enough to be quick for accounts with many workspaces.
const (
	maxWorkspacePages  = 5
	maxWorkspacesAsked = 10
)

// bitbucketUser is GET /user (Bitbucket Cloud REST, Users).
type bitbucketUser struct {
	Type        string `json:"type"`
	UUID        string `json:"uuid"`
	DisplayName string `json:"display_name"`
	Nickname    string `json:"nickname"`
}

// name is how a person is called; the display name may be empty.
func (u bitbucketUser) name() string {
	if u.DisplayName != "" {
		return u.DisplayName
	}
	return u.Nickname
}

// bitbucketMembership is one value of GET /user/workspaces.
type bitbucketMembership struct {
	Administrator bool `json:"administrator"`
	Workspace     struct {
		UUID string `json:"uuid"`
		Slug string `json:"slug"`
	} `json:"workspace"`
}

// bitbucketPermission is one value of GET /user/workspaces/{workspace}/permissions/repositories.
type bitbucketPermission struct {
	Permission string              `json:"permission"`
	Repository bitbucketRepository `json:"repository"`
}

// bitbucketProver holds one verification.
type bitbucketProver struct {
	*bitbucketAPI
	token Token

	user         bitbucketUser
	workspaces   []bitbucketMembership
	repositories []string // full names of those that the account administers
	more         bool     // there are more than were counted
	closed       []string // Bitbucket workspaces that did not let Fairlead look
	hooksOf      string   // the repository whose webhooks were read
}

// Prove implements Host.
func (b *BitbucketCloud) Prove(ctx context.Context, token Token) (fairlead.Proof, error) {
	t := b.Client.newTrace(token.Access)
	p := &bitbucketProver{bitbucketAPI: b.api(t, token.Access), token: token}
	if missing := bitbucketMissing(token.Scopes); len(missing) > 0 {
		d := t.finish(permissionMissing(b.Kind(), missing, token.Scopes), fairlead.RungPermissions)
		return fairlead.Proof{}, d
	}
	for _, step := range []func(context.Context) error{p.readUser, p.readWorkspaces, p.readRepositories, p.readHooks} {
		if err := step(ctx); err != nil {
			return fairlead.Proof{}, err
		}
	}
	return p.proof(), nil
}

// readUser asks GET /user, which needs the scope account.
func (p *bitbucketProver) readUser(ctx context.Context) error {
	if err := p.get(ctx, p.host.API+"/user", &p.user); err != nil {
		return err
	}
	if p.user.Type == "" || p.user.UUID == "" {
		return p.trace.finish(unexpected(p.host.Kind(), p.trace.last()), fairlead.RungPermissions)
	}
	if p.user.Type != "user" {
		return p.trace.finish(notAPerson(p.host.Kind(), p.user.Type), fairlead.RungPermissions)
	}
	return nil
}

// readWorkspaces asks GET /user/workspaces, which replaced GET /workspaces in 2026 (CHANGE-2770, CHANGE-3022).
func (p *bitbucketProver) readWorkspaces(ctx context.Context) error {
	next := p.host.API + "/user/workspaces?pagelen=100"
	for range maxWorkspacePages {
		var page bitbucketPage[bitbucketMembership]
		if err := p.get(ctx, next, &page); err != nil {
			return err
		}
		p.workspaces = append(p.workspaces, page.Values...)
		if next = page.Next; next == "" || !p.isAPI(next) {
			return nil
		}
	}
	return nil
}

// readRepositories asks for the repositories that the account administers, since only those can get a webhook.
func (p *bitbucketProver) readRepositories(ctx context.Context) error {
	for i, workspace := range p.workspaces {
		if i == maxWorkspacesAsked {
			p.more = true
			return nil
		}
		query := url.Values{"q": {`permission="admin"`}, "pagelen": {"100"}}
		var page bitbucketPage[bitbucketPermission]
		slug := workspace.Workspace.Slug
		err := p.get(ctx, p.host.API+"/user/workspaces/"+url.PathEscape(slug)+"/permissions/repositories?"+query.Encode(), &page)
		if isClosed(err) {
			p.closed = append(p.closed, slug)
			continue
		}
		if err != nil {
			return err
		}
		for _, value := range page.Values {
			p.repositories = append(p.repositories, value.Repository.FullName)
		}
		p.more = p.more || page.Next != ""
	}
	return nil
}

// readHooks reads the webhooks of one repository, which needs the scope webhook and admin rights.
func (p *bitbucketProver) readHooks(ctx context.Context) error {
	if len(p.repositories) == 0 {
		return nil
	}
	workspace, slug, _ := strings.Cut(p.repositories[0], "/")
	path := "/repositories/" + url.PathEscape(workspace) + "/" + url.PathEscape(slug) + "/hooks?pagelen=1"
	var page bitbucketPage[json.RawMessage]
	err := p.get(ctx, p.host.API+path, &page)
	if err == nil {
		p.hooksOf = p.repositories[0]
	}
	if isClosed(err) {
		return nil
	}
	return err
}

// isClosed reports whether one workspace or repository did not let Fairlead look: it may have gone between two calls, or
// lie behind its workspace's own rules, such as a list of allowed addresses. What it would have shown is then not known.
func isClosed(err error) bool {
	return hasCode(err, fairlead.DiagnosisUnexpectedAnswer)
}

// proof writes down what was learned. Nothing is a tick that was not tried, and an account without repositories leaves
// two rows unknown.
func (p *bitbucketProver) proof() fairlead.Proof {
	k := p.host.Kind()
	proof := fairlead.Proof{
		Account: fairlead.Account{ID: p.user.UUID, Name: p.user.name()},
		Scopes:  p.token.Scopes,
		At:      p.trace.client.clock(),
		Checks: []fairlead.Check{
			{Name: k.Permission(permissionAccount).Name(), Mark: fairlead.MarkUsed, Evidence: p.user.name(), Note: p.workspaceNote()},
			p.repositoriesCheck(k),
			p.webhooksCheck(k),
		},
	}
	for _, box := range bitbucketExtras(p.token.Scopes) {
		proof.Checks = append(proof.Checks, fairlead.Check{Name: box, Mark: fairlead.MarkGranted, Extra: true, Evidence: "not needed",
			Note: "Was also granted. You can untick it on " + k.Host + " at any time."})
	}
	if skew := p.trace.skew(); skew.Abs() > maxSkew {
		proof.Warnings = append(proof.Warnings, clockSkew(k, skew).Title+". Certificates, tokens and links are judged by the clock. Switch on time synchronization.")
	}
	return proof
}

func (p *bitbucketProver) workspaceNote() string {
	if len(p.workspaces) == 0 {
		return "Bitbucket told us who authorized. The account belongs to no Bitbucket workspace."
	}
	var names []string
	for i, w := range p.workspaces {
		if i == maxWorkspacesAsked {
			names = append(names, fmt.Sprintf("%d more", len(p.workspaces)-i))
			break
		}
		name := w.Workspace.Slug
		if w.Administrator {
			name += " (admin)"
		}
		names = append(names, name)
	}
	return "Bitbucket told us who authorized, and the account’s Bitbucket workspaces: " + joinAnd(names) + "."
}

func (p *bitbucketProver) repositoriesCheck(k fairlead.Kind) fairlead.Check {
	check := fairlead.Check{Name: k.Permission(permissionRepositories).Name(), Mark: fairlead.MarkUnknown}
	if len(p.repositories) == 0 {
		check.Evidence = "no repositories"
		check.Note = "This account administers no repository, so there was nothing to try this with. Developers authorize with their own accounts." + p.closedNote()
		return check
	}
	check.Evidence = count(len(p.repositories), p.more, "repository", "repositories")
	check.Note = "Listed those that this account administers. Nothing was written." + p.closedNote()
	if bitbucketGranted(permissionRepositories, p.token.Scopes) == granted {
		check.Mark = fairlead.MarkGranted
	} else {
		check.Note += " Bitbucket did not say whether writing is granted."
	}
	return check
}

func (p *bitbucketProver) closedNote() string {
	if len(p.closed) == 0 {
		return ""
	}
	return " Bitbucket did not let Fairlead look into " + joinAnd(p.closed) + "."
}

func (p *bitbucketProver) webhooksCheck(k fairlead.Kind) fairlead.Check {
	check := fairlead.Check{Name: k.Permission(permissionWebhooks).Name(), Mark: fairlead.MarkUnknown}
	switch {
	case p.hooksOf != "":
		check.Note = "Read the webhooks of " + p.hooksOf + ". None was created."
		if bitbucketGranted(permissionWebhooks, p.token.Scopes) == granted {
			check.Mark = fairlead.MarkGranted
		} else {
			check.Note += " Bitbucket did not say whether writing is granted."
		}
	case len(p.repositories) == 0:
		check.Note = "There was no repository to try this with."
	case bitbucketGranted(permissionWebhooks, p.token.Scopes) == granted:
		check.Mark = fairlead.MarkGranted
		check.Note = "Bitbucket said so. Reading the webhooks of " + p.repositories[0] + " was not possible."
	default:
		check.Note = "Reading the webhooks of " + p.repositories[0] + " was not possible, and Bitbucket did not say what is granted."
	}
	return check
}

func count(n int, more bool, one, many string) string {
	text := fmt.Sprintf("%d %s", n, many)
	if n == 1 {
		text = "1 " + one
	}
	if more {
		text += " or more"
	}
	return text
}
