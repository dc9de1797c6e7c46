package rule

import (
	"strconv"
	"strings"
)

// maxOptions is how many keywords a rule may have.
const maxOptions = 1024

// value is what follows a keyword's colon.
type value struct {
	text string // without spaces around it
	at   int    // where it begins in the line
	has  bool   // there is a colon
}

// keyword is how one keyword is read.
type keyword struct {
	read  func(*builder, value) error
	value need
}

// need says whether a keyword has a value.
type need uint8

const (
	must need = iota
	may
	never
)

// options reads what stands in the brackets.
func (b *builder) options(s *scanner) error {
	text := s.text
	at := s.at
	for at < len(text) && isSpace(text[at]) {
		at++
	}
	if at == len(text) || text[at] != '(' {
		return faultf(at, "the options do not begin with a bracket")
	}
	end := len(text)
	for end > at && isSpace(text[end-1]) {
		end--
	}
	switch at++; {
	case end > at && text[end-1] == ')':
		end--
	case end > at && text[end-1] == ';': // whole options, and Suricata does not ask for the bracket behind them
	default:
		return faultf(end, "the rule does not end with a closing bracket")
	}
	if strings.Contains(text[at:end], "requires:") { // decides before anything else is looked at
		if err := b.each(text, at, end, b.required); err != nil {
			return err
		}
	}
	return b.each(text, at, end, b.one)
}

// each cuts text into options.
func (b *builder) each(text string, at, end int, do func(string, int) error) error {
	for n := 0; ; n++ {
		for at < end && isSpace(text[at]) {
			at++
		}
		if at == end {
			return nil
		}
		if n == maxOptions {
			return faultf(at, "the rule has more than %d keywords", maxOptions)
		}
		stop := optionEnd(text, at, end)
		if stop < 0 {
			return faultf(at, "%q does not end with a semicolon", cutWord(text[at:end]))
		}
		if err := do(text[at:stop], at); err != nil {
			return err
		}
		at = stop + 1
	}
}

// optionEnd is where the next semicolon stands that no backslash goes before; -1: nowhere.
func optionEnd(text string, at, end int) int {
	for i := at; i < end; i++ {
		i0 := strings.IndexByte(text[i:end], ';')
		if i0 < 0 {
			return -1
		}
		i += i0
		if i == at || text[i-1] != '\\' {
			return i
		}
	}
	return -1
}

// one reads one option.
func (b *builder) one(text string, at int) error {
	name, v := nameValue(text, at)
	b.at, b.option = at, name
	k, ok := b.parser.keywords[name]
	if !ok {
		return b.named(name, v)
	}
	if err := b.hasValue(k.value, v); err != nil {
		return err
	}
	return k.read(b, v)
}

func nameValue(text string, at int) (string, value) {
	name, rest, has := strings.Cut(text, ":")
	v := value{text: rest, at: at + len(name) + 1, has: has}
	return strings.TrimRight(name, " \t"), v.trimmed()
}

// required reads one option, of those that decide whether the rule is for this program.
func (b *builder) required(text string, at int) error {
	name, v := nameValue(text, at)
	if name != "requires" {
		return nil
	}
	b.at, b.option = at, name
	return b.requires(v)
}

// hasValue checks that a value is there, or is not.
func (b *builder) hasValue(n need, v value) error {
	switch {
	case n == must && (!v.has || v.text == ""):
		return faultf(b.at, "%s needs a value", b.option)
	case n == never && v.has && v.text != "":
		return faultf(v.at, "%s takes no value", b.option)
	}
	return nil
}

// unquoted takes the quotes off a value that has them, and a negation from before them.
func (v value) unquoted() (_ value, not bool, err error) {
	if strings.HasPrefix(v.text, "!") {
		not = true
		v = v.skip(1)
	}
	if !strings.HasPrefix(v.text, `"`) {
		if strings.HasSuffix(v.text, `"`) {
			return v, not, faultf(v.at, "the value ends with a quote but does not begin with one")
		}
		return v, not, nil
	}
	if len(v.text) < 2 || v.text[len(v.text)-1] != '"' {
		return v, not, faultf(v.at, `the quote is not closed (a semicolon within quotes is written \;)`)
	}
	v.text = v.text[1 : len(v.text)-1]
	v.at++
	return v, not, nil
}

// skip leaves out the first n bytes, and spaces behind them.
func (v value) skip(n int) value {
	v.text = v.text[n:]
	v.at += n
	return v.trimmed()
}

func (v value) trimmed() value {
	t := strings.TrimLeft(v.text, " \t")
	v.at += len(v.text) - len(t)
	v.text = strings.TrimRight(t, " \t")
	return v
}

// split cuts a value at each separator, up to n times (-1: always).
func (v value) split(sep byte, n int) []value {
	var out []value
	for n < 0 || len(out) < n-1 {
		i := strings.IndexByte(v.text, sep)
		if i < 0 {
			break
		}
		out = append(out, value{text: v.text[:i], at: v.at, has: true}.trimmed())
		v.text, v.at = v.text[i+1:], v.at+i+1
	}
	return append(out, v.trimmed())
}

// words cuts a value at spaces.
func (v value) words() []value {
	var out []value
	for v = v.trimmed(); v.text != ""; {
		i := strings.IndexAny(v.text, " \t")
		if i < 0 {
			return append(out, v)
		}
		out = append(out, value{text: v.text[:i], at: v.at, has: true})
		v = v.skip(i)
	}
	return out
}

// number reads a decimal or, with 0x before it, hexadecimal number.
func number(s string, bits int) (uint64, error) {
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		return strconv.ParseUint(s[2:], 16, bits)
	}
	return strconv.ParseUint(s, 10, bits)
}

// unsigned reads a value that is a number.
func (b *builder) unsigned(v value, bits int) (uint64, error) {
	n, err := number(v.text, bits)
	if err != nil {
		return 0, faultf(v.at, "%s: %q is no number of 0 to %d", b.option, cutWord(v.text), uint64(1)<<bits-1)
	}
	return n, nil
}
