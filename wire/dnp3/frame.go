// Package dnp3 reads the Distributed Network Protocol of substations, water works and power supplies (IEEE 1815-2012),
// over TCP and UDP.
//
// A link frame carries up to 250 bytes, with a checksum behind its header and behind each 16 bytes:
//
//	| 05 64 | length | control | destination, 2 | source, 2 | CRC | 16 bytes | CRC | ... |
//
// A byte in front of what it carries says whether the first or last part of a message comes (the transport function).
// A message is a control byte, a function and objects: a group, a variation, a qualifier that says how they are
// numbered, and for each a value. A master asks, an outstation answers, and may report on its own.
package dnp3

import (
	"encoding/binary"
	"fmt"

	"bulwark/wire"
)

var (
	// ErrStart means that no frame begins where one should.
	ErrStart = fmt.Errorf("dnp3: no start bytes: %w", wire.ErrMalformed)
	// ErrLength means a length that no frame has.
	ErrLength = fmt.Errorf("dnp3: bad frame length: %w", wire.ErrMalformed)
	// ErrCRC means a wrong checksum.
	ErrCRC = fmt.Errorf("dnp3: bad checksum: %w", wire.ErrMalformed)
)

const (
	linkHeader = 10
	linkFixed  = 5 // bytes of the header that its length counts
	block      = 16
	crcSize    = 2
)

// Link is the header of a link frame (§9.2).
type Link struct {
	Length  uint8
	Control uint8
	Dst     uint16
	Src     uint16
}

// The bits of a control byte (§9.2.4.1.3).
const (
	controlDir = 0x80 // from the master
	controlPri = 0x40
	controlFCB = 0x20
	controlFCV = 0x10
)

// FromMaster, Primary, CountBit and CountValid are the bits of the control byte, Function its function code.
func (l *Link) FromMaster() bool { return l.Control&controlDir != 0 }
func (l *Link) Primary() bool    { return l.Control&controlPri != 0 }
func (l *Link) CountBit() bool   { return l.Control&controlFCB != 0 }
func (l *Link) CountValid() bool { return l.Control&controlFCV != 0 }
func (l *Link) Function() uint8  { return l.Control & 0x0f }

// carries reports whether a frame carries data of a user: CONFIRMED_USER_DATA or UNCONFIRMED_USER_DATA.
func (l *Link) carries() bool {
	return l.Primary() && (l.Function() == 3 || l.Function() == 4)
}

// size is how many bytes a frame takes with its checksums.
func (l *Link) size() int {
	n := int(l.Length) - linkFixed
	return linkHeader + n + (n+block-1)/block*crcSize
}

// parse reads the header of the frame at the beginning of b, of which at least 10 bytes are there.
func (l *Link) parse(b []byte) error {
	if b[0] != 0x05 || b[1] != 0x64 {
		return ErrStart
	}
	if b[2] < linkFixed {
		return ErrLength
	}
	if !checked(b[:linkHeader]) {
		return ErrCRC
	}
	*l = Link{Length: b[2], Control: b[3], Dst: binary.LittleEndian.Uint16(b[4:]), Src: binary.LittleEndian.Uint16(b[6:])}
	return nil
}

// appendData appends what a frame carries, without the checksums, and reports whether these were right.
func appendData(dst, frame []byte) ([]byte, bool) {
	for b := frame[linkHeader:]; len(b) > 0; {
		n := min(len(b), block+crcSize)
		if n <= crcSize || !checked(b[:n]) {
			return dst, false
		}
		dst = append(dst, b[:n-crcSize]...)
		b = b[n:]
	}
	return dst, true
}

// checked reports whether the last two bytes of b are the checksum of those before.
func checked(b []byte) bool {
	n := len(b) - crcSize
	return CRC(b[:n]) == binary.LittleEndian.Uint16(b[n:])
}

// nibbles are the remainders of four bits.
var nibbles = [16]uint16{
	0x0000, 0xb26b, 0x29af, 0x9bc4, 0x535e, 0xe135, 0x7af1, 0xc89a,
	0xa6bc, 0x14d7, 0x8f13, 0x3d78, 0xf5e2, 0x4789, 0xdc4d, 0x6e26,
}

// CRC is the checksum of b (§9.2.4.3): x^16+x^13+x^12+x^11+x^10+x^8+x^6+x^5+x^2+1, reflected and inverted.
func CRC(b []byte) uint16 {
	var crc uint16
	for _, v := range b {
		crc = crc>>4 ^ nibbles[(crc^uint16(v))&15]
		crc = crc>>4 ^ nibbles[(crc^uint16(v>>4))&15]
	}
	return ^crc
}
