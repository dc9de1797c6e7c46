package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// ErrFormat means that the input is neither pcap nor pcapng.
var ErrFormat = errors.New("pcap: not a capture")

// Reader hands out the packets of one capture in the order of the file. It is for one goroutine.
type Reader struct {
	in     input
	packed string // gzip, zstd or empty
	format format
	big    bool  // the present file or section is big-endian
	done   error // what Next returns from now on; nil while there is more

	classic classicHeader // of a pcap file
	ifaces  []Interface   // of the present pcapng section
	section bool          // a pcapng section has begun
}

// format is the family of the file.
type format uint8

const (
	formatPcap format = iota + 1
	formatModified
	formatNG
)

func (f format) String() string {
	switch f {
	case formatPcap:
		return "pcap"
	case formatModified:
		return "pcap (modified)"
	case formatNG:
		return "pcapng"
	}
	return "unknown"
}

// NewReader reads the head of a stream and returns a reader of its packets, or an [*Error].
// It reads no further ahead than the packet that is asked for needs, so a live pipe is followed without delay.
func NewReader(src io.Reader) (*Reader, error) {
	return open(input{src: src})
}

// FromBytes is [NewReader] over a capture in memory, such as a mapped file. It keeps p and writes nothing to it.
func FromBytes(p []byte) (*Reader, error) {
	return open(input{buf: p})
}

func open(in input) (*Reader, error) {
	r := &Reader{in: in}
	packed, err := r.in.unpack()
	r.packed = packed
	if err != nil {
		return nil, r.fault(0, "unpacking: "+err.Error(), err)
	}
	magic := r.in.need(4)
	if magic == nil {
		return nil, r.short(0, "the magic number of a capture", 4)
	}
	le := binary.LittleEndian.Uint32(magic)
	switch {
	case le == blockSection: // the same in both byte orders
		r.format = formatNG
		err = r.firstSection()
	case r.classic.recognise(le):
		r.format = r.classic.format
		err = r.classicStart()
	case r.classic.recognise(bits.ReverseBytes32(le)):
		r.format, r.big = r.classic.format, true
		err = r.classicStart()
	default:
		return nil, r.fault(0, fmt.Sprintf("the first bytes % x are neither pcap nor pcapng", magic), ErrFormat)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Packed reports whether the capture is compressed.
func (r *Reader) Packed() bool { return r.packed != "" }

// Next reads the next packet into p. It returns io.EOF at the end of a whole capture and an [*Error] where the
// capture stops being readable; either is returned again by every later call.
func (r *Reader) Next(p *Packet) error {
	if r.done != nil {
		return r.done
	}
	if r.format == formatNG {
		r.done = r.nextBlocks(p)
	} else {
		r.done = r.nextRecord(p)
	}
	return r.done
}

// Format names the file's format and compression, such as "pcapng, zstd".
func (r *Reader) Format() string {
	if r.packed == "" {
		return r.format.String()
	}
	return r.format.String() + ", " + r.packed
}

// Offset is how many bytes of the capture have been consumed, counted after decompression.
func (r *Reader) Offset() int64 { return r.in.offset() }

// Interfaces are those that the present section has described so far; a pcap file has one without a name.
// The slice is the reader's own: it grows while reading, and begins anew with each section.
func (r *Reader) Interfaces() []Interface { return r.ifaces }

// fault is the error of the unit that begins at offset.
func (r *Reader) fault(offset int64, reason string, cause error) error {
	return &Error{Offset: offset, Reason: reason, Packed: r.packed, Err: cause}
}

// short is the error of a unit of n bytes at offset of which the input does not hold all.
func (r *Reader) short(offset int64, unit string, n int) error {
	cause := r.in.cause()
	if errors.Is(cause, io.ErrUnexpectedEOF) {
		got := r.in.offset() + int64(r.in.left()) - offset
		return r.fault(offset, fmt.Sprintf("the file ends inside %s: %d of %d bytes are there", unit, got, n), cause)
	}
	return r.fault(offset, fmt.Sprintf("reading %s: %v", unit, cause), cause)
}

// ended tells whether the input ends cleanly here.
func (r *Reader) ended() bool {
	return r.in.left() == 0 && !r.in.fill(1) && (r.in.err == nil || r.in.err == io.EOF)
}

func (r *Reader) u16(p []byte) uint16 {
	v := binary.LittleEndian.Uint16(p)
	if r.big {
		return bits.ReverseBytes16(v)
	}
	return v
}

func (r *Reader) u32(p []byte) uint32 {
	v := binary.LittleEndian.Uint32(p)
	if r.big {
		return bits.ReverseBytes32(v)
	}
	return v
}
