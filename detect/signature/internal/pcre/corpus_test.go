package pcre

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bulwark/internal/gunzip"
)

// pcreOption finds the pcre options of a rule: the expression and its modifiers between the quotes.
var pcreOption = regexp.MustCompile(`pcre:\s*!?\s*"/((?:[^"\\]|\\.)*)/([A-Za-z]*)`)

// ruleExpressions are the distinct expressions of the outside rule files.
func ruleExpressions(t testing.TB) map[string][2]string {
	t.Helper()
	data := os.Getenv("BULWARK_DATA")
	if data == "" {
		t.Skip("BULWARK_DATA is not set: it names the folder of outside test data")
	}
	files, err := filepath.Glob(filepath.Join(data, "sensor/rules/*.rules.gz"))
	if err != nil || len(files) == 0 {
		t.Skipf("no rule files in %s/sensor/rules", data)
	}
	all := map[string][2]string{}
	for _, name := range files {
		text, err := gunzip.File(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			for _, m := range pcreOption.FindAllStringSubmatch(line, -1) {
				expr := strings.NewReplacer(`\"`, `"`, `\;`, `;`).Replace(m[1])
				all[expr+"/"+m[2]] = [2]string{expr, m[2]}
			}
		}
	}
	return all
}

func TestExpressionsOfOutsideRulesCompile(t *testing.T) {
	exprs := ruleExpressions(t)
	bad, linear, literal := 0, 0, 0
	for _, e := range exprs {
		r, err := Compile(e[0], flagsOf(e[1]))
		if err != nil {
			bad++
			t.Errorf("/%s/%s: %v", e[0], e[1], err)
			continue
		}
		if r.Linear() {
			linear++
		}
		if len(r.Literals()) > 0 {
			literal++
		}
	}
	t.Logf("%d expressions: %d do not compile, %d in linear time, %d hold a literal", len(exprs), bad, linear, literal)
}
