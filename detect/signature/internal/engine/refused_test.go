package engine

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bulwark/detect/signature/internal/field"
	"bulwark/detect/signature/internal/rule"
)

// TestWhatIsRefusedIsSaid holds the keywords that rules may name, and that nothing here can tell, against the page that says why.
func TestWhatIsRefusedIsSaid(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/divergences.md")
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for line := range strings.SplitSeq(string(page), "\n") {
		if strings.HasPrefix(line, "| Suricata rules:") && strings.Contains(line, "rejected") {
			for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(line, -1) {
				named = append(named, m[1])
			}
		}
	}
	refused := []string{"lua", "luaxform"}
	for i := range field.Count() {
		if f := field.At(i); sourceOf(f) == nil && f.Name != "base64_data" && !isFrame(f) {
			refused = append(refused, f.Name)
		}
	}
	for _, name := range rule.PacketTests() {
		if name == "iprep" || name == "flowvar" || name == "pktvar" { // they name a category, or a text
			continue
		}
		if _, err := compileTest(&rule.PacketTest{Name: name, Words: []string{"a", "b", "c"}}, nil); errors.Is(err, ErrUnsupported) {
			refused = append(refused, name)
		}
	}
	for _, name := range refused {
		is := func(n string) bool {
			before, family := strings.CutSuffix(n, "*")
			return n == name || family && strings.HasPrefix(name, before)
		}
		if !slices.ContainsFunc(named, is) {
			t.Errorf("%s is refused, and docs/divergences.md does not say so", name)
		}
	}
}
