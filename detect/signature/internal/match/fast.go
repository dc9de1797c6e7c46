package match

import (
	"slices"
	"strings"

	"bulwark/detect/signature/internal/multi"
	"bulwark/detect/signature/internal/rule"
)

// candidate is a content that a prefilter could look for.
type candidate struct {
	multi.Pattern
	worth int
}

// Fast is what a prefilter may look for in the buffer (after [Program.Chain]): where none of the bytes of one of them
// stand in it, Match is false. The best comes first: what the rule names as its fast pattern, else what is long, rare
// and bounded. Empty where no content must be there.
func (p *Program) Fast() []multi.Pattern {
	out := make([]multi.Pattern, len(p.fast))
	for i := range p.fast {
		out[i] = p.fast[i].Pattern
	}
	return out
}

// Settle forgets what a prefilter may look for: it has chosen.
func (p *Program) Settle() {
	if p != nil {
		p.fast = nil
	}
}

// FastWorth weighs the first of Fast against those of other buffers: the more, the seldomer it will be found. What the
// rule names outweighs all else. 0 where there is none.
func (p *Program) FastWorth() int {
	if len(p.fast) == 0 {
		return 0
	}
	return p.fast[0].worth
}

// FastWithin is the best of Fast that must end within the first bytes of the buffer, with its worth; ok is false where there
// is none.
func (p *Program) FastWithin(bytes int) (best multi.Pattern, worth int, ok bool) {
	for i := range p.fast {
		if c := &p.fast[i]; c.To > 0 && c.To <= bytes && !c.AtEnd {
			return c.Pattern, c.worth, true
		}
	}
	return best, 0, false
}

func sortCandidates(c []candidate) {
	slices.SortStableFunc(c, func(a, b candidate) int { return b.worth - a.worth })
}

// reach is where the test before may have ended. Its zero value is the begin of the buffer.
type reach struct {
	from, to int
	lost     bool // anywhere
}

// byName is the worth that the keyword fast_pattern adds, where it names so many bytes: fewer are everywhere, and others of
// the rule are better.
const (
	byName = 1 << 20
	fewest = 4
)

// propose adds a content to the candidates, and moves the reach behind it.
func (c *compiler) propose(t *rule.Content, out *content) {
	if t.Not || len(t.Bytes) == 0 {
		return
	}
	from, to := c.bounds(t, out)
	p := multi.Pattern{Bytes: t.Bytes, Fold: t.Fold, From: from, To: to, AtEnd: t.AtEnd}
	c.reach = reach{from: from + len(t.Bytes), to: to, lost: to == 0}
	c.p.need = max(c.p.need, uint64(from+len(t.Bytes)))
	if t.ChopSize > 0 && t.ChopFrom >= 0 && t.ChopFrom+t.ChopSize <= len(t.Bytes) {
		cut(&p, t.ChopFrom, t.ChopSize)
	}
	if len(p.Bytes) > multi.MaxLength {
		cut(&p, 0, multi.MaxLength)
	}
	worth := Worth(&p)
	if (t.Fast || t.FastOnly) && len(p.Bytes) >= fewest {
		worth += byName
	}
	c.p.fast = append(c.p.fast, candidate{Pattern: p, worth: worth})
}

// bounds is where a content may begin at the least and end at the most (0: anywhere), in a whole buffer.
func (c *compiler) bounds(t *rule.Content, out *content) (from, to int) {
	fixed := func(a amount) bool { return a.slot < 0 }
	n := len(t.Bytes)
	if !out.relative {
		if fixed(out.offset) {
			from = int(out.offset.n)
		}
		if out.bounded && fixed(out.offset) && fixed(out.depth) {
			to = from + int(out.depth.n)
		}
		return from, to
	}
	if !fixed(out.distance) {
		return 0, 0
	}
	if !c.reach.lost || int(out.distance.n) > 0 {
		from = max(c.reach.from+int(out.distance.n), 0)
	}
	if out.near && fixed(out.within) && !c.reach.lost {
		to = max(c.reach.to+int(out.distance.n)+int(out.within.n), n)
	}
	return from, to
}

// cut takes a piece of a pattern.
func cut(p *multi.Pattern, from, size int) {
	rest := len(p.Bytes) - from - size
	p.Bytes = p.Bytes[from : from+size]
	p.From += from
	if p.To > 0 {
		p.To -= rest
	}
	p.AtEnd = p.AtEnd && rest == 0
}

// Worth weighs a pattern: how seldom it will be found. An uncommon byte counts 32.
func Worth(p *multi.Pattern) int {
	worth := 0
	for i, b := range p.Bytes {
		w := 4
		switch {
		case b == 0 || b == 0xff || i > 0 && b == p.Bytes[i-1]:
			w = 1
		case letter(b) && p.Fold || b == ' ' || '0' <= b && b <= '9':
			w = 3
		}
		if i >= 16 {
			w = 1
		}
		worth += w * 8
	}
	if n := len(p.Bytes); n == 1 || n > 2 && strings.Contains(habitual, strings.ToLower(string(p.Bytes))) {
		worth /= 4
	}
	if p.To > 0 || p.AtEnd {
		worth += 4
	}
	return worth
}

// habitual is what stands in much harmless traffic: as a fast pattern it would let everything through.
const habitual = "\r\n\r\nget http://www. post /index.php http/1.1\r\nhost: www. http/1.0\r\nhost: http/1.1 200 ok\r\n" +
	"\r\nuser-agent: mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/ safari/537.36\r\n" +
	"mozilla/4.0 (compatible; msie 6.0; windows nt 5.1; sv1; .net clr 2.0.50727)\r\n gecko/20100101 firefox/ \r\naccept: */*\r\n" +
	"accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8\r\naccept-language: en-us,en;q=0.5\r\n" +
	"accept-encoding: gzip, deflate, br\r\nconnection: keep-alive\r\nconnection: close\r\ncache-control: no-cache\r\npragma: no-cache\r\n" +
	"content-type: application/x-www-form-urlencoded\r\ncontent-type: text/html; charset=utf-8\r\ncontent-type: multipart/form-data; boundary=\r\n" +
	"content-type: application/json\r\ncontent-type: application/octet-stream\r\ncontent-type: text/plain\r\n" +
	"content-length: \r\ncontent-disposition: form-data; name=\"; filename=\"\r\ntransfer-encoding: chunked\r\n" +
	"content-encoding: gzip\r\nserver: nginx\r\nserver: apache\r\nset-cookie: ; path=/; httponly\r\nexpires: \r\nlast-modified: \r\n" +
	"\r\nreferer: http:// https://\r\ncookie: \r\norigin: \r\netag: \"\r\ndate: mon, gmt\r\nlocation: http:// date: \r\nvary: accept-encoding\r\n" +
	"<html><head><title></title></head><body></body></html> <script type=\"text/javascript\"></script> function( document.write(" +
	"<meta http-equiv=\"content-type\" content=\"text/html; charset=utf-8\">\r\n .com/ .net .org .exe .php?id= /images/ /index.html" +
	"\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00 \x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www" + // questions of DNS
	"\r\nuser anonymous\r\npass \r\ncwd \r\npwd\r\nlist\r\nretr \r\nstor \r\ntype i\r\nport \r\npasv\r\nquit\r\nehlo \r\n\xffsmb\r\nmail from:<\r\nrcpt to:<\r\ndata\r\n"
