package bitbucketsim

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	pageLengthDefault = 10  // documented
	pageLengthMost    = 100 // documented
)

// baseURL is where the request came to, so that links lead back over the same listener.
func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// pagedOf cuts a list as Bitbucket does: next and previous are absolute and absent at the ends (documented). That a page length over
// the most and a page behind the end are errors is assumed. Only what is on the page is put into words.
func pagedOf[T any](r *http.Request, all []T, say func(T) any) (any, *apiError) {
	return pagedBy(r, all, pageLengthDefault, pageLengthMost, say)
}

func pagedBy[T any](r *http.Request, all []T, usual, most int, say func(T) any) (any, *apiError) {
	query := r.URL.Query()
	length, page := usual, 1
	for name, value := range map[string]*int{"pagelen": &length, "page": &page} {
		if !query.Has(name) {
			continue
		}
		n, err := strconv.Atoi(query.Get(name))
		if err != nil || n < 1 || (name == "pagelen" && n > most) {
			return nil, &apiError{status: http.StatusBadRequest, message: "Invalid " + name}
		}
		*value = n
	}
	if page > 1 && page > (len(all)+length-1)/length { // before multiplying: the number may be anything
		return nil, notFoundError("Invalid page")
	}
	start := (page - 1) * length
	end := min(start+length, len(all))
	values := []any{}
	for _, item := range all[start:end] {
		values = append(values, say(item))
	}
	answer := map[string]any{"values": values, "pagelen": length, "page": page, "size": len(all)}
	if end < len(all) {
		answer["next"] = pageURL(r, query, page+1)
	}
	if page > 1 {
		answer["previous"] = pageURL(r, query, page-1)
	}
	return answer, nil
}

func pageURL(r *http.Request, query url.Values, page int) string {
	query.Set("page", strconv.Itoa(page))
	return baseURL(r) + r.URL.EscapedPath() + "?" + query.Encode()
}

// filter is one condition of the q parameter; all conditions of a query must hold.
type filter struct{ field, operator, value string }

// filterTerm is a condition and what follows it. A backslash in a quoted value takes the next character as it is (assumed).
var (
	filterTerm   = regexp.MustCompile(`^\s*([a-z_.]+)\s*(!=|>=|<=|=|>|<|~)\s*"((?:[^"\\]|\\.)*)"\s*(?:$|(?i:and)\s+)`)
	filterEscape = regexp.MustCompile(`\\(.)`)
)

// parseFilters reads the part of Bitbucket's query language that is about repositories: field, operator, quoted value, AND.
func parseFilters(q string, fields ...string) (filters []filter, refused *apiError) {
	for q = strings.TrimSpace(q); q != ""; {
		match := filterTerm.FindStringSubmatch(q)
		if match == nil {
			return nil, &apiError{status: http.StatusBadRequest, message: "Invalid query: " + cut(q, 80)}
		}
		q = q[len(match[0]):]
		f := filter{match[1], match[2], filterEscape.ReplaceAllString(match[3], "$1")}
		if !slices.Contains(fields, f.field) {
			return nil, &apiError{status: http.StatusBadRequest, message: "Invalid field name: " + f.field}
		}
		filters = append(filters, f)
	}
	return filters, nil
}

// holds compares text, except permissions, which have an order (documented example: permission>"read").
func (f filter) holds(actual string) bool {
	if f.operator == "~" {
		return strings.Contains(strings.ToLower(actual), strings.ToLower(f.value))
	}
	order := strings.Compare(actual, f.value)
	if f.field == "permission" {
		order = permissionRank(actual) - permissionRank(f.value)
	}
	switch f.operator {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	case "<":
		return order < 0
	default:
		return order <= 0
	}
}

func permissionRank(permission string) int {
	switch permission {
	case "admin":
		return 3
	case "write":
		return 2
	case "read":
		return 1
	}
	return 0
}
