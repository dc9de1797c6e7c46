package coding

import "encoding/binary"

// zstdBlock unpacks the compressed blocks of a frame (RFC 8878 §3.1.1.3): literals, and sequences that say how many of
// them to take and what to copy from further back. Its tables and offsets last from block to block.
type zstdBlock struct {
	literals []byte
	weights  zstdHuffman
	lengths  fse // of literals
	offsets  fse
	matches  fse
	repeats  [3]uint32
	scratch  fse
}

func (b *zstdBlock) begin() {
	b.repeats = [3]uint32{1, 4, 8}
	b.weights.bits = 0
	b.lengths.known, b.offsets.known, b.matches.known = false, false, false
}

// unpack appends what is in a block to out, whose end is the window.
func (b *zstdBlock) unpack(out, p []byte) ([]byte, error) {
	rest, err := b.readLiterals(p)
	if err != nil {
		return out, err
	}
	return b.sequences(out, rest)
}

// readLiterals reads the literals of a block (§3.1.1.3.1), and returns what stands behind them.
func (b *zstdBlock) readLiterals(p []byte) ([]byte, error) {
	if len(p) == 0 {
		return nil, ErrMalformed
	}
	kind, format := p[0]&3, p[0]>>2&3
	if kind <= 1 {
		return b.plainLiterals(kind == 1, format, p)
	}
	n, bits := 3, 10
	if format >= 2 {
		n, bits = int(format)+2, 4*int(format)+6
	}
	if len(p) < n {
		return nil, ErrMalformed
	}
	var raw [8]byte
	copy(raw[:], p[:n])
	v := binary.LittleEndian.Uint64(raw[:]) >> 4
	size, packed := int(v&(1<<bits-1)), int(v>>bits&(1<<bits-1))
	if p = p[n:]; size > maxZstdBlock || packed > len(p) {
		return nil, ErrMalformed
	}
	streams, rest := p[:packed], p[packed:]
	if kind == 2 {
		var err error
		if streams, err = b.weights.read(streams, &b.scratch); err != nil {
			return nil, err
		}
	}
	if b.weights.bits == 0 {
		return nil, ErrMalformed
	}
	b.grow(size)
	if format == 0 {
		return rest, b.weights.decode(b.literals, streams)
	}
	return rest, b.fourStreams(streams)
}

func (b *zstdBlock) grow(size int) {
	if cap(b.literals) < size {
		b.literals = make([]byte, max(size, 16<<10))
	}
	b.literals = b.literals[:size]
}

// plainLiterals are literals that are not packed, or one that is repeated.
func (b *zstdBlock) plainLiterals(run bool, format byte, p []byte) ([]byte, error) {
	n, size := 1, int(p[0]>>3)
	switch format {
	case 1:
		n = 2
	case 3:
		n = 3
	}
	if len(p) < n {
		return nil, ErrMalformed
	}
	switch n {
	case 2:
		size = int(binary.LittleEndian.Uint16(p)) >> 4
	case 3:
		size = (int(p[0]) | int(p[1])<<8 | int(p[2])<<16) >> 4
	}
	p = p[n:]
	if size > maxZstdBlock || run && len(p) < 1 || !run && len(p) < size {
		return nil, ErrMalformed
	}
	b.grow(size)
	if !run {
		copy(b.literals, p)
		return p[size:], nil
	}
	for i := range b.literals {
		b.literals[i] = p[0]
	}
	return p[1:], nil
}

// fourStreams decodes literals that are packed in four streams (§3.1.1.3.1.6).
func (b *zstdBlock) fourStreams(p []byte) error {
	if len(p) < 6 {
		return ErrMalformed
	}
	sizes := [4]int{int(binary.LittleEndian.Uint16(p)), int(binary.LittleEndian.Uint16(p[2:])), int(binary.LittleEndian.Uint16(p[4:]))}
	p = p[6:]
	if sizes[3] = len(p) - sizes[0] - sizes[1] - sizes[2]; sizes[3] < 1 {
		return ErrMalformed
	}
	each := (len(b.literals) + 3) / 4
	if 3*each > len(b.literals) {
		return ErrMalformed
	}
	to := b.literals
	for i, n := range sizes {
		part := to
		if i < 3 {
			part = to[:each]
		}
		if err := b.weights.decode(part, p[:n]); err != nil {
			return err
		}
		to, p = to[len(part):], p[n:]
	}
	return nil
}

// sequences reads the sequences of a block and carries them out (§3.1.1.3.2).
func (b *zstdBlock) sequences(out, p []byte) ([]byte, error) {
	n, p, ok := sequenceCount(p)
	if !ok {
		return out, ErrMalformed
	}
	if n == 0 {
		if len(p) > 0 {
			return out, ErrMalformed
		}
		return append(out, b.literals...), nil
	}
	if len(p) < 1 || p[0]&3 != 0 {
		return out, ErrMalformed
	}
	modes := p[0]
	p = p[1:]
	for _, t := range [...]struct {
		table *fse
		mode  byte
		rule  *fseRule
	}{{&b.lengths, modes >> 6, &literalRule}, {&b.offsets, modes >> 4 & 3, &offsetRule}, {&b.matches, modes >> 2 & 3, &matchRule}} {
		if p, ok = t.table.choose(t.mode, t.rule, p); !ok {
			return out, ErrMalformed
		}
	}
	return b.run(out, n, p)
}

func sequenceCount(p []byte) (n int, rest []byte, ok bool) {
	switch {
	case len(p) < 1:
		return 0, nil, false
	case p[0] < 128:
		return int(p[0]), p[1:], true
	case p[0] < 255 && len(p) > 1:
		return int(p[0]-128)<<8 + int(p[1]), p[2:], true
	case p[0] == 255 && len(p) > 2:
		return int(p[1]) + int(p[2])<<8 + 0x7f00, p[3:], true
	}
	return 0, nil, false
}

// run carries out n sequences that are packed in p.
func (b *zstdBlock) run(out []byte, n int, p []byte) ([]byte, error) {
	var r backward
	if !r.open(p) {
		return out, ErrMalformed
	}
	limit := len(out) + maxZstdBlock
	literals := b.literals
	ll, of, ml := r.take(b.lengths.bits), r.take(b.offsets.bits), r.take(b.matches.bits)
	for i := range n {
		l, o, m := &b.lengths.cells[ll], &b.offsets.cells[of], &b.matches.cells[ml]
		if o.symbol > 31 {
			return out, ErrMalformed
		}
		value := uint32(1)<<o.symbol + uint32(r.take(o.symbol))
		match := int(matchSpans[m.symbol].base) + int(r.take(matchSpans[m.symbol].extra))
		take := int(literalSpans[l.symbol].base) + int(r.take(literalSpans[l.symbol].extra))
		if i+1 < n {
			ll = uint64(l.next) + r.take(l.bits)
			ml = uint64(m.next) + r.take(m.bits)
			of = uint64(o.next) + r.take(o.bits)
		}
		distance := int(b.distance(value, take == 0))
		if r.at < 0 || take > len(literals) || len(out)+take+match > limit || distance == 0 || distance > len(out)+take {
			return out, ErrMalformed
		}
		out = append(out, literals[:take]...)
		literals = literals[take:]
		out = appendMatch(out, distance, match)
	}
	if r.at != 0 || len(out)+len(literals) > limit {
		return out, ErrMalformed
	}
	return append(out, literals...), nil
}

// distance is how far back a match stands: told, or one of the last three (§3.1.1.5).
func (b *zstdBlock) distance(value uint32, noLiterals bool) uint32 {
	r := &b.repeats
	if value > 3 {
		r[2], r[1], r[0] = r[1], r[0], value-3
		return r[0]
	}
	if noLiterals {
		value++
	}
	d := uint32(0)
	switch value {
	case 1:
		return r[0]
	case 2:
		d = r[1]
		r[1] = r[0]
	case 3:
		d = r[2]
		r[2], r[1] = r[1], r[0]
	default:
		d = r[0] - 1
		r[2], r[1] = r[1], r[0]
	}
	r[0] = d
	return d
}

// appendMatch appends size bytes that stand distance back; they may overlap what they make.
func appendMatch(out []byte, distance, size int) []byte {
	for size > 0 {
		from := len(out) - distance
		n := min(size, distance)
		out = append(out, out[from:from+n]...)
		size -= n
	}
	return out
}

// wide is a [span] that may be larger.
type wide struct {
	base  uint32
	extra uint8
}

var (
	// RFC 8878 table 16.
	literalSpans = [36]wide{{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}, {6, 0}, {7, 0}, {8, 0}, {9, 0}, {10, 0}, {11, 0}, {12, 0}, {13, 0},
		{14, 0}, {15, 0}, {16, 1}, {18, 1}, {20, 1}, {22, 1}, {24, 2}, {28, 2}, {32, 3}, {40, 3}, {48, 4}, {64, 6}, {128, 7}, {256, 8}, {512, 9},
		{1024, 10}, {2048, 11}, {4096, 12}, {8192, 13}, {16384, 14}, {32768, 15}, {65536, 16}}
	// RFC 8878 table 17.
	matchSpans = [53]wide{{3, 0}, {4, 0}, {5, 0}, {6, 0}, {7, 0}, {8, 0}, {9, 0}, {10, 0}, {11, 0}, {12, 0}, {13, 0}, {14, 0}, {15, 0}, {16, 0},
		{17, 0}, {18, 0}, {19, 0}, {20, 0}, {21, 0}, {22, 0}, {23, 0}, {24, 0}, {25, 0}, {26, 0}, {27, 0}, {28, 0}, {29, 0}, {30, 0}, {31, 0},
		{32, 0}, {33, 0}, {34, 0}, {35, 1}, {37, 1}, {39, 1}, {41, 1}, {43, 2}, {47, 2}, {51, 3}, {59, 3}, {67, 4}, {83, 4}, {99, 5}, {131, 7},
		{259, 8}, {515, 9}, {1027, 10}, {2051, 11}, {4099, 12}, {8195, 13}, {16387, 14}, {32771, 15}, {65539, 16}}
)
