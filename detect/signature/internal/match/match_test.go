package match

import (
	"errors"
	"testing"

	"bulwark/detect/signature/internal/rule"
)

func n(v int) rule.Amount         { return rule.Amount{Set: true, N: v} }
func named(v string) rule.Amount  { return rule.Amount{Set: true, Name: v} }
func text(s string) *rule.Content { return &rule.Content{Bytes: []byte(s)} }

func with(c *rule.Content, change func(*rule.Content)) *rule.Content {
	change(c)
	return c
}

func not(c *rule.Content) *rule.Content {
	c.Not = true
	return c
}

func fold(c *rule.Content) *rule.Content {
	c.Fold = true
	return c
}

func at(c *rule.Content, offset, depth int) *rule.Content {
	c.Offset = n(offset)
	if depth > 0 {
		c.Depth = n(depth)
	}
	return c
}

func distance(c *rule.Content, d int) *rule.Content {
	c.Distance = n(d)
	return c
}

func within(c *rule.Content, w int) *rule.Content {
	c.Within = n(w)
	return c
}

func ends(c *rule.Content) *rule.Content {
	c.AtEnd = true
	return c
}

func starts(c *rule.Content) *rule.Content {
	c.StartsWith = true
	return c
}

// holds evaluates tests of data.
func holds(t *testing.T, v View, tests ...rule.Test) bool {
	t.Helper()
	p, err := Compile(&rule.Looked{Tests: tests})
	if err != nil {
		t.Fatal(err)
	}
	var m Machine
	m.Begin()
	return p.Match(&m, v)
}

type testCase struct {
	says  string
	data  string
	tests []rule.Test
	want  bool
}

func check(t *testing.T, cases []testCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.says, func(t *testing.T) {
			if got := holds(t, View{Data: []byte(c.data), Whole: true}, c.tests...); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func list(ts ...rule.Test) []rule.Test { return ts }

func TestContent(t *testing.T) {
	check(t, []testCase{
		{"a content is found", "GET /x HTTP", list(text("/x")), true},
		{"a content that is not there is not", "GET /x HTTP", list(text("/y")), false},
		{"case matters", "get", list(text("GET")), false},
		{"with nocase it does not", "GeT", list(fold(text("gEt"))), true},
		{"nocase is about letters alone", "a@b", list(fold(text("a`b"))), false},
		{"a long content without case", "xxUSER-agent: MOZILLA/5.0", list(fold(text("User-Agent: Mozilla/5"))), true},
		{"a negated content must not be there", "abc", list(not(text("b"))), false},
		{"and is not", "abc", list(not(text("d"))), true},
		{"offset: found behind it", "abab", list(at(text("ab"), 1, 0)), true},
		{"offset: not before it", "abcd", list(at(text("ab"), 1, 0)), false},
		{"depth counts from the offset", "xxab", list(at(text("ab"), 2, 2)), true},
		{"depth ends the window", "xxxab", list(at(text("ab"), 2, 2)), false},
		{"an offset beyond the buffer", "ab", list(at(text("ab"), 9, 0)), false},
		{"a negated content whose window lies beyond the buffer holds", "ab", list(not(at(text("ab"), 9, 0))), true},
		{"an empty buffer holds nothing", "", list(text("a")), false},
		{"an empty buffer has no content that must not be there", "", list(not(text("a"))), true},
		{"startswith", "abc", list(starts(text("ab"))), true},
		{"startswith, not later", "xab", list(starts(text("ab"))), false},
		{"endswith", "abcab", list(ends(text("ab"))), true},
		{"endswith, not before", "abx", list(ends(text("ab"))), false},
		{"startswith and endswith are equality", "ab", list(ends(starts(text("ab")))), true},
		{"equality fails for more", "abab", list(ends(starts(text("ab")))), false},
		{"a negated endswith fails where it ends so", "ab.exe", list(not(ends(text(".exe")))), false},
		{"a negated endswith holds where it stands elsewhere", "ab.exe.txt", list(not(ends(text(".exe")))), true},
		{"a negated endswith sees the last of two", "a.exe.exe", list(not(ends(text(".exe")))), false},
	})
}

func TestRelative(t *testing.T) {
	check(t, []testCase{
		{"distance counts from the end of the match before", "ab--cd", list(text("ab"), distance(text("cd"), 2)), true},
		{"distance is a least way", "ab-cd", list(text("ab"), distance(text("cd"), 2)), false},
		{"distance 0 is behind", "cdab", list(text("ab"), distance(text("cd"), 0)), false},
		{"a negative distance looks back", "abcd", list(text("cd"), distance(text("ab"), -4)), true},
		{"a negative distance stops at the begin", "abcd", list(text("cd"), distance(text("ab"), -9)), true},
		{"within bounds the end", "ab-cd", list(text("ab"), within(text("cd"), 3)), true},
		{"within, too far", "ab--cd", list(text("ab"), within(text("cd"), 3)), false},
		{"within counts behind the distance", "ab--cd", list(text("ab"), within(distance(text("cd"), 2), 2)), true},
		{"a later place of the content before is tried", "ab..ab-cd", list(text("ab"), within(text("cd"), 3)), true},
		{"places may overlap", "aaab", list(text("aa"), within(text("b"), 1)), true},
		{"three in a row go back twice", "a.b..a.b.a.bc", list(text("a"), within(text("b"), 2), within(text("c"), 1)), true},
		{"a negated within fails at the one place", "ab-cd", list(text("ab"), not(within(text("cd"), 3))), false},
		{"and holds at another", "ab-cdab", list(text("ab"), not(within(text("cd"), 3))), true},
		{"a negated distance", "ab cd", list(text("ab"), not(distance(text("cd"), 0))), false},
		{"a relative content without one before counts from the begin", "xxab", list(within(text("ab"), 4)), true},
		{"the same, too far", "xxxab", list(within(text("ab"), 4)), false},
		{"what is not relative stands by itself", "cdab", list(text("ab"), text("cd")), true},
		{"a negated content does not move on", "ab-cd", list(text("ab"), not(text("zz")), within(text("-"), 1)), true},
		{"endswith behind a distance", "ab.cd", list(text("ab"), ends(distance(text("cd"), 1))), true},
		{"within that ends before the buffer does not end it", "ab.cd", list(text("ab"), ends(within(text(".c"), 2))), false},
	})
}

func TestDataAtAndSize(t *testing.T) {
	size := func(op rule.Op, a, b uint64) rule.Test { return &rule.Size{Number: rule.Number{Op: op, A: a, B: b}} }
	check(t, []testCase{
		{"isdataat: there is a byte at the place", "abc", list(&rule.DataAt{At: n(2)}), true},
		{"isdataat: there is none", "abc", list(&rule.DataAt{At: n(3)}), false},
		{"isdataat, negated", "abc", list(&rule.DataAt{At: n(3), Not: true}), true},
		{"a relative one counts bytes that follow", "abc", list(text("ab"), &rule.DataAt{At: n(1), Relative: true}), true},
		{"and there are not that many", "abc", list(text("ab"), &rule.DataAt{At: n(2), Relative: true}), false},
		{"nothing follows", "xab", list(text("ab"), &rule.DataAt{At: n(1), Relative: true, Not: true}), true},
		{"nothing follows the last of two", "abab", list(text("ab"), &rule.DataAt{At: n(1), Relative: true, Not: true}), true},
		{"something follows each", "abab.", list(text("ab"), &rule.DataAt{At: n(1), Relative: true, Not: true}), false},
		{"a size", "abc", list(size(rule.Equal, 3, 0)), true},
		{"another size", "abc", list(size(rule.Equal, 4, 0)), false},
		{"a size within bounds that are excluded", "abc", list(size(rule.Between, 3, 5)), false},
		{"a size of nothing", "", list(size(rule.Equal, 0, 0)), true},
	})
}

func TestByteTest(t *testing.T) {
	bt := func(count, offset int, op rule.Op, v uint64, change ...func(*rule.ByteTest)) rule.Test {
		b := &rule.ByteTest{Bytes: rule.Bytes{Count: n(count), Offset: n(offset)}, Op: op, Value: n(int(v))}
		for _, c := range change {
			c(b)
		}
		return b
	}
	digits := func(base int) func(*rule.ByteTest) {
		return func(b *rule.ByteTest) { b.Text, b.Base = true, base }
	}
	relative := func(b *rule.ByteTest) { b.Relative = true }
	little := func(b *rule.ByteTest) { b.Little = true }
	negated := func(b *rule.ByteTest) { b.Not = true }
	mask := func(m uint64) func(*rule.ByteTest) {
		return func(b *rule.ByteTest) { b.HasMask, b.BitMask = true, m }
	}
	check(t, []testCase{
		{"two bytes, the first the greater", "\x01\x02", list(bt(2, 0, rule.Equal, 0x102)), true},
		{"two bytes, the last the greater", "\x01\x02", list(bt(2, 0, rule.Equal, 0x201, little)), true},
		{"three bytes", "\x01\x02\x03", list(bt(3, 0, rule.Equal, 0x10203)), true},
		{"three bytes, little", "\x01\x02\x03", list(bt(3, 0, rule.Equal, 0x30201, little)), true},
		{"eight bytes", "\x00\x00\x00\x01\x00\x00\x00\x02", list(bt(8, 0, rule.Equal, 1<<32+2)), true},
		{"beyond the buffer it never holds", "\x01", list(bt(2, 0, rule.Greater, 0)), false},
		{"nor does its negation", "\x01", list(bt(2, 0, rule.Greater, 0, negated)), false},
		{"negated", "\x05", list(bt(1, 0, rule.Greater, 9, negated)), true},
		{"relative to a content", "ab\x07", list(text("ab"), bt(1, 0, rule.Equal, 7, relative)), true},
		{"a negative offset looks back", "\x07ab", list(text("ab"), bt(1, -3, rule.Equal, 7, relative)), true},
		{"a negative offset before the begin", "\x07ab", list(text("ab"), bt(1, -4, rule.Equal, 7, relative)), false},
		{"a later place of the content is tried", "ab\x01ab\x07", list(text("ab"), bt(1, 0, rule.Equal, 7, relative)), true},
		{"decimal digits", "len=0123;", list(text("len="), bt(4, 0, rule.Equal, 123, relative, digits(10))), true},
		{"hexadecimal digits with their prefix", "0x1f", list(bt(4, 0, rule.Equal, 31, digits(16))), true},
		{"octal digits", "017", list(bt(3, 0, rule.Equal, 15, digits(8))), true},
		{"digits whose base the text tells", "0x10", list(bt(4, 0, rule.Equal, 16, digits(0))), true},
		{"digits that end early", "12ab", list(bt(4, 0, rule.Equal, 12, digits(10))), true},
		{"blanks before digits", "  42", list(bt(4, 0, rule.Equal, 42, digits(10))), true},
		{"no digits", "abcd", list(bt(4, 0, rule.Equal, 0, digits(10))), false},
		{"as many digits as there are", "123456 x", list(bt(0, 0, rule.Equal, 123456, digits(10))), true},
		{"a bit mask, shifted to the right", "\x0f\xf0", list(bt(2, 0, rule.Equal, 0xff, mask(0xff0))), true},
		{"bits in common", "\x06", list(bt(1, 0, rule.BitAnd, 2)), true},
		{"no bits in common", "\x05", list(bt(1, 0, rule.BitAnd, 2)), false},
	})
}

func TestVariables(t *testing.T) {
	extract := func(count, offset int, name string) *rule.ByteExtract {
		return &rule.ByteExtract{Bytes: rule.Bytes{Count: n(count), Offset: n(offset)}, Name: name}
	}
	math := func(op string, v int, name string) *rule.ByteMath {
		return &rule.ByteMath{Bytes: rule.Bytes{Count: n(1)}, Operator: op, Value: n(v), Result: name}
	}
	jump := func(b rule.ByteJump) *rule.ByteJump {
		b.Count = n(1)
		return &b
	}
	after := func(c *rule.Content) *rule.Content { return within(c, len(c.Bytes)) }
	check(t, []testCase{
		{"an extracted offset", "\x03..ab", list(extract(1, 0, "v"), with(text("ab"), func(c *rule.Content) { c.Offset = named("v") })), true},
		{"an extracted offset that is beyond", "\x04..ab", list(extract(1, 0, "v"), with(text("ab"), func(c *rule.Content) { c.Offset = named("v") })), false},
		{"an extracted depth", "\x03ab", list(extract(1, 0, "v"), with(text("ab"), func(c *rule.Content) { c.Depth = named("v") })), true},
		{"an extracted depth that is short", "\x02ab", list(extract(1, 0, "v"), with(text("ab"), func(c *rule.Content) { c.Depth = named("v") })), false},
		{"an extracted distance", "\x02..ab", list(extract(1, 0, "v"), with(text("ab"), func(c *rule.Content) { c.Distance, c.Within = named("v"), n(2) })), true},
		{"an extracted within", "\x04..ab", list(extract(1, 0, "v"), with(text("ab"), func(c *rule.Content) { c.Within = named("v") })), true},
		{"an extracted operand", "\x05\x05", list(extract(1, 0, "v"), &rule.ByteTest{Bytes: rule.Bytes{Count: n(1), Offset: n(1)}, Value: named("v")}), true},
		{"isdataat of an extracted length", "\x02ab", list(extract(1, 0, "v"), &rule.DataAt{At: named("v"), Relative: true}), true},
		{"isdataat of one that is too long", "\x03ab", list(extract(1, 0, "v"), &rule.DataAt{At: named("v"), Relative: true}), false},
		{"what is relative counts behind what was extracted", "\x01ab", list(extract(1, 0, "v"), after(text("ab"))), true},
		{"a sum", "\x02....ab", list(math("+", 3, "v"), with(text("ab"), func(c *rule.Content) { c.Offset = named("v") })), true},
		{"a quotient by nothing does not hold", "\x02", list(math("/", 0, "v")), false},
		{"a shift to the left", "\x01.ab", list(math("<<", 1, "v"), with(text("ab"), func(c *rule.Content) { c.Offset, c.Depth = named("v"), n(2) })), true},
		{"a jump over as many bytes as it says", "\x02..ab", list(jump(rule.ByteJump{}), after(text("ab"))), true},
		{"a jump beyond the buffer does not hold", "\x05..ab", list(jump(rule.ByteJump{})), false},
		{"a jump from the begin", "\x03..ab", list(jump(rule.ByteJump{FromBeginning: true}), after(text("ab"))), true},
		{"a jump from the end", "\x00...ab", list(jump(rule.ByteJump{FromEnd: true, PostOffset: n(-2)}), after(text("ab"))), true},
		{"a jump back beyond the begin ends there", "\x00ab", list(jump(rule.ByteJump{PostOffset: n(-9)}), within(text("\x00a"), 2)), true},
		{"a jump in fours", "\x01....ab", list(jump(rule.ByteJump{Align: true}), after(text("ab"))), true},
		{"a jump that is multiplied", "\x02....ab", list(jump(rule.ByteJump{Bytes: rule.Bytes{Multiplier: 2}}), after(text("ab"))), true},
	})
}

func TestVariablesReachLaterBuffers(t *testing.T) {
	ps, err := CompileAll([]rule.Looked{
		{Tests: list(&rule.ByteExtract{Bytes: rule.Bytes{Count: n(1)}, Name: "v"})},
		{Tests: list(with(text("ab"), func(c *rule.Content) { c.Offset = named("v") }))},
	})
	if err != nil {
		t.Fatal(err)
	}
	var m Machine
	m.Begin()
	if !ps[0].Match(&m, View{Data: []byte{2}}) || !ps[1].Match(&m, View{Data: []byte("xxab")}) {
		t.Error("got no match, want a match at the extracted offset")
	}
	m.Begin()
	if m.values[0] != 0 {
		t.Errorf("got %d from the rule before, want 0", m.values[0])
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		says string
		test rule.Test
		want error
	}{
		{"a variable that nothing sets", with(text("a"), func(c *rule.Content) { c.Offset = named("v") }), ErrVariable},
		{"a script", &rule.Lua{}, ErrUnsupported},
		{"an operator that there is not", &rule.ByteMath{Operator: "%"}, ErrUnsupported},
	} {
		if _, err := Compile(&rule.Looked{Tests: list(c.test)}); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.says, err, c.want)
		}
	}
}

func TestPartsOfAStream(t *testing.T) {
	data := []byte("..ab..")
	for _, c := range []struct {
		says   string
		offset uint64
		tests  []rule.Test
		want   bool
	}{
		{"depth has passed", 100, list(at(text("ab"), 0, 50)), false},
		{"depth has passed for what must not be there, too", 100, list(not(at(text("zz"), 0, 50))), false},
		{"depth ends in this part, behind the match", 100, list(at(text("ab"), 0, 104)), true},
		{"depth ends in this part, before the match", 100, list(at(text("ab"), 0, 103)), false},
		{"an offset counts from the begin of the stream", 100, list(at(text("ab"), 50, 0)), true},
		{"an offset within this part", 100, list(at(text("ab"), 103, 0)), false},
		{"isdataat counts from the begin of the stream", 100, list(&rule.DataAt{At: n(105)}), true},
		{"a size counts what came before", 100, list(&rule.Size{Number: rule.Number{A: 106}}), true},
	} {
		if got := holds(t, View{Data: data, Offset: c.offset}, c.tests...); got != c.want {
			t.Errorf("%s: got %v, want %v", c.says, got, c.want)
		}
	}
}

func TestAbsentBuffers(t *testing.T) {
	for _, c := range []struct {
		says  string
		view  View
		tests []rule.Test
		want  bool
	}{
		{"absent holds of none", View{Absent: true}, list(&rule.Absent{}), true},
		{"absent does not hold of an empty one", View{}, list(&rule.Absent{}), false},
		{"absent or else holds of none", View{Absent: true}, list(&rule.Absent{Or: true}, text("a")), true},
		{"absent or else holds of one that matches", View{Data: []byte("a")}, list(&rule.Absent{Or: true}, text("a")), true},
		{"absent or else fails of one that does not", View{Data: []byte("b")}, list(&rule.Absent{Or: true}, text("a")), false},
		{"a content needs a buffer", View{Absent: true}, list(not(text("a"))), false},
	} {
		if got := holds(t, c.view, c.tests...); got != c.want {
			t.Errorf("%s: got %v, want %v", c.says, got, c.want)
		}
	}
}

func TestAnEvaluationEnds(t *testing.T) {
	data := make([]byte, 4096)
	for i := range data {
		data[i] = 'a'
	}
	p, err := Compile(&rule.Looked{Tests: list(text("a"), within(text("a"), 9), within(text("a"), 9), within(text("a"), 9), within(text("b"), 9))})
	if err != nil {
		t.Fatal(err)
	}
	var m Machine
	if p.Match(&m, View{Data: data}) || m.Exhausted != 1 {
		t.Errorf("got a match or %d evaluations given up, want none and 1", m.Exhausted)
	}
}

func TestLookingAgainEnds(t *testing.T) {
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = "a b/"[i%4]
	}
	for _, c := range []struct {
		says  string
		tests []rule.Test
		want  uint64 // evaluations given up
	}{
		{"what is not behind the first place is behind none", list(text("/"), relativeExpr(`[\w]{8}`)), 0},
		{"an expression that looks back is given up", list(text("/"), relativeExpr(`\b\w{8}`)), 1},
		{"so is a content that is there each time, far away", list(text("/"), not(distance(text("a b/a b/"), 0))), 1},
	} {
		p, err := Compile(&rule.Looked{Tests: c.tests})
		if err != nil {
			t.Fatal(err)
		}
		var m Machine
		if p.Match(&m, View{Data: data}) || m.Exhausted != c.want {
			t.Errorf("%s: got a match or %d evaluations given up, want none and %d", c.says, m.Exhausted, c.want)
		}
	}
}

func TestWaits(t *testing.T) {
	for _, c := range []struct {
		says  string
		tests []rule.Test
		want  bool
	}{
		{"a content stays where it is", list(text("a")), false},
		{"what must not be there may come", list(not(text("a"))), true},
		{"the end may move", list(ends(text("a"))), true},
		{"more data may come", list(&rule.DataAt{At: n(1), Not: true}), true},
		{"data that is there stays", list(&rule.DataAt{At: n(1)}), false},
		{"a size grows", list(&rule.Size{}), true},
	} {
		p, err := Compile(&rule.Looked{Tests: c.tests})
		if err != nil {
			t.Fatal(err)
		}
		if p.Waits() != c.want {
			t.Errorf("%s: got %v, want %v", c.says, p.Waits(), c.want)
		}
	}
}
