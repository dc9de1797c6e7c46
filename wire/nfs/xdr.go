package nfs

import (
	"encoding/binary"
	"hash/crc32"
)

// xdr reads a message from a place on (RFC 4506). What is not there reads as zero, and bad says so.
type xdr struct {
	p   []byte
	at  int
	bad bool
}

func (x *xdr) u32() uint32 {
	if x.bad || x.at+4 > len(x.p) {
		x.bad = true
		return 0
	}
	v := binary.BigEndian.Uint32(x.p[x.at:])
	x.at += 4
	return v
}

func (x *xdr) u64() uint64 { return uint64(x.u32())<<32 | uint64(x.u32()) }

func (x *xdr) skip(n int) {
	if x.bad || n < 0 || n > len(x.p)-x.at {
		x.bad = true
		return
	}
	x.at += n
}

// fixed is n bytes, n being a multiple of four.
func (x *xdr) fixed(n int) []byte {
	at := x.at
	if x.skip(n); x.bad {
		return nil
	}
	return x.p[at : at+n]
}

// opaque is a text or a handle of at most limit bytes.
func (x *xdr) opaque(limit int) []byte {
	n := x.u32()
	if x.bad || n > uint32(limit) {
		x.bad = true
		return nil
	}
	return x.fixed((int(n) + 3) &^ 3)[:x.length(int(n))]
}

// length is n, or 0 when the bytes are not there.
func (x *xdr) length(n int) int {
	if x.bad {
		return 0
	}
	return n
}

// words passes over a list of numbers.
func (x *xdr) words() {
	n := x.u32()
	if n > 1<<16 {
		x.bad = true
		return
	}
	x.skip(4 * int(n))
}

// hash is a number for a handle; never 0.
func hash(handle []byte) uint64 {
	h := uint64(0xcbf29ce484222325) // FNV-1a
	for _, b := range handle {
		h = (h ^ uint64(b)) * 0x100000001b3
	}
	return max(h, 1)
}

func checksum(handle []byte) uint32 { return crc32.ChecksumIEEE(handle) }
