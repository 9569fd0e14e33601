package bitbucketsim

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Client is an OAuth client ("OAuth consumer" until 2026) that a workspace's administrator has registered.
type Client struct {
	Workspace   string
	Name        string
	CallbackURL string // "" means none: Bitbucket lets one be saved without
	ID          string // "Key" in the older wording
	Secret      string
	Private     bool     // "This is a private consumer": allows client_credentials
	Permissions []string // names of ticked boxes, such as "account" or "repository:write"
}

var errNoClient = errors.New("no such OAuth client")

// clientProblem is a mistake in one field of the form.
type clientProblem struct {
	Field string // "name", "callback_url" or "permission"
	Text  string
}

func (p *clientProblem) Error() string { return p.Field + ": " + p.Text }

// CreateClient registers an OAuth client without the pages. An ID or Secret that is given is kept.
func (s *Sim) CreateClient(c Client) (Client, error) {
	ws, ok := s.world.workspace(c.Workspace)
	if !ok {
		return Client{}, fmt.Errorf("create an OAuth client: no workspace %q", c.Workspace)
	}
	c.Workspace = ws.Slug
	id, secret, err := s.newCredentials()
	if err != nil {
		return Client{}, err
	}
	if c.ID == "" {
		c.ID = id
	}
	if c.Secret == "" {
		c.Secret = secret
	}
	err = s.change(func(st *state) error {
		if _, taken := st.client(c.ID); taken {
			return fmt.Errorf("the client id %q is taken", c.ID)
		}
		if c, err = st.checkedClient(c); err != nil {
			return err
		}
		st.Clients = append(st.Clients, c)
		return nil
	})
	if err != nil {
		return Client{}, fmt.Errorf("create an OAuth client: %w", err)
	}
	return c, nil
}

// newCredentials: 18 and 32 characters on the legacy backend; 32 and 76 since 2026 (observed). That a new secret can hold
// characters which url.QueryEscape changes is assumed, and worth testing: x/oauth2 escapes before encoding.
func (s *Sim) newCredentials() (id, secret string, err error) {
	if s.Faults().Backend2026 {
		body, err := s.randomText(base64URL+"+/", 71)
		if err != nil {
			return "", "", err
		}
		id, err = s.randomText(alphanumeric, 32)
		return id, "ATOA" + body + "=", err
	}
	if id, err = s.randomText(alphanumeric, 18); err != nil {
		return "", "", err
	}
	secret, err = s.randomText(alphanumeric, 32)
	return id, secret, err
}

func (st *state) client(id string) (Client, bool) {
	i := slices.IndexFunc(st.Clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return Client{}, false
	}
	return st.Clients[i], true
}

// checkedClient brings a client into its stored form, or says which field is wrong.
func (st *state) checkedClient(c Client) (Client, error) {
	c.Name, c.CallbackURL = strings.TrimSpace(c.Name), strings.TrimSpace(c.CallbackURL)
	if c.Name == "" {
		return c, &clientProblem{"name", "Enter a name."}
	}
	for _, other := range st.Clients {
		if other.Workspace == c.Workspace && other.ID != c.ID && strings.EqualFold(other.Name, c.Name) {
			return c, &clientProblem{"name", "This workspace already has an OAuth client with this name."}
		}
	}
	if c.CallbackURL != "" {
		u, err := url.Parse(c.CallbackURL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.Fragment != "" {
			return c, &clientProblem{"callback_url", "Enter a valid URL."}
		}
	}
	known, unknown := knownPermissions(c.Permissions)
	if len(unknown) > 0 {
		return c, &clientProblem{"permission", fmt.Sprintf("Unknown permission %q.", unknown[0])}
	}
	c.Permissions = known
	return c, nil
}

// alterClient changes a workspace's client in place.
func (s *Sim) alterClient(ws workspace, id string, alter func(*state, *Client) error) error {
	return s.change(func(st *state) error {
		i := slices.IndexFunc(st.Clients, func(c Client) bool { return c.ID == id && c.Workspace == ws.Slug })
		if i < 0 {
			return errNoClient
		}
		altered := st.Clients[i]
		if err := alter(st, &altered); err != nil {
			return err
		}
		st.Clients[i] = altered
		return nil
	})
}

// removeClient ends everything that the client was given.
func (s *Sim) removeClient(ws workspace, id string) error {
	return s.change(func(st *state) error {
		before := len(st.Clients)
		st.Clients = slices.DeleteFunc(st.Clients, func(c Client) bool { return c.ID == id && c.Workspace == ws.Slug })
		if len(st.Clients) == before {
			return errNoClient
		}
		st.Grants = slices.DeleteFunc(st.Grants, func(g grant) bool { return g.ClientID == id })
		st.dropClientAccess(id, "")
		return nil
	})
}

// proves compares the secret as it came and un-escaped once: RFC 6749 section 2.3.1 has clients escape both parts.
func (c Client) proves(secret string) bool {
	if subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) == 1 {
		return true
	}
	unescaped, err := url.QueryUnescape(secret)
	return err == nil && subtle.ConstantTimeCompare([]byte(c.Secret), []byte(unescaped)) == 1
}
