package dicom

import (
	"encoding/binary"

	"bulwark/wire"
)

// PDU types (PS3.8 §9.3.1).
const (
	associateRQ = 0x01
	associateAC = 0x02
	associateRJ = 0x03
	pData       = 0x04
	releaseRQ   = 0x05
	releaseRP   = 0x06
	abort       = 0x07
)

const (
	pduHeader = 6 // type, reserved, length
	pdvHeader = 6 // length, presentation context, control
	// maxAssociate bounds A-ASSOCIATE-RQ and -AC, in bytes: 128 contexts and a Kerberos ticket fit.
	maxAssociate = 1 << 20
	// maxData bounds P-DATA-TF, in bytes. Sides that set no limit send some MiB; a length beyond it would let what
	// follows pass unseen.
	maxData = 1 << 28
)

// Probe tells whether p are the first bytes of a DICOM association, or, in a connection picked up midstream, those of
// a P-DATA-TF PDU.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.Either
	}
	switch p[0] {
	case associateRQ, associateAC:
		dir := wire.ToServer
		if p[0] == associateAC {
			dir = wire.ToClient
		}
		return probeAssociate(p), dir
	case associateRJ:
		return probeShort(p, 3), wire.ToClient
	case pData:
		return probeData(p)
	}
	return wire.No, wire.Either
}

// probeAssociate looks at the fixed part of A-ASSOCIATE-RQ and -AC (PS3.8 §9.3.2): length, protocol version of which
// bit 0 is set, two reserved bytes, and the called title in printable characters.
func probeAssociate(p []byte) wire.Match {
	for i, b := range p[:min(len(p), 26)] {
		ok := true
		switch {
		case i == 1, i == 2, i == 8, i == 9:
			ok = b == 0
		case i == 3:
			ok = b < maxAssociate>>16
		case i == 7:
			ok = b&1 == 1
		case i >= 10:
			ok = b >= ' ' && b != 0x7F || b == 0
		}
		if !ok {
			return wire.No
		}
	}
	if len(p) < 26 {
		return wire.Unsure
	}
	if binary.BigEndian.Uint32(p[2:]) < 68 || p[6] != 0 {
		return wire.No
	}
	return wire.Yes
}

// probeShort looks at a PDU of four bytes of which the second is at least 1 and at most most.
func probeShort(p []byte, most byte) wire.Match {
	want := [...]byte{p[0], 0, 0, 0, 0, 4, 0}
	for i := range min(len(p), len(want)) {
		if p[i] != want[i] {
			return wire.No
		}
	}
	if len(p) < 10 {
		return wire.Unsure
	}
	if p[7] < 1 || p[7] > most {
		return wire.No
	}
	return wire.Yes
}

// probeData looks at a P-DATA-TF with a PDV inside. A command tells which side it comes from: responses have bit 15 set.
func probeData(p []byte) (wire.Match, wire.Dir) {
	if len(p) < 20 {
		if len(p) > 1 && p[1] != 0 {
			return wire.No, wire.Either
		}
		return wire.Unsure, wire.Either
	}
	if !isDataHeader(p) {
		return wire.No, wire.Either
	}
	if p[11]&1 == 0 || len(p) < pduHeader+pdvHeader+commandFieldEnd {
		return wire.Yes, wire.Either
	}
	field, ok := commandField(p[12:])
	switch {
	case !ok:
		return wire.Yes, wire.Either
	case field&0x8000 != 0:
		return wire.Yes, wire.ToClient
	}
	return wire.Yes, wire.ToServer
}

// isDataHeader reports whether p, of at least 20 bytes, begins with P-DATA-TF: the PDV fits the PDU, its context is odd, its control
// byte has no unknown bit; and a PDV of data fills the PDU while one of a command begins with the group length.
func isDataHeader(p []byte) bool {
	pdu, pdv := binary.BigEndian.Uint32(p[2:]), binary.BigEndian.Uint32(p[6:])
	if p[0] != pData || p[1] != 0 || pdu < 6 || pdu > maxData || pdv < 2 || pdv > pdu-4 || p[10]&1 == 0 || p[11] > 3 {
		return false
	}
	if p[11]&1 == 1 {
		return binary.LittleEndian.Uint64(p[12:]) == 4<<32 // (0000,0000) of four bytes
	}
	return pdv == pdu-4
}
