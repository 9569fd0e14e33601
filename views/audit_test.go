package views

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fairlead"
)

// recorders are the functions that write to the audit log, with the place of the action among their arguments.
var recorders = map[string]int{"audit": 2, "RecordEvent": 2, "RecordEventOnce": 2, "auditAttempt": 2, "endSetup": 3, "changeLink": 3, "limited": 3, "recordRefusal": 1}

// actionsInSource finds every action that the product can write: literals given to a recorder, or to a variable "action"
// that one gets.
func actionsInSource(t *testing.T) (actions []string) {
	t.Helper()
	literal := func(e ast.Expr) {
		if basic, ok := e.(*ast.BasicLit); ok && basic.Kind == token.STRING {
			text, _ := strconv.Unquote(basic.Value)
			if !slices.Contains(actions, text) {
				actions = append(actions, text)
			}
		}
	}
	look := func(set *token.FileSet) func(ast.Node) bool {
		return func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if name, ok := left.(*ast.Ident); ok && name.Name == "action" && len(n.Rhs) == len(n.Lhs) {
						literal(n.Rhs[i])
					}
				}
			case *ast.CallExpr:
				called, ok := n.Fun.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				at, ok := recorders[called.Sel.Name]
				if !ok || len(n.Args) <= at {
					return true
				}
				if name, ok := n.Args[at].(*ast.Ident); ok && name.Name != "action" {
					t.Errorf("%s: call the variable %s \"action\", so that this test finds what it can be", set.Position(n.Pos()), name.Name)
				}
				literal(n.Args[at])
			}
			return true
		}
	}
	for _, room := range []string{"accounts", "db", "handlers", "inbox", "linking", "setup"} {
		files, err := filepath.Glob(filepath.Join("..", room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(room, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			parsed, err := parser.ParseFile(set, file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, look(set))
		}
	}
	return actions
}

func TestTheAuditLogSaysACauseInWordsAndKeepsItsCode(t *testing.T) {
	for _, code := range fairlead.DiagnosisCodes() {
		if diagnosisTitles[code] == "" {
			t.Errorf("%s has no words", code)
		}
	}
	if len(diagnosisTitles) != len(fairlead.DiagnosisCodes()) {
		t.Errorf("there are words for %d causes of %d", len(diagnosisTitles), len(fairlead.DiagnosisCodes()))
	}
	for detail, want := range map[string][3]string{
		"Ours: callback_mismatch": {"could not verify the setup Ours", "The Callback URL at the host was not the one that Fairlead sends", "callback_mismatch"},
		"Ours: and: dns":          {"could not verify the setup Ours: and", "The name of the host was not found", "dns"},
		"Ours: theirs":            {"could not verify the setup Ours: theirs", "", ""},
		"dns":                     {"could not verify the setup dns", "", ""},
	} {
		s := auditSentence(fairlead.AuditEvent{Action: "setup.failed", Detail: detail})
		if got := [3]string{s.what, s.note, s.code}; got != want {
			t.Errorf("%s: got %q, want %q", detail, got, want)
		}
	}
}

func TestEveryActionOfTheAuditLogHasWords(t *testing.T) {
	actions := actionsInSource(t)
	if len(actions) < 20 {
		t.Fatalf("found only %q", actions)
	}
	for _, action := range actions {
		if !regexp.MustCompile(`^[a-z_]+\.[a-z_]+$`).MatchString(action) {
			t.Errorf("%q is not object.verb", action)
		}
		if auditWords[action] == "" {
			t.Errorf("%s has no words", action)
		}
	}
	for action := range auditWords {
		if !slices.Contains(actions, action) {
			t.Errorf("nothing writes %s", action)
		}
	}
}

func TestAnEventWithoutDetailIsStillASentence(t *testing.T) {
	for action := range auditWords {
		if got := auditSentence(fairlead.AuditEvent{Action: action}); strings.Contains(got.what, "{}") || strings.HasSuffix(got.what, " ") || got.note != "" {
			t.Errorf("%s: got %+v", action, got)
		}
	}
	if got := auditSentence(fairlead.AuditEvent{Action: "a_newer.action", Detail: "d"}); got.what != "a_newer.action" || got.note != "d" {
		t.Errorf("got %+v", got)
	}
}
