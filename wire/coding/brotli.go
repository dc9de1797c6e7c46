package coding

import (
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
)

// brotliDecoder unpacks RFC 7932. The decoder it uses asks for bytes; where there are none it is told so, and goes on from
// there the next time.
type brotliDecoder struct {
	r      *brotli.Reader
	next   []byte // packed bytes that were not asked for yet
	out    []byte
	window int // bytes
	begun  bool
	over   bool
}

// Read hands packed bytes to the decoder.
func (d *brotliDecoder) Read(p []byte) (int, error) {
	if len(d.next) == 0 {
		return 0, io.EOF // it ends the call of the decoder, not its work
	}
	n := copy(p, d.next)
	d.next = d.next[n:]
	return n, nil
}

func (d *brotliDecoder) Reset() { d.next, d.begun, d.over = nil, false, false }

func (d *brotliDecoder) Ended() bool { return d.over }

const (
	brotliMemory = 160 << 10 // of the tables and the buffers
	brotliOut    = 32 << 10
)

// Memory counts the largest window that was used: it is kept for the next file.
func (d *brotliDecoder) Memory() int { return brotliMemory + d.window }

func (d *brotliDecoder) Write(p []byte, s Sink) (err error) {
	if d.over || len(p) == 0 {
		return nil
	}
	defer func() { // what others wrote is kept from ending the process
		if fault := recover(); fault != nil {
			d.r = nil
			err = fmt.Errorf("%w: brotli: %v", ErrMalformed, fault)
		}
	}()
	if !d.begun {
		d.begin(p[0])
	}
	d.next = p
	defer func() { d.next = nil }()
	for {
		n, err := d.r.Read(d.out)
		if n > 0 {
			if err := hand(s, d.out[:n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil // further bytes are needed
		case errors.Is(err, io.EOF), err == nil && n == 0, err != nil && err.Error() == excessive:
			d.over = true // bytes behind the end are passed over
			return nil
		case err != nil:
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
}

// excessive is what the decoder says of bytes behind the end.
const excessive = "brotli: excessive input"

// begin begins a file by its first byte, which tells the size of the window.
func (d *brotliDecoder) begin(first byte) {
	d.begun = true
	d.window = max(d.window, 1<<brotliWindow(first))
	if d.r == nil {
		d.r, d.out = brotli.NewReader(d), make([]byte, brotliOut)
		return
	}
	_ = d.r.Reset(d) // never fails
}

// brotliWindow is the binary logarithm of the window that a stream uses (RFC 7932 §9.1).
func brotliWindow(first byte) int {
	if first&1 == 0 {
		return 16
	}
	if n := int(first >> 1 & 7); n > 0 {
		return 17 + n
	}
	if n := int(first >> 4 & 7); n > 0 {
		return 8 + n
	}
	return 17
}
