package vault

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
)

// batch is how many bytes of sealed chunks a Writer puts down at once, at least one chunk.
const batch = 256 << 10

// Writer seals what it is given into a file that [Create] began. It allocates when it is made only, and keeps no
// reference to what it is given. Use it from one goroutine.
type Writer struct {
	file   io.WriterAt
	aead   cipher.AEAD
	chunk  int
	plain  []byte // the chunk that is not full yet
	sealed []byte // chunks that are not put down yet
	number int64  // of the chunk that is not full yet
	at     int64  // where sealed belongs in the file
	nonce  nonce
	err    error
}

// ErrClosed means that a Writer was written to after its Close.
var ErrClosed = errors.New("vault: writing to a closed file")

// NewWriter fills the file f, whose head is written, with the data key and the chunk size that [Create] was given. It
// writes by position alone (pwrite), never past what it was given, and does not close f.
func NewWriter(f io.WriterAt, data Key, chunk int) (*Writer, error) {
	o := Options{Chunk: chunk}
	if err := o.check(); err != nil {
		return nil, err
	}
	a, err := aead(data)
	if err != nil {
		return nil, err
	}
	each := o.Chunk + overhead
	return &Writer{file: f, aead: a, chunk: o.Chunk, at: HeadSize, plain: make([]byte, 0, o.Chunk),
		sealed: make([]byte, 0, max(batch/each, 1)*each)}, nil
}

// Write seals p. What does not fill a chunk yet waits for more, in memory. After an error, which is that of the disk,
// nothing more is written.
func (w *Writer) Write(p []byte) (n int, err error) {
	for len(p) > 0 && w.err == nil {
		if len(w.plain) == 0 && len(p) >= w.chunk { // no need to gather
			w.seal(p[:w.chunk], false)
			n, p = n+w.chunk, p[w.chunk:]
			continue
		}
		m := min(w.chunk-len(w.plain), len(p))
		w.plain = append(w.plain, p[:m]...)
		n, p = n+m, p[m:]
		if len(w.plain) == w.chunk {
			w.seal(w.plain, false)
			w.plain = w.plain[:0]
		}
	}
	return n, w.err
}

// Size is how many bytes were given to Write so far.
func (w *Writer) Size() int64 { return w.number*int64(w.chunk) + int64(len(w.plain)) }

// Waiting is how many bytes more fill the chunk that is not full; 0 where there is none.
func (w *Writer) Waiting() int {
	if len(w.plain) == 0 {
		return 0
	}
	return w.chunk - len(w.plain)
}

// Flush puts down all chunks that are full. After a crash these can be read.
func (w *Writer) Flush() error {
	if w.err == nil && len(w.sealed) > 0 {
		_, w.err = w.file.WriteAt(w.sealed, w.at)
		w.at += int64(len(w.sealed))
		w.sealed = w.sealed[:0]
	}
	return w.err
}

// Close seals what waits as the last chunk, which may be empty, and puts everything down.
func (w *Writer) Close() error {
	if errors.Is(w.err, ErrClosed) {
		return nil
	}
	if w.err == nil {
		w.seal(w.plain, true)
	}
	err := w.Flush()
	w.plain = w.plain[:0]
	w.err = ErrClosed
	if err != nil {
		return fmt.Errorf("closing a sealed file: %w", err)
	}
	return nil
}

// seal takes one chunk. Only the last is not full.
func (w *Writer) seal(chunk []byte, last bool) {
	w.nonce.set(w.number, last)
	w.sealed = w.aead.Seal(w.sealed, w.nonce[:], chunk, nil)
	w.number++
	if len(w.sealed)+w.chunk+overhead > cap(w.sealed) {
		_ = w.Flush() // kept in w.err
	}
}
