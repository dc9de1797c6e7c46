package match

import (
	"fmt"
	"testing"

	"bulwark/detect/signature/internal/rule"
)

func TestFast(t *testing.T) {
	quick := func(c *rule.Content) *rule.Content {
		c.Fast = true
		return c
	}
	for _, c := range []struct {
		says  string
		tests []rule.Test
		want  string // the best: bytes, from, to, at the end
	}{
		{"the longest", list(text("ab"), text("qzxw")), "qzxw 0 0 false"},
		{"what the rule names", list(quick(text("abcd")), text("qzxwv")), "abcd 0 0 false"},
		{"two bytes that the rule names are no better for that", list(quick(text("ab")), text("qzxw")), "qzxw 0 0 false"},
		{"rare bytes rather than habitual ones", list(text("User-Agent: Mozilla"), text("evilbot/0")), "evilbot/0 0 0 false"},
		{"what must not be there is none", list(not(text("abcdef"))), ""},
		{"offset and depth bound it", list(at(text("ab"), 3, 5)), "ab 3 8 false"},
		{"startswith bounds it", list(starts(text("ab"))), "ab 0 2 false"},
		{"endswith is kept", list(ends(text("ab"))), "ab 0 0 true"},
		{"what follows a bounded one is bounded", list(at(text("a"), 0, 4), within(distance(text("qzxw"), 2), 6)), "qzxw 3 12 false"},
		{"what follows one that may stand anywhere has a least place", list(text("ab"), distance(text("qzxw"), 1)), "qzxw 3 0 false"},
		{"behind a jump it may stand anywhere", list(starts(text("a")), &rule.ByteJump{Bytes: rule.Bytes{Count: n(1)}}, within(text("qzxw"), 4)), "qzxw 0 0 false"},
		{"a piece of it is cut", list(with(quick(at(text("abcdef"), 1, 10)), func(c *rule.Content) { c.ChopFrom, c.ChopSize = 1, 3 })), "bcd 2 9 false"},
	} {
		p, err := Compile(&rule.Looked{Tests: c.tests})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if f := p.Fast(); len(f) > 0 {
			got = fmt.Sprint(string(f[0].Bytes), " ", f[0].From, " ", f[0].To, " ", f[0].AtEnd)
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.says, got, c.want)
		}
	}
}
