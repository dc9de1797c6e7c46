package pcre

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// payloads are what expressions of traffic rules are tried on.
func payloads() map[string][]byte {
	request := "GET /images/news/2024/gallery.php?id=4711&lang=en&session=7f3a9c0d55e1 HTTP/1.1\r\nHost: www.example.org\r\n" +
		"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate\r\n" +
		"Accept-Language: en-US,en;q=0.9,fr;q=0.8\r\nCookie: session=7f3a9c0d55e1; theme=dark\r\nReferer: http://www.example.org/index.html\r\n\r\n"
	var page strings.Builder
	page.WriteString("<html><head><title>News</title></head><body>\n")
	for i := 0; page.Len() < 32<<10; i++ {
		fmt.Fprintf(&page, "<div class=\"item\" id=\"n%d\"><a href=\"/news/%d.html\">Ward %d opens its doors</a> <p>The hospital of %d beds, "+
			"unescape and var s = String(%d);</p></div>\n", i, i, i, 100+i, i*7)
	}
	return map[string][]byte{
		"uri":     []byte("/images/news/2024/gallery.php?id=4711&lang=en&session=7f3a9c0d55e1"),
		"request": []byte(request),
		"page":    []byte(page.String()),
	}
}

// typical are expressions of the shapes that traffic rules have most: the payload, the expression, its flags.
var typical = [...]struct{ name, on, expr, flags string }{
	{"anchored uri", "uri", `^\/[a-z0-9]{15,35}\/((\d+[A-Z]){3}\d+|null)\/`, ""},
	{"end of uri", "uri", `\.php\?[a-z]+=[a-f0-9]{12}$`, ""},
	{"uri hit", "uri", `\/gallery\.php\?id=\d+&lang=[a-z]{2}`, "i"},
	{"sql in uri", "uri", `id=.+UNION.+SELECT`, "i"},
	{"remote inclusion", "uri", `page=\s*(ftps?|https?|php)\:\/`, "i"},
	{"header line", "request", `^User-Agent\x3a\x20[^\r\n]*MSIE \d+\.\d`, "mi"},
	{"header hit", "request", `^Host\x3a\x20[^\r\n]+\.org\r\n`, "mi"},
	{"address host", "request", `^Host\x3a\x20\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:\x3a\d{1,5})?\r?$`, "mi"},
	{"look-ahead", "request", `\?(?=[a-z]*?=\d)[^\r\n]+?session=[0-9a-f]{12} HTTP`, ""},
	{"back reference", "request", `session=(?P<s>[0-9a-f]{12}).+?session=(?P=s)`, "s"},
	{"activex in page", "page", `<OBJECT\s+[^>]*classid\s*=\s*[\x22\x27]?\s*clsid\s*\x3a\s*\x7B?\s*F685AFD8-A5CC-410E-98E4-BAA1C559BA61`, "si"},
	{"script in page", "page", `(fromcharcode|unescape\(|eval\()\s*[\x22\x27]`, "i"},
	{"run in page", "page", `[0-9a-zA-Z]{200,}`, ""},
	{"digits in page", "page", `\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}`, ""},
	{"tempered in page", "page", `<div(?:(?!<\/div>).)+?eval`, "si"},
	{"lazy in page", "page", `var\s+\w+\s*=\s*unescape.+?shellcode`, "si"},
}

func BenchmarkTypicalRules(b *testing.B) {
	on := payloads()
	for _, c := range typical {
		p := on[c.on]
		b.Run(strings.ReplaceAll(c.name, " ", "-"), func(b *testing.B) {
			r, err := Compile(c.expr, flagsOf(c.flags))
			if err != nil {
				b.Fatal(err)
			}
			var m Machine
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			for b.Loop() {
				r.Match(&m, p, 0)
			}
		})
	}
}

// BenchmarkGoRegexp is the standard library on the same work, where it can do it.
func BenchmarkGoRegexp(b *testing.B) {
	on := payloads()
	for _, c := range typical {
		expr := c.expr
		if c.flags != "" {
			expr = "(?" + c.flags + ")" + expr
		}
		r, err := regexp.Compile(expr)
		if err != nil {
			continue
		}
		b.Run(strings.ReplaceAll(c.name, " ", "-"), func(b *testing.B) {
			b.SetBytes(int64(len(on[c.on])))
			for b.Loop() {
				r.FindIndex(on[c.on])
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range typical {
			if _, err := Compile(c.expr, flagsOf(c.flags)); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func TestSearchesAllocateNothingOnceWarm(t *testing.T) {
	on := payloads()
	for _, c := range typical {
		r, err := Compile(c.expr, flagsOf(c.flags))
		if err != nil {
			t.Fatal(err)
		}
		m, p := Machine{}, on[c.on]
		caps, _ := r.Find(&m, p, 0, make([]int, 0, 64))
		if n := testing.AllocsPerRun(20, func() {
			r.Match(&m, p, 0)
			caps, _ = r.Find(&m, p, 0, caps)
		}); n > 0 {
			t.Errorf("%s: got %v allocations a search, want none", c.name, n)
		}
	}
}
