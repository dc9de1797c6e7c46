package evtx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Tokens of binary XML (MS-EVEN6 §2.2.12). The bit 0x40 says that more follow.
const (
	tokenEnd        = 0x00
	tokenOpen       = 0x01
	tokenCloseStart = 0x02
	tokenCloseEmpty = 0x03
	tokenEndElement = 0x04
	tokenValue      = 0x05
	tokenAttribute  = 0x06
	tokenCDATA      = 0x07
	tokenCharRef    = 0x08
	tokenEntityRef  = 0x09
	tokenPITarget   = 0x0a
	tokenPIData     = 0x0b
	tokenTemplate   = 0x0c
	tokenNormal     = 0x0d
	tokenOptional   = 0x0e
	tokenFragment   = 0x0f
	more            = 0x40
)

// Bounds: a real event stays far below them.
const (
	maxDepth  = 32
	maxValues = 4096
	maxParts  = 20_000 // of one event
)

// chunk is 64 KiB of a file, in which names and templates are shared.
type chunk struct {
	b         []byte
	names     map[uint32]string
	templates map[uint32]*template
}

func newChunk(b []byte) *chunk {
	return &chunk{b: b, names: map[uint32]string{}, templates: map[uint32]*template{}}
}

// template is XML in which some values are missing. What has no such is a template of which nothing is missing.
type template struct {
	roots []*node
	end   int // where its definition ends
}

// node is an element of a template.
type node struct {
	name       string
	attributes []attribute
	parts      []part
}

type attribute struct {
	name  string
	parts []part
}

// part is a piece of an element or an attribute: a child, a value that is there, or one that is put in.
type part struct {
	child   *node
	value   Value
	index   int // of the value that is put in, when it is one
	isIndex bool
	nested  []*Element
}

// parser reads binary XML between two places of a chunk.
type parser struct {
	c       *chunk
	at, end int
	parts   int // that were read
}

func (p *parser) take(n int) ([]byte, error) {
	if n < 0 || n > p.end-p.at {
		return nil, errCut
	}
	p.at += n
	return p.c.b[p.at-n : p.at], nil
}

func (p *parser) u8() (byte, error) {
	b, err := p.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (p *parser) u16() (int, error) {
	b, err := p.take(2)
	if err != nil {
		return 0, err
	}
	return int(binary.LittleEndian.Uint16(b)), nil
}

func (p *parser) u32() (uint32, error) {
	b, err := p.take(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

// fragment reads what an event, or a value of type binary XML, is made of.
func (p *parser) fragment(depth int) ([]*Element, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	t := &template{}
	var out []*Element
	for p.at < p.end {
		switch p.c.b[p.at] {
		case tokenEnd:
			p.at++
			p.at = p.end // what follows pads
		case tokenFragment:
			if _, err := p.take(4); err != nil {
				return nil, err
			}
		case tokenTemplate, tokenTemplate | more:
			all, err := p.instance(depth)
			if err != nil {
				return nil, err
			}
			out = append(out, all...)
		case tokenOpen, tokenOpen | more:
			n, err := p.element(depth)
			if err != nil {
				return nil, err
			}
			t.roots = append(t.roots, n)
		default:
			return nil, fmt.Errorf("byte %d is token %#x, which begins nothing", p.at, p.c.b[p.at])
		}
	}
	return fill(t, nil, out)
}

// fill is the elements of a template behind others, with the values that are put in. A few bytes may ask for endlessly many.
func fill(t *template, values []part, out []*Element) ([]*Element, error) {
	for _, n := range t.roots {
		e := n.fill(values)
		if e.size > maxParts {
			return nil, fmt.Errorf("it has more than %d elements", maxParts)
		}
		out = append(out, e)
	}
	return out, nil
}

// instance reads a template with the values that are put into it.
func (p *parser) instance(depth int) ([]*Element, error) {
	if _, err := p.take(2); err != nil { // the token, and a byte that is always 1
		return nil, err
	}
	if _, err := p.u32(); err != nil { // a number of the template, which its definition repeats
		return nil, err
	}
	at, err := p.u32()
	if err != nil {
		return nil, err
	}
	t, err := p.c.template(at)
	if err != nil {
		return nil, err
	}
	if int(at) == p.at { // it is defined here
		p.at = t.end
	}
	values, err := p.values(depth)
	if err != nil {
		return nil, err
	}
	return fill(t, values, nil)
}

// values reads what is put into a template.
func (p *parser) values(depth int) ([]part, error) {
	n, err := p.u32()
	if err != nil || n > maxValues {
		return nil, errors.Join(err, fmt.Errorf("%d values", n))
	}
	heads, err := p.take(4 * int(n))
	if err != nil {
		return nil, err
	}
	out := make([]part, n)
	for k := range out {
		size, t := int(binary.LittleEndian.Uint16(heads[4*k:])), Type(heads[4*k+2])
		b, err := p.take(size)
		if err != nil {
			return nil, err
		}
		if t == binXML {
			inner := &parser{c: p.c, at: p.at - size, end: p.at, parts: p.parts}
			if out[k].nested, err = inner.fragment(depth + 1); err != nil {
				return nil, err
			}
			continue
		}
		if out[k].value, err = valueOf(t, b); err != nil {
			return nil, fmt.Errorf("value %d of type %#x: %w", k, uint8(t), err)
		}
	}
	return out, nil
}

// template is the one whose definition stands at a place of the chunk.
func (c *chunk) template(at uint32) (*template, error) {
	if t := c.templates[at]; t != nil {
		return t, nil
	}
	if int64(at)+24 > int64(len(c.b)) {
		return nil, errCut
	}
	size := int64(binary.LittleEndian.Uint32(c.b[at+20:]))
	from := int64(at) + 24
	if from+size > int64(len(c.b)) {
		return nil, errCut
	}
	t := &template{end: int(from + size)}
	p := &parser{c: c, at: int(from), end: t.end}
	for p.at < p.end {
		switch p.c.b[p.at] {
		case tokenEnd:
			p.at = p.end
		case tokenFragment:
			if _, err := p.take(4); err != nil {
				return nil, err
			}
		case tokenOpen, tokenOpen | more:
			n, err := p.element(0)
			if err != nil {
				return nil, err
			}
			t.roots = append(t.roots, n)
		default:
			return nil, fmt.Errorf("a template has token %#x where an element begins", p.c.b[p.at])
		}
	}
	c.templates[at] = t
	return t, nil
}

// name reads where a name stands, and the name where it stands here.
func (p *parser) name() (string, error) {
	at, err := p.u32()
	if err != nil {
		return "", err
	}
	here := int(at) == p.at
	if s, ok := p.c.names[at]; ok && !here {
		return s, nil
	}
	b := p.c.b // where the next name stands, 4 bytes; a hash, 2; the count of letters, 2; the letters; a NUL
	if int64(at)+8 > int64(len(b)) {
		return "", errCut
	}
	n := 2 * int(binary.LittleEndian.Uint16(b[at+6:]))
	if int(at)+8+n > len(b) {
		return "", errCut
	}
	s := utf16Text(b[at+8 : int(at)+8+n])
	p.c.names[at] = s
	if here {
		_, err = p.take(8 + n + 2)
	}
	return s, err
}

// element reads an element from its token on.
func (p *parser) element(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	token, err := p.u8()
	if err != nil {
		return nil, err
	}
	if _, err := p.take(2 + 4); err != nil { // what it depends on, and its length, which its tokens tell as well
		return nil, err
	}
	n := &node{}
	if n.name, err = p.name(); err != nil {
		return nil, err
	}
	if token&more != 0 {
		if _, err := p.u32(); err != nil { // length of the attributes
			return nil, err
		}
		if err := p.attributes(n); err != nil {
			return nil, err
		}
	}
	closing, err := p.u8()
	switch {
	case err != nil:
		return nil, err
	case closing == tokenCloseEmpty:
		return n, nil
	case closing != tokenCloseStart:
		return nil, fmt.Errorf("element %q is closed by token %#x", n.name, closing)
	}
	return n, p.content(n, depth)
}

func (p *parser) attributes(n *node) error {
	for p.at < p.end && p.c.b[p.at]&^more == tokenAttribute {
		p.at++
		name, err := p.name()
		if err != nil {
			return err
		}
		a := attribute{name: name}
		for p.at < p.end && p.begins() {
			x, err := p.part()
			if err != nil {
				return err
			}
			a.parts = append(a.parts, x)
		}
		n.attributes = append(n.attributes, a)
	}
	return nil
}

// begins reports whether a value begins here.
func (p *parser) begins() bool {
	switch p.c.b[p.at] &^ more {
	case tokenValue, tokenCharRef, tokenEntityRef, tokenNormal, tokenOptional, tokenCDATA:
		return true
	}
	return false
}

func (p *parser) content(n *node, depth int) error {
	for {
		if p.at >= p.end {
			return errCut
		}
		switch token := p.c.b[p.at] &^ more; {
		case token == tokenEndElement:
			p.at++
			return nil
		case token == tokenOpen:
			child, err := p.element(depth + 1)
			if err != nil {
				return err
			}
			n.parts = append(n.parts, part{child: child})
		case token == tokenPITarget:
			p.at++
			if _, err := p.name(); err != nil {
				return err
			}
		case token == tokenPIData:
			p.at++
			if _, err := p.text(); err != nil {
				return err
			}
		case p.begins():
			x, err := p.part()
			if err != nil {
				return err
			}
			n.parts = append(n.parts, x)
		default:
			return fmt.Errorf("element %q has token %#x in it", n.name, p.c.b[p.at])
		}
	}
}

func (p *parser) text() (string, error) {
	n, err := p.u16()
	if err != nil {
		return "", err
	}
	b, err := p.take(2 * n)
	return utf16Text(b), err
}

// part reads a value, or where one is put in.
func (p *parser) part() (x part, err error) {
	if p.parts++; p.parts > maxParts {
		return x, fmt.Errorf("it has more than %d parts", maxParts)
	}
	token, err := p.u8()
	if err != nil {
		return x, err
	}
	switch token &^ more {
	case tokenValue:
		t, err := p.u8()
		if err != nil {
			return x, err
		}
		if Type(t) != String {
			return x, fmt.Errorf("a value of type %#x stands in a template", t)
		}
		x.value.Type = String
		x.value.Text, err = p.text()
		return x, err
	case tokenCDATA:
		x.value.Type = String
		x.value.Text, err = p.text()
	case tokenCharRef:
		var c int
		c, err = p.u16()
		x.value = Value{Type: String, Text: string(rune(c))}
	case tokenEntityRef:
		var name string
		name, err = p.name()
		x.value = Value{Type: String, Text: entity(name)}
	default:
		x.isIndex = true
		if x.index, err = p.u16(); err == nil {
			_, err = p.u8() // its type, which the value tells as well
		}
	}
	return x, err
}

// entity is what a name between & and ; stands for (XML 1.0 §4.6).
func entity(name string) string {
	return strings.NewReplacer("amp", "&", "lt", "<", "gt", ">", "quot", `"`, "apos", "'").Replace(name)
}

// fill makes an element of a template, with the values that are put in.
func (n *node) fill(values []part) *Element {
	e := &Element{Name: n.name, size: 1 + len(n.attributes) + len(n.parts)}
	for _, a := range n.attributes {
		var parts []Value
		for _, x := range a.parts {
			if v := x.resolved(values); v.nested == nil && (v.value.Type != Null) {
				parts = append(parts, v.value)
			}
		}
		if len(parts) > 0 {
			e.Attributes = append(e.Attributes, Attribute{a.name, joined(parts)})
		}
	}
	for _, x := range n.parts {
		switch v := x.resolved(values); {
		case v.child != nil:
			child := v.child.fill(values)
			e.size += child.size
			e.Children = append(e.Children, child)
		case v.nested != nil:
			e.Children = append(e.Children, v.nested...)
			for _, child := range v.nested {
				e.size += child.size
			}
		case v.value.Type != Null || v.value.Array():
			e.Values = append(e.Values, v.value)
		}
	}
	return e
}

// resolved is the part itself, or what is put in for it: nothing where there is no such value.
func (x part) resolved(values []part) part {
	if !x.isIndex {
		return x
	}
	if x.index >= len(values) {
		return part{}
	}
	return values[x.index]
}

// maxText is how much text of several pieces is put together, bytes; what is beyond is left out.
const maxText = 1 << 20

// joined is one value of several: their texts one behind the other.
func joined(parts []Value) Value {
	if len(parts) == 1 {
		return parts[0]
	}
	var text strings.Builder
	for _, p := range parts {
		if text.Len()+len(p.Text) <= maxText {
			text.WriteString(p.Text)
		}
	}
	return Value{Type: String, Text: text.String()}
}

// Text is the text of an element.
func (e *Element) Text() string { return joined(e.Values).Text }
