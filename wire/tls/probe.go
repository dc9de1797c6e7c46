package tls

import (
	"encoding/binary"

	"bulwark/wire"
)

// Probe tells whether p begins a TLS connection: a record with a hello in it, an alert that refuses one, a
// ClientHello in the form of SSL 2.0, or data where its beginning was not seen.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.Either
	}
	if p[0]&0x80 != 0 {
		return probeSSL2(p)
	}
	switch p[0] {
	case recordHandshake, recordAlert:
	case recordData:
		return probeData(p)
	default:
		return wire.No, wire.Either
	}
	if len(p) < recordHeader+1 {
		if len(p) > 1 && p[1] != 3 {
			return wire.No, wire.Either
		}
		return wire.Unsure, wire.Either
	}
	n := int(binary.BigEndian.Uint16(p[3:]))
	if !plausible(p) {
		return wire.No, wire.Either
	}
	switch {
	case p[0] == recordAlert && n == 2 && (p[5] == 1 || p[5] == 2):
		return wire.Yes, wire.ToClient
	case p[0] == recordHandshake && n >= 4 && p[5] == messageClientHello:
		return helloLength(p), wire.ToServer
	case p[0] == recordHandshake && n >= 4 && p[5] == messageServerHello:
		return helloLength(p), wire.ToClient
	}
	return wire.No, wire.Either
}

// shortest is how long an encrypted record is at least: a byte and its tag (RFC 8446 §5.2).
const shortest = 17

// probeData judges whether p begins with encrypted data: a connection that was picked up in the middle. Behind the
// record must stand another, as far as there is anything.
func probeData(p []byte) (wire.Match, wire.Dir) {
	if len(p) < recordHeader {
		if len(p) > 1 && p[1] != 3 {
			return wire.No, wire.Either
		}
		return wire.Unsure, wire.Either
	}
	n := int(binary.BigEndian.Uint16(p[3:]))
	if !plausible(p) || p[2] == 0 || n < shortest {
		return wire.No, wire.Either
	}
	if rest := p[min(recordHeader+n, len(p)):]; len(rest) >= recordHeader && !plausible(rest) {
		return wire.No, wire.Either
	}
	return wire.Yes, wire.Either
}

// helloLength judges the length of the handshake message: a hello has 34 bytes at least, and 2^16 are more than its
// fields can hold sensibly.
func helloLength(p []byte) wire.Match {
	if len(p) < recordHeader+4 {
		return wire.Unsure
	}
	if n := binary.BigEndian.Uint32(p[5:]) & 0xffffff; n < 34 || n > 1<<17 {
		return wire.No
	}
	return wire.Yes
}

func probeSSL2(p []byte) (wire.Match, wire.Dir) {
	switch {
	case len(p) >= ssl2Header && ssl2Plausible(p):
		return wire.Yes, wire.ToServer
	case len(p) >= ssl2Header || len(p) > 2 && p[2] != messageClientHello:
		return wire.No, wire.ToServer
	}
	return wire.Unsure, wire.ToServer
}
