// Package lumberjack takes in what Beats, Elastic Agent and Logstash send with their output for Logstash: version 2 of the protocol
// lumberjack, over TCP or TLS.
//
//	'2' 'W' count, 4                       how many events come before an answer is waited for
//	'2' 'J' sequence, 4  length, 4  JSON   an event
//	'2' 'C' length, 4    zlib              frames, packed
//	'2' 'A' sequence, 4                    the answer: all up to that one are safe; 0: they are worked on
//
// There is no document of the protocol; the form is that of github.com/elastic/go-lumber.
package lumberjack

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrFrame means bytes that are no frame of version 2.
var ErrFrame = errors.New("lumberjack: not a frame of version 2")

// Bounds of what is read.
const (
	maxEvent  = 1 << 20   // bytes of an event
	maxPacked = 64 << 20  // bytes of a packed frame
	maxPlain  = 256 << 20 // bytes that it may unpack to
	maxWindow = 1 << 17   // events
)

// frames reads the events of a connection. next is called for each window.
type frames struct {
	in     *bufio.Reader
	packed *bufio.Reader // frames within a packed one; nil outside
	zlib   io.ReadCloser
	within *io.LimitedReader // of the packed bytes
	plain  *io.LimitedReader // of what they unpack to
	head   [8]byte
}

// window reads how many events come. It returns io.EOF where the sender is gone.
func (f *frames) window() (int, error) {
	kind, err := f.kind(f.in)
	if err != nil {
		return 0, err
	}
	if kind != 'W' {
		return 0, fmt.Errorf("%w: %q where a window is due", ErrFrame, kind)
	}
	n, err := f.number(f.in)
	if err != nil {
		return 0, err
	}
	if n > maxWindow {
		return 0, fmt.Errorf("%w: a window of %d events", ErrFrame, n)
	}
	return int(n), nil
}

// kind reads the version and the kind of a frame.
func (f *frames) kind(in *bufio.Reader) (byte, error) {
	if _, err := io.ReadFull(in, f.head[:1]); err != nil {
		return 0, err
	}
	version := f.head[0]
	if _, err := io.ReadFull(in, f.head[:1]); err != nil {
		return 0, broken(err)
	}
	if version != '2' {
		return 0, fmt.Errorf("%w: version %q", ErrFrame, version)
	}
	return f.head[0], nil
}

func (f *frames) number(in *bufio.Reader) (uint32, error) {
	if _, err := io.ReadFull(in, f.head[:4]); err != nil {
		return 0, broken(err)
	}
	return binary.BigEndian.Uint32(f.head[:]), nil
}

// broken is err, and io.ErrUnexpectedEOF for an end within a frame.
func broken(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// event appends the next event to dst, and returns its number. long says that it was passed over, for it has more than 1 MiB.
func (f *frames) event(dst []byte) (out []byte, seq uint32, long bool, err error) {
	for {
		in := f.in
		if f.packed != nil {
			in = f.packed
		}
		kind, err := f.kind(in)
		if errors.Is(err, io.EOF) && f.packed != nil {
			if err = f.unpacked(); err != nil {
				return dst, 0, false, err
			}
			continue
		}
		switch {
		case err != nil:
			return dst, 0, false, broken(err)
		case kind == 'J':
			return f.json(in, dst)
		case kind == 'C' && f.packed == nil:
			if err := f.unpack(); err != nil {
				return dst, 0, false, err
			}
		default:
			return dst, 0, false, fmt.Errorf("%w: %q where an event is due", ErrFrame, kind)
		}
	}
}

func (f *frames) json(in *bufio.Reader, dst []byte) (out []byte, seq uint32, long bool, err error) {
	if _, err := io.ReadFull(in, f.head[:]); err != nil {
		return dst, 0, false, broken(err)
	}
	seq, n := binary.BigEndian.Uint32(f.head[:]), int(binary.BigEndian.Uint32(f.head[4:]))
	if n > maxEvent {
		_, err = io.CopyN(io.Discard, in, int64(n))
		return dst, seq, true, broken(err)
	}
	from := len(dst)
	dst = append(dst, make([]byte, n)...)
	if _, err := io.ReadFull(in, dst[from:]); err != nil {
		return dst[:from], seq, false, broken(err)
	}
	return dst, seq, false, nil
}

// unpack begins a packed frame.
func (f *frames) unpack() error {
	n, err := f.number(f.in)
	if err != nil {
		return err
	}
	if n > maxPacked {
		return fmt.Errorf("%w: a packed frame of %d bytes", ErrFrame, n)
	}
	f.within = &io.LimitedReader{R: f.in, N: int64(n)}
	if f.zlib == nil {
		f.zlib, err = zlib.NewReader(f.within)
	} else {
		err = f.zlib.(zlib.Resetter).Reset(f.within, nil)
	}
	if err != nil {
		return fmt.Errorf("%w: unpacking: %w", ErrFrame, broken(err))
	}
	f.plain = &io.LimitedReader{R: f.zlib, N: maxPlain}
	f.packed = bufio.NewReaderSize(f.plain, 16<<10)
	return nil
}

// unpacked ends a packed frame.
func (f *frames) unpacked() error {
	f.packed = nil
	if f.plain.N == 0 {
		return fmt.Errorf("%w: a packed frame that unpacks to more than %d bytes", ErrFrame, maxPlain)
	}
	_, err := io.Copy(io.Discard, f.within) // what stands behind the packed bytes
	return broken(err)
}

// appendAnswer appends an answer: all up to seq are safe.
func appendAnswer(dst []byte, seq uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, '2', 'A'), seq)
}
