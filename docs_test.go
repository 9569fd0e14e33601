package fairlead_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fairlead"
)

func TestEveryDiagnosisIsInTheDocsAndNothingElse(t *testing.T) {
	wantDocumented(t, "docs/diagnoses.md", fairlead.DiagnosisCodes())
}

func TestEveryVerdictIsInTheDocsAndNothingElse(t *testing.T) {
	wantDocumented(t, "docs/deliveries.md", fairlead.Verdicts())
}

// Whatever people may read: diagnoses and the other texts that flows, adapters and handlers write. views' own test reads the
// screens.
func TestTextsHaveTypographicApostrophes(t *testing.T) {
	straight := regexp.MustCompile(`\pL'\pL|s' `)
	files := []string{}
	for _, room := range []string{".", "accounts", "db", "gitprovider", "handlers", "inbox", "linking", "setup", "views"} {
		found, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil || len(found) == 0 {
			t.Fatal(room, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "_templ.go") {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && straight.MatchString(text.Value) {
				t.Errorf("%s: write ’ in %s", set.Position(text.Pos()), text.Value)
			}
			return true
		})
	}
	causes, err := os.ReadFile("docs/diagnoses.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(causes), "\n") {
		if straight.MatchString(line) {
			t.Errorf("docs/diagnoses.md: write ’ in %s", line)
		}
	}
}

func wantDocumented[C ~string](t *testing.T, document string, codes []C) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	documented := map[C]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		documented[C(m[1])] = true
	}
	for _, code := range codes {
		if !documented[code] {
			t.Errorf("%s is not in %s", code, document)
		}
		delete(documented, code)
	}
	for code := range documented {
		t.Errorf("%s explains %s, which no code names", document, code)
	}
}
