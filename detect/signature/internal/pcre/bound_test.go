package pcre

import (
	"bytes"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// work is how many steps a search takes that remembers places from the start.
func work(r *Regexp, p []byte) (int, Outcome) {
	m := Machine{force: true}
	_, _, o := r.Match(&m, p, 0)
	if !m.memo {
		return 0, o // it was ruled out without a try
	}
	return math.MaxInt - m.left + m.extra, o
}

// evil are expressions that take time exponential or of a high power of the subject where places are not remembered.
var evil = [...]struct{ expr, unit, end string }{
	{`(a+)+$`, "a", "b"},
	{`(a*)*[bd]`, "a", "c"},
	{`(a|aa)+$`, "a", "b"},
	{`(a|a?)+[cd]`, "a", "b"},
	{`(.*)*[xy]`, "ab", ""},
	{`(?:a?){30}a{30}[bc]`, "a", ""},
	{`([a-z]+)*[=-]`, "abc", ""},
	{`^(([a-z])+.)+[A-Z]([a-z])+$`, "a", ""},
	{`(x+x+)+[yz]`, "x", ""},
	{`.*.*.*.*[=-]`, "ab", ""},
	{`(?s)a.*b.*c.*d.*[ef]`, "abcd", ""},
	{`(?:ab|a|b)*[cd]`, "ab", ""},
	{`(?:(?:a*b)*c)*[de]`, "aabac", ""},
	{`(?:a*?b??)*?[cd]`, "ab", ""},
	{`(?:[ab]{1,200}c?){1,30}[de]`, "ab", ""},
	{`[^\n]{2000}[xy]`, "ab", ""},
	{`[a-z]{1,65535}[0-9]`, "ab", ""},
	{`[a-z]{100,300}?[a-z][12]`, "ab", ""},
	{`<o\s+[^>]*[cd]lass`, "<o ", ""},
	{`(?:(?!</).)+?[xy]`, "ab<", ""},
	{`(?:\w+,?)+[;:]`, "ab,", ""},
	{`(?=a{1,20}b)a+?[cd]`, "a", ""},
	{`\d+(?:\.\d+)*[!?]`, "1.22", ""},
}

func TestTimeIsLinearInTheSubject(t *testing.T) {
	for _, c := range evil {
		r, err := Compile(c.expr, 0)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		if !r.Linear() {
			t.Errorf("%s: not linear", c.expr)
		}
		const n = 4000
		small, _ := work(r, []byte(strings.Repeat(c.unit, n)+c.end))
		large, o := work(r, []byte(strings.Repeat(c.unit, 4*n)+c.end))
		if o != No {
			t.Errorf("%s: got outcome %d, want none", c.expr, o)
		}
		if large > 5*small+1000 {
			t.Errorf("%s: got %d steps for a subject and %d for one four times as long, want at most five times as many", c.expr, small, large)
		}
		var m Machine
		if _, _, o := r.Match(&m, []byte(strings.Repeat(c.unit, n)+c.end), 0); o != No {
			t.Errorf("%s: got outcome %d without being told to remember, want none", c.expr, o)
		}
	}
}

func TestOthersStopAfterTheirSteps(t *testing.T) {
	p := []byte(strings.Repeat("a", 5000) + "!")
	for _, expr := range []string{`(a+)+\1b`, `(?:(a+)+|b)*\1c`, `(?=(?:a+)+$)b|(?=(?:a|aa)+$)c`, `^(?:(?>a+|b)|(?1))*(c)`, `(?R)?a+(?R)?b`,
		`(?>(?:a|aa)+)b`, `(?:ab?|a){3000,4000}c`, `(?:a|(?1))(b)?(?1)\z`, `(?1)((?1)?a*)*b`} {
		r, err := Compile(expr, 0)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		if r.Linear() {
			t.Errorf("%s: linear", expr)
		}
		m := Machine{Steps: 20_000}
		if _, _, o := r.Match(&m, p, 0); o == Yes {
			t.Errorf("%s: got a match, want none", expr)
		}
		if m.left < -len(p) {
			t.Errorf("%s: got %d steps, want at most %d", expr, m.Steps-m.left, m.Steps+len(p))
		}
	}
}

func TestStepsAreCounted(t *testing.T) {
	r, err := Compile(`(a+)+\1b`, 0)
	if err != nil {
		t.Fatal(err)
	}
	var m Machine
	if _, _, o := r.Match(&m, bytes.Repeat([]byte("a"), 100), 0); o != No {
		t.Errorf("b stands nowhere: got outcome %d, want none", o)
	}
	p := append(bytes.Repeat([]byte("a"), 100), "cb"...)
	if _, _, o := r.Match(&m, p, 0); o != Limit {
		t.Errorf("got outcome %d, want that it is given up", o)
	}
}

func TestLargeExpressionsAreBounded(t *testing.T) {
	for _, c := range []struct {
		expr string
		ok   bool
	}{
		{`((((((a{1,100}){1,100}){1,100}){1,100}){1,100}){1,100})`, true},
		{`(?:a|bc){65535}`, true},
		{`(?:(?:a|bc){65535}){65535}`, true},
		{strings.Repeat(`[a-f]{65535}`, 1000), true},
		{strings.Repeat(`(?:ab|c){1,200}`, 1000), false},
		{strings.Repeat("(?:", 240) + "a" + strings.Repeat("){1,8}", 240), true},
		{strings.Repeat("(?=", 240) + "a" + strings.Repeat("){1,8}", 240), true},
		{strings.Repeat("(?<=", 20) + "a{0,250}" + strings.Repeat(")", 20), true},
		{strings.Repeat("a|", 50000), true},
		{strings.Repeat("ab|", 50000), false},
		{strings.Repeat("a", 1<<18+1), false},
		{strings.Repeat("(", 60000) + strings.Repeat(")", 60000), false},
		{strings.Repeat("()", 60000), true},
	} {
		r, err := Compile(c.expr, 0)
		if (err == nil) != c.ok {
			t.Errorf("%.40s...: got error %v, want none: %v", c.expr, err, c.ok)
		}
		if err == nil {
			m := Machine{Steps: 1000}
			r.Match(&m, bytes.Repeat([]byte("ab"), 2000), 0)
		}
	}
}

// FuzzFind searches with any expression: it neither panics nor forgets a bound, and all ways to look agree.
func FuzzFind(f *testing.F) {
	for _, c := range evil {
		f.Add(c.expr, uint16(0), []byte(strings.Repeat(c.unit, 10)+c.end))
	}
	for _, c := range typical {
		f.Add(c.expr, uint16(flagsOf(c.flags)), payloads()["request"])
	}
	for _, expr := range []string{`(?|(a)|(b))\1(?(1)c|d)`, `(?<n>a(?&n)?b)(?P=n)`, `\Qa\E[\Q]\E-\d]`, `(?i-s:a)(?^x)`, `(?(DEFINE)(?<d>\d))(?&d)+`,
		`(?<=a|bc{0,3})d`, `(?>a*?|b)++\K\R`, `(*pla:a)(?#x)[[:^alpha:]]`, `(?:){65535}(a?){2,}`, `\g{-1}(?+1)()`} {
		f.Add(expr, uint16(Extended|Ungreedy), []byte("aabbc\r\n01"))
	}
	f.Fuzz(func(t *testing.T, expr string, flags uint16, p []byte) {
		if len(p) > 1<<12 || len(expr) > 1<<10 {
			return
		}
		r, err := Compile(expr, Flags(flags))
		if err != nil {
			return
		}
		found(t, r, p, 0)
		found(t, r, p, len(p)/2)
		m := Machine{Steps: 2000}
		caps, o := r.Find(&m, p, 0, nil)
		if o == Yes && len(caps) != 2*len(r.Groups()) {
			t.Errorf("%q: got %d offsets for %d groups", expr, len(caps), len(r.Groups()))
		}
		for i := 0; i < len(caps); i += 2 {
			if caps[i] < -1 || caps[i+1] > len(p) || caps[i] > caps[i+1] && i > 0 {
				t.Errorf("%q: group %d at %d-%d of %d bytes", expr, i/2, caps[i], caps[i+1], len(p))
			}
		}
		if len(m.stack) > 2*maxStack || len(m.seen) > maxSeen/64+1 || len(m.saved) > maxSaved {
			t.Errorf("%q: stack %d, seen %d, saved %d", expr, len(m.stack), len(m.seen), len(m.saved))
		}
	})
}

// goAnswer is what Go's regexp finds.
func goAnswer(r *regexp.Regexp, p []byte) string {
	caps := r.FindSubmatchIndex(p)
	if caps == nil {
		return "no"
	}
	return shown(p, caps, Yes)
}

func TestAgreesWithGoOnWhatBothKnow(t *testing.T) {
	g := &generator{Rand: rand.New(rand.NewPCG(7, 8)), plain: true}
	same, apart := 0, 0
	for _, c := range g.cases(amount(t, 4000), "", "i", "s", "si") {
		expr := c.expr
		if c.flags != "" {
			expr = "(?" + c.flags + ")" + expr
		}
		theirs, err := regexp.Compile(expr)
		if err != nil {
			continue
		}
		r, err := Compile(expr, DollarEndOnly)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		for _, s := range c.subjects {
			got, want := found(t, r, s, 0), goAnswer(theirs, s)
			switch {
			case got == want:
				same++
			case hasEmptyLoop(c.expr):
				apart++ // Go ends a loop whose iteration matches nothing in another way
			default:
				t.Errorf("%s on %q: got %s, Go has %s", expr, s, got, want)
			}
		}
	}
	t.Logf("%d answers agree, %d differ in loops whose iterations match nothing", same, apart)
}

// hasEmptyLoop says whether expr repeats a group that can match nothing.
func hasEmptyLoop(expr string) (yes bool) {
	root, _, err := parse(expr, 0)
	if err != nil {
		return false
	}
	root.walk(func(n *node) {
		if n.kind == nodeRepeat {
			if lo, _ := n.subs[0].width(); lo == 0 {
				yes = true
			}
		}
	})
	return yes
}
