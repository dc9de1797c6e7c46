package engine

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"bulwark/detect/logrule/internal/sigma"
	"bulwark/event"
)

// Run is what one goroutine needs to ask programs of one book. Its zero value is ready.
type Run struct {
	Sheet // the event that programs are asked about

	memo  memo
	bits  []uint64
	woken []uint64
	found []int32
	clean []bool // by value: no text that is looked for in all of them is in this one
	lower []byte

	Asked int // rules that were asked, of all events
	// Costs are what each rule cost, by its number; nil: nobody wants to know.
	Costs []Cost
	// Now is asked before and after a rule is; nil: how long it took is not measured.
	Now func() time.Time
	// Rule is the number of the rule that is being asked, or was last.
	Rule int
	// Skip are numbers of rules that are not asked.
	Skip []int
}

// Recover makes a run ready again that panicked amidst an event.
func (r *Run) Recover() {
	r.Sheet, r.memo = Sheet{}, memo{}
}

// Cost is what a rule cost.
type Cost struct {
	Asked uint64        // how often it was asked
	Timed uint64        // how often of these the time was taken
	Took  time.Duration // in these
}

// ask asks a rule about the event.
func (r *Run) ask(c *compiled) bool {
	if !r.begin(c.number) {
		return false
	}
	r.Asked++
	if r.Costs == nil {
		return r.matches(c)
	}
	return r.measured(func() bool { return r.matches(c) })
}

// express asks an expression about a value, on behalf of its rule.
func (r *Run) express(x *expression, value string) bool {
	if len(value) < x.test.least || !r.begin(x.rule) {
		return false
	}
	if r.Costs == nil {
		return x.test.One(value)
	}
	return r.measured(func() bool { return x.test.One(value) })
}

// begin notes which rule is asked; false: it is not to be.
func (r *Run) begin(rule int) bool {
	r.Rule = rule
	return len(r.Skip) == 0 || !slices.Contains(r.Skip, rule)
}

// measured is what a question to the rule says, and notes what it costs.
func (r *Run) measured(question func() bool) bool {
	cost := &r.Costs[r.Rule]
	cost.Asked++
	if r.Now == nil {
		return question()
	}
	begun := r.Now()
	is := question()
	cost.Timed++
	cost.Took += r.Now().Sub(begun)
	return is
}

// has reports whether a group was found.
func (r *Run) has(g int32) bool { return r.bits[g>>6]>>(g&63)&1 != 0 }

// matches reports whether the event has what a rule asks for.
func (r *Run) matches(c *compiled) bool {
	for _, g := range c.all {
		if !r.has(g) {
			return false
		}
	}
	for _, g := range c.none {
		if r.has(g) {
			return false
		}
	}
	for k := range c.rest {
		if !r.holds(&c.rest[k]) {
			return false
		}
	}
	return true
}

// Match appends the numbers of the rules that match the event that was laid, in the order in which they were compiled.
func (p *Program) Match(r *Run, out []int) []int {
	r.bits = cleared(r.bits, p.groups)
	r.woken = append(r.woken[:0], p.always...)
	r.clean = slices.Grow(r.clean[:0], r.event.Len())[:r.event.Len()]
	clear(r.clean)
	for _, f := range p.fields {
		for k := r.values(f.place); k > 0; k = r.next[k-1] {
			p.look(r, f, int(k-1))
		}
	}
	if p.every != nil && !r.sifted(p.every) {
		for k := range r.event.Len() {
			p.look(r, p.every, k)
		}
	}
	for word, woken := range r.woken {
		for ; woken != 0; woken &= woken - 1 {
			if x := &p.rules[word<<6+bits.TrailingZeros64(woken)]; r.ask(x) {
				out = append(out, x.number)
			}
		}
	}
	return out
}

// sifted reports whether no value of the event has a text in it that is looked for in all of them. Of values that were looked into, that is
// known.
func (r *Run) sifted(f *field) bool {
	if _, ok := r.event.Whole(); f.sieve == nil || !ok {
		return false
	}
	for k, clean := range r.clean {
		if clean {
			continue
		}
		if raw, form := r.event.Raw(k); form != sigma.Nothing && f.sieve.may(raw) {
			return false
		}
	}
	return true
}

// look finds the groups of a value, and wakes rules.
func (p *Program) look(r *Run, f *field, k int) {
	for _, g := range r.groups(p, f, k) {
		if r.bits[g>>6]>>(g&63)&1 != 0 {
			continue
		}
		r.bits[g>>6] |= 1 << (g & 63)
		for _, at := range p.wakes[g] {
			r.woken[at>>6] |= 1 << (at & 63)
		}
	}
}

// groups are those of which a text is found in a value. They are valid until the next call.
func (r *Run) groups(p *Program, f *field, k int) []int32 {
	raw, form := r.event.Raw(k)
	if form == sigma.Nothing {
		return nil
	}
	if f.sieve != nil && form == sigma.Plain && !f.sieve.may(raw) && !foreign(raw) {
		return nil
	}
	judged := f.id
	if f.every {
		judged += uint32(k) // fields stand in the same place in many events, and some are worth remembering
	}
	known, key := r.memo.get(f.id, judged, raw, &r.hashes[k], form)
	if known != nil {
		r.clean[k] = r.clean[k] || known.clean
		return r.memo.of(known)
	}
	value := r.event.Value(k).Text
	r.found = f.look(r.lowered(value), value, r.found[:0])
	for k := range f.asks {
		if x := &f.asks[k]; r.express(x, value) {
			r.found = append(r.found, x.group)
		}
	}
	if len(r.Skip) > 0 {
		return r.found // not all was asked
	}
	if key.slot != 0 && p.every != nil && p.every.sieve != nil {
		r.clean[k] = r.clean[k] || !p.every.sieve.may(raw)
	}
	r.memo.put(key, r.found, r.clean[k])
	return r.found
}

func (r *Run) holds(t *tree) bool {
	switch t.op {
	case sigma.And:
		for k := range t.of {
			if !r.holds(&t.of[k]) {
				return false
			}
		}
		return true
	case sigma.Or:
		for k := range t.of {
			if r.holds(&t.of[k]) {
				return true
			}
		}
		return false
	case sigma.Not:
		return !r.holds(&t.of[0])
	}
	if t.group >= 0 {
		return r.has(t.group)
	}
	return r.test(t.test)
}

// test asks a test about the values of its field, as [sigma.Test.Holds] does.
func (r *Run) test(t *residue) bool {
	first := r.first1(t)
	switch t.How {
	case sigma.Present:
		return first > 0
	case sigma.Absent:
		return first == 0
	}
	for k := first; k > 0; k = r.after(t, k) {
		if r.one(t, int(k-1)) {
			return t.How != sigma.Null
		}
	}
	return t.How == sigma.Null
}

// first1 is the first value of a test's field, +1; 0: it is missing.
func (r *Run) first1(t *residue) int32 {
	if t.Field == "" {
		return int32(min(r.event.Len(), 1))
	}
	return r.values(t.place)
}

// after is the value of a test's field behind another, both +1; 0: there is none.
func (r *Run) after(t *residue, k int32) int32 {
	switch {
	case t.Field != "":
		return r.next[k-1]
	case int(k) < r.event.Len():
		return k + 1
	}
	return 0
}

// one asks a test about a value. Whether it is null is asked the other way round.
func (r *Run) one(t *residue, k int) bool {
	raw, form := r.event.Raw(k)
	if form == sigma.Nothing {
		return false
	}
	switch t.How {
	case sigma.Null:
		return true
	case sigma.Equal, sigma.Begins, sigma.Ends, sigma.Includes:
		for o := r.values(t.other); o > 0; o = r.next[o-1] {
			if r.relates(t, k, int(o-1), raw, form) {
				return true
			}
		}
		return false
	case sigma.Search:
		return r.search(t, k, raw, form)
	}
	return t.One(r.event.Value(k).Text)
}

// relates compares two values, which is remembered: both come again and again, and are freed of their backslashes first.
func (r *Run) relates(t *residue, k, o int, raw string, form sigma.Form) bool {
	other, otherForm := r.event.Raw(o)
	if otherForm == sigma.Nothing {
		return false
	}
	known, key := r.memo.pair(t.id, raw, other, &r.hashes[k], &r.hashes[o], form|otherForm<<4)
	if known != nil {
		return known.found > 0
	}
	r.found = r.found[:0]
	if t.Relates(r.event.Value(k).Text, r.event.Value(o).Text) {
		r.found = append(r.found, 0)
	}
	r.memo.put(key, r.found, false)
	return len(r.found) > 0
}

// search asks an expression, which is dear: what it said of a value is remembered.
func (r *Run) search(t *residue, k int, raw string, form sigma.Form) bool {
	if len(raw) < t.least { // it is not longer without its backslashes
		return false
	}
	known, key := r.memo.get(t.id, t.id, raw, &r.hashes[k], form)
	if known != nil {
		return known.found > 0
	}
	r.found = r.found[:0]
	if t.One(r.event.Value(k).Text) {
		r.found = append(r.found, 0)
	}
	r.memo.put(key, r.found, false)
	return len(r.found) > 0
}

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// lowered is a text in lower case as [strings.ToLower] makes it, valid until the next one.
func (r *Run) lowered(s string) string {
	k := 0
	for ; k+8 <= len(s); k += 8 {
		if w := load(s[k:]); w&highs != 0 || upper(w) != 0 {
			break
		}
	}
	r.lower = append(r.lower[:0], s...)
	b := r.lower
	for ; k+8 <= len(b); k += 8 {
		w := binary.LittleEndian.Uint64(b[k:])
		if w&highs != 0 {
			return r.unicode(s, k)
		}
		binary.LittleEndian.PutUint64(b[k:], w|upper(w)>>2)
	}
	for ; k < len(b); k++ {
		if b[k] >= utf8.RuneSelf {
			return r.unicode(s, k)
		}
		if b[k]-'A' < 26 {
			b[k] += 'a' - 'A'
		}
	}
	return event.View(b)
}

// upper has the high bit set of each byte that is a capital letter, of eight that are all ASCII.
func upper(w uint64) uint64 { return (w + lows*(128-'A')) &^ (w + lows*(128-'Z'-1)) & highs }

// unicode goes on from a byte that is not ASCII, or stands before one.
func (r *Run) unicode(s string, from int) string {
	r.lower = r.lower[:from]
	for _, c := range s[from:] {
		r.lower = utf8.AppendRune(r.lower, unicode.ToLower(c))
	}
	return event.View(r.lower)
}

func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func cleared(bits []uint64, n int) []uint64 {
	n = (n + 63) / 64
	if cap(bits) < n {
		return make([]uint64, n)
	}
	bits = bits[:n]
	clear(bits)
	return bits
}
