package match

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"bulwark/detect/signature/internal/multi"
	"bulwark/detect/signature/internal/rule"
)

// naive evaluates contents and isdataat as the guide describes them: there are places for all contents at once.
func naive(data []byte, tests []rule.Test, pos int) bool {
	if len(tests) == 0 {
		return true
	}
	rest := tests[1:]
	switch t := tests[0].(type) {
	case *rule.Size:
		return len(data) > int(t.A) && naive(data, rest, pos)
	case *rule.PCRE: // of letters alone
		c := &rule.Content{Bytes: []byte(t.Expr), Fold: t.Flags == "i", Not: t.Not}
		if t.Relative {
			c.Distance = n(0)
		}
		return naive(data, append([]rule.Test{c}, rest...), pos)
	case *rule.DataAt:
		there := t.At.N < len(data)
		if t.Relative {
			there = pos+t.At.N <= len(data)
		}
		return there != t.Not && naive(data, rest, pos)
	case *rule.Content:
		for at := range len(data) - len(t.Bytes) + 1 {
			if !stands(data, t, at, pos) {
				continue
			}
			if t.Not {
				return false
			}
			if naive(data, rest, at+len(t.Bytes)) {
				return true
			}
		}
		return t.Not && naive(data, rest, pos)
	}
	return false
}

// stands reports whether a content stands at a place where it may.
func stands(data []byte, t *rule.Content, at, pos int) bool {
	end := at + len(t.Bytes)
	same := bytes.Equal(data[at:end], t.Bytes)
	if t.Fold {
		same = strings.EqualFold(string(data[at:end]), string(t.Bytes))
	}
	switch {
	case !same,
		t.StartsWith && at != 0,
		t.AtEnd && end != len(data),
		t.Offset.Set && at < t.Offset.N,
		t.Depth.Set && end > t.Offset.N+t.Depth.N,
		t.Distance.Set && at < pos+t.Distance.N,
		(t.Distance.Set || t.Within.Set) && !t.Distance.Set && at < pos,
		t.Within.Set && end > pos+t.Distance.N+t.Within.N:
		return false
	}
	return true
}

// dice are bytes that decide.
type dice struct{ left []byte }

func (d *dice) roll(n int) int {
	if len(d.left) == 0 {
		return 0
	}
	v := int(d.left[0]) % n
	d.left = d.left[1:]
	return v
}

// invent makes a buffer and tests of it.
func invent(d *dice) ([]byte, []rule.Test) {
	const letters = "abAc"
	data := make([]byte, d.roll(24))
	for i := range data {
		data[i] = letters[d.roll(len(letters))]
	}
	var tests []rule.Test
	negated := false
	for range 1 + d.roll(5) {
		if d.roll(6) == 0 {
			// What counts from a content before a negated one that stands by itself is looked at once, as Suricata does.
			tests = append(tests, &rule.DataAt{At: n(d.roll(12)), Not: d.roll(2) == 0, Relative: !negated && d.roll(2) == 0})
			continue
		}
		if d.roll(9) == 0 {
			tests = append(tests, &rule.Size{Number: rule.Number{Op: rule.Greater, A: uint64(d.roll(12))}})
			continue
		}
		c := &rule.Content{Bytes: make([]byte, 1+d.roll(3)), Fold: d.roll(3) == 0, Not: d.roll(4) == 0, AtEnd: d.roll(9) == 0}
		for i := range c.Bytes {
			c.Bytes[i] = letters[d.roll(len(letters))]
		}
		if d.roll(7) == 0 && !negated {
			e := &rule.PCRE{Expr: string(c.Bytes), Not: c.Not, Relative: d.roll(2) == 0, Flags: []string{"", "i"}[d.roll(2)]}
			negated = e.Not && !e.Relative
			tests = append(tests, e)
			continue
		}
		switch kind := d.roll(5); {
		case kind == 0:
			c.StartsWith = true
		case kind == 1:
			c.Offset = n(d.roll(8))
			if d.roll(2) == 0 {
				c.Depth = n(len(c.Bytes) + d.roll(8))
			}
		case kind == 2 && !(negated && c.Not):
			c.Distance = n(d.roll(8) - 3)
		case kind == 3 && !negated:
			c.Distance, c.Within = n(d.roll(8)-3), n(len(c.Bytes)+d.roll(8))
		case kind == 4 && !negated:
			c.Within = n(len(c.Bytes) + d.roll(8))
		}
		negated = c.Not && !c.Distance.Set && !c.Within.Set
		tests = append(tests, c)
	}
	return data, tests
}

func describe(tests []rule.Test) string {
	var b strings.Builder
	for _, t := range tests {
		switch t := t.(type) {
		case *rule.Content:
			fmt.Fprintf(&b, "content:%v %q fold=%v offset=%v depth=%v distance=%v within=%v starts=%v ends=%v\n", t.Not, t.Bytes, t.Fold,
				t.Offset, t.Depth, t.Distance, t.Within, t.StartsWith, t.AtEnd)
		default:
			fmt.Fprintf(&b, "%T %+v\n", t, t)
		}
	}
	return b.String()
}

// agree compares a program with naive, and its candidates with what they promise.
func agree(t *testing.T, d *dice) {
	t.Helper()
	data, tests := invent(d)
	p, err := Compile(&rule.Looked{Tests: tests})
	if err != nil {
		t.Fatal(err)
	}
	var m Machine
	m.Begin()
	got, want := p.Match(&m, View{Data: data, Whole: true}), naive(data, tests, 0)
	if m.Exhausted > 0 {
		return
	}
	if got != want {
		t.Fatalf("got %v, want %v of %q:\n%s", got, want, data, describe(tests))
	}
	for _, c := range p.Fast() {
		if got && !sought(data, c) {
			t.Fatalf("got a match of %q without its candidate %+v:\n%s", data, c, describe(tests))
		}
	}
}

// sought reports whether a pattern stands within its bounds.
func sought(data []byte, p multi.Pattern) bool {
	c := &rule.Content{Bytes: p.Bytes, Fold: p.Fold, AtEnd: p.AtEnd}
	for at := range len(data) - len(p.Bytes) + 1 {
		if at >= p.From && (p.To == 0 || at+len(p.Bytes) <= p.To) && stands(data, c, at, 0) {
			return true
		}
	}
	return false
}

func TestAgreesWithTheNaiveEvaluator(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	roll := make([]byte, 128)
	for range 100_000 {
		for i := range roll {
			roll[i] = byte(r.Uint32())
		}
		agree(t, &dice{left: roll})
	}
}

func FuzzContents(f *testing.F) {
	f.Add([]byte("a program and its buffer are made of these bytes"))
	f.Add(bytes.Repeat([]byte{9, 1, 0, 2}, 30))
	f.Fuzz(func(t *testing.T, roll []byte) { agree(t, &dice{left: roll}) })
}

// FuzzNumbers reads numbers, decodes and transforms whatever is given: nothing may panic, or take more than its bound.
func FuzzNumbers(f *testing.F) {
	f.Add([]byte("\x01\x02\x03Zm9vYmFy"), []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	f.Add([]byte("0x12 077"), bytes.Repeat([]byte{7, 3}, 40))
	f.Fuzz(func(t *testing.T, data, roll []byte) {
		d := &dice{left: roll}
		ps, err := CompileAll([]rule.Looked{{Tests: inventNumbers(d), Transforms: inventChain(d)}, {Tests: inventNumbers(d)}})
		if err != nil {
			return
		}
		var m Machine
		m.Begin()
		for _, p := range ps {
			p.Match(&m, View{Data: data, Offset: uint64(d.roll(200)), Little: d.roll(2) == 0})
		}
		if len(m.work[0]) > len(data)+mostUnpacked {
			t.Fatalf("got a buffer of %d bytes out of %d", len(m.work[0]), len(data))
		}
	})
}

func inventNumbers(d *dice) []rule.Test {
	amount := func(spread int) rule.Amount {
		if d.roll(4) == 0 {
			return named("v")
		}
		return n(d.roll(spread) - spread/3)
	}
	read := func() rule.Bytes {
		return rule.Bytes{Count: amount(30), Offset: amount(20), Relative: d.roll(2) == 0, Little: d.roll(2) == 0, DCE: d.roll(3) == 0,
			Text: d.roll(2) == 0, Base: []int{0, 8, 10, 16}[d.roll(4)], BitMask: uint64(d.roll(255)), HasMask: d.roll(2) == 0,
			Multiplier: uint64(d.roll(5))}
	}
	tests := []rule.Test{&rule.ByteExtract{Bytes: rule.Bytes{Count: n(1 + d.roll(8))}, Name: "v"}}
	for range 1 + d.roll(5) {
		switch d.roll(8) {
		case 0:
			tests = append(tests, &rule.ByteTest{Bytes: read(), Op: rule.Op(d.roll(12)), Value: amount(300), Not: d.roll(2) == 0})
		case 1:
			tests = append(tests, &rule.ByteJump{Bytes: read(), Align: d.roll(2) == 0, FromBeginning: d.roll(3) == 0,
				FromEnd: d.roll(3) == 0, PostOffset: amount(40)})
		case 2:
			tests = append(tests, &rule.ByteMath{Bytes: read(), Operator: []string{"+", "-", "*", "/", "<<", ">>"}[d.roll(6)],
				Value: amount(70), Result: "v"})
		case 3:
			tests = append(tests, &rule.ASN1{Oversize: uint64(d.roll(9)), BitstringOverflow: true, DoubleOverflow: true,
				HasOffset: d.roll(2) == 0, Offset: d.roll(9) - 4, Relative: d.roll(2) == 0})
		case 4:
			tests = append(tests, &rule.DataAt{At: amount(20), Relative: d.roll(2) == 0, Not: d.roll(2) == 0})
		case 5:
			tests = append(tests, &rule.Content{Bytes: []byte{byte(d.roll(256))}, Within: amount(9), Distance: amount(9)})
		case 6:
			tests = append(tests, &rule.Content{Bytes: []byte{byte(d.roll(256))}, Offset: amount(9), Depth: amount(9)})
		case 7:
			tests = append(tests, &rule.Entropy{Offset: d.roll(9), Count: d.roll(9)})
		}
	}
	return tests
}

func inventChain(d *dice) []rule.Transform {
	names := []string{"dotprefix", "url_decode", "json_decode", "domain", "tld", "from_base64", "gunzip", "zlib_deflate",
		"strip_pseudo_headers", "header_lowercase", "compress_whitespace", "strip_whitespace", "to_md5"}
	var out []rule.Transform
	for range d.roll(4) {
		out = append(out, rule.Transform{Name: names[d.roll(len(names))]})
	}
	return out
}
