// Package coding unpacks what HTTP packs on its way (RFC 9110 §8.4.1): gzip, deflate, br and zstd. A decoder is handed
// packed bytes as they come, in pieces of any size, and hands on what comes out of them at once; it keeps no packed bytes
// but those of a symbol or block that is not whole yet, and of what came out only the window that later bytes may refer to.
package coding

import (
	"bytes"
	"errors"
	"fmt"

	"bulwark/wire"
)

var (
	// ErrMalformed means that the packed bytes break their format.
	ErrMalformed = fmt.Errorf("coding: %w", wire.ErrMalformed)
	// ErrEnough means that the sink wants no more.
	ErrEnough = errors.New("coding: no more is wanted")
)

// Sink takes what comes out of a decoder. p is valid during the call; false means that no more is wanted.
type Sink interface{ Unpacked(p []byte) bool }

// Decoder unpacks one file. It may be used again after Reset.
type Decoder interface {
	// Write takes the next packed bytes; what comes out of them goes to s. After an error it must not be called again
	// before Reset. Bytes behind the end of what is packed are passed over.
	Write(p []byte, s Sink) error
	// Ended reports whether the end of what is packed was seen.
	Ended() bool
	// Memory is how many bytes the decoder holds.
	Memory() int
	Reset()
}

// Coding is a way of packing.
type Coding uint8

// The codings. Identity packs nothing.
const (
	Identity Coding = iota
	Gzip
	Deflate // zlib, or without its frame as some servers send it
	Brotli
	Zstd
	codings
)

func (c Coding) String() string {
	return [...]string{Identity: "identity", Gzip: "gzip", Deflate: "deflate", Brotli: "br", Zstd: "zstd"}[c]
}

// New is a decoder; nil for Identity.
func (c Coding) New() Decoder {
	switch c {
	case Gzip:
		return &gzip{}
	case Deflate:
		return &deflate{}
	case Brotli:
		return &brotliDecoder{}
	case Zstd:
		z := &zstd{}
		z.Reset()
		return z
	}
	return nil
}

// Codings is how many codings there are.
const Codings = int(codings)

// Parse appends the codings of a Content-Encoding (RFC 9110 §8.4) in the order in which they were applied, without
// identity. known is false when there is one among them that is not unpacked here.
func Parse(dst []Coding, list []byte) (all []Coding, known bool) {
	known = true
	for len(list) > 0 {
		var name []byte
		name, list, _ = bytes.Cut(list, []byte(","))
		c, ok := parse(bytes.TrimSpace(name))
		known = known && ok
		if c != Identity {
			dst = append(dst, c)
		}
	}
	return dst, known
}

// parse reads the name of a coding; case does not count, and x-gzip is gzip (RFC 9110 §8.4.1.3). Where gzip or deflate
// stand within other bytes browsers take them for the name, so that evasion uses that.
func parse(name []byte) (c Coding, known bool) {
	var room [32]byte
	low := room[:0]
	for _, b := range name[:min(len(name), len(room))] {
		if b >= 'A' && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b != 0 {
			low = append(low, b)
		}
	}
	switch string(low) {
	case "", "identity", "none":
		return Identity, true
	case "br":
		return Brotli, true
	case "zstd":
		return Zstd, true
	}
	switch {
	case bytes.Contains(low, []byte("gzip")):
		return Gzip, true
	case bytes.Contains(low, []byte("deflate")):
		return Deflate, true
	}
	return Identity, false
}
