package tftp

// Transfer follows the blocks of one file. Its zero value begins at the first block, of 512 bytes.
type Transfer struct {
	size  uint32 // of a block, where another was agreed on
	block uint32 // number of the last block, counted on behind 65,535
	begun bool
	done  bool
}

// maxAhead is how many blocks may be lost from sight at a time; a block further ahead is one that came before.
const maxAhead = 1 << 12

// Agree takes over the size of blocks that a server accepts (RFC 2348).
func (t *Transfer) Agree(m *Message) {
	if n := m.number("blksize"); !t.begun && n >= 8 && n <= 65464 {
		t.size = uint32(n)
	}
}

// BlockSize is how many bytes a whole block has.
func (t *Transfer) BlockSize() int {
	if t.size == 0 {
		return defaultBlock
	}
	return int(t.size)
}

// Take is told of a data message. It says how many bytes before it were never seen, whether its bytes are new, and
// whether the file ends with them: a block that is shorter than the others is the last (RFC 1350 §6).
func (t *Transfer) Take(m *Message) (lost int, fresh, last bool) {
	if t.done {
		return 0, false, false
	}
	ahead := int(m.Block-uint16(t.block)) - 1 // blocks between the last one and this
	if ahead < 0 || ahead >= maxAhead {
		return 0, false, false
	}
	t.begun = true
	t.block += uint32(ahead) + 1
	t.done = len(m.Data) < t.BlockSize()
	return ahead * t.BlockSize(), true, t.done
}
