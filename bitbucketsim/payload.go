package bitbucketsim

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// addresses are where links lead: over the listener that a request came by, or, in a delivery, over the backend.
type addresses struct{ api, web string }

func (s *Sim) addressesOf(r *http.Request) addresses {
	return addresses{baseURL(r) + "/2.0", s.webBase(r)}
}

func (s *Sim) deliveryAddresses() addresses {
	if backend := s.BackendURL(); backend != "" {
		return addresses{backend + "/2.0", s.WebURL()}
	}
	return addresses{"https://api.bitbucket.org/2.0", "https://bitbucket.org"} // before Start there is no address of our own
}

func (to addresses) repository(r repository) string { return to.api + "/repositories/" + r.fullName() }
func (to addresses) page(r repository) string       { return to.web + "/" + r.fullName() }

func (to addresses) account(a Account) object {
	return object{
		"type": "user", "uuid": a.UUID, "account_id": accountID(a.UUID), "display_name": a.Name, "nickname": a.Nickname,
		"links": object{"self": link(to.api + "/users/" + url.PathEscape(a.UUID)), "html": link(to.web + "/" + url.PathEscape(a.UUID) + "/")},
	}
}

// author has a user only when the e-mail address belongs to an account (observed).
func (s *Sim) author(to addresses, raw string) object {
	author := object{"type": "author", "raw": raw}
	_, email, _ := strings.Cut(raw, "<")
	if a, found := s.world.accountByEmail(strings.TrimSuffix(email, ">")); found {
		author["user"] = to.account(a)
	}
	return author
}

// target is a commit as a branch or a tag has it: with few links.
func (s *Sim) target(to addresses, r repository, c *commit) object {
	parents := []object{}
	for _, parent := range c.parents {
		parents = append(parents, object{"type": "commit", "hash": parent.hash, "links": to.commitLinks(r, parent)})
	}
	return object{
		"type": "commit", "hash": c.hash, "date": timestamp(c.date), "author": s.author(to, c.author), "message": c.message,
		"summary": object{"type": "rendered", "raw": c.message, "markup": "markdown", "html": "<p>" + html.EscapeString(strings.TrimSpace(c.message)) + "</p>"},
		"links":   to.commitLinks(r, c), "parents": parents, "rendered": object{}, "properties": object{},
	}
}

func (to addresses) commitLinks(r repository, c *commit) object {
	return object{"self": link(to.repository(r) + "/commit/" + c.hash), "html": link(to.page(r) + "/commits/" + c.hash)}
}

// commit is a commit by itself: with all links.
func (s *Sim) commitObject(to addresses, r repository, c *commit) object {
	full := s.target(to, r, c)
	links := to.commitLinks(r, c)
	base := to.repository(r)
	for name, path := range map[string]string{
		"diff": "/diff/" + c.hash, "patch": "/patch/" + c.hash, "approve": "/commit/" + c.hash + "/approve",
		"comments": "/commit/" + c.hash + "/comments", "statuses": "/commit/" + c.hash + "/statuses",
	} {
		links[name] = link(base + path)
	}
	full["links"] = links
	return full
}

func (s *Sim) branchObject(to addresses, r repository, name string, tip *commit) object {
	return object{
		"type": "branch", "name": name, "target": s.target(to, r, tip),
		"merge_strategies": []string{"merge_commit", "squash", "fast_forward"}, "default_merge_strategy": "merge_commit",
		"links": to.refLinks(r, "branches", "/branch/", name),
	}
}

// tagObject: message, date and tagger are there, and null, for a lightweight tag too (null is assumed).
func (s *Sim) tagObject(to addresses, r repository, name string, t tag) object {
	described := object{
		"type": "tag", "name": name, "target": s.target(to, r, t.target), "message": nil, "date": nil, "tagger": nil,
		"links": to.refLinks(r, "tags", "/commits/tag/", name),
	}
	if t.message != "" {
		described["message"], described["date"], described["tagger"] = t.message, timestamp(t.date), object{}
	}
	return described
}

// refLinks leave the slashes of a name as they are (documented example).
func (to addresses) refLinks(r repository, kind, page, name string) object {
	name = escapePath(name)
	return object{
		"self":    link(to.repository(r) + "/refs/" + kind + "/" + name),
		"commits": link(to.repository(r) + "/commits/" + name), "html": link(to.page(r) + page + name),
	}
}

func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05-07:00") }

// eventRepository is the repository of a delivery: no main branch in it (observed).
func (s *Sim) eventRepository(to addresses, r repository) object {
	ws, _ := s.world.workspace(r.Workspace)
	return object{
		"type": "repository", "uuid": r.UUID, "name": r.Name, "full_name": r.fullName(), "is_private": r.Private, "scm": "git", "website": nil,
		"links": object{"self": link(to.repository(r)), "html": link(to.page(r))},
		"owner": object{"type": "team", "uuid": ws.UUID, "display_name": ws.Name, "links": object{"html": link(to.web + "/" + ws.Slug + "/")}},
		"workspace": object{
			"type": "workspace", "uuid": ws.UUID, "name": ws.Name, "slug": ws.Slug,
			"links": object{"self": link(to.api + "/workspaces/" + ws.Slug), "html": link(to.web + "/" + ws.Slug + "/")},
		},
		"project": object{"type": "project", "uuid": uuidOf("project " + ws.Slug), "key": "MAIN", "name": ws.Name},
	}
}

// pushPayload is the body of repo:push.
func (s *Sim) pushPayload(e *pushEvent) object {
	to := s.deliveryAddresses()
	changes := []object{}
	for _, c := range e.changes {
		changes = append(changes, s.changeObject(to, e.repository, c))
	}
	return object{
		"actor": to.account(e.actor), "repository": s.eventRepository(to, e.repository), "push": object{"changes": changes},
	}
}

// changeObject leaves out what Bitbucket leaves out (observed): a closed branch has neither commits nor links, a tag no commits,
// and what is new no diff.
func (s *Sim) changeObject(to addresses, r repository, c refChanged) object {
	ref := func(tip *commit) any {
		switch {
		case tip == nil:
			return nil
		case c.kind == "tag":
			moved := c.tag
			moved.target = tip
			return s.tagObject(to, r, c.name, moved)
		}
		return s.branchObject(to, r, c.name, tip)
	}
	change := object{
		"old": ref(c.old), "new": ref(c.new), "created": c.old == nil, "closed": c.new == nil, "forced": c.forced, "truncated": false,
	}
	if c.new == nil {
		return change
	}
	links := object{"commits": link(to.repository(r) + "/commits?include=" + c.new.hash)}
	if c.old != nil {
		links["commits"] = link(to.repository(r) + "/commits?include=" + c.new.hash + "&exclude=" + c.old.hash)
		links["diff"] = link(to.repository(r) + "/diff/" + c.new.hash + ".." + c.old.hash)
		links["html"] = link(to.page(r) + "/branches/compare/" + c.new.hash + ".." + c.old.hash)
	} else if c.kind == "branch" {
		links["html"] = link(to.page(r) + "/branch/" + escapePath(c.name))
	}
	change["links"] = links
	if c.kind == "tag" {
		return change
	}
	log := c.log()
	change["truncated"] = len(log) > commitsInPayload
	commits := []object{}
	for _, made := range log[:min(len(log), commitsInPayload)] {
		commits = append(commits, s.commitObject(to, r, made))
	}
	change["commits"] = commits
	return change
}
