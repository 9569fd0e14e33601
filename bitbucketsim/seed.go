package bitbucketsim

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

const (
	priyaAuthor = "Priya Raman <" + priya + ">"
	wesAuthor   = "Wes Okafor <" + wes + ">"
)

// seed fills the fixed workspaces: the same repositories, UUIDs and hashes in every run.
func (h *hosting) seed() {
	data := func(i int) map[string]string {
		permissions := map[string]string{priya: "admin"}
		if i < 5 {
			permissions[wes] = "write"
		}
		return permissions
	}
	for i, name := range []string{
		"orders-db", "billing-db", "customers-db", "inventory-db", "shipping-db", "payments-db", "analytics-warehouse",
		"reporting-views", "audit-archive", "identity-db", "pricing-db", "returns-db", "search-index", "schema-tools",
	} {
		h.put(seededRepository("acme-data", name, i, true, data(i)))
	}
	h.put(seededRepository("acme-web", "storefront", 0, true, map[string]string{priya: "admin"}))
	h.put(seededRepository("acme-web", "checkout", 1, true, map[string]string{priya: "write"}))
	h.put(seededRepository("acme-web", "design-system", 2, false, map[string]string{priya: "read"}))
	h.put(seededRepository("priya-raman", "dotfiles", 0, true, map[string]string{priya: "admin"}))
}

func seededRepository(ws, name string, index int, private bool, permissions map[string]string) *repository {
	updated := time.Date(2026, time.August, 1+index, 9, 30, 0, 0, time.UTC)
	r := &repository{
		Name: name, Slug: name, Workspace: ws, UUID: uuidOf("repository " + ws + "/" + name), Private: private,
		CreatedOn: updated.AddDate(-1, 0, 0), UpdatedOn: updated, Permissions: permissions, seeded: true,
		branches: map[string]*commit{}, tags: map[string]tag{}, history: newHistory(),
	}
	switch name {
	case "search-index": // nobody has pushed to this one yet
		return r
	case "billing-db", "audit-archive":
		r.MainBranch = "master"
	default:
		r.MainBranch = "main"
	}
	main := r.history.seedMain(strings.TrimSuffix(name, "-db"), updated)
	r.branches[r.MainBranch] = main
	r.tags["v1.0"] = tag{target: main.parents[0], message: "First release\n", date: updated}
	if index < 3 {
		region := main.tree.set("migrations/0003_add_region.sql", "ALTER TABLE "+table(name)+" ADD COLUMN region text;\n")
		r.branches["feature/add-region"] = r.history.add(newCommit(wesAuthor, "Add a region\n", updated.Add(-time.Hour), region, main))
	}
	return r
}

func table(name string) string { return strings.NewReplacer("-db", "", "-", "_").Replace(name) }

// seedMain makes the four commits that every repository starts with.
func (h *history) seedMain(name string, updated time.Time) (tip *commit) {
	t := table(name)
	var content *tree
	for i, step := range []struct{ author, message, path, text string }{
		{priyaAuthor, "Start", "README.md", "# " + name + "\n\nSchema changes are in migrations, the application in app.\n"},
		{priyaAuthor, "Create the first table", "migrations/0001_create.sql", "CREATE TABLE " + t + " (\n\tid bigint PRIMARY KEY,\n\tcreated_at timestamptz NOT NULL\n);\n"},
		{wesAuthor, "Read it", "app/queries/recent.sql", "SELECT id, created_at FROM " + t + " ORDER BY created_at DESC LIMIT 20;\n"},
		{priyaAuthor, "Index by time", "migrations/0002_index.sql", "CREATE INDEX " + t + "_created_at ON " + t + " (created_at);\n"},
	} {
		content = content.set(step.path, step.text)
		var parents []*commit
		if tip != nil {
			parents = []*commit{tip}
		}
		tip = h.add(newCommit(step.author, step.message+"\n", updated.AddDate(0, 0, i-4), content, parents...))
	}
	return tip
}

// AddRepositories makes n more repositories in a workspace: service-00001-db and so on, private, Priya administers them and Wes
// may write to every second. They share one history until somebody pushes to them, so ten thousand are cheap.
func (s *Sim) AddRepositories(workspaceSlug string, n int) error {
	ws, found := s.world.workspace(workspaceSlug)
	if !found {
		return fmt.Errorf("add repositories: no workspace %q", workspaceSlug)
	}
	s.hosting.mu.Lock()
	s.hosting.addFleet(ws.Slug, n)
	s.hosting.version++
	s.hosting.mu.Unlock()
	return s.keepNow()
}

func (h *hosting) addFleet(ws string, n int) {
	shared := newHistory()
	created := time.Date(2026, time.July, 1, 9, 30, 0, 0, time.UTC)
	branches := map[string]*commit{"main": shared.seedMain("service", created)}
	both := map[string]string{priya: "admin", wes: "write"}
	for range n {
		h.fleet[ws]++
		number := h.fleet[ws]
		name := fmt.Sprintf("service-%05d-db", number)
		if _, taken := h.byName[ws+"/"+name]; taken { // somebody renamed one to this
			continue
		}
		permissions := both
		if number%2 == 0 {
			permissions = maps.Clone(both)
			delete(permissions, wes)
		}
		h.put(&repository{
			Name: name, Slug: name, Workspace: ws, UUID: uuidOf("repository " + ws + "/" + name), Private: true,
			CreatedOn: created, UpdatedOn: created.Add(time.Duration(number) * time.Minute), Permissions: permissions, seeded: true,
			MainBranch: "main", branches: branches, history: shared,
		})
	}
}
