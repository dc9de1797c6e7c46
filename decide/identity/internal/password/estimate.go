package password

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is what a piece of a password was recognised as.
type kind uint8

const (
	nothing  kind = iota // a character that had to be tried
	word                 // a known word or password
	local                // a word that belongs to this person or this place
	sequence             // abcd, 4321, azerty
	repeat               // the same piece again
	date                 // a year or a day

	kindCount = iota
)

const (
	digitBits = 3.33 // to try one digit
	otherBits = 4.0  // to try one other character: people do not choose evenly
	signBits  = 3.0  // to try one of the signs that people put where a sign is asked for
	joinBits  = 1.0  // to try how pieces follow one another
	yearBits  = 7.0
	nearBits  = 4.0 // the years around this one
	townBits  = 9.0 // the postal codes that are near, or large towns
	dayBits   = 15.0
	shapeBits = 2.0 // to try where a word has capitals, or digits for letters
	rowBits   = 4.0 // to try where a sequence begins and which way it goes
)

// estimate is how many bits it takes, at most, to guess a piece, and what most of it is.
type estimate struct {
	bits  float64
	kinds [kindCount]int16 // characters by kind
}

// longestWord is the longest piece that is looked up, in characters.
const longestWord = 40

// guesser estimates passwords for one person.
type guesser struct {
	words   words
	context map[string]bool
}

// estimate finds the cheapest way to build text of known words, sequences, dates and repetitions. It looks at every
// interval, the short ones first, so that a repetition costs what its piece costs: O(n³) in the length, which is
// bounded by [Longest].
func (g guesser) estimate(text string) estimate {
	t := align(text)
	n := len(t.plain)
	best := make([][]estimate, n+1) // best[i][j] is characters i to j
	for i := range best {
		best[i] = make([]estimate, n+1)
	}
	for size := 1; size <= n; size++ {
		for i := 0; i+size <= n; i++ {
			best[i][i+size] = g.cheapest(t.part(i, i+size), best, i)
		}
	}
	return best[0][n]
}

// cheapest is the cheapest explanation of the characters t, which begin at i: one piece, two parts, or a repetition.
func (g guesser) cheapest(t characters, best [][]estimate, i int) estimate {
	size := len(t.plain)
	j := i + size
	e := g.piece(t)
	for k := i + 1; k < j; k++ {
		a, b := &best[i][k], &best[k][j]
		if bits := a.bits + b.bits + joining(a, b); bits < e.bits {
			e = estimate{bits: bits, kinds: a.kinds}
			for x := range e.kinds {
				e.kinds[x] += b.kinds[x]
			}
		}
	}
	for period := 1; period <= size/2; period++ {
		once := best[i][i+period]
		if bits := once.bits + math.Log2(float64(size/period)); bits < e.bits && repeats(t.plain, period) {
			e = once.times(size / period)
			e.bits = bits
		}
	}
	return e
}

// times is what e is made of when it stands n times: what was tried one by one is now a repetition.
func (e estimate) times(n int) estimate {
	for x := range e.kinds {
		e.kinds[x] *= int16(n)
	}
	e.kinds[repeat] += e.kinds[nothing]
	e.kinds[nothing] = 0
	return e
}

// joining is free between characters that are tried one by one.
func joining(a, b *estimate) float64 {
	tried := func(e *estimate) bool {
		k := e.kinds
		n := k[nothing]
		k[nothing] = 0
		return n > 0 && k == [kindCount]int16{}
	}
	if tried(a) && tried(b) {
		return 0
	}
	return joinBits
}

// piece is the cheapest explanation of t as one piece; infinite where there is none.
func (g guesser) piece(t characters) estimate {
	n := len(t.plain)
	e := estimate{bits: math.Inf(1)}
	take := func(bits float64, k kind) {
		if bits < e.bits {
			e = estimate{bits: bits}
			e.kinds[k] = int16(n)
		}
	}
	if n == 1 {
		take(trying(t.plain[0]), nothing)
		return e
	}
	if n < ShortestWord || n > longestWord {
		return e
	}
	plain := string(t.plain)
	g.lookUp(plain, t.irregular(), take)
	if letters := string(t.letters); letters != plain {
		g.lookUp(letters, true, take)
	}
	if whole := strings.Map(glued, plain); whole != plain {
		g.lookUp(whole, true, take)
	}
	if inRow(plain) {
		take(rowBits+math.Log2(float64(n)), sequence)
	}
	if bits, ok := day(plain); ok {
		take(bits, date)
	}
	if postal(plain) {
		take(townBits, word)
	}
	return e
}

// lookUp takes s as a known word, written plainly or not.
func (g guesser) lookUp(s string, disguised bool, take func(bits float64, k kind)) {
	shape := 1.0
	if disguised {
		shape += shapeBits
	}
	if g.context[s] {
		take(shape, local)
	} else if cost, ok := g.words[s]; ok {
		take(shape+float64(cost), word)
	}
}

func trying(r rune) float64 {
	if unicode.IsDigit(r) {
		return digitBits
	}
	if strings.ContainsRune("!.-_@?*#$+ ", r) {
		return signBits
	}
	return otherBits
}

// rows are what is next to each other: on French and English keyboards, and in the alphabet.
func rows() []string {
	return []string{"azertyuiop", "qsdfghjklm", "wxcvbn", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "1234567890",
		"0123456789", "abcdefghijklmnopqrstuvwxyz", "aqwzsxedcrfvtgbyhnujm", "qazwsxedcrfvtgbyhnujmik", "1qaz2wsx3edc4rfv5tgb", "1a2z3e4r5t6y7u8i9o0p"}
}

// inRow tells whether s runs along one of the rows, either way.
func inRow(s string) bool {
	back := []rune(s)
	slices.Reverse(back)
	for _, row := range rows() {
		if len(s) <= len(row) && (strings.Contains(row, s) || strings.Contains(row, string(back))) {
			return true
		}
	}
	return false
}

// day recognises a year, and a day of this and the last century written with digits alone.
func day(s string) (bits float64, ok bool) {
	for _, r := range s {
		if r < '0' || r > '9' {
			return 0, false
		}
	}
	century := func(y string) bool { return y >= "1900" && y <= "2059" }
	valid := func(d, m string) bool { return d >= "01" && d <= "31" && m >= "01" && m <= "12" }
	switch len(s) {
	case 4:
		if s >= "2015" && s <= "2034" {
			return nearBits, true
		}
		return yearBits, century(s)
	case 6:
		return dayBits, valid(s[:2], s[2:4]) || valid(s[4:], s[2:4])
	case 8:
		return dayBits, valid(s[:2], s[2:4]) && century(s[4:]) || century(s[:4]) && valid(s[6:], s[4:6])
	}
	return 0, false
}

// glued drops what stands between the parts of a word, as in "sage-femme".
func glued(r rune) rune {
	if strings.ContainsRune("-_. ’'", r) {
		return -1
	}
	return r
}

// postal recognises the postal code of a town in France.
func postal(s string) bool {
	if len(s) != 5 || strings.Trim(s, "0123456789") != "" {
		return false
	}
	return s >= "01000" && s <= "98899" && s[4] == '0'
}

func repeats(s []rune, period int) bool {
	if len(s)%period != 0 {
		return false
	}
	for i := period; i < len(s); i++ {
		if s[i] != s[i-period] {
			return false
		}
	}
	return true
}

// characters are a text three times, character by character.
type characters struct {
	shown   []rune // as it was typed
	plain   []rune // small letters without accents
	letters []rune // and with letters for the digits and signs that stand for them
}

func align(text string) characters {
	var c characters
	for _, r := range text {
		for _, f := range Fold(string(r)) {
			c.shown, c.plain, c.letters = append(c.shown, r), append(c.plain, f), append(c.letters, letter(f))
		}
	}
	return c
}

func (c characters) part(i, j int) characters {
	return characters{c.shown[i:j], c.plain[i:j], c.letters[i:j]}
}

// letter is the letter that r is often written for.
func letter(r rune) rune {
	const signs, letters = "@4836€1!0$57+2", "aabegeiiossttz"
	if i := strings.IndexRune(signs, r); i >= 0 {
		return []rune(letters)[utf8.RuneCountInString(signs[:i])]
	}
	return r
}

// irregular tells whether there are capitals elsewhere than at the start, but not everywhere.
func (c characters) irregular() bool {
	capitals := 0
	for _, r := range c.shown {
		if unicode.IsUpper(r) {
			capitals++
		}
	}
	first := capitals == 1 && unicode.IsUpper(c.shown[0])
	return capitals > 0 && !first && capitals < len(c.shown)
}
