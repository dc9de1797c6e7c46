package rule

import (
	"strings"

	"bulwark/detect/signature/internal/field"
)

// pcreFields are the buffers that letters behind an expression name (Suricata 1 to 4, and Snort).
var pcreFields = map[byte]string{
	'U': "http.uri", 'I': "http.uri.raw", 'H': "http.header", 'D': "http.header.raw", 'M': "http.method",
	'C': "http.cookie", 'P': "http.request_body", 'Q': "file.data", 'Y': "http.stat_msg", 'S': "http.stat_code",
	'V': "http.user_agent", 'W': "http.host", 'Z': "http.host.raw",
}

func (b *builder) pcre(v value) error {
	w, not, err := v.unquoted()
	if err != nil {
		return err
	}
	p := &PCRE{Not: not, Pos: b.line.pos(b.at)}
	end := strings.LastIndexByte(w.text, '/')
	if len(w.text) < 2 || w.text[0] != '/' || end == 0 {
		return faultf(w.at, "an expression stands between slashes")
	}
	letters, captures, _ := strings.Cut(w.text[end+1:], ",")
	if strings.ContainsAny(captures, "/") { // a slash among the captures is the expression's
		return faultf(w.at+end, "what follows the expression cannot hold a slash")
	}
	p.Expr = w.text[1:end]
	if p.Expr == "" {
		return faultf(w.at, "the expression is empty")
	}
	f, err := b.pcreFlags(p, strings.TrimSpace(letters), w.at+end+1)
	if err != nil {
		return err
	}
	if err := b.captures(p, value{text: captures, at: w.at + end + 2 + len(letters)}); err != nil {
		return err
	}
	return b.placePCRE(p, f)
}

// pcreFlags reads the letters behind an expression, and gives the field that they name.
func (b *builder) pcreFlags(p *PCRE, letters string, at int) (*field.Field, error) {
	var f *field.Field
	for i := 0; i < len(letters); i++ {
		switch c := letters[i]; c {
		case 'i', 's', 'm', 'x', 'A', 'E', 'G':
			p.Flags += string(c)
		case 'R':
			p.Relative = true
		case 'B':
			p.Raw = true
		case 'O', 'L': // limits of PCRE, which this program has its own of
		default:
			name, ok := pcreFields[c]
			if !ok {
				return nil, faultf(at+i, "%q is no flag of an expression", c)
			}
			if f != nil && f.Name != name {
				return nil, faultf(at+i, "the flags name both %s and %s", f.Name, name)
			}
			f = field.Lookup(name)
		}
	}
	if p.Raw && f != nil {
		return nil, faultf(at, "the flag B (raw bytes) contradicts the one that names %s", f.Name)
	}
	return f, nil
}

// captures reads where groups are kept: flow:NAME, pkt:NAME, alert:NAME.
func (b *builder) captures(p *PCRE, v value) error {
	if strings.TrimSpace(v.text) != "" {
		for _, part := range v.split(',', -1) {
			scope, name, ok := strings.Cut(part.text, ":")
			scope, name = strings.TrimSpace(scope), strings.TrimSpace(name)
			if !ok || name == "" || scope != "flow" && scope != "pkt" && scope != "alert" {
				return faultf(part.at, "a group is kept as flow:NAME, pkt:NAME or alert:NAME, not %q", cutWord(part.text))
			}
			p.Captures = append(p.Captures, Capture{scope, name})
		}
		if n := groups(p.Expr); n < len(p.Captures) {
			return faultf(v.at, "the expression has %d groups for %d names", n, len(p.Captures))
		}
	}
	return nil
}

// groups counts the groups of an expression that capture.
func groups(expr string) int {
	n, class := 0, false
	for i := 0; i < len(expr); i++ {
		switch c := expr[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			named := strings.HasPrefix(expr[i+1:], "?P<") || strings.HasPrefix(expr[i+1:], "?<") &&
				!strings.HasPrefix(expr[i+1:], "?<=") && !strings.HasPrefix(expr[i+1:], "?<!")
			if named || i+1 == len(expr) || expr[i+1] != '?' && expr[i+1] != '*' {
				n++
			}
		}
	}
	return n
}

// placePCRE puts an expression into its buffer.
func (b *builder) placePCRE(p *PCRE, f *field.Field) error {
	if p.Relative && b.sticky == nil && b.newest == nil {
		return faultf(b.at, "the flag R (relative) needs a match before it")
	}
	if f == nil {
		b.add(b.here(), p)
		return nil
	}
	if b.sticky != nil {
		if b.sticky.Field == f || f.Name == "file.data" && b.sticky.Field.Name == "http.response_body" {
			b.add(b.here(), p)
			return nil
		}
		return faultf(b.at, "the flags of the expression name %s but it stands behind %s", f.Name, b.sticky.Field.Name)
	}
	if err := b.speaks(f.App); err != nil {
		return err
	}
	b.add(b.of(f), p)
	return nil
}
