package liveframe

import (
	"bytes"
	"encoding/binary"
	"errors"
)

const (
	// MinFrame and MaxFrame are the shortest and the longest frame, in bytes, without checksum: a live frame is one page.
	MinFrame, MaxFrame = 14, 3072
	// MaxTape is how many bytes a tape may have with its headers of 8 bytes: the kernel's verifier follows offsets of
	// less than 2^29.
	MaxTape = 500 << 20

	// A record is a header of four numbers of 16 bits, then the frame, filled up to a multiple of 8 bytes.
	recordHeader = 8
	atLen        = 0 // how long the frame is
	atUp         = 2 // where in the record the word stands that is raised each time
	atDown       = 4 // and that which is lowered
	atSpare      = 6 // raised and lowered where the frame stays as it is
)

var (
	// ErrFull means that a tape holds no more.
	ErrFull = errors.New("liveframe: the tape is full")
	// ErrFrame means that a frame is shorter than MinFrame or longer than MaxFrame.
	ErrFrame = errors.New("liveframe: a frame of no size that can be sent")
	// ErrEmpty means that a tape has no frames.
	ErrEmpty = errors.New("liveframe: the tape has no frames")
)

// Tape is what is sent, in order, over and over. Unless it is the same each time, the conversations are new ones each
// time around: of the two addresses of an IP packet one is raised and one lowered in the same place (the third octet of
// IPv4, the fourth group of IPv6), so that all checksums stay right, both directions still meet, and private addresses
// stay private. Broadcast and multicast, and what is no IP, is sent as it was.
type Tape struct {
	// Same sends the frames as they are each time. It is set before frames are added.
	Same bool

	data []byte
	n    int
}

// Add appends a frame.
func (t *Tape) Add(frame []byte) error {
	if len(frame) < MinFrame || len(frame) > MaxFrame {
		return ErrFrame
	}
	if t.room()+recordHeader+len(frame)+recordHeader > MaxTape {
		return ErrFull
	}
	up, down := atSpare, atSpare
	if !t.Same {
		up, down = shifting(frame)
	}
	t.data = binary.NativeEndian.AppendUint16(t.data, uint16(len(frame)))
	t.data = binary.NativeEndian.AppendUint16(t.data, uint16(up))
	t.data = binary.NativeEndian.AppendUint16(t.data, uint16(down))
	t.data = append(t.data, 0, 0)
	t.data = append(t.data, frame...)
	t.data = append(t.data, make([]byte, -len(frame)&7)...)
	t.n++
	return nil
}

// Len is how many frames it has.
func (t *Tape) Len() int { return t.n }

// room is the memory that it needs in the kernel: a longest record fits behind each place in it.
func (t *Tape) room() int { return len(t.data) + recordHeader + MaxFrame }

// shifting are the places in a record of the words that change each time around.
func shifting(frame []byte) (up, down int) {
	const vlan, qinq, ip4, ip6 = 0x8100, 0x88a8, 0x0800, 0x86dd
	at := 12
	kind := func() int {
		if len(frame) < at+2 {
			return 0
		}
		return int(binary.BigEndian.Uint16(frame[at:]))
	}
	for k := kind(); k == vlan || k == qinq; k = kind() {
		at += 4
	}
	var size, from, to, word int // of an address, where they stand, and which of its words changes
	switch kind() {
	case ip4: // RFC 791 §3.1
		size, from, to, word = 4, at+2+12, at+2+16, 2
	case ip6: // RFC 8200 §3
		size, from, to, word = 16, at+2+8, at+2+24, 6
	}
	if size == 0 || len(frame) < to+size {
		return atSpare, atSpare
	}
	a, b := frame[from:from+size], frame[to:to+size]
	order := bytes.Compare(a, b)
	if order == 0 || !single(a) || !single(b) {
		return atSpare, atSpare
	}
	if order > 0 {
		from, to = to, from
	}
	return recordHeader + from + word, recordHeader + to + word
}

// single tells that an address names one machine, which is not this one.
func single(a []byte) bool {
	return a[0] != 0 && a[0] != 127 && a[0] < 224 || len(a) == 16 && a[0] == 0xfe
}
