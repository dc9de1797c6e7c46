package markup

import (
	"fmt"
	"strings"
	"testing"
)

func outline(doc string) string {
	var b strings.Builder
	for r := NewReader([]byte(doc)); ; {
		text, t, ok := r.Next()
		if !ok {
			return b.String()
		}
		fmt.Fprintf(&b, "%q %s close=%v empty=%v V=%q|", text, t.Name, t.Close, t.Empty, t.Attr("V"))
	}
}

func TestReader(t *testing.T) {
	tests := []struct{ name, doc, want string }{
		{"tags with attributes and text", `<a:b V="1"> x </a:b>`, `"" a:b close=false empty=false V="1"|"x" a:b close=true empty=false V=""|`},
		{"an empty element", `<b U='2' V = '3>4'/>`, `"" b close=false empty=true V="3>4"|`},
		{"what is no element has no name", `<?xml version="1.0"?><!-- <b> --><![CDATA[<c>]]><d>`,
			`""  close=false empty=false V=""|""  close=false empty=false V=""|""  close=false empty=false V=""|"" d close=false empty=false V=""|`},
		{"an attribute without quotes is none", `<b V=1 U="2">`, `"" b close=false empty=false V=""|`},
		{"a tag without its end is none", `<b V="`, ""},
	}
	for _, tt := range tests {
		if got := outline(tt.doc); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestAppendText(t *testing.T) {
	tests := []struct{ in, want string }{
		{"a&amp;b&lt;&gt;&quot;&apos;", `a&b<>"'`}, {"&#233;&#xe9;&#xE9;", "ééé"}, {"&", "&"}, {"&nbsp;", "&nbsp;"}, {"&#x;&#0;&#99999999;", "&#x;&#0;&#99999999;"},
	}
	for _, tt := range tests {
		if got := string(AppendText(nil, []byte(tt.in))); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestAppendContent(t *testing.T) {
	tests := []struct{ in, want string }{
		{"a &amp; b", "a & b"}, {"<![CDATA[<a>&amp;]]>&amp;<![CDATA[]]]]><![CDATA[>]]>", "<a>&amp;&]]>"}, {"a<!-- b -->c", "ac"}, {"a<![CDATA[b", "a"},
	}
	for _, tt := range tests {
		if got := string(AppendContent(nil, []byte(tt.in))); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(`<?xml version="1.0"?><a:b V="1"> x&amp;<c/></a:b>`)
	f.Add(`<b V='>'`)
	f.Fuzz(func(t *testing.T, doc string) {
		outline(doc)
		if got := AppendText(nil, []byte(doc)); len(got) > len(doc) {
			t.Errorf("%d bytes became %d", len(doc), len(got))
		}
		if got := AppendContent(nil, []byte(doc)); len(got) > len(doc) {
			t.Errorf("%d bytes of content became %d", len(doc), len(got))
		}
	})
}
