package engine

import (
	"slices"
	"strings"

	"bulwark/detect/logrule/internal/sigma"
)

// shape is where in a value a text is looked for.
type shape uint8

const (
	whole shape = iota
	front
	back
	inside
)

// shapeOf is the text that stands for a pattern, and where it stands. It stands for the pattern exactly unless loose: then the
// pattern is asked as well.
func shapeOf(p sigma.Pattern) (text string, s shape, loose bool) {
	if text, ok := p.Plain(); ok {
		return text, whole, false
	}
	for _, x := range p {
		if x.Wild == sigma.Text && len(x.Text) > len(text) {
			text = x.Text
		}
	}
	first, last := p[0], p[len(p)-1]
	switch {
	case len(p) == 2 && first.Wild == sigma.Text && last.Wild == sigma.Any:
		return text, front, false
	case len(p) == 2 && first.Wild == sigma.Any && last.Wild == sigma.Text:
		return text, back, false
	case len(p) == 3 && first.Wild == sigma.Any && last.Wild == sigma.Any && p[1].Wild == sigma.Text:
		return text, inside, false
	}
	return text, inside, true
}

// indexable reports whether a text can be looked for, in place of asking a test.
func indexable(t *sigma.Test) bool {
	if t.How != sigma.Like {
		return false
	}
	text, s, _ := shapeOf(t.Pattern)
	return text != "" || s == whole
}

// textKey tells tests of a field apart.
func textKey(t *sigma.Test) string {
	if t.Cased {
		return "c" + t.Pattern.String()
	}
	return "i" + t.Pattern.String()
}

// worthOf says how seldom a test is likely to hold: what Windows writes everywhere is worth nothing.
func worthOf(t *sigma.Test) int {
	text, s, _ := shapeOf(t.Pattern)
	lower := strings.ToLower(text)
	switch {
	case strings.Contains(usual, lower) && s != whole, s == whole && strings.Contains(usualWords, " "+lower+" "):
		return 0
	case s == whole:
		return 4 + 2*len(text)
	}
	return len(text)
}

// expression is one that every value of a field is asked, for a rule that nothing else wakes.
type expression struct {
	test  *residue
	group int32
	rule  int
}

// entry is a text that is looked for.
type entry struct {
	text  string // in lower case
	loose *sigma.Test
	group int32
}

// found appends the group of an entry whose text is found.
func (x *entry) found(lower, value string, out []int32) []int32 {
	switch {
	case x.loose == nil:
	case x.loose.Cased && !x.loose.Pattern.Match(value), !x.loose.Cased && !x.loose.Pattern.Match(lower):
		return out
	}
	return append(out, x.group)
}

// field looks for all texts of a field at once.
type field struct {
	id    uint32
	every bool // it is not one field but all
	place place
	sizes uint64 // bit n: there is a whole text of that length, modulo 64
	whole map[string][]entry
	front ends
	back  ends
	short grams   // found anywhere, of two or three bytes
	grams grams   // found anywhere, of four bytes and more
	sieve *sieve  // of all of them, where it is all fields; nil: it has none
	lone  []entry // found anywhere, of one byte
	asks  []expression
}

func newField(id uint32, every bool, at place) *field {
	return &field{id: id, every: every, place: at, back: ends{back: true}, short: grams{width: 2, spare: 4}, grams: grams{width: 4, spare: 4}}
}

func (f *field) add(t *sigma.Test, group int32) {
	text, s, loose := shapeOf(t.Pattern)
	x := entry{text: strings.ToLower(text), group: group}
	if loose || t.Cased {
		x.loose = t
	}
	switch {
	case s == whole:
		if f.whole == nil {
			f.whole = map[string][]entry{}
		}
		f.whole[x.text] = append(f.whole[x.text], x)
		f.sizes |= 1 << (len(x.text) & 63)
	case s == front:
		f.front.all = append(f.front.all, x)
	case s == back:
		f.back.all = append(f.back.all, x)
	case len(x.text) == 1:
		f.lone = append(f.lone, x)
	case len(x.text) < 4:
		f.short.all = append(f.short.all, x)
	default:
		f.grams.all = append(f.grams.all, x)
	}
}

func (f *field) finish(b *Book) {
	if f.every {
		f.sieve = b.sieve(f.entries())
	}
	for _, all := range [...]*[]entry{&f.front.all, &f.back.all, &f.short.all, &f.grams.all} {
		*all = slices.Clone(*all) // without the room that they grew into
	}
	f.front.finish()
	f.back.finish()
	f.short.finish()
	f.grams.finish()
}

// entries are all texts that are looked for.
func (f *field) entries() (all []entry) {
	for _, x := range f.whole {
		all = append(all, x...)
	}
	return slices.Concat(all, f.front.all, f.back.all, f.lone, f.short.all, f.grams.all)
}

func countOf(all []entry, is func(entry) bool) (n int) {
	for _, x := range all {
		if is(x) {
			n++
		}
	}
	return n
}

// look appends the group of each text that is found in a value, which is given in lower case and as it is.
func (f *field) look(lower, value string, out []int32) []int32 {
	if f.sizes>>(len(lower)&63)&1 != 0 {
		for _, x := range f.whole[lower] {
			out = x.found(lower, value, out)
		}
	}
	out = f.front.look(lower, value, out)
	out = f.back.look(lower, value, out)
	for k := range f.lone {
		if strings.IndexByte(lower, f.lone[k].text[0]) >= 0 {
			out = f.lone[k].found(lower, value, out)
		}
	}
	out = f.short.look(lower, value, out)
	return f.grams.look(lower, value, out)
}
