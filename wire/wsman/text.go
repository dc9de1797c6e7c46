package wsman

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// Charset is how the text of a message is written.
type Charset uint8

// The charsets that WS-Management asks for (DSP0226 §13.2).
const (
	UTF8 Charset = iota
	UTF16
)

func (c Charset) String() string {
	if c == UTF16 {
		return "UTF-16"
	}
	return "UTF-8"
}

// Text appends a message to dst in UTF-8. It finds out itself how the message is written: by its mark, or by the NUL beside its first <.
func Text(dst, p []byte) ([]byte, Charset) {
	switch {
	case bytes.HasPrefix(p, []byte{0xff, 0xfe}):
		return appendUTF8(dst, p[2:], binary.LittleEndian), UTF16
	case bytes.HasPrefix(p, []byte{0xfe, 0xff}):
		return appendUTF8(dst, p[2:], binary.BigEndian), UTF16
	case bytes.HasPrefix(p, []byte{'<', 0}):
		return appendUTF8(dst, p, binary.LittleEndian), UTF16
	case bytes.HasPrefix(p, []byte{0, '<'}):
		return appendUTF8(dst, p, binary.BigEndian), UTF16
	}
	return append(dst, bytes.TrimPrefix(p, []byte{0xef, 0xbb, 0xbf})...), UTF8
}

func appendUTF8(dst, p []byte, order binary.ByteOrder) []byte {
	for len(p) >= 2 {
		u := order.Uint16(p)
		p = p[2:]
		switch {
		case u < utf8.RuneSelf:
			dst = append(dst, byte(u))
		case utf16.IsSurrogate(rune(u)) && len(p) >= 2:
			r := utf16.DecodeRune(rune(u), rune(order.Uint16(p)))
			if r != utf8.RuneError {
				p = p[2:]
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = utf8.AppendRune(dst, rune(u))
		}
	}
	return dst
}

// Append appends a text of UTF-8 as it is written in a charset, with its mark.
func (c Charset) Append(dst, text []byte) []byte {
	if c == UTF8 {
		return append(dst, text...)
	}
	dst = append(dst, 0xff, 0xfe)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		if hi, lo := utf16.EncodeRune(r); hi != utf8.RuneError {
			dst = binary.LittleEndian.AppendUint16(dst, uint16(hi))
			r = lo
		}
		dst = binary.LittleEndian.AppendUint16(dst, uint16(r))
	}
	return dst
}
