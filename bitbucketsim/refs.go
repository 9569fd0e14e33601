package bitbucketsim

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
)

func treeOf(c *commit) *tree {
	if c == nil {
		return nil
	}
	return c.tree
}

func parentsOf(c *commit) []*commit {
	if c == nil {
		return nil
	}
	return []*commit{c}
}

// withNewline ends a message as git does.
func withNewline(message string) string { return strings.TrimRight(message, "\n") + "\n" }

func (p *pushing) deleteBranch(name string) error {
	old := p.branches[name]
	switch {
	case old == nil:
		return fmt.Errorf("no branch %q", cut(name, 120))
	case name == p.repository.MainBranch: // documented for the API; git's answer is alike
		return errors.New("the main branch cannot be deleted")
	}
	delete(p.branches, name)
	p.done = append(p.done, refChanged{kind: "branch", name: name, old: old})
	return nil
}

func (p *pushing) applyTag(c RefChange) error {
	old, exists := p.tags[c.Tag]
	if c.Delete {
		if !exists {
			return fmt.Errorf("no tag %q", cut(c.Tag, 120))
		}
		delete(p.tags, c.Tag)
		p.done = append(p.done, refChanged{kind: "tag", name: c.Tag, old: old.target, tag: old})
		return nil
	}
	if exists && !c.Force {
		return fmt.Errorf("the tag %q exists: only a forced push moves it", c.Tag)
	}
	if err := validRef(c.Tag, p.tags); err != nil && !exists {
		return err
	}
	target := p.branches[p.repository.MainBranch]
	if c.From != "" {
		var err error
		if target, err = p.resolve(c.From); err != nil {
			return err
		}
	}
	if target == nil {
		return errors.New("there is no commit to tag")
	}
	made := tag{target: target, message: c.Message, date: p.now.UTC()}
	if made.message != "" {
		made.message = withNewline(made.message)
	}
	p.tags[c.Tag] = made
	p.done = append(p.done, refChanged{kind: "tag", name: c.Tag, old: old.target, new: target, tag: made, forced: exists})
	return nil
}

// resolve finds a commit by hash, branch or tag, then goes back n first parents for each ~n.
func (p *pushing) resolve(name string) (*commit, error) {
	plain, steps, back := strings.Cut(name, "~")
	c := p.branches[plain]
	if t, found := p.tags[plain]; c == nil && found {
		c = t.target
	}
	if c == nil {
		c = p.repository.history.find(plain)
	}
	count := 0
	if back {
		var err error
		if count, err = strconv.Atoi(steps); err != nil {
			return nil, fmt.Errorf("%q is not a commit", cut(name, 120))
		}
	}
	for ; c != nil && count > 0; count-- {
		if len(c.parents) == 0 {
			return nil, fmt.Errorf("%q goes back too far", cut(name, 120))
		}
		c = c.parents[0]
	}
	if c == nil {
		return nil, fmt.Errorf("no commit %q", cut(name, 120))
	}
	return c, nil
}

// validRef keeps to the rules of git check-ref-format that people meet.
func validRef[T any](name string, others map[string]T) error {
	if name == "" || strings.ContainsAny(name, " ~^:?*[\\\x7f") || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) ||
		strings.Contains(name, "..") || strings.Contains(name, "@{") || strings.Contains(name, "//") ||
		strings.HasPrefix(name, "/") || strings.HasPrefix(name, "-") || strings.HasSuffix(name, "/") ||
		strings.HasSuffix(name, ".") || strings.HasSuffix(name, ".lock") || len(name) > 240 {
		return fmt.Errorf("%q is not a valid name", cut(name, 120))
	}
	for other := range others { // git keeps refs as files: a name cannot also be a folder
		if strings.HasPrefix(other, name+"/") || strings.HasPrefix(name, other+"/") {
			return fmt.Errorf("%q and %q cannot both exist", cut(name, 120), other)
		}
	}
	return nil
}

func validPath(name string, content *tree) error {
	if name == "" || path.Clean("/" + name)[1:] != name || strings.ContainsRune(name, 0) {
		return fmt.Errorf("%q is not a valid path", cut(name, 120))
	}
	for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
		if _, isFile := content.get(folder); isFile {
			return fmt.Errorf("%q is a file", folder)
		}
	}
	inside := false
	content.under(name+"/", func(string, string) { inside = true })
	if inside {
		return fmt.Errorf("%q is a folder", name)
	}
	return nil
}
