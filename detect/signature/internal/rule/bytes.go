package rule

import (
	"strings"
)

// maxCount is how many bytes a number may have: of a string its digits (23 octal ones of 64 bits with a sign).
const (
	maxCount     = 8
	maxTextCount = 23
)

func (b *builder) isdataat(v value) error {
	w, not, err := v.unquoted()
	if err != nil {
		return err
	}
	parts := w.split(',', -1)
	d := &DataAt{Not: not}
	if strings.HasPrefix(parts[0].text, "!") && !not {
		d.Not = true
		parts[0] = parts[0].skip(1)
	}
	if d.At, err = b.amount(parts[0], 0, maxPlace); err != nil {
		return err
	}
	for _, p := range parts[1:] {
		switch p.text {
		case "relative":
			d.Relative = true
		case "rawbytes":
			d.Raw = true
		default:
			return faultf(p.at, "isdataat knows no %q", cutWord(p.text))
		}
	}
	g := b.relative(d.Relative)
	g.Tests = append(g.Tests, d)
	return nil
}

// byteOption reads what byte_test, byte_jump and byte_extract have in common; ok is false where it is none of it.
func (b *builder) byteOption(n *Bytes, v value) (ok bool, err error) {
	words := v.words()
	if len(words) == 0 {
		return false, faultf(v.at, "%s: nothing stands between the commas", b.option)
	}
	if len(words) == 2 {
		return b.byteNumber(n, words[0].text, words[1])
	}
	switch strings.ToLower(v.text) {
	case "relative":
		n.Relative = true
	case "little":
		n.Little = true
	case "big":
		n.Little = false
	case "string":
		n.Text = true
	case "hex":
		n.Base = 16
	case "dec":
		n.Base = 10
	case "oct":
		n.Base = 8
	case "dce":
		n.DCE = true
	default:
		return false, nil
	}
	return true, nil
}

// byteNumber reads an option with a number.
func (b *builder) byteNumber(n *Bytes, name string, v value) (ok bool, err error) {
	switch name {
	case "bitmask":
		if n.BitMask, err = number(v.text, 32); err != nil {
			return true, faultf(v.at, "%s: %q is no mask of up to 32 bits", b.option, cutWord(v.text))
		}
		n.HasMask = true
	case "multiplier":
		if n.Multiplier, err = number(v.text, 16); err != nil || n.Multiplier == 0 {
			return true, faultf(v.at, "%s: %q is no multiplier of 1 to 65535", b.option, cutWord(v.text))
		}
	case "endian":
		switch v.text {
		case "big":
		case "little":
			n.Little = true
		default:
			return true, faultf(v.at, "%s: the order of bytes is big or little, not %q", b.option, cutWord(v.text))
		}
	default:
		return false, nil
	}
	return true, nil
}

// checkBytes checks that the parts of a number fit one another.
func (b *builder) checkBytes(n *Bytes, at int) error {
	most := maxCount
	if n.Text {
		most = maxTextCount
	}
	switch {
	case n.Base != 0 && !n.Text:
		return faultf(at, "%s: hex, dec and oct are of numbers that are written as text (string)", b.option)
	case n.DCE && n.Text:
		return faultf(at, "%s: dce and string contradict each other", b.option)
	case n.Count.Name == "" && (n.Count.N < 1 && !n.Text || n.Count.N > most):
		return faultf(at, "%s: a number has 1 to %d bytes, not %d", b.option, most, n.Count.N)
	}
	if n.DCE {
		return b.speaks("dcerpc")
	}
	return nil
}

// first reads the count and the offset, in that order.
func (b *builder) countOffset(n *Bytes, count, offset value, low int) (err error) {
	if n.Count, err = b.amount(count, low, maxTextCount); err != nil {
		return err
	}
	n.Offset, err = b.amount(offset, -maxPlace, maxPlace)
	return err
}

// putBytes places a test that reads a number.
func (b *builder) putBytes(n *Bytes, t Test) { b.add(b.relative(n.Relative), t) }

func (b *builder) byteTest(v value) error {
	t := &ByteTest{}
	parts := v.split(',', -1)
	if len(parts) < 4 {
		return faultf(v.at, "byte_test needs bytes, comparison, value and offset")
	}
	if err := b.countOffset(&t.Bytes, parts[0], parts[3], 0); err != nil {
		return err
	}
	if err := b.byteOperator(t, parts[1]); err != nil {
		return err
	}
	if err := b.byteValue(t, parts[2]); err != nil {
		return err
	}
	for _, p := range parts[4:] {
		if ok, err := b.byteOption(&t.Bytes, p); err != nil || !ok {
			return cmpErr(err, p.at, "byte_test knows no %q", cutWord(p.text))
		}
	}
	if err := b.checkBytes(&t.Bytes, parts[0].at); err != nil {
		return err
	}
	b.putBytes(&t.Bytes, t)
	return nil
}

// cmpErr is err, or a fault of its own.
func cmpErr(err error, at int, format string, args ...any) error {
	if err != nil {
		return err
	}
	return faultf(at, format, args...)
}

var byteOperators = map[string]Op{
	"<": Less, ">": Greater, "=": Equal, "<=": LessEqual, ">=": GreaterEqual, "&": BitAnd, "^": NotEqual, "": Equal,
	"!=": NotEqual, // of Suricata 8
}

// byteOperator reads the comparison. x ^ y, which Suricata takes for true where it is not 0, says that they differ.
func (b *builder) byteOperator(t *ByteTest, v value) error {
	text := v.text
	if strings.HasPrefix(text, "!") && text != "!" {
		t.Not = true
		text = strings.TrimSpace(text[1:])
	} else if text == "!" {
		t.Not, text = true, ""
	}
	op, ok := byteOperators[text]
	if !ok || v.text == "" {
		return faultf(v.at, "byte_test knows no comparison %q", cutWord(v.text))
	}
	t.Op = op
	return nil
}

// byteValue reads what a number is compared with.
func (b *builder) byteValue(t *ByteTest, v value) error {
	if b.names[v.text] {
		t.Value = Amount{Set: true, Name: v.text}
		return nil
	}
	n, err := number(strings.TrimPrefix(v.text, "+"), 64)
	if err != nil {
		return faultf(v.at, "byte_test: %q is no number, and no byte_extract or byte_math before it sets it", cutWord(v.text))
	}
	t.Value.Set = true
	if n > 1<<62 {
		t.Wide = n
		return nil
	}
	t.Value.N = int(n)
	return nil
}

func (b *builder) byteJump(v value) error {
	j := &ByteJump{}
	parts := v.split(',', -1)
	if len(parts) < 2 {
		return faultf(v.at, "byte_jump needs bytes and offset")
	}
	if err := b.countOffset(&j.Bytes, parts[0], parts[1], 0); err != nil {
		return err
	}
	for _, p := range parts[2:] {
		if err := b.jumpOption(j, p); err != nil {
			return err
		}
	}
	if j.FromBeginning && j.FromEnd {
		return faultf(v.at, "byte_jump: from_beginning and from_end contradict each other")
	}
	if j.Count.Name != "" || j.Count.N != 0 { // 0 bytes: the jump is post_offset alone
		if err := b.checkBytes(&j.Bytes, parts[0].at); err != nil {
			return err
		}
	}
	b.putBytes(&j.Bytes, j)
	return nil
}

func (b *builder) jumpOption(j *ByteJump, v value) (err error) {
	words := v.words()
	switch {
	case len(words) == 2 && words[0].text == "post_offset":
		j.PostOffset, err = b.amount(words[1], -maxPlace, maxPlace)
		return err
	case v.text == "align":
		j.Align = true
	case v.text == "from_beginning":
		j.FromBeginning = true
	case v.text == "from_end":
		j.FromEnd = true
	default:
		if ok, err := b.byteOption(&j.Bytes, v); err != nil || !ok {
			return cmpErr(err, v.at, "byte_jump knows no %q", cutWord(v.text))
		}
	}
	return nil
}

func (b *builder) byteExtract(v value) error {
	x := &ByteExtract{}
	parts := v.split(',', -1)
	if len(parts) < 3 {
		return faultf(v.at, "byte_extract needs bytes, offset and a name")
	}
	if err := b.countOffset(&x.Bytes, parts[0], parts[1], 1); err != nil {
		return err
	}
	x.Name = parts[2].text
	if err := b.setName(parts[2]); err != nil {
		return err
	}
	for _, p := range parts[3:] {
		if err := b.extractOption(x, p); err != nil {
			return err
		}
	}
	if err := b.checkBytes(&x.Bytes, parts[0].at); err != nil {
		return err
	}
	b.putBytes(&x.Bytes, x)
	return nil
}

// setName notes a variable that tests which follow may name.
func (b *builder) setName(v value) error {
	if !isName(v.text) {
		return faultf(v.at, "%q is no name of a variable", cutWord(v.text))
	}
	if b.names == nil {
		b.names = map[string]bool{}
	}
	b.names[v.text] = true
	return nil
}

// isName reports whether s can name a variable: letters, digits, _ . and - after a letter or _.
func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '.' && c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

func (b *builder) extractOption(x *ByteExtract, v value) error {
	words := v.words()
	if len(words) == 2 && words[0].text == "align" {
		switch words[1].text {
		case "2":
			x.Align = 2
		case "4":
			x.Align = 4
		default:
			return faultf(words[1].at, "byte_extract: align is 2 or 4, not %q", cutWord(words[1].text))
		}
		return nil
	}
	if ok, err := b.byteOption(&x.Bytes, v); err != nil || !ok {
		return cmpErr(err, v.at, "byte_extract knows no %q", cutWord(v.text))
	}
	return nil
}

func (b *builder) byteMath(v value) error {
	m := &ByteMath{}
	given := map[string]bool{}
	for _, p := range v.split(',', -1) {
		words := p.words()
		if len(words) == 0 {
			return faultf(p.at, "byte_math: nothing stands between the commas")
		}
		if given[words[0].text] {
			return faultf(p.at, "byte_math: %s is given twice", cutWord(words[0].text))
		}
		given[words[0].text] = true
		if err := b.mathOption(m, words, p); err != nil {
			return err
		}
	}
	for _, name := range []string{"bytes", "offset", "oper", "rvalue", "result"} {
		if !given[name] {
			return faultf(v.at, "byte_math needs %s", name)
		}
	}
	if err := b.checkBytes(&m.Bytes, v.at); err != nil {
		return err
	}
	if m.Operator == "/" && m.Value.Name == "" && m.Value.N == 0 {
		return faultf(v.at, "byte_math: nothing can be divided by 0")
	}
	if shift := m.Operator == "<<" || m.Operator == ">>"; shift && m.Count.N > 4 {
		return faultf(v.at, "byte_math: what is shifted has at most 4 bytes")
	}
	if err := b.setName(value{text: m.Result, at: v.at}); err != nil {
		return err
	}
	b.putBytes(&m.Bytes, m)
	return nil
}

func (b *builder) mathOption(m *ByteMath, words []value, all value) (err error) {
	if len(words) == 1 {
		if words[0].text == "relative" || words[0].text == "dce" {
			_, err = b.byteOption(&m.Bytes, all)
			return err
		}
		return faultf(all.at, "byte_math knows no %q", cutWord(all.text))
	}
	if len(words) != 2 {
		return faultf(all.at, "byte_math knows no %q", cutWord(all.text))
	}
	switch w := words[1]; words[0].text {
	case "bytes":
		m.Count, err = b.amount(w, 1, 10)
	case "offset":
		m.Offset, err = b.amount(w, -maxPlace, maxPlace)
	case "oper":
		if !strings.Contains("+ - * / << >>", w.text) {
			return faultf(w.at, "byte_math knows no operator %q", cutWord(w.text))
		}
		m.Operator = w.text
	case "rvalue":
		m.Value, err = b.amount(w, 0, 1<<32-1)
	case "result":
		m.Result = w.text
	case "string":
		m.Text = true
		_, err = b.byteOption(&m.Bytes, w)
	default:
		var ok bool
		if ok, err = b.byteNumber(&m.Bytes, words[0].text, w); !ok && err == nil {
			return faultf(all.at, "byte_math knows no %q", cutWord(all.text))
		}
	}
	return err
}

func (b *builder) base64Decode(v value) error {
	d := &Base64Decode{}
	if v.text != "" {
		for _, p := range v.split(',', -1) {
			if err := b.base64Option(d, p); err != nil {
				return err
			}
		}
	}
	b.decoded = true
	g := b.relative(d.Relative)
	g.Tests = append(g.Tests, d)
	return nil
}

func (b *builder) base64Option(d *Base64Decode, v value) error {
	words := v.words()
	switch {
	case v.text == "relative":
		d.Relative = true
		return nil
	case len(words) == 2 && words[0].text == "bytes":
		n, err := b.amount(words[1], 1, maxPlace)
		d.Count = n.N
		return err
	case len(words) == 2 && words[0].text == "offset":
		n, err := b.amount(words[1], 0, maxPlace)
		d.Offset = n.N
		return err
	}
	return faultf(v.at, "base64_decode knows no %q", cutWord(v.text))
}

func (b *builder) asn1(v value) error {
	t := &ASN1{}
	words := strings.FieldsFunc(v.text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "bitstring_overflow":
			t.BitstringOverflow = true
			continue
		case "double_overflow":
			t.DoubleOverflow = true
			continue
		case "oversize_length", "absolute_offset", "relative_offset":
		default:
			return faultf(v.at, "asn1 knows no %q", cutWord(words[i]))
		}
		if i+1 == len(words) {
			return faultf(v.at, "asn1: %s needs a number", words[i])
		}
		n, err := b.amount(value{text: words[i+1], at: v.at}, -maxPlace, 1<<32-1)
		switch {
		case err != nil || n.Name != "":
			return faultf(v.at, "asn1: %s: %q is no number", words[i], cutWord(words[i+1]))
		case words[i] == "oversize_length":
			t.Oversize = uint64(n.N)
		default:
			t.Offset, t.HasOffset, t.Relative = n.N, true, words[i] == "relative_offset"
		}
		i++
	}
	g := b.here()
	g.Tests = append(g.Tests, t)
	return nil
}
