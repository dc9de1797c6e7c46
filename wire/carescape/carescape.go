// Package carescape reads the announcements by which bedside monitors and central stations on a GE CARESCAPE (formerly
// Unity) network find one another: datagrams to port 7000, about every ten seconds.
//
// The protocol is the maker's own and not published. What is read here is what two independent descriptions agree on: the
// documentation of the Vocera Carescape Adapter, which tells the address and the place, and the gedash project, which
// decoded the traffic of a Dash 4000.
//
//	| 01 .. .. .. | IPv4 address of the sender | counter, 4 | UNIT|BED, 16 bytes | LAST,FIRST, 16 bytes | ... |
//
// The name of the patient crosses in clear: it is handed over for the caller to replace by a pseudonym.
package carescape

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"bulwark/wire"
)

// ErrOther means a datagram that is no announcement.
var ErrOther = fmt.Errorf("carescape: another datagram: %w", wire.ErrMalformed)

const (
	addressAt = 4
	placeAt   = 12
	nameAt    = 28
	tailAt    = 44
	// minLen and maxLen are generous around the 88 bytes that were seen.
	minLen, maxLen = 64, 512
)

// Message is an announcement. Its slices point into the datagram.
type Message struct {
	Address   [4]byte // of the sender, by its own word
	Counter   uint32
	Unit, Bed []byte
	Name      []byte // of the patient: LAST,FIRST; empty where nobody is admitted
}

// Looks tells whether p has the form of an announcement. The caller compares the address with the sender's: together
// they are certain.
func Looks(p []byte) bool {
	if len(p) < minLen || len(p) > maxLen || p[0] != 1 || p[addressAt] == 0 || p[addressAt] >= 224 {
		return false
	}
	place, ok := text(p[placeAt:nameAt])
	if !ok || bytes.Count(place, []byte{'|'}) != 1 || len(place) < 3 || place[0] == '|' {
		return false
	}
	_, ok = text(p[nameAt : tailAt-1])
	return ok
}

// Parse reads an announcement.
func Parse(p []byte, m *Message) error {
	*m = Message{}
	if !Looks(p) {
		return ErrOther
	}
	m.Address, m.Counter = [4]byte(p[addressAt:]), binary.BigEndian.Uint32(p[8:])
	place, _ := text(p[placeAt:nameAt])
	m.Unit, m.Bed, _ = bytes.Cut(place, []byte{'|'})
	m.Name, _ = text(p[nameAt : tailAt-1])
	return nil
}

// text is a text that is filled up with zeros. ok is false where anything but text stands before the zeros, or anything
// but zeros behind the first of them.
func text(p []byte) (v []byte, ok bool) {
	n := bytes.IndexByte(p, 0)
	if n < 0 {
		n = len(p)
	}
	for _, b := range p[:n] {
		if b < ' ' || b == 0x7F {
			return nil, false
		}
	}
	for _, b := range p[n:] {
		if b != 0 {
			return nil, false
		}
	}
	return p[:n], true
}
