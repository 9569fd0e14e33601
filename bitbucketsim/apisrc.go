package bitbucketsim

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// apiSource leads to the root of the main branch (documented).
func (s *Sim) apiSource(c caller, r *http.Request) (any, *apiError) {
	_, repo, refused := s.repositoryInPath(c, r)
	if refused != nil {
		return nil, refused
	}
	if repo.main() == nil {
		return nil, notFoundError("Repository is empty") // the words are assumed
	}
	target := s.addressesOf(r).repository(repo) + "/src/" + repo.main().hash + "/"
	return func(w http.ResponseWriter) { w.Header().Set("Location", target); w.WriteHeader(http.StatusFound) }, nil
}

// apiFile answers a file as it is, or lists a folder. A branch with a slash in its name does not work here, also escaped: it must be
// turned into a hash first.
func (s *Sim) apiFile(c caller, r *http.Request) (any, *apiError) {
	_, repo, refused := s.repositoryInPath(c, r)
	if refused != nil {
		return nil, refused
	}
	revision, path := r.PathValue("commit"), r.PathValue("path")
	var at *commit
	if !strings.Contains(revision, "/") {
		at = s.hosting.revision(repo, revision)
	}
	if at == nil {
		return nil, s.noCommit(revision)
	}
	if text, found := at.tree.get(path); found {
		if r.URL.Query().Get("format") == "meta" {
			return s.addressesOf(r).entry(repo, at, path, text), nil
		}
		return rawFile(path, text), nil
	}
	entries, isFolder := at.list(strings.TrimSuffix(path, "/"), maxDepth(r))
	if !isFolder {
		return nil, notFoundError("No such file or directory: " + cut(path, 200)) // the words are assumed
	}
	return s.listFolder(r, repo, at, entries)
}

// listFolder hands out opaque page names: Bitbucket does, and a client that counts pages itself must fail here too.
func (s *Sim) listFolder(r *http.Request, repo repository, at *commit, entries []entry) (any, *apiError) {
	length, start := pageLengthDefault, 0
	query := r.URL.Query()
	if query.Has("pagelen") {
		n, err := strconv.Atoi(query.Get("pagelen"))
		if err != nil || n < 1 || n > pageLengthMost {
			return nil, &apiError{status: http.StatusBadRequest, message: "Invalid pagelen"}
		}
		length = n
	}
	if token := query.Get("page"); token != "" {
		after, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || !strings.HasPrefix(string(after), at.hash+" ") {
			return nil, &apiError{status: http.StatusBadRequest, message: "Invalid page"}
		}
		last := strings.TrimPrefix(string(after), at.hash+" ")
		for start < len(entries) && entries[start].path <= last {
			start++
		}
	}
	end := min(start+length, len(entries))
	to, values := s.addressesOf(r), []any{}
	for _, e := range entries[start:end] {
		if e.folder {
			values = append(values, to.folder(repo, at, e.path))
		} else {
			values = append(values, to.entry(repo, at, e.path, e.text))
		}
	}
	answer := object{"values": values, "pagelen": length}
	if end < len(entries) {
		query.Set("page", base64.RawURLEncoding.EncodeToString([]byte(at.hash+" "+entries[end-1].path)))
		answer["next"] = baseURL(r) + r.URL.EscapedPath() + "?" + query.Encode()
	}
	return answer, nil
}

func maxDepth(r *http.Request) int {
	if n, err := strconv.Atoi(r.URL.Query().Get("max_depth")); err == nil && n > 0 {
		return n
	}
	return 1
}

// entry is a file or a folder of a listing.
type entry struct {
	path, text string
	folder     bool
}

// list is a folder's content down to a depth, by path. The root of a commit without files is a folder too.
func (c *commit) list(folder string, depth int) (entries []entry, isFolder bool) {
	prefix := folder + "/"
	if folder == "" {
		prefix = ""
	}
	seen := map[string]bool{}
	c.tree.under(prefix, func(path, text string) {
		parts := strings.Split(strings.TrimPrefix(path, prefix), "/")
		for i := 1; i < len(parts) && i <= depth; i++ {
			if name := prefix + strings.Join(parts[:i], "/"); !seen[name] {
				seen[name] = true
				entries = append(entries, entry{path: name, folder: true})
			}
		}
		if len(parts) <= depth {
			entries = append(entries, entry{path: path, text: text})
		}
		isFolder = true
	})
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	return entries, isFolder || folder == ""
}

// rawFile sends no charset (documented).
func rawFile(path, text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		kind := "text/plain"
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			kind = "application/octet-stream"
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", `inline; filename="`+strings.ReplaceAll(path[strings.LastIndex(path, "/")+1:], `"`, "")+`"`)
		_, _ = w.Write([]byte(text)) // the client is gone when this fails
	}
}

func (to addresses) entry(repo repository, at *commit, path, text string) object {
	self := to.repository(repo) + "/src/" + at.hash + "/" + escapePath(path)
	return object{
		"type": "commit_file", "path": path, "escaped_path": escapePath(path), "size": len(text), "attributes": []string{}, "mimetype": nil,
		"commit": object{"type": "commit", "hash": at.hash, "links": to.commitLinks(repo, at)},
		"links": object{
			"self": link(self), "meta": link(self + "?format=meta"),
			"history": link(to.repository(repo) + "/filehistory/" + at.hash + "/" + escapePath(path)),
		},
	}
}

func (to addresses) folder(repo repository, at *commit, path string) object {
	self := to.repository(repo) + "/src/" + at.hash + "/" + escapePath(path) + "/"
	return object{
		"type": "commit_directory", "path": path,
		"commit": object{"type": "commit", "hash": at.hash, "links": to.commitLinks(repo, at)},
		"links":  object{"self": link(self), "meta": link(self + "?format=meta")},
	}
}
