package rule

import (
	"strings"

	"bulwark/detect/signature/internal/field"
)

// maxValue is the greatest number of some bits.
func maxValue(bits int) uint64 { return uint64(1)<<bits - 1 }

// scale reads a number with a unit behind it: kb, mb, gb (powers of 1,024).
func scale(s string, bits int) (uint64, bool) {
	factor := uint64(1)
	low := strings.ToLower(s)
	for unit, f := range map[string]uint64{"kb": 1 << 10, "kib": 1 << 10, "mb": 1 << 20, "mib": 1 << 20, "gb": 1 << 30, "gib": 1 << 30} {
		if strings.HasSuffix(low, unit) && !strings.HasPrefix(low, "0x") {
			s, factor = strings.TrimSpace(s[:len(s)-len(unit)]), f
			break
		}
	}
	n, err := number(s, 64)
	if err != nil || n > maxValue(bits)/factor {
		return 0, false
	}
	return n * factor, true
}

// constant reads a number or the name of one.
func (b *builder) constant(v value, bits int, names map[string]uint64) (uint64, error) {
	if n, ok := scale(v.text, bits); ok {
		return n, nil
	}
	if n, ok := names[v.text]; ok {
		return n, nil
	}
	if n, ok := names[strings.ToLower(v.text)]; ok {
		return n, nil
	}
	if len(names) > 0 && (v.text == "" || v.text[0] < '0' || v.text[0] > '9') {
		return 0, faultf(v.at, "%s knows no %q", b.option, cutWord(v.text))
	}
	return 0, faultf(v.at, "%s: %q is no number of 0 to %d", b.option, cutWord(v.text), maxValue(bits))
}

// comparisons in the order in which they are tried.
var comparisons = []struct {
	text string
	op   Op
}{{">=", GreaterEqual}, {"<=", LessEqual}, {"!=", NotEqual}, {">", Greater}, {"<", Less}, {"=", Equal}, {"!", NotEqual}}

// number reads what is asked of a number: 5, =5, !5, >5, 1-5 and 1<>5 (both ends excluded), !1-5, &0xc0=0x80.
func (b *builder) number(v value, bits int, names map[string]uint64) (Number, error) {
	if strings.HasPrefix(v.text, "&") {
		return b.masked(v.skip(1), bits, names)
	}
	if n, ok, err := b.between(v, bits, names); ok || err != nil {
		return n, err
	}
	for _, c := range comparisons {
		if !strings.HasPrefix(v.text, c.text) {
			continue
		}
		a, err := b.constant(v.skip(len(c.text)), bits, names)
		if err != nil {
			return Number{}, err
		}
		if c.op == Greater && a == maxValue(bits) || c.op == Less && a == 0 {
			return Number{}, faultf(v.at, "%s: no number is %s", b.option, v.text)
		}
		return Number{Op: c.op, A: a}, nil
	}
	a, err := b.constant(v, bits, names)
	return Number{Op: Equal, A: a}, err
}

// between reads a range; ok is false where the value is none.
func (b *builder) between(v value, bits int, names map[string]uint64) (_ Number, ok bool, err error) {
	n := Number{Op: Between}
	w := v
	if strings.HasPrefix(w.text, "!") {
		n.Not = true
		w = w.skip(1)
	}
	sep := "<>"
	i := strings.Index(w.text, sep)
	if i < 0 {
		sep = "-"
		i = strings.Index(w.text, sep)
	}
	if i <= 0 || w.text[0] < '0' || w.text[0] > '9' {
		return n, false, nil
	}
	first := value{text: w.text[:i], at: w.at}.trimmed()
	last := value{text: w.text[i+len(sep):], at: w.at + i + len(sep)}.trimmed()
	if n.A, err = b.constant(first, bits, names); err != nil {
		return n, true, err
	}
	if n.B, err = b.constant(last, bits, names); err != nil {
		return n, true, err
	}
	if n.A >= n.B {
		return n, true, faultf(w.at, "%s: no number lies between %d and %d", b.option, n.A, n.B)
	}
	return n, true, nil
}

// masked reads MASK=VALUE or MASK!=VALUE.
func (b *builder) masked(v value, bits int, names map[string]uint64) (Number, error) {
	n := Number{Op: Mask}
	i := strings.IndexByte(v.text, '=')
	if i < 1 {
		return n, faultf(v.at, "%s: a mask is followed by = or != and what must remain", b.option)
	}
	mask := value{text: v.text[:i], at: v.at}
	rest := value{text: v.text[i+1:], at: v.at + i + 1}.trimmed()
	if strings.HasSuffix(mask.text, "!") {
		n.Op = NotMask
		mask.text = mask.text[:len(mask.text)-1]
	}
	var err error
	if n.B, err = b.constant(mask.trimmed(), bits, names); err != nil {
		return n, err
	}
	if n.A, err = b.constant(rest, bits, names); err != nil {
		return n, err
	}
	if n.A&^n.B != 0 {
		return n, faultf(rest.at, "%s: %#x has bits that the mask %#x takes away: it can never be", b.option, n.A, n.B)
	}
	return n, nil
}

// bitNames reads names of bits with commas between them, each of which ! negates; + * - or = before them all: these and
// perhaps more, any of these, not all of these, these alone.
func (b *builder) bitNames(v value, names map[string]uint64) (Number, error) {
	op, w := Mask, v
	exact := false
	if w.text != "" {
		switch w.text[0] {
		case '+':
			w = w.skip(1)
		case '*':
			op, w = BitAnd, w.skip(1)
		case '-':
			op, w = NotMask, w.skip(1)
		case '=':
			exact, w = true, w.skip(1)
		}
	}
	var set, seen uint64
	for _, part := range w.split(',', -1) {
		not := strings.HasPrefix(part.text, "!")
		if not {
			part = part.skip(1)
		}
		bit, ok := names[strings.ToLower(part.text)]
		if !ok {
			return Number{}, faultf(part.at, "%s knows no %q", b.option, cutWord(part.text))
		}
		if seen |= bit; !not {
			set |= bit
		}
	}
	switch {
	case exact:
		return Number{Op: Equal, A: set}, nil
	case op == BitAnd:
		return Number{Op: BitAnd, A: set}, nil
	}
	return Number{Op: op, A: set, B: seen}, nil
}

// integer is a keyword of an integer field: its value, and which of several numbers it is asked of.
func (b *builder) integer(f *field.Field, v value) error {
	if err := b.speaks(f.App); err != nil {
		return err
	}
	w, not, err := v.unquoted()
	if err != nil {
		return err
	}
	if not && w.at == v.at+1 && !strings.HasPrefix(v.text, `!"`) {
		w, not = v, false // part of the comparison
	}
	if not {
		return faultf(v.at, "%s: the negation stands within the quotes", b.option)
	}
	g := &group{Looked: Looked{Field: f, Dir: f.Dir, Pos: b.line.pos(b.at)}, listed: true}
	n, err := b.asked(g, f, w)
	if err != nil {
		return err
	}
	g.Tests = append(g.Tests, &n)
	b.buffers = append(b.buffers, g)
	return nil
}

// asked reads the value of an integer field.
func (b *builder) asked(g *group, f *field.Field, v value) (Number, error) {
	bits := f.Bits
	if bits == 0 {
		bits = 32
	}
	if f.Flags != nil && !isNumber(v.text) {
		return b.bitNames(v, f.Flags)
	}
	if rest, ok := strings.CutPrefix(v.text, "count"); ok && f.Several {
		g.Pick = &Pick{Mode: PickCount}
		return b.number(value{text: rest, at: v.at + len("count")}.trimmed(), 32, nil)
	}
	if f.Several {
		parts := v.split(',', 3)
		if len(parts) > 1 {
			p, err := b.pick(parts[1:])
			if err != nil {
				return Number{}, err
			}
			g.Pick = p
		}
		v = parts[0]
	}
	return b.number(v, bits, f.Enum)
}

// isNumber reports whether s begins like what is asked of a number, rather than with a name.
func isNumber(s string) bool {
	return s != "" && (s[0] >= '0' && s[0] <= '9' || strings.ContainsRune("<>&", rune(s[0])) ||
		strings.ContainsRune("=!", rune(s[0])) && len(s) > 1 && (isNumber(s[1:])))
}

// pick reads which of several numbers must be as asked, and of which part of them.
func (b *builder) pick(parts []value) (*Pick, error) {
	p := &Pick{}
	v := parts[0]
	word, rest, _ := strings.Cut(v.text, " ")
	switch {
	case v.text == "" || v.text == "any":
	case v.text == "all":
		p.Mode = PickAll
	case v.text == "all_or_absent":
		p.Mode = PickAllOrAbsent
	case v.text == "or_absent":
		p.Mode = PickOrAbsent
	case word == "oob_or":
		p.Mode = PickAtOrBeyond
		n, err := b.amount(value{text: strings.TrimSpace(rest), at: v.at + len(word) + 1}, -1<<31, 1<<31-1)
		if err != nil {
			return nil, err
		}
		p.At = n.N
	case strings.HasPrefix(v.text, "nb"):
		p.Mode = PickTimes
		n, err := b.number(v.skip(2), 32, nil)
		if err != nil {
			return nil, err
		}
		p.Times = n
	default:
		p.Mode = PickAt
		n, err := b.amount(v, -1<<31, 1<<31-1)
		if err != nil {
			return nil, err
		}
		p.At = n.N
	}
	if len(parts) == 2 {
		return p, b.slice(p, parts[1])
	}
	return p, nil
}

// slice reads FROM:TO.
func (b *builder) slice(p *Pick, v value) error {
	parts := v.split(':', -1)
	if len(parts) != 2 {
		return faultf(v.at, "%s: a part of the numbers is FROM:TO", b.option)
	}
	from, err := b.amount(parts[0], -1<<31, 1<<31-1)
	if err != nil {
		return err
	}
	to, err := b.amount(parts[1], -1<<31, 1<<31-1)
	p.Sliced, p.From, p.To = true, from.N, to.N
	return err
}
