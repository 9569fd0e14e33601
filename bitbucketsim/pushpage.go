package bitbucketsim

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// pushForm is the page "Push": everything that people do to a repository with git, by buttons.
type pushForm struct {
	visit
	Branch, File, Content, Message, NewName string
	Branches                                []string
	Problem                                 string
	Pushed                                  string // what was done, after it
	Hash                                    string
}

func (s *Sim) pushPage(w http.ResponseWriter, r *http.Request, v visit) {
	form := pushForm{
		visit: v, Branch: v.Repository.MainBranch, File: "migrations/0003_change.sql", Content: "SELECT 1;\n", Message: "Change the schema",
		Pushed: r.URL.Query().Get("pushed"), Hash: r.URL.Query().Get("hash"),
	}
	if branch := r.URL.Query().Get("branch"); branch != "" {
		form.Branch = branch
	}
	if form.Branch == "" {
		form.Branch = "main"
	}
	s.renderPush(w, r, http.StatusOK, form)
}

func (s *Sim) renderPush(w http.ResponseWriter, r *http.Request, status int, form pushForm) {
	form.Branches = sortedNames(form.Repository.branches)
	s.render(w, r, status, "push", "Push to "+form.Repository.fullName(), form)
}

func (s *Sim) push(w http.ResponseWriter, r *http.Request, v visit) {
	field := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	form := pushForm{
		visit: v, Branch: field("branch"), File: field("path"), Message: field("message"), NewName: field("new_name"),
		Content: strings.ReplaceAll(r.PostFormValue("content"), "\r\n", "\n"),
	}
	change, said, err := form.change(r.PostFormValue("action"))
	var result PushResult
	if err == nil {
		result, err = s.PushAs(v.account.Email, v.Repository.UUID, change)
	}
	if err != nil {
		form.Problem = err.Error()
		s.renderPush(w, r, http.StatusUnprocessableEntity, form)
		return
	}
	query := url.Values{"pushed": {said}, "branch": {form.Branch}}
	if hash := result.Changes[0].New; hash != "" {
		query.Set("hash", hash)
	}
	if change.Delete {
		query.Del("branch")
	}
	http.Redirect(w, r, v.Path+"/push?"+query.Encode(), http.StatusSeeOther)
}

// change turns a button into what it does.
func (f pushForm) change(action string) (c RefChange, said string, err error) {
	one := NewCommit{Message: f.Message, Files: map[string]string{f.File: f.Content}}
	switch action {
	case "push":
		return RefChange{Branch: f.Branch, Commits: []NewCommit{one}}, "Pushed to " + f.Branch, nil
	case "push-12":
		return RefChange{Branch: f.Branch, Commits: twelve(one, f.File)}, "Pushed 12 commits to " + f.Branch, nil
	case "force-push": // the last commit is replaced
		c := RefChange{Branch: f.Branch, Force: true, Commits: []NewCommit{one}}
		if tip := f.Repository.branches[f.Branch]; tip != nil && len(tip.parents) > 0 {
			c.From = tip.parents[0].hash
		}
		return c, "Force pushed to " + f.Branch, nil
	case "new-branch":
		return RefChange{Branch: f.NewName, From: f.Branch}, "Made the branch " + f.NewName, nil
	case "delete-branch":
		return RefChange{Branch: f.Branch, Delete: true}, "Deleted the branch " + f.Branch, nil
	case "merge":
		return RefChange{Branch: f.Branch, Merge: f.NewName}, "Merged " + f.NewName + " into " + f.Branch, nil
	case "tag":
		return RefChange{Tag: f.NewName, From: f.Branch, Message: f.Message}, "Tagged " + f.Branch + " as " + f.NewName, nil
	}
	return c, "", fmt.Errorf("there is no action %q", cut(action, 40))
}

// twelve commits are more than a delivery tells of; each makes a file of its own beside the one that was named.
func twelve(one NewCommit, file string) []NewCommit {
	var commits []NewCommit
	end := path.Ext(file)
	for i := 1; i <= 12; i++ {
		commits = append(commits, NewCommit{
			Message: fmt.Sprintf("%s (%d of 12)", one.Message, i),
			Files:   map[string]string{fmt.Sprintf("%s_%02d%s", strings.TrimSuffix(file, end), i, end): one.Files[file]},
		})
	}
	return commits
}
