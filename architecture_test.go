package fairlead_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rooms is the import table of ARCHITECTURE.md: what of ours each room may know. A room that is not listed fails.
var rooms = map[string][]string{
	".":            {},
	"accounts":     {".", "gitprovider"},
	"setup":        {".", "gitprovider"},
	"linking":      {".", "gitprovider"},
	"inbox":        {".", "gitprovider"},
	"gitprovider":  {"."},
	"db":           {"."},
	"static":       {},
	"views":        {".", "static"},
	"handlers":     {".", "views", "static", "accounts", "setup", "linking", "inbox"},
	"bitbucketsim": {},
	"e2e":          {},
	"bench":        {},
	"cmd/fairlead": {".", "views", "static", "accounts", "setup", "linking", "inbox", "gitprovider", "db", "handlers", "bitbucketsim"},
}

// standardOnly are the rooms that know no other module.
var standardOnly = []string{".", "static", "bitbucketsim", "bench"}

// excepted is what they may know all the same: bench commits to SQLite by itself, beside the product, with the very driver
// that the product uses.
var excepted = map[string][]string{"bench": {"github.com/mattn/go-sqlite3"}}

const (
	longestFile     = 350
	longestFunction = 70
)

// source is a file of the product: no test, nothing generated.
type source struct {
	path  string
	room  string
	lines []string
}

func (s source) isGo() bool { return strings.HasSuffix(s.path, ".go") }

func (s source) parse(t *testing.T) (*token.FileSet, *ast.File) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, s.path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return files, file
}

func sources(t *testing.T) (all []source) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := entry.Name(); entry.IsDir() {
			if name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "tools" || base == "bin") {
				return fs.SkipDir
			}
			return nil
		}
		name = filepath.ToSlash(name)
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go") || !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".templ") {
			return nil
		}
		content, err := os.ReadFile(name)
		all = append(all, source{name, path.Dir(name), strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")})
		return err
	})
	if err != nil || len(all) < 50 {
		t.Fatalf("found only %d files, %v", len(all), err)
	}
	return all
}

func TestRoomsImportOnlyWhatTheTableAllows(t *testing.T) {
	for _, s := range sources(t) {
		if !s.isGo() {
			continue
		}
		allowed, known := rooms[s.room]
		if !known {
			t.Errorf("%s: the room %s is not in the table", s.path, s.room)
			continue
		}
		_, file := s.parse(t)
		for _, spec := range file.Imports {
			imported := strings.Trim(spec.Path.Value, `"`)
			first, rest, _ := strings.Cut(imported, "/")
			switch {
			case first == "fairlead":
				if rest == "" {
					rest = "."
				}
				if !slices.Contains(allowed, rest) {
					t.Errorf("%s: %s may not know %s", s.path, s.room, imported)
				}
			case strings.Contains(first, ".") && slices.Contains(standardOnly, s.room) && !slices.Contains(excepted[s.room], imported):
				t.Errorf("%s: %s may know the standard library only, not %s", s.path, s.room, imported)
			}
		}
	}
}

func TestFilesAndFunctionsStayShort(t *testing.T) {
	for _, s := range sources(t) {
		if n := len(s.lines); n > longestFile {
			t.Errorf("%s has %d lines, at most %d are allowed", s.path, n, longestFile)
		}
		for name, n := range s.functions(t) {
			if n > longestFunction {
				t.Errorf("%s: %s has %d lines, at most %d are allowed", s.path, name, n, longestFunction)
			}
		}
	}
}

var component = regexp.MustCompile(`^(?:templ|func) +(?:\([^)]*\) *)?(\w+)`)

// functions measures functions and components. A component ends at the first brace in the first column.
func (s source) functions(t *testing.T) map[string]int {
	t.Helper()
	lengths := map[string]int{}
	if s.isGo() {
		files, file := s.parse(t)
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				lengths[f.Name.Name] = files.Position(f.End()).Line - files.Position(f.Pos()).Line + 1
			}
		}
		return lengths
	}
	name, start := "", 0
	for i, line := range s.lines {
		if match := component.FindStringSubmatch(line); match != nil {
			name, start = match[1], i
		}
		if line == "}" && name != "" {
			lengths[name], name = i-start+1, ""
		}
	}
	return lengths
}

func TestNoPackageIsADrawer(t *testing.T) {
	drawers := []string{"util", "utils", "common", "helper", "helpers", "model", "models", "service", "services", "pkg", "internal", "misc", "shared"}
	for _, s := range sources(t) {
		for part := range strings.SplitSeq(s.room, "/") {
			if slices.Contains(drawers, part) {
				t.Errorf("%s: name the room after what it holds", s.path)
			}
		}
	}
}

func TestTheTemplatesAreGeneratedByTheLibrarysOwnVersion(t *testing.T) {
	version := func(file string) string {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		match := regexp.MustCompile(`github\.com/a-h/templ (v\S+)`).FindSubmatch(content)
		if match == nil {
			t.Fatalf("no templ in %s", file)
		}
		return string(match[1])
	}
	if library, tool := version("go.mod"), version("tools/go.mod"); library != tool {
		t.Errorf("the library is %s, the generator %s", library, tool)
	}
}
