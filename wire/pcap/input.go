package pcap

import (
	"bytes"
	"cmp"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// startBuffer is how many bytes a stream's buffer begins with: large reads, yet small enough for the second-level cache.
const startBuffer = 128 << 10

// input is a window onto the capture: the whole of it when it is in memory, a moving part of it when it is a stream.
type input struct {
	buf  []byte
	pos  int       // first byte of buf that is not consumed
	base int64     // offset of buf[0] in the capture
	src  io.Reader // nil: buf is all there is
	err  error     // why src gave no more; nil until then
	warm int       // buf in memory has been touched up to here
	heat byte      // what was touched, so that the loads are not optimised away
}

// warmStep is how far ahead a capture in memory is touched, in bytes: well within a second-level cache.
const warmStep = 32 << 10

// warmUp touches the cache lines that come next. A walk from header to header waits for memory at every packet,
// since no prefetcher guesses its strides; touched in one sweep the lines arrive at full bandwidth, and the
// decoders behind find them there. It halves the time of a walk.
func (in *input) warmUp() {
	const line = 64
	from, to := max(in.warm, in.pos), min(in.pos+2*warmStep, len(in.buf))
	for ; from < to; from += line {
		in.heat += in.buf[from]
	}
	in.warm = to
}

// cold tells that warmUp is due.
func (in *input) cold() bool {
	return in.warm-in.pos < warmStep && in.src == nil && in.warm < len(in.buf)
}

// need returns the next n bytes without consuming them, or nil when fewer are left.
func (in *input) need(n int) []byte {
	if len(in.buf)-in.pos < n && !in.fill(n) {
		return nil
	}
	return in.buf[in.pos : in.pos+n : in.pos+n]
}

// offset is how far the capture is consumed, in bytes.
func (in *input) offset() int64 { return in.base + int64(in.pos) }

// left is how many bytes are at hand.
func (in *input) left() int { return len(in.buf) - in.pos }

// fill makes n bytes available behind pos and tells whether it could. It asks for no more than n, so that a live
// stream is never waited for longer than needed, and doubles the buffer only as bytes arrive to fill it.
func (in *input) fill(n int) bool {
	if in.src == nil {
		return false
	}
	in.base += int64(in.pos)
	in.buf = in.buf[:copy(in.buf[:cap(in.buf)], in.buf[in.pos:])]
	in.pos = 0
	for empty := 0; len(in.buf) < n && in.err == nil; {
		if len(in.buf) == cap(in.buf) {
			grown := make([]byte, len(in.buf), max(startBuffer, 2*cap(in.buf)))
			copy(grown, in.buf)
			in.buf = grown
		}
		m, err := in.src.Read(in.buf[len(in.buf):cap(in.buf)])
		in.buf = in.buf[:len(in.buf)+m]
		in.err = err
		if empty++; m > 0 {
			empty = 0
		} else if empty == 100 {
			in.err = io.ErrNoProgress
		}
	}
	return len(in.buf) >= n
}

// skip consumes n bytes, whether or not they were ever in the buffer, and tells whether they were there.
func (in *input) skip(n int) bool {
	for n > 0 {
		if in.left() == 0 && !in.fill(1) {
			return false
		}
		step := min(n, in.left())
		in.pos += step
		n -= step
	}
	return true
}

// cause is the error behind a need that returned nil: the stream's own, or io.ErrUnexpectedEOF.
func (in *input) cause() error {
	if in.err == nil || errors.Is(in.err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return in.err
}

// Read hands out what is at hand, then what the stream gives: a decompressor's view of the input.
func (in *input) Read(p []byte) (int, error) {
	if in.left() == 0 && len(p) > 0 && !in.fill(1) {
		return 0, cmp.Or(in.err, io.EOF)
	}
	n := copy(p, in.buf[in.pos:])
	in.pos += n
	return n, nil
}

// unpack replaces a compressed input by its content and names the compression, or returns "" for anything else.
// Only the outermost compression is taken off.
func (in *input) unpack() (packed string, err error) {
	magic := in.need(4)
	if magic == nil {
		return "", nil
	}
	outer := *in
	var content io.Reader
	switch {
	case magic[0] == 0x1f && magic[1] == 0x8b: // RFC 1952 §2.3.1
		packed = "gzip"
		content, err = gzip.NewReader(&outer)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}), // RFC 8878 §3.1.1
		magic[0]&0xf0 == 0x50 && bytes.Equal(magic[1:], []byte{0x2a, 0x4d, 0x18}): // §3.1.2: a skippable frame first
		packed = "zstd"
		content, err = zstd.NewReader(&outer,
			zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(MaxWindow))
	}
	if packed == "" || err != nil {
		return packed, err
	}
	*in = input{src: content}
	return packed, nil
}
