package pcre

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// flagsOf reads the letters of a rule's modifier.
func flagsOf(letters string) (f Flags) {
	for _, c := range letters {
		switch c {
		case 'i':
			f |= Fold
		case 's':
			f |= DotAll
		case 'm':
			f |= Multiline
		case 'x':
			f |= Extended
		case 'A':
			f |= Anchored
		case 'E':
			f |= DollarEndOnly
		case 'G':
			f |= Ungreedy
		}
	}
	return f
}

// shown is a match as the tables below write it: the whole match and the groups, "-" for one that took no part.
func shown(p []byte, caps []int, o Outcome) string {
	switch o {
	case No:
		return "no"
	case Limit:
		return "limit"
	}
	var parts []string
	for i := 0; i < len(caps); i += 2 {
		if caps[i] < 0 {
			parts = append(parts, "-")
			continue
		}
		parts = append(parts, fmt.Sprintf("%d-%d", caps[i], caps[i+1]))
	}
	return strings.Join(parts, " ")
}

// found is what r finds, by all ways that there are to look: with and without groups, with places remembered from the
// start. They must agree.
func found(t testing.TB, r *Regexp, p []byte, at int) string {
	t.Helper()
	var m Machine
	caps, o := r.Find(&m, p, at, nil)
	got := shown(p, caps, o)
	start, end, plain := r.Match(&m, p, at)
	if o == Limit || plain == Limit {
		return "limit"
	}
	if plain != o || o == Yes && (start != caps[0] || end != caps[1]) {
		t.Errorf("%q on %q: Match found %d-%d (%d), Find %s", r, p, start, end, plain, got)
	}
	if o == Yes && r.prog.keep < 0 {
		checkLiterals(t, r, p[start:end])
	}
	if r.Linear() {
		m.force = true
		start, end, memo := r.Match(&m, p, at)
		if memo != o || o == Yes && (start != caps[0] || end != caps[1]) {
			t.Errorf("%q on %q: with places remembered %d-%d (%d), without %s", r, p, start, end, memo, got)
		}
	}
	return got
}

// checkLiterals says which literals of r do not stand where they should in what it matched.
func checkLiterals(t testing.TB, r *Regexp, match []byte) {
	t.Helper()
	for _, l := range r.Literals() {
		n := newNeedle(l)
		at := n.index(match, min(l.Min, len(match)))
		if at < 0 || l.Max >= 0 && at > l.Max {
			t.Errorf("%q matched %q: its literal %q stands at %d, want %d to %d", r, match, l.Bytes, at, l.Min, l.Max)
		}
	}
}

func TestFindsWhatPerlFinds(t *testing.T) {
	for _, c := range []struct{ says, expr, flags, subject, want string }{
		{"a literal", "abc", "", "xxabcx", "2-5"},
		{"an empty expression matches nothing at the start", "", "", "abc", "0-0"},
		{"no match", "abc", "", "abd", "no"},
		{"letters fold", "aBc", "i", "xAbC", "1-4"},
		{"only letters fold", "a[k]{", "i", "A\x0b[", "no"},
		{"a dot is no line feed", "a.c", "", "a\nc", "no"},
		{"a dot is any byte with s", "a.c", "s", "a\nc", "0-3"},
		{"bytes above 127 are bytes", `\xff.\x80`, "", "\xff\xc3\x80", "0-3"},
		{"the first alternative that leads to a match wins", "a|ab|abc", "", "abc", "0-1"},
		{"the leftmost match wins", "b|a", "", "xab", "1-2"},
		{"greedy", "a.*b", "", "axbxb", "0-5"},
		{"lazy", "a.*?b", "", "axbxb", "0-3"},
		{"lazy under U is greedy", "a.*?b", "G", "axbxb", "0-5"},
		{"possessive gives nothing back", "a.*+b", "", "axbxb", "no"},
		{"possessive where nothing need be given back", "a[^b]++b", "", "axxb", "0-4"},
		{"atomic", "(?>a+)ab", "", "aaab", "no"},
		{"counts", "a{2,3}", "", "aaaa", "0-3"},
		{"a brace that is no count", "a{,3}", "", "a{,3}", "0-5"},
		{"a brace alone", "a{x", "", "a{x", "0-3"},
		{"groups", "(a)(b)?(c)", "", "ac", "0-2 0-1 - 1-2"},
		{"a group in a loop is its last round", "(?:(a)|(b))+", "", "ab", "0-2 0-1 1-2"},
		{"named groups", "(?P<x>a)(?<y>b)(?'z'c)", "", "abc", "0-3 0-1 1-2 2-3"},
		{"back reference", `(a|b)\1`, "", "abb", "1-3 1-2"},
		{"back reference in any case", `(a|b)\1`, "i", "abB", "1-3 1-2"},
		{"back reference by name", `(?<x>a|b)\k<x>\g{x}(?P=x)`, "", "abbbb", "1-5 1-2"},
		{"relative back reference", `(a)(b)\g{-1}`, "", "abb", "0-3 0-1 1-2"},
		{"a back reference to an unset group fails", `(a)?b\1`, "", "b", "no"},
		{"octal where there are not so many groups", `(a)\11`, "", "a\t", "0-2 0-1"},
		{"octal and a digit", `a\18`, "", "a\x018", "0-3"},
		{"hexadecimal", `\x41\x{42}\x4`, "", "AB\x04", "0-3"},
		{"octal", `\101\o{102}\0`, "", "AB\x00", "0-3"},
		{"control", `\cA\c[`, "", "\x01\x1b", "0-2"},
		{"types", `\d\D\w\W\s\S`, "", "1ab- x", "0-6"},
		{"horizontal and vertical space", `\h\H\v\V`, "", "\xa0a\x85b", "0-4"},
		{`\s holds the vertical tab`, `\s`, "", "\x0b", "0-1"},
		{`\N is no line feed`, `\N+`, "s", "ab\nc", "0-2"},
		{`\R takes CR LF as one`, `a\R\R`, "", "a\r\n\n", "0-4"},
		{`\R is atomic`, `\R\n`, "", "\r\n", "no"},
		{"word boundaries", `\bfoo\b`, "", "xfoo foo", "5-8"},
		{"no word boundary", `\Boo\b`, "", "foo", "1-3"},
		{"word boundaries of POSIX", `[[:<:]]foo[[:>:]]`, "", "xfoo foo", "5-8"},
		{"^ is the start", "^a", "", "b\na", "no"},
		{"^ with m is the start of a line", "^a", "m", "b\na", "2-3"},
		{"^ with m does not match after the last byte", "^$", "m", "a\n", "no"},
		{"$ matches before a line feed that ends the subject", "a$", "", "a\n", "0-1"},
		{"$ with E does not", "a$", "E", "a\n", "no"},
		{"$ with m", "a$", "m", "a\nb", "0-1"},
		{`\Z and \z`, `a\Z.*\n?\z`, "", "a\n", "0-2"},
		{"anchored", "b", "A", "ab", "no"},
		{`\G is where the search starts`, `\Ga`, "", "ba", "no"},
		{"look-ahead", "foo(?=bar)", "", "foofoobar", "3-6"},
		{"negative look-ahead", "foo(?!bar)", "", "foobarfoo", "6-9"},
		{"look-behind", "(?<=a|bc)x", "", "cxbcx", "4-5"},
		{"negative look-behind", "(?<!a)x", "", "axbx", "3-4"},
		{"look-behind of several lengths", "(?<=a(?:b|cd))x", "", "cxacdx", "5-6"},
		{"groups in a look-ahead are kept", "(?=(a+))a", "", "aaa", "0-1 0-3"},
		{"groups in a negative one are not", "(?!(a)b)a", "", "ac", "0-1 -"},
		{"tempered dot", `(?:(?!\r\n).)+`, "s", "ab\r\ncd", "0-2"},
		{"conditional on a group", `(<)?a(?(1)>|!)`, "", "<a!<a>", "1-3 -"},
		{"conditional on a name", `(?<q>")?a(?(<q>)")`, "", `"a"`, "0-3 0-1"},
		{"conditional on a look-ahead", `(?(?=a)ab|cd)`, "", "accd", "2-4"},
		{"conditional on a negative look-behind", `(?(?<!x)a|b)`, "", "xaxb", "3-4"},
		{"recursion", `\((?:[^()]++|(?R))*\)`, "", "((a)(b)", "1-4"},
		{"balanced", `^(\((?:[^()]|(?1))*\))$`, "", "(a(b)c)", "0-7 0-7"},
		{"a subroutine by name", `(?<n>a|b)(?&n)(?P>n)\g<n>`, "", "abab", "0-4 0-1"},
		{"a relative subroutine", `(a)(?-1)(?+1)(b)`, "", "aabb", "0-4 0-1 3-4"},
		{"defined and called", `(?(DEFINE)(?<d>\d+))x(?&d)`, "", "x12", "0-3 -"},
		{"palindrome", `^((.)(?1)\2|.?)$`, "", "abcba", "0-5 0-5 0-1"},
		{"branch reset", `(?|(a)|(b))(c)`, "", "bc", "0-2 0-1 1-2"},
		{"inline flags end with their group", `(a(?i)b)c`, "", "aBc", "0-3 0-2"},
		{"inline flags hold in later alternatives", `a(?i)b|c`, "", "C", "0-1"},
		{"inline flags for a group", `a(?i:b)c`, "", "aBc", "0-3"},
		{"flags off", `a(?-i)b`, "i", "AB", "no"},
		{"flags reset", `(?^)a`, "i", "A", "no"},
		{"quoted", `\Qa.b\E.`, "", "a.bc", "0-4"},
		{"a quantifier after a quoted text", `\Qab\E+`, "", "abb", "0-3"},
		{"quoted in a class", `[\Q]-\E]+`, "", "]-", "0-2"},
		{"a comment", "a(?#no)b", "", "ab", "0-2"},
		{"a comment before a quantifier", "a(?#no)+", "", "aa", "0-2"},
		{"extended", "a b # c\n c", "x", "abc", "0-3"},
		{"spaces in a class stay", "[a b]+", "x", "a b", "0-3"},
		{"a class that starts with a bracket", "[]a]+", "", "a]", "0-2"},
		{"a negated class", "[^a-c]", "", "abcd", "3-4"},
		{"a negated class in any case", "[^a]", "i", "Ab", "1-2"},
		{"a range in any case", "[W-c]+", "i", "AbwXyz", "0-6"},
		{"a hyphen at the ends", "[-a]+[b-]+", "", "-a-b", "0-4"},
		{"a hyphen after a type", `[\d-z]+`, "", "1-z", "0-3"},
		{"POSIX classes", "[[:alpha:][:digit:]]+[[:^space:]]", "", "a1!", "0-3"},
		{"backspace in a class", `[\b]`, "", "\x08", "0-1"},
		{`\K starts the match`, `foo\Kbar`, "", "foobar", "3-6"},
		{"an iteration that matches nothing ends its loop", "(a*)*", "", "b", "0-0 0-0"},
		{"the same with an alternative", "(?:|a)*", "", "a", "0-0"},
		{"the same, mandatory", "(a|b*)+c", "", "abbc", "0-4 3-3"},
		{"(*FAIL)", "a(*FAIL)|b", "", "ab", "1-2"},
		{"words for look-arounds", "(*pla:a)(*nlb:b)(*atomic:a+)", "", "aa", "0-2"},
		{"a group counted often", "(?:ab|cd){2000}", "", strings.Repeat("abcd", 1000), "0-4000"},
		{"a group counted up to often", "(?:ab|cd){1,65535}e", "", "xxababcde", "2-9"},
		{"a byte counted often", "a{1000}b", "", strings.Repeat("a", 1001) + "b", "1-1002"},
		{"not so often", "a{1000}b", "", strings.Repeat("a", 999) + "b", "no"},
		{"no captures with n", "(?n)(a)(?<x>b)", "", "ab", "0-2 1-2"},
	} {
		r, err := Compile(c.expr, flagsOf(c.flags))
		if err != nil {
			t.Errorf("%s: %q: %v", c.says, c.expr, err)
			continue
		}
		if got := found(t, r, []byte(c.subject), 0); got != c.want {
			t.Errorf("%s: %q on %q: got %s, want %s", c.says, c.expr, c.subject, got, c.want)
		}
	}
}

func TestSearchesFromWhereItIsTold(t *testing.T) {
	for _, c := range []struct {
		says, expr, subject string
		at                  int
		want                string
	}{
		{"what stands before is not found", "a", "aba", 1, "2-3"},
		{"^ is not where the search starts", "^b", "ab", 1, "no"},
		{"^ of a line may be", "(?m)^b", "a\nb", 2, "2-3"},
		{"a look-behind sees what stands before", "(?<=a)b", "ab", 1, "1-2"},
		{"so does a word boundary", `\bb`, "ab", 1, "no"},
		{`\G is where the search starts`, `\Gb`, "ab", 1, "1-2"},
		{"the end may be searched from", "$", "ab", 2, "2-2"},
		{"behind the end there is nothing", "", "ab", 3, "no"},
		{"a leading .* starts there", ".*b", "abab", 2, "2-4"},
	} {
		r, err := Compile(c.expr, 0)
		if err != nil {
			t.Errorf("%s: %v", c.says, err)
			continue
		}
		if got := found(t, r, []byte(c.subject), c.at); got != c.want {
			t.Errorf("%s: %q on %q from %d: got %s, want %s", c.says, c.expr, c.subject, c.at, got, c.want)
		}
	}
}

func TestErrorsNameTheOffset(t *testing.T) {
	for _, c := range []struct {
		expr   string
		offset int
		reason string
	}{
		{"ab(c", 2, "missing closing parenthesis"},
		{"ab)c", 2, "unmatched closing parenthesis"},
		{"a[bc", 1, "class without its closing bracket"},
		{"a**", 2, "quantifier does not follow a repeatable item"},
		{"*a", 0, "quantifier does not follow a repeatable item"},
		{"^*", 1, "quantifier does not follow a repeatable item"},
		{"a{3,2}", 1, "counts {3,2} out of order"},
		{"a{65536}", 1, "count above 65535"},
		{"[z-a]", 2, "range out of order in a class"},
		{"[[:foo:]]", 1, `no POSIX class "foo"`},
		{`a\`, 1, `\ at the end of the expression`},
		{`a\j`, 1, `\j is not known`},
		{`\x{zz}`, 0, `"zz" is no code in base 16`},
		{`\x{100}`, 0, "code 0x100 is more than a byte"},
		{`\400`, 0, `octal code above \377`},
		{`(a)\2`, 3, "no group 2"},
		{`\k<x>`, 0, `no group named "x"`},
		{`(?<x>a)(?<x>b)`, 7, `two groups are named "x"`},
		{`(?<1>a)`, 0, `name "1" of a group does not start with a letter`},
		{`(?y)`, 2, "'y' is not known after (?"},
		{`(?(1)a|b|c)(d)`, 0, "conditional group with more than two alternatives"},
		{`a\p{L}`, 1, `\p is not supported: subjects are bytes, not Unicode`},
		{`a(*COMMIT)b`, 1, "(*COMMIT) is not supported"},
		{`(*UTF)a`, 0, "(*UTF) is not supported"},
		{`a(?<=b+)`, 1, "look-behind of unbounded length"},
		{`(?=a\K)`, 4, `\K is not allowed in a look-around`},
		{`a(?#b`, 1, "missing ) after a comment"},
		{strings.Repeat("(", 300), 250, "parentheses nested deeper than 250"},
	} {
		_, err := Compile(c.expr, 0)
		var got *SyntaxError
		if !errors.As(err, &got) || !errors.Is(err, ErrSyntax) {
			t.Errorf("%q: got error %v, want %q at %d", c.expr, err, c.reason, c.offset)
			continue
		}
		if got.Offset != c.offset || got.Reason != c.reason {
			t.Errorf("%q: got %q at %d, want %q at %d", c.expr, got.Reason, got.Offset, c.reason, c.offset)
		}
	}
}

func TestNamesOfGroups(t *testing.T) {
	r, err := Compile("(a)(?<x>b)(?|(?<y>c)|(d)(e))", 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%q", r.Groups()), `["" "" "x" "y" ""]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
