package match

import (
	"testing"

	"bulwark/detect/signature/internal/rule"
)

func TestOrder(t *testing.T) {
	size := &rule.Size{Number: rule.Number{A: 3}}
	extract := &rule.ByteExtract{Bytes: rule.Bytes{Count: n(1)}, Name: "v"}
	for _, c := range []struct {
		says  string
		tests []rule.Test
		want  []stepKind
	}{
		{"sizes come first", list(text("a"), size), []stepKind{stepSize, stepContent}},
		{"expressions come last", list(exprOf("x", ""), text("a")), []stepKind{stepContent, stepExpr}},
		{"what counts from an expression stays behind it", list(exprOf("x", ""), distance(text("a"), 1)), []stepKind{stepExpr, stepContent}},
		{"and moves with it", list(exprOf("x", ""), distance(text("a"), 1), text("b")), []stepKind{stepContent, stepExpr, stepContent}},
		{"what counts from the begin stays there", list(relativeExpr("x"), text("b")), []stepKind{stepExpr, stepContent}},
		{"a negated content may be counted behind", list(exprOf("x", ""), not(text("b"))), []stepKind{stepExpr, stepContent}},
		{"variables keep the order", list(exprOf("x", ""), text("a"), extract), []stepKind{stepExpr, stepContent, stepExtract}},
	} {
		p, err := Compile(&rule.Looked{Tests: c.tests})
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range p.steps {
			if s.kind != c.want[i] {
				t.Errorf("%s: got step %d of kind %d, want %v", c.says, i, s.kind, c.want)
				break
			}
		}
	}
}
