package fairlead_test

import (
	"os"
	"regexp"
	"testing"

	"fairlead"
)

func TestEveryDiagnosisIsInTheDocsAndNothingElse(t *testing.T) {
	text, err := os.ReadFile("docs/diagnoses.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[fairlead.DiagnosisCode]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		documented[fairlead.DiagnosisCode(m[1])] = true
	}
	for _, code := range fairlead.DiagnosisCodes() {
		if !documented[code] {
			t.Errorf("%s is not in docs/diagnoses.md", code)
		}
		delete(documented, code)
	}
	for code := range documented {
		t.Errorf("docs/diagnoses.md explains %s, which no code names", code)
	}
}
