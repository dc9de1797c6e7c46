package match

import (
	"fmt"
	"testing"

	"bulwark/detect/signature/internal/rule"
)

func exprOf(text, flags string) *rule.PCRE { return &rule.PCRE{Expr: text, Flags: flags} }

func relativeExpr(text string) *rule.PCRE { return &rule.PCRE{Expr: text, Relative: true} }

func TestExpressions(t *testing.T) {
	absent := func(e *rule.PCRE) *rule.PCRE {
		e.Not = true
		return e
	}
	check(t, []testCase{
		{"an expression", "id=4711", list(exprOf(`id=\d+$`, "")), true},
		{"an expression that does not match", "id=x", list(exprOf(`id=\d+`, "")), false},
		{"flags", "ID=\n1", list(exprOf(`id=.1`, "is")), true},
		{"one that must not match", "id=x", list(absent(exprOf(`id=\d+`, ""))), true},
		{"and does", "id=1", list(absent(exprOf(`id=\d+`, ""))), false},
		{"a relative one begins where the content ended", "xid=12", list(text("id="), relativeExpr(`^\d\d$`)), true},
		{"and not before", "12id=", list(text("id="), relativeExpr(`\d`)), false},
		{"a later place of the content is tried", "id=x;id=7", list(text("id="), relativeExpr(`^\d`)), true},
		{"a content behind an expression", "a1b2c", list(exprOf(`\d`, ""), within(text("c"), 1)), true},
		{"a distance behind an expression", "a1b2cc", list(exprOf(`\d`, ""), distance(text("cc"), 0)), true},
		{"an expression twice, the second at another place", "a1a2b", list(exprOf(`a\d`, ""), relativeExpr(`^b`)), true},
		{"a negated relative one", "id=x", list(text("id="), absent(relativeExpr(`^\d`))), true},
		{"a negated relative one at each place", "id=1id=2", list(text("id="), absent(relativeExpr(`^\d`))), false},
		{"data that must follow the expression", "ab1", list(exprOf(`[a-z]`, ""), &rule.DataAt{At: n(2), Relative: true}), true},
		{"an empty match at the end", "ab", list(exprOf(`x*$`, ""), &rule.DataAt{At: n(1), Relative: true, Not: true}), true},
	})
}

func TestExpressionsAreRefused(t *testing.T) {
	for _, e := range []*rule.PCRE{exprOf("(", ""), exprOf("a", "Z")} {
		if _, err := Compile(&rule.Looked{Tests: list(e)}); err == nil {
			t.Errorf("/%s/%s: got no error, want one", e.Expr, e.Flags)
		}
	}
}

func TestCaptures(t *testing.T) {
	e := exprOf(`uid=(\d+)\((\w+)\)(?P<flow_rest>.*)`, "s")
	e.Captures = []rule.Capture{{Scope: "pkt", Name: "uid"}, {Scope: "flow", Name: "user"}}
	p, err := Compile(&rule.Looked{Tests: list(e, relativeExpr("^$"))})
	if err != nil {
		t.Fatal(err)
	}
	var m Machine
	m.Begin()
	if !p.Match(&m, View{Data: []byte("uid=0(root) x")}) {
		t.Fatal("got no match, want one")
	}
	got := ""
	for as, value := range m.Captured {
		got += fmt.Sprintf("%s:%s=%s;", as.Scope, as.Name, value)
	}
	if want := "pkt:uid=0;flow:user=root;flow:rest= x;"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	m.Begin()
	for as := range m.Captured {
		t.Errorf("got %s of the rule before, want nothing", as.Name)
	}
}

func TestPCREXform(t *testing.T) {
	chain, err := CompileChain([]rule.Transform{{Name: "pcrexform", Value: `^\w+ (\S+)`}})
	if err != nil {
		t.Fatal(err)
	}
	var m Machine
	if got := string(chain.Apply(&m, []byte("GET /x HTTP"))); got != "/x" {
		t.Errorf("got %q, want %q", got, "/x")
	}
	if got := string(chain.Apply(&m, []byte("?"))); got != "" {
		t.Errorf("got %q of what does not match, want nothing", got)
	}
	for _, value := range []string{"(a)(b)", "ab", "(a"} {
		if _, err := CompileChain([]rule.Transform{{Name: "pcrexform", Value: value}}); err == nil {
			t.Errorf("%s: got no error, want one", value)
		}
	}
}
