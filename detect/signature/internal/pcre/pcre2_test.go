package pcre

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// asked is an expression with the subjects that it is tried on.
type asked struct {
	expr, flags string
	subjects    [][]byte
}

// pcre2 answers by Debian's pcre2test, in the form of shown; "error" where an expression does not compile, "" where
// PCRE2 gave up.
func pcre2(t testing.TB, cases []asked) [][]string {
	t.Helper()
	tool, err := exec.LookPath("pcre2test")
	if err != nil {
		t.Skip("pcre2test is not installed (Debian: pcre2-utils)")
	}
	var in bytes.Buffer
	for _, c := range cases {
		// Its optimizations are off: it takes . and \R for disjoint, and errs on CR; it asks too many bytes of a
		// group that refers to itself.
		fmt.Fprintf(&in, "/%s/hex,no_auto_possess,no_start_optimize,allaftertext,allcaptures%s\n", hex.EncodeToString([]byte(c.expr)), modifiers(c.flags))
		for _, s := range c.subjects {
			in.WriteString("    ")
			for _, b := range s {
				fmt.Fprintf(&in, `\x%02x`, b)
			}
			in.WriteString("\\=match_limit=100000,ovector=500\n")
		}
		in.WriteString("\n")
	}
	name := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(name, in.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command(tool, "-q", name).Output() // its exit code is 1 where an expression does not compile
	return answers(t, cases, string(out))
}

func modifiers(flags string) string {
	var b strings.Builder
	for _, c := range flags {
		switch c {
		case 'A':
			b.WriteString(",anchored")
		case 'E':
			b.WriteString(",dollar_endonly")
		case 'G':
			b.WriteString(",ungreedy")
		case 'i':
			b.WriteString(",caseless")
		case 's':
			b.WriteString(",dotall")
		case 'm':
			b.WriteString(",multiline")
		case 'x':
			b.WriteString(",extended")
		}
	}
	return b.String()
}

// answers reads what pcre2test wrote.
func answers(t testing.TB, cases []asked, out string) [][]string {
	t.Helper()
	lines := strings.Split(out, "\n")
	i := 0
	all := make([][]string, len(cases))
	for n, c := range cases {
		for i < len(lines) && !strings.HasPrefix(lines[i], "/") {
			i++
		}
		i++
		if i < len(lines) && strings.HasPrefix(lines[i], "Failed") {
			all[n] = []string{"error"}
			continue
		}
		for _, s := range c.subjects {
			for i < len(lines) && !strings.HasPrefix(lines[i], "    ") {
				i++
			}
			from := i + 1
			for i = from; i < len(lines) && lines[i] != "" && !strings.HasPrefix(lines[i], "    "); i++ {
				continue
			}
			if i > len(lines) {
				t.Fatal("pcre2test wrote less than it was asked for")
			}
			all[n] = append(all[n], answer(lines[from:i], s))
		}
	}
	return all
}

// answer reads the lines for one subject.
func answer(lines []string, subject []byte) string {
	var parts []string
	for i := 0; i < len(lines); i++ {
		number, text, _ := strings.Cut(strings.TrimLeft(lines[i], " "), ": ")
		switch {
		case strings.HasPrefix(lines[i], "No match"):
			return "no"
		case strings.HasPrefix(lines[i], "Failed"):
			return ""
		case text == "<unset>":
			parts = append(parts, "-")
		case i+1 < len(lines) && strings.Contains(lines[i+1], number+"+"):
			_, rest, _ := strings.Cut(lines[i+1], "+ ")
			end := before(subject, len(subject), len(rest))
			parts = append(parts, fmt.Sprintf("%d-%d", before(subject, end, len(text)), end))
			i++
		}
	}
	return strings.Join(parts, " ")
}

// before is where the part of subject starts that ends at end and is written with so many letters: \xHH for a byte
// that cannot be printed.
func before(subject []byte, end, letters int) int {
	for letters > 0 {
		if end--; subject[end] < ' ' || subject[end] > '~' {
			letters -= 3
		}
		letters--
	}
	return end
}

// generator writes random expressions.
type generator struct {
	*rand.Rand
	groups int
	plain  bool // only what Go's regexp knows too
}

func (g *generator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g *generator) expr(depth int) string {
	var b strings.Builder
	for n := 1 + g.IntN(5)/3; n > 0; n-- {
		for m := g.IntN(3); m >= 0; m-- {
			b.WriteString(g.item(depth))
		}
		if n > 1 {
			b.WriteByte('|')
		}
	}
	return b.String()
}

func (g *generator) item(depth int) string {
	atom := g.atom(depth)
	switch {
	case strings.HasPrefix(atom, "^"), strings.HasPrefix(atom, "$"), strings.HasPrefix(atom, `\b`),
		strings.HasPrefix(atom, `\B`), strings.HasPrefix(atom, `\G`), strings.HasPrefix(atom, `\A`):
		return atom
	case g.plain:
		return atom + g.pick("", "", "", "*", "+", "?", "{2}", "{1,3}", "*?", "+?", "??", "{0,2}?")
	}
	return atom + g.pick("", "", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?", "??", "{0,2}?", "*+", "++", "?+", "{1,2}+")
}

func (g *generator) atom(depth int) string {
	if depth > 0 && g.IntN(3) == 0 {
		return g.group(depth - 1)
	}
	if g.plain {
		return g.pick("a", "b", "c", "A", ".", "[ab]", "[^a]", "[a-c]", `\d`, `\w`, `\W`, "^", "$", `\b`, `\B`, "ab", "1", " ", "x", `\x62`)
	}
	if g.IntN(8) == 0 && g.groups > 0 {
		return g.pick(`\1`, fmt.Sprintf(`\g{%d}`, 1+g.IntN(g.groups)))
	}
	return g.pick("a", "b", "c", "A", ".", "[ab]", "[^a]", "[^ab\\n]", "[a-c]", `\d`, `\w`, `\W`, `\s`, "^", "$", `\b`, `\B`, "ab", "abc",
		"1", " ", `\n`, `\x62`, `\R`, `\h`, `\xff`, `[\x80-\xff]`, `\G`, `\A`, `\N`, "[[:alpha:]]", "b", "a")
}

func (g *generator) group(depth int) string {
	open := g.pick("(", "(", "(?:", "(?:")
	if !g.plain {
		open = g.pick("(", "(", "(?:", "(?:", "(?>", "(?=", "(?!", "(?i:", "(?s:", "(?-i:", "(?|")
		switch {
		case g.IntN(12) == 0:
			return g.pick("(?<=a)", "(?<!b)", "(?<=a|bc)", "(?<!ab|c)", "(?<=(a))", "(?<=^|\\n)", "(?<!\\w)")
		case g.IntN(12) == 0:
			return g.pick("(?:(?!ab).)", "(?:(?!b|ca)[^c])", "(?:(?i)(?!bA)\\N)", "(?:(?!a)\\w)", "(?=[a1])", "(?!\\s)")
		case g.IntN(16) == 0 && g.groups > 0:
			return fmt.Sprintf("(?(%d)%s|%s)", 1+g.IntN(g.groups), g.item(0), g.item(0))
		case g.IntN(24) == 0:
			return "(?(?=" + g.item(0) + ")" + g.item(0) + "|" + g.item(0) + ")"
		case g.IntN(24) == 0 && g.groups > 0:
			return fmt.Sprintf("(?%d)", 1+g.IntN(g.groups))
		}
	}
	if open == "(" {
		g.groups++
	}
	return open + g.expr(depth) + ")"
}

func (g *generator) subject() []byte {
	size := g.IntN(12)
	if g.IntN(10) == 0 {
		size = g.IntN(400)
	}
	s := make([]byte, size)
	letters := "aaabbbccA1 \n"
	if !g.plain {
		letters += "\r\xff\x85"
	}
	for i := range s {
		s[i] = letters[g.IntN(len(letters))]
	}
	return s
}

func (g *generator) cases(n int, flags ...string) []asked {
	out := make([]asked, n)
	for i := range out {
		g.groups = 0
		c := asked{expr: g.expr(1 + g.IntN(3)), flags: g.pick(flags...)}
		for range 8 {
			c.subjects = append(c.subjects, g.subject())
		}
		out[i] = c
	}
	return out
}

// amount is how many random expressions to try: BULWARK_CASES, or fewer.
func amount(t testing.TB, fewer int) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("BULWARK_CASES")); err == nil {
		return n
	}
	return fewer
}

func TestAgreesWithPCRE2OnRandomExpressions(t *testing.T) {
	seed := uint64(1)
	if s, err := strconv.Atoi(os.Getenv("BULWARK_SEED")); err == nil {
		seed = uint64(s)
	}
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 2))}
	compare(t, g.cases(amount(t, 3000), "", "", "i", "s", "m", "si", "mi", "A", "E", "G"))
}

// compare checks our answers against those of PCRE2.
func compare(t *testing.T, cases []asked) {
	t.Helper()
	theirs := pcre2(t, cases)
	same, refused, gaveUp, limit := 0, 0, 0, 0
	for i, c := range cases {
		r, err := Compile(c.expr, flagsOf(c.flags))
		if theirs[i][0] == "error" {
			refused++
			continue
		}
		if err != nil {
			t.Errorf("/%s/%s: %v, but PCRE2 reads it", c.expr, c.flags, err)
			continue
		}
		for j, s := range c.subjects {
			got, want := found(t, r, s, 0), theirs[i][j]
			switch {
			case want == "":
				gaveUp++
			case got == "limit":
				limit++
			case got != want:
				t.Errorf("/%s/%s on %q: got %s, PCRE2 has %s", c.expr, c.flags, s, got, want)
			default:
				same++
			}
		}
	}
	t.Logf("%d answers agree; PCRE2 refused %d expressions and gave up %d searches, we %d", same, refused, gaveUp, limit)
}
