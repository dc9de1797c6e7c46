package vault

import (
	"crypto/cipher"
	"unsafe"
)

// Sealer seals the chunks of one file. Several goroutines may use it, each for chunks of its own. Whoever uses it sees
// to it that a chunk number is used for one content only: two contents under one number give both away.
type Sealer struct {
	layout Layout
	aead   cipher.AEAD
}

// NewSealer seals chunks with the data key and the layout that [Create] was given.
func NewSealer(data Key, l Layout) (*Sealer, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	a, err := aead(data)
	if err != nil {
		return nil, err
	}
	l.Chunk = l.chunk()
	return &Sealer{layout: l, aead: a}, nil
}

// Place is where in the file a chunk belongs.
func (s *Sealer) Place(chunk int64) int64 {
	return int64(s.layout.start()) + chunk*int64(s.layout.Chunk)
}

// Seal appends content, sealed as chunks from that number on, to dst. All chunks must be full: content is a multiple of
// [Layout.Content] long.
func (s *Sealer) Seal(dst, content []byte, chunk int64) []byte {
	return s.seal(new(nonce), dst, content, chunk)
}

// SealInPlace seals whole chunks where they lie, from that number on: b is chunks as they stand in the file, each with its
// content and behind it room for the tag.
func (s *Sealer) SealInPlace(b []byte, chunk int64) {
	n := new(nonce)
	for size := s.layout.Chunk; len(b) >= size; b = b[size:] {
		n.set(chunk, false)
		s.aead.Seal(b[:0:size], n[:], b[:size-overhead], nil)
		chunk++
	}
}

func (s *Sealer) seal(n *nonce, dst, content []byte, chunk int64) []byte {
	for size := s.layout.Content(); len(content) >= size; content = content[size:] {
		n.set(chunk, false)
		dst = s.aead.Seal(dst, n[:], content[:size], nil)
		chunk++
	}
	return dst
}

// SealLast appends the last chunk of a file, which is less than full and may be empty.
func (s *Sealer) SealLast(dst, content []byte, chunk int64) []byte {
	var n nonce
	n.set(chunk, true)
	return s.aead.Seal(dst, n[:], content, nil)
}

// Aligned is an empty slice with room for n bytes that begin at a page of memory, as O_DIRECT wants them.
func Aligned(n int) []byte {
	b := make([]byte, n+page)
	at := int(-uintptr(unsafe.Pointer(&b[0])) & (page - 1))
	return b[at : at : at+n]
}
