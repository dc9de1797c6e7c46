package rule

import (
	"slices"
	"strings"

	"bulwark/detect/signature/internal/field"
	"bulwark/wire"
)

// named is a keyword that is a field: a sticky buffer, an older modifier, or a number with what is asked of it.
func (b *builder) named(name string, v value) error {
	if t, ok := transforms[name]; ok {
		return b.transform(t, v)
	}
	f := field.Lookup(name)
	switch {
	case f == nil:
		return faultf(b.at, "unknown keyword %q", cutWord(name))
	case f.Kind == field.Integer:
		if !v.has || v.text == "" {
			return faultf(b.at, "%s needs a value", name)
		}
		return b.integer(f, v)
	case v.text == "to_client" || v.text == "to_server":
		return b.stickSide(f, v)
	case v.has && v.text != "":
		return faultf(v.at, "%s takes no value: it is a buffer for what follows", name)
	case slices.Contains(f.Old, name):
		return b.moved(f)
	}
	return b.stick(f)
}

// stickSide makes a field of one direction govern what follows, in a rule that looks at both.
func (b *builder) stickSide(f *field.Field, v value) error {
	dir := wire.ToServer
	if v.text == "to_client" {
		dir = wire.ToClient
	}
	if f.Dir != wire.Either && f.Dir != dir {
		return faultf(v.at, "%s is not said in this direction", f.Name)
	}
	if err := b.stick(f); err != nil {
		return err
	}
	b.sticky.Dir = dir
	return nil
}

// pktData makes the payload what follows looks at.
func (b *builder) pktData(value) error {
	err := b.closeSticky()
	b.sticky = nil
	return err
}

// base64Data makes the result of base64_decode what follows looks at.
func (b *builder) base64Data(value) error {
	if !b.decoded {
		return faultf(b.at, "base64_data has no base64_decode before it")
	}
	return b.stick(field.Lookup("base64_data"))
}

// transforms are the keywords that change a buffer, and whether they take a value.
var transforms = map[string]need{
	"dotprefix": never, "domain": never, "tld": never,
	"strip_whitespace": never, "compress_whitespace": never, "strip_pseudo_headers": never, "header_lowercase": never,
	"to_lowercase": never, "to_uppercase": never,
	"to_md5": never, "to_sha1": never, "to_sha256": never, "url_decode": never,
	"pcrexform": must, "xor": must, "from_base64": may, "base64_decode_transform": may, "subslice": must, "luaxform": must,
	"gunzip": may, "zlib_deflate": may,
}

func (b *builder) transform(n need, v value) error {
	if err := b.hasValue(n, v); err != nil {
		return err
	}
	if b.sticky == nil {
		return faultf(b.at, "%s has no buffer before it that it could change", b.option)
	}
	if b.sticky.listed { // what follows looks at the buffer as it is changed from here on
		old := b.sticky
		b.sticky = &group{Looked: Looked{Field: old.Field, Frame: old.Frame, Dir: old.Dir, Pos: b.line.pos(b.at)}}
	}
	w, not, err := v.unquoted()
	if err != nil || not {
		return cmpErr(err, v.at, "%s cannot be negated", b.option)
	}
	if err := b.checkTransform(w); err != nil {
		return err
	}
	if b.option == "pcrexform" && groups(w.text) == 0 {
		return faultf(v.at, "pcrexform needs a group that is what remains")
	}
	b.sticky.Transforms = append(b.sticky.Transforms, Transform{b.option, w.text})
	return nil
}

// checkTransform checks the value of a transform.
func (b *builder) checkTransform(v value) error {
	switch b.option {
	case "xor":
		return b.checkXOR(v)
	case "from_base64":
		return b.checkBase64(v)
	case "gunzip", "zlib_deflate":
		return b.checkUnpack(v)
	case "subslice":
		return b.checkSubslice(v)
	}
	return nil
}

// checkBase64 checks bytes N, offset N and mode M.
func (b *builder) checkBase64(v value) error {
	if v.text == "" {
		return nil
	}
	for _, p := range v.split(',', -1) {
		words := p.words()
		if len(words) != 2 {
			return faultf(p.at, "from_base64: a name and a value are wanted, not %q", cutWord(p.text))
		}
		var err error
		switch words[0].text {
		case "bytes", "offset":
			_, err = b.amount(words[1], 0, maxPlace)
		case "mode":
			err = b.known([]string{words[1].text}, words[1], "strict", "rfc4648", "rfc2045")
		default:
			err = faultf(p.at, "from_base64 knows no %q", cutWord(words[0].text))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkUnpack checks max-size N.
func (b *builder) checkUnpack(v value) error {
	if v.text == "" {
		return nil
	}
	rest, ok := strings.CutPrefix(v.text, "max-size ")
	if n, sized := scale(strings.TrimSpace(rest), 32); !ok || !sized || n == 0 {
		return faultf(v.at, "%s: max-size and a size are wanted, not %q", b.option, cutWord(v.text))
	}
	return nil
}

// checkSubslice checks OFFSET[,BYTES[,truncate]].
func (b *builder) checkSubslice(v value) error {
	parts := v.split(',', -1)
	if len(parts) > 3 || len(parts) == 3 && parts[2].text != "truncate" {
		return faultf(v.at, "subslice is an offset, a number of bytes and perhaps truncate, not %q", cutWord(v.text))
	}
	for _, p := range parts[:min(2, len(parts))] {
		if _, err := b.amount(p, -maxPlace, maxPlace); err != nil {
			return err
		}
	}
	return nil
}

// checkXOR checks that the key is hexadecimal.
func (b *builder) checkXOR(v value) error {
	if strings.Contains(v.text, "extract") || strings.Contains(v.text, " ") {
		return nil
	}
	key := strings.ReplaceAll(v.text, ",", "")
	if len(key)%2 != 0 {
		return faultf(v.at, "xor: the key has an odd number of digits")
	}
	for i := 0; i < len(key); i++ {
		if hexDigit(key[i]) < 0 {
			return faultf(v.at, "xor: %q is no hexadecimal digit", key[i])
		}
	}
	return nil
}

// bsize is a size of the buffer that governs.
func (b *builder) bsize(v value) error {
	if b.sticky == nil {
		return faultf(b.at, "bsize has no buffer before it")
	}
	n, err := b.number(v, 64, nil)
	if err != nil {
		return err
	}
	g := b.here()
	g.Tests = append(g.Tests, &Size{Number: n})
	return nil
}

// urilen is a size of the address: NUMBER[,norm|raw].
func (b *builder) urilen(v value) error {
	parts := v.split(',', 2)
	name := "http.uri"
	if len(parts) == 2 {
		switch parts[1].text {
		case "norm":
		case "raw":
			name = "http.uri.raw"
		default:
			return faultf(parts[1].at, "urilen is of norm or raw, not of %q", cutWord(parts[1].text))
		}
	}
	n, err := b.number(parts[0], 16, nil)
	if err != nil {
		return err
	}
	if err := b.speaks("http"); err != nil {
		return err
	}
	g := b.of(field.Lookup(name))
	g.Tests = append(g.Tests, &Size{Number: n})
	return nil
}

// absent asks that the buffer is not there.
func (b *builder) absent(v value) error {
	if b.sticky == nil {
		return faultf(b.at, "absent has no buffer before it")
	}
	or := v.text == "or_else"
	if v.text != "" && !or {
		return faultf(v.at, "absent knows no %q", cutWord(v.text))
	}
	if len(b.sticky.Tests) > 0 {
		return faultf(b.at, "absent stands directly behind its buffer")
	}
	g := b.here()
	g.Tests = append(g.Tests, &Absent{Or: or})
	return nil
}

// event reads the name of an anomaly.
func event(kind string) func(*builder, value) error {
	return func(b *builder, v value) error {
		w, not, err := v.unquoted()
		if err != nil {
			return err
		}
		if w.text == "" || strings.ContainsAny(w.text, " ,\t") {
			return faultf(w.at, "%s: %q is no name of an event", b.option, cutWord(w.text))
		}
		b.rule.Events = append(b.rule.Events, Event{Kind: kind, Name: w.text, Not: not})
		return nil
	}
}

// ignored is a keyword that has no effect here.
func (b *builder) ignored(v value) error {
	b.rule.Ignored = append(b.rule.Ignored, Pair{b.option, v.text})
	return nil
}

func (b *builder) prefilter(v value) error {
	if b.last == nil && len(b.rule.Tests) == 0 && len(b.buffers) == 0 && len(b.rule.Bits) == 0 {
		return faultf(b.at, "prefilter has no keyword before it")
	}
	b.rule.Prefilter = true
	return nil
}
