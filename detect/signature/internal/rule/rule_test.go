package rule

import (
	"strings"
	"testing"
)

func parseOne(t *testing.T, text string) *Rule {
	t.Helper()
	r, err := NewParser(Options{}).Rule(text, "t.rules")
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

func TestFirst(t *testing.T) {
	r := parseOne(t, `alert http $HOME_NET any -> $EXTERNAL_NET $HTTP_PORTS (msg:"a\;b"; flow:to_server,established; content:"GET"; http_method; content:"/x|41 42|"; http_uri; nocase; fast_pattern; pcre:"/y/Ui"; sid:5; rev:2;)`)
	if r.Message != "a;b" || r.SID != 5 || r.Rev != 2 || !r.Flow.ToServer || !r.Flow.Established || r.Proto.App != "http" {
		t.Errorf("got %+v", r)
	}
	if len(r.Buffers) != 2 || r.Buffers[0].Field.Name != "http.method" || r.Buffers[1].Field.Name != "http.uri" || len(r.Buffers[1].Tests) != 2 {
		t.Fatalf("got buffers %+v, want http.method with one test and http.uri with two", r.Buffers)
	}
	if c := r.Buffers[1].Tests[0].(*Content); string(c.Bytes) != "/xAB" || !c.Fold || !c.Fast {
		t.Errorf("got %+v, want /xAB, nocase, fast_pattern", c)
	}
}

func TestLineAndColumnOfContinuedRule(t *testing.T) {
	_, errs, err := Parse(strings.NewReader("# prose\nalert tcp any any -> any any (msg:\"x\"; \\\n  contant:\"a\"; sid:7;)\n"), "f.rules", Options{})
	if err != nil || len(errs) != 1 {
		t.Fatalf("got %v, %v, want one error", errs, err)
	}
	if got, want := errs[0].Error(), `f.rules:3:3: sid 7: unknown keyword "contant"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
