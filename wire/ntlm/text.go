package ntlm

import (
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendUTF16 appends UTF-16LE text to dst as UTF-8. Half a surrogate pair becomes U+FFFD; NULs and an odd last byte
// are left out.
func AppendUTF16(dst, p []byte) []byte {
	dst = slices.Grow(dst, len(p)/2)
	for i := 0; i+1 < len(p); i += 2 {
		if p[i+1] == 0 && p[i] < utf8.RuneSelf {
			if p[i] != 0 {
				dst = append(dst, p[i])
			}
			continue
		}
		r := rune(p[i]) | rune(p[i+1])<<8
		if utf16.IsSurrogate(r) {
			pair := utf8.RuneError
			if i+3 < len(p) {
				pair = utf16.DecodeRune(r, rune(p[i+2])|rune(p[i+3])<<8)
			}
			if pair != utf8.RuneError {
				i += 2
			}
			r = pair
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// appendLatin1 appends text in an OEM character set, which the message does not name, read as ISO 8859-1.
func appendLatin1(dst, p []byte) []byte {
	dst = slices.Grow(dst, len(p))
	for _, b := range p {
		if b != 0 {
			dst = utf8.AppendRune(dst, rune(b))
		}
	}
	return dst
}
