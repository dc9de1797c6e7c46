// Package vault keeps files sealed on disk: what was stolen with a disk, a backup or an image of the machine says
// nothing without the site's key.
//
// Each file has a random key of its own, its data key, which stands in the file's head wrapped by the site's key. The
// content is cut into chunks of one size, each sealed with AES-256-GCM under its number, so that any place is read
// without reading what stands before it, and a chunk that was changed, moved, doubled or taken from another file is
// refused. The last chunk is sealed as the last, so that a file that lost its end is told from a whole one; all chunks
// before the cut stay readable. docs/formats/vault.md draws the bytes.
//
// Who makes a file and who fills it may be two processes: [Create] needs the site's key, [NewWriter] the data key of
// that one file only.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Key is a key of 256 bits: the site's, or the data key of one file. It prints as a redaction.
type Key [keySize]byte

const keySize = 32

// String, GoString, Format and LogValue keep a key out of every print.
func (k Key) String() string { return "[redacted]" }

// GoString is [Key.String].
func (k Key) GoString() string { return k.String() }

// Format is [Key.String], whatever the verb.
func (k Key) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(k.String())) }

// LogValue is [Key.String].
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText is [Key.String]: a key that is handed on is handed on as bytes, on purpose.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

var (
	// ErrFormat means that a file is none of the vault's, or of a later form.
	ErrFormat = errors.New("vault: not a sealed file")
	// ErrKey means that a file was sealed for another site, or that its head was changed.
	ErrKey = errors.New("vault: sealed with another key, or its head was changed")
	// ErrChunk means that a chunk was damaged, changed or moved.
	ErrChunk = errors.New("vault: damaged or changed")
)

// Error says where in which file something went wrong.
type Error struct {
	File  string
	Chunk int64 // from 0; -1 for the head
	Err   error
}

func (e *Error) Error() string {
	if e.Chunk < 0 {
		return fmt.Sprintf("%s, head: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s, chunk %d: %v", e.File, e.Chunk, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Options say how a file is sealed.
type Options struct {
	// Kind is what the file is: a word of at most 16 bytes, readable without a key: "packets".
	Kind string
	// Created is when the file was made; readable without a key.
	Created time.Time
	Layout
}

// Layout says how the chunks of a file lie. The zero value has defaults that work.
type Layout struct {
	// Chunk is what a sealed chunk takes in the file, in bytes: a power of two from 1 KiB to 4 MiB, of which
	// [Layout.Content] are content. 0 means 64 KiB.
	Chunk int
	// Aligned puts the first chunk, and so each, at a multiple of 4,096 bytes, or of the chunk where that is smaller: for
	// files that are written past the page cache (O_DIRECT). It costs 4 KiB a file.
	Aligned bool
	// Batch is how many bytes of chunks a Writer gathers before it puts them down. 0 means one chunk.
	Batch int
}

const (
	defaultChunk = 64 << 10
	leastChunk   = 1 << 10
	largestChunk = 4 << 20
	page         = 4096
)

// Content is how many bytes of content a chunk holds.
func (l Layout) Content() int { return l.chunk() - overhead }

func (l Layout) chunk() int {
	if l.Chunk == 0 {
		return defaultChunk
	}
	return l.Chunk
}

// start is where the first chunk stands.
func (l Layout) start() int {
	if l.Aligned {
		return page
	}
	return HeadSize
}

func (o *Options) check() error {
	if len(o.Kind) > kindSize {
		return fmt.Errorf("vault: the kind %q is longer than %d bytes", o.Kind, kindSize)
	}
	return o.Layout.check()
}

func (l Layout) check() error {
	if !validChunk(l.chunk()) {
		return fmt.Errorf("vault: chunks of %d bytes", l.Chunk)
	}
	return nil
}

func validChunk(n int) bool { return n >= leastChunk && n <= largestChunk && n&(n-1) == 0 }

// The head of a file; see docs/formats/vault.md.
const (
	magic       = "BWVAULT\x01"
	chunkAt     = 8
	startAt     = 12
	kindAt      = 16
	kindSize    = 16
	createdAt   = 32
	saltAt      = 40
	saltSize    = 24
	wrappedAt   = saltAt + saltSize
	overhead    = 16 // of a sealed chunk: the tag of GCM
	wrappedSize = keySize + overhead
	// HeadSize is the length of the head in bytes.
	HeadSize = wrappedAt + wrappedSize
)

// Create writes the head of a new file to f, wrapped by the site's key, and returns its data key for [NewWriter].
func Create(f io.WriterAt, site Key, o Options) (data Key, err error) {
	if err := o.check(); err != nil {
		return data, err
	}
	head := make([]byte, wrappedAt, HeadSize)
	copy(head, magic)
	binary.BigEndian.PutUint32(head[chunkAt:], uint32(o.chunk()))
	binary.BigEndian.PutUint32(head[startAt:], uint32(o.start()))
	copy(head[kindAt:], o.Kind)
	binary.BigEndian.PutUint64(head[createdAt:], uint64(o.Created.UnixNano()))
	_, _ = rand.Read(head[saltAt:wrappedAt]) // never fails (crypto/rand)
	_, _ = rand.Read(data[:])
	w, err := wrapper(site, head)
	if err != nil {
		return data, err
	}
	head = w.Seal(head, make([]byte, w.NonceSize()), data[:], head)
	if _, err := f.WriteAt(head, 0); err != nil {
		return Key{}, fmt.Errorf("writing the head: %w", err)
	}
	return data, nil
}

// head is what a file says of itself.
type head struct {
	Options
	data Key
}

func openHead(b []byte, site Key) (h head, err error) {
	if len(b) < HeadSize || string(b[:len(magic)]) != magic {
		return h, ErrFormat
	}
	h.Chunk = int(binary.BigEndian.Uint32(b[chunkAt:]))
	h.Aligned = binary.BigEndian.Uint32(b[startAt:]) == page
	if !validChunk(h.Chunk) || int(binary.BigEndian.Uint32(b[startAt:])) != h.start() {
		return h, ErrFormat
	}
	kind := b[kindAt : kindAt+kindSize]
	for len(kind) > 0 && kind[len(kind)-1] == 0 {
		kind = kind[:len(kind)-1]
	}
	h.Kind = string(kind)
	h.Created = time.Unix(0, int64(binary.BigEndian.Uint64(b[createdAt:])))
	w, err := wrapper(site, b[:wrappedAt])
	if err != nil {
		return h, err
	}
	data, err := w.Open(nil, make([]byte, w.NonceSize()), b[wrappedAt:HeadSize], b[:wrappedAt])
	if err != nil {
		return h, ErrKey
	}
	h.data = Key(data)
	return h, nil
}

// wrapper wraps one data key: its own key is derived from the site's and the salt of the file, so that it is used once
// and its nonce may be zero.
func wrapper(site Key, head []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, site[:], head[saltAt:wrappedAt], "bulwark/vault/1/wrap", keySize)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return aead(Key(key))
}

func aead(k Key) (cipher.AEAD, error) {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	g, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return g, nil
}

// nonce is the number of a chunk and whether it is the last. A data key seals one file, and a number is used once.
type nonce [12]byte

func (n *nonce) set(chunk int64, last bool) {
	binary.BigEndian.PutUint64(n[:8], uint64(chunk))
	n[11] = 0
	if last {
		n[11] = 1
	}
}
