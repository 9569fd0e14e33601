package gitprovider

import (
	"net/url"
	"regexp"
	"strings"

	"fairlead"
)

// A workspace's id and a repository's slug, as Bitbucket makes them. Both are taken in any case and are lower case.
var (
	bitbucketWorkspaceSlug  = regexp.MustCompile(`^[a-z0-9_-]{1,100}$`)
	bitbucketRepositorySlug = regexp.MustCompile(`^[a-z0-9._-]{1,100}$`)
)

// bitbucketFullName takes "workspace/repository".
func bitbucketFullName(text string) (string, bool) {
	text = strings.ToLower(text)
	workspace, slug, _ := strings.Cut(text, "/")
	isDots := strings.Trim(slug, ".") == ""
	return text, bitbucketWorkspaceSlug.MatchString(workspace) && bitbucketRepositorySlug.MatchString(slug) && !isDots
}

// sshAddress is git's short form of an ssh address: "git@bitbucket.org:workspace/repository.git".
var sshAddress = regexp.MustCompile(`^(?:[\w.-]+@)?([\w.-]+):([^/].*)$`)

// ParseRepositoryURL implements Browser. It takes what people copy from their browser's address, from "Clone", or a full name.
func (b *BitbucketCloud) ParseRepositoryURL(typed string) (string, bool) {
	typed = strings.TrimSpace(typed)
	if command, rest, ok := strings.Cut(typed, " "); ok && command == "git" { // Bitbucket's "Clone" copies the whole command
		typed = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(rest), "clone "))
	}
	if strings.Contains(typed, "://") {
		address, err := url.Parse(typed)
		if err != nil || !b.isWeb(address) {
			return "", false
		}
		return repositoryInPath(address.Path)
	}
	if host, path, ok := strings.Cut(typed, "/"); ok && b.isWebHost(host) { // an address whose https:// was not copied
		return repositoryInPath(path)
	}
	if match := sshAddress.FindStringSubmatch(typed); match != nil && b.isWebHost(match[1]) {
		return repositoryInPath(match[2])
	}
	return bitbucketFullName(strings.TrimSuffix(typed, ".git"))
}

func (b *BitbucketCloud) isWeb(address *url.URL) bool {
	switch address.Scheme {
	case "http", "https":
		return b.isWebHost(address.Host)
	case "ssh", "git":
		return b.isWebHost(address.Hostname())
	}
	return false
}

// isWebHost takes the host of the pages, with its port where it has one, and Bitbucket's other names for it.
func (b *BitbucketCloud) isWebHost(host string) bool {
	web, err := url.Parse(b.Web)
	if err != nil {
		return false
	}
	for _, name := range []string{web.Host, web.Hostname(), "www." + web.Host, "altssh." + web.Host} {
		if strings.EqualFold(host, name) {
			return true
		}
	}
	return false
}

// repositoryInPath takes the first two parts of a path; what follows is a page of the repository. A workspace's own pages
// look alike.
func repositoryInPath(path string) (string, bool) {
	parts := strings.SplitN(strings.TrimPrefix(path, "/"), "/", 3)
	if len(parts) < 2 || parts[1] == "workspace" {
		return "", false
	}
	return bitbucketFullName(parts[0] + "/" + strings.TrimSuffix(parts[1], ".git"))
}

// page is the address of a repository's page.
func (b *BitbucketCloud) page(fullName string) string {
	workspace, slug, _ := strings.Cut(fullName, "/")
	return b.Web + "/" + url.PathEscape(workspace) + "/" + url.PathEscape(slug)
}

// CommitURL implements Browser.
func (b *BitbucketCloud) CommitURL(repository fairlead.Repository, hash string) string {
	return b.page(repository.FullName) + "/commits/" + url.PathEscape(hash)
}
