package pseudonym

import "encoding/binary"

// token is what names are told by in a path segment: a word, a number, several words of a learnt name.
type token struct {
	start, end int
	kind       tokenKind
	sum        uint64 // the digest of a name
	count      roles
}

// roles counts the words that were learnt as names, and as what; one word may be both.
type roles struct{ names, families, givens int }

func (a *roles) add(b roles) {
	a.names, a.families, a.givens = a.names+b.names, a.families+b.families, a.givens+b.givens
}

func countOf(e *entry) (c roles) {
	if e == nil || e.role&partRoles == 0 {
		return c
	}
	c.names = 1
	if e.role&familyRole != 0 {
		c.families = 1
	}
	if e.role&givenRole != 0 {
		c.givens = 1
	}
	return c
}

type tokenKind uint8

const (
	otherToken tokenKind = iota
	maskedToken
	dateToken
	nameToken
)

// maxGap is how many bytes may stand between words that belong together: "DURAND, PAUL", "DURAND - PAUL".
const maxGap = 3

func (a token) touches(b token) bool { return b.start-a.end <= maxGap }

// maskNames masks the learnt names of a text in which everything else is masked, segment by segment.
func (t *scan) maskNames() {
	for start := 0; start < len(t.text); {
		end := start
		for end < len(t.text) && !endsSegment(t.text[end]) {
			end++
		}
		if !t.isHostName(start) && t.holdsPerson(start, end) {
			t.maskSegment(start, end)
		}
		start = end + 1
	}
}

// endsSegment reports whether b stands between the segments of a path, the keys and values of a query, a file and its stream.
func endsSegment(b byte) bool {
	switch b {
	case '/', '\\', '?', '&', '=', ';', '#', '"', '<', '>', '{', '}', '|', ':', '\r', '\n', '\t':
		return true
	}
	return false
}

// isHostName reports whether the segment at i is the host of an address (http://host) or of a share (\\host).
func (t *scan) isHostName(i int) bool {
	if i < 2 || t.text[i-1] != t.text[i-2] || t.text[i-1] != '/' && t.text[i-1] != '\\' {
		return false
	}
	return i == 2 || t.text[i-3] == ':'
}

// holdsPerson reports whether a segment holds a learnt name and a second hint that it is a person's.
func (t *scan) holdsPerson(start, end int) bool {
	var last token
	var count roles
	named, hint := false, false
	for tok := t.token(start, end); tok.end > 0; tok = t.token(tok.end, end) {
		switch tok.kind {
		case maskedToken:
			hint = true
		case dateToken:
			hint = hint || last.kind == nameToken && last.touches(tok)
		case nameToken:
			hint = hint || last.kind == dateToken && last.touches(tok)
			named = true
			count.add(tok.count)
		}
		last = tok
	}
	return named && hint || count.names > 1 && count.families > 0 && count.givens > 0
}

// maskSegment masks the learnt names of a segment, those side by side as one.
func (t *scan) maskSegment(start, end int) {
	for tok := t.token(start, end); tok.end > 0; {
		next := t.token(tok.end, end)
		if tok.kind != nameToken {
			tok = next
			continue
		}
		for next.kind == nameToken && tok.touches(next) {
			tok.end, tok.sum = next.end, tok.sum+next.sum
			next = t.token(next.end, end)
		}
		t.skipTo(tok.start, tok.end)
		t.dst = t.p.nameOf(t.dst, tok.sum)
		tok = next
	}
}

// nameOf appends the pseudonym of names of which the digests have that sum: the one learnt, or else one of their own.
func (p *Pseudonyms) nameOf(dst []byte, sum uint64) []byte {
	if e := p.names.find(sum); e != nil {
		return append(dst, e.pseudonym[:]...)
	}
	p.begin(ofName)
	p.norm = append(p.norm, 0x1F) // which no name's normal form begins with
	p.norm = binary.BigEndian.AppendUint64(p.norm, sum)
	return p.finish(dst, ofName)
}

// token is the next one between i and end; one that ends at 0 where there is none.
func (t *scan) token(i, end int) token {
	for i < end {
		if class[t.text[i]]&digit != 0 {
			return t.number(i, end)
		}
		letter, _, width := letterAt(t.text[:end], i)
		if letter == 0 {
			i += width
			continue
		}
		if i+Size <= end && isPseudonym(t.text[i:i+Size]) {
			return token{start: i, end: i + Size, kind: maskedToken}
		}
		return t.name(i, end)
	}
	return token{}
}

// name is the word at start, or the learnt name of several words that begins there: LE GOFF, DUPONT-MARTIN.
func (t *scan) name(start, end int) token {
	l := &t.p.names
	stop, mixed := t.nameWord(l.seed, start, end)
	tok := token{start: start, end: stop}
	e := l.find(finishMix(mixed))
	if e == nil {
		return tok
	}
	count := countOf(e)
	if count.names > 0 {
		tok.kind, tok.sum, tok.count = nameToken, e.sum, count
	}
	if e.role&leadRole == 0 {
		return tok
	}
	for words := 2; words <= maxNameWords; words++ {
		next := t.afterGap(stop, end)
		if next == stop {
			break
		}
		_, alone := t.nameWord(l.seed, next, end)
		count.add(countOf(l.find(finishMix(alone))))
		stop, mixed = t.nameWord(mixed, next, end)
		if e := l.find(finishMix(mixed)); e != nil && e.role&partRoles != 0 {
			tok.end, tok.kind, tok.sum = stop, nameToken, e.sum
			tok.count = count
			if count.names == 0 { // its words are too short to be names: LE BO
				tok.count = countOf(e)
			}
		}
	}
	return tok
}

// nameWord mixes in the word of letters at i, up to a pseudonym that is glued to it, and returns where it ends.
func (t *scan) nameWord(mixed uint64, i, end int) (stop int, _ uint64) {
	stop, _, all := foldWord(mixed, t.text[:end], i)
	if stop < end && t.text[stop] == '~' && stop-1+Size <= end && isPseudonym(t.text[stop-1:stop-1+Size]) {
		stop, _, all = foldWord(mixed, t.text[:stop-1], i)
	}
	return stop, all
}

// afterGap is where the word behind the gap at i begins; i where no word of letters does, or none so near.
func (t *scan) afterGap(i, end int) int {
	for at := i; at < end && at-i <= maxGap; {
		letter, _, width := letterAt(t.text[:end], at)
		if letter != 0 && !(at+Size <= end && isPseudonym(t.text[at:at+Size])) {
			return at
		}
		if letter != 0 || class[t.text[at]]&digit != 0 {
			break
		}
		at += width
	}
	return i
}

// number is the run of digits at start, or the date that begins there.
func (t *scan) number(start, end int) token {
	tok := token{start: start, end: t.digitsEnd(start, end)}
	var groups [3]int
	if tok.end-start == 8 {
		n := decimal(t.text[start:tok.end])
		if isDate(n/1e4, n/100%100, n%100) || isDate(n%1e4, n/1e4%100, n/1e6) {
			tok.kind = dateToken
		}
		return tok
	}
	at := start
	for i := range groups {
		stop := t.digitsEnd(at, end)
		if stop == at || stop-at > 4 {
			return tok
		}
		groups[i] = decimal(t.text[at:stop])
		if i == 2 {
			at = stop
			break
		}
		if stop+1 >= end || i == 1 && t.text[stop] != t.text[at-1] || class[t.text[stop]]&wordByte != 0 {
			return tok
		}
		at = stop + 1
	}
	if isDate(groups[0], groups[1], groups[2]) || isDate(groups[2], groups[1], groups[0]) {
		tok.kind, tok.end = dateToken, at
	}
	return tok
}

func (t *scan) digitsEnd(i, end int) int {
	for i < end && class[t.text[i]]&digit != 0 {
		i++
	}
	return i
}

func decimal(p []byte) (n int) {
	for _, b := range p {
		n = n*10 + int(b-'0')
	}
	return n
}

// isDate reports whether a person may be born on that day; day and month may stand in either order.
func isDate(year, month, day int) bool {
	return 1900 <= year && year < 2100 && 1 <= min(month, day) && min(month, day) <= 12 && max(month, day) <= 31
}
