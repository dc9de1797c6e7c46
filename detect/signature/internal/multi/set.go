// Package multi finds many short byte strings in a buffer at once: the fast patterns of the traffic rules. It is a
// prefilter. What it reports may be wrong in the ways that its doc comments say; what it does not report is not there.
//
// A pattern is found by a window of it: 8, 4, 3, 2 or 1 bytes, folded to one case, that stand at a place of the buffer that
// a pass looks at. A pass that looks at each fourth place only is given four windows of each pattern, one of which must
// stand at such a place. Windows are looked up in a filter that fits the cache (seek.go), then in a hash table
// whose entries hold eight more bytes to compare (confirm.go), and only then is the pattern itself compared. Which windows
// of a pattern are taken decides the speed (rarity.go).
package multi

import "math"

// MaxLength is the length of the longest pattern, in bytes.
const MaxLength = 255

// Pattern is one fast pattern. Where it stands in a buffer may be bounded.
type Pattern struct {
	Bytes []byte // 1 to MaxLength; a pattern of any other length is never found
	Fold  bool   // ASCII letters match either case
	From  int    // the match begins at or after this offset of the buffer
	To    int    // it ends at or before this offset; 0: anywhere
	AtEnd bool   // it must end where the buffer ends
}

// Set is a compiled list of patterns. It never changes: scans may share it. The nil set matches nothing.
type Set struct {
	size     int // patterns it was made of
	literals []literal
	ids      []uint32 // ids of literals that several patterns share
	text     []byte   // values of the literals, each followed by its mask
	passes   []pass
	begins   begins
	all      bool // see Everything
	shuffles bool // passes may have buckets
}

// Everything is a set that reports all of its patterns in every buffer: what rests on a set must come to the same with it.
func Everything(patterns int) *Set { return &Set{size: patterns, all: true} }

// literal is what equal patterns share.
type literal struct {
	text     uint32 // where its value begins in Set.text
	first    uint32 // the least id
	more     uint32 // ids[more:more+others] are the other ids
	others   uint32
	from, to uint32 // to: MaxUint32 where it is not bounded
	length   uint8
	atEnd    bool
}

// Compile makes a set. A pattern's id is its index. Bounds count from the begin of a whole buffer, or of a stream; see
// [Set.Continue].
func Compile(patterns []Pattern) *Set { return compile(patterns, canShuffle()) }

func compile(patterns []Pattern, shuffles bool) *Set {
	s := &Set{size: len(patterns), shuffles: shuffles}
	s.gather(patterns)
	s.plan()
	return s
}

// form is what makes two patterns equal.
type form struct {
	text  string
	from  uint32
	to    uint32
	atEnd bool
}

// gather fills literals, ids and text.
func (s *Set) gather(patterns []Pattern) {
	known := make(map[form]int, len(patterns))
	var others [][]uint32
	for id, p := range patterns {
		if len(p.Bytes) == 0 || len(p.Bytes) > MaxLength || p.To < 0 || p.To > 0 && p.To-max(p.From, 0) < len(p.Bytes) {
			continue
		}
		f := form{text: string(valueAndMask(p)), from: clamp(p.From), to: math.MaxUint32, atEnd: p.AtEnd}
		if p.To > 0 {
			f.to = clamp(p.To)
		}
		if at, ok := known[f]; ok {
			others[at] = append(others[at], uint32(id))
			continue
		}
		known[f] = len(s.literals)
		s.literals = append(s.literals, literal{text: uint32(len(s.text)), first: uint32(id), from: f.from, to: f.to,
			length: uint8(len(p.Bytes)), atEnd: f.atEnd})
		s.text = append(s.text, f.text...)
		others = append(others, nil)
	}
	for i, o := range others {
		s.literals[i].more, s.literals[i].others = uint32(len(s.ids)), uint32(len(o))
		s.ids = append(s.ids, o...)
	}
}

func clamp(n int) uint32 { return uint32(min(max(n, 0), math.MaxUint32-1)) }

// valueAndMask is how a pattern is kept: a byte b of a buffer matches when b&mask is the value. The mask of a letter of
// either case is 0xdf, which turns the two cases of the letter into its upper case, and nothing else; all other masks are
// 0xff.
func valueAndMask(p Pattern) []byte {
	n := len(p.Bytes)
	out := make([]byte, 2*n)
	for i, b := range p.Bytes {
		mask := byte(0xff)
		if l := b | 0x20; p.Fold && 'a' <= l && l <= 'z' {
			mask = 0xdf
		}
		out[i], out[n+i] = b&mask, mask
	}
	return out
}

func (s *Set) value(l *literal) []byte { return s.text[l.text : l.text+uint32(l.length)] }

func (s *Set) mask(l *literal) []byte {
	return s.text[l.text+uint32(l.length) : l.text+2*uint32(l.length)]
}

// Size is how many bytes of memory the set takes.
func (s *Set) Size() int {
	if s == nil {
		return 0
	}
	n := setBytes + cap(s.literals)*literalBytes + cap(s.ids)*4 + cap(s.text) + cap(s.passes)*passBytes
	for i := range s.passes {
		n += s.passes[i].size()
	}
	return n
}

// exact reports whether a literal has no letter of either case.
func (s *Set) exact(l *literal) bool {
	for _, m := range s.mask(l) {
		if m != 0xff {
			return false
		}
	}
	return true
}
