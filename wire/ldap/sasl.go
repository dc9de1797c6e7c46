package ldap

import (
	"bytes"

	"bulwark/wire"
	"bulwark/wire/ber"
)

// maxToken is how many bytes of a SASL buffer tell what kind it is, and whether it is encrypted.
const maxToken = 96

// unwrap tells how the messages lie in a SASL buffer of length bytes, of which p holds the first: how many bytes are
// before them and behind. clear is false when they are encrypted, or wrapped in a way that is not known here.
func unwrap(p []byte, length int) (prefix, tail int, clear bool) {
	switch {
	case len(p) >= 16 && p[0] == 5 && p[1] == 4:
		prefix, tail, clear = unwrapKerberos(p)
	case len(p) >= 16 && bytes.Equal(p[:4], []byte{1, 0, 0, 0}):
		prefix, clear = 16, true // [MS-NLMP] 2.2.2.9: version, checksum, number; then the message, encrypted or not
	case len(p) > 0 && p[0] == 0x60:
		prefix, clear = unwrapRC4(p)
	case len(p) > 0 && ber.Tag(p[0]) == ber.Sequence: // RFC 2831 §2.3: signed by DIGEST-MD5, 16 bytes behind
		tail, clear = 16, true
	}
	if !clear || prefix >= len(p) {
		return 0, 0, false
	}
	match, _ := probeMessage(p[prefix:])
	_, head, size, _ := ber.Header(p[prefix:])
	if match != wire.Yes || prefix+head+size+tail > length {
		return 0, 0, false
	}
	return prefix, tail, true
}

// unwrapKerberos reads a Wrap token (RFC 4121 §4.2.6.2).
func unwrapKerberos(p []byte) (prefix, tail int, clear bool) {
	const sealed = 2
	if p[2]&sealed != 0 {
		return 0, 0, false
	}
	checksum, rotated := int(p[4])<<8|int(p[5]), int(p[6])<<8|int(p[7])
	switch rotated {
	case 0: // the checksum is behind
		return 16, checksum, true
	case checksum: // §4.2.5: turned to the front, as Windows does
		return 16 + checksum, 0, true
	}
	return 0, 0, false
}

// unwrapRC4 reads a token of the older form (RFC 4757 §7.3): after the mechanism an identifier, the algorithms of
// signing and encryption, number, checksum and eight random bytes.
func unwrapRC4(p []byte) (prefix int, clear bool) {
	_, head, _, err := ber.Header(p)
	if err != nil || head >= len(p) {
		return 0, false
	}
	_, oidHead, oidLength, err := ber.Header(p[head:])
	at := head + oidHead + oidLength
	if err != nil || at+8 > len(p) || p[at] != 2 || p[at+1] != 1 {
		return 0, false
	}
	if p[at+4] != 0xff || p[at+5] != 0xff { // SEAL_ALG
		return 0, false
	}
	return at + 32, true
}
