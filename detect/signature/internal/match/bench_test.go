package match

import (
	"strings"
	"testing"

	"bulwark/detect/signature/internal/rule"
)

const (
	address = "/images/gate.php?id=4711&hwid=0A1B2C3D4E5F&os=win10&build=19045&av=none&lang=en"
	headers = "Host: www.example.org\r\nConnection: keep-alive\r\nUser-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) " +
		"AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\nAccept: text/html,application/xhtml+xml\r\n" +
		"Accept-Encoding: gzip, deflate\r\nAccept-Language: en-US,en;q=0.9\r\nCookie: session=0123456789abcdef\r\n\r\n"
)

// body is a page of 32 KiB.
func body() string {
	line := "<div class=\"item\"><a href=\"/news/2026/11/item.html\" title=\"The Item\">The Item</a> and Some Words about it</div>\r\n"
	return strings.Repeat(line, 32<<10/len(line)+1)[:32<<10]
}

// sample is a rule's buffer as the field's rules write it.
type sample struct {
	says       string
	data       string
	want       bool
	transforms []rule.Transform
	tests      []rule.Test
}

func samples() []sample {
	word := func(offset int, change func(*rule.ByteTest)) rule.Test {
		b := &rule.ByteTest{Bytes: rule.Bytes{Count: n(2), Offset: n(offset)}, Op: rule.Greater, Value: n(100)}
		change(b)
		return b
	}
	page := body()
	return []sample{
		{says: "address, three contents in a row", data: address, want: true,
			tests: list(text("/gate.php?id="), distance(text("&hwid="), 0), within(distance(text("&os="), 12), 4))},
		{says: "address, the last content is missing", data: address,
			tests: list(text("/gate.php?id="), distance(text("&hwid="), 0), distance(text("&pw="), 0))},
		{says: "headers without case", data: headers, want: true,
			tests: list(fold(text("User-Agent: Mozilla/5.0")), fold(text("chrome/")), not(fold(text("Referer:"))))},
		{says: "name under a domain", data: "cdn.assets.evil-domain.example", want: true,
			transforms: []rule.Transform{{Name: "dotprefix"}}, tests: list(ends(text(".evil-domain.example")))},
		{says: "equal name", data: "evil-domain.example", want: true,
			tests: list(starts(text("evil-domain.example")), &rule.Size{Number: rule.Number{A: 19}})},
		{says: "binary, at fixed places", data: "\x00\x00\x00\x90\xffSMB\x73\x00\x00\x00\x00\x18\x07\xc8" + strings.Repeat("\x00", 128), want: true,
			tests: list(at(text("\x00"), 0, 1), within(distance(text("\xffSMB\x73"), 3), 5), word(9, func(b *rule.ByteTest) { b.Relative, b.Op = true, rule.Less }),
				&rule.DataAt{At: n(64), Relative: true})},
		{says: "jump by a length", data: "\x16\x03\x01\x00\x04abcd\x0b\x00\x01\x02rest", want: true,
			tests: list(starts(text("\x16\x03")), &rule.ByteJump{Bytes: rule.Bytes{Count: n(2), Offset: n(1), Relative: true}}, within(text("\x0b"), 1))},
		{says: "page of 32 KiB, rare content that is missing", data: page, tests: list(text("window.navigate("))},
		{says: "page of 32 KiB, missing without case", data: page, tests: list(fold(text("ActiveXObject")))},
		{says: "page of 32 KiB, negated and missing", data: page, want: true,
			tests: list(text("<div class="), not(fold(text("</html>"))), not(text("eval(")))},
		{says: "page of 32 KiB, expression behind each slash", data: page,
			tests: list(text("/"), relativeExpr(`\w{12}`))},
		{says: "page of 32 KiB, looked for again and again", data: page,
			tests: list(text("<a href="), within(text("evil"), 40))},
	}
}

func compiled(t testing.TB, s *sample) *Program {
	p, err := Compile(&rule.Looked{Tests: s.tests, Transforms: s.transforms})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEvaluationAllocatesNothing(t *testing.T) {
	for _, s := range samples() {
		p, v := compiled(t, &s), View{Data: []byte(s.data), Whole: true}
		m := &Machine{}
		if got := p.Match(m, v); got != s.want {
			t.Errorf("%s: got %v, want %v", s.says, got, s.want)
		}
		if n := testing.AllocsPerRun(20, func() { m.Begin(); p.Match(m, v) }); n != 0 {
			t.Errorf("%s: got %v allocations an evaluation, want 0", s.says, n)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, s := range samples() {
		b.Run(s.says, func(b *testing.B) {
			p, v := compiled(b, &s), View{Data: []byte(s.data), Whole: true}
			m := &Machine{}
			b.SetBytes(int64(len(s.data)))
			b.ReportAllocs()
			for b.Loop() {
				m.Begin()
				p.Match(m, v)
			}
		})
	}
}
