package fairlead

import "strings"

// KindID names a kind of Git host, such as "bitbucket-cloud".
type KindID string

// The kinds of Git hosts.
const KindBitbucketCloud KindID = "bitbucket-cloud"

// Kind describes a kind of Git host: pure data from which steps 1 and 2 of the wizard are drawn, so that another host
// adds no template and no handler.
type Kind struct {
	ID          KindID
	Name        string // as people say it, and the prefilled display name: "Bitbucket.org"
	Host        string // the subject of sentences: "Bitbucket"
	Hosting     string // "Cloud" or "Your own server"
	Tile        string // two letters of its monogram
	InstanceURL string // prefilled
	FixedURL    bool   // the instance URL cannot be changed

	NeedsAdmin      string // who is needed before starting
	NeedsRepository string // what is needed before starting
	AdminWord       string // who can register: "an admin of the Bitbucket workspace"
	ApplicationID   string // the host's own words for it, "**Client ID**, or **Key** on older pages"
	Secret          string // the host's own words for it
	GrantButton     string // what to choose in the host's window
	Owner           OwnerField
	Forms           []RegistrationForm // newest first; each is one vocabulary of the host
	Permissions     []Permission
	Pages           []HostPage // what the host's own error pages show when it will not come back
	StatusPage      string     // where the host tells about incidents; "" if nowhere
	RegistrationURL string     // {owner} is replaced by the owner typed
	ClientsURL      string     // the list of registered clients; {owner} likewise
	SecretLength    int        // what new secrets measure today, for a hint; 0 = unknown
}

// OwnerField asks for the name under which the host keeps the registration page.
type OwnerField struct {
	Label, Help string
}

// Permission is one box to tick at the host.
type Permission struct {
	ID     string // "account", "webhooks", "repositories"
	Box    string // the host's group: "Account"
	Level  string // the host's level: "Read"
	Reason string
}

// Name is how the permission is spoken of: "Account: Read".
func (p Permission) Name() string { return p.Box + ": " + p.Level }

// HostPage is an error page of the host after which it never calls back.
type HostPage struct {
	Shows string        // the words on the page
	Code  DiagnosisCode // what they mean
}

// RegistrationForm is the host's form for registering an OAuth client, in one vocabulary and in the form's own order.
type RegistrationForm struct {
	ID     string   // "clients", "consumers"
	Name   string   // what the host calls the list: "OAuth clients"
	Path   []string // the way to the form
	Groups []RegistrationGroup
}

// RegistrationGroup is one tab or part of the form.
type RegistrationGroup struct {
	Title string
	Rows  []RegistrationRow
}

// RowKind says what to do with a row of the form.
type RowKind string

// What a row of the registration form asks for.
const (
	RowText     RowKind = "text"     // type or paste Value
	RowCallback RowKind = "callback" // paste the callback URL
	RowTick     RowKind = "tick"     // tick the box named Value
	RowUntick   RowKind = "untick"   // leave the box unticked
	RowEmpty    RowKind = "empty"    // leave empty
)

// RegistrationRow is one field of the host's form.
type RegistrationRow struct {
	Label string
	Kind  RowKind
	Value string
	Note  string
}

// RegistrationPage returns the address of the host's registration page for an owner, "" while the owner is unknown.
func (k Kind) RegistrationPage(owner string) string { return expandOwner(k.RegistrationURL, owner) }

// ClientsPage returns the address of the owner's list of registered clients, "" while the owner is unknown.
func (k Kind) ClientsPage(owner string) string { return expandOwner(k.ClientsURL, owner) }

func expandOwner(template, owner string) string {
	if template == "" || ParseOwner(owner) == "" {
		return ""
	}
	return strings.ReplaceAll(template, "{owner}", ParseOwner(owner))
}

// ParseOwner reads what was typed as the owner: a slug, or an address from which the slug is taken. It returns "" if
// that is no slug, so that nothing but a slug ever becomes part of a link.
func ParseOwner(typed string) string {
	typed = strings.TrimSpace(typed)
	if _, rest, ok := strings.Cut(typed, "://"); ok {
		_, typed, _ = strings.Cut(rest, "/")
	}
	typed, _, _ = strings.Cut(strings.Trim(typed, "/"), "/")
	for _, r := range typed {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", r) {
			return ""
		}
	}
	if strings.Trim(typed, ".") == "" {
		return ""
	}
	return typed
}

// Permission finds a permission by its id.
func (k Kind) Permission(id string) Permission {
	for _, p := range k.Permissions {
		if p.ID == id {
			return p
		}
	}
	return Permission{}
}
