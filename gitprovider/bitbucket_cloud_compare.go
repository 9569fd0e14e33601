package gitprovider

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"time"

	"fairlead"
)

// How much a comparison reads.
const (
	diffstatPageLength = "500" // OpenAPI description of Bitbucket Cloud
	maxDiffstatPages   = 20    // 10,000 files
	maxCommitPages     = 10    // 1,000 commits
)

// bitbucketHash is a hash or the beginning of one. Only hashes become part of an address.
var bitbucketHash = regexp.MustCompile(`^[0-9a-f]{7,64}$`)

func isHash(text string) bool { return bitbucketHash.MatchString(text) }

// bitbucketCommit is a commit wherever the API has one.
type bitbucketCommit struct {
	Hash    string    `json:"hash"`
	Message string    `json:"message"`
	Date    time.Time `json:"date"`
	Author  struct {
		Raw  string `json:"raw"` // "Name <e-mail>"
		User struct {
			DisplayName string `json:"display_name"`
		} `json:"user"`
	} `json:"author"`
}

// commitFields leave out what a commit says several times over: its message as HTML, and all links.
const commitFields = "hash,message,date,author.raw,author.user.display_name"

func (c bitbucketCommit) commit() fairlead.Commit {
	message, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
	author := c.Author.User.DisplayName
	if author == "" {
		author, _, _ = strings.Cut(c.Author.Raw, "<")
	}
	return fairlead.Commit{Hash: c.Hash, Message: strings.TrimSpace(message), Author: strings.TrimSpace(author), At: c.Date}
}

// FindCommit implements Browser.
func (b *BitbucketCloud) FindCommit(ctx context.Context, access fairlead.Secret, repository, hash string) (fairlead.Commit, error) {
	return b.findCommit(ctx, b.with(access), repository, hash)
}

func (b *BitbucketCloud) findCommit(ctx context.Context, c *bitbucketAPI, repository, hash string) (fairlead.Commit, error) {
	hash = strings.ToLower(hash)
	if !isHash(hash) {
		return fairlead.Commit{}, c.trace.finish(commitMissing(b.Kind(), ""), "")
	}
	var found bitbucketCommit
	err := c.read(ctx, aboutCommit, b.repositoryAddress(repository)+"/commit/"+hash+"?fields="+url.QueryEscape(commitFields), &found)
	if hasCode(err, fairlead.DiagnosisCommitMissing) {
		return fairlead.Commit{}, b.unlessGone(ctx, c, repository, err)
	}
	if err != nil {
		return fairlead.Commit{}, err
	}
	if !strings.HasPrefix(found.Hash, hash) {
		return fairlead.Commit{}, c.trace.finish(unexpected(b.Kind(), c.trace.last()), "")
	}
	return found.commit(), nil
}

// Reaches implements Browser: what is left of a commit's history without that of another one is nothing if the other one
// has it.
func (b *BitbucketCloud) Reaches(ctx context.Context, access fairlead.Secret, repository, from, commit string) (bool, error) {
	c := b.with(access)
	from, commit = strings.ToLower(from), strings.ToLower(commit)
	if !isHash(from) || !isHash(commit) {
		return false, c.trace.finish(commitMissing(b.Kind(), ""), "")
	}
	values := url.Values{"exclude": {from}, "pagelen": {"1"}, "fields": {"next,values.hash"}}
	reaches := true
	_, err := readPages(ctx, c, aboutCommit, b.repositoryAddress(repository)+"/commits/"+commit+"?"+values.Encode(), 1, func(bitbucketCommit) { reaches = false })
	if hasCode(err, fairlead.DiagnosisCommitMissing) {
		err = b.unlessGone(ctx, c, repository, err)
	}
	return err == nil && reaches, err
}

// Compare implements Browser. What a push changed is what differs between the two commits, also when it was forced. A new
// branch or tag is compared with the main branch from where it left it: what the main branch got since then is not its work.
// Where there is nothing to compare with, everything in the commit counts as added; so it does for the main branch when the
// commit before is gone from the host.
func (b *BitbucketCloud) Compare(ctx context.Context, access fairlead.Secret, repository fairlead.Repository, change fairlead.RefChange) (fairlead.Comparison, error) {
	if change.New == "" {
		return fairlead.Comparison{}, nil
	}
	c := b.with(access)
	if !isHash(change.New) || change.Old != "" && !isHash(change.Old) {
		return fairlead.Comparison{}, c.trace.finish(commitMissing(b.Kind(), ""), "")
	}
	if change.Old != "" {
		found, err := b.compare(ctx, c, repository.ID, change.New, change.Old, false)
		if !hasCode(err, fairlead.DiagnosisCommitMissing) {
			return found, err
		}
	}
	main, err := b.mainHead(ctx, c, repository, change)
	if err != nil {
		return fairlead.Comparison{}, err
	}
	if main == "" {
		return b.everything(ctx, c, repository.ID, change.New)
	}
	return b.compare(ctx, c, repository.ID, change.New, main, true)
}

// mainHead is the commit that a ref is compared with when it has none of its own; "" if the ref is the main branch itself or
// there is none.
func (b *BitbucketCloud) mainHead(ctx context.Context, c *bitbucketAPI, repository fairlead.Repository, change fairlead.RefChange) (string, error) {
	main := fairlead.Branch{Name: repository.MainBranch, Head: repository.MainHead}
	if main.Head == "" {
		var err error
		if main, err = b.mainBranch(ctx, c, repository.ID); err != nil {
			return "", err
		}
	}
	if change.Type == fairlead.RefBranch && change.Name == main.Name {
		return "", nil
	}
	return main.Head, nil
}

// MainBranch implements Browser.
func (b *BitbucketCloud) MainBranch(ctx context.Context, access fairlead.Secret, repository string) (fairlead.Branch, error) {
	return b.mainBranch(ctx, b.with(access), repository)
}

func (b *BitbucketCloud) mainBranch(ctx context.Context, c *bitbucketAPI, repository string) (fairlead.Branch, error) {
	now, err := b.readRepository(ctx, c, repository)
	if err != nil || now.MainBranch == "" {
		return fairlead.Branch{}, err
	}
	main, err := b.readBranch(ctx, c, repository, now.MainBranch)
	if hasCode(err, fairlead.DiagnosisBranchMissing) {
		return fairlead.Branch{}, nil
	}
	return main, err
}

// bitbucketFileStat is one value of GET /diffstat/{spec}. old and new are null where the file does not exist.
type bitbucketFileStat struct {
	Status string                 `json:"status"`
	Old    *struct{ Path string } `json:"old"`
	New    *struct{ Path string } `json:"new"`
}

func (s bitbucketFileStat) changed() (fairlead.ChangedFile, bool) {
	var before, after string
	if s.Old != nil {
		before = s.Old.Path
	}
	if s.New != nil {
		after = s.New.Path
	}
	switch {
	case after != "" && before != "" && before != after:
		return fairlead.ChangedFile{Path: after, OldPath: before, Kind: fairlead.FileRenamed}, true
	case s.Status == "removed" || after == "":
		return fairlead.ChangedFile{Path: before, Kind: fairlead.FileRemoved}, before != ""
	case s.Status == "added" || before == "":
		return fairlead.ChangedFile{Path: after, Kind: fairlead.FileAdded}, true
	}
	return fairlead.ChangedFile{Path: after, Kind: fairlead.FileModified}, true // also what Bitbucket calls a conflict
}

// compare asks for the files and the commits of newer that older does not have. The spec of a diffstat begins with the newer
// commit, the opposite of git. With fork, the files are compared to where the two parted.
func (b *BitbucketCloud) compare(ctx context.Context, c *bitbucketAPI, repository, newer, older string, fork bool) (out fairlead.Comparison, err error) {
	values := url.Values{"pagelen": {diffstatPageLength}, "topic": {"false"}, "fields": {"next,values.status,values.old.path,values.new.path"}}
	if fork {
		values.Set("topic", "true")
	}
	address := b.repositoryAddress(repository) + "/diffstat/" + newer + ".." + older + "?" + values.Encode()
	out.MoreFiles, err = readPages(ctx, c, aboutCommit, address, maxDiffstatPages, func(s bitbucketFileStat) {
		if file, ok := s.changed(); ok {
			out.Files = append(out.Files, file)
		}
	})
	if err != nil {
		return fairlead.Comparison{}, err
	}
	out.Commits, out.MoreCommits, err = b.commits(ctx, c, repository, newer, older)
	return out, err
}

// commits lists a commit's history, newest first, without that of another one.
func (b *BitbucketCloud) commits(ctx context.Context, c *bitbucketAPI, repository, from, without string) (commits []fairlead.Commit, more bool, err error) {
	values := url.Values{"pagelen": {mostPerPage}, "fields": {"next,values." + strings.ReplaceAll(commitFields, ",", ",values.")}}
	if without != "" {
		values.Set("exclude", without)
	}
	address := b.repositoryAddress(repository) + "/commits/" + from + "?" + values.Encode()
	more, err = readPages(ctx, c, aboutCommit, address, maxCommitPages, func(found bitbucketCommit) { commits = append(commits, found.commit()) })
	return commits, more, err
}

func (b *BitbucketCloud) everything(ctx context.Context, c *bitbucketAPI, repository, commit string) (out fairlead.Comparison, err error) {
	paths, more, err := b.listFiles(ctx, c, repository, commit, maxTreePages)
	if err != nil {
		return fairlead.Comparison{}, err
	}
	out.MoreFiles = more
	for _, path := range paths {
		out.Files = append(out.Files, fairlead.ChangedFile{Path: path, Kind: fairlead.FileAdded})
	}
	out.Commits, out.MoreCommits, err = b.commits(ctx, c, repository, commit, "")
	return out, err
}
