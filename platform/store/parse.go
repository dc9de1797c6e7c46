package store

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"bulwark/event"
)

const (
	maxText  = 16 << 10 // bytes of a query
	maxDepth = 50       // nested parentheses
	maxTerms = 1_000
)

// SyntaxError says where a query stops making sense. Unwrap gives [ErrQuery].
type SyntaxError struct {
	At       int    // byte, from 0
	Found    string // what stands there; empty at the end
	Expected string
}

func (e *SyntaxError) Error() string {
	found := "the end"
	if e.Found != "" {
		found = strconv.Quote(e.Found)
	}
	return fmt.Sprintf("store: bad query at character %d: found %s, expected %s", e.At+1, found, e.Expected)
}

func (e *SyntaxError) Unwrap() error { return ErrQuery }

// theGrammar is the grammar of this program's attributes.
var theGrammar = sync.OnceValue(newGrammar)

// Parse turns what a person typed into a LogsQL filter. The language is described in docs/formats/search.md: words,
// name:value terms, and, or, not and parentheses. It has no pipes, no subqueries and no options, and every value of
// the answer is quoted, so whatever is typed, the answer is a filter and can be bounded by time and by hidden
// attributes. An empty text is everything.
func Parse(text string) (logsql string, err error) {
	f, err := parse(text)
	return f.logsql, err
}

// filter is a query that was understood.
type filter struct {
	logsql string
	kinds  kindSet // rows of other kinds never match
}

// kindSet is a set of kinds, by their codes: a bit for each that there can be.
type kindSet [4]uint64

func allKinds() kindSet { return kindSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)} }

func oneKind(k event.Kind) (s kindSet) {
	s[k/64] = 1 << (k % 64)
	return s
}

func (s kindSet) has(k event.Kind) bool { return s[k/64]>>(k%64)&1 != 0 }

func (s kindSet) or(o kindSet) kindSet {
	for i := range s {
		s[i] |= o[i]
	}
	return s
}

func (s kindSet) and(o kindSet) kindSet {
	for i := range s {
		s[i] &= o[i]
	}
	return s
}

func parse(text string) (filter, error) {
	if len(text) > maxText {
		return filter{}, &SyntaxError{At: maxText, Found: text[maxText:min(maxText+10, len(text))], Expected: "at most 16 KiB"}
	}
	p := parser{s: text, g: theGrammar()}
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") {
			p.failAt(i, "text in UTF-8")
			return filter{}, p.err
		}
	}
	p.space()
	if p.end() {
		return filter{"*", allKinds()}, nil
	}
	kinds := p.or(0)
	if p.err == nil && !p.end() {
		p.fail("and, or, or a term")
	}
	if p.err != nil {
		return filter{}, p.err
	}
	return filter{string(p.out), kinds}, nil
}

type parser struct {
	s     string
	at    int
	g     *grammar
	out   []byte
	terms int
	err   error
}

func (p *parser) end() bool { return p.at >= len(p.s) }

func (p *parser) fail(expected string) { p.failAt(p.at, expected) }

func (p *parser) failAt(at int, expected string) {
	if p.err != nil {
		return
	}
	rest := p.s[at:]
	if i := strings.IndexFunc(rest, unicode.IsSpace); i >= 0 {
		rest = rest[:i]
	}
	for len(rest) > 40 {
		_, n := utf8.DecodeLastRuneInString(rest)
		rest = rest[:len(rest)-n]
	}
	p.err = &SyntaxError{At: at, Found: rest, Expected: expected}
}

func (p *parser) space() {
	for !p.end() {
		r, n := utf8.DecodeRuneInString(p.s[p.at:])
		if !unicode.IsSpace(r) {
			return
		}
		p.at += n
	}
}

// keyword reads one of the words or signs if it stands here.
func (p *parser) keyword(words ...string) bool {
	for _, w := range words {
		if len(p.s)-p.at < len(w) || !strings.EqualFold(p.s[p.at:p.at+len(w)], w) {
			continue
		}
		next := p.s[p.at+len(w):]
		if isLetter(w[0]) && next != "" && next[0] != '(' && next[0] != ')' && !startsWithSpace(next) {
			continue
		}
		p.at += len(w)
		p.space()
		return true
	}
	return false
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

func startsWithSpace(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsSpace(r)
}

// or, and, unary, term and value write what they read, and return the kinds of rows that can match it.
func (p *parser) or(depth int) kindSet {
	p.out = append(p.out, '(')
	kinds := p.and(depth)
	for p.err == nil && p.keyword("or", "||") {
		p.out = append(p.out, " or "...)
		kinds = kinds.or(p.and(depth))
	}
	p.out = append(p.out, ')')
	return kinds
}

func (p *parser) and(depth int) kindSet {
	kinds := p.unary(depth)
	for p.err == nil && !p.end() && p.s[p.at] != ')' {
		if !p.keyword("and", "&&") {
			at := p.at
			if p.keyword("or", "||") {
				p.at = at
				return kinds
			}
		}
		p.out = append(p.out, " and "...)
		kinds = kinds.and(p.unary(depth))
	}
	return kinds
}

func (p *parser) unary(depth int) kindSet {
	kinds, negated := allKinds(), false
	for p.err == nil && p.keyword("not", "!", "-") {
		p.out = append(p.out, '!')
		negated = true
	}
	switch {
	case p.err != nil:
	case p.end():
		p.fail("a word or name:value")
	case p.s[p.at] == '(':
		p.group(depth, func() { kinds = p.or(depth + 1) })
	default:
		kinds = p.term()
	}
	p.space()
	if negated {
		return allKinds()
	}
	return kinds
}

// group reads what inside reads, between parentheses.
func (p *parser) group(depth int, inside func()) {
	open := p.at
	if depth >= maxDepth {
		p.fail("at most 50 nested parentheses")
		return
	}
	p.at++
	p.space()
	inside()
	if p.err != nil {
		return
	}
	if p.end() || p.s[p.at] != ')' {
		p.fail(fmt.Sprintf(") for the ( at character %d", open+1))
		return
	}
	p.at++
}

// term reads a word or name:value.
func (p *parser) term() kindSet {
	if p.terms++; p.terms > maxTerms {
		p.fail("at most 1000 terms")
		return allKinds()
	}
	from := p.at
	name, ok := p.name()
	if !ok {
		return p.value(p.bare(), true)
	}
	paths := p.g.paths(name)
	if paths == nil {
		p.failAt(from, "a known name such as src, dst, port, app, kind, domain, url, user")
		return allKinds()
	}
	if !p.end() && p.s[p.at] == '(' {
		kinds := allKinds()
		p.group(0, func() { kinds = p.values(paths) })
		return kinds
	}
	return p.value(paths, false)
}

// bare are the attributes in which the word that stands here is looked for.
func (p *parser) bare() []string {
	word, _, _ := strings.Cut(p.s[p.at:], " ")
	if word = strings.TrimRight(word, ")"); isAddress(word) && !macForm.MatchString(word) {
		return p.g.anyIP
	}
	return p.g.any
}

// values reads the alternatives of name:(a or b).
func (p *parser) values(paths []string) kindSet {
	p.out = append(p.out, '(')
	kinds := p.value(paths, false)
	for p.space(); p.err == nil && !p.end() && p.s[p.at] != ')'; p.space() {
		if p.terms++; p.terms > maxTerms {
			p.fail("at most 1000 terms")
			return kinds
		}
		p.keyword("or", "||", ",")
		p.out = append(p.out, " or "...)
		kinds = kinds.or(p.value(paths, false))
	}
	p.out = append(p.out, ')')
	return kinds
}

// name reads "name:" if it stands here. A word that is an address (2001:db8::1, 00:11:22:33:44:55) or a URL
// (http://...) is no name.
func (p *parser) name() (string, bool) {
	word := p.s[p.at:]
	if i := strings.IndexFunc(word, func(r rune) bool { return unicode.IsSpace(r) || r == '"' || r == '(' || r == ')' }); i >= 0 {
		word = word[:i]
	}
	name, rest, ok := strings.Cut(word, ":")
	if !ok || name == "" || !isLetter(name[0]) || strings.HasPrefix(rest, "//") || isAddress(word) {
		return "", false
	}
	for i := range len(name) {
		if c := name[i]; !isLetter(c) && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' && c != '@' {
			return "", false
		}
	}
	p.at += len(name) + 1
	return name, true
}

func isAddress(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if _, err := netip.ParsePrefix(s); err == nil {
		return true
	}
	return macForm.MatchString(s)
}

var macForm = regexp.MustCompile(`^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$`)

// operand is one value as it was typed.
type operand struct {
	at     int
	op     string // "", =, ~, >, >=, <, <=
	text   string
	quoted bool
}

// value reads one value and writes the filter "any of the paths has it".
func (p *parser) value(paths []string, bare bool) kindSet {
	v := operand{at: p.at}
	if !bare {
		for _, op := range []string{">=", "<=", ">", "<", "=", "~"} {
			if strings.HasPrefix(p.s[p.at:], op) {
				v.op = op
				p.at += len(op)
				break
			}
		}
	}
	p.text(&v)
	if p.err != nil {
		return allKinds()
	}
	if k := event.KindOf(strings.ToLower(v.text)); k != event.KindNone && paths[0] == event.AttrKind && (v.op == "" || v.op == "=") {
		p.out = append(p.out, event.AttrKind+":="+quote(k.String())...)
		return oneKind(k)
	}
	p.out = append(p.out, '(')
	wrote := false
	for _, path := range paths {
		f := p.filter(path, v, bare)
		if f == "" {
			continue
		}
		if wrote {
			p.out = append(p.out, " or "...)
		}
		p.out = append(p.out, f...)
		wrote = true
	}
	p.out = append(p.out, ')')
	if !wrote {
		p.failAt(v.at, "a value that "+strings.Join(paths, " or ")+" can have")
	}
	return allKinds()
}

// text reads a quoted text or a word.
func (p *parser) text(v *operand) {
	rest := p.s[p.at:]
	if strings.HasPrefix(rest, `"`) {
		q, err := strconv.QuotedPrefix(rest)
		if err != nil {
			p.fail(`a closing "`)
			return
		}
		v.text, err = strconv.Unquote(q)
		if err != nil {
			v.text = q[1 : len(q)-1]
		}
		v.quoted = true
		p.at += len(q)
		return
	}
	n := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || r == '(' || r == ')' })
	if n < 0 {
		n = len(rest)
	}
	if i := strings.IndexByte(rest[:n], '|'); i >= 0 && !strings.HasPrefix(rest[i:], "||") || n == 0 {
		p.at += max(i, 0)
		p.fail("a value; put it in double quotes when it has spaces, parentheses or |")
		return
	}
	v.text = rest[:n]
	p.at += n
}

// filter writes "path has the value", or "" where it never can.
func (p *parser) filter(path string, v operand, bare bool) string {
	sh := p.g.shape[path]
	name := quote(path) + ":"
	switch {
	case v.op == "" && !v.quoted && v.text == "*":
		return name + "*"
	case v.op == "" && v.quoted && v.text == "" && !bare:
		return name + `""`
	case v.text == "":
		p.failAt(v.at, "a value")
		return ""
	case v.op == "~":
		return p.regexp(name, v)
	case v.op == "=":
		return name + "=" + quote(v.text)
	case v.op != "":
		return p.comparison(name, v, sh)
	case sh == shapeNumber:
		return p.number(name, v)
	case sh == shapeBool:
		return truth(name, v.text)
	case sh == shapeIP:
		return address(name, v)
	case !v.quoted && strings.Contains(v.text, "*"):
		return wildcard(name, v.text, sh)
	case sh == shapeWord:
		return name + "in(" + cases(v.text) + ")"
	case sh == shapeList:
		b, _ := json.Marshal(v.text) // as the element stands in the list
		return name + "contains_any(" + cases(strings.Trim(string(b), `"`)) + ")"
	}
	return name + "contains_any(" + cases(v.text) + ")"
}

// cases lists the value as people write it: as typed, in lower case, in upper case and capitalised. Unlike a search
// that ignores case altogether, it is answered by bloom filters.
func cases(v string) string {
	lower := strings.ToLower(v)
	all := []string{v, lower, strings.ToUpper(v)}
	if r, n := utf8.DecodeRuneInString(lower); n > 0 {
		all = append(all, string(unicode.ToUpper(r))+lower[n:])
	}
	slices.Sort(all)
	all = slices.Compact(all)
	for i := range all {
		all[i] = quote(all[i])
	}
	return strings.Join(all, ",")
}

func (p *parser) regexp(name string, v operand) string {
	if _, err := regexp.Compile(v.text); err != nil {
		p.failAt(v.at, "a regular expression (RE2): "+strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		return ""
	}
	return name + "~" + quote(v.text)
}

func (p *parser) comparison(name string, v operand, sh shape) string {
	n, ok := quantity(v.text)
	if !ok || (sh != shapeNumber && sh != shapeText) {
		p.failAt(v.at, "a number after "+v.op+", with a unit where it has one (10KB, 5s)")
		return ""
	}
	return name + v.op + n
}

// number writes a filter of a number: 443, 1..1023, 10KB, 5s, or 44*.
func (p *parser) number(name string, v operand) string {
	if from, to, ok := strings.Cut(v.text, ".."); ok {
		a, okA := quantity(from)
		b, okB := quantity(to)
		if okA && okB {
			return name + "range[" + a + "," + b + "]"
		}
	} else if n, ok := quantity(v.text); ok {
		return name + "=" + quote(n)
	} else if digits, ok := strings.CutSuffix(v.text, "*"); ok && isDigits(digits) {
		return name + "=" + quote(digits) + "*"
	}
	p.failAt(v.at, "a number, or a range as 1..1023")
	return ""
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// quantity is a whole number with an optional unit of bytes (powers of 1000, or of 1024 with i) or of time, which is
// counted in nanoseconds.
func quantity(s string) (string, bool) {
	if isDigits(s) {
		return s, len(s) < 20
	}
	if d, err := time.ParseDuration(s); err == nil {
		return strconv.FormatInt(int64(d), 10), true
	}
	digits := strings.TrimRight(s, "KMGTiBkb")
	unit, ok := map[string]float64{"B": 1, "K": 1e3, "KB": 1e3, "M": 1e6, "MB": 1e6, "G": 1e9, "GB": 1e9, "T": 1e12, "TB": 1e12,
		"KI": 1 << 10, "KIB": 1 << 10, "MI": 1 << 20, "MIB": 1 << 20, "GI": 1 << 30, "GIB": 1 << 30,
		"TI": 1 << 40, "TIB": 1 << 40}[strings.ToUpper(s[len(digits):])]
	f, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || f < 0 || f*unit > 1<<62 {
		return "", false
	}
	return strconv.FormatInt(int64(f*unit), 10), true
}

func truth(name, v string) string {
	switch strings.ToLower(v) {
	case "true", "yes", "1":
		return name + `="true"`
	case "false", "no", "0":
		return "!" + name + `="true"`
	}
	return ""
}

// address writes a filter of an IP address: one, a prefix in CIDR, or the beginning of one with *.
func address(name string, v operand) string {
	if a, err := netip.ParseAddr(v.text); err == nil {
		return name + "=" + quote(a.String())
	}
	if n, err := netip.ParsePrefix(v.text); err == nil && n.Addr().Is4() {
		return name + "ipv4_range(" + quote(n.Masked().String()) + ")"
	}
	if begin, ok := strings.CutSuffix(v.text, "*"); ok && strings.Trim(begin, "0123456789abcdefABCDEF.:") == "" {
		return name + "=" + quote(strings.ToLower(begin)) + "*"
	}
	return ""
}

// wildcard writes a filter of a text with * in it.
func wildcard(name, v string, sh shape) string {
	inner := strings.Trim(v, "*")
	switch {
	case inner == "":
		return name + "*"
	case strings.Contains(inner, "*"), strings.HasPrefix(v, "*") != strings.HasSuffix(v, "*") && strings.HasPrefix(v, "*"):
		return name + "~" + quote(wildcardForm(v))
	case strings.HasPrefix(v, "*"):
		return name + "*" + quote(inner) + "*"
	case sh == shapeWord:
		return name + "=" + quote(inner) + "*"
	}
	return name + quote(inner) + "*"
}

// wildcardForm is the regular expression of a text with *, without regard to case.
func wildcardForm(v string) string {
	parts := strings.Split(v, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return "(?is)^" + strings.Join(parts, ".*") + "$"
}
