package vault

import (
	"errors"
	"fmt"
	"io"
)

// Writer seals what it is given into a file that [Create] began. It allocates when it is made only, and keeps no
// reference to what it is given. Use it from one goroutine.
type Writer struct {
	file    io.WriterAt
	sealer  *Sealer
	content int    // bytes of a chunk
	plain   []byte // the chunk that is not full yet
	sealed  []byte // chunks that are not put down yet
	number  int64  // of the chunk that is not full yet
	at      int64  // where sealed belongs in the file
	nonce   nonce
	err     error
}

// ErrClosed means that a Writer was written to after its Close.
var ErrClosed = errors.New("vault: writing to a closed file")

// NewWriter fills the file f, whose head is written, with the data key and the layout that [Create] was given. It
// writes by position alone (pwrite), never past what it was given, and does not close f. Of an aligned file it writes
// whole chunks at aligned places from aligned memory, but for the last chunk.
func NewWriter(f io.WriterAt, data Key, l Layout) (*Writer, error) {
	s, err := NewSealer(data, l)
	if err != nil {
		return nil, err
	}
	batch := max(l.Batch/s.layout.Chunk, 1) * s.layout.Chunk
	return &Writer{file: f, sealer: s, content: l.Content(), at: s.Place(0), plain: make([]byte, 0, l.Content()),
		sealed: Aligned(batch)}, nil
}

// Write seals p. What does not fill a chunk yet waits for more, in memory. After an error, which is that of the disk,
// nothing more is written.
func (w *Writer) Write(p []byte) (n int, err error) {
	for len(p) > 0 && w.err == nil {
		if len(w.plain) == 0 && len(p) >= w.content { // no need to gather
			w.seal(p[:w.content])
			n, p = n+w.content, p[w.content:]
			continue
		}
		m := min(w.content-len(w.plain), len(p))
		w.plain = append(w.plain, p[:m]...)
		n, p = n+m, p[m:]
		if len(w.plain) == w.content {
			w.seal(w.plain)
			w.plain = w.plain[:0]
		}
	}
	return n, w.err
}

// Size is how many bytes were given to Write so far.
func (w *Writer) Size() int64 { return w.number*int64(w.content) + int64(len(w.plain)) }

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
	_ = w.Flush() // kept in w.err; what is aligned apart from what is not
	if w.err == nil {
		w.sealed = w.sealer.SealLast(w.sealed, w.plain, w.number)
	}
	err := w.Flush()
	w.plain = w.plain[:0]
	w.err = ErrClosed
	if err != nil {
		return fmt.Errorf("closing a sealed file: %w", err)
	}
	return nil
}

// seal takes one full chunk.
func (w *Writer) seal(chunk []byte) {
	w.sealed = w.sealer.seal(&w.nonce, w.sealed, chunk, w.number)
	w.number++
	if len(w.sealed)+w.content+overhead > cap(w.sealed) {
		_ = w.Flush() // kept in w.err
	}
}
