package engine

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// index finds entries by numbers. A map of bits in front of a table tells the numbers that it has from the rest.
type index struct {
	bits  []uint64 // bit n: a number has the hash n
	wide  uint     // of a hash in the map, bits
	slots []bucket
	size  uint    // of a hash in the table, bits
	list  []int32 // entries, by bucket
}

// bucket are the entries of a number.
type bucket struct {
	number   uint32 // half of its hash: whoever asks compares the texts
	from, to int32  // in list; none: the bucket is free
}

const golden = 0x9e3779b97f4a7c15

// newIndex takes the number of each entry. The map has 1<<spare bits for each, or twice as many.
func newIndex(numbers []uint64, spare uint) index {
	x := index{list: make([]int32, len(numbers))}
	for k := range x.list {
		x.list[k] = int32(k)
	}
	slices.SortStableFunc(x.list, func(a, b int32) int { return cmp.Compare(numbers[a], numbers[b]) })
	distinct := 0
	for k, e := range x.list {
		if k == 0 || numbers[e] != numbers[x.list[k-1]] {
			distinct++
		}
	}
	x.size = uint(bits.Len(uint(distinct + distinct/8)))
	x.wide = min(max(x.size+spare, 6), 17)
	x.bits, x.slots = make([]uint64, 1<<(x.wide-6)), make([]bucket, 1<<x.size)
	for from := 0; from < len(numbers); {
		n, to := numbers[x.list[from]], from+1
		for to < len(numbers) && numbers[x.list[to]] == n {
			to++
		}
		x.slots[x.slot(n)] = bucket{half(n), int32(from), int32(to)}
		h := n * golden >> (64 - x.wide)
		x.bits[h>>6] |= 1 << (h & 63)
		from = to
	}
	return x
}

func half(n uint64) uint32 { return uint32(n * golden >> 16) }

// slot is that of a number, or the free one where it would be.
func (x *index) slot(n uint64) uint64 {
	at := n * golden >> (64 - x.size)
	for x.slots[at].to > x.slots[at].from && x.slots[at].number != half(n) {
		at = (at + 1) & uint64(len(x.slots)-1)
	}
	return at
}

// may reports whether the index may have a number.
func (x *index) may(n uint64) bool {
	h := n * golden >> (64 - x.wide)
	return x.bits[h>>6]>>(h&63)&1 != 0
}

// of are the entries of a number.
func (x *index) of(n uint64) []int32 {
	b := &x.slots[x.slot(n)]
	return x.list[b.from:b.to]
}

// ends are texts at one end of a value, found by their bytes at that end: the most of 1, 2, 4, 8, 16 and 32 that a text has.
type ends struct {
	back   bool // the end, not the begin
	all    []entry
	index  index
	widths uint8 // bit n: some are found by 1<<n bytes
}

// widest is that of the longest number, as a power of two.
const widest = 5

// number is made of the bytes at an end.
func (e *ends) number(s string, width int) uint64 {
	n := 1 << width
	if e.back {
		s = s[len(s)-n:]
	}
	x := uint64(width)
	switch width {
	case 0:
		return x + uint64(s[0])<<8
	case 1:
		return x + uint64(s[0])<<8 + uint64(s[1])<<16
	case 2:
		return x + (uint64(s[0])|uint64(s[1])<<8|uint64(s[2])<<16|uint64(s[3])<<24)<<8
	}
	for k := 0; k < n; k += 8 {
		x = bits.RotateLeft64((x^load(s[k:]))*golden, 29)
	}
	return x
}

func (e *ends) finish() {
	if len(e.all) == 0 {
		return
	}
	numbers := make([]uint64, len(e.all))
	for k, x := range e.all {
		width := min(bits.Len(uint(len(x.text)))-1, widest)
		e.widths |= 1 << width
		numbers[k] = e.number(x.text, width)
	}
	e.index = newIndex(numbers, 4)
}

func (e *ends) look(lower, value string, out []int32) []int32 {
	for w := e.widths; w != 0; w &= w - 1 {
		width := bits.TrailingZeros8(w)
		if 1<<width > len(lower) {
			break
		}
		n := e.number(lower, width)
		if !e.index.may(n) {
			continue
		}
		for _, k := range e.index.of(n) {
			x := &e.all[k]
			if e.back && strings.HasSuffix(lower, x.text) || !e.back && strings.HasPrefix(lower, x.text) {
				out = x.found(lower, value, out)
			}
		}
	}
	return out
}

// grams find texts anywhere in a value, each by two, four or eight bytes of it; where it strides, by as many such places one after the other.
type grams struct {
	width  int     // two, four or eight
	spare  uint    // of the map of bits
	stride int     // it looks at each stride-th place of a value
	few    []entry // those that are looked for one by one, as they are too short to stride over, or hardly any
	all    []entry
	backs  []int32 // by entry: how far before the first of its places it begins
	index  index
}

// least is how long a text has to be.
func (g *grams) least() int { return g.width + g.stride - 1 }

func (g *grams) of(s string) uint64 {
	switch g.width {
	case 2:
		return uint64(s[0]) | uint64(s[1])<<8
	case 8:
		return load(s)
	}
	return uint64(load4(s))
}

// usual are texts of which much is found in whatever Windows logs: bytes of them tell little.
const usual = `c:\windows\system32\ c:\windows\syswow64\ c:\program files\ c:\program files (x86)\ c:\programdata\ c:\users\ \appdata\local\temp\ \appdata\roaming\ ` +
	`microsoft windows microsoft-windows- nt authority\system hklm\system\currentcontrolset\services\ hklm\software\microsoft\windows\currentversion\ ` +
	`\powershell.exe \cmd.exe /c \svchost.exe -k \explorer.exe \services.exe \winlogon.exe https://www. http:// .dll" .exe" --type= \device\harddiskvolume`

// usualWords are whole values of which the same is true.
const usualWords = ` high system medium low s-1-16-16384 s-1-16-12288 s-1-16-8192 s-1-5-18 true false cmd.exe powershell.exe svchost.exe `

// Bounds of what is looked for one by one, and of the places by which texts are found that are stridden over.
const (
	mostFew    = 6
	mostPlaces = 4096
)

// finish makes the stride as long as it may be: but for few, all texts have to be longer than it.
func (g *grams) finish() {
	if len(g.all) <= mostFew {
		g.few, g.all = g.all, nil
		return
	}
	isShort := func(x entry) bool { return len(x.text) < g.least() }
	if g.width == 4 {
		g.width, g.stride = 8, 8 // where all are as long as hashes: four digits of those say little
		if countOf(g.all, isShort) > mostFew {
			g.width = 4
		}
	}
	for _, g.stride = range [...]int{8, 6, 4, 3, 2, 1} {
		if short := countOf(g.all, isShort); short <= mostFew && (len(g.all)-short)*g.stride <= mostPlaces {
			break
		}
	}
	for _, x := range g.all {
		if isShort(x) {
			g.few = append(g.few, x)
		}
	}
	g.all = slices.DeleteFunc(g.all, isShort)
	g.place()
}

// place chooses the bytes by which each text is found: those that fewest others have in them, and that are not usual.
func (g *grams) place() {
	count := map[uint64]int{}
	for k := 0; k+g.width <= len(usual); k++ {
		count[g.of(usual[k:])] += 1000
	}
	for _, x := range g.all {
		for k := 0; k+g.width <= len(x.text); k++ {
			count[g.of(x.text[k:])]++
		}
	}
	g.backs = make([]int32, len(g.all))
	var numbers []uint64
	for n, x := range g.all {
		best, worth := 0, math.MaxInt
		for k := 0; k+g.least() <= len(x.text); k++ {
			sum := 0
			for j := range g.stride {
				sum += count[g.of(x.text[k+j:])]
			}
			if sum < worth {
				best, worth = k, sum
			}
		}
		g.backs[n] = int32(best)
		for j := range g.stride {
			numbers = append(numbers, g.of(x.text[best+j:]))
		}
	}
	g.index = newIndex(numbers, g.spare)
}

func (g *grams) look(lower, value string, out []int32) []int32 {
	for n := range g.few {
		if x := &g.few[n]; strings.Contains(lower, x.text) {
			out = x.found(lower, value, out)
		}
	}
	if len(g.all) == 0 {
		return out
	}
	mask, k := uint64(1)<<(8*g.width)-1, 0
	seen, shift := g.index.bits, (64-g.index.wide)&63
	for ; g.stride == 1 && g.width < 8 && k+8 <= len(lower); k += 4 { // four numbers begin in the first half of eight bytes
		w := load(lower[k:])
		for j := range 4 {
			n := w & mask
			w >>= 8
			if h := n * golden >> shift; seen[h>>6]>>(h&63)&1 != 0 { // as may says
				out = g.at(lower, value, k+j, n, out)
			}
		}
	}
	for ; k+g.width <= len(lower); k += g.stride {
		if n := g.of(lower[k:]); g.index.may(n) {
			out = g.at(lower, value, k, n, out)
		}
	}
	return out
}

// at looks for the entries that have a number, found at a place.
func (g *grams) at(lower, value string, k int, n uint64, out []int32) []int32 {
	for _, e := range g.index.of(n) {
		n := int(e) / g.stride
		x := &g.all[n]
		if from := k - int(g.backs[n]) - int(e)%g.stride; from >= 0 && strings.HasPrefix(lower[from:], x.text) {
			out = x.found(lower, value, out)
		}
	}
	return out
}
