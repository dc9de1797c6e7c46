package vault

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Reader reads a sealed file at any place. Use it from one goroutine.
type Reader struct {
	file    io.ReaderAt
	name    string
	head    head
	aead    cipher.AEAD
	chunks  int64 // that are full
	size    int64 // of the content
	content int64 // bytes of it in a chunk
	whole   bool
	sealed  []byte
	plain   []byte // the chunk numbered have
	have    int64
	nonce   nonce
}

// Open opens the sealed file of that name. The caller closes the reader.
func Open(name string, site Key) (*Reader, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r, err := NewReader(f, st.Size(), name, site)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

// NewReader reads a sealed file of that many bytes; name is what errors call it.
func NewReader(f io.ReaderAt, size int64, name string, site Key) (*Reader, error) {
	b := make([]byte, HeadSize)
	if _, err := f.ReadAt(b, 0); errors.Is(err, io.EOF) {
		return nil, &Error{name, -1, ErrFormat}
	} else if err != nil {
		return nil, &Error{name, -1, err}
	}
	h, err := openHead(b, site)
	if err != nil {
		return nil, &Error{name, -1, err}
	}
	a, err := aead(h.data)
	if err != nil {
		return nil, err
	}
	behind := max(size-int64(h.start()), 0)
	each := int64(h.Chunk)
	r := &Reader{file: f, name: name, head: h, aead: a, chunks: behind / each, have: -1,
		content: int64(h.Content()), sealed: make([]byte, 0, each), plain: make([]byte, 0, each)}
	r.size = r.chunks * r.content
	r.end(int(behind % each))
	return r, nil
}

// end looks for the last chunk in the bytes behind the full ones. Where these are no last chunk, the file was cut, or
// is being written.
func (r *Reader) end(left int) {
	if left < overhead {
		return
	}
	if err := r.open(r.chunks, left, true); err == nil {
		r.whole = true
		r.size += int64(len(r.plain))
	}
}

// open reads and opens one chunk of n sealed bytes into r.plain.
func (r *Reader) open(number int64, n int, last bool) error {
	r.have = -1
	b := r.sealed[:n]
	if m, err := r.file.ReadAt(b, int64(r.head.start())+number*int64(r.head.Chunk)); m < n {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // it became shorter
		}
		return &Error{r.name, number, err}
	}
	r.nonce.set(number, last)
	plain, err := r.aead.Open(r.plain[:0], r.nonce[:], b, nil)
	if err != nil {
		return &Error{r.name, number, ErrChunk}
	}
	r.plain, r.have = plain, number
	return nil
}

// Size is the length of the content in bytes, as far as it is readable.
func (r *Reader) Size() int64 { return r.size }

// Whole reports whether the file has its end: it was closed, and not cut since.
func (r *Reader) Whole() bool { return r.whole }

// Kind is what the file is.
func (r *Reader) Kind() string { return r.head.Kind }

// Created is when the file was made.
func (r *Reader) Created() time.Time { return r.head.Created }

// Layout says how the chunks lie.
func (r *Reader) Layout() Layout { return r.head.Layout }

// ReadAt reads the content from off, as [io.ReaderAt] says. The error of a chunk that does not open is an [*Error] with
// [ErrChunk]; what stands before it is in p.
func (r *Reader) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("vault: reading %s at %d", r.name, off)
	}
	for n < len(p) {
		at := off + int64(n)
		if at >= r.size {
			return n, io.EOF
		}
		if err := r.load(at / r.content); err != nil {
			return n, err
		}
		n += copy(p[n:], r.plain[at%r.content:])
	}
	return n, nil
}

// load makes r.plain the chunk of that number.
func (r *Reader) load(number int64) error {
	if number == r.have {
		return nil
	}
	n, last := r.content, number == r.chunks
	if last {
		n = r.size - r.chunks*r.content
	}
	return r.open(number, int(n)+overhead, last)
}

// Content reads the content from its beginning.
func (r *Reader) Content() *io.SectionReader { return io.NewSectionReader(r, 0, r.size) }

// Close closes the file where the reader can.
func (r *Reader) Close() error {
	if c, ok := r.file.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
