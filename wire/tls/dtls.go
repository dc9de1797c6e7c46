package tls

import (
	"encoding/binary"

	"bulwark/wire"
)

// The types of records and handshake messages that only DTLS has (RFC 9146 §4, RFC 9147 §7, RFC 6347 §4.2.1).
const (
	recordWithID              = 25 // tls12_cid: encrypted, of a connection that is known by an id
	recordAck                 = 26
	messageHelloVerifyRequest = 3
)

const (
	dtlsRecordHeader    = 13
	dtlsHandshakeHeader = 12
	maxConnectionID     = 20 // that is looked for, in bytes
)

// dtlsVersion tells whether v stands in the head of a DTLS record. DTLS 1.3 says there that it is 1.2 (RFC 9147 §4).
func dtlsVersion(v Version) bool {
	return v == VersionDTLS10 || v == VersionDTLS12 || v == VersionDTLSOld
}

// unified tells whether p begins with a record of DTLS 1.3 behind its hellos, whose head is short (RFC 9147 §4: 001CSLEE).
func unified(p []byte) bool { return p[0]&0xe0 == 0x20 }

// dtlsRecord is a record of DTLS as it stands in a datagram (RFC 6347 §4.1).
type dtlsRecord struct {
	kind  byte
	epoch uint16 // 0: in the clear
	body  []byte
}

// takeRecord reads the record that p begins with, in its long form, and returns how long it is; 0 where there is none. Of a
// connection with an id, whose length only its peers know, it is all of p.
func takeRecord(p []byte) (r dtlsRecord, n int) {
	if len(p) < dtlsRecordHeader || p[0] < recordChangeCipherSpec || p[0] > recordAck || !dtlsVersion(Version(binary.BigEndian.Uint16(p[1:]))) {
		return r, 0
	}
	r.kind, r.epoch = p[0], binary.BigEndian.Uint16(p[3:])
	if r.kind == recordWithID {
		if r.epoch == 0 || !endsWithID(p) {
			return r, 0
		}
		return r, len(p)
	}
	n = dtlsRecordHeader + int(binary.BigEndian.Uint16(p[11:]))
	if n > len(p) || n > dtlsRecordHeader+maxRecord {
		return r, 0
	}
	r.body = p[dtlsRecordHeader:n]
	return r, n
}

// endsWithID tells whether the record with a connection id that p begins with ends with it, or where another begins.
func endsWithID(p []byte) bool {
	for id := 1; id <= maxConnectionID && dtlsRecordHeader+id <= len(p); id++ {
		end := dtlsRecordHeader + id + int(binary.BigEndian.Uint16(p[11+id:]))
		if end == len(p) || end < len(p) && p[end] == recordWithID {
			return true
		}
	}
	return false
}

// LooksDTLS tells whether the datagram p is of DTLS, whatever port it came from: a record with a handshake message in the
// clear, or records of which the last ends with the datagram. Records of DTLS 1.3 behind its hellos have nothing to be
// known by. The head that CAPWAP puts before them is passed over.
func LooksDTLS(p []byte) bool {
	p = carried(p)
	r, n := takeRecord(p)
	if n == 0 {
		return false
	}
	if r.epoch == 0 && r.kind == recordHandshake {
		_, ok := takeFragment(&r.body)
		return ok
	}
	if r.epoch == 0 && r.kind != recordAlert && r.kind != recordChangeCipherSpec {
		return false // data are never in the clear
	}
	if r.epoch == 0 && len(r.body) > 3 || r.epoch > 0 && r.kind != recordWithID && len(r.body) < shortest {
		return false
	}
	for p = p[n:]; len(p) > 0; p = p[n:] {
		if unified(p) {
			return r.epoch == 0
		}
		if _, n = takeRecord(p); n == 0 {
			return false
		}
	}
	return true
}

// carried is the records in the datagram p: CAPWAP has a head of its own before them (RFC 5415 §4.2).
func carried(p []byte) []byte {
	if len(p) > 4 && p[0] == 1 && p[1]|p[2]|p[3] == 0 {
		return p[4:]
	}
	return p
}

// Speaker is the side of DTLS that sent the datagram p: the one that its first message tells, Either where it tells none.
func Speaker(p []byte) wire.Dir {
	r, n := takeRecord(carried(p))
	if n == 0 || r.kind != recordHandshake || r.epoch > 0 || len(r.body) == 0 {
		return wire.Either
	}
	return dirOfHello(r.body[0])
}

// fragment is a piece of a handshake message (RFC 6347 §4.2.2).
type fragment struct {
	kind   byte
	seq    uint16
	length int // of the message, in bytes
	offset int // of the piece in it
	body   []byte
}

func (f *fragment) whole() bool { return len(f.body) == f.length }

// takeFragment takes one off the front of b.
func takeFragment(b *[]byte) (f fragment, ok bool) {
	p := *b
	if len(p) < dtlsHandshakeHeader {
		return f, false
	}
	f.kind, f.length = p[0], u24(p[1:])
	f.seq = binary.BigEndian.Uint16(p[4:])
	f.offset = u24(p[6:])
	n := u24(p[9:])
	if n > len(p)-dtlsHandshakeHeader || f.offset+n > f.length || n == 0 && f.length > 0 || f.length > maxMessage {
		return f, false
	}
	f.body = p[dtlsHandshakeHeader : dtlsHandshakeHeader+n]
	*b = p[dtlsHandshakeHeader+n:]
	return f, dtlsMessage(f.kind)
}

func u24(p []byte) int { return int(p[0])<<16 | int(p[1])<<8 | int(p[2]) }

// dtlsMessage tells whether a handshake message of this type is sent in the clear (IANA registry "TLS HandshakeType").
func dtlsMessage(kind byte) bool {
	return kind <= 4 || kind >= 11 && kind <= 16 || kind >= 21 && kind <= 23
}

// dirOfHello is the side that sends a message which only one side does; Either of the others.
func dirOfHello(kind byte) wire.Dir {
	switch kind {
	case messageClientHello:
		return wire.ToServer
	case messageServerHello, messageHelloVerifyRequest, messageServerKeyExchange, messageServerHelloDone, messageCertificateRequest:
		return wire.ToClient
	}
	return wire.Either
}
