package views

import (
	"fmt"
	"time"

	"fairlead"
)

// projects shows the list, one project for its owner and its developer, and its members.
func (c canned) projects() []Exhibit {
	orders := c.orders()
	archived := orders
	archived.ArchivedAt = c.now
	own := Projects{InUse: []fairlead.ProjectMembership{
		{Project: fairlead.Project{ID: "pr_billing", Name: "Billing", Key: "BILLING"}, Role: fairlead.ProjectDeveloper, Members: 3},
		{Project: orders, Role: fairlead.ProjectOwner, Members: 1},
	}}
	all := own
	all.All = true
	all.InUse = append(all.InUse, fairlead.ProjectMembership{Project: fairlead.Project{ID: "pr_shop", Name: "Web shop", Key: "WEB-SHOP"}})
	all.Archived = []fairlead.ProjectMembership{{Project: archived, Role: fairlead.ProjectOwner, Members: 2}}
	noName := Errors{{Field: "name", Message: "Enter a name"}}
	taken := Errors{{Field: "key", Message: "Enter another key: ORDERS is taken"}}
	member := c.projectMembers()
	overview := Project{Project: orders, Role: fairlead.ProjectOwner, Manages: true, Members: member, Links: c.rows(), Name: orders.Name}
	developers, unnamed, put, visitors := overview, overview, overview, overview
	developers.Role, developers.Manages = fairlead.ProjectDeveloper, false
	unnamed.Name, unnamed.Errors = "", noName
	put.Project, put.Links = archived, nil
	visitors.Role, visitors.Members, visitors.Links = "", nil, c.rows()[:1]
	list := func(name, title string, view Projects) Exhibit {
		return c.inProject(exhibit(name, title, AreaProjects, ProjectsPage(view)), fairlead.Project{})
	}
	page := func(name string, view Project) Exhibit {
		return c.inProject(exhibit(name, view.Errors.Title(orders.Name), AreaProject, ProjectPage(view)), view.Project)
	}
	form := func(name string, view NewProject) Exhibit {
		return c.inProject(exhibit(name, view.Errors.Title("Create a project"), AreaNewProject, NewProjectPage(view)), fairlead.Project{})
	}
	return append([]Exhibit{
		list("projects", "Projects", all),
		list("projects-own", "Projects", own),
		list("projects-none", "Projects", Projects{}),
		list("projects-none-owner", "Projects", Projects{All: true}),
		list("projects-archived-only", "Projects", Projects{Archived: all.Archived}),
		form("project-new", NewProject{ID: orders.ID}),
		form("project-new-error", NewProject{ID: orders.ID, Name: "Orders of the shop", Key: "orders", Errors: taken}),
		page("project", overview),
		page("project-developer", developers),
		page("project-error", unnamed),
		page("project-archived", put),
		page("project-no-owner", visitors),
		c.inProject(exhibit("project-archive", "Archive · Orders", AreaProject, ArchiveProjectPage(orders)), orders),
	}, c.projectPeople(orders, member)...)
}

func (c canned) projectPeople(orders fairlead.Project, all []fairlead.ProjectMember) []Exhibit {
	owner, developer := all[0], all[1]
	last := fairlead.ProjectMember{Person: developer.Person, Role: fairlead.ProjectOwner, AddedAt: developer.AddedAt} // no owner of the workspace
	candidates := []fairlead.Person{{ID: "pe_wes", Name: "Wes Okafor", Email: "wes@acme.example"}, {ID: "pe_mo", Name: "Mo Lind", Email: "mo@acme.example"}}
	list := ProjectMembers{Project: orders, Members: all, You: owner.Person.ID, Manages: true, Candidates: candidates, Role: string(fairlead.ProjectDeveloper)}
	seen, wrong, full, nobody := list, list, list, list
	seen.Manages, seen.You = false, developer.Person.ID
	wrong.Errors = Errors{{Field: "person", Message: "Choose a person"}}
	full.Candidates = nil
	nobody.Members = nil
	members := func(name string, view ProjectMembers) Exhibit {
		return c.inProject(exhibit(name, view.Errors.Title("Members · Orders"), AreaProjectMembers, ProjectMembersPage(view)), orders)
	}
	member := func(name string, view ProjectMember) Exhibit {
		return c.inProject(exhibit(name, view.Member.Person.Name+" · Orders", AreaProjectMembers, ProjectMemberPage(view)), orders)
	}
	return []Exhibit{
		members("project-members", list),
		members("project-members-developer", seen),
		members("project-members-error", wrong),
		members("project-members-full", full),
		members("project-members-nobody", nobody),
		member("project-member", ProjectMember{Project: orders, Member: developer, Reader: owner.Person, Role: developer.Role}),
		member("project-member-links", ProjectMember{Project: orders, Member: developer, Reader: owner.Person, Role: developer.Role, Links: []fairlead.RepositoryLink{c.link()}}),
		member("project-member-last-owner", ProjectMember{Project: orders, Member: last, You: true, LastOwner: true, Reader: last.Person, Role: last.Role}),
	}
}

func (c canned) projectMembers() []fairlead.ProjectMember {
	ana := fairlead.Person{ID: "pe_ana", Email: "ana@acme.example", Name: "Ana Brandt", Role: fairlead.RoleMember}
	return []fairlead.ProjectMember{
		{Person: c.owner(), Role: fairlead.ProjectOwner, AddedAt: c.now.Add(-30 * 24 * time.Hour)},
		{Person: ana, Role: fairlead.ProjectDeveloper, AddedAt: c.now.Add(-20 * 24 * time.Hour)},
	}
}

// inProject puts the sidebar of the projects' pages beside an exhibit.
func (c canned) inProject(e Exhibit, open fairlead.Project) Exhibit {
	e.Page.Projects.Open = open
	for i, name := range []string{"Billing", "Catalog", "Identity", "Search"} {
		e.Page.Projects.Others = append(e.Page.Projects.Others, fairlead.Project{ID: fmt.Sprintf("pr_%d", i), Name: name, Key: fmt.Sprintf("OTHER-%d", i)})
	}
	return e
}
