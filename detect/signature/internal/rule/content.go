package rule

import (
	"slices"
	"strconv"
	"strings"

	"bulwark/detect/signature/internal/field"
)

// maxContent is how long a content may be, in bytes (Suricata's is 255 before version 5, 65,535 since).
const maxContent = 65535

func (b *builder) content(v value) error {
	c, err := b.newContent(v)
	if err != nil {
		return err
	}
	b.take(b.here(), c)
	return nil
}

// uricontent is content that looks at the address, of Suricata 1 and Snort.
func (b *builder) uricontent(v value) error {
	if b.sticky != nil {
		return faultf(b.at, "uricontent cannot stand behind a sticky buffer (%s)", b.sticky.Field.Name)
	}
	if err := b.speaks("http"); err != nil {
		return err
	}
	c, err := b.newContent(v)
	if err != nil {
		return err
	}
	b.take(b.of(field.Lookup("http.uri")), c)
	return nil
}

// take adds a content, of which the modifiers that follow speak.
func (b *builder) take(g *group, c *Content) {
	b.add(g, c)
	b.last, b.lastIn = c, g
}

func (b *builder) newContent(v value) (*Content, error) {
	c := &Content{Pos: b.line.pos(b.at)}
	w, not, err := v.unquoted()
	if err != nil {
		return nil, err
	}
	c.Not = not
	c.Bytes, err = patternBytes(w)
	return c, err
}

// patternBytes reads the pattern of a content: |41 42| is hexadecimal; a backslash stands before ; : " and \.
func patternBytes(v value) ([]byte, error) {
	s := v.text
	out := make([]byte, 0, len(s))
	hex := false
	digit := -1 // the first of two
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '|':
			if digit >= 0 {
				return nil, faultf(v.at+i, "a byte in |...| has one digit only")
			}
			hex = !hex
		case hex && c == ' ':
		case hex:
			d := hexDigit(c)
			switch {
			case d < 0:
				return nil, faultf(v.at+i, "%q is no hexadecimal digit", c)
			case digit < 0:
				digit = d
			default:
				out = append(out, byte(digit<<4|d))
				digit = -1
			}
		case c == '\\':
			i++
			if i == len(s) || !strings.ContainsRune(`:;\"`, rune(s[i])) {
				return nil, faultf(v.at+i-1, `a backslash stands before : ; " or \ only`)
			}
			out = append(out, s[i])
		default:
			out = append(out, c)
		}
	}
	switch {
	case hex:
		return nil, faultf(v.at+len(s), "the hexadecimal part does not end with |")
	case len(out) == 0:
		return nil, faultf(v.at, "the content is empty")
	case len(out) > maxContent:
		return nil, faultf(v.at, "the content is longer than %d bytes", maxContent)
	}
	return out, nil
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// modified is the content that a modifier speaks of.
func (b *builder) modified() (*Content, error) {
	if b.last == nil {
		return nil, faultf(b.at, "%s has no content before it", b.option)
	}
	return b.last, nil
}

func (b *builder) nocase(value) error {
	c, err := b.modified()
	if err != nil {
		return err
	}
	if c.Fold {
		return faultf(b.at, "nocase is given twice for one content")
	}
	c.Fold = true
	return nil
}

func (b *builder) rawbytes(value) error {
	c, err := b.modified()
	if err != nil {
		return err
	}
	switch {
	case b.lastIn.Field != nil:
		return faultf(b.at, "rawbytes cannot be asked of %s", b.lastIn.Field.Name)
	case c.Raw:
		return faultf(b.at, "rawbytes is given twice for one content")
	}
	c.Raw = true
	return nil
}

// places are the modifiers that say where a content must be.
const (
	maxPlace    = 65535
	maxDistance = 1 << 20 // 1 MiB, as Suricata has it
)

func (b *builder) offset(v value) error {
	return b.place(v, func(c *Content) *Amount { return &c.Offset }, false)
}

func (b *builder) depth(v value) error {
	return b.place(v, func(c *Content) *Amount { return &c.Depth }, false)
}

func (b *builder) distance(v value) error {
	return b.place(v, func(c *Content) *Amount { return &c.Distance }, true)
}

func (b *builder) within(v value) error {
	return b.place(v, func(c *Content) *Amount { return &c.Within }, true)
}

// place reads offset, depth, distance or within.
func (b *builder) place(v value, of func(*Content) *Amount, relative bool) error {
	c, err := b.modified()
	if err != nil {
		return err
	}
	a := of(c)
	if a.Set {
		return faultf(b.at, "%s is given twice for one content", b.option)
	}
	if err := b.fits(c, relative); err != nil {
		return err
	}
	w, _, err := v.unquoted()
	if err != nil {
		return err
	}
	low, high := 0, maxPlace
	if relative {
		low, high = -maxDistance, maxDistance
	}
	if *a, err = b.amount(w, low, high); err != nil {
		return err
	}
	short := a.Name == "" && (b.option == "depth" || b.option == "within") && a.N < len(c.Bytes)
	if short {
		return faultf(w.at, "%s %d is less than the %d bytes of the content, which then can never be there", b.option, a.N, len(c.Bytes))
	}
	return nil
}

// fits checks that a place does not contradict one that was given before.
func (b *builder) fits(c *Content, relative bool) error {
	absolute := c.Offset.Set || c.Depth.Set
	related := c.Distance.Set || c.Within.Set
	switch {
	case relative && absolute || !relative && related:
		return faultf(b.at, "%s: a content cannot be placed both from the beginning (offset, depth) and from the match before it (distance, within)", b.option)
	case c.StartsWith:
		return faultf(b.at, "%s contradicts startswith of the same content", b.option)
	}
	return nil
}

// amount reads a number of low to high, or the name of a variable that is set before.
func (b *builder) amount(v value, low, high int) (Amount, error) {
	if v.text == "" {
		return Amount{}, faultf(v.at, "%s needs a number", b.option)
	}
	if c := v.text[0]; c == '-' || c == '+' || c >= '0' && c <= '9' {
		n, err := strconv.ParseInt(v.text, 0, 64)
		if err != nil {
			n, err = strconv.ParseInt(v.text, 10, 64)
		}
		if err != nil || n < int64(low) || n > int64(high) {
			return Amount{}, faultf(v.at, "%s: %q is no number of %d to %d", b.option, cutWord(v.text), low, high)
		}
		return Amount{Set: true, N: int(n)}, nil
	}
	if !b.names[v.text] {
		return Amount{}, faultf(v.at, "%s: no byte_extract or byte_math before it sets %q", b.option, cutWord(v.text))
	}
	return Amount{Set: true, Name: v.text}, nil
}

func (b *builder) startswith(value) error {
	c, err := b.modified()
	if err != nil {
		return err
	}
	switch {
	case c.StartsWith:
		return faultf(b.at, "startswith is given twice for one content")
	case c.Offset.Set || c.Depth.Set || c.Distance.Set || c.Within.Set:
		return faultf(b.at, "startswith cannot be mixed with offset, depth, distance or within")
	}
	c.StartsWith = true
	return nil
}

func (b *builder) endswith(value) error {
	c, err := b.modified()
	if err != nil {
		return err
	}
	if c.AtEnd {
		return faultf(b.at, "endswith is given twice for one content")
	}
	c.AtEnd = true
	return nil
}

func (b *builder) fastPattern(v value) error {
	c, err := b.modified()
	if err != nil {
		return err
	}
	for _, g := range b.buffers {
		for _, t := range g.Tests {
			if o, ok := t.(*Content); ok && o.Fast {
				return faultf(b.at, "fast_pattern is given twice")
			}
		}
	}
	if c.Not && (c.Offset.Set || c.Depth.Set || c.Distance.Set || c.Within.Set) {
		return faultf(b.at, "fast_pattern cannot be a negated content that is placed")
	}
	c.Fast = true
	switch {
	case v.text == "":
		return nil
	case v.text == "only":
		return b.fastOnly(c)
	}
	return b.chop(c, v)
}

func (b *builder) fastOnly(c *Content) error {
	if c.Not || c.Offset.Set || c.Depth.Set || c.Distance.Set || c.Within.Set {
		return faultf(b.at, "fast_pattern:only cannot be asked of a content that is negated or placed")
	}
	c.FastOnly = true
	return nil
}

// chop reads fast_pattern:FROM,SIZE.
func (b *builder) chop(c *Content, v value) error {
	parts := v.split(',', -1)
	if len(parts) != 2 {
		return faultf(v.at, "fast_pattern takes only, or where the part begins and how long it is, not %q", cutWord(v.text))
	}
	from, err := b.unsigned(parts[0], 16)
	if err != nil {
		return err
	}
	size, err := b.unsigned(parts[1], 16)
	if err != nil {
		return err
	}
	if size == 0 || from+size > uint64(len(c.Bytes)) {
		return faultf(v.at, "the content has no %d bytes from byte %d on", size, from)
	}
	c.ChopFrom, c.ChopSize = int(from), int(size)
	return nil
}

// moved is an older modifier, such as http_uri: the newest content that still looks at the payload looks at that field.
func (b *builder) moved(f *field.Field) error {
	if _, err := b.modified(); err != nil {
		return err
	}
	from, c := b.newestInPayload()
	switch {
	case c == nil:
		return faultf(b.at, "the content before %s already looks at %s", b.option, b.lastIn.Field.Name)
	case c.Raw:
		return faultf(b.at, "%s contradicts rawbytes of the same content", b.option)
	}
	if err := b.speaks(f.App); err != nil {
		return err
	}
	from.Tests = slices.DeleteFunc(from.Tests, func(t Test) bool { return t == Test(c) })
	if len(from.Tests) == 0 {
		b.buffers = slices.DeleteFunc(b.buffers, func(g *group) bool { return g == from })
	}
	b.take(b.of(f), c)
	return nil
}

// newestInPayload is the newest content that looks at the payload, and its group.
func (b *builder) newestInPayload() (*group, *Content) {
	for _, g := range b.buffers {
		if g.Field != nil {
			continue
		}
		for _, t := range slices.Backward(g.Tests) {
			if c, ok := t.(*Content); ok {
				return g, c
			}
		}
	}
	return nil, nil
}
