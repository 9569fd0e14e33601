package fairlead

import (
	"fmt"
	"slices"
	"strings"
)

// MatchPattern reports whether a name matches a pattern as a whole. A * stands for any characters but a slash, ** for any
// characters at all; everything else stands for itself.
func MatchPattern(pattern, name string) bool {
	literal, rest, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == name
	}
	if !strings.HasPrefix(name, literal) {
		return false
	}
	name = name[len(literal):]
	across := strings.HasPrefix(rest, "*")
	rest = strings.TrimLeft(rest, "*")
	// "**/" also stands for no folder at all.
	if across && strings.HasPrefix(rest, "/") && (literal == "" || strings.HasSuffix(literal, "/")) && MatchPattern(rest[1:], name) {
		return true
	}
	for i := 0; i <= len(name); i++ {
		if MatchPattern(rest, name[i:]) {
			return true
		}
		if i < len(name) && name[i] == '/' && !across {
			return false
		}
	}
	return false
}

// IsPattern reports whether a rule can match more than one name.
func IsPattern(rule string) bool { return strings.Contains(rule, "*") }

// PathFilter lists which files a link wants. A line without * is a file or a folder with everything below it, by whole
// names: "migrations" is not "migrations-old". A line with * is a pattern for the whole path, see MatchPattern.
type PathFilter []string

// Matches reports whether one of the lines wants the path. An empty filter wants everything.
func (f PathFilter) Matches(path string) bool {
	return len(f) == 0 || slices.ContainsFunc(f, func(line string) bool {
		if IsPattern(line) {
			return MatchPattern(line, path)
		}
		return path == line || strings.HasPrefix(path, line+"/")
	})
}

// Limits of what can be typed. The number of stars bounds the work of matching.
const (
	maxPathLines  = 20
	maxPathLength = 200
	maxStars      = 6
)

// ParsePathFilter reads one line per path. message says what is wrong, "" if nothing.
func ParsePathFilter(typed string) (filter PathFilter, message string) {
	for line := range strings.SplitSeq(typed, "\n") {
		line = strings.Trim(strings.TrimSpace(line), "/")
		switch {
		case line == "" || slices.Contains(filter, line):
			continue
		case len(line) > maxPathLength:
			return nil, fmt.Sprintf("Enter paths of %d characters at most", maxPathLength)
		case slices.ContainsFunc(strings.Split(line, "/"), func(part string) bool { return part == "" || part == "." || part == ".." }):
			return nil, fmt.Sprintf("Enter %s as a plain path, without //, ./ or ../", line)
		case strings.Count(line, "*") > maxStars:
			return nil, fmt.Sprintf("Enter %s with %d stars at most", line, maxStars)
		}
		filter = append(filter, line)
	}
	if len(filter) > maxPathLines {
		return nil, fmt.Sprintf("Enter %d paths at most", maxPathLines)
	}
	return filter, ""
}

// ParseBranchRule reads a branch name or a pattern. message says what is wrong, "" if nothing.
func ParseBranchRule(typed string) (rule, message string) {
	rule = strings.TrimPrefix(strings.TrimSpace(typed), "refs/heads/")
	switch {
	case rule == "":
		return "", "Enter a branch"
	case len(rule) > maxPathLength:
		return rule, fmt.Sprintf("Enter a branch of %d characters at most", maxPathLength)
	case strings.ContainsAny(rule, " ~^:?[\\\x7f") || strings.Contains(rule, "..") || strings.Trim(rule, "/") != rule:
		return rule, "Enter a branch as Git names it, such as main, or a pattern such as release/*"
	case strings.Count(rule, "*") > maxStars:
		return rule, fmt.Sprintf("Enter a pattern with %d stars at most", maxStars)
	}
	return rule, ""
}
