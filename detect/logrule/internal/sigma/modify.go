package sigma

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// kind is what a value in a detection is.
type kind uint8

const (
	textKind kind = iota
	numberKind
	boolKind
	nullKind
)

// value is what a field is compared with.
type value struct {
	kind kind
	text string  // as it is written
	like Pattern // of a text or a number
}

// item is a field with its modifiers and values, on its way to tests.
type item struct {
	field  string
	how    How
	part   Part
	cased  bool
	all    bool
	not    bool
	regexp string     // flags, once it is one
	values [][]*value // for each value that is given its forms, of which one is enough
}

// placeholders gives values for what stands between percent signs.
type placeholders map[string][]string

// modify applies the modifiers of a key to its values.
func modify(it *item, modifiers []string, known placeholders) error {
	for _, m := range modifiers {
		if err := it.modify(m, known); err != nil {
			return err
		}
	}
	return nil
}

var (
	parts = map[string]Part{"minute": Minute, "hour": Hour, "day": Day, "week": Week, "month": Month, "year": Year}
	than  = map[string]How{"lt": Less, "lte": LessOrEqual, "gt": Greater, "gte": GreaterOrEqual}
)

func (it *item) modify(m string, known placeholders) error {
	if p, ok := parts[m]; ok {
		it.part, it.how = p, Same
		return nil
	}
	if h, ok := than[m]; ok {
		it.how = h
		return nil
	}
	switch m {
	case "all":
		it.all = true
	case "cased":
		it.cased = true
	case "neq":
		it.not = true
	case "contains", "startswith", "endswith":
		return it.place(m)
	case "exists":
		it.how = Present
	case "fieldref":
		return it.refer()
	case "cidr":
		it.how = Within
	case "re":
		it.how, it.cased = Search, true
	case "i", "m", "s":
		if it.how != Search {
			return fmt.Errorf("|%s is for |re", m)
		}
		it.regexp += m
	case "windash":
		return it.forms(windash)
	case "wide", "utf16le":
		return it.plain(func(s string) []string { return []string{wide(s, binary.LittleEndian)} })
	case "utf16be":
		return it.plain(func(s string) []string { return []string{wide(s, binary.BigEndian)} })
	case "utf16":
		return it.plain(func(s string) []string { return []string{"\xff\xfe" + wide(s, binary.LittleEndian)} })
	case "base64":
		return it.plain(func(s string) []string { return []string{base64.StdEncoding.EncodeToString([]byte(s))} })
	case "base64offset":
		return it.plain(base64Offsets)
	case "expand":
		return it.expanded(known)
	default:
		return fmt.Errorf("there is no modifier %q", m)
	}
	return nil
}

// place puts wildcards around the values, or says where a reference is looked for.
func (it *item) place(m string) error {
	switch it.how {
	case Equal:
		it.how = map[string]How{"contains": Includes, "startswith": Begins, "endswith": Ends}[m]
		return nil
	case Search:
		return nil // it is looked for anywhere
	case Like:
	default:
		return fmt.Errorf("|%s is for texts", m)
	}
	return it.forms(func(v *value) []*value {
		return []*value{{v.kind, v.text, v.like.between(m != "startswith", m != "endswith")}}
	})
}

func (it *item) refer() error {
	it.how = Equal
	for _, forms := range it.values {
		for _, v := range forms {
			if v.kind != textKind || v.text == "" {
				return errors.New("|fieldref asks for the name of a field")
			}
		}
	}
	return nil
}

// forms replaces each form of each value by others.
func (it *item) forms(fn func(*value) []*value) error {
	for k, forms := range it.values {
		var out []*value
		for _, v := range forms {
			out = append(out, fn(v)...)
		}
		if len(out) > maxForms {
			return fmt.Errorf("one value has more than %d forms", maxForms)
		}
		it.values[k] = out
	}
	return nil
}

const maxForms = 4096

// plain replaces texts by others; wildcards in them have no meaning that could be encoded.
func (it *item) plain(fn func(string) []string) error {
	for _, forms := range it.values {
		for _, v := range forms {
			if _, ok := v.like.Plain(); !ok {
				return fmt.Errorf("%q has wildcards, which cannot be encoded", v.text)
			}
		}
	}
	return it.forms(func(v *value) (out []*value) {
		s, _ := v.like.Plain()
		for _, t := range fn(s) {
			out = append(out, &value{textKind, t, Literal(t)})
		}
		return out
	})
}

func wide(s string, order binary.AppendByteOrder) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = order.AppendUint16(out, u)
	}
	return string(out)
}

// base64Offsets are the characters that s always becomes in base64, for each of the three places where it may begin.
func base64Offsets(s string) (out []string) {
	for shift := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + s))
		text = text[[...]int{0, 2, 3}[shift]:]
		if drop := [...]int{0, 3, 2}[(len(s)+shift)%3]; drop < len(text) {
			out = append(out, text[:len(text)-drop])
		}
	}
	return out
}

// dashes are what Windows programs take for the sign before an option.
var dashes = [...]string{"-", "/", "–", "—", "―"}

var option = regexp.MustCompile(`\B[-/–—―]\b`)

// windash is a value with each dash before an option replaced by each that means the same.
func windash(v *value) []*value {
	out := []Pattern{nil}
	for _, piece := range v.like {
		if piece.Wild != Text {
			for k := range out {
				out[k] = append(out[k], piece)
			}
			continue
		}
		for k, text := range cutDashes(piece.Text) {
			if k%2 == 0 {
				for j := range out {
					out[j] = out[j].add(text)
				}
				continue
			}
			if len(out) > maxForms {
				break
			}
			var more []Pattern
			for _, p := range out {
				for _, d := range dashes {
					more = append(more, slices.Clone(p).add(d))
				}
			}
			out = more
		}
	}
	all := make([]*value, len(out))
	for k, p := range out {
		all[k] = &value{v.kind, v.text, p}
	}
	return all
}

// cutDashes is a text in turn without dashes and a dash.
func cutDashes(s string) (out []string) {
	from := 0
	for _, at := range option.FindAllStringIndex(s, -1) {
		out = append(out, s[from:at[0]], s[at[0]:at[1]])
		from = at[1]
	}
	return append(out, s[from:])
}

// add is p with a text behind it.
func (p Pattern) add(text string) Pattern {
	if text == "" {
		return p
	}
	if n := len(p); n > 0 && p[n-1].Wild == Text {
		out := slices.Clone(p)
		out[n-1].Text += text
		return out
	}
	return append(p, Piece{Text, text})
}

// errWaits is that of a rule for which values have to be given first.
var errWaits = errors.New("asks for values that are yours to give")

var placeholder = regexp.MustCompile(`%[A-Za-z0-9_.-]+%`)

// expanded puts the values of placeholders in their place.
func (it *item) expanded(known placeholders) error {
	for k, forms := range it.values {
		var out []*value
		for _, v := range forms {
			name := placeholder.FindString(v.text)
			if name == "" {
				out = append(out, v)
				continue
			}
			words, ok := known[strings.Trim(name, "%")]
			if !ok {
				return fmt.Errorf("%s %w", name, errWaits)
			}
			for _, w := range words {
				text := strings.ReplaceAll(v.text, name, plainly.Replace(w))
				out = append(out, &value{textKind, text, ParsePattern(text).around(v.like)})
			}
		}
		it.values[k] = out
	}
	return nil
}

// around is p with the wildcards at its ends that another has.
func (p Pattern) around(like Pattern) Pattern {
	return p.between(len(like) > 0 && like[0].Wild == Any, len(like) > 0 && like[len(like)-1].Wild == Any)
}

// node is the tests of an item.
func (it *item) node() (*Node, error) {
	out := &Node{Op: Or, Of: make([]*Node, 0, len(it.values))}
	if it.all {
		out.Op = And
	}
	for _, forms := range it.values {
		one := &Node{Op: Or, Of: make([]*Node, 0, len(forms))}
		for _, v := range forms {
			t, err := it.test(v)
			if err != nil {
				return nil, err
			}
			one.Of = append(one.Of, &Node{Test: t})
		}
		out.Of = append(out.Of, single(one))
	}
	out = single(out)
	if it.not {
		out = &Node{Op: Not, Of: []*Node{out}}
	}
	return out, nil
}

// single is the only part of a node of one part.
func single(n *Node) *Node {
	if len(n.Of) == 1 && (n.Op == And || n.Op == Or) {
		return n.Of[0]
	}
	return n
}

func (it *item) test(v *value) (*Test, error) {
	t := &Test{Field: it.field, How: it.how, Cased: it.cased, Part: it.part}
	var err error
	switch it.how {
	case Like:
		if v.kind == nullKind {
			t.How = Null
			return t, nil
		}
		t.Pattern = v.like
		if it.field == "" {
			t.Pattern = v.like.between(true, true)
		}
		if !t.Cased {
			t.Pattern = t.Pattern.each(strings.ToLower)
		}
	case Search:
		source := v.text
		if it.regexp != "" {
			source = "(?" + it.regexp + ")" + source
		}
		t.Regexp, err = regexp.Compile(source)
	case Within:
		var net netip.Prefix
		net, err = prefix(v.text)
		t.Net = &net
	case Less, LessOrEqual, Greater, GreaterOrEqual, Same:
		t.Number, err = strconv.ParseFloat(v.text, 64)
		if err != nil {
			err = fmt.Errorf("%q is no number", v.text)
		}
	case Present:
		if v.kind != boolKind {
			return nil, errors.New("|exists asks for true or false")
		}
		if strings.EqualFold(v.text, "false") {
			t.How = Absent
		}
	default:
		t.Other = v.text
	}
	return t, err
}

// prefix reads a network, or an address as one of its own.
func prefix(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("%q is no network", s)
		}
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("%q is no network", s)
	}
	return p.Masked(), nil
}
