// Package tls reads what Transport Layer Security says before it begins to encrypt (RFC 8446, RFC 5246), and what
// is left of SSL 3.0 and SSL 2.0.
//
// A connection is a row of records: a type, a version, a length, and as many bytes.
//
//	+------+---------+--------+---------
//	| type | version | length | fragment     type 22 handshake, 20 change cipher spec, 21 alert, 23 data
//	+------+---------+--------+---------
//
// Handshake messages (a type, a length of three bytes, a body) are cut into records as the sender likes. The client
// says what it can (ClientHello), the server what it chose (ServerHello) and, up to TLS 1.2, who it is (Certificate).
// Then each side changes to the keys they agreed on, and nothing more can be read: up to TLS 1.2 behind its
// ChangeCipherSpec, in TLS 1.3 behind the ServerHello, where encrypted handshake messages pose as data.
//
// [Conversation] follows that far and then skips the rest of the connection. A hello makes fingerprints of the
// software that sent it: JA3 and JA4 of the client, JA3S of the server. The hello is in the clear in QUIC too:
// [ClientHello.Parse]. [Datagrams] follows DTLS, which is TLS over datagrams, in the same way.
package tls

import "strconv"

// Version is a version of the protocol as the wire numbers it. The zero value means that none is known.
type Version uint16

// The versions that are met.
const (
	VersionSSL20   Version = 0x0002
	VersionSSL30   Version = 0x0300
	VersionTLS10   Version = 0x0301
	VersionTLS11   Version = 0x0302
	VersionTLS12   Version = 0x0303
	VersionTLS13   Version = 0x0304
	VersionDTLSOld Version = 0x0100 // what OpenSSL spoke before 0.9.8f, and Cisco AnyConnect ever since
	VersionDTLS10  Version = 0xfeff
	VersionDTLS12  Version = 0xfefd
	VersionDTLS13  Version = 0xfefc
)

// versionOldDraft stands for the drafts of TLS 1.3 before the sixteenth, which had no number of their own.
const versionOldDraft Version = 0x7f00

// String names a version as Suricata's EVE does.
func (v Version) String() string {
	switch v {
	case 0:
		return "UNDETERMINED"
	case VersionSSL20:
		return "SSLv2"
	case VersionSSL30:
		return "SSLv3"
	case VersionTLS10:
		return "TLSv1"
	case VersionTLS11:
		return "TLS 1.1"
	case VersionTLS12:
		return "TLS 1.2"
	case VersionTLS13:
		return "TLS 1.3"
	case VersionDTLSOld:
		return "DTLS 1.0 (pre-standard)"
	case VersionDTLS10:
		return "DTLS 1.0"
	case VersionDTLS12:
		return "DTLS 1.2"
	case VersionDTLS13:
		return "DTLS 1.3"
	}
	if v>>8 == 0x7f { // RFC 8446 §4.2.1.1 of its drafts
		if v&0xff < 16 {
			return "TLS 1.3 draft-<16"
		}
		return "TLS 1.3 draft-" + strconv.Itoa(int(v&0xff))
	}
	return "0x" + strconv.FormatUint(0x10000|uint64(v), 16)[1:]
}

// is13 tells whether v hides all but the hellos: TLS 1.3 and its drafts, DTLS 1.3.
func (v Version) is13() bool { return v == VersionTLS13 || v>>8 == 0x7f || v == VersionDTLS13 }

// isDTLS tells whether v is of DTLS, whose numbers count downwards.
func (v Version) isDTLS() bool { return v>>8 == 0xfe || v == VersionDTLSOld }

// AlertDescription is why a side gave up (RFC 8446 §6.2, with those of older versions).
type AlertDescription uint8

// String is the name in the registry "TLS Alerts".
func (d AlertDescription) String() string {
	if s, ok := alerts[d]; ok {
		return s
	}
	return "alert_" + strconv.Itoa(int(d))
}

var alerts = map[AlertDescription]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
	30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
	43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
	47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
	52: "too_many_cids_requested", 60: "export_restriction", 70: "protocol_version", 71: "insufficient_security",
	80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation",
	109: "missing_extension", 110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
	113: "bad_certificate_status_response", 114: "bad_certificate_hash_value", 115: "unknown_psk_identity",
	116: "certificate_required", 117: "general_error", 120: "no_application_protocol", 121: "ech_required",
}
