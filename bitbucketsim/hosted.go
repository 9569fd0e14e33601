package bitbucketsim

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
)

var notInSlug = regexp.MustCompile(`[^a-z0-9._-]+`)

// RenameRepository changes name and slug. The UUID, the content and the webhooks stay; the old address is gone (assumed for the API).
// Webhooks hear repo:updated.
func (s *Sim) RenameRepository(repo, name string) (Repository, error) {
	slug := strings.Trim(notInSlug.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if slug == "" {
		return Repository{}, fmt.Errorf("rename %s: %q makes no slug", repo, cut(name, 80))
	}
	t, err := s.alterAndTell(repo, "repo:updated", func(r *repository) (func(repository) any, error) {
		before := *r
		r.Name, r.Slug = name, slug
		return func(now repository) any {
			to := s.deliveryAddresses()
			return object{
				"actor": to.account(s.world.accounts[0]), "repository": s.eventRepository(to, now),
				"changes": object{
					"name":      object{"old": before.Name, "new": now.Name},
					"full_name": object{"old": before.fullName(), "new": now.fullName()},
				},
			}
		}, nil
	})
	return s.altered(t, err)
}

// MoveRepository transfers a repository to another workspace: its full name changes. Webhooks hear repo:transfer.
func (s *Sim) MoveRepository(repo, workspaceSlug string) (Repository, error) {
	ws, found := s.world.workspace(workspaceSlug)
	if !found {
		return Repository{}, fmt.Errorf("move %s: no workspace %q", repo, cut(workspaceSlug, 80))
	}
	t, err := s.alterAndTell(repo, "repo:transfer", func(r *repository) (func(repository) any, error) {
		before, _ := s.world.workspace(r.Workspace)
		r.Workspace = ws.Slug
		return func(now repository) any {
			to := s.deliveryAddresses()
			return object{
				"actor": to.account(s.world.accounts[0]), "repository": s.eventRepository(to, now),
				"previous_workspace": object{"type": "workspace", "uuid": before.UUID, "slug": before.Slug, "name": before.Name},
			}
		}, nil
	})
	return s.altered(t, err)
}

func (s *Sim) altered(t told, err error) (Repository, error) {
	if err == nil {
		err = s.keepNow()
	}
	if err != nil {
		return Repository{}, err
	}
	return s.Repository(t.repository.UUID)
}

// SetRole gives a person a role on a repository: "admin", "write", "read", or "" to take it away. Bitbucket sends nothing then.
func (s *Sim) SetRole(repo, email, role string) error {
	account, found := s.world.accountByEmail(email)
	if !found {
		return fmt.Errorf("set a role: no account %q", cut(email, 120))
	}
	if role != "" && permissionRank(role) == 0 {
		return fmt.Errorf("set a role: %q is none", cut(role, 40))
	}
	_, err := s.alter(repo, func(r *repository) error {
		r.Permissions = maps.Clone(r.Permissions)
		if r.Permissions == nil {
			r.Permissions = map[string]string{}
		}
		if role == "" {
			delete(r.Permissions, account.Email)
		} else {
			r.Permissions[account.Email] = role
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.keepNow()
}

// DeleteRepository ends a repository with all that belongs to it. Webhooks hear repo:deleted.
func (s *Sim) DeleteRepository(repo string) error {
	faults := s.Faults()
	h := s.hosting
	err := func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		r, err := h.named(repo)
		if err != nil {
			return err
		}
		ids, err := s.requestIDs(r.hooks, "repo:deleted")
		if err != nil {
			return err
		}
		gone := *r
		h.drop(r)
		h.deleted = append(h.deleted, r.UUID)
		h.version++
		s.tell(faults, gone, "repo:deleted", ids, func() any {
			to := s.deliveryAddresses()
			return object{"actor": to.account(s.world.accounts[0]), "repository": s.eventRepository(to, gone)}
		})
		return nil
	}()
	return errors.Join(err, s.keepNow())
}
