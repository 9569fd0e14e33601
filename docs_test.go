package fairlead_test

import (
	"os"
	"regexp"
	"testing"

	"fairlead"
)

func TestEveryDiagnosisIsInTheDocsAndNothingElse(t *testing.T) {
	wantDocumented(t, "docs/diagnoses.md", fairlead.DiagnosisCodes())
}

func TestEveryVerdictIsInTheDocsAndNothingElse(t *testing.T) {
	wantDocumented(t, "docs/deliveries.md", fairlead.Verdicts())
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
