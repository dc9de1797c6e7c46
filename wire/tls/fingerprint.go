package tls

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
)

// grease tells whether v is one of the sixteen values that clients strew in so that servers do not choke on what
// they do not know (RFC 8701 §2). Fingerprints leave them out.
func grease(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

// AppendJA3 appends the JA3 text of the hello: version, cipher suites, extensions, groups and point formats in
// decimal, joined by dashes, the five parts by commas (https://github.com/salesforce/ja3).
func (h *ClientHello) AppendJA3(dst []byte) []byte {
	dst = strconv.AppendUint(dst, uint64(h.Version), 10)
	dst = appendDecimals(append(dst, ','), h.CipherSuites)
	dst = append(dst, ',')
	first := true
	for _, v := range h.Extensions {
		if !grease(v) {
			dst, first = appendDecimal(dst, v, first), false
		}
	}
	dst = appendDecimals(append(dst, ','), h.Groups)
	dst = append(dst, ',')
	for i, v := range h.PointFormats {
		dst = appendDecimal(dst, uint16(v), i == 0)
	}
	return dst
}

func appendDecimals(dst []byte, list Numbers) []byte {
	first := true
	for i := range list.Len() {
		if v := list.At(i); !grease(v) {
			dst, first = appendDecimal(dst, v, first), false
		}
	}
	return dst
}

func appendDecimal(dst []byte, v uint16, first bool) []byte {
	if !first {
		dst = append(dst, '-')
	}
	return strconv.AppendUint(dst, uint64(v), 10)
}

// JA3 is the MD5 of the JA3 text in hexadecimal.
func (h *ClientHello) JA3() [32]byte {
	var text [1024]byte // longer ones move to the heap
	return md5Hex(h.AppendJA3(text[:0]))
}

// AppendJA3S appends the JA3S text of the hello: version, cipher suite, extensions.
func (h *ServerHello) AppendJA3S(dst []byte) []byte {
	dst = strconv.AppendUint(dst, uint64(h.legacy), 10)
	dst = strconv.AppendUint(append(dst, ','), uint64(h.CipherSuite), 10)
	dst = append(dst, ',')
	for i, v := range h.Extensions {
		dst = appendDecimal(dst, v, i == 0)
	}
	return dst
}

// JA3S is the MD5 of the JA3S text in hexadecimal.
func (h *ServerHello) JA3S() [32]byte {
	var text [512]byte
	return md5Hex(h.AppendJA3S(text[:0]))
}

func md5Hex(text []byte) (out [32]byte) {
	sum := md5.Sum(text)
	hex.Encode(out[:], sum[:])
	return out
}

// The protocol that carries a hello, the first letter of its JA4.
const (
	OverTCP  = 't'
	OverQUIC = 'q'
	OverDTLS = 'd'
)

// JA4 is a fingerprint of 36 characters, such as t13d1516h2_8daaf6152771_e5627efa2ab1.
type JA4 [36]byte

// JA4 fingerprints the hello as FoxIO specifies (technical_details/JA4.md of https://github.com/FoxIO-LLC/ja4, BSD-3):
// over, version, whether a domain is named, the numbers of cipher suites and extensions, the ends of the first ALPN
// name; then hashes of the sorted suites, and of the sorted extensions with the signature algorithms as sent.
func (h *ClientHello) JA4(over byte) (out JA4) {
	var text [1024]byte
	var sorted [128]uint16
	suites := h.sortedSuites(sorted[:0])
	h.ja4a(out[:0], over, len(suites))
	out[10] = '_'
	hash12(out[11:23], appendHexList(text[:0], suites))
	out[23] = '_'
	hash12(out[24:36], h.appendJA4c(text[:0]))
	return out
}

// AppendJA4Raw appends JA4_r: the same with the lists in place of their hashes.
func (h *ClientHello) AppendJA4Raw(dst []byte, over byte) []byte {
	var sorted [128]uint16
	suites := h.sortedSuites(sorted[:0])
	dst = h.ja4a(dst, over, len(suites))
	dst = appendHexList(append(dst, '_'), suites)
	return h.appendJA4c(append(dst, '_'))
}

func (h *ClientHello) sortedSuites(list []uint16) []uint16 {
	for i := range h.CipherSuites.Len() {
		if v := h.CipherSuites.At(i); !grease(v) {
			list = append(list, v)
		}
	}
	slices.Sort(list)
	return list
}

// ja4a appends the first ten characters.
func (h *ClientHello) ja4a(dst []byte, over byte, suites int) []byte {
	extensions := 0
	for _, v := range h.Extensions {
		if !grease(v) {
			extensions++
		}
	}
	sni := byte('i')
	if h.HasServerName {
		sni = 'd'
	}
	dst = append(dst, over)
	dst = append(dst, h.ja4Version()...)
	dst = append(dst, sni)
	dst = appendCount(dst, suites)
	dst = appendCount(dst, extensions)
	return appendEnds(dst, h.Protocols.First())
}

func appendCount(dst []byte, n int) []byte {
	n = min(n, 99)
	return append(dst, '0'+byte(n/10), '0'+byte(n%10))
}

// ja4Version is the highest version in the extension, where there is one, else that of the hello.
func (h *ClientHello) ja4Version() string {
	v := uint16(h.Version)
	if h.SupportedVersions != nil {
		v = 0
		for i := range h.SupportedVersions.Len() {
			if s := h.SupportedVersions.At(i); !grease(s) {
				v = max(v, s)
			}
		}
		if Version(h.Version)>>8 == 0xfe { // DTLS counts downwards
			v = h.lowestVersion()
		}
	}
	switch Version(v) {
	case VersionTLS13:
		return "13"
	case VersionTLS12:
		return "12"
	case VersionTLS11:
		return "11"
	case VersionTLS10:
		return "10"
	case VersionSSL30:
		return "s3"
	case VersionSSL20:
		return "s2"
	case VersionDTLS10:
		return "d1"
	case VersionDTLS12:
		return "d2"
	case VersionDTLS13:
		return "d3"
	}
	return "00"
}

func (h *ClientHello) lowestVersion() uint16 {
	v := uint16(0xffff)
	for i := range h.SupportedVersions.Len() {
		if s := h.SupportedVersions.At(i); !grease(s) {
			v = min(v, s)
		}
	}
	return v
}

const hexDigits = "0123456789abcdef"

// appendEnds appends the first and last characters of an ALPN name; of its hexadecimal form where one of them is
// neither a letter nor a digit.
func appendEnds(dst, name []byte) []byte {
	if len(name) == 0 {
		return append(dst, '0', '0')
	}
	first, last := name[0], name[len(name)-1]
	if alphanumeric(first) && alphanumeric(last) {
		return append(dst, first, last)
	}
	return append(dst, hexDigits[first>>4], hexDigits[last&0xf])
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// appendJA4c appends the sorted extensions without server name and ALPN, then the signature algorithms as sent.
func (h *ClientHello) appendJA4c(dst []byte) []byte {
	var buf [64]uint16
	list := buf[:0]
	for _, v := range h.Extensions {
		if !grease(v) && v != extServerName && v != extALPN {
			list = append(list, v)
		}
	}
	slices.Sort(list)
	dst = appendHexList(dst, list)
	sep := byte('_')
	for i := range h.SignatureAlgorithms.Len() {
		if v := h.SignatureAlgorithms.At(i); !grease(v) {
			dst = appendHex(append(dst, sep), v)
			sep = ','
		}
	}
	return dst
}

func appendHexList(dst []byte, list []uint16) []byte {
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendHex(dst, v)
	}
	return dst
}

func appendHex(dst []byte, v uint16) []byte {
	return append(dst, hexDigits[v>>12], hexDigits[v>>8&0xf], hexDigits[v>>4&0xf], hexDigits[v&0xf])
}

// hash12 writes the first twelve characters of the SHA-256 of text; zeros when there is no text.
func hash12(dst, text []byte) {
	if len(text) == 0 {
		copy(dst, "000000000000")
		return
	}
	sum := sha256.Sum256(text)
	hex.Encode(dst, sum[:6])
}
