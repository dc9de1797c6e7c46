package rule

import (
	"fmt"
	"strings"

	"bulwark/wire"
)

// describe tells in one line what a rule looks at.
func describe(r *Rule) string {
	var parts []string
	for i := range r.Tests {
		t := &r.Tests[i]
		s := t.Name
		for _, n := range t.Numbers {
			s += " " + describeNumber(&n)
		}
		if len(t.Words) > 0 {
			s += fmt.Sprintf(" %v", t.Words)
		}
		if len(t.Options) > 0 {
			s += fmt.Sprintf(" %v", t.Options)
		}
		if t.Not {
			s = "not " + s
		}
		parts = append(parts, s)
	}
	for i := range r.Buffers {
		parts = append(parts, describeLooked(&r.Buffers[i]))
	}
	return strings.Join(parts, "; ")
}

func describeLooked(l *Looked) string {
	s := "payload"
	if l.Field != nil {
		s = l.Field.Name
		if l.Dir != l.Field.Dir {
			s += map[wire.Dir]string{wire.ToServer: ">", wire.ToClient: "<"}[l.Dir]
		}
	}
	if l.Frame != "" {
		s += ":" + l.Frame
	}
	for _, t := range l.Transforms {
		s += "|" + t.Name
		if t.Value != "" {
			s += ":" + t.Value
		}
	}
	if l.Pick != nil {
		s += fmt.Sprintf("#%d", l.Pick.Mode)
		if l.Pick.Mode == PickAt || l.Pick.Mode == PickAtOrBeyond {
			s += fmt.Sprintf("(%d)", l.Pick.At)
		}
		if l.Pick.Sliced {
			s += fmt.Sprintf("[%d:%d]", l.Pick.From, l.Pick.To)
		}
	}
	var tests []string
	for _, t := range l.Tests {
		tests = append(tests, describeTest(t))
	}
	return s + "{" + strings.Join(tests, ", ") + "}"
}

func describeTest(t Test) string {
	switch t := t.(type) {
	case *Content:
		return describeContent(t)
	case *PCRE:
		s := "/" + t.Expr + "/" + t.Flags
		if t.Relative {
			s += " relative"
		}
		for _, c := range t.Captures {
			s += " " + c.Scope + ":" + c.Name
		}
		return negated(t.Not) + s
	case *Number:
		return describeNumber(t)
	case *Size:
		return "size " + describeNumber(&t.Number)
	case *Absent:
		return fmt.Sprintf("absent(%v)", t.Or)
	case *DataAt:
		return fmt.Sprintf("%sdataat %s relative=%v", negated(t.Not), amount(t.At), t.Relative)
	case *ByteTest:
		return fmt.Sprintf("%sbyte_test %s at %s op %d %s%s", negated(t.Not), amount(t.Count), amount(t.Offset), t.Op, amount(t.Value), describeBytes(&t.Bytes))
	case *ByteJump:
		return fmt.Sprintf("byte_jump %s at %s post %s align=%v begin=%v end=%v%s", amount(t.Count), amount(t.Offset), amount(t.PostOffset), t.Align, t.FromBeginning, t.FromEnd, describeBytes(&t.Bytes))
	case *ByteExtract:
		return fmt.Sprintf("byte_extract %s at %s -> %s%s", amount(t.Count), amount(t.Offset), t.Name, describeBytes(&t.Bytes))
	case *ByteMath:
		return fmt.Sprintf("byte_math %s at %s %s %s -> %s%s", amount(t.Count), amount(t.Offset), t.Operator, amount(t.Value), t.Result, describeBytes(&t.Bytes))
	case *Base64Decode:
		return fmt.Sprintf("base64 %d at %d relative=%v", t.Count, t.Offset, t.Relative)
	case *Dataset:
		s := fmt.Sprintf("dataset %s %s %s", t.Command, t.Name, t.Type)
		if t.Rep != nil {
			s += " rep " + describeNumber(t.Rep)
		}
		return s
	case *Own:
		s := negated(t.Not) + "own " + t.Name
		if len(t.Words) > 0 {
			s += fmt.Sprintf(" %v", t.Words)
		}
		for i := range t.Numbers {
			s += " " + describeNumber(&t.Numbers[i])
		}
		return s
	case *Entropy:
		return fmt.Sprintf("entropy %d %d op %d %g-%g", t.Count, t.Offset, t.Op, t.Value, t.Upper)
	case *ASN1:
		return fmt.Sprintf("asn1 %+v", *t)
	}
	return fmt.Sprintf("%T", t)
}

func describeContent(c *Content) string {
	s := fmt.Sprintf("%q", c.Bytes)
	for _, f := range []struct {
		on   bool
		name string
	}{{c.Fold, "nocase"}, {c.Raw, "rawbytes"}, {c.StartsWith, "start"}, {c.AtEnd, "end"}, {c.Fast, "fast"}, {c.FastOnly, "only"}} {
		if f.on {
			s += " " + f.name
		}
	}
	for _, a := range []struct {
		amount Amount
		name   string
	}{{c.Offset, "offset"}, {c.Depth, "depth"}, {c.Distance, "distance"}, {c.Within, "within"}} {
		if a.amount.Set {
			s += " " + a.name + " " + amount(a.amount)
		}
	}
	if c.ChopSize > 0 {
		s += fmt.Sprintf(" chop %d,%d", c.ChopFrom, c.ChopSize)
	}
	return negated(c.Not) + s
}

func negated(not bool) string {
	if not {
		return "not "
	}
	return ""
}

func amount(a Amount) string {
	switch {
	case !a.Set:
		return "-"
	case a.Name != "":
		return a.Name
	}
	return fmt.Sprint(a.N)
}

func describeBytes(n *Bytes) string {
	s := ""
	for _, f := range []struct {
		on   bool
		name string
	}{{n.Relative, "relative"}, {n.Little, "little"}, {n.DCE, "dce"}, {n.Text, fmt.Sprintf("text%d", n.Base)}, {n.HasMask, fmt.Sprintf("mask %#x", n.BitMask)}, {n.Multiplier > 0, fmt.Sprintf("times %d", n.Multiplier)}} {
		if f.on {
			s += " " + f.name
		}
	}
	return s
}

func describeNumber(n *Number) string {
	a, b := fmt.Sprint(n.A), fmt.Sprint(n.B)
	return negated(n.Not) + map[Op]string{
		Equal: "=" + a, NotEqual: "!=" + a, Less: "<" + a, LessEqual: "<=" + a, Greater: ">" + a, GreaterEqual: ">=" + a,
		Between: a + "<>" + b, Within: a + ".." + b, Mask: "&" + b + "=" + a, NotMask: "&" + b + "!=" + a, BitAnd: "&" + a, BitNand: "!&" + a,
	}[n.Op]
}
