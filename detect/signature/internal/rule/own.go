package rule

import (
	"strings"

	"bulwark/detect/signature/internal/field"
)

// manner is how a text must be in a field.
type manner uint8

const (
	inside    manner = iota // somewhere in it
	exactly                 // all of it
	folded                  // somewhere in it, letters of either case
	extension               // behind a point at its end, letters of either case
)

// valued is a keyword whose text must be in a field.
func valued(name string, m manner) func(*builder, value) error {
	return func(b *builder, v value) error {
		f := field.Lookup(name)
		if err := b.speaks(f.App); err != nil {
			return err
		}
		w, not, err := v.unquoted()
		if err != nil {
			return err
		}
		c := &Content{Not: not, Pos: b.line.pos(b.at)}
		if c.Bytes, err = patternBytes(w); err != nil {
			return err
		}
		switch m {
		case exactly:
			c.StartsWith, c.AtEnd = true, true
		case folded:
			c.Fold = true
		case extension:
			c.Bytes, c.Fold, c.AtEnd = append([]byte{'.'}, c.Bytes...), true, true
		}
		if strings.HasPrefix(b.option, "file") {
			b.sticky = nil
		}
		b.take(b.of(f), c)
		return nil
	}
}

// ask adds a keyword with a syntax of its own to its field.
func (b *builder) ask(name string, o *Own) error {
	f := field.Lookup(name)
	if err := b.speaks(f.App); err != nil {
		return err
	}
	o.Name = b.option
	g := b.of(f)
	g.Tests = append(g.Tests, o)
	return nil
}

// mark is a keyword without a value that is asked of a field.
func mark(name string) func(*builder, value) error {
	return func(b *builder, _ value) error { return b.ask(name, &Own{}) }
}

// own is a keyword with words behind it; bars may separate them.
func own(name string, bars bool) func(*builder, value) error {
	return func(b *builder, v value) error {
		w, not, err := v.unquoted()
		if err != nil {
			return err
		}
		sep := byte(',')
		if bars {
			sep = '|'
		}
		o := &Own{Not: not, Text: w.text}
		for _, p := range w.split(sep, -1) {
			if p.text == "" {
				return faultf(p.at, "%s: a word is missing", b.option)
			}
			o.Words = append(o.Words, p.text)
		}
		if bars {
			if err := b.known(o.Words, w, "client_hello", "server_hello", "client_keyx", "server_keyx", "unknown"); err != nil {
				return err
			}
		}
		return b.ask(name, o)
	}
}

// known checks words against those that a keyword knows; a negation may stand before one.
func (b *builder) known(words []string, v value, all ...string) error {
	for _, w := range words {
		ok := false
		for _, k := range all {
			ok = ok || strings.EqualFold(strings.TrimPrefix(w, "!"), k)
		}
		if !ok {
			return faultf(v.at, "%s knows no %q", b.option, cutWord(w))
		}
	}
	return nil
}

// sslVersion reads versions with commas between them: all negated, or none.
func (b *builder) sslVersion(v value) error {
	w, not, err := v.unquoted()
	if err != nil {
		return err
	}
	o := &Own{Not: not, Text: v.text}
	for i, p := range w.split(',', -1) {
		negated := strings.HasPrefix(p.text, "!")
		if negated {
			p = p.skip(1)
		}
		if i == 0 {
			negated = negated || not
			o.Not = negated
		}
		if negated != o.Not {
			return faultf(p.at, "ssl_version: either all versions are negated, or none")
		}
		n, ok := field.TLSVersions()[strings.ToLower(p.text)]
		if !ok {
			return faultf(p.at, "ssl_version knows no %q", cutWord(p.text))
		}
		o.Words = append(o.Words, p.text)
		o.Numbers = append(o.Numbers, Number{A: n})
	}
	return b.ask("ssl_version", o)
}

// validity reads a time (YEAR[-MONTH[-DAY[THH[:MM[:SS]]]]]), < or > before it, or two with <> between them.
func (b *builder) validity(v value) error {
	w, _, err := v.unquoted()
	if err != nil {
		return err
	}
	o := &Own{Text: w.text}
	switch {
	case strings.HasPrefix(w.text, "<") && !strings.HasPrefix(w.text, "<>"):
		o.Words = []string{"<", w.skip(1).text}
	case strings.HasPrefix(w.text, ">"):
		o.Words = []string{">", w.skip(1).text}
	case strings.Contains(w.text, "<>"):
		first, last, _ := strings.Cut(w.text, "<>")
		o.Words = []string{"<>", strings.TrimSpace(first), strings.TrimSpace(last)}
	default:
		o.Words = []string{"=", w.text}
	}
	for _, t := range o.Words[1:] {
		if !isTime(t) {
			return faultf(w.at, "%s: %q is no time (2025-12-31T23:59:59, or its beginning)", b.option, cutWord(t))
		}
	}
	return b.ask(strings.Replace(b.option, "tls_", "tls.", 1), o)
}

// isTime reports whether s is the beginning of a time, from a year on.
func isTime(s string) bool {
	const form = "0000-00-00T00:00:00"
	s = strings.Replace(s, " ", "T", 1)
	switch len(s) {
	case 4, 7, 10, 13, 16, 19:
	default:
		return false
	}
	for i := range s {
		digit := s[i] >= '0' && s[i] <= '9'
		if digit != (form[i] == '0') || !digit && s[i] != form[i] {
			return false
		}
	}
	return true
}

// dceIface reads UUID[,COMPARISON][,any_frag][,preack].
func (b *builder) dceIface(v value) error {
	parts := v.split(',', -1)
	if !isUUID(parts[0].text) {
		return faultf(v.at, "%s: %q is no UUID", b.option, cutWord(parts[0].text))
	}
	o := &Own{Text: v.text, Words: []string{strings.ToLower(parts[0].text)}}
	for _, p := range parts[1:] {
		switch {
		case p.text == "any_frag" || p.text == "preack":
			o.Words = append(o.Words, p.text)
		case p.text != "" && strings.ContainsRune("<>!=", rune(p.text[0])) && len(o.Numbers) == 0:
			n, err := b.number(p, 16, nil)
			if err != nil {
				return err
			}
			o.Numbers = append(o.Numbers, n)
		default:
			return faultf(p.at, "%s knows no %q", b.option, cutWord(p.text))
		}
	}
	return b.ask("dcerpc.iface", o)
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range s {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (s[i] == '-') || !dash && hexDigit(s[i]) < 0 {
			return false
		}
	}
	return true
}

// dceOpnum reads numbers and ranges, both ends within, with commas between them; or one comparison.
func (b *builder) dceOpnum(v value) error {
	o := &Own{Text: v.text}
	for _, p := range v.split(',', -1) {
		n, err := b.inclusive(p, 16, nil)
		if err != nil {
			return err
		}
		o.Numbers = append(o.Numbers, n)
	}
	return b.ask("dcerpc.opnum", o)
}

// inclusive reads what is asked of a number where the ends of a range are within it.
func (b *builder) inclusive(v value, bits int, names map[string]uint64) (Number, error) {
	n, err := b.number(v, bits, names)
	if n.Op == Between {
		n.Op = Within
	}
	return n, err
}

// ticketEncryption reads weak, or types of encryption with commas or spaces between them.
func (b *builder) ticketEncryption(v value) error {
	w, not, err := v.unquoted()
	if err != nil {
		return err
	}
	o := &Own{Not: not, Text: v.text}
	for _, word := range strings.FieldsFunc(w.text, func(r rune) bool { return r == ',' || r == ' ' }) {
		o.Words = append(o.Words, word)
		if word == "weak" {
			continue
		}
		n, err := b.constant(value{text: word, at: w.at}, 32, field.KerberosCiphers())
		if err != nil {
			return err
		}
		o.Numbers = append(o.Numbers, Number{A: n})
	}
	return b.ask("krb5.ticket_encryption", o)
}

// dnp3Ind is dnp3.ind as it was before Suricata 8: of several names one must be set.
func (b *builder) dnp3Ind(v value) error {
	if v.text != "" && !strings.ContainsAny(v.text, "!+*-=&<>") && strings.Contains(v.text, ",") {
		v.text = "*" + v.text
		v.at--
	}
	return b.integer(field.Lookup("dnp3.ind"), v)
}

// dnp3Obj reads GROUP,VARIATION.
func (b *builder) dnp3Obj(v value) error {
	parts := v.split(',', -1)
	if len(parts) != 2 {
		return faultf(v.at, "%s is a group and a variation with a comma between", b.option)
	}
	o := &Own{Text: v.text}
	for _, p := range parts {
		n, err := b.unsigned(p, 8)
		if err != nil {
			return err
		}
		o.Numbers = append(o.Numbers, Number{A: n})
	}
	return b.ask("dnp3.obj", o)
}

// cipService reads SERVICE[,CLASS[,ATTRIBUTE]]; a negation before the attribute.
func (b *builder) cipService(v value) error {
	parts := v.split(',', -1)
	if len(parts) > 3 {
		return faultf(v.at, "cip_service is a service, a class and an attribute")
	}
	o := &Own{Text: v.text}
	for i, p := range parts {
		op := Equal
		if i == 2 && strings.HasPrefix(p.text, "!") {
			op, p = NotEqual, p.skip(1)
		}
		n, err := b.unsigned(p, []int{8, 16, 16}[i])
		if err != nil {
			return err
		}
		o.Numbers = append(o.Numbers, Number{Op: op, A: n})
	}
	return b.ask("cip_service", o)
}

// chosenSA reads NAME=NUMBER.
func (b *builder) chosenSA(v value) error {
	name, number, ok := strings.Cut(v.text, "=")
	if !ok {
		return faultf(v.at, "%s is an attribute and its value with = between", b.option)
	}
	name = strings.TrimSpace(name)
	if err := b.known([]string{name}, v, "alg_enc", "alg_hash", "alg_auth", "alg_dh", "alg_prf", "sa_group_type", "sa_life_type",
		"sa_life_duration", "sa_key_length", "sa_field_size"); err != nil {
		return err
	}
	n, err := b.unsigned(value{text: strings.TrimSpace(number), at: v.at}, 32)
	if err != nil {
		return err
	}
	return b.ask("ike.chosen_sa_attribute", &Own{Text: v.text, Words: []string{name}, Numbers: []Number{{A: n}}})
}

// nfsProcedure reads a number, a range with both ends within, or the name of a procedure, whose number depends on the
// version of NFS.
func (b *builder) nfsProcedure(v value) error {
	w, not, err := v.unquoted()
	if err != nil {
		return err
	}
	o := &Own{Not: not, Text: w.text}
	if w.text != "" && isNumber(w.text) {
		n, err := b.inclusive(w, 32, nil)
		if err != nil {
			return err
		}
		o.Numbers = []Number{n}
	} else if isName(w.text) {
		o.Words = []string{strings.ToLower(w.text)}
	} else {
		return faultf(w.at, "nfs_procedure: %q is no procedure", cutWord(w.text))
	}
	return b.ask("nfs_procedure", o)
}

// http2Setting reads NAME and what is asked of its value.
func (b *builder) http2Setting(v value) error {
	i := strings.IndexAny(v.text, "=<>!&")
	if i < 0 {
		i = len(v.text)
	}
	name := strings.ToLower(strings.TrimSpace(v.text[:i]))
	id, ok := field.HTTP2Settings()[name]
	if !ok {
		return faultf(v.at, "http2.settings knows no %q", cutWord(name))
	}
	o := &Own{Text: v.text, Words: []string{name}, Numbers: []Number{{A: id}}}
	if i < len(v.text) {
		n, err := b.number(v.skip(i), 32, nil)
		if err != nil {
			return err
		}
		o.Numbers = append(o.Numbers, n)
	}
	return b.ask("http2.settings", o)
}
